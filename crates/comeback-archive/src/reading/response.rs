//! The response in a record: status line, fields, payload, and the payload decoded.
//!
//! A revisit record is followed to the record that it refers to. This is for people who want their pages; the record itself,
//! byte for byte, is `read_member`'s.

use std::net::IpAddr;
use std::path::Path;

use comeback_engine::outcome::CapturePlace;

use crate::error::ArchiveError;
use crate::partition_files::is_result_file;
use crate::reading::chunked::without_chunks;
use crate::reading::content_coding::{is_known, take_off};
use crate::reading::head_facts::{is_interim, status_of};
use crate::reading::member::{WarcRecord, read_member};
use crate::warc::ORIGINAL_PLACE_FIELD;
use crate::warc::http_head::head_end;

/// How many layers of content coding are taken off.
pub const CONTENT_CODINGS_MAX: usize = 2;

/// An archived response.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ResponseParts {
    /// The status line without its line ending.
    pub status_line: Vec<u8>,
    /// The status, where the line has one.
    pub status: Option<u16>,
    /// The fields as they came, blanks around values taken off.
    pub fields: Vec<(Vec<u8>, Vec<u8>)>,
    /// The body without its transfer coding, its content coding still on.
    pub payload: Vec<u8>,
    /// Whether the body was cut when it was fetched.
    pub is_truncated: bool,
    /// The address that it came from, where the record says.
    pub ip: Option<IpAddr>,
}

/// Reads the response at a place in a job's DIR; for a revisit, its own head with the payload of the record it refers to.
///
/// # Errors
/// Those of [`read_member`]; [`ArchiveError::NotARecord`] where the record holds no response or names no original;
/// [`ArchiveError::Undecodable`] where the chunked framing is broken in a body that was not cut.
pub fn response_parts(dir: &Path, place: &CapturePlace, block_bytes_max: u64) -> Result<ResponseParts, ArchiveError> {
    let record = read_place(dir, place, block_bytes_max)?;
    match record.record_type() {
        "response" => parts_of(&record, &dir.join(&place.file), place.offset),
        "revisit" => {
            let mut revisit = parts_of(&record, &dir.join(&place.file), place.offset)?;
            let original_place = record
                .field(ORIGINAL_PLACE_FIELD)
                .and_then(parse_place)
                .ok_or_else(|| no_record(dir, place, "the revisit does not name its original's place"))?;
            let original = read_place(dir, &original_place, block_bytes_max)?;
            if original.record_type() != "response" || original.field("WARC-Record-ID") != record.field("WARC-Refers-To") {
                return Err(no_record(dir, &original_place, "it is not the record that the revisit refers to"));
            }
            let original = parts_of(&original, &dir.join(&original_place.file), original_place.offset)?;
            revisit.payload = original.payload;
            revisit.is_truncated = original.is_truncated;
            Ok(revisit)
        }
        _ => Err(no_record(dir, place, "the record holds no response")),
    }
}

impl ResponseParts {
    /// The first value of a field, by its name in any case.
    #[must_use]
    pub fn field(&self, name: &str) -> Option<&[u8]> {
        self.fields_named(name).next()
    }

    /// The payload without its content codings (RFC 9110, section 8.4): gzip, deflate, br and zstd, up to
    /// [`CONTENT_CODINGS_MAX`] layers. Any other word there is passed over, as it is when fetching: the body is as it is. Of a
    /// body that was cut, as much as can be decoded.
    ///
    /// # Errors
    /// [`ArchiveError::Undecodable`] for too many codings or broken bytes; [`ArchiveError::TooLarge`] when more
    /// than `body_bytes_max` bytes come out of a layer.
    pub fn decoded(&self, body_bytes_max: u64) -> Result<Vec<u8>, ArchiveError> {
        let values = self.fields_named("content-encoding").map(|value| String::from_utf8_lossy(value).to_ascii_lowercase());
        let list = values.collect::<Vec<_>>().join(",");
        let codings: Vec<&str> = list.split(',').map(str::trim).filter(|coding| is_known(coding)).collect();
        if codings.len() > CONTENT_CODINGS_MAX {
            let why = format!("it has {} layers; the limit is {CONTENT_CODINGS_MAX}", codings.len());
            return Err(ArchiveError::Undecodable { coding: codings.join(", "), why });
        }
        let mut body = self.payload.clone();
        for coding in codings.iter().rev() {
            // A HEAD's answer or a 304 may name a coding without having a body.
            if !body.is_empty() {
                body = take_off(coding, &body, self.is_truncated, body_bytes_max)?;
            }
        }
        Ok(body)
    }

