//! All phrases of all signatures, searched for in one pass, however many there are.
//!
//! It finds bytes; what they mean is the signatures' affair.

use std::collections::BTreeMap;

use aho_corasick::{AhoCorasick, AhoCorasickKind, BuildError};

/// The compiled phrases; each has a number.
#[derive(Debug, Clone)]
pub(crate) struct Phrases {
    numbers: BTreeMap<String, usize>,
    all: AhoCorasick,
    /// The few phrases that count on a status of success, where bodies are long and many: small enough for the fastest searcher.
    of_success: AhoCorasick,
    success_numbers: Vec<usize>,
    /// For each number, whether the phrase is a stem.
    is_stem: Vec<bool>,
}

/// How many places of words are kept; a text with more of them is no short answer.
const PLACES_MAX: usize = 4_096;

/// At the end of a phrase: it stands for every word that begins so.
const STEM_MARK: char = '*';

/// The phrases that were found somewhere.
#[derive(Debug, Clone, Default)]
pub(crate) struct Found {
    /// Their numbers, in ascending order.
    numbers: Vec<usize>,
    /// Where each word begins, and its phrase's number, in the order of the text.
    places: Vec<(usize, usize)>,
}

impl Found {
    fn add(&mut self, number: usize) {
        if let Err(place) = self.numbers.binary_search(&number) {
            self.numbers.insert(place, number);
        }
    }

    /// Whether the phrase was found.
    pub(crate) fn holds(&self, number: usize) -> bool {
        self.numbers.binary_search(&number).is_ok()
    }

    /// The numbers that were found, in ascending order.
    pub(crate) fn iter(&self) -> impl Iterator<Item = usize> {
        self.numbers.iter().copied()
    }

    /// Where words begin, and their phrases' numbers, in the order of the text.
    pub(crate) fn places(&self) -> impl Iterator<Item = (usize, usize)> {
        self.places.iter().copied()
    }

    /// The phrases that begin within so many bytes of a place, before it or behind.
    pub(crate) fn near(&self, start: usize, bytes: usize) -> impl Iterator<Item = usize> {
        let first = self.places.partition_point(|(place, _)| place + bytes < start);
        self.places[first..].iter().take_while(move |(place, _)| *place <= start + bytes).map(|(_, number)| *number)
    }
}

impl Phrases {
    /// Compiles the phrases, each with whether it counts on a status of success; they are found in any ASCII case. A star at the
    /// end of a phrase makes it a stem.
    pub(crate) fn compile(phrases: impl Iterator<Item = (String, bool)>) -> Result<Self, BuildError> {
        let mut numbers: BTreeMap<String, usize> = BTreeMap::new();
        let mut of_success = Vec::new();
        for (phrase, is_of_success) in phrases {
            let next = numbers.len();
            let number = *numbers.entry(phrase).or_insert(next);
            if is_of_success {
                of_success.push(number);
            }
        }
        of_success.sort_unstable();
        of_success.dedup();
        let mut in_order = vec![""; numbers.len()];
        let mut is_stem = vec![false; numbers.len()];
        for (phrase, number) in &numbers {
            in_order[*number] = phrase.strip_suffix(STEM_MARK).unwrap_or(phrase);
            is_stem[*number] = phrase.ends_with(STEM_MARK);
        }
        let mut searcher = AhoCorasick::builder();
        searcher.ascii_case_insensitive(true);
        let all = searcher.build(&in_order)?;
        let fastest = searcher.kind(Some(AhoCorasickKind::DFA));
        let success = fastest.build(of_success.iter().map(|number| in_order[*number]))?;
        Ok(Self { numbers, all, of_success: success, success_numbers: of_success, is_stem })
    }

    /// The number of a phrase.
    pub(crate) fn number(&self, phrase: &str) -> Option<usize> {
        self.numbers.get(phrase).copied()
    }

    /// How many phrases there are.
    pub(crate) fn count(&self) -> usize {
        self.numbers.len()
    }

    /// The phrases that the bytes hold anywhere.
    pub(crate) fn found_in(&self, bytes: &[u8]) -> Found {
        let mut found = Found::default();
        for hit in self.all.find_overlapping_iter(bytes) {
            found.add(hit.pattern().as_usize());
        }
        found
    }

    /// The phrases that the bytes hold anywhere, of those that count on a status of success.
    pub(crate) fn of_success_in(&self, bytes: &[u8]) -> Found {
        let mut found = Found::default();
        for hit in self.of_success.find_overlapping_iter(bytes) {
            found.add(self.success_numbers[hit.pattern().as_usize()]);
        }
        found
    }

    /// The phrases that the text holds as whole words.
    pub(crate) fn words_in(&self, text: &str) -> Found {
        let mut found = Found::default();
        let bytes = text.as_bytes();
        for hit in self.all.find_overlapping_iter(bytes) {
            let number = hit.pattern().as_usize();
            if is_edge(bytes, hit.start()) && (self.is_stem[number] || is_edge(bytes, hit.end())) {
                found.add(number);
                if found.places.len() < PLACES_MAX {
                    found.places.push((hit.start(), number));
                }
            }
        }
        found.places.sort_unstable();
        found
    }
}

/// Whether no word goes on across the place: two ASCII letters or digits beside each other are one word.
fn is_edge(bytes: &[u8], place: usize) -> bool {
    let before = place.checked_sub(1).and_then(|place| bytes.get(place));
    ![before, bytes.get(place)].into_iter().all(|byte| byte.is_some_and(u8::is_ascii_alphanumeric))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn words_are_found_whole_and_bytes_anywhere() {
        let both = [("ban".to_owned(), false), ("you are banned".to_owned(), true)];
        let phrases = Phrases::compile(both.into_iter()).expect("two phrases");
        let numbers = |found: Found| found.iter().collect::<Vec<_>>();
        assert_eq!(numbers(phrases.found_in(b"You ARE banned")), [0, 1]);
        assert_eq!(numbers(phrases.of_success_in(b"you are banned")), [1]);
        assert_eq!(numbers(phrases.words_in("you are banned")), [1]);
        assert_eq!(numbers(phrases.words_in("a ban.")), [0]);
        assert_eq!((phrases.number("ban"), phrases.number("bann"), phrases.count()), (Some(0), None, 2));
    }
}
