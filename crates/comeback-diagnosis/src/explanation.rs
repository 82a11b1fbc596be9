//! The explanation of a saved response: one line of `comeback explain --json`.
//!
//! Its field names and words are a contract. It explains bytes alone: no history, and never a cause of our own side, since who
//! saved a response had one.

use serde::Serialize;

use crate::cause::Cause;
use crate::clock::WallTime;
use crate::diagnosis::{Evidence, Responder, Scope};
use crate::history::History;
use crate::knowledge::Knowledge;
use crate::raw_response::RawResponse;
use crate::retry_after::RetryAfterKind;

/// What a saved response means.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Explanation {
    /// The file's name as given, `-` for standard input.
    pub file: String,
    /// The status, unclamped.
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
        let mut evidence = diagnosis.evidence;
        evidence.extend(undecoded(raw).map(|what| Evidence { what, weight: 0.0 }));
        let retry_after = diagnosis.retry_after;
        Explanation {
            file: file.to_owned(),
            status: raw.status,
            cause: diagnosis.cause,
            responder: diagnosis.responder,
            product: diagnosis.product,
            scope: diagnosis.scope,
            waiting_helps: diagnosis.waiting_helps,
            confidence: diagnosis.confidence,
            retry_after_s: retry_after.and_then(|said| said.delay_ms).map(Seconds::from_ms),
            retry_after_kind: retry_after.map(|said| said.kind),
            evidence,
            advice: self.cause(diagnosis.cause).advice.clone(),
        }
    }
}

/// A note where the saved body is still compressed. A client that decoded the body may have left the field in place, so the
/// bytes decide: compressed bytes are no UTF-8.
fn undecoded(raw: &RawResponse) -> Option<String> {
    let (_, coding) = raw.fields.iter().find(|(name, _)| name.eq_ignore_ascii_case(b"content-encoding"))?;
    let is_text = match std::str::from_utf8(&raw.body) {
        Ok(_) => true,
        Err(error) => error.error_len().is_none(),
    };
    (!is_text).then(|| format!("the saved body is compressed ({}), so its words were not read", coding.escape_ascii()))
}
