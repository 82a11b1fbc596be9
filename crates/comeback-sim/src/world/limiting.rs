//! Hosts that limit the rate: a leaky bucket, windows that say nothing or say when they end, a counter that counts refusals, a quota.

use std::collections::VecDeque;

use comeback_engine::Chance;

use super::{Arrival, Promise, Reply, Script};

/// A leaky bucket, as nginx has it: a steady rate, and so many at once beyond it; refuses with a bare 503.
#[derive(Debug, Clone)]
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
        Self::new(5 + chance.up_to(45), burst)
    }

    pub(crate) const fn new(per_second: u64, burst: u64) -> Self {
        Self { per_second, burst, tokens: burst * 1000, filled_at_ms: 0 }
    }

    /// How long so many pages take at least. A bucket of one drop has no room for what is over when the drop is taken: whole
    /// milliseconds are waited for each.
    pub(crate) const fn clairvoyant_ms(&self, urls: u64) -> u64 {
        let drops = urls.saturating_sub(self.burst);
        if self.burst == 1 { drops * 1000_u64.div_ceil(self.per_second) } else { drops * 1000 / self.per_second }
    }
}

impl Script for Bucket {
    fn name(&self) -> &'static str {
        "leaky-bucket"
    }

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

/// What a fixed window says of itself.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Said {
    Nothing,
    /// 429 and the time to the window's end.
    RetryAfter,
    /// The same, and on each answer what is left of the window.
    Fields,
}

/// So many requests in each window of fixed length.
#[derive(Debug, Clone)]
pub(crate) struct FixedWindow {
    window_ms: u64,
    allowed: u64,
    said: Said,
    window: u64,
    used: u64,
}

impl FixedWindow {
    fn new(window_ms: u64, allowed: u64, said: Said) -> Self {
        Self { window_ms, allowed, said, window: 0, used: 0 }
    }

    /// A second's window of 5 to 50, and a bare 503.
    pub(crate) fn bare(chance: &mut Chance) -> Self {
        Self::bare_of(1_000, 5 + chance.up_to(45))
    }

    pub(crate) fn bare_of(window_ms: u64, allowed: u64) -> Self {
        Self::new(window_ms, allowed, Said::Nothing)
    }

    /// A window of seconds, and 429 with the time to its end.
    pub(crate) fn too_many(chance: &mut Chance) -> Self {
        let seconds = 1 + chance.up_to(4);
        Self::new(seconds * 1_000, (5 + chance.up_to(45)) * seconds, Said::RetryAfter)
    }

    /// The same, with RateLimit fields on each answer.
    pub(crate) fn with_fields(chance: &mut Chance) -> Self {
        Self { said: Said::Fields, ..Self::too_many(chance) }
    }

    pub(crate) const fn window_ms(&self) -> u64 {
        self.window_ms
    }

    /// How long so many pages take at least; the first window has begun when the run begins.
    pub(crate) const fn clairvoyant_ms(&self, urls: u64) -> u64 {
        (urls.div_ceil(self.allowed) - 1) * self.window_ms
    }
}

impl Script for FixedWindow {
    fn name(&self) -> &'static str {
        match self.said {
            Said::Nothing => "fixed-window",
            Said::RetryAfter => "too-many",
            Said::Fields => "rate-fields",
        }
    }

    fn promise(&self, _path: &str) -> Promise {
        Promise::Had
    }

    fn receive(&mut self, arrival: Arrival<'_>, _chance: &mut Chance) -> Reply {
        let window = arrival.at_ms / self.window_ms;
        if window != self.window {
            self.window = window;
            self.used = 0;
        }
        let left_s = (self.window_ms - arrival.at_ms % self.window_ms).div_ceil(1000).to_string();
        if self.used >= self.allowed {
            return match self.said {
                Said::Nothing => Reply::plain(503, 1),
                Said::RetryAfter | Said::Fields => Reply::with_field(429, "Retry-After", left_s, 1),
            };
        }
        self.used += 1;
        let fields = match self.said {
            Said::Nothing | Said::RetryAfter => Vec::new(),
            Said::Fields => vec![
                ("RateLimit-Limit", self.allowed.to_string()),
                ("RateLimit-Remaining", (self.allowed - self.used).to_string()),
                ("RateLimit-Reset", left_s),
            ],
        };
        Reply::Answer { status: 200, fields, body: "page", after_ms: 5 }
    }
}

/// So many requests in any window, refused ones counted as well: whoever hammers stays out. A bare 503.
#[derive(Debug, Clone)]
pub(crate) struct SlidingCounter {
    window_ms: u64,
    allowed: usize,
    arrivals: VecDeque<u64>,
}

impl SlidingCounter {
    pub(crate) fn draw(chance: &mut Chance) -> Self {
        Self::new(1_000, 5 + chance.up_to(45))
    }

    pub(crate) fn new(window_ms: u64, allowed: u64) -> Self {
        Self { window_ms, allowed: usize::try_from(allowed).unwrap_or(usize::MAX), arrivals: VecDeque::new() }
    }

    /// How long so many pages take at least.
    pub(crate) const fn clairvoyant_ms(&self, urls: u64) -> u64 {
        (urls.div_ceil(self.allowed as u64) - 1) * self.window_ms
    }
}

impl Script for SlidingCounter {
    fn name(&self) -> &'static str {
        "sliding-counter"
    }

    fn promise(&self, _path: &str) -> Promise {
        Promise::Had
    }

    fn receive(&mut self, arrival: Arrival<'_>, chance: &mut Chance) -> Reply {
        while self.arrivals.front().is_some_and(|at_ms| at_ms + self.window_ms <= arrival.at_ms) {
            self.arrivals.pop_front();
        }
        self.arrivals.push_back(arrival.at_ms);
        // What is over the limit is counted too, but only so much is remembered.
        while self.arrivals.len() > 2 * self.allowed {
            self.arrivals.pop_front();
        }
        if self.arrivals.len() > self.allowed { Reply::plain(503, 1) } else { Reply::plain(200, 1 + chance.up_to(50)) }
    }
}

/// So many requests, then 429 until a time; then as many again.
#[derive(Debug)]
pub(crate) struct Quota {
    allowed: u64,
    period_ms: u64,
    period: u64,
    used: u64,
}

impl Quota {
    pub(crate) fn draw(chance: &mut Chance, patience_ms: u64) -> Self {
        let period_ms = 5_000 + chance.up_to(patience_ms / 3);
        Self { allowed: 40 + chance.up_to(160), period_ms, period: 0, used: 0 }
    }
}

impl Script for Quota {
    fn name(&self) -> &'static str {
        "quota"
    }

    fn promise(&self, _path: &str) -> Promise {
        Promise::Had
    }

    fn receive(&mut self, arrival: Arrival<'_>, chance: &mut Chance) -> Reply {
        let period = arrival.at_ms / self.period_ms;
        if period != self.period {
            (self.period, self.used) = (period, 0);
        }
        if self.used >= self.allowed {
            let left_ms = self.period_ms - arrival.at_ms % self.period_ms;
            let body = "{\"error\":\"quota exceeded\"}";
            let fields =
                vec![("Retry-After", left_ms.div_ceil(1000).to_string()), ("Content-Type", "application/json".to_owned())];
            return Reply::Answer { status: 429, fields, body, after_ms: 2 };
        }
        self.used += 1;
        Reply::plain(200, 5 + chance.up_to(30))
    }
}
