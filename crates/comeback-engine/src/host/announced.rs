//! What a server says of its own limit (RateLimit fields and their relatives): how many requests are left, and when it is renewed.
//!
//! Answers overtake one another, and requests under way may be counted in one or not: while any are, what is left only shrinks; the
//! answer to a request that started after all others were answered tells it exactly. Nothing is spread: what is left is asked as the
//! window allows, then nobody asks until the limit is renewed. A renewal beyond our patience is left to the refusal that will come.

use comeback_diagnosis::clock::Monotonic;
use comeback_diagnosis::rate_limit::Allowance;

/// Times of one window differ by what they are rounded to and by how long answers take: by less than this, in milliseconds.
const NEXT_WINDOW_MS: u64 = 2_000;

/// A limit with a time.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Announced {
    /// Requests that may still start before it is renewed.
    left: u64,
    /// When it is renewed.
    pub(crate) renewed_at: Monotonic,
    /// When this was told.
    told_at: Monotonic,
}

/// An answer that told something, and what surrounds it.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Telling {
    pub(crate) allowance: Allowance,
    /// When its request started.
    pub(crate) asked_at: Monotonic,
    /// Other requests that are under way.
    pub(crate) under_way: usize,
}

impl Announced {
    /// What is known with an answer, where this was known `before` it. A renewal more than `reset_ms_max` from now counts as none.
    pub(crate) fn read(before: Option<Self>, now: Monotonic, telling: Telling, reset_ms_max: u64) -> Option<Self> {
        let Telling { allowance, asked_at, under_way } = telling;
        let Some(reset_ms) = allowance.reset_ms.filter(|reset_ms| (1..=reset_ms_max).contains(reset_ms)) else { return before };
        // Clocks are read in whole milliseconds, rounded down: one more makes sure that no request is early.
        let renewed_at = now.plus_ms(reset_ms + 1);
        let left = allowance.remaining.saturating_sub(under_way as u64);
        let is_exact = |before: &Self| under_way == 0 && asked_at >= before.told_at;
        // A renewal well after the one that is known belongs to the next window: what was known says nothing of it.
        let is_next = |before: &Self| renewed_at > before.renewed_at.plus_ms(NEXT_WINDOW_MS);
        let known = before.filter(|before| !is_exact(before) && !is_next(before)).and_then(|before| before.left(now));
        Some(Self { left: known.map_or(left, |known| known.min(left)), renewed_at, told_at: now })
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

    const NOW: Monotonic = Monotonic(100);

    fn says(remaining: u64) -> Allowance {
        Allowance { limit: Some(10), remaining, reset_ms: Some(2_000) }
    }

    fn telling(remaining: u64, asked_at: u64, under_way: usize) -> Telling {
        Telling { allowance: says(remaining), asked_at: Monotonic(asked_at), under_way }
    }

    fn left(announced: Option<Announced>) -> Option<u64> {
        announced.and_then(|announced| announced.left(NOW))
    }

    #[test]
    fn what_is_left_is_asked_once_and_then_nobody_asks() {
        let mut announced = Announced::read(None, NOW, telling(5, 50, 3), 60_000).unwrap();
        assert_eq!(announced.left(NOW), Some(2));
        announced.asked();
        announced.asked();
        announced.asked();
        assert_eq!((announced.left(Monotonic(2_100)), announced.left(Monotonic(2_101))), (Some(0), None));
    }

    #[test]
    fn what_says_nothing_to_go_by_changes_nothing() {
        let known = Announced::read(None, NOW, telling(5, 50, 3), 60_000);
        for reset_ms in [None, Some(0), Some(60_001)] {
            let allowance = Allowance { reset_ms, ..says(0) };
            let telling = Telling { allowance, asked_at: NOW, under_way: 0 };
            assert_eq!(Announced::read(known, NOW, telling, 60_000), known);
        }
    }

    /// Three of the first thirteen requests to a server that allows ten were refused: an answer that had been overtaken said that more
    /// was left.
    #[test]
    fn an_overtaken_answer_gives_nothing_back() {
        let newer = Announced::read(None, Monotonic(90), telling(3, 50, 2), 60_000);
        let older = Announced::read(newer, NOW, telling(7, 50, 1), 60_000);
        assert_eq!(left(older), Some(1));
        let oldest = Announced::read(older, NOW, telling(9, 50, 0), 60_000);
        assert_eq!(left(oldest), Some(1));
        let next = Allowance { reset_ms: Some(900_000), ..says(9) };
        let next = Telling { allowance: next, asked_at: Monotonic(50), under_way: 1 };
        assert_eq!(left(Announced::read(oldest, NOW, next, 900_000)), Some(8), "the next window has a count of its own");
        let alone = Announced::read(oldest, NOW, telling(3, 100, 0), 60_000);
        assert_eq!(left(alone), Some(3));
    }
}
