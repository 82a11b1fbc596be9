//! A list that was fetched from the web: where its capture lies, and how it is read.
//!
//! Its body is read from the archive each time, not copied beside it. It is read by its first bytes only, since servers name and
//! compress sitemaps as they like. Fetching is not known here; that is [`crate::gathering`]'s.

use std::io::Cursor;
use std::path::{Path, PathBuf};

use comeback_archive::{CapturePlace, ResponseParts, response_parts};
use comeback_fetch::is_public;

use crate::error::DriverError;
use crate::list::{self, Expected, ListReader};

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
    Ok(list::read(Cursor::new(body), Path::new(url), expected)?)
}
