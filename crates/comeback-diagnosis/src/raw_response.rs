//! A raw HTTP response, parsed leniently: what `curl -i` writes, or what came over a socket.
//!
//! Meant for looking at responses, not for taking part in HTTP: it accepts any three-digit status, LF for CRLF, missing fields
//! and a body that was cut. Content-Encoding is not decoded; the explanation says so. Other forms in which people save responses
//! are made into this one by [`saved`](crate::saved).

use std::ops::RangeInclusive;

use crate::clock::WallTime;
use crate::error::DiagnosisError;
use crate::exchange::{BODY_SEEN_BYTES_MAX, Exchange, Response};

/// How many field lines are kept; whatever a file holds beyond is left out.
pub const FIELDS_MAX: usize = 1_000;

/// How many bytes of something that is no response are quoted.
const BEGINNING_BYTES_MAX: usize = 40;

/// Name and value of a field line, borrowed from a saved response.
pub type Field<'a> = (&'a [u8], &'a [u8]);

/// A response that was saved, as far as it could be read.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RawResponse {
    /// 100 to 999, unclamped.
    pub status: u16,
    /// The reason phrase, empty where there is none.
    pub reason: Vec<u8>,
    /// Name and value of each field line, in their order.
    pub fields: Vec<(Vec<u8>, Vec<u8>)>,
    /// The body, without a well-formed chunked framing, still compressed if it was.
    pub body: Vec<u8>,
    /// How many responses before this one were passed over: interim ones, redirects, tries.
    pub earlier: usize,
}

impl RawResponse {
    /// Parses a saved response. Where several follow one another (interim heads, a proxy's tunnel, redirects that were followed,
    /// an answer before credentials were sent, tries that were repeated), the last is taken.
    ///
    /// # Errors
    /// [`DiagnosisError::EmptyResponse`] and [`DiagnosisError::NotHttp`] when no status line is at the beginning.
    ///
    /// ```
    /// use comeback_diagnosis::raw_response::RawResponse;
    /// let raw = RawResponse::parse(b"HTTP/2 503\nretry-after: 5\n\nlater").expect("a response");
    /// assert_eq!((raw.status, raw.body.as_slice()), (503, &b"later"[..]));
    /// ```
    pub fn parse(bytes: &[u8]) -> Result<Self, DiagnosisError> {
        let bytes = bytes.strip_prefix(b"\xef\xbb\xbf").unwrap_or(bytes).trim_ascii_start();
        if bytes.is_empty() {
            return Err(DiagnosisError::EmptyResponse);
        }
        let (mut rest, mut earlier) = (bytes, 0);
        loop {
            let (head, after) = Head::parse(rest).ok_or_else(|| not_http(bytes))?;
            if let Some(next) = head.next_head(after) {
                (rest, earlier) = (next, earlier + 1);
                continue;
            }
            let body = if head.is_chunked() { dechunked(after) } else { None };
            let body = body.unwrap_or_else(|| after.to_vec());
            return Ok(Self { status: head.status, reason: head.reason.to_vec(), fields: head.fields, body, earlier });
        }
    }

    /// The Content-Encoding, where there is one.
    pub(crate) fn content_coding(&self) -> Option<&[u8]> {
        let (_, coding) = self.fields.iter().find(|(name, _)| name.eq_ignore_ascii_case(b"content-encoding"))?;
        Some(coding)
    }

    /// Whether the body still has its content coding. A client that took it off may have left the field in place, so the bytes
    /// decide: compressed bytes are no UTF-8.
    #[must_use]
    pub fn is_coded(&self) -> bool {
        let is_text = std::str::from_utf8(&self.body).map_or_else(|error| error.error_len().is_none(), |_| true);
        self.content_coding().is_some() && !is_text
    }

    /// The Content-Length, where there is one that is a number.
    #[must_use]
    pub fn length_promised(&self) -> Option<u64> {
        number(&self.fields, b"content-length")
    }

    /// The fields, borrowed: the place that an [`Exchange`] of this response can borrow them from.
    #[must_use]
    pub fn borrowed_fields(&self) -> Vec<Field<'_>> {
        self.fields.iter().map(|(name, value)| (name.as_slice(), value.as_slice())).collect()
    }

    /// The exchange that ended with this response; `fields` are those of [`RawResponse::borrowed_fields`].
    #[must_use]
    pub fn exchange<'a>(&'a self, fields: &'a [Field<'a>], received_at: WallTime) -> Exchange<'a> {
        let response = Response {
            status: self.status,
            reason: &self.reason,
            fields,
            body: &self.body[..self.body.len().min(BODY_SEEN_BYTES_MAX)],
            body_bytes: u64::try_from(self.body.len()).ok(),
        };
        Exchange { method: "GET", url: "", response: Some(response), failure: None, received_at, elapsed_ms: 0 }
    }
}

/// Status line and field lines.
struct Head<'a> {
    status: u16,
    reason: &'a [u8],
    fields: Vec<(Vec<u8>, Vec<u8>)>,
}

const STATUSES: RangeInclusive<u16> = 100..=999;

