//! The kinds of values that a world file holds: parsed at the edge, trusted behind it.

use std::fmt;
use std::num::NonZeroU16;
use std::time::Duration;

use http::StatusCode;
use serde::Deserialize;

/// The longest duration that is taken: a hundred years of 365 days.
const SPAN_SECONDS_MAX: u64 = 100 * 365 * 86_400;

/// The lowest and the highest rate that is taken, per second.
const RATE_MIN: f64 = 1e-3;
const RATE_MAX: f64 = 1e6;

/// The units of durations, in milliseconds.
const UNITS: [(&str, u64); 5] = [("ms", 1), ("s", 1_000), ("m", 60_000), ("h", 3_600_000), ("d", 86_400_000)];

/// A duration, written as an integer with its unit: `500ms`, `5s`, `10m`, `1h`, `2d`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(try_from = "String")]
pub(crate) struct Span(pub(crate) Duration);

impl Span {
    pub(crate) const fn ms(ms: u64) -> Self {
        Self(Duration::from_millis(ms))
    }

    pub(crate) const fn seconds(seconds: u64) -> Self {
        Self(Duration::from_secs(seconds))
    }
}

impl TryFrom<String> for Span {
    type Error = String;

    fn try_from(text: String) -> Result<Self, Self::Error> {
        let digits = text.bytes().take_while(u8::is_ascii_digit).count();
        let (number, unit) = text.split_at(digits);
        let scale = UNITS.iter().find(|(name, _)| *name == unit).map(|(_, scale)| *scale);
        let ms = number.parse::<u64>().ok().zip(scale).and_then(|(number, scale)| number.checked_mul(scale));
        match ms {
            Some(ms) if ms <= SPAN_SECONDS_MAX * 1_000 => Ok(Self::ms(ms)),
            Some(_) => Err(format!("`{text}` is longer than a hundred years")),
            None => Err(format!("`{}` is not a duration such as 500ms, 5s, 10m, 1h or 2d", text.escape_debug())),
        }
    }
}

impl fmt::Display for Span {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let ms = u64::try_from(self.0.as_millis()).unwrap_or(u64::MAX);
        let fits = UNITS.iter().rev().find(|(_, scale)| ms > 0 && ms.is_multiple_of(*scale));
        let (unit, scale) = fits.unwrap_or(&UNITS[1]);
        write!(formatter, "{}{unit}", ms / scale)
    }
}

/// A duration to either side, such as a clock's error: `1h` is ahead, `-1h` behind.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(try_from = "String")]
pub(crate) struct Skew {
    pub(crate) is_behind: bool,
    pub(crate) span: Span,
}

impl Skew {
    pub(crate) const NONE: Self = Self { is_behind: false, span: Span::ms(0) };
}

impl TryFrom<String> for Skew {
    type Error = String;

    fn try_from(text: String) -> Result<Self, Self::Error> {
        let (is_behind, span) = text.strip_prefix('-').map_or((false, text.as_str()), |rest| (true, rest));
        Ok(Self { is_behind, span: Span::try_from(span.to_owned())? })
    }
}

/// A part of the whole, from 0 to 1.
#[derive(Debug, Clone, Copy, PartialEq, Deserialize)]
#[serde(try_from = "f64")]
pub(crate) struct Share(pub(crate) f64);

impl TryFrom<f64> for Share {
    type Error = String;

    fn try_from(part: f64) -> Result<Self, Self::Error> {
        if (0.0..=1.0).contains(&part) { Ok(Self(part)) } else { Err(format!("{part} is not a share from 0 to 1")) }
    }
}

impl fmt::Display for Share {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "{:.0} %", self.0 * 100.0)
    }
}

/// How many in a second.
#[derive(Debug, Clone, Copy, PartialEq, Deserialize)]
#[serde(try_from = "f64")]
pub(crate) struct Rate(pub(crate) f64);

impl TryFrom<f64> for Rate {
    type Error = String;

    fn try_from(rate: f64) -> Result<Self, Self::Error> {
        let fits = (RATE_MIN..=RATE_MAX).contains(&rate);
        if fits { Ok(Self(rate)) } else { Err(format!("{rate} is not a rate per second from {RATE_MIN} to {RATE_MAX}")) }
    }
}

impl fmt::Display for Rate {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "{}/s", self.0)
    }
}

/// The status of a final answer, 200 to 999.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(try_from = "u16")]
pub(crate) struct Status(pub(crate) StatusCode);

impl TryFrom<u16> for Status {
    type Error = String;

    fn try_from(code: u16) -> Result<Self, Self::Error> {
        let status =
            NonZeroU16::new(code).filter(|code| code.get() >= 200).and_then(|code| StatusCode::from_u16(code.get()).ok());
        status.map(Self).ok_or_else(|| format!("{code} is not a status from 200 to 999"))
    }
}

impl fmt::Display for Status {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "{}", self.0.as_u16())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_duration_has_one_form_and_shows_in_it() {
        for (text, ms) in [("0s", 0), ("500ms", 500), ("5s", 5_000), ("10m", 600_000), ("1h", 3_600_000), ("2d", 172_800_000)] {
            let span = Span::try_from(text.to_owned()).unwrap();
            assert_eq!((span, span.to_string().as_str()), (Span::ms(ms), text));
        }
        for text in ["", "5", "s", "1.5s", "-1s", "5 s", "99999999999999999999s", "101000d", "5S", "\u{1b}"] {
            assert!(Span::try_from(text.to_owned()).is_err(), "{text}");
        }
    }

    #[test]
    fn what_makes_no_sense_is_refused() {
        assert!(Share::try_from(1.1).is_err() && Share::try_from(f64::NAN).is_err());
        assert!(Rate::try_from(0.0).is_err() && Rate::try_from(1e-300).is_err() && Rate::try_from(f64::INFINITY).is_err());
        assert!(Status::try_from(100).is_err() && Status::try_from(1_000).is_err());
        assert!(Skew::try_from("--1h".to_owned()).is_err());
        assert!(Skew::try_from("-1h".to_owned()).unwrap().is_behind);
    }
}
