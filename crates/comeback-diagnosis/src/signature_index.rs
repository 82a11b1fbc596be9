//! Which signatures can fire at all: found by what a response holds, so that ten times the signatures cost hardly more.
//!
//! Each signature hangs on one anchor that it cannot fire without: a field's name, a reason phrase, or phrases of the body. The
//! index only sorts out; whether a candidate fires is decided by its conditions.

use std::collections::BTreeMap;

use crate::exchange::Response;
use crate::name_table::NameTable;
use crate::phrases::Phrases;
use crate::sight::{REFUSAL_STATUS_MIN, Sight, longest_piece};
use crate::signature::{Conditions, ProductFile};
use crate::word_term::WordTerm;

/// On a status of success, so short a body is read whatever it holds: its words may be spelt in ways that a search misses.
const READ_ANYWAY_BYTES_MAX: usize = 2 * 1024;

/// Anchors of all signatures; a signature is its number.
#[derive(Debug, Clone, Default)]
pub(crate) struct SignatureIndex {
    by_field: NameTable<OfField>,
    by_reason: NameTable<Vec<usize>>,
    by_phrase: Vec<Vec<usize>>,
    /// Whether a phrase is looked for in what can be read, and not in the bytes.
    is_wording: Vec<bool>,
    /// For each status, the longest body that any signature looks into, in bytes.
    body_bytes_max: BTreeMap<u16, usize>,
    by_spent_limit: Vec<usize>,
    /// What has no anchor is asked every time; the tests let no signature be so.
    unanchored: Vec<usize>,
}

/// What hangs on the name of a field.
#[derive(Debug, Clone, Default)]
struct OfField {
    signatures: Vec<usize>,
    /// The numbers of the files whose product it shows.
    files: Vec<usize>,
}

/// The names while they are gathered.
#[derive(Default)]
struct Names {
    fields: BTreeMap<String, OfField>,
    reasons: BTreeMap<String, Vec<usize>>,
}

impl Names {
    fn field(&mut self, name: &str) -> &mut OfField {
        self.fields.entry(name.to_ascii_lowercase()).or_default()
    }
}

impl SignatureIndex {
    /// Hangs each signature on its anchor.
    pub(crate) fn of(files: &[ProductFile], phrases: &Phrases) -> Self {
        let mut index =
            Self { by_phrase: vec![Vec::new(); phrases.count()], is_wording: vec![false; phrases.count()], ..Self::default() };
        let mut names = Names::default();
        for (number, signature) in files.iter().flat_map(|file| &file.signature).enumerate() {
            index.add(number, &signature.when, phrases, &mut names);
        }
        for (number, file) in files.iter().enumerate() {
            for field in &file.presence {
                names.field(&field.name).files.push(number);
            }
        }
        Self { by_field: NameTable::of(names.fields), by_reason: NameTable::of(names.reasons), ..index }
    }

    fn add(&mut self, number: usize, when: &Conditions, phrases: &Phrases, names: &mut Names) {
        if when.limit_spent {
            self.by_spent_limit.push(number);
        } else if let Some(field) = when.fields.first() {
            names.field(&field.name).signatures.push(number);
        } else if !when.any_field.is_empty() {
            for field in &when.any_field {
                names.field(&field.name).signatures.push(number);
            }
        } else if !when.any_reason.is_empty() {
            for reason in &when.any_reason {
                names.reasons.entry(reason.to_ascii_lowercase()).or_default().push(number);
            }
        } else if !self.add_by_phrases(number, when, phrases) {
            self.unanchored.push(number);
        }
    }

    fn add_by_phrases(&mut self, number: usize, when: &Conditions, phrases: &Phrases) -> bool {
        let bytes_max = when.body_bytes_max.unwrap_or(usize::MAX);
        let page = when.page.as_deref().map(longest_piece).filter(|piece| !piece.is_empty());
        let is_wording =
            page.is_none() && when.all_phrases.is_empty() && (!when.all_words.is_empty() || when.any_phrase.is_empty());
        let anchors: Vec<usize> = if let Some(phrase) = page.or_else(|| when.all_phrases.first().map(String::as_str)) {
            phrases.number(phrase).into_iter().collect()
        } else if let Some(term) = when.numbers.all_words.first() {
            term.anchors().to_vec()
        } else if when.any_phrase.is_empty() {
            when.numbers.wording.iter().flat_map(WordTerm::anchors).copied().collect()
        } else {
            when.any_phrase.iter().filter_map(|phrase| phrases.number(phrase)).collect()
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

    /// The numbers of the files whose product may show by a field, in ascending order.
    pub(crate) fn files_present(&self, response: &Response<'_>) -> Vec<usize> {
        let mut files = Vec::new();
        for (name, _) in response.fields {
            files.extend(self.by_field.get(name).into_iter().flat_map(|hanging| &hanging.files));
        }
        files.sort_unstable();
        files.dedup();
        files
    }

    /// The signatures that can fire on what is seen, in ascending order.
    pub(crate) fn candidates(&self, sight: &Sight<'_>) -> Vec<usize> {
        let response = sight.response();
        let mut candidates = self.unanchored.clone();
        for (name, _) in response.fields {
            candidates.extend(self.by_field.get(name).into_iter().flat_map(|hanging| &hanging.signatures));
        }
        candidates.extend(self.by_reason.get(response.reason).into_iter().flatten());
        if response.status >= REFUSAL_STATUS_MIN && sight.is_limit_spent() {
            candidates.extend(&self.by_spent_limit);
        }
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
        let response = sight.response();
        let mut is_worth_reading = response.status >= REFUSAL_STATUS_MIN || response.body.len() <= READ_ANYWAY_BYTES_MAX;
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
