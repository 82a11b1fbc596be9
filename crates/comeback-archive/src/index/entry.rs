//! One line of the index: what a capture is of, what it holds, and where it lies.
//!
//! The form is CDXJ as pywb reads and writes it: the key, a time of 14 digits, and a JSON object, all of whose values are texts.

use comeback_engine::outcome::CapturePlace;
use serde::Serialize;

use super::surt;
use crate::reading::head_facts::head_facts;

/// What readers give as the type of a revisit record.
const REVISIT: &str = "warc/revisit";
/// What readers give as the type of a page that names none.
const UNTYPED: &str = "unk";
/// Digits of a time: year to second.
const TIME_DIGITS: usize = 14;

/// What the index says of one `response` or `revisit` record.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct IndexEntry {
    /// `WARC-Target-URI`.
    pub(crate) target_uri: String,
    /// `WARC-Date`.
    pub(crate) date: String,
    pub(crate) media_type: String,
    /// `None` for a revisit record.
    pub(crate) status: Option<u16>,
    /// `WARC-Payload-Digest`, where the record has one.
    pub(crate) payload_digest: Option<String>,
    pub(crate) place: CapturePlace,
}

/// The JSON object of a line, its keys in the order that other indexers use.
#[derive(Serialize)]
struct Fields<'a> {
    url: &'a str,
    #[serde(skip_serializing_if = "str::is_empty")]
    mime: &'a str,
    #[serde(skip_serializing_if = "Option::is_none")]
    status: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    digest: Option<&'a str>,
    length: String,
    offset: String,
    filename: &'a str,
}

impl IndexEntry {
    /// The entry of a record whose block begins with `http_head`. `None` for an answer without a status, which readers pass over.
    pub(crate) fn of_record(
        is_revisit: bool,
        (target_uri, date): (&str, &str),
        payload_digest: Option<String>,
        http_head: &[u8],
        place: CapturePlace,
    ) -> Option<Self> {
        let facts = head_facts(http_head)?;
        let media_type = match facts.content_type {
            _ if is_revisit => REVISIT.to_owned(),
            Some(value) if !value.is_empty() => text(value.split(|byte| matches!(byte, b';' | b' ')).next().unwrap_or_default()),
            Some(_) | None => UNTYPED.to_owned(),
        };
        let status = Some(facts.status).filter(|_| !is_revisit);
        Some(Self { target_uri: target_uri.to_owned(), date: date.to_owned(), media_type, status, payload_digest, place })
    }

    /// Appends the entry's line, line feed included.
    pub(crate) fn write_line(&self, into: &mut Vec<u8>) {
        let Self { target_uri, date, media_type, status, payload_digest, place } = self;
        let CapturePlace { file, offset, length } = place;
        into.extend_from_slice(surt::key(target_uri).as_bytes());
        into.push(b' ');
        into.extend(date.bytes().filter(u8::is_ascii_digit).take(TIME_DIGITS));
        into.push(b' ');
        let fields = Fields {
            url: target_uri,
            mime: media_type,
            status: status.map(|status| status.to_string()),
            digest: payload_digest.as_deref().map(|digest| digest.strip_prefix("sha1:").unwrap_or(digest)),
            length: length.to_string(),
            offset: offset.to_string(),
            filename: file.rsplit_once('/').map_or(file, |(_, name)| name),
        };
        serde_json::to_writer(&mut *into, &fields).expect("texts are JSON, and memory takes all that is written");
        into.push(b'\n');
    }
}

/// A field's value as readers decode it: UTF-8, else a character a byte.
fn text(value: &[u8]) -> String {
    std::str::from_utf8(value).map_or_else(|_| value.iter().map(|byte| char::from(*byte)).collect(), str::to_owned)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn line(is_revisit: bool, http_head: &str) -> String {
        let place = CapturePlace { file: "warc/p000-0001.warc.gz".into(), offset: 7, length: 9 };
        let of = ("http://www.example.org/A", "2026-11-23T21:00:00.123Z");
        let entry = IndexEntry::of_record(is_revisit, of, Some("sha1:AAAA".into()), http_head.as_bytes(), place);
        let mut line = Vec::new();
        entry.unwrap().write_line(&mut line);
        String::from_utf8(line).unwrap()
    }

    #[test]
    fn line_is_as_readers_expect_it() {
        let head = "HTTP/1.1 103 Early Hints\r\n\r\nHTTP/1.1 200 OK\r\ncontent-type: Text/HTML; charset=utf-8\r\n\r\n";
        let expected = "org,example)/a 20261123210000 {\"url\":\"http://www.example.org/A\",\"mime\":\"Text/HTML\",\"status\":\"200\",\
                        \"digest\":\"AAAA\",\"length\":\"9\",\"offset\":\"7\",\"filename\":\"p000-0001.warc.gz\"}\n";
        assert_eq!(line(false, head), expected);
    }

    #[test]
    fn revisits_have_their_own_type_and_no_status() {
        let line = line(true, "HTTP/1.1 200 OK\r\nContent-Type: text/html\r\n\r\n");
        assert!(line.contains("\"mime\":\"warc/revisit\"") && !line.contains("status"), "{line}");
    }

    #[test]
    fn answers_without_type_are_untyped_and_those_without_status_have_no_line() {
        assert!(line(false, "HTTP/1.1 200 OK\r\n\r\n").contains("\"mime\":\"unk\""));
        let place = CapturePlace { file: "warc/p000-0001.warc.gz".into(), offset: 7, length: 9 };
        assert_eq!(IndexEntry::of_record(false, ("http://a/", "2026"), None, b"HTTP/1.1\r\n\r\n", place), None);
    }
}
