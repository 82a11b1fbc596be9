//! Which signatures can fire at all: found by what a response holds, so that ten times the signatures cost hardly more.
//!
//! Each signature hangs on one anchor that it cannot fire without: a field's name, a reason phrase, or phrases of the body. The
//! index only sorts out; whether a candidate fires is decided by its conditions.

use std::collections::BTreeMap;

use crate::phrases::Phrases;
use crate::sight::{REFUSAL_STATUS_MIN, Sight, longest_piece};
use crate::signature::Conditions;

/// Anchors of all signatures; a signature is its number.
#[derive(Debug, Clone, Default)]
pub(crate) struct SignatureIndex {
    by_field: BTreeMap<String, Vec<usize>>,
    by_reason: BTreeMap<String, Vec<usize>>,
    by_phrase: Vec<Vec<usize>>,
    /// Whether a phrase is looked for in what can be read, and not in the bytes.
    is_wording: Vec<bool>,
    /// For each status, the longest body that any signature looks into, in bytes.
    body_bytes_max: BTreeMap<u16, usize>,
    unanchored: Vec<usize>,
}

impl SignatureIndex {
    /// Hangs each signature on its anchor.
    pub(crate) fn of<'a>(signatures: impl Iterator<Item = &'a Conditions>, phrases: &Phrases) -> Self {
        let mut index =
            Self { by_phrase: vec![Vec::new(); phrases.count()], is_wording: vec![false; phrases.count()], ..Self::default() };
        for (number, when) in signatures.enumerate() {
            index.add(number, when, phrases);
        }
        index
    }

    fn add(&mut self, number: usize, when: &Conditions, phrases: &Phrases) {
        if let Some(field) = when.fields.first() {
            self.by_field.entry(field.name.to_ascii_lowercase()).or_default().push(number);
        } else if !when.any_field.is_empty() {
            for field in &when.any_field {
                self.by_field.entry(field.name.to_ascii_lowercase()).or_default().push(number);
            }
        } else if !when.any_reason.is_empty() {
            for reason in &when.any_reason {
                self.by_reason.entry(reason.to_ascii_lowercase()).or_default().push(number);
            }
        } else if !self.add_by_phrases(number, when, phrases) {
            self.unanchored.push(number);
        }
    }

    fn add_by_phrases(&mut self, number: usize, when: &Conditions, phrases: &Phrases) -> bool {
        let bytes_max = when.body_bytes_max.unwrap_or(usize::MAX);
        let page = when.page.as_deref().map(longest_piece);
        let one =
            page.or_else(|| when.all_phrases.first().map(String::as_str)).or_else(|| when.all_words.first().map(String::as_str));
        let any = if when.any_phrase.is_empty() { &when.wording } else { &when.any_phrase };
        let is_wording =
            page.is_none() && when.all_phrases.is_empty() && (!when.all_words.is_empty() || when.any_phrase.is_empty());
        let anchors: Vec<usize> = match one {
            Some(phrase) => phrases.number(phrase).into_iter().collect(),
            None => any.iter().filter_map(|phrase| phrases.number(phrase)).collect(),
        };
        for anchor in &anchors {
            self.by_phrase[*anchor].push(number);
            self.is_wording[*anchor] |= is_wording;
        }
        for status in when.status.iter().flat_map(|range| range.first..=range.last) {
            let longest = self.body_bytes_max.entry(status).or_default();
            *longest = (*longest).max(bytes_max);
        }
        !anchors.is_empty()
    }

    /// The signatures that can fire on what is seen, in ascending order.
    pub(crate) fn candidates(&self, sight: &Sight<'_>) -> Vec<usize> {
        let response = sight.response();
        let mut candidates = self.unanchored.clone();
        for (name, _) in response.fields {
            let name = String::from_utf8_lossy(name).to_ascii_lowercase();
            candidates.extend(self.by_field.get(&name).into_iter().flatten());
        }
        let reason = String::from_utf8_lossy(response.reason).to_ascii_lowercase();
        candidates.extend(self.by_reason.get(&reason).into_iter().flatten());
        let bytes_max = self.body_bytes_max.get(&response.status).copied().unwrap_or(0);
        let has_words = !response.body.is_empty() || response.status >= REFUSAL_STATUS_MIN;
        if has_words && response.body.len() <= bytes_max {
            self.add_by_body(sight, &mut candidates);
        }
        candidates.sort_unstable();
        candidates.dedup();
        candidates
    }

    fn add_by_body(&self, sight: &Sight<'_>, candidates: &mut Vec<usize>) {
        // What refuses is short, and worth a reading whatever it holds.
        let mut is_worth_reading = sight.response().status >= REFUSAL_STATUS_MIN;
        for phrase in sight.in_body().iter() {
            candidates.extend(&self.by_phrase[phrase]);
            is_worth_reading |= self.is_wording[phrase];
        }
        if is_worth_reading {
            let read = sight.in_headline().iter().chain(sight.in_text().iter());
            candidates.extend(read.flat_map(|phrase| &self.by_phrase[phrase]));
        }
    }
}
