//! From an exchange to its records: response or revisit, request, metadata; and `warcinfo` at the head of each file.

use std::borrow::Cow;
use std::fs::File;
use std::io::{Read, Write};

use comeback_engine::outcome::CapturePlace;

use super::capture::{CaptureRecord, ResponseBlock};
use super::compression::{Compression, MemberWriter};
use super::digest::{Sha1Bytes, WireDigests, digest_wire, for_each_piece, labelled, sha1};
use super::http_head;
use super::originals::{Original, Originals, PayloadKey};
use super::record::{ORIGINAL_PLACE_FIELD, RecordHead, RecordType, new_record_id, place_text, warc_fields};
use super::redaction::{redact_request, without_user_info};
use crate::error::ArchiveError;
use crate::file_series::Tail;
use crate::index::entry::IndexEntry;
use crate::partition_files::ArchiveSettings;
use crate::time_text::wall_time_to_rfc3339;

const WARC_FIELDS: &str = "application/warc-fields";
const HTTP_REQUEST: &str = "application/http; msgtype=request";
const HTTP_RESPONSE: &str = "application/http; msgtype=response";
/// WARC 1.1, section 6.7.2.
const IDENTICAL_PAYLOAD: &str = "http://netpreserve.org/warc/1.1/revisit/identical-payload-digest";
/// The longest response head that is taken for one.
pub(crate) const HTTP_HEAD_BYTES_MAX: usize = 1024 * 1024;
const CONFORMS_TO: &str = "http://iipc.github.io/warc-specifications/specifications/warc-format/warc-1.1/";

/// Writes the records of one partition.
pub(crate) struct WarcWriter {
    compression: Compression,
    software: String,
    robots_policy: String,
    operator: Option<String>,
    originals: Originals,
}

/// What was written of one exchange.
#[derive(Debug, Default)]
pub(crate) struct Appended {
    /// Where its response or revisit record lies; `None` when no response came.
    pub(crate) place: Option<CapturePlace>,
    /// What the index says of that record.
    pub(crate) entry: Option<IndexEntry>,
}

/// What all records of one exchange share.
struct Exchange<'a> {
    capture: &'a CaptureRecord<'a>,
    target_uri: String,
    date: String,
    /// The record that the others of the exchange name as concurrent.
    first_id: Option<String>,
}

/// A block to be written: bytes at hand, or a response's wire.
#[derive(Clone, Copy)]
enum Block<'a> {
    Bytes(&'a [u8]),
    Response(&'a ResponseBlock<'a>),
}

impl WarcWriter {
    pub(crate) fn new(settings: &ArchiveSettings) -> Self {
        let ArchiveSettings { compression, file_bytes_max: _, originals_count_max, software, robots_policy, operator } = settings;
        Self {
            compression: *compression,
            software: software.clone(),
            robots_policy: robots_policy.clone(),
            operator: operator.clone(),
            originals: Originals::new(*originals_count_max),
        }
    }

    pub(crate) fn append(&mut self, tail: &mut Tail<'_>, capture: &CaptureRecord<'_>) -> Result<Appended, ArchiveError> {
        let date = wall_time_to_rfc3339(capture.sent_at);
        if tail.offset() == 0 {
            self.write_warcinfo(tail, &date)?;
        }
        let target_uri = without_user_info(capture.target_uri).into_owned();
        let mut exchange = Exchange { capture, target_uri, date, first_id: None };
        let appended = match &capture.response {
            Some(response) => self.write_response(tail, &mut exchange, response)?,
            None => Appended::default(),
        };
        self.write_request(tail, &mut exchange)?;
        self.write_metadata(tail, &mut exchange)?;
        Ok(appended)
    }

    fn write_warcinfo(&self, tail: &mut Tail<'_>, date: &str) -> Result<(), ArchiveError> {
        let pairs = [
            ("software", Some(self.software.as_str())),
            ("format", Some("WARC File Format 1.1")),
            ("conformsTo", Some(CONFORMS_TO)),
            ("robots", Some(self.robots_policy.as_str())),
            ("operator", self.operator.as_deref()),
        ];
        let block = warc_fields(pairs.into_iter().filter_map(|(name, value)| Some((name, value?))));
        let mut head = RecordHead::new(RecordType::Warcinfo, &new_record_id(), date);
        let name = tail.file().rsplit_once('/').map_or(tail.file(), |(_, name)| name).to_owned();
        head.field("WARC-Filename", name);
        head.digest("WARC-Block-Digest", &sha1(&block));
        self.write_member(tail, &head.finish(WARC_FIELDS, block.len() as u64), Block::Bytes(&block)).map(drop)
    }

