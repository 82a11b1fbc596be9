//! RateLimit fields in all their dialects: what is left of a limit, and when it is renewed.
//!
//! The three fields of draft-ietf-httpapi-ratelimit-headers-07 and their forebears (`X-RateLimit-Remaining`, also with a suffix for
//! the window or the kind: `-Minute`, `-Requests`), the one field of draft 07 (`limit=10, remaining=0, reset=5`), and the
//! structured one of later drafts (`"day";r=0;t=5`). A reset may be seconds, a Unix time, a duration (`6m0s`) or a date. What is
//! done with it is not decided here.

use std::collections::BTreeMap;

use crate::clock::WallTime;
use crate::exchange::Response;
use crate::http_date;
use crate::retry_after::{DELAY_MS_MAX, RetryAfter, RetryAfterKind, ServerClock, seconds_as_ms};

/// A reset above this many seconds is no delay but a Unix time: 2001-09-09, or 31 years of waiting.
const DELTA_S_MAX: u64 = 1_000_000_000;

/// A Unix time above this is in milliseconds: the year 33658, or 2001-09-09 in milliseconds.
const EPOCH_S_MAX: u64 = 1_000_000_000_000;

/// How many limits of one response are read.
const LIMITS_MAX: usize = 32;

/// What a response says of one limit of requests.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Allowance {
    /// How many requests the window allows, where said.
    pub limit: Option<u64>,
    /// How many are left of it.
    pub remaining: u64,
    /// Milliseconds until it is renewed, where something usable was said.
    pub reset_ms: Option<u64>,
}

impl Allowance {
    /// The tightest of the limits that a response of whatever status names: the one with the smallest share left. It serves to
    /// slow down before a refusal comes.
    ///
    /// ```
    /// use comeback_diagnosis::clock::WallTime;
    /// use comeback_diagnosis::exchange::Response;
    /// use comeback_diagnosis::rate_limit::Allowance;
    /// let fields: [(&[u8], &[u8]); 1] = [(b"RateLimit", b"\"burst\";r=2;t=7")];
    /// let response = Response { status: 200, reason: b"", fields: &fields, body: b"", body_bytes: Some(0) };
    /// let tightest = Allowance::read(&response, WallTime(0));
    /// assert_eq!(tightest, Some(Allowance { limit: None, remaining: 2, reset_ms: Some(7_000) }));
    /// ```
    #[must_use]
    pub fn read(response: &Response<'_>, received_at: WallTime) -> Option<Self> {
        let scarcity = |one: &Self| {
            let share = one.limit.filter(|limit| *limit > 0).map_or(0, |limit| one.remaining.saturating_mul(1_000) / limit);
            (share, one.remaining, u64::MAX - one.reset_ms.unwrap_or(0))
        };
        all(response, received_at).into_iter().min_by_key(scarcity)
    }
}

/// The delay until the limit is renewed, when the response is a refusal and a limit is spent: the longest of the spent ones.
pub(crate) fn until_reset(response: &Response<'_>, received_at: WallTime) -> Option<RetryAfter> {
    if response.status < 400 {
        return None;
    }
    let spent = all(response, received_at).into_iter().filter(|one| one.remaining == 0);
    let delay_ms = spent.filter_map(|one| one.reset_ms).max()?;
    Some(RetryAfter { kind: RetryAfterKind::RateLimit, delay_ms: Some(delay_ms) })
}

/// Whether fields say that a limit of requests is spent.
pub(crate) fn is_spent(response: &Response<'_>) -> bool {
    all(response, WallTime(0)).iter().any(|one| one.remaining == 0)
}

/// What one field of the three says.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Part {
    Limit,
    Remaining,
    Reset,
}

