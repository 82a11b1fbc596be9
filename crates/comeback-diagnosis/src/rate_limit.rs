//! RateLimit and X-RateLimit fields, read where a refusal carries no usable Retry-After.
//!
//! Only the plainest reading: nothing remains, and a reset is named. Windows, policies and pacing ahead of a refusal are not here.

use crate::clock::WallTime;
use crate::exchange::Response;
use crate::retry_after::{DELAY_MS_MAX, RetryAfter, RetryAfterKind, ServerClock, seconds_as_ms};

/// A reset above this many seconds is no delay but a Unix time: 2001-09-09, or 31 years of waiting.
const DELTA_S_MAX: u64 = 1_000_000_000;

/// A Unix time above this is in milliseconds: the year 33658, or 2001-09-09 in milliseconds.
const EPOCH_S_MAX: u64 = 1_000_000_000_000;

/// The names under which servers send the pair (draft-ietf-httpapi-ratelimit-headers-07 and its informal forebears).
const PAIRS: [(&str, &str); 3] = [
    ("ratelimit-remaining", "ratelimit-reset"),
    ("x-ratelimit-remaining", "x-ratelimit-reset"),
    ("x-rate-limit-remaining", "x-rate-limit-reset"),
];

/// The delay until the limit is reset, when the response is a refusal with nothing remaining and names the reset.
pub(crate) fn until_reset(response: &Response<'_>, received_at: WallTime) -> Option<RetryAfter> {
    if response.status < 400 {
        return None;
    }
    let pair = PAIRS.iter().find_map(|(remaining, reset)| {
        let left = seconds_as_ms(text_of(response, remaining)?)?;
        (left == 0).then(|| seconds_as_ms(text_of(response, reset)?))?
    });
    let reset_ms = pair.or_else(|| structured_reset_ms(response))?;
    let now = ServerClock::of(response, received_at).now();
    let delay_ms = if reset_ms > EPOCH_S_MAX.saturating_mul(1_000) {
        WallTime(reset_ms / 1_000).since_ms(now)
    } else if reset_ms > DELTA_S_MAX * 1_000 {
        WallTime(reset_ms).since_ms(now)
    } else {
        reset_ms
    };
    (delay_ms > 0).then_some(RetryAfter { kind: RetryAfterKind::RateLimit, delay_ms: Some(delay_ms.min(DELAY_MS_MAX)) })
}

/// `RateLimit: "name";r=0;t=30` (draft-ietf-httpapi-ratelimit-headers, section 4): the longest reset of the spent limits.
fn structured_reset_ms(response: &Response<'_>) -> Option<u64> {
    let lines = response.fields_named("ratelimit").filter_map(|value| std::str::from_utf8(value).ok());
    lines.flat_map(|line| line.split(',')).filter_map(spent_limit_reset_ms).max()
}

fn spent_limit_reset_ms(limit: &str) -> Option<u64> {
    let parameter = |name: &str| {
        let mut pairs = limit.split(';').filter_map(|part| part.split_once('='));
        pairs.find(|(key, _)| key.trim_ascii() == name).and_then(|(_, value)| seconds_as_ms(value.trim_ascii()))
    };
    if parameter("r")? == 0 { parameter("t") } else { None }
}

fn text_of<'a>(response: &Response<'a>, name: &str) -> Option<&'a str> {
    response.field(name).and_then(|value| std::str::from_utf8(value).ok())
}
