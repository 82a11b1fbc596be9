//! Wall times as text: RFC 3339 in UTC with milliseconds, the form of rows and records.

use comeback_engine::diagnosis::clock::WallTime;
use jiff::Timestamp;
use serde::{Deserialize, Deserializer, Serialize, Serializer, de};

/// A wall time that is text in JSON: `2026-11-23T21:00:00.123Z`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct TimeText(pub WallTime);

/// A wall time as RFC 3339 text in UTC with three decimals. A time past the year 9999 is written as the last that can be.
///
/// ```
/// use comeback_archive::wall_time_to_rfc3339;
/// use comeback_engine::diagnosis::clock::WallTime;
/// assert_eq!(wall_time_to_rfc3339(WallTime(1_795_467_600_123)), "2026-11-23T21:00:00.123Z");
/// ```
#[must_use]
pub fn wall_time_to_rfc3339(time: WallTime) -> String {
    let stamp = i64::try_from(time.0).ok().and_then(|milliseconds| Timestamp::from_millisecond(milliseconds).ok());
    format!("{:.3}", stamp.unwrap_or(Timestamp::MAX))
}

/// The wall time that an RFC 3339 text names, with any offset, rounded down to whole milliseconds; `None` for text that is
/// no such time, or one before 1970.
#[must_use]
pub fn wall_time_from_rfc3339(text: &str) -> Option<WallTime> {
    let stamp: Timestamp = text.parse().ok()?;
    u64::try_from(stamp.as_millisecond()).ok().map(WallTime)
}

impl From<WallTime> for TimeText {
    fn from(time: WallTime) -> Self {
        Self(time)
    }
}

impl Serialize for TimeText {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(&wall_time_to_rfc3339(self.0))
    }
}

impl<'de> Deserialize<'de> for TimeText {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = String::deserialize(deserializer)?;
        wall_time_from_rfc3339(&text).map(Self).ok_or_else(|| de::Error::custom(format!("{text:?} is no RFC 3339 time")))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn text_and_time_are_inverse() {
        for milliseconds in [0, 1, 999, 1_795_467_600_123, 253_402_207_200_000] {
            let time = WallTime(milliseconds);
            assert_eq!(wall_time_from_rfc3339(&wall_time_to_rfc3339(time)), Some(time), "{milliseconds}");
        }
    }

    #[test]
    fn far_times_are_clamped_and_garbage_is_none() {
        assert!(wall_time_to_rfc3339(WallTime(u64::MAX)).starts_with("9999-12-3"));
        assert_eq!(wall_time_from_rfc3339("yesterday"), None);
        assert_eq!(wall_time_from_rfc3339("1969-12-31T23:59:59Z"), None);
        assert_eq!(wall_time_from_rfc3339("1970-01-01T01:00:00.0019+01:00"), Some(WallTime(1)));
    }
}
