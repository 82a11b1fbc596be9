//! One exchange as the archive takes it: borrowed bytes and what is known of them, independent of how they were fetched.

use std::net::IpAddr;
use std::path::Path;

use comeback_engine::diagnosis::clock::WallTime;

/// One exchange to be archived.
#[derive(Debug, Clone, Copy)]
pub struct CaptureRecord<'a> {
    /// The absolute URL that was asked. User-info in it is not archived.
    pub target_uri: &'a str,
    /// The request's bytes as sent; empty when none was sent. Secrets in it are redacted by the writer.
    pub request_wire: &'a [u8],
    /// The response, as far as it came.
    pub response: Option<ResponseBlock<'a>>,
    /// The address that was connected to.
    pub ip: Option<IpAddr>,
    /// The protocol as `WARC-Protocol` names it: `http/1.1` or `h2`, whose heads are in the form of HTTP/1.1 all the same.
    pub protocol: Option<&'a str>,
    /// When the request was sent, or would have been.
    pub sent_at: WallTime,
    /// The diagnosis as name and value pairs, written as `application/warc-fields`; none, and no such record is written.
    pub metadata: &'a [(String, String)],
}

/// A response's exact bytes: its head, then its body as it came over the wire, chunk framing included.
#[derive(Debug, Clone, Copy)]
pub struct ResponseBlock<'a> {
    /// Length of the head in bytes, its closing blank line included; the body follows. 0 for an answer that is not HTTP.
    pub head_bytes: usize,
    /// Head and body.
    pub wire: Wire<'a>,
    /// Whether the body is in chunked framing.
    pub chunked: bool,
    /// Why the body is not whole.
    pub truncated: Option<Truncation>,
}

/// Bytes as they came: a beginning in memory (it may be empty), then the rest in a file where there was much.
#[derive(Debug, Clone, Copy)]
pub struct Wire<'a> {
    /// The beginning.
    pub memory: &'a [u8],
    /// What follows it.
    pub file: Option<WireFile<'a>>,
}

/// A whole file with wire bytes. It is streamed twice (digest, then copy), never loaded.
#[derive(Debug, Clone, Copy)]
pub struct WireFile<'a> {
    /// Where it is.
    pub path: &'a Path,
    /// How many of its bytes belong to the response, from its beginning.
    pub bytes: u64,
}

impl<'a> Wire<'a> {
    /// Bytes that are all in memory.
    #[must_use]
    pub const fn memory(bytes: &'a [u8]) -> Self {
        Self { memory: bytes, file: None }
    }

    /// Bytes that are all in a file.
    #[must_use]
    pub const fn file(path: &'a Path, bytes: u64) -> Self {
        Self { memory: &[], file: Some(WireFile { path, bytes }) }
    }

    /// Length of head and body together.
    #[must_use]
    pub fn bytes(&self) -> u64 {
        self.memory.len() as u64 + self.file.map_or(0, |file| file.bytes)
    }
}

/// Why a body was cut: `WARC-Truncated`, WARC 1.1, section 5.13.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Truncation {
    /// A limit on bytes.
    Length,
    /// A limit on time.
    Time,
    /// The connection broke.
    Disconnect,
    /// Another reason.
    Unspecified,
}

impl Truncation {
    /// The token of the standard.
    #[must_use]
    pub const fn word(self) -> &'static str {
        match self {
            Self::Length => "length",
            Self::Time => "time",
            Self::Disconnect => "disconnect",
            Self::Unspecified => "unspecified",
        }
    }
}
