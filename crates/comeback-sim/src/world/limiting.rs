//! Hosts that limit the rate: a bucket that refuses bare, and a window that says when it ends.

use comeback_engine::Chance;

use super::{Arrival, Promise, Reply, Script};

/// A token bucket; refuses with a bare 503.
#[derive(Debug)]
pub(crate) struct Bucket {
    per_second: u64,
    burst: u64,
    /// Tokens, in thousandths.
    tokens: u64,
    filled_at_ms: u64,
}

impl Bucket {
    pub(crate) fn draw(chance: &mut Chance) -> Self {
        let burst = 1 + chance.up_to(19);
        Self { per_second: 5 + chance.up_to(45), burst, tokens: burst * 1000, filled_at_ms: 0 }
    }
}

impl Script for Bucket {
    fn promise(&self, _path: &str) -> Promise {
        Promise::Had
    }

    fn receive(&mut self, arrival: Arrival<'_>, chance: &mut Chance) -> Reply {
        let passed_ms = arrival.at_ms.saturating_sub(self.filled_at_ms);
        self.tokens = (self.tokens + passed_ms * self.per_second).min(self.burst * 1000);
        self.filled_at_ms = arrival.at_ms;
        if self.tokens < 1000 {
            return Reply::plain(503, 1);
        }
        self.tokens -= 1000;
        Reply::plain(200, 1 + chance.up_to(50))
    }
}

/// A fixed window; refuses with 429 and the time to its end.
#[derive(Debug)]
pub(crate) struct TooMany {
    window_ms: u64,
    allowed: u64,
    window: u64,
    used: u64,
}

impl TooMany {
    pub(crate) fn draw(chance: &mut Chance) -> Self {
        Self { window_ms: 1_000 * (1 + chance.up_to(9)), allowed: 3 + chance.up_to(20), window: 0, used: 0 }
    }
}

impl Script for TooMany {
    fn promise(&self, _path: &str) -> Promise {
        Promise::Had
    }

    fn receive(&mut self, arrival: Arrival<'_>, _chance: &mut Chance) -> Reply {
        let window = arrival.at_ms / self.window_ms;
        if window != self.window {
            self.window = window;
            self.used = 0;
        }
        if self.used >= self.allowed {
            let left_ms = self.window_ms - arrival.at_ms % self.window_ms;
            return Reply::with_field(429, "Retry-After", left_ms.div_ceil(1000).to_string(), 1);
        }
        self.used += 1;
        Reply::plain(200, 5)
    }
}
