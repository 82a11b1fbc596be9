//! Signatures: how known products word known situations. One file of `knowledge/signatures/` for each product.
//!
//! A signature fires on an action header, on status and structure, or on a short page whose main content it is. That a product
//! stands in front is a [`presence`](ProductFile::presence): context for people, never a cause.

use serde::Deserialize;

use crate::cause::Cause;
use crate::diagnosis::{Responder, Scope};
use crate::exchange::Response;
use crate::phrases::Phrases;
use crate::reading::Form;
use crate::sight::{REFUSAL_STATUS_MIN, Sight, longest_piece};
use crate::status_facts::StatusRange;
use crate::word_term::WordTerm;

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
    /// How much it counts where the wording is in the headline, if that is more.
    #[serde(default)]
    pub headline_weight: Option<f64>,
    /// When it fires: all conditions together.
    pub when: Conditions,
    /// Where the fact comes from.
    pub source: String,
    /// A response on which it must fire.
    pub example: String,
    /// A response that looks alike and on which it must not fire.
    pub counter_example: String,
}

impl Signature {
    /// How much it counts on what is seen, given that it fires there.
    pub(crate) fn weight_on(&self, sight: &Sight<'_>) -> f64 {
        let is_said = |term: &WordTerm| term.is_in(sight.in_headline());
        self.headline_weight.filter(|_| self.when.numbers.wording.iter().any(is_said)).unwrap_or(self.weight)
    }
}

/// The conditions of a signature; an absent one is met.
#[derive(Debug, Clone, PartialEq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Conditions {
    /// The status is in one of these ranges.
    pub status: Vec<StatusRange>,
    /// The reason phrase is one of these, in any case.
    #[serde(default)]
    pub any_reason: Vec<String>,
    /// Each of these fields is there and says so.
    #[serde(default)]
    pub fields: Vec<FieldCondition>,
    /// At least one of these fields is there and says so.
    #[serde(default)]
    pub any_field: Vec<FieldCondition>,
    /// None of these fields is there and says so.
    #[serde(default)]
    pub no_field: Vec<FieldCondition>,
    /// Fields say that a limit of requests is spent, in whatever dialect.
    #[serde(default)]
    pub limit_spent: bool,
    /// The decoded body is no longer than this.
    #[serde(default)]
    pub body_bytes_max: Option<usize>,
    /// What can be read of the body is no longer than this.
    #[serde(default)]
    pub text_bytes_max: Option<usize>,
    /// The headline is no longer than this.
    #[serde(default)]
    pub headline_bytes_max: Option<usize>,
    /// The bytes of the body hold all of these, in any case.
    #[serde(default)]
    pub all_phrases: Vec<String>,
    /// The bytes of the body hold at least one of these, in any case.
    #[serde(default)]
    pub any_phrase: Vec<String>,
    /// The bytes of the body hold none of these, in any case.
    #[serde(default)]
    pub no_phrase: Vec<String>,
    /// What can be read holds all of these, in any case.
    #[serde(default)]
    pub all_words: Vec<String>,
    /// What can be read holds at least one of these, in any case.
    #[serde(default)]
    pub wording: Vec<String>,
    /// What can be read holds none of these, in any case.
    #[serde(default)]
    pub no_words: Vec<String>,
    /// The wording is in the headline: a page's title or headings, or the whole of a short message.
    #[serde(default)]
    pub headline_only: bool,
    /// The body has one of these forms: `page`, `json`, `xml`, `text`, `empty`.
    #[serde(default)]
    pub form: Vec<Form>,
    /// The body is nothing but an error of a program, by its own word: `{"ok":false,...}`, whatever the status says.
    #[serde(default)]
    pub error_envelope: bool,
    /// It may fire on a page that says success and has the furniture of a site (navigation, footer).
    #[serde(default)]
    pub amid_furniture: bool,
    /// The whole body has this structure: `*` stands for anything, and a run of blanks equals one blank.
    #[serde(default)]
    pub page: Option<String>,
    /// The conditions over the body, with the numbers of their phrases.
    #[serde(skip)]
    pub(crate) numbers: BodyNumbers,
}

/// The conditions over the body, with phrases by their numbers.
#[derive(Debug, Clone, PartialEq, Default)]
pub(crate) struct BodyNumbers {
    all_phrases: Vec<usize>,
    any_phrase: Vec<usize>,
    no_phrase: Vec<usize>,
    pub(crate) all_words: Vec<WordTerm>,
    pub(crate) wording: Vec<WordTerm>,
    no_words: Vec<WordTerm>,
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
    /// The value ends with this, in any case.
    #[serde(default)]
    pub ends: Option<String>,
    /// The value holds this somewhere, in any case.
    #[serde(default)]
    pub holds: Option<String>,
}

impl FieldCondition {
    /// Whether one of the response's field lines meets the condition.
    #[must_use]
    pub fn is_met(&self, response: &Response<'_>) -> bool {
        response.fields_named(&self.name).any(|value| {
            let begins = |start: &str| value.get(..start.len()).is_some_and(|head| head.eq_ignore_ascii_case(start.as_bytes()));
            let ends = |end: &str| {
                let start = value.len().checked_sub(end.len());
                start.is_some_and(|start| value[start..].eq_ignore_ascii_case(end.as_bytes()))
            };
            self.is.as_ref().is_none_or(|whole| value.eq_ignore_ascii_case(whole.as_bytes()))
                && self.begins.as_ref().is_none_or(|start| begins(start))
                && self.ends.as_ref().is_none_or(|end| ends(end))
                && self.holds.as_ref().is_none_or(|part| holds(value, part.as_bytes()))
        })
    }
}

