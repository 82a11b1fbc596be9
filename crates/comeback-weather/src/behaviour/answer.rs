//! What a behaviour says: an answer with its fields and body, or none.

use std::num::NonZeroU32;
use std::time::Duration;

use http::header::RETRY_AFTER;
use http::{HeaderName, HeaderValue, StatusCode};

use super::{Moment, RetryAfter};

/// What becomes of a request.
#[derive(Debug, Clone, PartialEq)]
pub(crate) enum Reaction {
    /// An answer comes.
    Answer(Answer),
    /// None comes, as long as the client stays.
    Silence,
    /// The connection is closed without a word.
    Hangup,
}

/// An answer.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Answer {
    pub(crate) status: StatusCode,
    pub(crate) fields: Vec<(HeaderName, HeaderValue)>,
    pub(crate) body: Body,
    /// How long the host takes until its first byte.
    pub(crate) delay: Duration,
    /// How fast the body comes; at once where it is not said.
    pub(crate) bytes_per_second: Option<NonZeroU32>,
    /// Whether it is what the client came for.
    pub(crate) is_well: bool,
    /// How long the client was told to stay away, from the request's arrival on.
    pub(crate) hold: Option<Duration>,
}

/// What stands in the body.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Body {
    /// The page that was asked for; the host writes it.
    Page,
    /// A web page.
    Html(String),
    /// Plain text.
    Text(String),
}

impl Answer {
    /// The page that was asked for.
    pub(crate) const fn page() -> Self {
        Self {
            status: StatusCode::OK,
            fields: Vec::new(),
            body: Body::Page,
            delay: Duration::ZERO,
            bytes_per_second: None,
            is_well: true,
            hold: None,
        }
    }

    /// Anything but the page, with its status as title and a sentence.
    pub(crate) fn refusal(status: StatusCode, sentence: &str) -> Self {
        let title = format!("{} {}", status.as_u16(), status.canonical_reason().unwrap_or_default());
        let title = title.trim_end();
        let html = format!("<!doctype html>\n<title>{title}</title>\n<h1>{title}</h1>\n<p>{sentence}</p>\n");
        Self { status, body: Body::Html(html), is_well: false, ..Self::page() }
    }

    /// With one more field. Names and values are ours, but for what a world file gives.
    pub(crate) fn with(mut self, name: HeaderName, value: HeaderValue) -> Self {
        self.fields.push((name, value));
        self
    }

    /// With the wish that the client come back after `wait`, in this form.
    pub(crate) fn asking_back(self, form: RetryAfter, wait: Duration, at: Moment) -> Self {
        match form.state(wait, at.wall) {
            Some((value, hold)) => Self { hold: Some(hold), ..self.with(RETRY_AFTER, value) },
            None => self,
        }
    }
}

impl From<Answer> for Reaction {
    fn from(answer: Answer) -> Self {
        Self::Answer(answer)
    }
}
