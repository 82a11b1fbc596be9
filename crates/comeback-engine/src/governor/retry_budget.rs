//! The job's retry budget: where many hosts fail at once, their probes together must not become a load of their own.
//!
//! A retry is a request to a host in trouble, or one whose last answers were refusals and not by chance, where nobody said when to come
//! back. Retries among accepted answers are paid by these. So
//! many retries in a minute are free, and one for each ten requests; beyond that a retry is put off by [`PUT_OFF_MS`], once. A first
//! request is never put off, and no retry is denied: a host's patience decides when it is given up, not what happens to others.

use comeback_diagnosis::clock::Monotonic;

/// Retries in a minute that are free, unless set otherwise.
pub const RETRIES_FREE_DEFAULT: u64 = 240;
/// One retry for each so many requests.
const REQUESTS_PER_RETRY: u64 = 10;
/// How long a retry beyond the budget is put off, in milliseconds.
pub(super) const PUT_OFF_MS: u64 = 30_000;
/// What is counted together: the last so many seconds.
const SECONDS: usize = 60;

/// What a slot is wanted for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Purpose {
    /// A request to a host that answers, or at the time that it named.
    Request,
    /// A request to a host that refuses.
    Retry,
    /// A retry that was put off before.
    RetryPutOff,
}

#[derive(Debug)]
pub(super) struct RetryBudget {
    free: u64,
    /// Requests, and retries among them, in each of the last seconds.
    seconds: [(u64, u64); SECONDS],
    /// The second that was counted last.
    last_second: u64,
}

impl RetryBudget {
    pub(super) const fn new(free: u64) -> Self {
        Self { free, seconds: [(0, 0); SECONDS], last_second: 0 }
    }

    /// Counts a request, or says until when it is to be put off.
    pub(super) fn count(&mut self, now: Monotonic, purpose: Purpose) -> Result<(), Monotonic> {
        self.forget_before(now.0 / 1000);
        let (requests, retries) = self.seconds.iter().fold((0, 0), |sum, second| (sum.0 + second.0, sum.1 + second.1));
        let has_room = retries < self.free + requests / REQUESTS_PER_RETRY;
        let is_retry = match purpose {
            Purpose::Request => 0,
            Purpose::Retry if !has_room => return Err(now.plus_ms(PUT_OFF_MS)),
            Purpose::Retry | Purpose::RetryPutOff => 1,
        };
        let second = self.place_of(self.last_second);
        self.seconds[second].0 += 1;
        self.seconds[second].1 += is_retry;
        Ok(())
    }

    fn place_of(&self, second: u64) -> usize {
        usize::try_from(second % SECONDS as u64).unwrap_or(0)
    }

    fn forget_before(&mut self, second: u64) {
        let passed = second.saturating_sub(self.last_second).min(SECONDS as u64);
        for forgotten in 1..=passed {
            let place = self.place_of(second - passed + forgotten);
            self.seconds[place] = (0, 0);
        }
        self.last_second = self.last_second.max(second);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn beyond_a_tenth_and_the_free_ones_a_retry_is_put_off_once() {
        let mut budget = RetryBudget::new(3);
        for _ in 0..20 {
            assert_eq!(budget.count(Monotonic(500), Purpose::Request), Ok(()));
        }
        for _ in 0..5 {
            assert_eq!(budget.count(Monotonic(900), Purpose::Retry), Ok(()));
        }
        assert_eq!(budget.count(Monotonic(1_000), Purpose::Retry), Err(Monotonic(31_000)));
        assert_eq!(budget.count(Monotonic(1_000), Purpose::Request), Ok(()), "a first request is never put off");
        assert_eq!(budget.count(Monotonic(31_000), Purpose::RetryPutOff), Ok(()));
        assert!(budget.count(Monotonic(59_999), Purpose::Retry).is_err());
        assert_eq!(budget.count(Monotonic(60_000), Purpose::Retry), Ok(()), "a minute later");
        assert_eq!(budget.count(Monotonic(10_000_000), Purpose::Retry), Ok(()), "however long nobody asked");
    }
}