/// Whether the value holds the part, in any ASCII case.
fn holds(value: &[u8], part: &[u8]) -> bool {
    part.is_empty() || value.windows(part.len()).any(|window| window.eq_ignore_ascii_case(part))
}

impl Conditions {
    /// All phrases that the body must be searched for.
    pub(crate) fn phrases(&self) -> impl Iterator<Item = String> {
        let of_bytes = self.all_phrases.iter().chain(&self.any_phrase).chain(&self.no_phrase);
        let of_text = self.all_words.iter().chain(&self.wording).chain(&self.no_words);
        let of_page = self.page.iter().map(|page| longest_piece(page).to_owned()).filter(|piece| !piece.is_empty());
        let of_text = of_text.flat_map(|entry| WordTerm::phrases_of(entry)).map(str::to_owned);
        of_bytes.cloned().chain(of_text).chain(of_page)
    }

    /// Looks up the numbers of all phrases, once.
    pub(crate) fn compile(&mut self, phrases: &Phrases) {
        let numbers = |list: &[String]| list.iter().filter_map(|phrase| phrases.number(phrase)).collect();
        let terms = |list: &[String]| list.iter().map(|entry| WordTerm::compile(entry, phrases)).collect();
        self.numbers = BodyNumbers {
            all_phrases: numbers(&self.all_phrases),
            any_phrase: numbers(&self.any_phrase),
            no_phrase: numbers(&self.no_phrase),
            all_words: terms(&self.all_words),
            wording: terms(&self.wording),
            no_words: terms(&self.no_words),
        };
    }

    /// Whether it can fire on a status that refuses nothing.
    pub(crate) fn may_be_success(&self) -> bool {
        self.status.iter().any(|range| range.first < REFUSAL_STATUS_MIN)
    }

    /// Whether fields are asked for, and nothing of the body: then a body that broke off takes nothing away.
    pub(crate) fn rest_on_fields(&self) -> bool {
        let asks_fields = self.limit_spent || !self.fields.is_empty() || !self.any_field.is_empty();
        let lengths = [self.body_bytes_max, self.text_bytes_max, self.headline_bytes_max];
        let asks_length = lengths.iter().any(Option::is_some);
        asks_fields && !asks_length && self.form.is_empty() && self.phrases().next().is_none()
    }

    /// Whether nothing but wording is asked for.
    pub(crate) fn rest_on_words(&self) -> bool {
        !self.wording.is_empty() && self.fields.is_empty() && self.any_field.is_empty() && self.page.is_none()
    }

    /// Whether all conditions are met; the cheap ones are asked first.
    pub(crate) fn are_met(&self, sight: &Sight<'_>) -> bool {
        let response = sight.response();
        let is_reason = |reason: &String| response.reason.eq_ignore_ascii_case(reason.as_bytes());
        self.status.iter().any(|range| range.holds(response.status))
            && self.body_bytes_max.is_none_or(|max| response.body.len() <= max)
            && (self.any_reason.is_empty() || self.any_reason.iter().any(is_reason))
            && self.fields.iter().all(|field| field.is_met(response))
            && (self.any_field.is_empty() || self.any_field.iter().any(|field| field.is_met(response)))
            && !self.no_field.iter().any(|field| field.is_met(response))
            && (!self.limit_spent || sight.is_limit_spent())
            && (self.amid_furniture || response.status >= REFUSAL_STATUS_MIN || self.rest_on_fields() || !sight.has_furniture())
            && self.phrases_are_met(sight)
            && self.words_are_met(sight)
            && self.page.as_ref().is_none_or(|page| sight.is_page(page))
    }

    fn phrases_are_met(&self, sight: &Sight<'_>) -> bool {
        let holds = |number: &usize| sight.in_body().holds(*number);
        let BodyNumbers { all_phrases, any_phrase, no_phrase, .. } = &self.numbers;
        all_phrases.iter().all(holds) && (any_phrase.is_empty() || any_phrase.iter().any(holds)) && !no_phrase.iter().any(holds)
    }

    fn words_are_met(&self, sight: &Sight<'_>) -> bool {
        let is_read = |term: &WordTerm| term.is_in(sight.in_text());
        let is_said = |term: &WordTerm| if self.headline_only { term.is_in(sight.in_headline()) } else { is_read(term) };
        let BodyNumbers { all_words, wording, no_words, .. } = &self.numbers;
        (self.form.is_empty() || self.form.contains(&sight.reading().form))
            && self.text_bytes_max.is_none_or(|max| sight.reading().text.len() <= max)
            && self.headline_bytes_max.is_none_or(|max| sight.reading().headline.len() <= max)
            && all_words.iter().all(is_read)
            && (wording.is_empty() || wording.iter().any(is_said))
            && !no_words.iter().any(is_read)
            && (!self.error_envelope || sight.is_error())
    }
}
