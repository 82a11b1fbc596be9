//! When a server says we may come back: Retry-After (RFC 9110, section 10.2.3) and its relatives.

use serde::{Deserialize, Serialize};

use crate::clock::WallTime;
use crate::exchange::Response;
use crate::http_date;
use crate::rate_limit;

/// What was said about when to come back, and how.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct RetryAfter {
    /// In which form it was said.
    pub kind: RetryAfterKind,
    /// Milliseconds to wait from the moment the response was received; `None` exactly when the kind is `Unusable`.
    pub delay_ms: Option<u64>,
}

/// The form of a statement about when to come back.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum RetryAfterKind {
    /// Delta-seconds; decimals are accepted.
    Seconds,
    /// One of the three HTTP-date forms, read against the response's own Date and Age.
    Date,
    /// RateLimit or X-RateLimit fields.
    RateLimit,
    /// A constant that the product always sends: a floor, not an estimate.
    Boilerplate,
    /// Zero, past, negative, empty or garbage: no information.
    Unusable,
}

/// The longest delay that is kept as it was said: a thousand years of 365 days. A longer one is cut to this, so that every time
/// computed from it can still be written as a date; nobody's patience is near it.
pub const DELAY_MS_MAX: u64 = 1_000 * 365 * 86_400 * 1_000;

/// Fields that say the same under another name, read where Retry-After is absent or says nothing usable: makers' own, and those
/// in which a scraping API relays what the site said. The number is how many milliseconds one unit of a bare number has.
const RELATIVES: [(&str, u64); 7] = [
    ("retry-after-ms", 1),
    ("x-retry-after-ms", 1),
    ("x-retry-after", 1_000),
    ("x-ratelimit-retry-after", 1_000),
    ("x-ratelimit-after", 1_000),
    ("spb-retry-after", 1_000),
    ("ant-original-header-retry-after", 1_000),
];

impl RetryAfter {
    /// Reads when we may come back: from Retry-After on whatever status; where that field is absent or says nothing usable, from
    /// its relatives; and where those are absent too and the response is a refusal with nothing remaining, from the RateLimit
    /// fields. `None` when none is there.
    ///
    /// Delta-seconds count from the moment of receipt. Dates are read against the response's own Date and Age, so a wrong server
    /// clock costs nothing; without a readable Date against `received_at`. Of several values the longest usable one counts. Zero,
    /// past, negative, empty and garbage are [`RetryAfterKind::Unusable`]: no information, never "now".
    ///
    /// ```
    /// use comeback_diagnosis::clock::WallTime;
    /// use comeback_diagnosis::exchange::Response;
    /// use comeback_diagnosis::retry_after::{RetryAfter, RetryAfterKind};
    /// let fields: [(&[u8], &[u8]); 1] = [(b"Retry-After", b"2.5")];
    /// let response = Response { status: 503, reason: b"", fields: &fields, body: b"", body_bytes: Some(0) };
    /// let read = RetryAfter::read(&response, WallTime(0));
    /// assert_eq!(read, Some(RetryAfter { kind: RetryAfterKind::Seconds, delay_ms: Some(2_500) }));
    /// ```
    #[must_use]
    pub fn read(response: &Response<'_>, received_at: WallTime) -> Option<Self> {
        if !response.fields.iter().any(|(name, _)| may_speak(name)) {
            return None;
        }
        let clock = ServerClock::of(response, received_at);
        let longest = response.fields_named("retry-after").filter_map(|value| longest_of_line(value, clock));
        let said = longest.max_by_key(|said| said.delay_ms);
        let said = said.or_else(|| said_by_relatives(response, clock)).or_else(|| rate_limit::until_reset(response, received_at));
        let unusable = Self { kind: RetryAfterKind::Unusable, delay_ms: None };
        said.or_else(|| response.field("retry-after").map(|_| unusable))
    }

    fn after(kind: RetryAfterKind, delay_ms: u64) -> Option<Self> {
        (delay_ms > 0).then_some(Self { kind, delay_ms: Some(delay_ms.min(DELAY_MS_MAX)) })
    }
}

/// What the server's clock showed when we received the response, as far as the response tells.
#[derive(Debug, Clone, Copy)]
pub(crate) struct ServerClock(WallTime);

