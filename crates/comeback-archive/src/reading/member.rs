//! One WARC record, read from its place.

use std::fs::File;
use std::io::{self, BufRead, BufReader, Read, Seek, SeekFrom};
use std::path::Path;

use crate::error::ArchiveError;

/// The longest head of a record that is read, in bytes.
pub const RECORD_HEAD_BYTES_MAX: u64 = 256 * 1024;

/// A record: its named fields and its block.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct WarcRecord {
    /// The named fields in their order.
    pub fields: Vec<(String, String)>,
    /// The block, byte for byte.
    pub block: Vec<u8>,
}

impl WarcRecord {
    /// The first value of a field, by its name in any case.
    #[must_use]
    pub fn field(&self, name: &str) -> Option<&str> {
        self.fields.iter().find(|(field, _)| field.eq_ignore_ascii_case(name)).map(|(_, value)| value.as_str())
    }

    /// `WARC-Type`; empty when the record has none.
    #[must_use]
    pub fn record_type(&self) -> &str {
        self.field("WARC-Type").unwrap_or_default()
    }
}

/// Reads the record in the member of `length` bytes at `offset`, whatever its compression.
///
/// # Errors
/// [`ArchiveError::NotARecord`] where there is none, [`ArchiveError::TooLarge`] where its block is longer than
/// `block_bytes_max`, else the system's refusal.
pub fn read_member(path: &Path, offset: u64, length: u64, block_bytes_max: u64) -> Result<WarcRecord, ArchiveError> {
    let system = |error| ArchiveError::system("read", path, error);
    let not_a_record = |why: &str| ArchiveError::NotARecord { path: path.to_owned(), offset, why: why.to_owned() };
    let mut file = File::open(path).map_err(|error| ArchiveError::system("open", path, error))?;
    if file.metadata().map_err(system)?.len() < offset.saturating_add(length) {
        return Err(not_a_record("the file ends before it"));
    }
    file.seek(SeekFrom::Start(offset)).map_err(system)?;
    let torn = |error: std::io::Error| not_a_record(&error.to_string());
    let mut reader = uncompressed(BufReader::new(file.take(length))).map_err(torn)?;
    let fields = read_head(&mut reader, &not_a_record)?;
    let mut record = WarcRecord { fields, block: Vec::new() };
    let block_bytes: u64 = record
        .field("Content-Length")
        .and_then(|value| value.parse().ok())
        .ok_or_else(|| not_a_record("it has no usable Content-Length"))?;
    if block_bytes > block_bytes_max {
        return Err(ArchiveError::TooLarge { bytes_max: block_bytes_max });
    }
    reader.by_ref().take(block_bytes).read_to_end(&mut record.block).map_err(torn)?;
    if (record.block.len() as u64) < block_bytes {
        return Err(not_a_record("its block is shorter than announced"));
    }
    // The end of the record, and with it the member's checksum.
    let mut ending = Vec::new();
    reader.take(5).read_to_end(&mut ending).map_err(torn)?;
    if ending != b"\r\n\r\n" {
        return Err(not_a_record("it does not end where its length says"));
    }
    Ok(record)
}

/// The record in a member, whatever its compression; the reader ends with a compressed member, and goes on after one that is not.
pub(crate) fn uncompressed<'a>(mut stored: impl BufRead + 'a) -> io::Result<Box<dyn BufRead + 'a>> {
    let magic = stored.fill_buf()?;
    if magic.starts_with(&[0x1f, 0x8b]) {
        Ok(Box::new(BufReader::new(flate2::bufread::GzDecoder::new(stored))))
    } else if magic.starts_with(&[0x28, 0xb5, 0x2f, 0xfd]) {
        Ok(Box::new(BufReader::new(zstd::stream::read::Decoder::with_buffer(stored)?.single_frame())))
    } else {
        Ok(Box::new(stored))
    }
}

/// Reads a record's head: its version line, its named fields, and the empty line.
pub(crate) fn read_head(
    reader: &mut dyn BufRead,
    not_a_record: &dyn Fn(&str) -> ArchiveError,
) -> Result<Vec<(String, String)>, ArchiveError> {
    let mut head = reader.take(RECORD_HEAD_BYTES_MAX);
    let mut fields = Vec::new();
    let mut is_first = true;
    loop {
        let mut line = String::new();
        head.read_line(&mut line).map_err(|error| not_a_record(&error.to_string()))?;
        let Some(content) = line.strip_suffix("\r\n") else {
            return Err(not_a_record("its head is not made of lines"));
        };
        if is_first {
            if !content.starts_with("WARC/") {
                return Err(not_a_record("it does not begin with a WARC version"));
            }
            is_first = false;
        } else if content.is_empty() {
            return Ok(fields);
        } else {
            let (name, value) = content.split_once(':').ok_or_else(|| not_a_record("a field has no colon"))?;
            fields.push((name.trim().to_owned(), value.trim().to_owned()));
        }
    }
}