/// How every status line begins (RFC 9112, section 4).
const NAME: &[u8] = b"HTTP/";

/// A version is `1.1` or `2`; what is longer is none.
const VERSION_BYTES_MAX: usize = 8;

/// Whether a line is a status line.
pub(crate) fn is_status_line(line: &[u8]) -> bool {
    Head::status_line(line).is_some()
}

fn number(fields: &[(Vec<u8>, Vec<u8>)], name: &[u8]) -> Option<u64> {
    let (_, value) = fields.iter().find(|(field, _)| field.eq_ignore_ascii_case(name))?;
    std::str::from_utf8(value).ok()?.trim().parse().ok()
}

impl<'a> Head<'a> {
    /// The head at the beginning of the bytes, and what follows its empty line. A head may also end with the bytes.
    fn parse(bytes: &'a [u8]) -> Option<(Self, &'a [u8])> {
        let (line, mut rest) = next_line(bytes);
        let mut head = Self::status_line(line)?;
        while !rest.is_empty() {
            let (line, after) = next_line(rest);
            rest = after;
            if line.trim_ascii().is_empty() {
                break;
            }
            head.add_line(line);
        }
        Some((head, rest))
    }

    /// `HTTP/1.1 503 Service Unavailable`, also without reason, also `HTTP/2 503`.
    fn status_line(line: &'a [u8]) -> Option<Self> {
        let (name, after_name) = line.split_at_checked(NAME.len())?;
        let blank = after_name.iter().position(|byte| matches!(byte, b' ' | b'\t'))?;
        if !name.eq_ignore_ascii_case(NAME) || blank > VERSION_BYTES_MAX {
            return None;
        }
        let after_version = after_name[blank..].trim_ascii_start();
        let (digits, reason) = after_version.split_at_checked(3)?;
        let status = std::str::from_utf8(digits).ok()?.parse::<u16>().ok().filter(|status| STATUSES.contains(status))?;
        let ends = reason.first().is_none_or(u8::is_ascii_whitespace);
        ends.then(|| Self { status, reason: reason.trim_ascii(), fields: Vec::new() })
    }

    /// A line that begins with a blank continues the field before it (RFC 9112, section 5.2); one without a colon is no field.
    fn add_line(&mut self, line: &[u8]) {
        if line.first().is_some_and(|byte| matches!(byte, b' ' | b'\t')) {
            if let Some((_, value)) = self.fields.last_mut() {
                value.push(b' ');
                value.extend_from_slice(line.trim_ascii());
            }
        } else if let Some(colon) = line.iter().position(|byte| *byte == b':')
            && self.fields.len() < FIELDS_MAX
        {
            self.fields.push((line[..colon].trim_ascii().to_vec(), line[colon + 1..].trim_ascii().to_vec()));
        }
    }