    fn fields_named<'a, 'name>(&'a self, name: &'name str) -> impl Iterator<Item = &'a [u8]> + use<'a, 'name> {
        let is_named = move |(field, _): &&(Vec<u8>, Vec<u8>)| field.eq_ignore_ascii_case(name.as_bytes());
        self.fields.iter().filter(is_named).map(|(_, value)| value.as_slice())
    }
}

fn read_place(dir: &Path, place: &CapturePlace, block_bytes_max: u64) -> Result<WarcRecord, ArchiveError> {
    if !is_result_file(&place.file) {
        return Err(no_record(dir, place, "the file is not in the job's folders"));
    }
    read_member(&dir.join(&place.file), place.offset, place.length, block_bytes_max)
}

fn no_record(dir: &Path, place: &CapturePlace, why: &str) -> ArchiveError {
    ArchiveError::NotARecord { path: dir.join(&place.file), offset: place.offset, why: why.to_owned() }
}

fn parse_place(text: &str) -> Option<CapturePlace> {
    let (offset, rest) = text.split_once(' ')?;
    let (length, file) = rest.split_once(' ')?;
    Some(CapturePlace { file: file.to_owned(), offset: offset.parse().ok()?, length: length.parse().ok()? })
}

fn parts_of(record: &WarcRecord, path: &Path, offset: u64) -> Result<ResponseParts, ArchiveError> {
    let mut block = record.block.as_slice();
    let mut is_truncated = record.field("WARC-Truncated").is_some();
    let (status_line, status, fields) = loop {
        let head_bytes = head_end(block).unwrap_or(block.len());
        let (head, body) = block.split_at(head_bytes);
        block = body;
        let (status_line, fields) = split_head(head).ok_or_else(|| ArchiveError::NotARecord {
            path: path.to_owned(),
            offset,
            why: "its block is empty".to_owned(),
        })?;
        let status = status_of(&status_line);
        if !status.is_some_and(is_interim) || block.is_empty() {
            break (status_line, status, fields);
        }
    };
    let is_chunked = fields
        .iter()
        .any(|(name, value)| name.eq_ignore_ascii_case(b"transfer-encoding") && value.to_ascii_lowercase().ends_with(b"chunked"));
    let is_revisit = record.record_type() == "revisit";
    // The answer to a HEAD names the framing and has no body.
    let payload = if is_chunked && !is_revisit && !block.is_empty() {
        let (payload, is_complete) = without_chunks(block);
        match is_complete {
            Ok(()) => payload,
            Err(_) if is_truncated => payload,
            Err(why) => return Err(ArchiveError::Undecodable { coding: "chunked".to_owned(), why: why.to_owned() }),
        }
    } else {
        block.to_vec()
    };
    is_truncated &= !is_revisit;
    let ip = record.field("WARC-IP-Address").and_then(|address| address.parse().ok());
    Ok(ResponseParts { status_line, status, fields, payload, is_truncated, ip })
}

type Fields = Vec<(Vec<u8>, Vec<u8>)>;

/// Splits a head into its first line and its fields. A line without a colon is passed over, a folded one joins the value before.
fn split_head(head: &[u8]) -> Option<(Vec<u8>, Fields)> {
    let mut lines = head.split(|byte| *byte == b'\n').map(|line| line.strip_suffix(b"\r").unwrap_or(line));
    let status_line = lines.next().filter(|line| !line.is_empty())?.to_vec();
    let mut fields: Fields = Vec::new();
    for line in lines {
        if let (Some(b' ' | b'\t'), Some((_, value))) = (line.first(), fields.last_mut()) {
            value.push(b' ');
            value.extend_from_slice(line.trim_ascii());
        } else if let Some(colon) = line.iter().position(|byte| *byte == b':') {
            fields.push((line[..colon].trim_ascii().to_vec(), line[colon + 1..].trim_ascii().to_vec()));
        }
    }
    Some((status_line, fields))
}
