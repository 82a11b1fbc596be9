//! What a commit says, and the state of a partition as the sum of its commits.
//!
//! A partition's log is a list of [`LogRecord`]s. Its state is their fold: the engine that recovers reads the last checkpoint
//! and applies the commits after it. Everything here is plain data; who writes when is the shell's business, and the order of
//! writes is DESIGN's: append to files, sync the files, then one record with all that depends on them.

use std::collections::{BTreeMap, BTreeSet};

use comeback_diagnosis::cause::Cause;
use comeback_diagnosis::clock::WallTime;
use serde::{Deserialize, Serialize};

use crate::batch::{BatchProgress, SettledBits, Unreadable, decode, encode};
use crate::host_key::HostKey;
use crate::ids::BatchSeq;
use crate::outcome::Outcome;

/// One record of a partition's log.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub enum LogRecord {
    /// What changed since the record before.
    Commit(Commit),
    /// The whole state; records before it may be cut away.
    Checkpoint(PartitionState),
}

impl LogRecord {
    /// The record as the store keeps it.
    #[must_use]
    pub fn store(&self) -> Vec<u8> {
        encode(self)
    }

    /// Reads a stored record.
    ///
    /// # Errors
    /// When it is damaged.
    pub fn read(bytes: &[u8]) -> Result<Self, Unreadable> {
        decode("log record", bytes)
    }
}

/// What changed in a partition since its last commit.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
pub struct Commit {
    /// Batches up to here belong to the partition; later ones in the store are leftovers. `None` = as before.
    pub admitted: Option<BatchSeq>,
    /// The progress of each batch that changed and is not done.
    pub batches: Vec<(BatchSeq, BatchProgress)>,
    /// Batches of which every URL is settled.
    pub retired: Vec<BatchSeq>,
    /// URLs settled as parked with a time to come back: their batches are kept.
    pub parked: Vec<(BatchSeq, u8, WallTime)>,
    /// Hosts whose lasting state changed.
    pub hosts: Vec<HostRecord>,
    /// The partition's counts, in all.
    pub tally: Tally,
    /// The partition's files and their lengths; filled in by the shell.
    pub files: Vec<FileLength>,
}

/// A result file and how much of it is committed.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub struct FileLength {
    /// The path, relative to the job's folder.
    pub path: String,
    /// The committed length in bytes.
    pub bytes: u64,
}

/// Counts of a partition since the job began.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct Tally {
    /// URLs that ended with a page.
    pub fetched: u64,
    /// URLs that ended with a final answer.
    pub answered: u64,
    /// URLs given up.
    pub failed: u64,
    /// URLs put aside.
    pub parked: u64,
    /// Requests for pages, redirects' further hops included.
    pub requests: u64,
    /// Requests for robots.txt.
    pub robots_requests: u64,
    /// Payload bytes received.
    pub bytes: u64,
}

impl Tally {
    /// Counts a settled URL.
    pub const fn count(&mut self, outcome: Outcome) {
        match outcome {
            Outcome::Fetched => self.fetched += 1,
            Outcome::Answered => self.answered += 1,
            Outcome::Failed => self.failed += 1,
            Outcome::Parked => self.parked += 1,
        }
    }

    /// How many URLs are settled.
    #[must_use]
    pub const fn settled(&self) -> u64 {
        self.fetched + self.answered + self.failed + self.parked
    }

    /// Adds another partition's counts.
    pub const fn add(&mut self, other: &Self) {
        let Self { fetched, answered, failed, parked, requests, robots_requests, bytes } = other;
        self.fetched += *fetched;
        self.answered += *answered;
        self.failed += *failed;
        self.parked += *parked;
        self.requests += *requests;
        self.robots_requests += *robots_requests;
        self.bytes += *bytes;
    }
}

/// The lasting state of a host: what must be known again after a crash.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct HostRecord {
    /// Which host.
    pub host: HostKey,
    /// A standing hold.
    pub hold: Option<HoldRecord>,
    /// The patience that it has been given since its last accepted answer.
    pub patience: Option<PatienceRecord>,
    /// A standing trouble.
    pub trouble: Option<TroubleRecord>,
    /// What the host's URLs are settled with, unasked.
    pub condemned: Option<Condemnation>,
}

/// A hold, in wall time.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct HoldRecord {
    /// When it was placed.
    pub since: WallTime,
    /// When it ends.
    pub until: WallTime,
    /// Who said so, in words.
    pub because: String,
}

/// A host's patience, in wall time.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct PatienceRecord {
    /// When the first refusal after the last accepted answer came.
    pub since: WallTime,
    /// How much is spent, in milliseconds of running time.
    pub spent_ms: u64,
    /// The last refusal's cause.
    pub cause: Cause,
    /// Its facts, for people.
    pub evidence: Vec<String>,
}

/// A host's trouble, in wall time.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct TroubleRecord {
    /// The last gap between probes, in milliseconds.
    pub gap_ms: u64,
    /// Probes made.
    pub probes: u32,
    /// Refusals that stated when to come back.
    pub stated: u32,
    /// When the next probe is due.
    pub next_probe_at: WallTime,
    /// The last cause.
    pub cause: Cause,
}

/// What all URLs of a host are settled with, without asking.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Condemnation {
    /// `failed` or `parked`.
    pub outcome: Outcome,
    /// Why.
    pub cause: Cause,
    /// For `parked`: when asking again may make sense.
    pub until: Option<WallTime>,
    /// The facts, for people.
    pub evidence: Vec<String>,
}

