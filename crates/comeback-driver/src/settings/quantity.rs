//! Durations and sizes as people write them: `500ms`, `5s`, `10m`, `1h`; `64KiB`, `64MiB`, `1GiB`.
//!
//! Integers with one unit and nothing else, so that every layer (flag, variable, file) reads the same text the same way. Not a
//! general unit parser: `1.5h`, `1h30m`, `5 s` and a bare `5` are refused with a sentence that shows the form.

/// The longest duration that is taken: ten years of 365 days.
pub const DURATION_MS_MAX: u64 = 10 * 365 * 24 * 3_600_000;

/// The largest size that is taken: 1 PiB.
pub const SIZE_BYTES_MAX: u64 = 1 << 50;

const DURATION_UNITS: [(&str, u64); 4] = [("ms", 1), ("s", 1_000), ("m", 60_000), ("h", 3_600_000)];
const SIZE_UNITS: [(&str, u64); 3] = [("KiB", 1 << 10), ("MiB", 1 << 20), ("GiB", 1 << 30)];

/// Why a text is not a duration or a size.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum QuantityRefusal {
    /// Not of the form of a duration.
    #[error("`{given}` is not a duration")]
    NotADuration {
        /// The text, shortened.
        given: String,
    },
    /// Longer than [`DURATION_MS_MAX`].
    #[error("`{given}` is longer than ten years")]
    TooLong {
        /// The text, shortened.
        given: String,
    },
    /// Not of the form of a size.
    #[error("`{given}` is not a size")]
    NotASize {
        /// The text, shortened.
        given: String,
    },
    /// Larger than [`SIZE_BYTES_MAX`].
    #[error("`{given}` is larger than 1 PiB")]
    TooLarge {
        /// The text, shortened.
        given: String,
    },
}

impl QuantityRefusal {
    /// What to write instead.
    #[must_use]
    pub const fn hint(&self) -> &'static str {
        match self {
            Self::NotADuration { .. } | Self::TooLong { .. } => {
                "a duration is an integer with ms, s, m or h, such as 500ms, 5s, 10m, 1h"
            }
            Self::NotASize { .. } | Self::TooLarge { .. } => {
                "a size is an integer with KiB, MiB or GiB, such as 512KiB, 64MiB, 1GiB"
            }
        }
    }
}

/// Reads a duration, in milliseconds.
///
/// # Errors
/// Says why the text is not a duration.
///
/// ```
/// use comeback_driver::settings::quantity::parse_duration_ms;
/// assert_eq!(parse_duration_ms("10m"), Ok(600_000));
/// assert!(parse_duration_ms("10").is_err());
/// ```
pub fn parse_duration_ms(text: &str) -> Result<u64, QuantityRefusal> {
    match scaled(text, &DURATION_UNITS) {
        Scaled::Value(ms) if ms <= DURATION_MS_MAX => Ok(ms),
        Scaled::Value(_) | Scaled::Overflow => Err(QuantityRefusal::TooLong { given: shortened(text) }),
        Scaled::NoForm => Err(QuantityRefusal::NotADuration { given: shortened(text) }),
    }
}

/// Reads a size, in bytes.
///
/// # Errors
/// Says why the text is not a size.
///
/// ```
/// use comeback_driver::settings::quantity::parse_size_bytes;
/// assert_eq!(parse_size_bytes("64MiB"), Ok(64 << 20));
/// assert!(parse_size_bytes("64MB").is_err());
/// ```
pub fn parse_size_bytes(text: &str) -> Result<u64, QuantityRefusal> {
    match scaled(text, &SIZE_UNITS) {
        Scaled::Value(bytes) if bytes <= SIZE_BYTES_MAX => Ok(bytes),
        Scaled::Value(_) | Scaled::Overflow => Err(QuantityRefusal::TooLarge { given: shortened(text) }),
        Scaled::NoForm => Err(QuantityRefusal::NotASize { given: shortened(text) }),
    }
}

/// A duration in the largest unit that divides it; [`parse_duration_ms`] reads it back.
#[must_use]
pub fn show_duration(ms: u64) -> String {
    shown(ms, &DURATION_UNITS)
}

/// A size in the largest unit that divides it; a size that is no whole number of KiB is shown in bytes.
#[must_use]
pub fn show_size(bytes: u64) -> String {
    if bytes.is_multiple_of(1 << 10) { shown(bytes, &SIZE_UNITS) } else { format!("{bytes} bytes") }
}

