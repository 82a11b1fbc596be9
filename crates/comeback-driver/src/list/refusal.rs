//! A bad line: an item of a list that says nothing usable, with its number and its reason.

use comeback_engine::seed_url::UrlRefusal;

use super::csv::COLUMNS_MAX;
use super::{LINE_BYTES_MAX, META_DEPTH_MAX};
use crate::settings::request_field::FieldRefusal;

/// A line that is no entry: reported, counted, skipped.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("line {line}: {refusal}")]
pub struct BadLine {
    /// The number of the line, the first being 1; of several lines, the first of them.
    pub line: u64,
    /// What is wrong with it.
    pub refusal: LineRefusal,
}

/// What is wrong with a line, or with a record or element that begins there.
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
    /// More than a URL, in a list that came from the web: whoever wrote it does not say what we send, with whose credentials.
    #[error("a list from the web names URLs to get, not another method, headers or a body")]
    MoreThanAUrl,
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
    /// A CSV record longer than [`LINE_BYTES_MAX`].
    #[error("the record is longer than {LINE_BYTES_MAX} bytes; perhaps a quote is not closed")]
    RecordTooLong,
    /// A CSV record with more columns than any list has.
    #[error("the record has more than {COLUMNS_MAX} columns")]
    TooManyColumns,
    /// A CSV record with more in it than there are columns.
    #[error("the record has {found} columns, the list {expected}; perhaps a quote is missing")]
    MoreColumns {
        /// In the record.
        found: usize,
        /// In the header, or in the first record.
        expected: usize,
    },
    /// A CSV record without anything in the column of URLs.
    #[error("there is no URL in column {column}")]
    NoUrl {
        /// The column, from 1.
        column: usize,
    },
    /// A quote that is still open where the list ends.
    #[error("a quote in this record is not closed before the list ends")]
    OpenQuote,
    /// An entry of a sitemap that names no place.
    #[error("<{entry}> has no <loc>")]
    NoLocation {
        /// `url` or `sitemap`.
        entry: &'static str,
    },
    /// A reference to an entity that XML does not know.
    #[error("&{name}; is no entity that XML knows")]
    UnknownEntity {
        /// Its name.
        name: String,
    },
}
