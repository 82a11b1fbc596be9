//! One response as signatures see it: each costly reading of its body is done once, and only when a signature asks for it.
//!
//! It reads bytes; it holds no opinion and no rule.

use std::cell::OnceCell;
use std::collections::BTreeMap;

use aho_corasick::{AhoCorasick, BuildError};

use crate::exchange::{BODY_SEEN_BYTES_MAX, Response};

/// Structures are compared with bodies up to this length; an error page of a server is much shorter.
pub(crate) const PAGE_BYTES_MAX: usize = 8 * 1024;

/// All phrases of all signatures, searched for in one pass.
#[derive(Debug, Clone)]
pub(crate) struct Phrases {
    searcher: AhoCorasick,
    places: BTreeMap<String, usize>,
}

impl Phrases {
    /// Compiles the phrases; they are found in any ASCII case.
    pub(crate) fn compile<'a>(phrases: impl Iterator<Item = &'a String>) -> Result<Self, BuildError> {
        let mut places = BTreeMap::new();
        for phrase in phrases {
            let place = places.len();
            places.entry(phrase.clone()).or_insert(place);
        }
        let mut in_order = vec![""; places.len()];
        for (phrase, place) in &places {
            in_order[*place] = phrase;
        }
        let searcher = AhoCorasick::builder().ascii_case_insensitive(true).build(&in_order)?;
        Ok(Self { searcher, places })
    }

    fn found_in(&self, body: &[u8]) -> Vec<bool> {
        let mut found = vec![false; self.places.len()];
        for phrase in self.searcher.find_overlapping_iter(body) {
            found[phrase.pattern().as_usize()] = true;
        }
        found
    }
}

/// A response, with what was read of its body so far.
pub(crate) struct Sight<'a> {
    response: &'a Response<'a>,
    phrases: &'a Phrases,
    found: OnceCell<Vec<bool>>,
    page: OnceCell<Vec<u8>>,
}

impl<'a> Sight<'a> {
    /// Looks at a response.
    pub(crate) const fn of(response: &'a Response<'a>, phrases: &'a Phrases) -> Self {
        Self { response, phrases, found: OnceCell::new(), page: OnceCell::new() }
    }

    /// The response that is looked at.
    pub(crate) const fn response(&self) -> &'a Response<'a> {
        self.response
    }

    /// Whether the body's beginning holds a phrase.
    pub(crate) fn holds(&self, phrase: &str) -> bool {
        let seen = &self.response.body[..self.response.body.len().min(BODY_SEEN_BYTES_MAX)];
        let found = self.found.get_or_init(|| self.phrases.found_in(seen));
        self.phrases.places.get(phrase).is_some_and(|place| found[*place])
    }

    /// Whether the whole body has the structure of `pattern`, in which `*` stands for anything.
    pub(crate) fn is_page(&self, pattern: &str) -> bool {
        self.response.body.len() <= PAGE_BYTES_MAX
            && fits(pattern.as_bytes(), self.page.get_or_init(|| with_single_blanks(self.response.body)))
    }
}

/// The bytes without blanks at both ends, each run of blanks within made one blank.
fn with_single_blanks(bytes: &[u8]) -> Vec<u8> {
    let mut single = Vec::with_capacity(bytes.len());
    for byte in bytes.trim_ascii() {
        if !byte.is_ascii_whitespace() {
            single.push(*byte);
        } else if single.last() != Some(&b' ') {
            single.push(b' ');
        }
    }
    single
}

/// Whether the text fits the pattern: the pieces between its stars occur in order, the outer ones at the ends.
fn fits(pattern: &[u8], text: &[u8]) -> bool {
    let mut pieces = pattern.split(|byte| *byte == b'*');
    let first = pieces.next().unwrap_or_default();
    let Some(mut rest) = text.strip_prefix(first) else { return false };
    let Some(last) = pieces.next_back() else { return rest.is_empty() };
    for piece in pieces {
        let Some(place) = find(rest, piece) else { return false };
        rest = &rest[place + piece.len()..];
    }
    rest.ends_with(last)
}

fn find(text: &[u8], piece: &[u8]) -> Option<usize> {
    if piece.is_empty() { Some(0) } else { text.windows(piece.len()).position(|window| window == piece) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn stars_stand_for_anything_and_ends_are_anchored() {
        for (pattern, text, expected) in [
            ("<a>*</a>", "<a></a>", true),
            ("<a>*</a>", "<a>x</a>y", false),
            ("<a>*b*</a>", "<a>xbx</a>", true),
            ("<a>*b*</a>", "<a>xx</a>", false),
            ("ab", "ab", true),
            ("ab", "abc", false),
            ("aa*aa", "aaa", false),
            ("*", "", true),
            ("", "", true),
        ] {
            assert_eq!(fits(pattern.as_bytes(), text.as_bytes()), expected, "{pattern} {text}");
        }
    }

    #[test]
    fn blanks_count_once() {
        assert_eq!(with_single_blanks(b"\r\n<a>\r\n  <b>\t</b>\n"), b"<a> <b> </b>");
    }
}