fn all(response: &Response<'_>, received_at: WallTime) -> Vec<Allowance> {
    let now = ServerClock::of(response, received_at).now();
    let mut parted: BTreeMap<String, BTreeMap<Part, &str>> = BTreeMap::new();
    let mut found = Vec::new();
    for (name, value) in response.fields {
        let (Ok(name), Ok(value)) = (std::str::from_utf8(name), std::str::from_utf8(value)) else { continue };
        let name = name.to_ascii_lowercase();
        if name == "ratelimit" {
            found.extend(in_one_field(value, now).take(LIMITS_MAX));
        } else if let Some((part, limit)) = part_of(&name)
            && parted.len() < LIMITS_MAX
        {
            parted.entry(limit).or_default().entry(part).or_insert(value.trim_ascii());
        }
    }
    found.extend(parted.values().filter_map(|parts| {
        let remaining = whole(parts.get(&Part::Remaining)?)?;
        let reset_ms = parts.get(&Part::Reset).and_then(|reset| reset_ms(reset, now));
        Some(Allowance { limit: parts.get(&Part::Limit).and_then(|limit| whole(limit)), remaining, reset_ms })
    }));
    found
}

/// Which part of which limit a field's name speaks of: `x-ratelimit-remaining-minute` is what is left of `minute`.
fn part_of(name: &str) -> Option<(Part, String)> {
    let ends = |word: &str| name.find(word).map(|place| place + word.len());
    let place = ends("ratelimit").or_else(|| ends("rate-limit")).or_else(|| ends("-limit-"))?;
    let prefix = name[..place].trim_start_matches("x-");
    let mut part = None;
    let mut kind = prefix.to_owned();
    for word in name[place..].split('-').filter(|word| !word.is_empty()) {
        match word {
            "limit" => part = part.or(Some(Part::Limit)),
            "remaining" | "remain" => part = part.or(Some(Part::Remaining)),
            "reset" | "resetafter" => part = part.or(Some(Part::Reset)),
            "after" | "requests" if kind == prefix && word == "after" => {}
            _ => {
                kind.push('-');
                kind.push_str(word);
            }
        }
    }
    part.map(|part| (part, kind))
}

/// `"name";r=0;t=30` for each limit, or `limit=10, remaining=0, reset=5` for one.
fn in_one_field(value: &str, now: WallTime) -> impl Iterator<Item = Allowance> {
    let parameter = |text: &str, name: &str| -> Option<String> {
        let mut pairs = text.split([';', ',']).filter_map(|part| part.split_once('='));
        pairs.find(|(key, _)| key.trim_ascii().eq_ignore_ascii_case(name)).map(|(_, value)| value.trim_ascii().to_owned())
    };
    let one = parameter(value, "remaining").and_then(|remaining| {
        let reset_ms = parameter(value, "reset").and_then(|reset| reset_ms(&reset, now));
        Some(Allowance {
            limit: parameter(value, "limit").and_then(|limit| whole(&limit)),
            remaining: whole(&remaining)?,
            reset_ms,
        })
    });
    let each = value.split(',').filter_map(move |limit| {
        let reset_ms = parameter(limit, "t").and_then(|reset| reset_ms(&reset, now));
        Some(Allowance { limit: None, remaining: whole(&parameter(limit, "r")?)?, reset_ms })
    });
    one.into_iter().chain(each.collect::<Vec<_>>())
}

/// A count; of a list (`40, 40;w=60`) the first, of a share (`0/40`) what stands before the stroke, decimals cut off.
fn whole(text: &str) -> Option<u64> {
    let first = text.split([',', ';', '/']).next()?.trim_ascii();
    seconds_as_ms(first).map(|thousandths| thousandths / 1_000)
}

/// Milliseconds until a reset; `None` for one that is past or no time at all.
fn reset_ms(text: &str, now: WallTime) -> Option<u64> {
    let text = text.split(',').next().unwrap_or(text).trim_ascii().trim_matches('"');
    let delay_ms = if let Some(said_ms) = seconds_as_ms(text) {
        if said_ms > EPOCH_S_MAX.saturating_mul(1_000) {
            WallTime(said_ms / 1_000).since_ms(now)
        } else if said_ms > DELTA_S_MAX * 1_000 {
            WallTime(said_ms).since_ms(now)
        } else {
            said_ms
        }
    } else if let Some(delay_ms) = duration_ms(text) {
        delay_ms
    } else {
        http_date::parse_timestamp(text).or_else(|| http_date::parse(text.as_bytes(), now))?.since_ms(now)
    };
    (delay_ms > 0).then_some(delay_ms.min(DELAY_MS_MAX))
}

