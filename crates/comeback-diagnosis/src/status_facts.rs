//! What a status says by itself: `knowledge/statuses.toml`, parsed.
//!
//! The last resort of diagnosis, when no signature tells more. It holds no rule about headers or bodies.

use serde::Deserialize;

use crate::cause::Cause;
use crate::diagnosis::{Responder, Scope};
use crate::error::DiagnosisError;

/// What one status, or one class of statuses, says by itself.
#[derive(Debug, Clone, PartialEq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct StatusFacts {
    /// The statuses: `503`, `521-523`, `5xx`, or `other`.
    pub status: StatusRange,
    /// The cause that the status alone points to.
    pub cause: Cause,
    /// Who usually sends it.
    #[serde(default)]
    pub responder: Option<Responder>,
    /// For what it speaks, where that differs from the cause's default.
    #[serde(default)]
    pub scope: Option<Scope>,
    /// How sure the cause is, from 0 to 1.
    pub confidence: f64,
    /// The fact, in words for people.
    pub says: String,
    /// Where the fact comes from.
    pub source: String,
}

/// Statuses from `first` to `last`, both included.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(try_from = "String")]
pub struct StatusRange {
    /// The lowest status.
    pub first: u16,
    /// The highest status.
    pub last: u16,
}

impl StatusRange {
    /// Whether the status lies in the range.
    #[must_use]
    pub const fn holds(self, status: u16) -> bool {
        self.first <= status && status <= self.last
    }

    const fn width(self) -> u16 {
        self.last - self.first
    }
}

impl TryFrom<String> for StatusRange {
    type Error = String;

    fn try_from(text: String) -> Result<Self, Self::Error> {
        let number = |digits: &str| digits.parse::<u16>().ok().filter(|status| (100..=999).contains(status));
        let range = match text.split_once('-') {
            Some((first, last)) => number(first).zip(number(last)).map(|(first, last)| Self { first, last }),
            None if text == "other" => Some(Self { first: 600, last: 999 }),
            None => match text.strip_suffix("xx").and_then(|class| class.parse::<u16>().ok()) {
                Some(class @ 1..=9) => Some(Self { first: class * 100, last: class * 100 + 99 }),
                Some(_) => None,
                None => number(&text).map(|status| Self { first: status, last: status }),
            },
        };
        range.filter(|range| range.first <= range.last).ok_or_else(|| format!("`{text}` is no status, range or class"))
    }
}

/// All rows, narrowest first, so that the first row that holds a status is the most exact one.
#[derive(Debug, Clone)]
pub(crate) struct StatusTable(Vec<StatusFacts>);

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct StatusFile {
    status: Vec<StatusFacts>,
}

impl StatusTable {
    /// Parses `statuses.toml`; every status from 100 to 999 must be covered.
    pub(crate) fn parse(text: &str) -> Result<Self, DiagnosisError> {
        let wrong = |detail: String| DiagnosisError::Knowledge { file: "statuses.toml".into(), detail };
        let StatusFile { mut status } = toml::from_str(text).map_err(|error| wrong(error.to_string()))?;
        status.sort_by_key(|row| row.status.width());
        if let Some(missing) = (100..=999).find(|number| !status.iter().any(|row| row.status.holds(*number))) {
            return Err(wrong(format!("no row speaks of status {missing}")));
        }
        Ok(Self(status))
    }

    /// The most exact row for a status; a status outside of 100 to 999 is read as the widest row has it.
    pub(crate) fn facts(&self, status: u16) -> &StatusFacts {
        let last = self.0.last().expect("every status from 100 to 999 has a row, so there is one");
        self.0.iter().find(|row| row.status.holds(status)).unwrap_or(last)
    }
}
