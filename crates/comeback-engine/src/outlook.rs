//! When the work will be done, as far as hosts can tell: each host's rest at its pace, not before its hold ends.
//!
//! A host's end is an estimate from what it did lately; where it never answered there is none. It is for people who ask "when will it be
//! done?", and decides nothing.

use comeback_diagnosis::clock::{Monotonic, WallTime};

/// What some hosts can tell of the end of their work. It stays small however many hosts there are.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Outlook {
    /// When the last host will be done whose end can be estimated.
    pub last_end: Option<WallTime>,
    /// URLs of hosts that may be asked now.
    pub open_urls: u64,
    /// Those of them, and of hosts that wait, for whose host no end can be estimated.
    pub unpaced_urls: u64,
}

impl Outlook {
    /// Takes in what other hosts can tell.
    pub fn merge(&mut self, other: &Self) {
        let Self { last_end, open_urls, unpaced_urls } = other;
        self.last_end = self.last_end.max(*last_end);
        self.open_urls += open_urls;
        self.unpaced_urls += unpaced_urls;
    }
}

/// The rest of one host's work.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct HostWork {
    /// Its URLs that are not settled.
    pub(crate) urls: u64,
    /// When it may be asked again; now or in the past where it may be asked.
    pub(crate) opens_at: Monotonic,
    /// Since when it has been in a trouble of which nobody said when it ends.
    pub(crate) trouble_since: Option<Monotonic>,
    /// When all its URLs are settled, whatever it answers, unless it answers well.
    pub(crate) patience_until: Option<Monotonic>,
    /// When the last of its URLs is due that has to wait by itself.
    pub(crate) last_due: Option<Monotonic>,
    pub(crate) pace: Option<HostPace>,
}

/// How fast a host is asked.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct HostPace {
    /// How long an answer takes, in milliseconds.
    pub(crate) answer_ms: u64,
    /// How many requests may be under way.
    pub(crate) window: u32,
    /// The least gap between two requests, in milliseconds.
    pub(crate) gap_ms: u64,
}

impl HostWork {
    /// When it will be done. A trouble of unknown end is taken to last as long again as it has lasted; whatever the host does, its
    /// patience bounds that.
    pub(crate) fn end(&self, now: Monotonic) -> Option<Monotonic> {
        let Self { urls, opens_at, trouble_since, patience_until, last_due, pace } = *self;
        let recovers_at = trouble_since.map(|since| now.plus_ms(now.since_ms(since)));
        let begins_at = opens_at.max(now).max(recovers_at.unwrap_or_default());
        let answered = pace.map(|pace| {
            let last_asked = last_due.map(|due| due.plus_ms(pace.answer_ms));
            begins_at.plus_ms(pace.ms_for(urls)).max(last_asked.unwrap_or_default())
        });
        match (answered, patience_until) {
            // Patience that is not spent when the host opens again ends with its first good answer.
            (Some(answered), Some(spent)) if begins_at < spent => Some(answered),
            (_, Some(spent)) => Some(spent.max(now)),
            (answered, None) => answered,
        }
    }
}

impl HostPace {
    fn ms_for(self, urls: u64) -> u64 {
        let by_answers = urls.saturating_mul(self.answer_ms) / u64::from(self.window.max(1));
        // The first needs no gap, and the last has to be answered.
        let by_gaps = urls.saturating_sub(1).saturating_mul(self.gap_ms).saturating_add(self.answer_ms);
        by_answers.max(by_gaps)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const NOW: Monotonic = Monotonic(1_000_000);

    fn open(urls: u64) -> HostWork {
        let pace = Some(HostPace { answer_ms: 200, window: 4, gap_ms: 0 });
        HostWork { urls, opens_at: Monotonic(0), trouble_since: None, patience_until: None, last_due: None, pace }
    }

    fn left_ms(work: HostWork) -> Option<u64> {
        work.end(NOW).map(|end| end.since_ms(NOW))
    }

    #[test]
    fn an_open_host_is_done_at_its_pace() {
        assert_eq!(left_ms(open(100)), Some(5_000));
        assert_eq!(left_ms(open(1)), Some(200), "one answer takes its time, whatever the window");
        let by_gap = HostPace { answer_ms: 200, window: 4, gap_ms: 1_000 };
        assert_eq!(left_ms(HostWork { pace: Some(by_gap), ..open(10) }), Some(9_200));
        assert_eq!(left_ms(HostWork { pace: None, ..open(10) }), None, "nobody can say");
    }

    #[test]
    fn a_held_host_begins_when_its_hold_ends() {
        let held = HostWork { opens_at: NOW.plus_ms(60_000), ..open(100) };
        assert_eq!(left_ms(held), Some(65_000));
        let patient = HostWork { patience_until: Some(NOW.plus_ms(61_000)), ..held };
        assert_eq!(left_ms(patient), Some(65_000), "patience ends with the first good answer");
    }

    #[test]
    fn patience_bounds_a_host_that_does_not_recover() {
        let dead = HostWork {
            opens_at: NOW.plus_ms(10_000),
            trouble_since: Some(Monotonic(NOW.0 - 400_000)),
            patience_until: Some(NOW.plus_ms(200_000)),
            ..open(1_000_000)
        };
        assert_eq!(left_ms(dead), Some(200_000));
        assert_eq!(left_ms(HostWork { pace: None, ..dead }), Some(200_000));
        let spent = HostWork { patience_until: Some(Monotonic(0)), ..dead };
        assert_eq!(left_ms(spent), Some(0));
    }

    #[test]
    fn a_trouble_is_taken_to_last_as_long_again() {
        let troubled = HostWork {
            opens_at: NOW.plus_ms(1_000),
            trouble_since: Some(Monotonic(NOW.0 - 10_000)),
            patience_until: Some(NOW.plus_ms(890_000)),
            ..open(100)
        };
        assert_eq!(left_ms(troubled), Some(15_000));
    }

    #[test]
    fn a_url_that_waits_by_itself_is_waited_for() {
        assert_eq!(left_ms(HostWork { last_due: Some(NOW.plus_ms(30_000)), ..open(1) }), Some(30_200));
    }

    #[test]
    fn the_largest_work_has_an_end() {
        let endless = HostWork { opens_at: Monotonic(u64::MAX), ..open(u64::MAX) };
        assert_eq!(endless.end(NOW), Some(Monotonic(u64::MAX)));
    }

    #[test]
    fn outlooks_add_up() {
        let mut all = Outlook::default();
        all.merge(&Outlook { last_end: Some(WallTime(7)), open_urls: 2, unpaced_urls: 1 });
        all.merge(&Outlook { last_end: None, open_urls: 3, unpaced_urls: 0 });
        assert_eq!(all, Outlook { last_end: Some(WallTime(7)), open_urls: 5, unpaced_urls: 1 });
    }
}
