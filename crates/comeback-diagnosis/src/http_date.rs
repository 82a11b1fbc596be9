//! HTTP-date in its three forms (RFC 9110, section 5.6.7).
//!
//! The forms are parsed by `httpdate`; what is added is the century of two-digit years, which depends on when they are read.

use std::time::UNIX_EPOCH;

use crate::clock::WallTime;

/// A two-digit year that would lie further ahead than this belongs to the past (RFC 9110, section 5.6.7): 50 years.
const AHEAD_MS_MAX: u64 = 50 * 365 * 86_400 * 1_000 + 12 * 86_400 * 1_000;

/// The centuries that a two-digit year may mean, latest first.
const CENTURIES: [&str; 3] = ["21", "20", "19"];

/// Parses a date; `near` is the moment at which it is read. `None` for whatever is no date, or lies before 1970.
pub(crate) fn parse(value: &[u8], near: WallTime) -> Option<WallTime> {
    let text = std::str::from_utf8(value).ok()?.trim_ascii();
    parse_two_digit_year(text, near).or_else(|| parse_four_digit_year(text))
}

fn parse_four_digit_year(text: &str) -> Option<WallTime> {
    let since_epoch = httpdate::parse_http_date(text).ok()?.duration_since(UNIX_EPOCH).ok()?;
    u64::try_from(since_epoch.as_millis()).ok().map(WallTime)
}

/// `Sunday, 06-Nov-94 08:49:37 GMT` is rewritten to the form with four digits, in the latest century that is not too far ahead.
fn parse_two_digit_year(text: &str, near: WallTime) -> Option<WallTime> {
    let (day_name, rest) = text.split_once(", ")?;
    let (date, time) = rest.split_once(' ')?;
    let mut parts = date.split('-');
    let (day, month, year) = (parts.next()?, parts.next()?, parts.next()?);
    if parts.next().is_some() || year.len() != 2 {
        return None;
    }
    let short_name = day_name.get(..3)?;
    CENTURIES
        .iter()
        .filter_map(|century| parse_four_digit_year(&format!("{short_name}, {day} {month} {century}{year} {time}")))
        .find(|date| date.0 <= near.plus_ms(AHEAD_MS_MAX).0)
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
    fn what_is_no_date_is_none() {
        for text in [
            "",
            "soon",
            "06 Nov 1994",
            "Sun, 32 Nov 1994 08:49:37 GMT",
            "Sunday, 06-Nov-9 08:49:37 GMT",
            "\u{e4}\u{e4}, 1-1-99 0",
        ] {
            assert_eq!(parse(text.as_bytes(), NOV_2026), None, "{text}");
        }
    }
}
