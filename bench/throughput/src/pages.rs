//! Pages of 10 KB with the entropy of real text, no two alike.
//!
//! The words are drawn by a chain over this project's own documents: after a word, one of those that follow it there. Each page is a piece of one long text under a title of its own, so that none is a revisit of another.

use std::collections::HashMap;

use rand_pcg::Pcg64Mcg;
use rand_pcg::rand_core::{Rng, SeedableRng};

const SOURCES: [&str; 8] = [
    include_str!("../../../docs/architecture.md"),
    include_str!("../../../docs/behaviour.md"),
    include_str!("../../../docs/commit-and-recovery.md"),
    include_str!("../../../docs/configuration.md"),
    include_str!("../../../docs/lists.md"),
    include_str!("../../../docs/outcomes.md"),
    include_str!("../../../docs/policy.md"),
    include_str!("../../../docs/testing.md"),
];

/// The length of a page.
pub(crate) const PAGE_BYTES: usize = 10_000;
/// The text that pages are pieces of.
const TEXT_BYTES: usize = 16 << 20;
const TEXT_SEED: u64 = 503;
const WORDS_PER_PARAGRAPH: u64 = 60;
/// Spreads the numbers of pages over the text.
const STRIDE: u64 = 0x9e37_79b9_7f4a_7c15;

/// The text, and the pages of it.
pub(crate) struct Pages {
    text: Vec<u8>,
}

impl Pages {
    pub(crate) fn new() -> Self {
        let is_prose = |word: &&str| word.starts_with(|first: char| first.is_ascii_alphanumeric());
        let words: Vec<&str> = SOURCES.iter().flat_map(|source| source.split_whitespace().filter(is_prose)).collect();
        let mut following: HashMap<&str, Vec<&str>> = HashMap::new();
        for pair in words.windows(2) {
            following.entry(pair[0]).or_default().push(pair[1]);
        }
        let mut chance = Pcg64Mcg::seed_from_u64(TEXT_SEED);
        let mut last = words[0];
        let mut text = Vec::with_capacity(TEXT_BYTES + PAGE_BYTES);
        while text.len() < TEXT_BYTES + PAGE_BYTES {
            last = following.get(last).map_or(words[0], |next| next[draw(&mut chance, next.len())]);
            text.extend(last.bytes().map(|byte| if byte.is_ascii() { byte } else { b'?' }));
            let ending: &[u8] = if chance.next_u64().is_multiple_of(WORDS_PER_PARAGRAPH) { b"</p>\n<p>" } else { b" " };
            text.extend_from_slice(ending);
        }
        Self { text }
    }

    /// A page after its head's end, so that head and page are exactly as long as they say.
    pub(crate) fn append(&self, number: u64, to: &mut Vec<u8>) {
        let begun = to.len();
        to.extend_from_slice(format!("<!doctype html>\n<title>Page {number}</title>\n<body>\n<p>").as_bytes());
        let piece = PAGE_BYTES - (to.len() - begun);
        let place = usize::try_from(number.wrapping_mul(STRIDE) >> 40).unwrap_or(0) % TEXT_BYTES;
        to.extend_from_slice(&self.text[place..place + piece]);
    }
}

fn draw(chance: &mut Pcg64Mcg, count: usize) -> usize {
    usize::try_from(chance.next_u64() % count.max(1) as u64).unwrap_or(0)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pages_are_distinct_and_compress_as_text_does() {
        let pages = Pages::new();
        let (mut one, mut other) = (Vec::new(), Vec::new());
        pages.append(1, &mut one);
        pages.append(2, &mut other);
        assert_eq!((one.len(), other.len()), (PAGE_BYTES, PAGE_BYTES));
        assert_ne!(one[100..], other[100..]);
        let mut compressor = libdeflater::Compressor::new(libdeflater::CompressionLvl::new(1).unwrap());
        let mut out = vec![0; compressor.gzip_compress_bound(PAGE_BYTES)];
        let bytes = compressor.gzip_compress(&one, &mut out).unwrap();
        assert!((PAGE_BYTES / 4..PAGE_BYTES / 2).contains(&bytes), "{bytes}");
    }
}
