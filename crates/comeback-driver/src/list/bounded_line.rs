//! Lines of a byte stream, none held beyond [`LINE_BYTES_MAX`].
//!
//! It counts lines and bytes, takes off line ends (LF, CRLF) and the byte order mark, and refuses what no format takes: lines that
//! are too long, contain NUL, or are not UTF-8. It knows nothing of what a line means.

use std::io::{self, BufRead};

use comeback_engine::seed_url::SeedUrl;

use super::form::BYTE_ORDER_MARK;
use super::{BadLine, Entry, Item, LINE_BYTES_MAX, LineRefusal, Position, ReadError};

/// The lines of a source.
pub(super) struct BoundedLines<R> {
    source: R,
    position: Position,
    line: Vec<u8>,
}

impl<R: BufRead> BoundedLines<R> {
    pub(super) fn new(source: R) -> Self {
        Self { source, position: Position::default(), line: Vec::new() }
    }

    /// The next entry, as `parse` reads it from a line without blanks around it; where it says `None`, the line is no entry.
    pub(super) fn next_item(
        &mut self,
        mut parse: impl FnMut(&str) -> Option<Result<SeedUrl, LineRefusal>>,
    ) -> Result<Option<Item>, ReadError> {
        loop {
            let is_first = self.position.offset == 0;
            let before = self.position.line;
            let Some(fits) = self.read_line().map_err(|error| ReadError::of(error, before + 1))? else {
                return Ok(None);
            };
            let read = if fits { checked(&self.line, is_first) } else { Err(LineRefusal::TooLong) };
            let entry = match read {
                Ok(text) => parse(text),
                Err(refusal) => Some(Err(refusal)),
            };
            if let Some(entry) = entry {
                let Position { line, offset } = self.position;
                let entry = entry.map(Entry::Url).map_err(|refusal| BadLine { line, refusal });
                return Ok(Some(Item { line, end_offset: offset, entry }));
            }
        }
    }

    /// Reads to the end of the line; whether it was kept whole, or `None` at the end of the source.
    fn read_line(&mut self) -> io::Result<Option<bool>> {
        self.line.clear();
        let mut fits = true;
        let mut any = false;
        loop {
            let piece = match self.source.fill_buf() {
                Ok(piece) => piece,
                Err(error) if error.kind() == io::ErrorKind::Interrupted => continue,
                Err(error) => return Err(error),
            };
            if piece.is_empty() {
                break;
            }
            if !any {
                any = true;
                self.position.line += 1;
            }
            let end = piece.iter().position(|byte| *byte == b'\n');
            let content = &piece[..end.unwrap_or(piece.len())];
            if fits && self.line.len() + content.len() <= LINE_BYTES_MAX {
                self.line.extend_from_slice(content);
            } else {
                fits = false;
                self.line.clear();
            }
            let used = end.map_or(piece.len(), |end| end + 1);
            self.position.offset += used as u64;
            self.source.consume(used);
            if end.is_some() {
                break;
            }
        }
        Ok(any.then_some(fits))
    }
}

/// The text of a line, without the byte order mark and the blanks around it.
fn checked(line: &[u8], is_first: bool) -> Result<&str, LineRefusal> {
    let line = if is_first { line.strip_prefix(BYTE_ORDER_MARK).unwrap_or(line) } else { line };
    if let Some(index) = line.iter().position(|byte| *byte == 0) {
        return Err(LineRefusal::Nul { at: index + 1 });
    }
    let text = std::str::from_utf8(line).map_err(|error| LineRefusal::NotUtf8 { at: error.valid_up_to() + 1 })?;
    Ok(text.trim_matches(|character: char| character.is_ascii_whitespace()))
}
