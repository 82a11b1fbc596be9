//! Numbers, sizes, durations and times as people read them.
//!
//! For terminals only; what scripts read has plain numbers and RFC 3339 times.

use comeback_archive::wall_time_to_rfc3339;
use comeback_engine::diagnosis::clock::WallTime;

/// The names of sizes, each 1024 times the one before.
const SIZE_UNITS: [&str; 5] = ["KiB", "MiB", "GiB", "TiB", "PiB"];

/// A count with its thousands apart.
///
/// ```
/// use comeback_report::figures::count;
/// assert_eq!((count(999), count(1_234_567)), ("999".into(), "1,234,567".into()));
/// ```
#[must_use]
pub fn count(number: u64) -> String {
    let digits = number.to_string();
    let mut text = String::with_capacity(digits.len() + digits.len() / 3);
    for (index, digit) in digits.chars().enumerate() {
        if index > 0 && (digits.len() - index).is_multiple_of(3) {
            text.push(',');
        }
        text.push(digit);
    }
    text
}

/// A count with its noun, the plural by an `s`.
///
/// ```
/// use comeback_report::figures::counted;
/// assert_eq!((counted(1, "URL"), counted(2_000, "host")), ("1 URL".into(), "2,000 hosts".into()));
/// ```
#[must_use]
pub fn counted(number: u64, noun: &str) -> String {
    format!("{} {noun}{}", count(number), if number == 1 { "" } else { "s" })
}

/// A number of bytes in the largest unit of which there is one, with one decimal below ten, rounded down.
///
/// ```
/// use comeback_report::figures::size;
/// assert_eq!((size(1_023), size(1_536), size(64 << 20)), ("1023 bytes".into(), "1.5 KiB".into(), "64 MiB".into()));
/// ```
#[must_use]
pub fn size(bytes: u64) -> String {
    let largest = SIZE_UNITS.iter().enumerate().rev().find(|(index, _)| bytes >> (10 * (index + 1)) > 0);
    let Some((index, unit)) = largest else {
        return counted(bytes, "byte").replace(',', "");
    };
    let shift = 10 * (index + 1);
    let whole = bytes >> shift;
    let tenth = ((bytes - (whole << shift)) >> (shift - 10)) * 10 / 1024;
    if whole < 10 { format!("{whole}.{tenth} {unit}") } else { format!("{whole} {unit}") }
}

/// A span of time in its two largest units, rounded up to whole seconds.
///
/// ```
/// use comeback_report::figures::span;
/// assert_eq!((span(1), span(65_000), span(7_260_000)), ("1s".into(), "1m 5s".into(), "2h 1m".into()));
/// ```
#[must_use]
pub fn span(ms: u64) -> String {
    let seconds = ms.div_ceil(1_000);
    let (days, hours, minutes) = (seconds / 86_400, seconds / 3_600 % 24, seconds / 60 % 60);
    let parts = [(days, "d"), (hours, "h"), (minutes, "m"), (seconds % 60, "s")];
    let first = parts.iter().position(|(amount, _)| *amount > 0).unwrap_or(parts.len() - 1);
    let shown = parts[first..].iter().take(2).enumerate().filter(|(index, (amount, _))| *index == 0 || *amount > 0);
    shown.map(|(_, (amount, unit))| format!("{amount}{unit}")).collect::<Vec<_>>().join(" ")
}

/// A wall time in UTC to the second: `2026-11-23 21:00:00Z`.
#[must_use]
pub fn time(at: WallTime) -> String {
    let text = wall_time_to_rfc3339(at);
    let seconds = text.split_once('.').map_or(text.as_str(), |(seconds, _)| seconds);
    format!("{}Z", seconds.trim_end_matches('Z').replacen('T', " ", 1))
}

/// Text from outside for a terminal: control characters are escaped, so that nobody else writes on the user's screen.
///
/// ```
/// use comeback_report::figures::plain;
/// assert_eq!(plain("a\u{1b}[31mb"), "a\\u{1b}[31mb");
/// ```
#[must_use]
pub fn plain(text: &str) -> String {
    if !text.chars().any(char::is_control) {
        return text.to_owned();
    }
    let escaped = text
        .chars()
        .map(|character| if character.is_control() { character.escape_default().to_string() } else { character.to_string() });
    escaped.collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_largest_values_have_a_text() {
        assert_eq!(count(u64::MAX), "18,446,744,073,709,551,615");
        assert_eq!(size(u64::MAX), "16383 PiB");
        assert!(span(u64::MAX).ends_with('h'));
        assert!(time(WallTime(u64::MAX)).starts_with("9999-12-3"));
    }

    #[test]
    fn small_values_are_exact() {
        assert_eq!((size(0), size(1), size(10 << 10)), ("0 bytes".into(), "1 byte".into(), "10 KiB".into()));
        assert_eq!((span(0), span(60_000), span(90_061_000)), ("0s".into(), "1m".into(), "1d 1h".into()));
        assert_eq!(time(WallTime(1_795_467_600_123)), "2026-11-23 21:00:00Z");
    }
}
