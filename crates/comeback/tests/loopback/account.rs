//! The account of a job as its rows give it, held to the contract of a row.

use std::collections::BTreeMap;

use jiff::Timestamp;
use serde::de::Error as _;
use serde::{Deserialize, Deserializer};
use serde_json::Value;

/// The keys of a row, in their order.
const KEYS: [&str; 16] = [
    "url",
    "host",
    "outcome",
    "cause",
    "status",
    "attempts",
    "requests",
    "route",
    "bytes",
    "first_at",
    "settled_at",
    "until",
    "credits",
    "evidence",
    "warc",
    "meta",
];

/// No URL ever gets more requests.
const REQUESTS_MAX: u32 = 32;
/// Charged attempts, unless set otherwise.
const ATTEMPTS_MAX: u32 = 4;

/// One URL's end.
#[derive(Debug, Clone, PartialEq, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Row {
    pub(crate) url: String,
    pub(crate) host: Option<String>,
    pub(crate) outcome: String,
    pub(crate) cause: String,
    pub(crate) status: Option<u16>,
    pub(crate) attempts: u32,
    pub(crate) requests: u32,
    pub(crate) route: Option<String>,
    pub(crate) bytes: u64,
    #[serde(deserialize_with = "time_or_null")]
    pub(crate) first_at: Option<Timestamp>,
    #[serde(deserialize_with = "time")]
    pub(crate) settled_at: Timestamp,
    #[serde(deserialize_with = "time_or_null")]
    pub(crate) until: Option<Timestamp>,
    pub(crate) credits: u64,
    pub(crate) evidence: Vec<String>,
    pub(crate) warc: Option<Place>,
    pub(crate) meta: Value,
}

/// Where a response record lies.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Place {
    pub(crate) file: String,
    pub(crate) offset: usize,
    pub(crate) length: usize,
}

/// A time of RFC 3339.
fn time<'de, D: Deserializer<'de>>(source: D) -> Result<Timestamp, D::Error> {
    String::deserialize(source)?.parse().map_err(D::Error::custom)
}

fn time_or_null<'de, D: Deserializer<'de>>(source: D) -> Result<Option<Timestamp>, D::Error> {
    let text: Option<String> = Deserialize::deserialize(source)?;
    text.map(|text| text.parse().map_err(D::Error::custom)).transpose()
}

impl Row {
    /// The rows of a JSONL text.
    pub(crate) fn of_lines(text: &str) -> Vec<Self> {
        text.lines().map(Self::of_line).collect()
    }

    fn of_line(line: &str) -> Self {
        let value: Value = serde_json::from_str(line).unwrap_or_else(|error| panic!("{error}: {line}"));
        let object = value.as_object().unwrap();
        let mut given: Vec<&str> = object.keys().map(String::as_str).collect();
        let mut expected = KEYS.to_vec();
        given.sort_unstable();
        expected.sort_unstable();
        assert_eq!(given, expected, "{line}");
        let places: Vec<usize> = KEYS.iter().map(|key| line.find(&format!("\"{key}\":")).unwrap()).collect();
        assert!(places.is_sorted() || value["meta"].is_object(), "the keys are out of order: {line}");
        let row: Self = serde_json::from_value(value).unwrap_or_else(|error| panic!("{error}: {line}"));
        row.check(line);
        row
    }

    fn check(&self, line: &str) {
        match self.outcome.as_str() {
            "fetched" => assert!(self.cause == "none" && matches!(self.status, Some(200..=299)), "{line}"),
            "answered" => assert!(self.cause == "none" && self.status.is_some(), "{line}"),
            "failed" => assert!(self.cause != "none" && self.until.is_none(), "{line}"),
            "parked" => assert!(self.cause != "none", "{line}"),
            _ => panic!("an outcome that does not exist: {line}"),
        }
        assert!(self.attempts <= ATTEMPTS_MAX && self.requests <= REQUESTS_MAX && self.attempts <= self.requests, "{line}");
        if self.requests == 0 {
            let is_bare = self.status.is_none() && self.first_at.is_none() && self.warc.is_none() && self.route.is_none();
            assert!(is_bare && self.bytes == 0, "a URL that was never asked says more: {line}");
        } else {
            assert_eq!(self.route.as_deref(), Some("direct"), "{line}");
            assert!(self.first_at.is_some_and(|first| first <= self.settled_at), "{line}");
        }
        assert!(self.status.is_none() || self.warc.is_some(), "an answer without its capture: {line}");
        assert!(self.cause == "none" || !self.evidence.is_empty(), "a cause without evidence: {line}");
        assert_eq!(self.credits, 0, "{line}");
    }
}

/// How many rows have each outcome and cause, as `fetched/none`.
pub(crate) fn tally(rows: &[Row]) -> BTreeMap<String, usize> {
    let mut tally = BTreeMap::new();
    for row in rows {
        *tally.entry(format!("{}/{}", row.outcome, row.cause)).or_default() += 1;
    }
    tally
}

/// Asserts that all rows have one outcome and one cause.
#[track_caller]
pub(crate) fn assert_all(rows: &[Row], count: usize, ending: &str) {
    assert_eq!(tally(rows), BTreeMap::from([(ending.to_owned(), count)]), "{rows:#?}");
}

/// Asserts that each URL has exactly one row.
#[track_caller]
pub(crate) fn assert_each_once(rows: &[Row], urls: &[String]) {
    let mut given: Vec<&str> = urls.iter().map(String::as_str).collect();
    let mut settled: Vec<&str> = rows.iter().map(|row| row.url.as_str()).collect();
    given.sort_unstable();
    settled.sort_unstable();
    assert!(given == settled, "{} URLs, {} rows", given.len(), settled.len());
}

/// The row of the URL with this ending.
#[track_caller]
pub(crate) fn row_of<'a>(rows: &'a [Row], ending: &str) -> &'a Row {
    rows.iter().find(|row| row.url.ends_with(ending)).unwrap_or_else(|| panic!("no row for {ending}"))
}
