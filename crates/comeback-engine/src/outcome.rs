//! How a URL ends.

use comeback_diagnosis::cause::Cause;
use comeback_diagnosis::clock::WallTime;
use serde::{Deserialize, Serialize};

/// The end of a URL.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Outcome {
    /// A page: a 2xx at the end.
    Fetched,
    /// A final answer that asking again won't change: 404, 410, a plain 403, ...
    Answered,
    /// Given up.
    Failed,
    /// Put aside: a time is known, or a remedy can be named.
    Parked,
}

impl Outcome {
    /// Every outcome, in the order of reports.
    pub const ALL: [Self; 4] = [Self::Fetched, Self::Answered, Self::Failed, Self::Parked];

    /// The word that rows and flags use.
    #[must_use]
    pub const fn word(self) -> &'static str {
        match self {
            Self::Fetched => "fetched",
            Self::Answered => "answered",
            Self::Failed => "failed",
            Self::Parked => "parked",
        }
    }

    /// Whether something was not got: the exit code is then 1, and a person may put the URL back.
    #[must_use]
    pub const fn is_unfinished(self) -> bool {
        match self {
            Self::Fetched | Self::Answered => false,
            Self::Failed | Self::Parked => true,
        }
    }

    /// The outcome that a word names.
    #[must_use]
    pub fn from_word(word: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|outcome| outcome.word() == word)
    }
}

/// What the engine knows of a URL's end; the archive adds where its capture lies.
#[derive(Debug, Clone, PartialEq)]
pub struct Settlement {
    /// How it ended.
    pub outcome: Outcome,
    /// Why, where it did not end with a page or a final answer.
    pub cause: Cause,
    /// The last answer's status; `None` when nobody answered, or nobody was asked.
    pub status: Option<u16>,
    /// Charged attempts.
    pub attempts: u32,
    /// All requests made for it.
    pub requests: u32,
    /// When its first request was sent.
    pub first_at: Option<WallTime>,
    /// When it was settled.
    pub settled_at: WallTime,
    /// For a parked URL: when asking again may make sense.
    pub until: Option<WallTime>,
    /// The facts behind the end, for people.
    pub evidence: Vec<String>,
}

/// Where a capture's response record lies: set by the archive, carried by the engine unread.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct CapturePlace {
    /// The WARC file, relative to the job's folder.
    pub file: String,
    /// Where the record's compressed member begins, in bytes.
    pub offset: u64,
    /// The compressed member's length in bytes.
    pub length: u64,
}
