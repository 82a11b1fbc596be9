//! So many requests in any stretch of time, the refused ones counted too: it opens only to those who stop asking.

use std::collections::VecDeque;
use std::time::Duration;

use super::{Limiter, Verdict};

#[derive(Debug)]
pub(super) struct SlidingCounter {
    requests: usize,
    per: Duration,
    /// The last requests, at most as many as are allowed: older ones change nothing.
    arrivals: VecDeque<Duration>,
}

impl SlidingCounter {
    pub(super) fn new(requests: u32, per: Duration) -> Self {
        Self { requests: usize::try_from(requests).unwrap_or(usize::MAX), per, arrivals: VecDeque::new() }
    }
}

impl Limiter for SlidingCounter {
    fn admit(&mut self, now: Duration) -> Verdict {
        while self.arrivals.front().is_some_and(|first| now.saturating_sub(*first) >= self.per) {
            self.arrivals.pop_front();
        }
        let is_admitted = self.arrivals.len() < self.requests;
        if !is_admitted {
            self.arrivals.pop_front();
        }
        self.arrivals.push_back(now);
        let oldest = self.arrivals.front().copied().unwrap_or(now);
        let remaining = u32::try_from(self.requests - self.arrivals.len()).unwrap_or(u32::MAX);
        Verdict { is_admitted, remaining, resets_in: (oldest + self.per).saturating_sub(now) }
    }
}