/// The state of a partition: the fold of its log.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
pub struct PartitionState {
    /// Batches up to here belong to the partition.
    pub admitted: BatchSeq,
    /// All batches below are retired.
    pub low_water: BatchSeq,
    /// Retired batches at or above the low-water mark.
    pub retired: BTreeSet<BatchSeq>,
    /// URLs that may be woken, by batch and by when.
    pub parked: BTreeMap<(BatchSeq, WallTime), SettledBits>,
    /// The progress of batches that have been touched and are not retired.
    pub batches: BTreeMap<BatchSeq, BatchProgress>,
    /// The hosts with a lasting state.
    pub hosts: BTreeMap<HostKey, HostRecord>,
    /// The counts.
    pub tally: Tally,
    /// The files.
    pub files: Vec<FileLength>,
}

impl PartitionState {
    /// Applies one record.
    pub fn apply(&mut self, record: LogRecord) {
        match record {
            LogRecord::Checkpoint(state) => *self = state,
            LogRecord::Commit(commit) => self.apply_commit(commit),
        }
    }

    fn apply_commit(&mut self, commit: Commit) {
        let Commit { admitted, batches, retired, parked, hosts, tally, files } = commit;
        if let Some(admitted) = admitted {
            self.admitted = admitted;
        }
        self.batches.extend(batches);
        for batch in retired {
            self.batches.remove(&batch);
            self.retired.insert(batch);
        }
        for (batch, index, until) in parked {
            self.parked.entry((batch, until)).or_default().insert(index);
        }
        self.raise_low_water();
        for host in hosts {
            if host.hold.is_none() && host.patience.is_none() && host.trouble.is_none() && host.condemned.is_none() {
                self.hosts.remove(&host.host);
            } else {
                self.hosts.insert(host.host.clone(), host);
            }
        }
        self.tally = tally;
        self.files = files;
    }

    /// Passes retired batches, up to the first that is not, or that holds parked URLs which may be woken.
    fn raise_low_water(&mut self) {
        self.low_water = self.low_water.max(BatchSeq(1));
        let keeps = |parked: &BTreeMap<(BatchSeq, WallTime), SettledBits>, batch: BatchSeq| {
            parked.range((batch, WallTime(0))..=(batch, WallTime(u64::MAX))).next().is_some()
        };
        while !keeps(&self.parked, self.low_water) && self.retired.remove(&self.low_water) {
            self.low_water = self.low_water.next();
        }
    }

    /// Puts parked URLs back whose time has come; says which: batch, time, and URLs.
    pub fn wake(&mut self, now: WallTime) -> Vec<(BatchSeq, WallTime, SettledBits)> {
        let due: Vec<(BatchSeq, WallTime)> = self.parked.keys().filter(|(_, until)| *until <= now).copied().collect();
        let mut woken = Vec::new();
        for (batch, until) in due {
            let Some(bits) = self.parked.remove(&(batch, until)) else { continue };
            let was_retired = self.retired.remove(&batch);
            let progress = self.batches.entry(batch).or_insert_with(|| BatchProgress {
                settled: if was_retired { SettledBits::ALL } else { SettledBits::default() },
                ..BatchProgress::default()
            });
            progress.settled.remove_all(bits);
            self.tally.parked = self.tally.parked.saturating_sub(u64::from(bits.count()));
            woken.push((batch, until, bits));
        }
        woken
    }

    /// Whether every URL of a batch is settled.
    #[must_use]
    pub fn is_retired(&self, batch: BatchSeq) -> bool {
        batch < self.low_water || self.retired.contains(&batch)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_low_water_mark_passes_retired_batches() {
        let mut state = PartitionState::default();
        state.apply(LogRecord::Commit(Commit { retired: vec![BatchSeq(2), BatchSeq(3)], ..Commit::default() }));
        assert_eq!(state.low_water, BatchSeq(1));
        state.apply(LogRecord::Commit(Commit { retired: vec![BatchSeq(1)], ..Commit::default() }));
        assert_eq!(state.low_water, BatchSeq(4));
        assert!(state.retired.is_empty() && state.is_retired(BatchSeq(3)) && !state.is_retired(BatchSeq(4)));
    }

    #[test]
    fn a_parked_url_keeps_its_batch_until_it_is_woken_and_settled() {
        let mut state = PartitionState::default();
        let parked = vec![(BatchSeq(1), 7, WallTime(500))];
        state.apply(LogRecord::Commit(Commit { retired: vec![BatchSeq(1)], parked, ..Commit::default() }));
        assert_eq!(state.low_water, BatchSeq(1));
        assert!(state.wake(WallTime(499)).is_empty());
        assert_eq!(state.wake(WallTime(500)).len(), 1);
        let progress = &state.batches[&BatchSeq(1)];
        assert!(!progress.settled.contains(7) && progress.settled.contains(8) && !state.is_retired(BatchSeq(1)));
        state.apply(LogRecord::Commit(Commit { retired: vec![BatchSeq(1)], ..Commit::default() }));
        assert_eq!(state.low_water, BatchSeq(2));
    }

    #[test]
    fn a_checkpoint_is_the_sum_of_what_was_before() {
        let mut state = PartitionState::default();
        let commit =
            Commit { batches: vec![(BatchSeq(1), BatchProgress::default())], admitted: Some(BatchSeq(9)), ..Commit::default() };
        state.apply(LogRecord::Commit(commit));
        let stored = LogRecord::Checkpoint(state.clone()).store();
        let mut other = PartitionState::default();
        other.apply(LogRecord::read(&stored).unwrap());
        assert_eq!(other, state);
    }
}
