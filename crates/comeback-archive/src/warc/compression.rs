//! How a record becomes a member: gzip, zstd, or as it is. Each record is compressed alone, so that each can be read alone.

use std::io::{self, Write};

use serde::{Deserialize, Serialize};

/// How WARC records are compressed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Compression {
    /// One gzip member a record (WARC 1.1, annex D.2): read by every tool.
    #[default]
    Gzip,
    /// One zstd frame a record: smaller and faster, read by fewer tools.
    Zstd,
    /// No compression.
    None,
}

impl Compression {
    /// The ending of file names, with its first dot.
    #[must_use]
    pub const fn extension(self) -> &'static str {
        match self {
            Self::Gzip => ".warc.gz",
            Self::Zstd => ".warc.zst",
            Self::None => ".warc",
        }
    }
}

/// Writes one member: opened, fed the record's bytes, and finished.
pub(crate) enum MemberWriter<W: Write> {
    Gzip(flate2::write::GzEncoder<W>),
    Zstd(zstd::stream::write::Encoder<'static, W>),
    Plain(W),
}

impl<W: Write> MemberWriter<W> {
    pub(crate) fn new(compression: Compression, out: W) -> io::Result<Self> {
        Ok(match compression {
            Compression::Gzip => Self::Gzip(flate2::write::GzEncoder::new(out, flate2::Compression::default())),
            Compression::Zstd => {
                let mut encoder = zstd::stream::write::Encoder::new(out, zstd::DEFAULT_COMPRESSION_LEVEL)?;
                // gzip members always have one; zstd frames only on request (RFC 8878, section 3.1.1).
                encoder.include_checksum(true)?;
                Self::Zstd(encoder)
            }
            Compression::None => Self::Plain(out),
        })
    }

    /// Completes the member. Without it the member is torn.
    pub(crate) fn finish(self) -> io::Result<()> {
        match self {
            Self::Gzip(encoder) => encoder.finish().map(drop),
            Self::Zstd(encoder) => encoder.finish().map(drop),
            Self::Plain(_) => Ok(()),
        }
    }
}

impl<W: Write> Write for MemberWriter<W> {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        match self {
            Self::Gzip(encoder) => encoder.write(bytes),
            Self::Zstd(encoder) => encoder.write(bytes),
            Self::Plain(out) => out.write(bytes),
        }
    }

    fn flush(&mut self) -> io::Result<()> {
        match self {
            Self::Gzip(encoder) => encoder.flush(),
            Self::Zstd(encoder) => encoder.flush(),
            Self::Plain(out) => out.flush(),
        }
    }
}
