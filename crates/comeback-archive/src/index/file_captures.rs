//! The index's entries of a part of a WARC file, read from the records themselves.
//!
//! It is slower than notes, by decompressing all that lies there, and needs nothing but the file.

use std::fs::File;
use std::io::{self, BufRead, BufReader, Read, Seek, SeekFrom};
use std::path::Path;

use comeback_engine::outcome::CapturePlace;

use super::entry::IndexEntry;
use crate::error::ArchiveError;
use crate::reading::member::{WarcRecord, read_head, uncompressed};
use crate::warc::HTTP_HEAD_BYTES_MAX;

/// What follows a record's block.
const RECORD_END_BYTES: u64 = 4;

/// Counts the bytes that are taken from a reader.
struct Counted<R> {
    source: R,
    count: u64,
}

impl<R: BufRead> Read for Counted<R> {
    fn read(&mut self, into: &mut [u8]) -> io::Result<usize> {
        let count = self.source.read(into)?;
        self.count += count as u64;
        Ok(count)
    }
}

impl<R: BufRead> BufRead for Counted<R> {
    fn fill_buf(&mut self) -> io::Result<&[u8]> {
        self.source.fill_buf()
    }

    fn consume(&mut self, count: usize) {
        self.source.consume(count);
        self.count += count as u64;
    }
}

/// Calls `each` with the entry of each capture in the records from one offset of a file to another.
pub(super) fn for_each_capture(
    dir: &Path,
    file: &str,
    (from, to): (u64, u64),
    mut each: impl FnMut(&IndexEntry) -> Result<(), ArchiveError>,
) -> Result<(), ArchiveError> {
    let path = dir.join(file);
    let system = |error| ArchiveError::system("read", &path, error);
    let mut source = File::open(&path).map_err(|error| ArchiveError::system("open", &path, error))?;
    source.seek(SeekFrom::Start(from)).map_err(system)?;
    let mut stored = Counted { source: BufReader::new(source.take(to - from)), count: 0 };
    while from + stored.count < to {
        let offset = from + stored.count;
        let not_a_record = |why: &str| ArchiveError::NotARecord { path: path.clone(), offset, why: why.to_owned() };
        let record = read_beginning(&mut stored, &not_a_record)?;
        let place = CapturePlace { file: file.to_owned(), offset, length: from + stored.count - offset };
        if let Some(entry) = entry(&record, place) {
            each(&entry)?;
        }
    }
    Ok(())
}

/// Reads a record and leaves what follows it. Of its block as much is kept as can be the head of an answer.
fn read_beginning(stored: &mut impl BufRead, not_a_record: &dyn Fn(&str) -> ArchiveError) -> Result<WarcRecord, ArchiveError> {
    let torn = |error: io::Error| not_a_record(&error.to_string());
    let is_compressed = !stored.fill_buf().map_err(torn)?.starts_with(b"WARC/");
    let mut reader = uncompressed(stored).map_err(torn)?;
    let mut record = WarcRecord { fields: read_head(&mut reader, not_a_record)?, block: Vec::new() };
    let block_bytes: u64 = record
        .field("Content-Length")
        .and_then(|value| value.parse().ok())
        .ok_or_else(|| not_a_record("it has no usable Content-Length"))?;
    let seen_bytes = block_bytes.min(HTTP_HEAD_BYTES_MAX as u64);
    reader.by_ref().take(seen_bytes).read_to_end(&mut record.block).map_err(torn)?;
    let left = block_bytes - seen_bytes + RECORD_END_BYTES;
    let passed = io::copy(&mut reader.by_ref().take(left), &mut io::sink()).map_err(torn)?;
    if passed < left {
        return Err(not_a_record("its block is shorter than announced"));
    }
    if is_compressed {
        // The checksum behind the last byte is taken when the end is asked for.
        io::copy(&mut reader, &mut io::sink()).map_err(torn)?;
    }
    Ok(record)
}

fn entry(record: &WarcRecord, place: CapturePlace) -> Option<IndexEntry> {
    let is_revisit = match record.record_type() {
        "response" => false,
        "revisit" => true,
        _ => return None,
    };
    let of = (record.field("WARC-Target-URI")?, record.field("WARC-Date")?);
    let payload_digest = record.field("WARC-Payload-Digest").map(str::to_owned);
    IndexEntry::of_record(is_revisit, of, payload_digest, &record.block, place)
}
