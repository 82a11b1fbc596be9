//! What a host answered lately: the memory that diagnosis and blame read.

use std::collections::VecDeque;

use crate::cause::Cause;
use crate::clock::Monotonic;

/// How many attempts of a host are remembered.
pub const ATTEMPTS_REMEMBERED_MAX: usize = 64;

/// The latest attempts of one host, oldest first, at most [`ATTEMPTS_REMEMBERED_MAX`].
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct History {
    attempts: VecDeque<PastAttempt>,
}

/// One remembered attempt.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct PastAttempt {
    /// When its end was known.
    pub ended_at: Monotonic,
    /// A number that is the same for the same URL of the host.
    pub url: u64,
    /// The status, or `None` when nobody answered.
    pub status: Option<u16>,
    /// What diagnosis said of it.
    pub cause: Cause,
    /// From sending the request to its end, in milliseconds.
    pub elapsed_ms: u64,
    /// How many of our requests were under way at this host, this one included.
    pub concurrency: u32,
}

impl History {
    /// Adds the newest attempt and forgets the oldest beyond the limit.
    pub fn record(&mut self, attempt: PastAttempt) {
        if self.attempts.len() == ATTEMPTS_REMEMBERED_MAX {
            self.attempts.pop_front();
        }
        self.attempts.push_back(attempt);
    }

    /// The remembered attempts, oldest first.
    pub fn iter(&self) -> impl DoubleEndedIterator<Item = &PastAttempt> {
        self.attempts.iter()
    }

    /// How many attempts are remembered.
    #[must_use]
    pub fn len(&self) -> usize {
        self.attempts.len()
    }

    /// Whether nothing is remembered.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.attempts.is_empty()
    }
}