/// `1h2m3.5s`, `6m0s`, `20ms`, as programs in Go write durations.
fn duration_ms(text: &str) -> Option<u64> {
    let mut rest = text;
    let mut sum_ms = 0_u64;
    while !rest.is_empty() {
        let number_end = rest.find(|letter: char| !letter.is_ascii_digit() && letter != '.')?;
        let unit_end = rest[number_end..].find(|letter: char| letter.is_ascii_digit()).map_or(rest.len(), |end| number_end + end);
        let thousandths = seconds_as_ms(&rest[..number_end])?;
        let ms = match &rest[number_end..unit_end] {
            "ms" => thousandths.div_ceil(1_000),
            "s" => thousandths,
            "m" => thousandths.saturating_mul(60),
            "h" => thousandths.saturating_mul(3_600),
            "d" => thousandths.saturating_mul(86_400),
            _ => return None,
        };
        sum_ms = sum_ms.saturating_add(ms);
        rest = &rest[unit_end..];
    }
    (!text.is_empty()).then_some(sum_ms)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// 2026-11-23 19:24:36 GMT.
    const NOW: WallTime = WallTime(1_795_461_876_000);

    fn tightest(fields: &[(&str, &str)]) -> Option<(Option<u64>, u64, Option<u64>)> {
        let fields: Vec<(&[u8], &[u8])> = fields.iter().map(|(name, value)| (name.as_bytes(), value.as_bytes())).collect();
        let response = Response { status: 200, reason: b"", fields: &fields, body: b"", body_bytes: Some(0) };
        Allowance::read(&response, NOW).map(|one| (one.limit, one.remaining, one.reset_ms))
    }

    #[test]
    fn every_dialect_is_read() {
        let three = [("RateLimit-Limit", "10, 10;w=60"), ("RateLimit-Remaining", "3"), ("RateLimit-Reset", "7")];
        assert_eq!(tightest(&three), Some((Some(10), 3, Some(7_000))));
        assert_eq!(tightest(&[("RateLimit", "limit=10, remaining=3, reset=7")]), Some((Some(10), 3, Some(7_000))));
        assert_eq!(tightest(&[("ratelimit", "\"a\";r=3;t=7, \"b\";r=1;t=9")]), Some((None, 1, Some(9_000))));
        let kong =
            [("X-RateLimit-Remaining-Hour", "90"), ("X-RateLimit-Limit-Hour", "100"), ("X-RateLimit-Remaining-Minute", "0")];
        assert_eq!(tightest(&kong), Some((None, 0, None)));
        let openai = [("x-ratelimit-remaining-requests", "0"), ("x-ratelimit-reset-requests", "6m0s")];
        assert_eq!(tightest(&openai), Some((None, 0, Some(360_000))));
        let anthropic =
            [("anthropic-ratelimit-requests-remaining", "0"), ("anthropic-ratelimit-requests-reset", "2026-11-23T19:25:36Z")];
        assert_eq!(tightest(&anthropic), Some((None, 0, Some(60_000))));
        let discord = [("X-RateLimit-Remaining", "0"), ("X-RateLimit-Reset-After", "1.25")];
        assert_eq!(tightest(&discord), Some((None, 0, Some(1_250))));
        let twitter = [("x-rate-limit-remaining", "0"), ("x-rate-limit-reset", "1795461936")];
        assert_eq!(tightest(&twitter), Some((None, 0, Some(60_000))));
    }

    #[test]
    fn nonsense_says_nothing() {
        for value in ["", "-1", "many", "0x1", ";", "\"a\";r=", "remaining="] {
            assert_eq!(tightest(&[("RateLimit", value), ("X-RateLimit-Remaining", value)]), None, "{value}");
        }
        for reset in ["", "0", "-5", "soon", "5x", "2020-01-01T00:00:00Z", "1h2"] {
            let fields = [("X-RateLimit-Remaining", "1"), ("X-RateLimit-Reset", reset)];
            assert_eq!(tightest(&fields), Some((None, 1, None)), "{reset}");
        }
    }
}
