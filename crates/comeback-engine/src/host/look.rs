//! A look before a judgement: a request was refused while others were under way, and nothing more is asked until they are answered.
//!
//! It tells an outage, where none of them is answered well, from a limit or a chance, where some are.

use comeback_diagnosis::clock::{Monotonic, Now};

use super::trouble::Refusal;

/// How long the others are awaited, in milliseconds.
const LOOK_MS_MAX: u64 = 1_000;

/// A refusal, and what was heard since.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) struct Look {
    /// The first refusal.
    pub(crate) refusal: Refusal,
    /// Whether refusals of this kind may have come by chance or by our rate, for all that they say.
    pub(crate) until: Monotonic,
    /// Requests that had started no earlier than the refused one, and were answered well.
    pub(crate) accepted: u32,
    pub(crate) refused: u32,
}

impl Look {
    pub(crate) const fn begin(now: Now, refusal: Refusal) -> Self {
        Self { refusal, until: now.monotonic.plus_ms(LOOK_MS_MAX), accepted: 0, refused: 1 }
    }

    /// Another answer.
    pub(crate) fn hear(&mut self, asked_at: Monotonic, is_accepted: bool) {
        if is_accepted && asked_at >= self.refusal.asked_at {
            self.accepted += 1;
        }
        self.refused += u32::from(!is_accepted);
    }
}
