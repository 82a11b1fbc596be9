//! Lists of URLs, read as a stream.
//!
//! Each format is a sibling file behind [`ListReader`]; a new one is a new file and a line in [`open`]. A bad line is an item like
//! any other, with its number and its reason, and stops nothing; only a list that as a whole can't be one (a picture, a compressed
//! file, a folder) is an error. Each item says where it ends, so that an interrupted intake goes on at its committed [`Position`].
//!
//! Not here: duplicates, host batches, and the spooling of standard input; those are the intake's.

use std::fs::File;
use std::io::{self, BufRead, BufReader, Read as _, Seek as _, SeekFrom};
use std::path::{Path, PathBuf};

use comeback_engine::seed_url::{SeedUrl, UrlRefusal};

use crate::settings::job_file::ListSource;
use crate::settings::request_field::FieldRefusal;

mod bounded_line;
mod form;
mod jsonl;
mod text;

pub use form::{HEAD_BYTES_MAX, ListForm};
pub use jsonl::{JsonlList, META_DEPTH_MAX};
pub use text::TextList;

/// The longest line that is taken, in bytes, its end not counted; a longer one is a bad line, and is skipped without being held.
pub const LINE_BYTES_MAX: usize = 1 << 20;

/// A place between two lines of a list.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Default)]
pub struct Position {
    /// Lines before it.
    pub line: u64,
    /// Bytes before it.
    pub offset: u64,
}

/// One entry of a list, good or bad. Blank lines and comments are no entries.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Item {
    /// The number of its line, the first being 1.
    pub line: u64,
    /// The offset of the first byte after its line.
    pub end_offset: u64,
    /// What the line says, or why it says nothing.
    pub entry: Result<SeedUrl, BadLine>,
}

impl Item {
    /// The place after this item, at which reading can go on.
    #[must_use]
    pub const fn end(&self) -> Position {
        Position { line: self.line, offset: self.end_offset }
    }
}

/// A line that is no entry: reported, counted, skipped.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("line {line}: {refusal}")]
pub struct BadLine {
    /// The number of the line, the first being 1.
    pub line: u64,
    /// What is wrong with it.
    pub refusal: LineRefusal,
}

/// What is wrong with a line.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum LineRefusal {
    /// Longer than [`LINE_BYTES_MAX`].
    #[error("the line is longer than {LINE_BYTES_MAX} bytes")]
    TooLong,
    /// A NUL byte.
    #[error("the line contains a NUL byte, at byte {at}")]
    Nul {
        /// Its place in the line, from 1.
        at: usize,
    },
    /// Bytes that are not UTF-8.
    #[error("the line is not UTF-8, at byte {at}")]
    NotUtf8 {
        /// The place of the first such byte in the line, from 1.
        at: usize,
    },
    /// Not a URL that can be fetched.
    #[error(transparent)]
    Url(#[from] UrlRefusal),
    /// A method or header that can't be sent.
    #[error(transparent)]
    Field(#[from] FieldRefusal),
    /// Not a JSON object of the expected form.
    #[error("{why}, at column {column}")]
    Json {
        /// What the JSON reader says.
        why: String,
        /// Where, from 1.
        column: usize,
    },
    /// A JSONL line that is no object.
    #[error("a line of a JSONL list is an object with a `url`")]
    NotAnObject,
    /// Both `body` and `body_base64`.
    #[error("`body` and `body_base64` are both given")]
    TwoBodies,
    /// A `body_base64` that is none.
    #[error("`body_base64` is not base64 (RFC 4648, section 4)")]
    Base64,
    /// A `meta` nested more than [`META_DEPTH_MAX`] deep.
    #[error("`meta` is nested deeper than {META_DEPTH_MAX} levels")]
    MetaTooDeep,
}

/// Why a list could not be read at all, or not to its end.
#[derive(Debug, thiserror::Error)]
pub enum ListError {
    /// The system refused.
    #[error("{}: {source}", path.display())]
    Io {
        /// The list.
        path: PathBuf,
        /// What the system said.
        source: io::Error,
    },
    /// A compressed file.
    #[error("{} is compressed with {with}", path.display())]
    Compressed {
        /// The list.
        path: PathBuf,
        /// gzip, zstd, ...
        with: &'static str,
    },
    /// Text in an encoding with two or four bytes to a character.
    #[error("{} is in {encoding}, not in UTF-8", path.display())]
    Encoding {
        /// The list.
        path: PathBuf,
        /// The encoding that its first bytes name.
        encoding: &'static str,
    },
    /// No text at all.
    #[error("{} is a binary file, not a list of URLs", path.display())]
    Binary {
        /// The list.
        path: PathBuf,
    },
    /// It ends before the position at which reading is to go on.
    #[error("{} is shorter than the {offset} bytes that were read of it before", path.display())]
    Shorter {
        /// The list.
        path: PathBuf,
        /// Where reading was to go on.
        offset: u64,
    },
}

impl ListError {
    /// What to do about it, where something can be said.
    #[must_use]
    pub const fn hint(&self) -> Option<&'static str> {
        match self {
            Self::Io { .. } => None,
            Self::Compressed { .. } => Some("decompress it into the command: zcat (or zstdcat) LIST | comeback fetch - -o DIR"),
            Self::Encoding { .. } => Some("convert it: iconv -f UTF-16 -t UTF-8 LIST | comeback fetch - -o DIR"),
            Self::Binary { .. } => Some("a list is text with one URL a line, or JSONL with one object a line"),
            Self::Shorter { .. } => Some("restore the list as it was, or start a new job with it in another DIR"),
        }
    }
}

