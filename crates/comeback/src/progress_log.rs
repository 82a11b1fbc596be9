//! When a log gets a line of progress.
//!
//! A log is read afterwards, so it is short: a line at each tenth of the list, ten seconds apart at least; and one each minute in any
//! case, so that a long wait does not look like a hang.

use std::time::Duration;

/// Between two lines, at least.
pub(crate) const LINE_GAP_MS_MIN: u64 = 10_000;
/// Between two lines, at most, as long as something is told.
pub(crate) const LINE_GAP_MS_MAX: u64 = 60_000;

/// When the last line came, and where the list stood then.
#[derive(Debug, Clone, Copy, Default)]
pub(crate) struct LogPace {
    last_at: Duration,
    last_tenth: u64,
}

impl LogPace {
    /// Whether a line is due at a time since the beginning; if so, it counts as written.
    pub(crate) fn is_due(&mut self, at: Duration, done: u64, all: u64) -> bool {
        let passed = at.saturating_sub(self.last_at);
        let tenth = (u128::from(done) * 10).checked_div(u128::from(all)).map_or(0, |tenth| u64::try_from(tenth).unwrap_or(10));
        let is_due = passed >= Duration::from_millis(LINE_GAP_MS_MAX)
            || passed >= Duration::from_millis(LINE_GAP_MS_MIN) && tenth > self.last_tenth;
        if is_due {
            *self = Self { last_at: at, last_tenth: tenth };
        }
        is_due
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The seconds at which a log gets a line, if so many of 1,000 URLs are done after each second.
    fn lines(seconds: u64, done: impl Fn(u64) -> u64) -> Vec<u64> {
        let mut pace = LogPace::default();
        (0..seconds).filter(|second| pace.is_due(Duration::from_secs(*second), done(*second), 1_000)).collect()
    }

    #[test]
    fn a_line_comes_at_each_tenth_but_not_more_often_than_each_ten_seconds() {
        assert_eq!(lines(200, |second| second * 5), [20, 40, 60, 80, 100, 120, 140, 160, 180]);
        assert_eq!(lines(35, |second| second * 100), [10, 20, 30]);
        assert_eq!(lines(9, |second| second * 100), [0; 0]);
    }

    #[test]
    fn a_long_wait_has_a_line_each_minute() {
        assert_eq!(lines(200, |_| 10), [60, 120, 180]);
        let mut pace = LogPace::default();
        assert!(!pace.is_due(Duration::from_secs(30), 0, 0) && pace.is_due(Duration::from_secs(60), 0, 0));
    }
}