    /// The head that follows: at once, where this one may come without a body, or behind as many bytes as this one announces.
    fn next_head(&self, after: &'a [u8]) -> Option<&'a [u8]> {
        let length = number(&self.fields, b"content-length").and_then(|length| usize::try_from(length).ok());
        let at_once = || self.precedes_another().then_some(after);
        let behind = || length.and_then(|length| after.get(length..));
        let head = |rest: &'a [u8]| Some(rest.trim_ascii_start()).filter(|rest| is_status_line(next_line(rest).0));
        // The second is looked at only where the first is none, so that no byte is looked at more than twice.
        at_once().and_then(head).or_else(|| behind().and_then(head))
    }

    /// Whether clients show another head right after this one: an interim one, a tunnel's, a redirect that they follow, a demand
    /// for credentials that they then send.
    fn precedes_another(&self) -> bool {
        match self.status {
            101 => false,
            100..=199 | 300..=399 | 401 | 407 => true,
            200 => self.reason.eq_ignore_ascii_case(b"connection established"),
            _ => false,
        }
    }

    fn is_chunked(&self) -> bool {
        let mut codings = self.fields.iter().filter(|(name, _)| name.eq_ignore_ascii_case(b"transfer-encoding"));
        codings.any(|(_, value)| value.to_ascii_lowercase().ends_with(b"chunked"))
    }
}

/// The bytes up to the next LF, without it and the CRs before it, and what follows.
pub(crate) fn next_line(bytes: &[u8]) -> (&[u8], &[u8]) {
    let (line, rest) = match bytes.iter().position(|byte| *byte == b'\n') {
        Some(end) => (&bytes[..end], &bytes[end + 1..]),
        None => (bytes, &bytes[bytes.len()..]),
    };
    // Some editors and pastes double the CR.
    let content = line.iter().rposition(|byte| *byte != b'\r').map_or(0, |last| last + 1);
    (&line[..content], rest)
}

/// The body without its chunked framing (RFC 9112, section 7.1); `None` when it is not whole, as in files that a client saved
/// after it had taken the framing away.
fn dechunked(bytes: &[u8]) -> Option<Vec<u8>> {
    let mut body = Vec::new();
    let mut rest = bytes;
    loop {
        let (size_line, after_size) = next_line(rest);
        let digits = size_line.split(|byte| *byte == b';').next().unwrap_or_default().trim_ascii();
        let size = usize::from_str_radix(std::str::from_utf8(digits).ok()?, 16).ok()?;
        if size == 0 {
            return Some(body);
        }
        let (chunk, after_chunk) = after_size.split_at_checked(size)?;
        body.extend_from_slice(chunk);
        let (end, after_end) = next_line(after_chunk);
        if !end.is_empty() || after_end.is_empty() {
            return None;
        }
        rest = after_end;
    }
}

fn not_http(bytes: &[u8]) -> DiagnosisError {
    let beginning = &bytes[..bytes.len().min(BEGINNING_BYTES_MAX)];
    DiagnosisError::NotHttp { beginning: beginning.escape_ascii().to_string() }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parsed(text: &str) -> RawResponse {
        RawResponse::parse(text.as_bytes()).expect("a response")
    }

    #[test]
    fn line_ends_versions_and_reasons_do_not_matter() {
        for text in ["HTTP/1.1 503 Not now\r\nA: 1\r\n\r\nbody", "HTTP/1.0 503 \nA: 1\n\nbody", "HTTP/2 503\nA:1\n\nbody"] {
            let raw = parsed(text);
            assert_eq!((raw.status, raw.body.as_slice()), (503, &b"body"[..]), "{text:?}");
            assert_eq!(raw.fields, [(b"A".to_vec(), b"1".to_vec())], "{text:?}");
        }
    }

    #[test]
    fn statuses_are_not_clamped_and_fields_may_be_missing() {
        assert_eq!(parsed("HTTP/1.1 999 Request denied").status, 999);
        assert_eq!(parsed("HTTP/3 200").fields, []);
        assert_eq!(parsed("\u{feff}\r\nHTTP/1.1 404\r\n\r\n").status, 404);
    }

    #[test]
    fn interim_and_tunnel_heads_are_skipped() {
        let text =
            "HTTP/1.1 200 Connection established\r\n\r\nHTTP/1.1 103 Early Hints\r\nLink: x\r\n\r\nHTTP/1.1 503 No\r\n\r\n";
        assert_eq!(parsed(text).status, 503);
        assert_eq!(parsed("HTTP/1.1 100 Continue\r\n\r\n").status, 100);
    }

    #[test]
    fn the_last_of_several_responses_is_taken() {
        let redirected = "HTTP/1.1 301 Moved\r\nLocation: /b\r\nContent-Length: 9\r\n\r\nHTTP/2 503\r\n\r\nlater";
        assert_eq!((parsed(redirected).status, parsed(redirected).earlier), (503, 1));
        let asked_twice = "HTTP/1.1 401 No\n\nHTTP/1.1 403 No\n\nno";
        assert_eq!(parsed(asked_twice).status, 403);
        let repeated = "HTTP/1.1 503 No\nContent-Length: 5\n\nlaterHTTP/1.1 200 OK\n\npage";
        assert_eq!((parsed(repeated).status, parsed(repeated).body.as_slice()), (200, &b"page"[..]));
    }

    #[test]
    fn a_response_in_the_body_of_a_page_is_its_body() {
        for text in ["HTTP/1.1 200 OK\n\nHTTP/1.1 503 No\n\n", "HTTP/1.1 200 OK\nContent-Length: 18\n\nHTTP/1.1 503 No\n\n"] {
            assert_eq!((parsed(text).status, parsed(text).earlier), (200, 0), "{text}");
        }
    }

    #[test]
    fn odd_line_ends_end_the_head() {
        for text in ["HTTP/1.1 503 No\r\r\nA: 1\r\r\n\r\r\nbody", "HTTP/1.1 503 No\nA: 1\n \t\nbody"] {
            let raw = parsed(text);
            assert_eq!((raw.fields.len(), raw.body.as_slice()), (1, &b"body"[..]), "{text:?}");
        }
    }

    #[test]
    fn only_whole_chunking_is_removed() {
        let head = "HTTP/1.1 503 No\r\nTransfer-Encoding: chunked\r\n\r\n";
        assert_eq!(parsed(&format!("{head}5;x=1\r\nhello\r\n1\r\n!\r\n0\r\n\r\n")).body, b"hello!");
        assert_eq!(parsed(&format!("{head}5\r\nhello\r\n1")).body, b"5\r\nhello\r\n1");
        assert_eq!(parsed(&format!("{head}<html>already whole</html>")).body, b"<html>already whole</html>");
    }

    #[test]
    fn what_is_no_response_is_refused_with_its_beginning() {
        assert_eq!(RawResponse::parse(b" \r\n"), Err(DiagnosisError::EmptyResponse));
        for text in ["<html></html>", "HTTP/1.1 99 No", "HTTP/1.1 5033 No", "GET / HTTP/1.1"] {
            let error = RawResponse::parse(text.as_bytes()).expect_err("no response");
            assert_eq!(error, DiagnosisError::NotHttp { beginning: text.into() });
        }
    }
}
