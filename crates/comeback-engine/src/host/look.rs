//! A look before a judgement: a request was refused while others were under way, and nothing more is asked until they are answered.
//!
//! It tells an outage, where hardly any of them is answered well, from a limit or a chance, where some are.

use comeback_diagnosis::clock::{Monotonic, Now};

use super::trouble::Refusal;
use crate::visit::Verdict;

/// How long the others are awaited, in milliseconds.
const LOOK_MS_MAX: u64 = 1_000;

/// Refusals that can be an outage: fewer may be a coincidence.
const OUTAGE_MIN: u32 = 5;

/// A refusal, and what was heard since.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) struct Look {
    /// The first refusal.
    pub(crate) refusal: Refusal,
    /// When it ends at the latest.
    pub(crate) until: Monotonic,
    /// Requests that had started no earlier than the refused one, and were answered well.
    accepted: u32,
    /// Requests that were refused.
    refused: u32,
}

impl Look {
    pub(crate) const fn begin(now: Now, refusal: Refusal) -> Self {
        Self { refusal, until: now.monotonic.plus_ms(LOOK_MS_MAX), accepted: 0, refused: 1 }
    }

    /// Another answer. What speaks for its URL alone says nothing here.
    pub(crate) fn hear(&mut self, asked_at: Monotonic, verdict: Verdict) {
        match verdict {
            Verdict::Accepted | Verdict::GivenUp => self.accepted += u32::from(asked_at >= self.refusal.asked_at),
            Verdict::HostTrouble { .. } | Verdict::Refused { .. } => self.refused += 1,
            Verdict::Blamed { .. } | Verdict::Sticky { .. } => {}
        }
    }

    /// Whether so many were answered well that the host is in no trouble: half as many as were refused.
    pub(crate) const fn is_mixed(&self) -> bool {
        self.accepted * 2 >= self.refused
    }

    /// Whether so few were refused that it may be a coincidence.
    pub(crate) const fn is_small(&self) -> bool {
        self.refused < OUTAGE_MIN
    }
}
