//! Which format a list has, and whether it can be a list at all, judged by its name and its first bytes.

use std::path::Path;

use super::ListError;

/// How much of a list is looked at before it is read, in bytes.
pub const HEAD_BYTES_MAX: usize = 8 * 1024;

/// A head with NUL bytes is binary when this share of it, in percent, is no text. A text list with a stray NUL has bad lines instead.
const NO_TEXT_PERCENT_MIN: usize = 30;

/// Openings of compressed files: RFC 1952, RFC 8878, and the bzip2 and xz formats.
const COMPRESSED: [(&[u8], &str); 4] =
    [(b"\x1f\x8b", "gzip"), (b"\x28\xb5\x2f\xfd", "zstd"), (b"BZh", "bzip2"), (b"\xfd7zXZ\0", "xz")];

/// Byte order marks of encodings other than UTF-8.
const OTHER_ENCODINGS: [(&[u8], &str); 2] = [(b"\xff\xfe", "UTF-16"), (b"\xfe\xff", "UTF-16")];

/// The format of a list.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ListForm {
    /// One URL a line.
    Text,
    /// One JSON object a line.
    Jsonl,
}

impl ListForm {
    /// By the name: `.jsonl` and `.ndjson` are JSONL, all else is text.
    #[must_use]
    pub fn of_name(path: &Path) -> Self {
        let is_jsonl =
            path.extension().is_some_and(|end| end.eq_ignore_ascii_case("jsonl") || end.eq_ignore_ascii_case("ndjson"));
        if is_jsonl { Self::Jsonl } else { Self::Text }
    }

    /// By the first bytes: a list whose first character is `{` is JSONL, since no URL starts so.
    #[must_use]
    pub fn of_head(head: &[u8]) -> Self {
        let head = head.strip_prefix(b"\xef\xbb\xbf").unwrap_or(head);
        if head.trim_ascii_start().first() == Some(&b'{') { Self::Jsonl } else { Self::Text }
    }
}

/// Refuses what can't be a list of lines.
pub(super) fn check_head(path: &Path, head: &[u8]) -> Result<(), ListError> {
    let path = || path.to_owned();
    if let Some((_, with)) = COMPRESSED.iter().find(|(opening, _)| head.starts_with(opening)) {
        return Err(ListError::Compressed { path: path(), with });
    }
    if let Some((_, encoding)) = OTHER_ENCODINGS.iter().find(|(mark, _)| head.starts_with(mark)) {
        return Err(ListError::Encoding { path: path(), encoding });
    }
    if head.contains(&0) && no_text_bytes(head) * 100 >= head.len() * NO_TEXT_PERCENT_MIN {
        return Err(ListError::Binary { path: path() });
    }
    Ok(())
}

/// Control characters, and bytes that are not UTF-8.
fn no_text_bytes(head: &[u8]) -> usize {
    let is_control = |byte: &u8| byte.is_ascii_control() && !byte.is_ascii_whitespace();
    let invalid: usize = head.utf8_chunks().map(|chunk| chunk.invalid().len()).sum();
    head.iter().filter(|byte| is_control(byte)).count() + invalid
}
