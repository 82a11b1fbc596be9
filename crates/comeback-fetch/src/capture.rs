//! One exchange as it was on the wire. It holds facts and bytes; what they mean is for diagnosis to say.

use std::fmt;
use std::fs::File;
use std::io::{self, Read};
use std::net::SocketAddr;

use comeback_diagnosis::cause::Cause;
use comeback_diagnosis::clock::WallTime;
use comeback_diagnosis::exchange::{Exchange, Failure, Response};

use crate::spool::SpoolFile;

/// One attempt's exchange. At least one of `response` and `failure` is present.
#[derive(Debug)]
pub struct Capture {
    /// When the request's first byte was written; `None` when nothing was sent.
    pub sent_at: Option<WallTime>,
    /// When the end was known.
    pub ended_at: WallTime,
    /// From sending the request (from the start, where nothing was sent) to the end, in milliseconds.
    pub elapsed_ms: u64,
    /// The address that was connected to.
    pub remote: Option<SocketAddr>,
    /// The request's bytes as written, body included; over HTTP/2 with a synthesised head.
    pub request_wire: Vec<u8>,
    /// The response, as far as it came.
    pub response: Option<CapturedResponse>,
    /// What went wrong on our side of the wire.
    pub failure: Option<OwnFailure>,
    /// The protocol spoken.
    pub protocol: Protocol,
}

/// What was spoken on the connection.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Protocol {
    /// HTTP/1.1 or HTTP/1.0; also where no connection came about.
    Http1,
    /// HTTP/2. Its heads have no text of their own: those of the capture are synthesised.
    Http2,
}

impl Protocol {
    /// Its name by ALPN: `http/1.1` or `h2`.
    ///
    /// ```
    /// assert_eq!(comeback_fetch::Protocol::Http2.alpn_name(), "h2");
    /// ```
    #[must_use]
    pub const fn alpn_name(self) -> &'static str {
        match self {
            Self::Http1 => "http/1.1",
            Self::Http2 => "h2",
        }
    }

    /// Whether heads have the form of HTTP/1.1 without having been sent in it.
    #[must_use]
    pub const fn has_synthesised_heads(self) -> bool {
        match self {
            Self::Http1 => false,
            Self::Http2 => true,
        }
    }
}

impl fmt::Display for Protocol {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(match self {
            Self::Http1 => "HTTP/1.1",
            Self::Http2 => "HTTP/2",
        })
    }
}

/// A failure on our side of the wire.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct OwnFailure {
    /// One of the causes `dns` to `address_refused`.
    pub cause: Cause,
    /// What happened, in a sentence for people.
    pub detail: String,
    /// Whether it will be the same until somebody changes something: a name that does not exist, a certificate that has expired.
    pub is_lasting: bool,
}

/// A response as it came.
#[derive(Debug)]
pub struct CapturedResponse {
    /// 100 to 999, as sent.
    pub status: u16,
    /// The reason phrase, as sent; HTTP/2 has none.
    pub reason: Vec<u8>,
    /// Name and value of each field line, in their order and case; values without surrounding blanks, folded lines joined.
    pub fields: Vec<(Vec<u8>, Vec<u8>)>,
    /// How many of the wire's bytes are the head, its empty line included.
    pub head_bytes: usize,
    /// Head and body exactly as received, chunk framing and trailers included; nothing before or after this response. Over
    /// HTTP/2: a synthesised head and the body, without framing and trailers.
    pub wire: WireBytes,
    /// Whether the body is in chunks on the wire (RFC 9112, section 7.1).
    pub chunked: bool,
    /// Name and value of each trailer field, where they are not in `wire`.
    pub trailers: Vec<(Vec<u8>, Vec<u8>)>,
    /// The beginning of the body without its chunk framing and content codings, at most
    /// [`BODY_SEEN_BYTES_MAX`](comeback_diagnosis::exchange::BODY_SEEN_BYTES_MAX) bytes.
    pub body_seen: Vec<u8>,
    /// The payload received: without chunk framing, before content decoding.
    pub body_bytes: u64,
    /// Whether the body came to its end.
    pub complete: bool,
}

/// The bytes of a response: in memory, or in the spool folder when they are many.
#[derive(Debug)]
pub enum WireBytes {
    /// Up to `body_memory_bytes_max`.
    Memory(Vec<u8>),
    /// More than that.
    Spool(SpoolFile),
}

impl WireBytes {
    /// How many there are.
    #[must_use]
    pub fn len(&self) -> u64 {
        match self {
            Self::Memory(bytes) => bytes.len() as u64,
            Self::Spool(file) => file.bytes(),
        }
    }

    /// Whether there are none.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// Reads them from the start. This blocks where they lie in a file.
    ///
    /// # Errors
    /// The spool file cannot be opened.
    pub fn reader(&self) -> io::Result<WireReader<'_>> {
        Ok(match self {
            Self::Memory(bytes) => WireReader::Memory(bytes),
            Self::Spool(file) => WireReader::Spool(File::open(file.path())?),
        })
    }
}

/// Reads [`WireBytes`] from the start.
#[derive(Debug)]
pub enum WireReader<'a> {
    /// From memory.
    Memory(&'a [u8]),
    /// From the spool file.
    Spool(File),
}

impl Read for WireReader<'_> {
    fn read(&mut self, into: &mut [u8]) -> io::Result<usize> {
        match self {
            Self::Memory(bytes) => bytes.read(into),
            Self::Spool(file) => file.read(into),
        }
    }
}

impl CapturedResponse {
    /// The first value of a field, by its name in any case.
    #[must_use]
    pub fn field(&self, name: &str) -> Option<&[u8]> {
        self.fields.iter().find(|(field, _)| field.eq_ignore_ascii_case(name.as_bytes())).map(|(_, value)| value.as_slice())
    }
}

impl Capture {
    /// The response's fields as borrowed pairs: what [`Capture::exchange`] takes.
    #[must_use]
    pub fn borrowed_fields(&self) -> Vec<(&[u8], &[u8])> {
        let fields = self.response.iter().flat_map(|response| &response.fields);
        fields.map(|(name, value)| (name.as_slice(), value.as_slice())).collect()
    }

    /// The exchange as diagnosis reads it; `fields` come from [`Capture::borrowed_fields`].
    #[must_use]
    pub fn exchange<'a>(&'a self, method: &'a str, url: &'a str, fields: &'a [(&'a [u8], &'a [u8])]) -> Exchange<'a> {
        let response = self.response.as_ref().map(|response| Response {
            status: response.status,
            reason: &response.reason,
            fields,
            body: &response.body_seen,
            body_bytes: response.complete.then_some(response.body_bytes),
        });
        let failure = self.failure.as_ref().map(|failure| Failure {
            cause: failure.cause,
            detail: &failure.detail,
            is_lasting: failure.is_lasting,
        });
        Exchange { method, url, response, failure, received_at: self.ended_at, elapsed_ms: self.elapsed_ms }
    }
}

impl OwnFailure {
    /// A failure with its sentence.
    pub(crate) fn new(cause: Cause, detail: impl Into<String>) -> Self {
        Self { cause, detail: detail.into(), is_lasting: false }
    }

    /// The same failure, where it will be the same until somebody changes something.
    pub(crate) fn lasting_if(self, is_lasting: bool) -> Self {
        Self { is_lasting, ..self }
    }
}
