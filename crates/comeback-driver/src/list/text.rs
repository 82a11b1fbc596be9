//! Plain text: one URL a line; blank lines and lines that start with `#` are skipped.

use std::io::BufRead;

use comeback_engine::seed_url::{SeedUrl, canonical};

use super::bounded_line::BoundedLines;
use super::{Item, LineRefusal, ListReader, ReadError};

/// A plain text list.
pub struct TextList<R> {
    lines: BoundedLines<R>,
}

impl<R: BufRead> TextList<R> {
    /// Reads a source from its beginning.
    pub fn new(source: R) -> Self {
        Self { lines: BoundedLines::new(source) }
    }
}

impl<R: BufRead + Send> ListReader for TextList<R> {
    fn next_item(&mut self) -> Result<Option<Item>, ReadError> {
        self.lines.next_item(parse)
    }
}

fn parse(line: &str) -> Option<Result<SeedUrl, LineRefusal>> {
    if line.is_empty() || line.starts_with('#') {
        return None;
    }
    Some(canonical(line).map(|_| SeedUrl::get(line)).map_err(LineRefusal::from))
}
