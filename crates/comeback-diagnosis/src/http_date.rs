//! HTTP-date in its three forms (RFC 9110, section 5.6.7), read as leniently as waiting deserves.
//!
//! The day's name is not checked against the date, a leap second is accepted, and the century of a two-digit year depends on
//! when it is read. It formats nothing; an HTTP-date is in GMT, also written UTC. Timestamps (RFC 3339) are beside it.

use crate::clock::WallTime;

/// A two-digit year that lies further ahead than this belongs to the past (RFC 9110, section 5.6.7).
const AHEAD_YEARS_MAX: u64 = 50;

/// The latest year that is read.
const YEAR_MAX: u64 = 9999;

const DAY_MS: u64 = 86_400 * 1_000;

const MONTHS: [&str; 12] = ["jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec"];

/// Parses a date; `near` is the moment at which it is read. `None` for whatever is no date, or lies before 1970.
pub(crate) fn parse(value: &[u8], near: WallTime) -> Option<WallTime> {
    let text = std::str::from_utf8(value).ok()?;
    let mut words = text.split([' ', '\t', ',', '-']).filter(|word| !word.is_empty());
    let mut next = || words.next();
    let (day_name, second, third, fourth, fifth) = (next()?, next()?, next()?, next()?, next()?);
    if !day_name.bytes().all(|byte| byte.is_ascii_alphabetic()) {
        return None;
    }
    let (day, month, year, time) = match next() {
        Some(zone) if next().is_none() && is_gmt(zone) => (second, third, fourth, fifth),
        Some(_) => return None,
        None => (third, second, fifth, fourth),
    };
    let month = MONTHS.iter().position(|name| month.eq_ignore_ascii_case(name))?;
    let (day, time_ms) = (number(day)?, time_of_day_ms(time)?);
    let date = |year: u64| days_since_epoch(year, month, day).map(|days| WallTime(days * DAY_MS + time_ms));
    match year.len() {
        4 => date(number(year)?),
        2 => century_of(number(year)?, near, date),
        _ => None,
    }
}

/// Parses a timestamp (RFC 3339), as some rate limits name their reset; a zone other than UTC is read, too.
pub(crate) fn parse_timestamp(text: &str) -> Option<WallTime> {
    let (date, time) = text.trim_ascii().split_once(['T', 't', ' '])?;
    let mut parts = date.split('-');
    let (year, month, day) = (number(parts.next()?)?, number(parts.next()?)?, number(parts.next()?)?);
    let month = usize::try_from(month.checked_sub(1)?).ok()?;
    let zone_start = time.find(['Z', 'z', '+', '-'])?;
    let (clock, zone) = time.split_at(zone_start);
    let time_ms = time_of_day_ms(clock.split('.').next()?)?;
    let utc = WallTime(days_since_epoch(year, month, day)? * DAY_MS + time_ms);
    let offset_ms = match zone.strip_prefix(['+', '-']) {
        Some(offset) => time_of_day_ms(&format!("{offset}:00"))?,
        None => 0,
    };
    Some(if zone.starts_with('-') { utc.plus_ms(offset_ms) } else { WallTime(utc.0.saturating_sub(offset_ms)) })
}

/// The latest date with these last two digits that is not too far ahead of `near`.
fn century_of(two_digits: u64, near: WallTime, date: impl Fn(u64) -> Option<WallTime>) -> Option<WallTime> {
    let ahead_max = near.plus_ms(AHEAD_YEARS_MAX * 365 * DAY_MS + AHEAD_YEARS_MAX / 4 * DAY_MS);
    [2100, 2000, 1900].into_iter().filter_map(|century| date(century + two_digits)).find(|date| *date <= ahead_max)
}

fn is_gmt(zone: &str) -> bool {
    zone.eq_ignore_ascii_case("gmt") || zone.eq_ignore_ascii_case("utc")
}

fn number(digits: &str) -> Option<u64> {
    if digits.bytes().all(|byte| byte.is_ascii_digit()) { digits.parse().ok() } else { None }
}

/// `08:49:37` as milliseconds since midnight.
fn time_of_day_ms(time: &str) -> Option<u64> {
    let mut parts = time.split(':').map(number);
    let (hour, minute, second) = (parts.next()??, parts.next()??, parts.next()??);
    if parts.next().is_some() || hour > 23 || minute > 59 || second > 60 {
        return None;
    }
    Some(((hour * 60 + minute) * 60 + second) * 1_000)
}

