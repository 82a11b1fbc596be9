//! `state/progress.json`: what is committed, for whoever looks from outside.
//!
//! The running process publishes it by rename after each commit; `status`, `outcomes` and `report` read it from other processes
//! and never touch the locked store. It names the result files with their committed lengths: bytes beyond are not results yet.

use std::fs;
use std::io::{self, Write};
use std::path::{Path, PathBuf};

use comeback_archive::{FileLength, TimeText};
use comeback_engine::commit::Tally;
use comeback_engine::diagnosis::cause::Cause;
use serde::{Deserialize, Serialize};

/// Where it lies, relative to the job's DIR.
pub const PROGRESS_PATH: &str = "state/progress.json";
/// The longest one that is read, in bytes.
pub const PROGRESS_BYTES_MAX: u64 = 256 << 20;
/// Waiting hosts that are named.
pub const HOSTS_WAITING_MAX: usize = 1000;

/// How far a job has come.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Progress {
    /// The job's name.
    pub job: String,
    /// What it is doing, as it said itself last.
    pub state: JobState,
    /// URLs by state.
    pub urls: UrlCounts,
    /// Requests for pages so far.
    pub requests: u64,
    /// Requests for robots.txt so far.
    pub robots_requests: u64,
    /// Payload bytes received so far.
    pub bytes: u64,
    /// List entries that were dropped as duplicates.
    pub duplicates: u64,
    /// Lines of the lists that say nothing usable.
    pub bad_lines: u64,
    /// Lists and sitemaps that could not be had, or not be read to their end: the account cannot be complete.
    #[serde(default)]
    pub lists_unread: u64,
    /// Estimated seconds to the end; `None` when nobody can say.
    pub eta_s: Option<u64>,
    /// Hosts that may not be asked now, those with the earliest end first.
    pub hosts_waiting: Vec<HostWaiting>,
    /// The result files and their committed lengths.
    pub files: Vec<FileLength>,
    /// When this was published.
    pub updated_at: TimeText,
}

/// What a job is doing.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum JobState {
    /// The lists are being read.
    Intake,
    /// It fetches.
    Running,
    /// It was stopped, or it died; `resume` goes on.
    Stopped,
    /// Every URL is settled.
    Done,
}

/// URLs by state.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct UrlCounts {
    /// Waiting for their turn.
    pub queued: u64,
    /// Under way.
    pub leased: u64,
    /// Ended with a page.
    pub fetched: u64,
    /// Ended with a final answer.
    pub answered: u64,
    /// Given up.
    pub failed: u64,
    /// Put aside.
    pub parked: u64,
}

/// A host that may not be asked now.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct HostWaiting {
    /// The host key.
    pub host: String,
    /// The cause of its last refusal; `none` when it only keeps a gap.
    pub cause: Cause,
    /// Why it waits, in words.
    pub because: String,
    /// Since when.
    pub since: TimeText,
    /// Until when.
    pub until: TimeText,
    /// What happens then.
    pub next: String,
    /// About how many of its URLs wait.
    pub queued: u64,
}

/// Why there is no progress to read.
#[derive(Debug, thiserror::Error)]
pub enum ProgressError {
    /// The system refused.
    #[error("{}: {source}", path.display())]
    System {
        /// The file.
        path: PathBuf,
        /// The system's words.
        source: io::Error,
    },
    /// It is not what this program writes.
    #[error("{} cannot be read: {why}", path.display())]
    Unreadable {
        /// The file.
        path: PathBuf,
        /// What is wrong with it.
        why: String,
    },
}

impl UrlCounts {
    /// Counts from a tally, with what is left.
    #[must_use]
    pub const fn of(tally: &Tally, queued: u64, leased: u64) -> Self {
        let Tally { fetched, answered, failed, parked, requests: _, robots_requests: _, bytes: _ } = tally;
        Self { queued, leased, fetched: *fetched, answered: *answered, failed: *failed, parked: *parked }
    }

    /// URLs that are settled.
    #[must_use]
    pub const fn settled(&self) -> u64 {
        self.fetched + self.answered + self.failed + self.parked
    }

    /// All URLs.
    #[must_use]
    pub const fn all(&self) -> u64 {
        self.settled() + self.queued + self.leased
    }
}

impl Progress {
    /// Reads a job's progress; `None` when none was published yet.
    ///
    /// # Errors
    /// The file is there and cannot be read.
    pub fn read(dir: &Path) -> Result<Option<Self>, ProgressError> {
        let path = dir.join(PROGRESS_PATH);
        let bytes = match fs::metadata(&path)
            .and_then(|about| if about.len() > PROGRESS_BYTES_MAX { Ok(None) } else { fs::read(&path).map(Some) })
        {
            Ok(Some(bytes)) => bytes,
            Ok(None) => return Err(ProgressError::Unreadable { path, why: format!("longer than {PROGRESS_BYTES_MAX} bytes") }),
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(None),
            Err(source) => return Err(ProgressError::System { path, source }),
        };
        serde_json::from_slice(&bytes).map(Some).map_err(|error| ProgressError::Unreadable { path, why: error.to_string() })
    }

    /// Publishes it by rename, so that a reader sees the old one or the new one.
    ///
    /// # Errors
    /// The system's refusal.
    pub fn publish(&self, dir: &Path) -> Result<(), ProgressError> {
        let path = dir.join(PROGRESS_PATH);
        let fresh = path.with_extension("json.new");
        let bytes = serde_json::to_vec(self).expect("progress has only string keys and finite numbers");
        let written =
            fs::File::create(&fresh).and_then(|mut file| file.write_all(&bytes)).and_then(|()| fs::rename(&fresh, &path));
        written.map_err(|source| ProgressError::System { path, source })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_published_reads_back() {
        let dir = tempfile::tempdir().unwrap();
        fs::create_dir(dir.path().join("state")).unwrap();
        assert_eq!(Progress::read(dir.path()).unwrap(), None);
        let progress = Progress {
            job: "j".into(),
            state: JobState::Running,
            urls: UrlCounts { queued: 3, leased: 1, fetched: 2, ..UrlCounts::default() },
            requests: 5,
            robots_requests: 1,
            bytes: 9,
            duplicates: 0,
            bad_lines: 0,
            lists_unread: 0,
            eta_s: None,
            hosts_waiting: Vec::new(),
            files: vec![FileLength { path: "outcomes/p000-0001.jsonl".into(), bytes: 7 }],
            updated_at: TimeText(comeback_engine::diagnosis::clock::WallTime(1_000)),
        };
        progress.publish(dir.path()).unwrap();
        assert_eq!(Progress::read(dir.path()).unwrap(), Some(progress));
    }

    #[test]
    fn damage_is_named() {
        let dir = tempfile::tempdir().unwrap();
        fs::create_dir(dir.path().join("state")).unwrap();
        fs::write(dir.path().join(PROGRESS_PATH), b"{").unwrap();
        assert!(matches!(Progress::read(dir.path()), Err(ProgressError::Unreadable { .. })));
    }
}
