//! How a host says when to come back: RFC 9110, section 10.2.3.

use std::time::{Duration, SystemTime};

use http::HeaderValue;
use httpdate::{fmt_http_date, parse_http_date};
use serde::Deserialize;

/// The form of Retry-After in a refusal.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum RetryAfter {
    /// The refusal is bare.
    None,
    /// Delay-seconds.
    Seconds,
    /// A date by the host's own clock.
    Date,
}

impl RetryAfter {
    /// The field's value for a wait, rounded up to seconds, and how long that tells a client to stay away.
    pub(crate) fn state(self, wait: Duration, wall: SystemTime) -> Option<(HeaderValue, Duration)> {
        let (text, hold) = match self {
            Self::None => return None,
            Self::Seconds => {
                let seconds = wait.as_millis().div_ceil(1_000).max(1);
                (seconds.to_string(), Duration::from_secs(u64::try_from(seconds).ok()?))
            }
            Self::Date => {
                let date = up_to_second(wall.checked_add(wait)?)?;
                (fmt_http_date(date), date.duration_since(wall).unwrap_or_default())
            }
        };
        Some((HeaderValue::from_str(&text).ok()?, hold))
    }

    /// For a host's description.
    pub(crate) const fn phrase(self) -> &'static str {
        match self {
            Self::None => "bare",
            Self::Seconds => "with Retry-After",
            Self::Date => "with Retry-After as a date",
        }
    }
}

/// The end of the second that a time lies in; dates know no parts of it.
fn up_to_second(time: SystemTime) -> Option<SystemTime> {
    let since = time.duration_since(SystemTime::UNIX_EPOCH).ok()?;
    let seconds = since.as_secs() + u64::from(since.subsec_nanos() > 0);
    SystemTime::UNIX_EPOCH.checked_add(Duration::from_secs(seconds))
}

/// How long a literal value tells a client to stay away; `None` where it says nothing usable.
pub(crate) fn hold_of(value: &str, wall: SystemTime) -> Option<Duration> {
    let value = value.trim();
    let hold = if !value.is_empty() && value.bytes().all(|byte| byte.is_ascii_digit()) {
        Duration::from_secs(value.parse().ok()?)
    } else {
        parse_http_date(value).ok()?.duration_since(wall).ok()?
    };
    (hold > Duration::ZERO).then_some(hold)
}

#[cfg(test)]
mod tests {
    use std::time::UNIX_EPOCH;

    use super::*;

    #[test]
    fn a_wait_is_never_understated() {
        let wall = UNIX_EPOCH + Duration::from_millis(1_795_478_400_400);
        for ms in [0, 1, 999, 1_000, 1_001, 5_500] {
            let wait = Duration::from_millis(ms);
            let (value, hold) = RetryAfter::Seconds.state(wait, wall).unwrap();
            assert!(hold >= wait && value.to_str().unwrap().parse() == Ok(hold.as_secs()));
            let (value, hold) = RetryAfter::Date.state(wait, wall).unwrap();
            assert!(hold >= wait && hold_of(value.to_str().unwrap(), wall) == Some(hold), "{ms} {value:?} {hold:?}");
        }
        assert_eq!(RetryAfter::None.state(Duration::from_secs(5), wall), None);
    }

    #[test]
    fn what_says_nothing_holds_nobody() {
        let wall = UNIX_EPOCH + Duration::from_secs(1_795_478_400);
        for value in ["", "0", "-5", "soon", "1.5", "99999999999999999999999", "Thu, 01 Jan 1970 00:00:00 GMT"] {
            assert_eq!(hold_of(value, wall), None, "{value}");
        }
        assert_eq!(hold_of("172800", wall), Some(Duration::from_secs(172_800)));
    }
}
