//! The explanation of a saved response: one line of `comeback explain --json`.
//!
//! Its field names and words are a contract. It explains bytes alone: no history, and never a cause of our own side, since who
//! saved a response had one. A file without a response has an explanation too, with status 0.

use serde::Serialize;

use crate::cause::Cause;
use crate::clock::WallTime;
use crate::diagnosis::{Diagnosis, Evidence, Responder, Scope};
use crate::family::Family;
use crate::history::History;
use crate::knowledge::Knowledge;
use crate::raw_response::RawResponse;
use crate::retry_after::RetryAfterKind;
use crate::saved::SavedAnswer;

mod surer;

/// What a saved response means.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Explanation {
    /// The file's name as given, `-` for standard input.
    pub file: String,
    /// The status, unclamped; 0 where there is no response.
    pub status: u16,
    /// Why it was said.
    pub cause: Cause,
    /// Who said it.
    pub responder: Responder,
    /// The product whose words these are, where recognised.
    pub product: Option<String>,
    /// For what it speaks.
    pub scope: Scope,
    /// Whether waiting cures it; `None` where nobody can say.
    pub waiting_helps: Option<bool>,
    /// How sure the cause is, from 0 to 1.
    pub confidence: f64,
    /// Seconds to wait, where something usable was said.
    pub retry_after_s: Option<Seconds>,
    /// In which form it was said.
    pub retry_after_kind: Option<RetryAfterKind>,
    /// The facts behind the answer, heaviest first.
    pub evidence: Vec<Evidence>,
    /// What a person can do, in one sentence.
    pub advice: String,
    /// What would make the answer surer; for people only.
    #[serde(skip)]
    pub surer: Vec<String>,
}

/// Seconds as JSON has them: an integer when whole, else a decimal.
#[derive(Debug, Clone, Copy, PartialEq, Serialize)]
#[serde(untagged)]
pub enum Seconds {
    /// Whole seconds.
    Whole(u64),
    /// Seconds with a fraction, to the millisecond.
    Decimal(f64),
}

impl Seconds {
    /// Milliseconds as seconds.
    ///
    /// ```
    /// use comeback_diagnosis::explanation::Seconds;
    /// assert_eq!(Seconds::from_ms(5_000), Seconds::Whole(5));
    /// assert_eq!(Seconds::from_ms(2_500), Seconds::Decimal(2.5));
    /// ```
    #[must_use]
    #[expect(clippy::cast_precision_loss, reason = "a delay with a fraction that matters is far below 2^53 ms")]
    pub const fn from_ms(delay_ms: u64) -> Self {
        if delay_ms.is_multiple_of(1_000) { Self::Whole(delay_ms / 1_000) } else { Self::Decimal(delay_ms as f64 / 1_000.0) }
    }
}

impl Knowledge {
    /// Explains a saved response; `received_at` is when it came, as far as known: dates are read against it where the response
    /// has no Date of its own.
    #[must_use]
    pub fn explain(&self, file: &str, raw: &RawResponse, received_at: WallTime) -> Explanation {
        let fields = raw.borrowed_fields();
        let diagnosis = self.diagnose(&raw.exchange(&fields, received_at), &History::default());
        let mut explanation = self.explanation(file, raw.status, self.as_shown(diagnosis, raw.status));
        explanation.evidence.extend(undecoded(raw).map(|what| Evidence { what, weight: 0.0 }));
        if raw.earlier > 0 {
            let what = format!("{} earlier responses are in the file; the last one is explained", raw.earlier);
            explanation.evidence.push(Evidence { what, weight: 0.0 });
        }
        if !surer::is_sure(explanation.confidence) {
            explanation.surer.splice(..0, surer::missing(raw));
        }
        explanation
    }

    /// Explains one answer of a saved file; in a file of several its place is added to the file's name: `page.har#2`.
    #[must_use]
    pub fn explain_saved(&self, file: &str, answer: &SavedAnswer, received_at: WallTime) -> Explanation {
        let SavedAnswer { number, asked, response } = answer;
        let name = number.map_or_else(|| file.to_owned(), |number| format!("{file}#{number}"));
        let mut explanation = match response {
            Ok(raw) => self.explain(&name, raw, received_at),
            Err(error) => self.unread(&name, &error.to_string(), error.hint()),
        };
        explanation.evidence.extend(asked.iter().map(|asked| Evidence { what: format!("asked: {asked}"), weight: 0.0 }));
        explanation
    }

    /// The explanation of what is no response, or can't be read: `unknown`, with the reason as its evidence.
    #[must_use]
    pub fn unread(&self, file: &str, why: &str, wish: &str) -> Explanation {
        let mut first = wish.chars();
        let advice = first.next().map(|letter| format!("{}{}.", letter.to_uppercase(), first.as_str())).unwrap_or_default();
        Explanation {
            file: file.to_owned(),
            status: 0,
            cause: Cause::Unknown,
            responder: Responder::Unknown,
            product: None,
            scope: Scope::Unknown,
            waiting_helps: None,
            confidence: 0.0,
            retry_after_s: None,
            retry_after_kind: None,
            evidence: vec![Evidence { what: why.to_owned(), weight: 0.0 }],
            advice,
            surer: Vec::new(),
        }
    }

    /// The explanation that a diagnosis is.
    #[must_use]
    pub fn explanation(&self, name: &str, status: u16, diagnosis: Diagnosis) -> Explanation {
        // Without `..`, so that a new field is not forgotten here.
        let Diagnosis { cause, responder, product, scope, waiting_helps, confidence, retry_after, evidence, remedy: _ } =
            diagnosis;
        Explanation {
            file: name.to_owned(),
            status,
            cause,
            responder,
            product,
            scope,
            waiting_helps,
            confidence,
            surer: surer::second_looks(cause, confidence),
            retry_after_s: retry_after.and_then(|said| said.delay_ms).map(Seconds::from_ms),
            retry_after_kind: retry_after.map(|said| said.kind),
            evidence,
            advice: self.cause(cause).advice.clone(),
        }
    }

    /// The diagnosis as far as a response by itself can show it: a cause that only whoever fetched it could know becomes `unknown`,
    /// or `none` for a redirect.
    fn as_shown(&self, diagnosis: Diagnosis, status: u16) -> Diagnosis {
        if is_shown_by_responses(diagnosis.cause) {
            return diagnosis;
        }
        let cause = if (300..=399).contains(&status) { Cause::None } else { Cause::Unknown };
        let facts = self.cause(cause);
        let evidence = diagnosis.evidence.into_iter().map(|fact| Evidence { weight: 0.0, ..fact }).collect();
        let confidence = diagnosis.confidence.min(NOT_SHOWN_CONFIDENCE_MAX);
        Diagnosis { cause, scope: facts.scope, waiting_helps: facts.waiting_helps, confidence, evidence, ..diagnosis }
    }
}

/// How sure an answer may be whose cause a response can't show.
const NOT_SHOWN_CONFIDENCE_MAX: f64 = 0.3;

/// Whether a response by itself can show the cause; the others are known only to whoever fetched it.
const fn is_shown_by_responses(cause: Cause) -> bool {
    match cause.family() {
        Family::Trouble | Family::Rate | Family::Block | Family::None | Family::Unknown => true,
        Family::OwnSide => false,
    }
}

/// A note where the saved body is still compressed.
fn undecoded(raw: &RawResponse) -> Option<String> {
    let coding = raw.content_coding().filter(|_| raw.is_coded())?;
    Some(format!("the saved body is compressed ({}), so its words were not read", coding.escape_ascii()))
}
