//! The outcome row: one line of JSON for each URL of a job, the truthful account of how it ended.
//!
//! The fields, their names and their order are a contract with scripts. The engine says how a URL ended
//! ([`Settlement`]); this module adds what the engine does not know: the capture's place, the route, the bytes.

use comeback_engine::diagnosis::cause::Cause;
use comeback_engine::host_key::HostKey;
use comeback_engine::outcome::{CapturePlace, Outcome, Settlement};
use serde::{Deserialize, Serialize};
use serde_json::value::RawValue;

use crate::time_text::TimeText;

/// The account of one URL.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct OutcomeRow {
    /// The URL as given, unchanged.
    pub url: String,
    /// Its host key; `None` for a URL without one.
    pub host: Option<String>,
    /// How it ended.
    pub outcome: Outcome,
    /// Why; [`Cause::None`] for a page or a final answer.
    pub cause: Cause,
    /// The last answer's status; `None` when nobody answered.
    pub status: Option<u16>,
    /// Charged attempts.
    pub attempts: u32,
    /// All requests.
    pub requests: u32,
    /// The route of the last attempt; `None` for a URL settled unasked.
    pub route: Option<String>,
    /// Payload bytes of the last response; 0 if there is none.
    pub bytes: u64,
    /// When its first request was sent; `None` if it was never asked.
    pub first_at: Option<TimeText>,
    /// When it was settled.
    pub settled_at: TimeText,
    /// For a parked URL: when asking again may make sense.
    pub until: Option<TimeText>,
    /// Credits spent on it at paid providers.
    pub credits: u64,
    /// The facts behind the end, for people.
    pub evidence: Vec<String>,
    /// Where its capture lies; `None` when there is none.
    pub warc: Option<CapturePlace>,
    /// The list's `meta`, as given; JSON's null when it gave none.
    pub meta: Option<Meta>,
}

/// What a row says beyond the engine's [`Settlement`].
#[derive(Debug, Clone, Default)]
pub struct RowFacts<'a> {
    /// The URL as given.
    pub given: &'a str,
    /// Its host key, where it has one.
    pub host: Option<&'a HostKey>,
    /// The list's `meta` for it, as JSON text.
    pub meta: Option<&'a str>,
    /// The route of the last attempt.
    pub route: Option<&'a str>,
    /// Payload bytes of the last response.
    pub body_bytes: u64,
    /// Credits spent on it.
    pub credits: u64,
    /// Where its last capture lies.
    pub warc: Option<CapturePlace>,
}

impl OutcomeRow {
    /// Joins what the engine knows of a URL's end with the rest.
    #[must_use]
    pub fn new(settlement: &Settlement, facts: RowFacts<'_>) -> Self {
        let RowFacts { given, host, meta, route, body_bytes, credits, warc } = facts;
        let Settlement { outcome, cause, status, attempts, requests, first_at, settled_at, until, evidence } = settlement;
        Self {
            url: given.to_owned(),
            host: host.map(|key| key.as_str().to_owned()),
            outcome: *outcome,
            cause: *cause,
            status: *status,
            attempts: *attempts,
            requests: *requests,
            route: route.map(str::to_owned),
            bytes: body_bytes,
            first_at: first_at.map(TimeText),
            settled_at: TimeText(*settled_at),
            until: until.map(TimeText),
            credits,
            evidence: evidence.clone(),
            warc,
            meta: meta.map(Meta::from_text),
        }
    }

    /// The row as one line of JSON, with its line feed.
    #[must_use]
    pub fn to_line(&self) -> Vec<u8> {
        let mut line = serde_json::to_vec(self).expect("a row has only string keys and no number that JSON lacks");
        line.push(b'\n');
        line
    }
}

/// Any JSON value, kept as its text, so that it is carried through exactly as given: key order, big numbers and all.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Meta(Box<RawValue>);

impl Meta {
    /// A value from its JSON text. Text that is not JSON is carried as a JSON string.
    ///
    /// ```
    /// use comeback_archive::Meta;
    /// assert_eq!(Meta::from_text("{\"b\":1,\n \"a\":2}").text(), "{\"b\":1,  \"a\":2}");
    /// assert_eq!(Meta::from_text("not json").text(), "\"not json\"");
    /// ```
    #[must_use]
    pub fn from_text(text: &str) -> Self {
        // A row is one line. Inside JSON a raw line break can only stand between tokens, where a blank means the same.
        let one_line = text.trim().replace(['\n', '\r'], " ");
        RawValue::from_string(one_line).map_or_else(|_| Self::string(text), Self)
    }

    /// The JSON text.
    #[must_use]
    pub fn text(&self) -> &str {
        self.0.get()
    }

    fn string(text: &str) -> Self {
        Self(serde_json::value::to_raw_value(text).expect("any text is a JSON string"))
    }
}

impl PartialEq for Meta {
    fn eq(&self, other: &Self) -> bool {
        self.text() == other.text()
    }
}
