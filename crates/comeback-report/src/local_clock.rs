//! Clock times as the clock on the wall shows them, for screens.
//!
//! What is kept or read by scripts is in UTC; this is for the person who asks "until when?".

use comeback_engine::diagnosis::clock::WallTime;
use jiff::tz::{Offset, TimeZone};
use jiff::{Timestamp, ZonedDateTime};

use crate::figures::span;

/// The time zone of whoever reads.
#[derive(Debug, Clone)]
pub struct LocalClock {
    zone: TimeZone,
}

impl LocalClock {
    /// The machine's zone (`TZ`, `/etc/localtime`); UTC where it can't be found.
    #[must_use]
    pub fn of_system() -> Self {
        Self { zone: TimeZone::try_system().unwrap_or(TimeZone::UTC) }
    }

    /// So many hours east of Greenwich. Hours that no offset has count as none.
    #[must_use]
    pub fn east(hours: i8) -> Self {
        Self { zone: Offset::from_hours(hours).map_or(TimeZone::UTC, TimeZone::fixed) }
    }

    /// A time to the second, with its day where that is not today; `Z` marks UTC.
    ///
    /// ```
    /// use comeback_engine::diagnosis::clock::WallTime;
    /// use comeback_report::local_clock::LocalClock;
    /// let now = WallTime(1_795_467_600_000);
    /// let (soon, tomorrow) = (WallTime(now.0 + 60_000), WallTime(now.0 + 86_400_000));
    /// assert_eq!(LocalClock::east(2).time(soon, now), "23:01:00");
    /// assert_eq!(LocalClock::east(0).time(tomorrow, now), "Nov 24 21:00:00Z");
    /// ```
    #[must_use]
    pub fn time(&self, at: WallTime, now: WallTime) -> String {
        let (at, now) = (self.zoned(at), self.zoned(now));
        let utc = if at.offset() == Offset::UTC { "Z" } else { "" };
        let day = if at.date() == now.date() {
            ""
        } else if at.year() == now.year() {
            "%b %-d "
        } else {
            "%Y-%m-%d "
        };
        at.strftime(&format!("{day}%H:%M:%S{utc}")).to_string()
    }

    /// A time and how far off it is: `21:02:00 (1m 5s)`; a time that has come is `now`.
    #[must_use]
    pub fn until(&self, at: WallTime, now: WallTime) -> String {
        match at.since_ms(now) {
            0 => "now".to_owned(),
            left_ms => format!("{} ({})", self.time(at, now), span(left_ms)),
        }
    }

    fn zoned(&self, at: WallTime) -> ZonedDateTime {
        let stamp = i64::try_from(at.0).ok().and_then(|milliseconds| Timestamp::from_millisecond(milliseconds).ok());
        stamp.unwrap_or(Timestamp::MAX).to_zoned_datetime(self.zone.clone())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_day_is_named_only_where_it_is_another_one() {
        let clock = LocalClock::east(2);
        let now = WallTime(1_795_467_600_000);
        assert_eq!(clock.until(WallTime(now.0 + 3_599_000), now), "23:59:59 (59m 59s)");
        assert_eq!(clock.until(WallTime(now.0 + 3_600_000), now), "Nov 24 00:00:00 (1h)");
        assert_eq!(clock.time(WallTime(now.0 + 86_400_000 * 60), now), "2027-01-22 23:00:00");
        assert_eq!(clock.until(now, now), "now");
    }

    #[test]
    fn no_time_is_too_large() {
        assert!(LocalClock::east(-12).until(WallTime(u64::MAX), WallTime(0)).starts_with("9999-12-3"));
        assert!(LocalClock::east(127).time(WallTime(0), WallTime(0)).ends_with('Z'));
    }
}
