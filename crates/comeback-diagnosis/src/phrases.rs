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
}

/// The numbers of the phrases that were found somewhere.
#[derive(Debug, Clone, Default)]
pub(crate) struct Found(Vec<u64>);

impl Found {
    fn add(&mut self, number: usize) {
        self.0[number / 64] |= 1 << (number % 64);
    }

    /// Whether the phrase was found.
    pub(crate) fn holds(&self, number: usize) -> bool {
        self.0.get(number / 64).is_some_and(|bits| bits >> (number % 64) & 1 == 1)
    }

    /// The numbers that were found, in ascending order.
    pub(crate) fn iter(&self) -> impl Iterator<Item = usize> {
        let bits_of = |(place, bits): (usize, &u64)| {
            let bits = *bits;
            (0..64).filter(move |bit| bits >> bit & 1 == 1).map(move |bit| place * 64 + bit)
        };
        self.0.iter().enumerate().filter(|(_, bits)| **bits != 0).flat_map(bits_of)
    }
}

impl Phrases {
    /// Compiles the phrases, each with whether it counts on a status of success; they are found in any ASCII case.
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
        for (phrase, number) in &numbers {
            in_order[*number] = phrase;
        }
        let mut searcher = AhoCorasick::builder();
        searcher.ascii_case_insensitive(true);
        let all = searcher.build(&in_order)?;
        let fastest = searcher.kind(Some(AhoCorasickKind::DFA));
        let success = fastest.build(of_success.iter().map(|number| in_order[*number]))?;
        Ok(Self { numbers, all, of_success: success, success_numbers: of_success })
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
        let mut found = self.none_found();
        for hit in self.all.find_overlapping_iter(bytes) {
            found.add(hit.pattern().as_usize());
        }
        found
    }

    /// The phrases that the bytes hold anywhere, of those that count on a status of success.
    pub(crate) fn of_success_in(&self, bytes: &[u8]) -> Found {
        let mut found = self.none_found();
        for hit in self.of_success.find_overlapping_iter(bytes) {
            found.add(self.success_numbers[hit.pattern().as_usize()]);
        }
        found
    }

    fn none_found(&self) -> Found {
        Found(vec![0; self.numbers.len().div_ceil(64)])
    }

    /// The phrases that the text holds as whole words.
    pub(crate) fn words_in(&self, text: &str) -> Found {
        let mut found = self.none_found();
        let bytes = text.as_bytes();
        for hit in self.all.find_overlapping_iter(bytes) {
            if is_edge(bytes, hit.start()) && is_edge(bytes, hit.end()) {
                found.add(hit.pattern().as_usize());
            }
        }
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
