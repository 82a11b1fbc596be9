//! A list that was fetched from the web: where its capture lies, and how it is read.
//!
//! Its body is read from the archive each time, not copied beside it. It is read by its first bytes only, since servers name and
//! compress sitemaps as they like. Fetching is not known here; that is [`crate::gathering`]'s.

use std::io::Cursor;
use std::path::{Path, PathBuf};

use comeback_archive::{CapturePlace, ResponseParts, response_parts};
use comeback_engine::seed_url::SeedUrl;
use comeback_fetch::is_public;

use crate::error::DriverError;
use crate::list::{self, BadLine, Entry, Expected, Item, LineRefusal, ListReader, ReadError};

/// The longest list that is taken from the web, in bytes without compression: what sitemaps.org allows a sitemap.
pub(crate) const WEB_LIST_BYTES_MAX: u64 = 50 << 20;
/// The longest capture of a list, in bytes: beside the body, heads and the framing of chunks.
const CAPTURE_BYTES_MAX: u64 = WEB_LIST_BYTES_MAX + (16 << 20);

/// A list from the web.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct FetchedList {
    /// Its URL.
    pub(crate) url: String,
    /// The folder of the job that fetched it.
    pub(crate) dir: PathBuf,
    /// Where in it the capture lies.
    pub(crate) place: CapturePlace,
    /// Whether it came from a public address: what it names must not lead to a private one.
    pub(crate) from_public: bool,
}

impl FetchedList {
    /// Opens the capture at a place as the list it turns out to be.
    pub(crate) fn find(
        url: &str,
        dir: &Path,
        place: CapturePlace,
        url_column: Option<&str>,
    ) -> Result<(Self, Box<dyn ListReader>), DriverError> {
        let parts = response_parts(dir, &place, CAPTURE_BYTES_MAX)?;
        // A capture that does not say where it came from is taken for the more dangerous kind.
        let from_public = parts.ip.is_none_or(is_public);
        let reader = read(url, &parts, url_column)?;
        Ok((Self { url: url.to_owned(), dir: dir.to_owned(), place, from_public }, reader))
    }

    /// Opens it again.
    pub(crate) fn open(&self, url_column: Option<&str>) -> Result<Box<dyn ListReader>, DriverError> {
        read(&self.url, &response_parts(&self.dir, &self.place, CAPTURE_BYTES_MAX)?, url_column)
    }
}

fn read(url: &str, parts: &ResponseParts, url_column: Option<&str>) -> Result<Box<dyn ListReader>, DriverError> {
    let body = parts.decoded(WEB_LIST_BYTES_MAX)?;
    let expected = Expected { url_column, bytes_max: Some(WEB_LIST_BYTES_MAX), ..Expected::default() };
    Ok(Box::new(Strangers(list::read(Cursor::new(body), Path::new(url), expected)?)))
}

/// A list that somebody else wrote: its entries are URLs to get, and nothing else.
struct Strangers(Box<dyn ListReader>);

impl ListReader for Strangers {
    fn next_item(&mut self) -> Result<Option<Item>, ReadError> {
        let item = self.0.next_item()?;
        Ok(item.map(|item| {
            let Item { line, end_offset, entry } = item;
            let asks_more = matches!(&entry, Ok(Entry::Url(seed)) if is_more_than_a_url(seed));
            let entry = if asks_more { Err(BadLine { line, refusal: LineRefusal::MoreThanAUrl }) } else { entry };
            Item { line, end_offset, entry }
        }))
    }

    fn is_index(&self) -> bool {
        self.0.is_index()
    }
}

fn is_more_than_a_url(seed: &SeedUrl) -> bool {
    let SeedUrl { given: _, method, headers, body, meta: _ } = seed;
    method != "GET" || !headers.is_empty() || body.is_some()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_list_from_the_web_does_not_say_what_is_sent() {
        let lines = b"{\"url\":\"http://a/1\",\"meta\":7}\n{\"url\":\"http://a/2\",\"method\":\"DELETE\"}\n\
            {\"url\":\"http://a/3\",\"headers\":{\"X\":\"y\"}}\n{\"url\":\"http://a/4\",\"body\":\"b\"}\n";
        let reader = list::read(Cursor::new(lines.to_vec()), Path::new("http://b/list"), Expected::default()).unwrap();
        let mut reader = Strangers(reader);
        let mut entries = Vec::new();
        while let Some(item) = reader.next_item().unwrap() {
            entries.push(item.entry);
        }
        assert!(matches!(&entries[0], Ok(Entry::Url(seed)) if seed.meta.is_some()), "{entries:?}");
        let refused = |entry: &Result<Entry, BadLine>| matches!(entry, Err(line) if line.refusal == LineRefusal::MoreThanAUrl);
        assert!(entries.len() == 4 && entries[1..].iter().all(refused), "{entries:?}");
    }
}
