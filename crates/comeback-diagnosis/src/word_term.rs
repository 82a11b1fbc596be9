//! One entry of a list of wording: a phrase, or several that stand near one another in any order.
//!
//! `zu viele|viele + anfragen|zugriffe` is met where one of the first and one of the second begin within [`NEAR_BYTES_MAX`] of each
//! other; `gesperrt*` stands for every word that begins so. Languages say the same in more orders and endings than a list of whole
//! phrases can hold. It finds words; what they mean is the signatures' affair.

use crate::phrases::{Found, Phrases};

/// How far apart two words of one entry may begin, in bytes: about a clause.
pub(crate) const NEAR_BYTES_MAX: usize = 72;

/// Between the parts of an entry that must stand near one another.
const BETWEEN_PARTS: &str = " + ";

/// Between the phrases of which a part needs one.
const BETWEEN_CHOICES: char = '|';

/// The numbers of the phrases of an entry: of each part one is needed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct WordTerm(Vec<Vec<usize>>);

impl WordTerm {
    /// The phrases that an entry is made of.
    pub(crate) fn phrases_of(entry: &str) -> impl Iterator<Item = &str> {
        entry.split(BETWEEN_PARTS).flat_map(|part| part.split(BETWEEN_CHOICES)).map(str::trim).filter(|phrase| !phrase.is_empty())
    }

    /// The entry with its phrases' numbers.
    pub(crate) fn compile(entry: &str, phrases: &Phrases) -> Self {
        let numbers = |part| Self::phrases_of(part).filter_map(|phrase| phrases.number(phrase)).collect();
        Self(entry.split(BETWEEN_PARTS).map(numbers).collect())
    }

    /// The phrases without one of which the entry is never met.
    pub(crate) fn anchors(&self) -> &[usize] {
        self.0.first().map_or(&[], Vec::as_slice)
    }

    /// Whether it is met by what was found in a text.
    pub(crate) fn is_in(&self, found: &Found) -> bool {
        let Some((first, others)) = self.0.split_first() else { return false };
        let is_any = |part: &[usize], number: &usize| part.contains(number);
        if others.is_empty() {
            return first.iter().any(|number| found.holds(*number));
        }
        let near = |start: usize, part: &[usize]| found.near(start, NEAR_BYTES_MAX).any(|number| is_any(part, &number));
        let holds_each = self.0.iter().all(|part| part.iter().any(|number| found.holds(*number)));
        let mut starts = found.places().filter(|(_, number)| is_any(first, number)).map(|(start, _)| start);
        holds_each && starts.any(|start| others.iter().all(|part| near(start, part)))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn is_met(entry: &str, text: &str) -> bool {
        let phrases = WordTerm::phrases_of(entry).map(|phrase| (phrase.to_owned(), false)).collect::<Vec<_>>();
        let phrases = Phrases::compile(phrases.into_iter()).expect("a few phrases");
        WordTerm::compile(entry, &phrases).is_in(&phrases.words_in(text))
    }

    #[test]
    fn each_part_must_be_near_in_any_order() {
        let entry = "zu viele|viele + anfrage*|zugriffe + ip";
        assert!(is_met(entry, "von dieser ip kamen zu viele anfragen"));
        assert!(is_met(entry, "viele zugriffe: ip"));
        assert!(!is_met(entry, "zu viele anfragen"));
        assert!(!is_met("a + b", &format!("a {} b", "x".repeat(NEAR_BYTES_MAX))));
    }

    #[test]
    fn stars_stand_for_the_rest_of_a_word() {
        assert!(is_met("gesperr*", "wurde gesperrt."));
        assert!(!is_met("gesperr", "wurde gesperrt."));
        assert!(!is_met("sperr*", "wurde gesperrt."));
    }
}
