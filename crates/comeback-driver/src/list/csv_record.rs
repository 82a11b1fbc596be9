//! Records of a CSV stream (RFC 4180), none held beyond [`LINE_BYTES_MAX`].
//!
//! Quotes, doubled quotes and line ends within quotes are `csv-core`'s work; here are the limits, the line numbers, and what can be
//! said of a quote that is never closed. What a column means is not known here.

use std::io::{self, BufRead};

use csv_core::ReadRecordResult;

use super::metered::Metered;
use super::{LINE_BYTES_MAX, LineRefusal, Position};

/// The most columns that a record may have.
pub const COLUMNS_MAX: usize = 1024;

/// What the buffers begin with.
const RECORD_BYTES_BEGIN: usize = 4 * 1024;

/// The records of a source; the newest is held.
pub(super) struct Records<R> {
    source: Metered<R>,
    core: csv_core::Reader,
    bytes: Vec<u8>,
    ends: Vec<usize>,
    bytes_used: usize,
    fields: usize,
    line: u64,
}

impl<R: BufRead> Records<R> {
    pub(super) fn new(source: R, separator: u8) -> Self {
        Self {
            source: Metered::new(source),
            core: csv_core::ReaderBuilder::new().delimiter(separator).build(),
            bytes: vec![0; RECORD_BYTES_BEGIN],
            ends: vec![0; COLUMNS_MAX],
            bytes_used: 0,
            fields: 0,
            line: 0,
        }
    }

    /// The line that the record begins on.
    pub(super) fn line(&self) -> u64 {
        self.line
    }

    /// Where the record ends.
    pub(super) fn position(&self) -> Position {
        self.source.position()
    }

    /// The fields of the record.
    pub(super) fn fields(&self) -> Vec<&str> {
        let text = |start: usize, end: usize| std::str::from_utf8(&self.bytes[start..end]).unwrap_or_default();
        let starts = std::iter::once(0).chain(self.ends.iter().copied());
        starts.zip(self.ends.iter().copied()).take(self.fields).map(|(start, end)| text(start, end)).collect()
    }

    /// Reads the next record; `None` at the end of the source. Blank lines are no records.
    pub(super) fn read(&mut self) -> io::Result<Option<Result<(), LineRefusal>>> {
        (self.bytes_used, self.fields) = (0, 0);
        let is_there = self.skip_line_ends()?;
        self.line = self.source.position().line + 1;
        if !is_there {
            return Ok(None);
        }
        let mut refusal = None;
        // At the end of the source a line end is added: a record that it does not end is within quotes.
        let mut at_end = [&b"\n"[..], b""].into_iter();
        loop {
            let piece = self.source.fill_buf()?;
            let of_source = !piece.is_empty();
            let piece = if of_source { piece } else { at_end.next().unwrap_or_default() };
            if !of_source && piece.is_empty() {
                refusal.get_or_insert(LineRefusal::OpenQuote);
            }
            let (into, ends) = (&mut self.bytes[self.bytes_used..], &mut self.ends[self.fields..]);
            let (result, taken, written, ended) = self.core.read_record(piece, into, ends);
            if of_source {
                self.source.consume(taken);
            }
            self.bytes_used += written;
            self.fields += ended;
            match result {
                ReadRecordResult::InputEmpty => {}
                ReadRecordResult::OutputFull if self.bytes.len() < LINE_BYTES_MAX => {
                    self.bytes.resize((self.bytes.len() * 2).min(LINE_BYTES_MAX), 0);
                }
                ReadRecordResult::OutputFull => {
                    refusal.get_or_insert(LineRefusal::RecordTooLong);
                    self.bytes_used = 0;
                }
                ReadRecordResult::OutputEndsFull => {
                    refusal.get_or_insert(LineRefusal::TooManyColumns);
                    self.fields = 0;
                }
                ReadRecordResult::Record => break,
                // A byte order mark and nothing else.
                ReadRecordResult::End => return Ok(None),
            }
        }
        Ok(Some(refusal.map_or_else(|| self.check(), Err)))
    }

    /// Whether anything follows.
    fn skip_line_ends(&mut self) -> io::Result<bool> {
        loop {
            let piece = self.source.fill_buf()?;
            let Some(first) = piece.first() else { return Ok(false) };
            if !matches!(first, b'\r' | b'\n') {
                return Ok(true);
            }
            let count = piece.iter().take_while(|byte| matches!(byte, b'\r' | b'\n')).count();
            self.source.consume(count);
        }
    }

    fn check(&self) -> Result<(), LineRefusal> {
        let bytes = &self.bytes[..self.bytes_used];
        if let Some(index) = bytes.iter().position(|byte| *byte == 0) {
            return Err(LineRefusal::Nul { at: index + 1 });
        }
        std::str::from_utf8(bytes).map(drop).map_err(|error| LineRefusal::NotUtf8 { at: error.valid_up_to() + 1 })
    }
}