enum Scaled {
    Value(u64),
    Overflow,
    NoForm,
}

fn scaled(text: &str, units: &[(&str, u64)]) -> Scaled {
    let digits = text.bytes().take_while(u8::is_ascii_digit).count();
    let (number, unit) = text.split_at(digits);
    let Some((_, factor)) = units.iter().find(|(name, _)| *name == unit) else {
        return Scaled::NoForm;
    };
    if number.is_empty() {
        return Scaled::NoForm;
    }
    // Only digits are left, so that a failure can only mean a number beyond u64.
    number.parse::<u64>().ok().and_then(|number| number.checked_mul(*factor)).map_or(Scaled::Overflow, Scaled::Value)
}

fn shown(value: u64, units: &[(&str, u64)]) -> String {
    let whole = units.iter().rev().find(|(_, factor)| value >= *factor && value.is_multiple_of(*factor));
    let (unit, factor) = whole.unwrap_or(&units[0]);
    format!("{}{unit}", value / factor)
}

/// At most this many characters of a refused text are repeated in the message.
const REPEATED_CHARS_MAX: usize = 40;

/// The start of a text, for a message: control characters are escaped and the end is cut.
pub(crate) fn shortened(text: &str) -> String {
    let mut short: String = text.chars().take(REPEATED_CHARS_MAX).flat_map(char::escape_debug).collect();
    if text.chars().nth(REPEATED_CHARS_MAX).is_some() {
        short.push('…');
    }
    short
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_four_duration_forms_are_read() {
        assert_eq!(parse_duration_ms("500ms"), Ok(500));
        assert_eq!(parse_duration_ms("5s"), Ok(5_000));
        assert_eq!(parse_duration_ms("10m"), Ok(600_000));
        assert_eq!(parse_duration_ms("1h"), Ok(3_600_000));
        assert_eq!(parse_duration_ms("0s"), Ok(0));
    }

    #[test]
    fn any_other_duration_is_refused() {
        for text in ["", "5", "s", "1.5s", "-5s", "+5s", " 5s", "5 s", "5S", "5sec", "1h30m", "٣s", "5s\0", "1d", "∞", "5ms5"]
        {
            assert!(matches!(parse_duration_ms(text), Err(QuantityRefusal::NotADuration { .. })), "{text:?}");
        }
    }

    #[test]
    fn a_number_beyond_all_bounds_is_too_long_and_no_panic() {
        for text in ["18446744073709551615h", "99999999999999999999999999ms", "87601h"] {
            assert!(matches!(parse_duration_ms(text), Err(QuantityRefusal::TooLong { .. })), "{text}");
        }
        assert!(matches!(parse_size_bytes("99999999999999999999GiB"), Err(QuantityRefusal::TooLarge { .. })));
        assert!(matches!(parse_size_bytes("1048577GiB"), Err(QuantityRefusal::TooLarge { .. })));
    }

    #[test]
    fn only_binary_units_are_sizes() {
        assert_eq!(parse_size_bytes("1KiB"), Ok(1024));
        assert_eq!(parse_size_bytes("2GiB"), Ok(2 << 30));
        for text in ["", "64", "64M", "64MB", "64mib", "6.4MiB", "-1KiB", "64 MiB", "KiB", "1TiB", "1B"] {
            assert!(matches!(parse_size_bytes(text), Err(QuantityRefusal::NotASize { .. })), "{text:?}");
        }
    }

    #[test]
    fn what_is_shown_is_read_back() {
        for ms in [0, 1, 999, 1_000, 1_500, 60_000, 90_000, 900_000, 3_600_000, DURATION_MS_MAX] {
            assert_eq!(parse_duration_ms(&show_duration(ms)), Ok(ms));
        }
        for bytes in [1 << 10, 1536 << 10, 64 << 20, 1 << 30, SIZE_BYTES_MAX] {
            assert_eq!(parse_size_bytes(&show_size(bytes)), Ok(bytes));
        }
    }

    #[test]
    fn a_message_does_not_repeat_a_megabyte() {
        let refusal = parse_duration_ms(&"x".repeat(1 << 20)).unwrap_err();
        assert!(refusal.to_string().len() < 200);
    }
}
