//! Which format a list has, and whether it can be a list at all, judged by its name and its first bytes.

use std::path::Path;

use super::compression::Packing;
use super::csv;

/// How much of a list is looked at before it is read, in bytes.
pub const HEAD_BYTES_MAX: usize = 8 * 1024;

/// A head with NUL bytes is binary when this share of it, in percent, is no text. A text list with a stray NUL has bad lines instead.
const NO_TEXT_PERCENT_MIN: usize = 30;

/// Byte order marks of encodings other than UTF-8.
const OTHER_ENCODINGS: [(&[u8], &str); 2] = [(b"\xff\xfe", "UTF-16"), (b"\xfe\xff", "UTF-16")];

/// UTF-8's own mark, which is no part of a list.
pub(super) const BYTE_ORDER_MARK: &[u8] = b"\xef\xbb\xbf";

/// The format of a list.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ListForm {
    /// One URL a line.
    Text,
    /// One JSON object a line.
    Jsonl,
    /// Records in columns (RFC 4180), one of which holds the URLs.
    Csv,
    /// A sitemap or an index of sitemaps (sitemaps.org).
    Sitemap,
}

/// Ends of names and what they promise. Any other list is read by its first bytes.
const NAME_ENDS: [(&str, ListForm); 6] = [
    ("txt", ListForm::Text),
    ("jsonl", ListForm::Jsonl),
    ("ndjson", ListForm::Jsonl),
    ("csv", ListForm::Csv),
    ("tsv", ListForm::Csv),
    ("xml", ListForm::Sitemap),
];

impl ListForm {
    /// What a name promises, the ending of a compressed file taken off; `None` where it says nothing.
    #[must_use]
    pub fn of_name(path: &Path) -> Option<Self> {
        let inner = if Packing::of_name(path).is_some() { path.with_extension("") } else { path.to_owned() };
        let end = inner.extension()?;
        NAME_ENDS.iter().find(|(known, _)| end.eq_ignore_ascii_case(known)).map(|(_, form)| *form)
    }

    /// By the first bytes: no URL begins with `{` or `<`; a first line that names a column of URLs is a header. Where the user
    /// named a column, what else could be text is CSV.
    #[must_use]
    pub fn of_head(head: &[u8], url_column: Option<&str>) -> Self {
        let head = head.strip_prefix(BYTE_ORDER_MARK).unwrap_or(head);
        match head.trim_ascii_start().first() {
            Some(b'{') => Self::Jsonl,
            Some(b'<') => Self::Sitemap,
            Some(_) if url_column.is_some() || csv::is_header(head) => Self::Csv,
            Some(_) | None => Self::Text,
        }
    }
}

/// Why first bytes are no list's.
pub(super) enum NoList {
    Encoding(&'static str),
    Binary,
}

/// Refuses what can't be a list of lines.
pub(super) fn check_head(head: &[u8]) -> Result<(), NoList> {
    if let Some((_, encoding)) = OTHER_ENCODINGS.iter().find(|(mark, _)| head.starts_with(mark)) {
        return Err(NoList::Encoding(encoding));
    }
    if head.contains(&0) && no_text_bytes(head) * 100 >= head.len() * NO_TEXT_PERCENT_MIN {
        return Err(NoList::Binary);
    }
    Ok(())
}

/// Control characters, and bytes that are not UTF-8.
fn no_text_bytes(head: &[u8]) -> usize {
    let is_control = |byte: &u8| byte.is_ascii_control() && !byte.is_ascii_whitespace();
    let invalid: usize = head.utf8_chunks().map(|chunk| chunk.invalid().len()).sum();
    head.iter().filter(|byte| is_control(byte)).count() + invalid
}