    fn write_response(
        &mut self,
        tail: &mut Tail<'_>,
        exchange: &mut Exchange<'_>,
        response: &ResponseBlock<'_>,
    ) -> Result<Appended, ArchiveError> {
        let digests = digest_wire(&response.wire, response.head_bytes)?;
        let Some(http_head) = http_head_of(response)? else {
            self.write_unreadable_response(tail, exchange, response, &digests)?;
            return Ok(Appended::default());
        };
        // Readers digest from where they see the head end. Where that is elsewhere (an interim response before the final
        // one), the digest would be held wrong, so it is left out.
        let has_payload_digest = http_head::head_end(&http_head) == Some(http_head.len());
        let payload_bytes = response.wire.bytes() - response.head_bytes as u64;
        let is_whole = has_payload_digest && response.truncated.is_none() && payload_bytes > 0;
        let key = PayloadKey { digest: digests.payload, bytes: payload_bytes, is_chunked: response.chunked };
        if is_whole && let Some(original) = self.originals.find(&key).cloned() {
            let place = self.write_revisit(tail, exchange, &http_head, &digests, &original)?;
            return Ok(exchange.appended(true, Some(&digests.payload), &http_head, place));
        }
        let record_id = new_record_id();
        let mut head = exchange.head(RecordType::Response, &record_id);
        head.digest("WARC-Block-Digest", &digests.block);
        if has_payload_digest {
            head.digest("WARC-Payload-Digest", &digests.payload);
        }
        head.optional_field("WARC-Truncated", response.truncated.map(super::capture::Truncation::word));
        let head = head.finish(HTTP_RESPONSE, response.wire.bytes());
        let place = self.write_member(tail, &head, Block::Response(response))?;
        if is_whole {
            let (target_uri, date) = (exchange.target_uri.clone(), exchange.date.clone());
            self.originals.remember(key, Original { record_id, target_uri, date, place: place.clone() });
        }
        Ok(exchange.appended(false, has_payload_digest.then_some(&digests.payload), &http_head, place))
    }

    fn write_revisit(
        &self,
        tail: &mut Tail<'_>,
        exchange: &mut Exchange<'_>,
        http_head: &[u8],
        digests: &WireDigests,
        original: &Original,
    ) -> Result<CapturePlace, ArchiveError> {
        let mut head = exchange.head(RecordType::Revisit, &new_record_id());
        head.field("WARC-Profile", IDENTICAL_PAYLOAD);
        head.field("WARC-Refers-To", &original.record_id);
        head.field("WARC-Refers-To-Target-URI", &original.target_uri);
        head.field("WARC-Refers-To-Date", &original.date);
        head.field(ORIGINAL_PLACE_FIELD, place_text(&original.place));
        head.digest("WARC-Block-Digest", &sha1(http_head));
        head.digest("WARC-Payload-Digest", &digests.payload);
        self.write_member(tail, &head.finish(HTTP_RESPONSE, http_head.len() as u64), Block::Bytes(http_head))
    }

    /// Keeps an answer that is not HTTP, where readers do not stumble over it.
    fn write_unreadable_response(
        &self,
        tail: &mut Tail<'_>,
        exchange: &mut Exchange<'_>,
        response: &ResponseBlock<'_>,
        digests: &WireDigests,
    ) -> Result<(), ArchiveError> {
        if response.wire.bytes() == 0 {
            return Ok(());
        }
        let mut head = exchange.head(RecordType::Metadata, &new_record_id());
        head.digest("WARC-Block-Digest", &digests.block);
        head.optional_field("WARC-Truncated", response.truncated.map(super::capture::Truncation::word));
        let head = head.finish("application/octet-stream", response.wire.bytes());
        self.write_member(tail, &head, Block::Response(response)).map(drop)
    }

