//! Tokens flow in at a rate, up to a burst; a request takes one. What is refused costs nothing.

use std::time::Duration;

use super::{Limiter, Verdict};

#[derive(Debug)]
pub(super) struct TokenBucket {
    /// The time in which one token flows in.
    token: Duration,
    burst: u32,
    /// When the bucket will be, or was, full.
    full_at: Duration,
}

impl TokenBucket {
    pub(super) fn new(requests: u32, per: Duration, burst: u32) -> Self {
        Self { token: (per / requests).max(Duration::from_nanos(1)), burst, full_at: Duration::ZERO }
    }
}

impl Limiter for TokenBucket {
    fn admit(&mut self, now: Duration) -> Verdict {
        let missing = self.full_at.saturating_sub(now);
        // One token must be there: the others may be missing.
        let room = self.token * (self.burst - 1);
        if missing > room {
            return Verdict { is_admitted: false, remaining: 0, resets_in: missing - room };
        }
        self.full_at = now + missing + self.token;
        let missing = missing + self.token;
        let gone = missing.as_nanos().div_ceil(self.token.as_nanos());
        let remaining = self.burst.saturating_sub(u32::try_from(gone).unwrap_or(u32::MAX));
        Verdict { is_admitted: true, remaining, resets_in: missing }
    }
}
