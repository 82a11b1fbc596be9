//! One response as signatures see it: each costly reading of its body is done once, and only when a signature asks for it.
//!
//! It reads bytes; it holds no opinion and no rule.

use std::cell::OnceCell;

use crate::error_envelope;
use crate::exchange::{BODY_SEEN_BYTES_MAX, Response};
use crate::phrases::{Found, Phrases};
use crate::rate_limit;
use crate::reading::Reading;
use crate::spoken_fields::spoken;

/// Structures are compared with bodies up to this length; an error page of a server is much shorter.
pub(crate) const PAGE_BYTES_MAX: usize = 8 * 1024;

/// The first status that refuses (RFC 9110, section 15.5): from there on the words beside the body are read, too.
pub(crate) const REFUSAL_STATUS_MIN: u16 = 400;

/// What only a page of a site has.
pub(crate) const FURNITURE: [&str; 3] = ["<nav", "<article", "<footer"];

/// A response, with what was read of its body so far.
pub(crate) struct Sight<'a> {
    response: &'a Response<'a>,
    phrases: &'a Phrases,
    in_body: OnceCell<Found>,
    reading: OnceCell<Reading>,
    in_headline: OnceCell<Found>,
    in_text: OnceCell<Found>,
    page: OnceCell<Vec<u8>>,
    is_limit_spent: OnceCell<bool>,
    is_error: OnceCell<bool>,
}

impl<'a> Sight<'a> {
    /// Looks at a response.
    pub(crate) const fn of(response: &'a Response<'a>, phrases: &'a Phrases) -> Self {
        Self {
            response,
            phrases,
            in_body: OnceCell::new(),
            reading: OnceCell::new(),
            in_headline: OnceCell::new(),
            in_text: OnceCell::new(),
            page: OnceCell::new(),
            is_limit_spent: OnceCell::new(),
            is_error: OnceCell::new(),
        }
    }

    /// The response that is looked at.
    pub(crate) const fn response(&self) -> &'a Response<'a> {
        self.response
    }

    fn seen(&self) -> &'a [u8] {
        &self.response.body[..self.response.body.len().min(BODY_SEEN_BYTES_MAX)]
    }

    /// The phrases that the body's beginning holds.
    pub(crate) fn in_body(&self) -> &Found {
        self.in_body.get_or_init(|| {
            let is_success = self.response.status < REFUSAL_STATUS_MIN;
            if is_success { self.phrases.of_success_in(self.seen()) } else { self.phrases.found_in(self.seen()) }
        })
    }

    /// What can be read of the body.
    pub(crate) fn reading(&self) -> &Reading {
        self.reading.get_or_init(|| {
            let reading = Reading::of(self.seen());
            if self.response.status < REFUSAL_STATUS_MIN { reading } else { reading.preceded_by(&spoken(self.response)) }
        })
    }

    /// Whether the body has what only a page of a site has around its content: then what it says is the site's, no refusal.
    pub(crate) fn has_furniture(&self) -> bool {
        FURNITURE.iter().filter_map(|tag| self.phrases.number(tag)).any(|tag| self.in_body().holds(tag))
    }

    /// The phrases that the headline holds.
    pub(crate) fn in_headline(&self) -> &Found {
        self.in_headline.get_or_init(|| self.phrases.words_in(&self.reading().headline))
    }

    /// The phrases that the visible text holds.
    pub(crate) fn in_text(&self) -> &Found {
        self.in_text.get_or_init(|| self.phrases.words_in(&self.reading().text))
    }

    /// Whether the whole body has the structure of `pattern`, in which `*` stands for anything.
    pub(crate) fn is_page(&self, pattern: &str) -> bool {
        self.response.body.len() <= PAGE_BYTES_MAX
            && fits(pattern.as_bytes(), self.page.get_or_init(|| with_single_blanks(self.response.body)))
    }

    /// Whether the body is nothing but an error of a program, by its own word.
    pub(crate) fn is_error(&self) -> bool {
        *self.is_error.get_or_init(|| error_envelope::is_error(self.response.body))
    }

    /// Whether fields say that a limit of requests is spent.
    pub(crate) fn is_limit_spent(&self) -> bool {
        *self.is_limit_spent.get_or_init(|| rate_limit::is_spent(self.response))
    }
}

/// The longest piece of a structure that holds no star and no blank, by which bodies that can have it are found.
pub(crate) fn longest_piece(pattern: &str) -> &str {
    pattern.split(['*', ' ']).max_by_key(|piece| piece.len()).unwrap_or(pattern)
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
        let Some(place) = memchr::memmem::find(rest, piece) else { return false };
        rest = &rest[place + piece.len()..];
    }
    rest.ends_with(last)
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

    #[test]
    fn a_structure_is_found_by_its_longest_word() {
        assert_eq!(longest_piece("<html> <center>nginx*</center>"), "<center>nginx");
    }
}
