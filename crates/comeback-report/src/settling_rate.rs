//! How fast URLs are being settled, seen over the last half minute.
//!
//! It counts what was observed; what is still to come is the estimate's.

use std::collections::VecDeque;

/// How far it looks back, in milliseconds.
pub const WINDOW_MS: u64 = 30_000;
/// The length of the pieces of which the best counts, in milliseconds.
const SLICE_MS: u64 = 5_000;
/// The least time between two counts that are remembered, in milliseconds.
const GAP_MS_MIN: u64 = 500;

/// The counts of the last half minute, at most one for each half second.
#[derive(Debug, Clone, Default)]
pub struct SettlingRate {
    seen: VecDeque<(u64, u64)>,
}

impl SettlingRate {
    /// So many were settled at a time, in milliseconds on a clock that does not jump.
    pub fn observe(&mut self, at_ms: u64, settled: u64) {
        let before_last = self.seen.len().checked_sub(2).and_then(|index| self.seen.get(index));
        if before_last.is_some_and(|(before_ms, _)| at_ms < before_ms + GAP_MS_MIN) {
            self.seen.pop_back();
        }
        self.seen.push_back((at_ms, settled));
        while self.seen.len() > 2 && self.seen.front().is_some_and(|(first_ms, _)| first_ms + WINDOW_MS < at_ms) {
            self.seen.pop_front();
        }
    }

    /// How long settling so many more takes at the best rate of the last half minute, in milliseconds; `None` while nothing is being
    /// settled. The best: what slowed it down for a while (hosts that waited) is not what bounds the job.
    #[must_use]
    pub fn ms_for(&self, urls: u64) -> Option<u64> {
        let from = |(from_ms, from): &(u64, u64)| {
            let end = self.seen.iter().find(|(to_ms, _)| *to_ms >= from_ms + SLICE_MS).or(self.seen.back());
            let (to_ms, to) = end.copied().unwrap_or_default();
            let (passed_ms, count) = (to_ms.saturating_sub(*from_ms), to.saturating_sub(*from));
            (count > 0 && passed_ms > 0).then(|| urls.saturating_mul(passed_ms).div_ceil(count))
        };
        let last_ms = self.seen.back().map_or(0, |(at_ms, _)| *at_ms);
        // A slice that is not over says little, unless there is no other.
        let whole = self.seen.iter().take_while(|(from_ms, _)| from_ms + SLICE_MS <= last_ms).filter_map(from).min();
        whole.or_else(|| self.seen.front().and_then(from))
    }

    /// Whether it was seen for long enough to bound what is to come: at first hosts are asked one page at a time.
    #[must_use]
    pub fn is_settled(&self) -> bool {
        self.seen_of().0 >= SLICE_MS
    }

    /// URLs settled in a minute at this rate; `None` before a second has passed.
    #[must_use]
    pub fn per_minute(&self) -> Option<u64> {
        let (passed_ms, count) = self.seen_of();
        (passed_ms >= 1_000).then(|| count.saturating_mul(60_000) / passed_ms)
    }

    fn seen_of(&self) -> (u64, u64) {
        let (Some((from_ms, from)), Some((to_ms, to))) = (self.seen.front(), self.seen.back()) else { return (0, 0) };
        (to_ms.saturating_sub(*from_ms), to.saturating_sub(*from))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_the_last_half_minute_counts() {
        let mut rate = SettlingRate::default();
        assert_eq!((rate.per_minute(), rate.ms_for(1)), (None, None));
        (0..=60).for_each(|second| rate.observe(second * 1_000, second * 10));
        assert_eq!((rate.per_minute(), rate.ms_for(100)), (Some(600), Some(10_000)));
        (61..=90).for_each(|second| rate.observe(second * 1_000, 600));
        assert_eq!((rate.per_minute(), rate.ms_for(100)), (Some(0), None));
    }

    #[test]
    fn a_wait_is_not_what_bounds_the_job() {
        let mut rate = SettlingRate::default();
        (0..=20).for_each(|second| rate.observe(second * 1_000, 5));
        (21..=26).for_each(|second| rate.observe(second * 1_000, 5 + (second - 20) * 10));
        assert_eq!((rate.per_minute(), rate.ms_for(100)), (Some(138), Some(10_000)));
    }

    #[test]
    fn many_observations_take_little_room() {
        let mut rate = SettlingRate::default();
        (0..100_000).for_each(|ms| rate.observe(ms, ms));
        assert!(rate.seen.len() <= 64, "{}", rate.seen.len());
        assert_eq!(rate.per_minute(), Some(60_000));
    }

    #[test]
    fn urls_put_back_are_no_settling() {
        let mut rate = SettlingRate::default();
        rate.observe(0, 10);
        rate.observe(2_000, 5);
        assert_eq!((rate.per_minute(), rate.ms_for(100)), (Some(0), None));
    }
}