    fn write_request(&self, tail: &mut Tail<'_>, exchange: &mut Exchange<'_>) -> Result<(), ArchiveError> {
        let block = redact_request(exchange.capture.request_wire);
        if block.is_empty() {
            return Ok(());
        }
        let is_readable = http_head::is_request(&block);
        let record_type = if is_readable { RecordType::Request } else { RecordType::Metadata };
        let mut head = exchange.head(record_type, &new_record_id());
        head.digest("WARC-Block-Digest", &sha1(&block));
        self.write_member(tail, &head.finish(HTTP_REQUEST, block.len() as u64), Block::Bytes(&block)).map(drop)
    }

    fn write_metadata(&self, tail: &mut Tail<'_>, exchange: &mut Exchange<'_>) -> Result<(), ArchiveError> {
        if exchange.capture.metadata.is_empty() {
            return Ok(());
        }
        let block = warc_fields(exchange.capture.metadata.iter().map(|(name, value)| (name.as_str(), value.as_str())));
        let mut head = exchange.head(RecordType::Metadata, &new_record_id());
        head.digest("WARC-Block-Digest", &sha1(&block));
        self.write_member(tail, &head.finish(WARC_FIELDS, block.len() as u64), Block::Bytes(&block)).map(drop)
    }

    fn write_member(&self, tail: &mut Tail<'_>, head: &[u8], block: Block<'_>) -> Result<CapturePlace, ArchiveError> {
        let (file, path, offset) = (tail.file().to_owned(), tail.path().to_owned(), tail.offset());
        let refused = |error| ArchiveError::system("write", &path, error);
        let mut member = MemberWriter::new(self.compression, &mut *tail).map_err(refused)?;
        member.write_all(head).map_err(refused)?;
        match block {
            Block::Bytes(bytes) => member.write_all(bytes).map_err(refused)?,
            Block::Response(response) => for_each_piece(&response.wire, |piece| member.write_all(piece).map_err(refused))?,
        }
        member.write_all(b"\r\n\r\n").map_err(refused)?;
        member.finish().map_err(refused)?;
        Ok(CapturePlace { file, offset, length: tail.offset() - offset })
    }
}

impl Exchange<'_> {
    fn appended(&self, is_revisit: bool, payload: Option<&Sha1Bytes>, http_head: &[u8], place: CapturePlace) -> Appended {
        let of = (self.target_uri.as_str(), self.date.as_str());
        let entry = IndexEntry::of_record(is_revisit, of, payload.map(labelled), http_head, place.clone());
        Appended { place: Some(place), entry }
    }

    /// A head with the fields that all records of the exchange share.
    fn head(&mut self, record_type: RecordType, record_id: &str) -> RecordHead {
        let mut head = RecordHead::new(record_type, record_id, &self.date);
        head.field("WARC-Target-URI", &self.target_uri);
        match record_type {
            RecordType::Request | RecordType::Response | RecordType::Revisit => {
                head.optional_field("WARC-IP-Address", self.capture.ip.map(|ip| ip.to_canonical()));
                head.optional_field("WARC-Protocol", self.capture.protocol);
            }
            RecordType::Warcinfo | RecordType::Metadata => {}
        }
        match &self.first_id {
            Some(first_id) => head.field("WARC-Concurrent-To", first_id),
            None => self.first_id = Some(record_id.to_owned()),
        }
        head
    }
}

/// The response's HTTP head; `None` when readers would not take the block for a response.
fn http_head_of<'a>(response: &ResponseBlock<'a>) -> Result<Option<Cow<'a, [u8]>>, ArchiveError> {
    let ResponseBlock { head_bytes, wire, chunked: _, truncated: _ } = *response;
    if head_bytes > HTTP_HEAD_BYTES_MAX || head_bytes as u64 > wire.bytes() {
        return Ok(None);
    }
    let head = match (wire.memory.get(..head_bytes), wire.file) {
        (Some(head), _) => Cow::Borrowed(head),
        (None, Some(source)) => {
            let mut head = wire.memory.to_vec();
            let missing = (head_bytes - head.len()) as u64;
            File::open(source.path)
                .and_then(|file| file.take(missing).read_to_end(&mut head))
                .map_err(|error| ArchiveError::system("read", source.path, error))?;
            Cow::Owned(head)
        }
        (None, None) => return Ok(None),
    };
    Ok(http_head::is_response(&head).then_some(head))
}
