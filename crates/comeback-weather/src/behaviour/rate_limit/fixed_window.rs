//! So many requests in each window, and all of them may come at its beginning. What is refused costs nothing.

use std::time::Duration;

use super::{Limiter, Verdict};

#[derive(Debug)]
pub(super) struct FixedWindow {
    requests: u32,
    per: Duration,
    ends_at: Duration,
    left: u32,
}

impl FixedWindow {
    pub(super) fn new(requests: u32, per: Duration) -> Self {
        Self { requests, per, ends_at: per, left: requests }
    }
}

impl Limiter for FixedWindow {
    fn admit(&mut self, now: Duration) -> Verdict {
        if now >= self.ends_at {
            let into_window = (now - self.ends_at).as_nanos() % self.per.as_nanos();
            let left_of_it = self.per.as_nanos() - into_window;
            self.ends_at = now + Duration::from_nanos(u64::try_from(left_of_it).unwrap_or(u64::MAX));
            self.left = self.requests;
        }
        let is_admitted = self.left > 0;
        self.left = self.left.saturating_sub(1);
        Verdict { is_admitted, remaining: self.left, resets_in: self.ends_at - now }
    }
}
