//! What the driver tells whoever watches a run: the command line, a test.

use std::path::PathBuf;

use comeback_report::progress::Progress;

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
    /// A list is being read.
    IntakeAdvanced {
        /// URLs taken so far.
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
    /// Something was committed.
    Committed(Box<Progress>),
    /// The run was asked to stop: what is under way is awaited.
    Draining,
}

/// Listens to a run; called from the run's threads, so it returns quickly.
pub trait Watcher: Send + Sync {
    /// Takes one notice.
    fn notice(&self, notice: Notice);
}