/// A list in one format, read entry by entry.
pub trait ListReader: Send {
    /// The next entry; `None` at the end of the list.
    ///
    /// # Errors
    /// Only those of the system beneath; a bad line is an item.
    fn next_item(&mut self) -> io::Result<Option<Item>>;
}

/// Opens a list at a position. `form`: by [`ListForm::of_name`] for a file that the user named; `None` looks at the first bytes, as
/// for spooled standard input.
///
/// # Errors
/// When the file can't be read, can't be a list, or ends before the position.
pub fn open(path: &Path, form: Option<ListForm>, start: Position) -> Result<Box<dyn ListReader>, ListError> {
    let refused = |source| ListError::Io { path: path.to_owned(), source };
    let mut file = File::open(path).map_err(refused)?;
    let mut head = Vec::with_capacity(HEAD_BYTES_MAX);
    file.by_ref().take(HEAD_BYTES_MAX as u64).read_to_end(&mut head).map_err(refused)?;
    form::check_head(path, &head)?;
    let form = form.unwrap_or_else(|| ListForm::of_head(&head));
    let length = file.seek(SeekFrom::End(0)).map_err(refused)?;
    if length < start.offset {
        return Err(ListError::Shorter { path: path.to_owned(), offset: start.offset });
    }
    file.seek(SeekFrom::Start(start.offset)).map_err(refused)?;
    Ok(reader(BufReader::new(file), form, start))
}

/// Opens a list of a job at a position: a file by its name's format, a spool (below `dir`) by its first bytes.
///
/// # Errors
/// Those of [`open`]; whether a file has changed since the job was made is [`ListSource::check_unchanged`]'s.
pub fn open_source(dir: &Path, source: &ListSource, start: Position) -> Result<Box<dyn ListReader>, ListError> {
    match source {
        ListSource::File { given, path, .. } => open(path, Some(ListForm::of_name(given)), start),
        ListSource::Spool { spool, .. } => open(&dir.join(spool), None, start),
    }
}

/// Reads a list from any source that already stands at `start`.
pub fn reader<R: BufRead + Send + 'static>(source: R, form: ListForm, start: Position) -> Box<dyn ListReader> {
    match form {
        ListForm::Text => Box::new(TextList::new(source, start)),
        ListForm::Jsonl => Box::new(JsonlList::new(source, start)),
    }
}

#[cfg(test)]
mod tests;