/// Days from 1970-01-01 to a date of the Gregorian calendar; `month` counts from 0. `None` for a day that does not exist.
fn days_since_epoch(year: u64, month: usize, day: u64) -> Option<u64> {
    let is_leap = |year: u64| year.is_multiple_of(4) && (!year.is_multiple_of(100) || year.is_multiple_of(400));
    let month_days = [31, 28 + u64::from(is_leap(year)), 31, 30, 31, 30, 31, 31, 30, 31, 30, 31];
    if !(1970..=YEAR_MAX).contains(&year) || day == 0 || day > *month_days.get(month)? {
        return None;
    }
    let leap_days_before = |year: u64| (year - 1) / 4 - (year - 1) / 100 + (year - 1) / 400;
    let year_days = (year - 1970) * 365 + leap_days_before(year) - leap_days_before(1970);
    Some(year_days + month_days[..month].iter().sum::<u64>() + day - 1)
}

#[cfg(test)]
mod tests {
    use super::*;

    const NOV_2026: WallTime = WallTime(1_795_000_000_000);

    #[test]
    fn all_three_forms_name_the_same_moment() {
        let moment = Some(WallTime(784_111_777_000));
        assert_eq!(parse(b"Sun, 06 Nov 1994 08:49:37 GMT", NOV_2026), moment);
        assert_eq!(parse(b" Sunday, 06-Nov-94 08:49:37 GMT ", NOV_2026), moment);
        assert_eq!(parse(b"Sun Nov  6 08:49:37 1994", NOV_2026), moment);
    }

    #[test]
    fn two_digit_year_lies_at_most_fifty_years_ahead() {
        let in_2076 = parse(b"Monday, 01-Jan-76 00:00:00 GMT", NOV_2026).expect("a date");
        assert_eq!(in_2076, WallTime(3_345_062_400_000));
        let in_1977 = parse(b"Saturday, 01-Jan-77 00:00:00 GMT", NOV_2026).expect("a date");
        assert_eq!(in_1977, WallTime(220_924_800_000));
        let in_2105 = parse(b"Thursday, 01-Jan-05 00:00:00 GMT", WallTime(3_500_000_000_000)).expect("a date");
        assert_eq!(in_2105, WallTime(4_260_211_200_000));
    }

    #[test]
    fn timestamps_are_read_in_every_zone() {
        let moment = Some(WallTime(784_111_777_000));
        for text in ["1994-11-06T08:49:37Z", "1994-11-06 08:49:37.25z", "1994-11-06T10:49:37+02:00", "1994-11-06T03:49:37-05:00"]
        {
            assert_eq!(parse_timestamp(text), moment, "{text}");
        }
        for text in ["", "1994-11-06", "1994-00-06T08:49:37Z", "1994-11-06T08:49:37", "1994-11-06T08:49:37+x", "T-Z"] {
            assert_eq!(parse_timestamp(text), None, "{text}");
        }
    }

    #[test]
    fn what_is_no_date_is_none() {
        let texts = [
            "",
            "soon",
            "06 Nov 1994",
            "Sun, 32 Nov 1994 08:49:37 GMT",
            "Sun, 29 Feb 2026 08:49:37 GMT",
            "Sunday, 06-Nov-9 08:49:37 GMT",
            "Sun, 06 Nov 1994 24:49:37 GMT",
            "Sun, 06 Nov 1994 08:49:37 CET",
            "Sun, 06 Nov 1994 08:49:37 GMT again",
            "Sun, 06 Nov 1964 08:49:37 GMT",
            "\u{e4}\u{e4}, 1-1-99 0",
        ];
        for text in texts {
            assert_eq!(parse(text.as_bytes(), NOV_2026), None, "{text}");
        }
    }

    #[test]
    fn wrong_day_name_leap_second_and_leap_day_are_read() {
        assert_eq!(parse(b"Mon, 06 Nov 1994 08:49:37 GMT", NOV_2026), Some(WallTime(784_111_777_000)));
        assert_eq!(parse(b"Sat, 31 Dec 2016 23:59:60 GMT", NOV_2026), Some(WallTime(1_483_228_800_000)));
        assert_eq!(parse(b"Tue, 29 Feb 2028 00:00:00 GMT", NOV_2026), Some(WallTime(1_835_395_200_000)));
    }
}
