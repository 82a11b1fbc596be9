//! Signatures: how known products word known situations. One file of `knowledge/signatures/` for each product.
//!
//! A signature fires on an action header, on status and structure, or on a short page whose main content it is. That a product
//! stands in front is a [`presence`](ProductFile::presence): context for people, never a cause.

use serde::Deserialize;

use crate::cause::Cause;
use crate::diagnosis::{Responder, Scope};
use crate::exchange::Response;
use crate::sight::Sight;
use crate::status_facts::StatusRange;

/// One file of signatures.
#[derive(Debug, Clone, PartialEq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ProductFile {
    /// The product's name as its makers write it; absent for wording that many products share.
    #[serde(default)]
    pub product: Option<String>,
    /// Who speaks where these words are found, unless a signature says otherwise.
    pub responder: Responder,
    /// Retry-After values that the product sends whatever the trouble is: floors, not estimates.
    #[serde(default)]
    pub boilerplate_retry_after_s: Vec<u64>,
    /// Fields by which the product shows that it stands in front.
    #[serde(default)]
    pub presence: Vec<FieldCondition>,
    /// What is known of its words.
    pub signature: Vec<Signature>,
}

/// One known wording of one product.
#[derive(Debug, Clone, PartialEq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Signature {
    /// A name that is unique among all signatures.
    pub name: String,
    /// The fact, in words for people.
    pub says: String,
    /// What it means: `unknown` where the same bytes are sent for several causes; absent where only the product is recognised
    /// and the status is left to speak.
    #[serde(default)]
    pub cause: Option<Cause>,
    /// Who speaks, where that differs from the product's default.
    #[serde(default)]
    pub responder: Option<Responder>,
    /// For what it speaks, where that differs from the cause's default.
    #[serde(default)]
    pub scope: Option<Scope>,
    /// How much it counts, above 0 and at most 1.
    pub weight: f64,
    /// When it fires: all conditions together.
    pub when: Conditions,
    /// Where the fact comes from.
    pub source: String,
    /// A response on which it must fire.
    pub example: String,
    /// A response that looks alike and on which it must not fire.
    pub counter_example: String,
}

/// The conditions of a signature; an absent one is met.
#[derive(Debug, Clone, PartialEq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Conditions {
    /// The status is in one of these ranges.
    pub status: Vec<StatusRange>,
    /// The reason phrase is this, in any case.
    #[serde(default)]
    pub reason: Option<String>,
    /// Each of these fields is there and says so.
    #[serde(default)]
    pub fields: Vec<FieldCondition>,
    /// The decoded body is no longer than this.
    #[serde(default)]
    pub body_bytes_max: Option<usize>,
    /// The body holds all of these, in any case.
    #[serde(default)]
    pub all_phrases: Vec<String>,
    /// The body holds at least one of these, in any case.
    #[serde(default)]
    pub any_phrase: Vec<String>,
    /// The body holds none of these, in any case.
    #[serde(default)]
    pub no_phrase: Vec<String>,
    /// The whole body has this structure: `*` stands for anything, and a run of blanks equals one blank.
    #[serde(default)]
    pub page: Option<String>,
}

/// What a field must say; its presence is enough where nothing is asked of its value.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct FieldCondition {
    /// The field's name, in any case.
    pub name: String,
    /// The value is exactly this, in any case.
    #[serde(default)]
    pub is: Option<String>,
    /// The value begins with this, in any case.
    #[serde(default)]
    pub begins: Option<String>,
}

impl FieldCondition {
    /// Whether one of the response's field lines meets the condition.
    #[must_use]
    pub fn is_met(&self, response: &Response<'_>) -> bool {
        response.fields_named(&self.name).any(|value| {
            let begins = |start: &str| value.get(..start.len()).is_some_and(|head| head.eq_ignore_ascii_case(start.as_bytes()));
            self.is.as_ref().is_none_or(|whole| value.eq_ignore_ascii_case(whole.as_bytes()))
                && self.begins.as_ref().is_none_or(|start| begins(start))
        })
    }
}

impl Conditions {
    /// All phrases that the body must be searched for.
    pub(crate) fn phrases(&self) -> impl Iterator<Item = &String> {
        self.all_phrases.iter().chain(&self.any_phrase).chain(&self.no_phrase)
    }

    /// Whether fields are asked for, and nothing of the body: then a body that broke off takes nothing away.
    pub(crate) fn rest_on_fields(&self) -> bool {
        !self.fields.is_empty() && self.body_bytes_max.is_none() && self.page.is_none() && self.phrases().next().is_none()
    }

    /// Whether all conditions are met; the cheap ones are asked first.
    pub(crate) fn are_met(&self, sight: &Sight<'_>) -> bool {
        let response = sight.response();
        self.status.iter().any(|range| range.holds(response.status))
            && self.body_bytes_max.is_none_or(|max| response.body.len() <= max)
            && self.reason.as_ref().is_none_or(|reason| response.reason.eq_ignore_ascii_case(reason.as_bytes()))
            && self.fields.iter().all(|field| field.is_met(response))
            && self.all_phrases.iter().all(|phrase| sight.holds(phrase))
            && (self.any_phrase.is_empty() || self.any_phrase.iter().any(|phrase| sight.holds(phrase)))
            && !self.no_phrase.iter().any(|phrase| sight.holds(phrase))
            && self.page.as_ref().is_none_or(|page| sight.is_page(page))
    }
}
