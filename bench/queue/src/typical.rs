//! What a typical URL is: 80 bytes in the mean, a host with its name in the path's style, words and a number of its own.
//!
//! The words are drawn, so that a compressor finds what it would find in real lists and no more: repeated hosts and sections,
//! repeated words, and for each URL some thirty bits that are its own.

use std::fs::File;
use std::io::{self, BufWriter, Write};
use std::path::Path;

use rand_pcg::Pcg64Mcg;
use rand_pcg::rand_core::{Rng, SeedableRng};

use crate::shape::Spread;

/// One line in so many repeats an earlier one.
const LINES_PER_DUPLICATE: u64 = 100;
/// The level at which the list is compressed, as archives of lists are.
const LIST_ZSTD_LEVEL: i32 = 3;

const WORDS: [&str; 64] = [
    "annual", "archive", "autumn", "better", "bridge", "budget", "camera", "castle", "change", "choice", "city", "climate",
    "coffee", "court", "data", "debate", "design", "early", "east", "energy", "europe", "event", "family", "festival", "final",
    "forest", "future", "garden", "global", "guide", "harbour", "health", "history", "home", "hotel", "island", "journey",
    "kitchen", "law", "letter", "library", "market", "museum", "music", "nature", "north", "office", "paper", "people", "planet",
    "policy", "project", "record", "report", "river", "school", "season", "senate", "summer", "theatre", "travel", "village",
    "water", "winter",
];
const SECTIONS: [&str; 8] = ["news", "articles", "blog", "en/products", "wiki", "people", "shop/item", "archive"];
const ENDINGS: [&str; 8] = ["com", "org", "net", "de", "co.uk", "fr", "it", "info"];

/// What a list holds.
#[derive(Debug, Clone, Copy, Default)]
pub(crate) struct Made {
    /// Lines, repeated ones included.
    pub(crate) lines: u64,
    /// Lines that repeat another.
    pub(crate) duplicates: u64,
    /// Bytes of all URLs.
    pub(crate) bytes: u64,
}

/// Writes a list of so many different URLs, compressed.
pub(crate) fn write(path: &Path, spread: &Spread, urls: u64) -> io::Result<Made> {
    let mut out = BufWriter::new(zstd::Encoder::new(File::create(path)?, LIST_ZSTD_LEVEL)?);
    let mut made = Made::default();
    let mut line = String::new();
    for number in 0..urls {
        url(spread, number, &mut line);
        writeln!(out, "{line}")?;
        made.lines += 1;
        made.bytes += line.len() as u64;
        if number % LINES_PER_DUPLICATE == LINES_PER_DUPLICATE - 1 {
            url(spread, number / 2, &mut line);
            writeln!(out, "{line}")?;
            made.lines += 1;
            made.duplicates += 1;
            made.bytes += line.len() as u64;
        }
    }
    out.into_inner().map_err(io::IntoInnerError::into_error)?.finish()?.sync_all()?;
    Ok(made)
}

/// The URL of this number.
fn url(spread: &Spread, number: u64, line: &mut String) {
    use std::fmt::Write as _;
    let host = spread.host_of(number);
    let mut of_host = Pcg64Mcg::seed_from_u64(host);
    let mut of_url = Pcg64Mcg::seed_from_u64(number ^ 0x5bd1_e995);
    line.clear();
    let (first, ending) = (word(&mut of_host), pick(&ENDINGS, &mut of_host));
    let section = pick(&SECTIONS, if host.is_multiple_of(3) { &mut of_host } else { &mut of_url });
    write!(line, "https://www.{first}{host}.{ending}/{section}/").expect("writing into a String does not fail");
    let (year, month) = (2010 + of_url.next_u32() % 16, 1 + of_url.next_u32() % 12);
    write!(line, "{year}/{month:02}/").expect("writing into a String does not fail");
    for _ in 0..3 + of_url.next_u32() % 3 {
        line.push_str(word(&mut of_url));
        line.push('-');
    }
    write!(line, "{number}.html").expect("writing into a String does not fail");
}

fn word(chance: &mut Pcg64Mcg) -> &'static str {
    pick(&WORDS, chance)
}

fn pick(words: &[&'static str], chance: &mut Pcg64Mcg) -> &'static str {
    let most = u32::try_from(words.len()).unwrap_or(u32::MAX);
    words[(chance.next_u32() % most) as usize]
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::shape::Shape;

    #[test]
    fn a_typical_url_has_80_bytes_and_a_number_of_its_own() {
        let spread = Spread::new(Shape::FewHosts, 10_000_000);
        let (mut line, mut bytes) = (String::new(), 0);
        for number in (0..10_000_000).step_by(1_000) {
            url(&spread, number, &mut line);
            assert!(line.ends_with(&format!("-{number}.html")));
            bytes += line.len();
        }
        assert!((78..83).contains(&(bytes / 10_000)), "{}", bytes / 10_000);
    }
}
