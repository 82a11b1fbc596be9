//! A list that was fetched from the web: where its capture lies, and how it is read.
//!
//! Its body is read from the archive each time, not copied beside it. It is read by its first bytes only, since servers name and
//! compress sitemaps as they like. Fetching is not known here; that is [`crate::gathering`]'s.

use std::io::Cursor;
use std::path::{Path, PathBuf};

use comeback_archive::{CapturePlace, response_parts};

use crate::error::DriverError;
use crate::list::{self, Expected, ListReader};

/// The longest list that is taken from the web, in bytes without compression: what sitemaps.org allows a sitemap.
pub(crate) const WEB_LIST_BYTES_MAX: u64 = 50 << 20;
/// What a capture may be longer than its body, in bytes: heads and the framing of chunks.
const FRAMING_BYTES_MAX: u64 = 16 << 20;

/// A list from the web.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct FetchedList {
    /// Its URL.
    pub(crate) url: String,
    /// The folder of the job that fetched it.
    pub(crate) dir: PathBuf,
    /// Where in it the capture lies.
    pub(crate) place: CapturePlace,
}

impl FetchedList {
    /// Opens it as the list it turns out to be.
    pub(crate) fn open(&self, url_column: Option<&str>) -> Result<Box<dyn ListReader>, DriverError> {
        let parts = response_parts(&self.dir, &self.place, WEB_LIST_BYTES_MAX + FRAMING_BYTES_MAX)?;
        let body = parts.decoded(WEB_LIST_BYTES_MAX)?;
        let expected = Expected { url_column, bytes_max: Some(WEB_LIST_BYTES_MAX), ..Expected::default() };
        Ok(list::read(Cursor::new(body), Path::new(&self.url), expected)?)
    }
}