impl ServerClock {
    /// Date is when the answer was made, Age how long it has lain in caches since (RFC 9110, section 6.6.1; RFC 9111, section
    /// 5.1). Without a readable Date our own clock stands in.
    pub(crate) fn of(response: &Response<'_>, received_at: WallTime) -> Self {
        let Some(date) = response.field("date").and_then(|value| http_date::parse(value, received_at)) else {
            return Self(received_at);
        };
        let age =
            response.field("age").and_then(|value| std::str::from_utf8(value).ok()).and_then(|text| text.parse::<u64>().ok());
        Self(date.plus_ms(age.unwrap_or(0).saturating_mul(1_000)))
    }

    /// The time that this clock showed.
    pub(crate) const fn now(self) -> WallTime {
        self.0
    }
}

/// Whether a field's name may say when to come back: a cheap question, asked of every answer.
fn may_speak(name: &[u8]) -> bool {
    let holds = |part: &[u8]| name.windows(part.len()).any(|window| window.eq_ignore_ascii_case(part));
    holds(b"retry-after") || holds(b"limit")
}

fn said_by_relatives(response: &Response<'_>, clock: ServerClock) -> Option<RetryAfter> {
    let said = RELATIVES.iter().filter_map(|(name, unit_ms)| {
        let said = longest_of_line(response.field(name)?, clock)?;
        match said.kind {
            RetryAfterKind::Seconds => RetryAfter::after(said.kind, said.delay_ms?.saturating_mul(*unit_ms).div_ceil(1_000)),
            RetryAfterKind::Date | RetryAfterKind::RateLimit | RetryAfterKind::Boilerplate | RetryAfterKind::Unusable => {
                Some(said)
            }
        }
    });
    said.max_by_key(|said| said.delay_ms)
}

/// The longest usable statement in one field line; a list is not in the standard, but is sent.
fn longest_of_line(value: &[u8], clock: ServerClock) -> Option<RetryAfter> {
    let text = std::str::from_utf8(value).ok()?;
    if let Some(said) = one_statement(text, clock) {
        return Some(said);
    }
    let mut longest: Option<RetryAfter> = None;
    let mut before = None;
    for (start, piece) in pieces(text) {
        // An IMF-fixdate or RFC 850 date holds one comma of its own, so a piece may be the second half of a date.
        let said = one_statement(piece, clock)
            .or_else(|| before.and_then(|from: usize| one_statement(&text[from..start + piece.len()], clock)));
        before = Some(start);
        longest = longest.into_iter().chain(said).max_by_key(|said| said.delay_ms);
    }
    longest
}

/// The comma-separated pieces of a text, each with its place.
fn pieces(text: &str) -> impl Iterator<Item = (usize, &str)> {
    let mut start = 0;
    text.split(',').map(move |piece| {
        let place = start;
        start += piece.len() + 1;
        (place, piece)
    })
}

fn one_statement(text: &str, clock: ServerClock) -> Option<RetryAfter> {
    let text = text.trim_ascii();
    if let Some(delay_ms) = seconds_as_ms(text) {
        return RetryAfter::after(RetryAfterKind::Seconds, delay_ms);
    }
    let until = http_date::parse(text.as_bytes(), clock.now())?;
    RetryAfter::after(RetryAfterKind::Date, until.since_ms(clock.now()))
}

/// Digits, with decimals or without, as milliseconds rounded up; `None` for whatever else. Too many digits saturate.
pub(crate) fn seconds_as_ms(text: &str) -> Option<u64> {
    let (whole, fraction) = text.split_once('.').unwrap_or((text, "0"));
    let digits = |part: &str| !part.is_empty() && part.bytes().all(|byte| byte.is_ascii_digit());
    if !digits(whole) || !digits(fraction) {
        return None;
    }
    let seconds = whole.parse::<u64>().unwrap_or(u64::MAX);
    let thousandths =
        fraction.bytes().chain(std::iter::repeat(b'0')).take(3).fold(0, |ms, digit| ms * 10 + u64::from(digit - b'0'));
    let rest = u64::from(fraction.bytes().skip(3).any(|digit| digit != b'0'));
    Some(seconds.saturating_mul(1_000).saturating_add(thousandths + rest))
}
