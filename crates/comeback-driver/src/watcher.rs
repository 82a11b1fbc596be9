//! What the driver tells whoever watches a run: the command line, a test.
//!
//! Typed facts, each told once it holds (of hosts and URLs: once it is committed). How they are shown, and whether, is the watcher's.

use std::path::PathBuf;

use comeback_archive::TimeText;
use comeback_engine::diagnosis::cause::Cause;
use comeback_engine::outcome::Outcome;
use comeback_report::progress::{HostWaiting, Progress};

use crate::gathering::UnreadList;
use crate::list::{BadLine, Damage};

/// Something worth telling.
#[derive(Debug, Clone)]
pub enum Notice {
    /// A line of a list was skipped.
    LineSkipped {
        /// The list, as the user named it.
        list: PathBuf,
        /// The line, and what is wrong with it.
        line: BadLine,
    },
    /// A list ends before its end: what was read of it is taken, the rest cannot be read.
    ListBroken {
        /// The list, as the user named it.
        list: PathBuf,
        /// The line reached, the first being 1.
        line: u64,
        /// What is wrong.
        damage: Damage,
    },
    /// A list on the web could not be had, so the job is without what it would name.
    ListUnread(UnreadList),
    /// Lists on the web are being fetched.
    ListsFetched {
        /// Those of this round whose outcome is known.
        settled: u64,
        /// All of this round.
        lists: u64,
        /// The hosts of lists that may not be asked now, those with the earliest end first.
        waiting: Vec<HostWaiting>,
    },
    /// A list is being read.
    IntakeAdvanced {
        /// Entries read so far; those that repeat another are among them.
        urls: u64,
    },
    /// The lists have been read.
    IntakeEnded {
        /// URLs taken.
        urls: u64,
        /// Entries dropped as duplicates.
        duplicates: u64,
        /// Lines skipped.
        bad_lines: u64,
    },
    /// Parked URLs whose time had come were put back.
    UrlsWoken {
        /// How many.
        count: u64,
    },
    /// A host began to wait: it refused, or said when to come back. Told once for each row of refusals.
    HostHeld {
        /// The host key.
        host: String,
        /// The cause of its refusal; `none` where it asked for a pause without one.
        cause: Cause,
        /// Why it waits, in words.
        because: String,
        /// Since when.
        since: TimeText,
        /// Until when, as far as is known now.
        until: TimeText,
    },
    /// A host that waited answers again.
    HostRecovered {
        /// The host key.
        host: String,
    },
    /// All URLs of a host are settled without being asked: its patience is spent, or it turned us away.
    HostSettled {
        /// The host key.
        host: String,
        /// How they end.
        outcome: Outcome,
        /// Why.
        cause: Cause,
        /// For parked ones: when asking again may make sense.
        until: Option<TimeText>,
        /// The facts, for people.
        evidence: Vec<String>,
    },
    /// Where the run stands: after each commit, and about once a second in between.
    ProgressMade(Box<Progress>),
    /// The run was asked to stop: what is under way is awaited.
    DrainStarted {
        /// Who asked.
        by: StopReason,
        /// How long the wait may take, in milliseconds.
        wait_ms_max: u64,
    },
}

/// Who asked a run to stop.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum StopReason {
    /// The user or the system: SIGINT or SIGTERM.
    Signal,
    /// The job's own deadline.
    Deadline,
}

impl StopReason {
    /// The word that events use.
    #[must_use]
    pub const fn word(self) -> &'static str {
        match self {
            Self::Signal => "signal",
            Self::Deadline => "deadline",
        }
    }
}

/// Listens to a run; called from the run's threads, so it returns quickly.
pub trait Watcher: Send + Sync {
    /// Takes one notice.
    fn notice(&self, notice: Notice);
}
