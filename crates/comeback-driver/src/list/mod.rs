//! Lists of URLs, read as a stream.
//!
//! Each format is a sibling file behind [`ListReader`]; a new one is a new file and a line in [`read`]. A bad line is an item like
//! any other, with its number and its reason, and stops nothing. A list that as a whole can't be one (a picture, a folder) is a
//! [`ListError`]; one that breaks off ends with its [`Damage`] after all that could be read. Each item says where it ends, so that
//! an interrupted intake knows what it has taken.
//!
//! Not here: duplicates, host batches, the spooling of standard input, and the fetching of lists on the web.

use std::fs::File;
use std::io::Read;
use std::path::Path;

use comeback_engine::seed_url::SeedUrl;

use crate::settings::job_file::ListSource;

mod bounded_line;
mod capped;
mod compression;
mod csv;
mod csv_record;
mod damage;
mod form;
mod jsonl;
mod list_error;
mod metered;
mod peeked;
mod refusal;
mod sitemap;
mod text;

use capped::Capped;
pub use compression::{Packing, ZSTD_WINDOW_LOG_MAX};
pub use csv::{COLUMNS_MAX, CsvList, URL_COLUMNS};
pub use damage::{Damage, ELEMENTS_DEPTH_MAX, ReadError};
use form::NoList;
pub use form::{HEAD_BYTES_MAX, ListForm};
pub use jsonl::{JsonlList, META_DEPTH_MAX};
pub use list_error::ListError;
use peeked::Peeked;
pub use refusal::{BadLine, LineRefusal};
pub use sitemap::SitemapList;
pub use text::TextList;

/// The longest line that is taken, in bytes, its end not counted; a longer one is a bad line, and is skipped without being held.
pub const LINE_BYTES_MAX: usize = 1 << 20;

/// A place between two lines of a list.
#[derive(Debug, Clone, Copy, Default)]
struct Position {
    /// Lines before it.
    line: u64,
    /// Bytes before it.
    offset: u64,
}

/// One entry of a list, good or bad. Blank lines and comments are no entries.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Item {
    /// The number of its first line, the first of the list being 1.
    pub line: u64,
    /// The offset of the first byte after it, in the list without its compression.
    pub end_offset: u64,
    /// What the line says, or why it says nothing.
    pub entry: Result<Entry, BadLine>,
}

/// What an item names.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Entry {
    /// A URL to fetch for its own sake.
    Url(SeedUrl),
    /// A sitemap that an index names: a further list, on the web.
    Sitemap(String),
}

/// A list in one format, read entry by entry.
pub trait ListReader: Send {
    /// The next entry; `None` at the end of the list. After an error there is nothing more to read.
    ///
    /// # Errors
    /// Those of the system beneath, and damage that ends the list; a bad line is an item.
    fn next_item(&mut self) -> Result<Option<Item>, ReadError>;

    /// Whether it names further lists, not URLs to fetch.
    fn is_index(&self) -> bool {
        false
    }
}

/// What is known of a list before its first bytes are seen.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Expected<'a> {
    /// Its format; `None`: as its first bytes say.
    pub form: Option<ListForm>,
    /// How it must be compressed; `None`: as its first bytes say.
    pub packing: Option<Packing>,
    /// The column of URLs that the user named, by name or number.
    pub url_column: Option<&'a str>,
    /// How much of it is read, in bytes without compression; `None`: all.
    pub bytes_max: Option<u64>,
}

impl<'a> Expected<'a> {
    /// What a file's name promises.
    #[must_use]
    pub fn of_name(path: &Path, url_column: Option<&'a str>) -> Self {
        Self { form: ListForm::of_name(path), packing: Packing::of_name(path), url_column, bytes_max: None }
    }
}

/// Opens a list of a job: a file by its name where that says something, a spool (below `dir`) by its first bytes. `url_column` is
/// the column of URLs in CSV, by name or number, where the user named one. `None` for a list on the web: it is not here yet.
///
/// # Errors
/// When the list can't be read, or can't be a list; whether a file has changed since the job was made is
/// [`ListSource::check_unchanged`]'s.
pub fn open_source(dir: &Path, source: &ListSource, url_column: Option<&str>) -> Result<Option<Box<dyn ListReader>>, ListError> {
    match source {
        ListSource::File { given, path, .. } => open(path, Expected::of_name(given, url_column)).map(Some),
        ListSource::Spool { spool, .. } => open(&dir.join(spool), Expected { url_column, ..Expected::default() }).map(Some),
        ListSource::Web { .. } => Ok(None),
    }
}

/// Opens a file as a list.
///
/// # Errors
/// When it can't be read, or can't be a list.
pub fn open(path: &Path, expected: Expected<'_>) -> Result<Box<dyn ListReader>, ListError> {
    let file = File::open(path).map_err(|source| ListError::Io { path: path.to_owned(), source })?;
    read(file, path, expected)
}

/// Reads a list from its beginning; `path` is for messages.
///
/// # Errors
/// When it can't be read, or can't be a list.
pub fn read<R: Read + Send + 'static>(source: R, path: &Path, expected: Expected<'_>) -> Result<Box<dyn ListReader>, ListError> {
    let bytes_max = expected.bytes_max.unwrap_or(u64::MAX);
    let packed = peek(source, path)?;
    let packing = Packing::of_head(packed.head());
    match (expected.packing, packing) {
        (Some(promised), found) if found != Some(promised) => {
            Err(ListError::NotPacked { path: path.to_owned(), with: promised.word() })
        }
        (_, None) => read_plain(peek(Capped::new(packed, bytes_max), path)?, path, expected),
        (_, Some(packing)) => {
            let plain = packing.unpack(packed).map_err(|source| ListError::Io { path: path.to_owned(), source })?;
            read_plain(peek(Capped::new(plain, bytes_max), path)?, path, expected)
        }
    }
}

fn peek<R: Read>(source: R, path: &Path) -> Result<Peeked<R>, ListError> {
    let mut peeked = Peeked::new(source);
    match peeked.failed_at_once() {
        Some(error) => Err(ListError::of(path, ReadError::of(error, 1))),
        None => Ok(peeked),
    }
}

fn read_plain<R: Read + Send + 'static>(
    source: Peeked<R>,
    path: &Path,
    expected: Expected<'_>,
) -> Result<Box<dyn ListReader>, ListError> {
    let head = source.head().to_vec();
    check_head(path, &head)?;
    let url_column = expected.url_column;
    Ok(match expected.form.unwrap_or_else(|| ListForm::of_head(&head, url_column)) {
        ListForm::Text => Box::new(TextList::new(source)),
        ListForm::Jsonl => Box::new(JsonlList::new(source)),
        ListForm::Csv => Box::new(CsvList::new(source, &head, path, url_column)?),
        ListForm::Sitemap => Box::new(SitemapList::new(source, path)?),
    })
}

/// Refuses what can't be a list, whatever follows its first bytes.
///
/// # Errors
/// Compression that is not taken off, text that is not UTF-8, binary files.
pub fn check_head(path: &Path, head: &[u8]) -> Result<(), ListError> {
    let path = || path.to_owned();
    // What is still compressed here was compressed twice, or in a way that is not taken off.
    if let Some(with) = compression::other_packing(head).or_else(|| Packing::of_head(head).map(Packing::word)) {
        return Err(ListError::Compressed { path: path(), with });
    }
    form::check_head(head).map_err(|no_list| match no_list {
        NoList::Encoding(encoding) => ListError::Encoding { path: path(), encoding },
        NoList::Binary => ListError::Binary { path: path() },
    })
}

#[cfg(test)]
mod tests;
