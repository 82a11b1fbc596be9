//! What a server says of its own limit (RateLimit fields and their relatives): how many requests are left, and when it is renewed.
//!
//! Every answer tells anew. Requests under way are taken for ones that the answer does not count yet, so that what is left is never asked
//! twice over. Nothing is spread: what is left is asked as the window allows, then nobody asks until the limit is renewed. A renewal beyond
//! our patience is left to the refusal that will come.

use comeback_diagnosis::clock::{Monotonic, Now};
use comeback_diagnosis::rate_limit::Allowance;

/// A limit with a time.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Announced {
    /// Requests that may still start before it is renewed.
    pub(crate) left: u64,
    /// When it is renewed.
    pub(crate) renewed_at: Monotonic,
}

impl Announced {
    /// Reads an answer's allowance, with so many requests under way; `None` where it says nothing to go by.
    pub(crate) fn read(now: Now, allowance: Allowance, under_way: usize, patience_ms: u64) -> Option<Self> {
        let reset_ms = allowance.reset_ms.filter(|reset_ms| (1..=patience_ms).contains(reset_ms))?;
        let left = allowance.remaining.saturating_sub(under_way as u64);
        // Clocks are read in whole milliseconds, rounded down: one more makes sure that no request is early.
        Some(Self { left, renewed_at: now.monotonic.plus_ms(reset_ms + 1) })
    }

    /// How many requests may start, if that is limited now.
    pub(crate) fn left(&self, now: Monotonic) -> Option<u64> {
        (self.renewed_at > now).then_some(self.left)
    }

    /// A request starts.
    pub(crate) const fn asked(&mut self) {
        self.left = self.left.saturating_sub(1);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use comeback_diagnosis::clock::WallTime;

    #[test]
    fn what_is_left_is_asked_once_and_then_nobody_asks() {
        let now = Now { monotonic: Monotonic(100), wall: WallTime(0) };
        let allowance = Allowance { limit: Some(10), remaining: 5, reset_ms: Some(2_000) };
        let mut announced = Announced::read(now, allowance, 3, 60_000).unwrap();
        assert_eq!(announced.left(Monotonic(100)), Some(2));
        announced.asked();
        announced.asked();
        announced.asked();
        assert_eq!((announced.left(Monotonic(2_100)), announced.left(Monotonic(2_101))), (Some(0), None));
        let tomorrow = Allowance { reset_ms: Some(86_400_000), ..allowance };
        assert_eq!(Announced::read(now, tomorrow, 0, 60_000), None);
        assert_eq!(Announced::read(now, Allowance { reset_ms: None, ..allowance }, 0, 60_000), None);
    }
}
