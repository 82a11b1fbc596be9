//! The records of one exchange as comeback writes them: response, request, metadata, each a member of its own.
//!
//! Fields, digests and lengths are those of comeback's archive, so that both write the same amount. The code is not: nothing is
//! checked or redacted here.

use std::io::Write;

use data_encoding::BASE32;
use jiff::Timestamp;
use libdeflater::{CompressionLvl, Compressor};
use sha1::{Digest, Sha1};
use uuid::Uuid;

/// comeback's own levels.
const GZIP_LEVEL: i32 = 1;
const ZSTD_LEVEL: i32 = 1;

const METADATA: &[u8] =
    b"comeback-visit: page\r\ncomeback-cause: none\r\ncomeback-responder: origin\r\ncomeback-scope: unknown\r\n\
    comeback-confidence: 0.90\r\n";

/// How records are compressed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, clap::ValueEnum)]
pub(crate) enum Compression {
    /// One gzip member a record.
    Gzip,
    /// One zstd frame a record.
    Zstd,
    /// As they are.
    None,
}

enum Packer {
    Gzip(Compressor),
    Zstd(Box<zstd::bulk::Compressor<'static>>),
    Plain,
}

/// Makes records, in buffers that it keeps.
pub(crate) struct Records {
    packer: Packer,
    record: Vec<u8>,
}

impl Records {
    pub(crate) fn new(compression: Compression) -> std::io::Result<Self> {
        let packer = match compression {
            Compression::Gzip => Packer::Gzip(Compressor::new(CompressionLvl::new(GZIP_LEVEL).unwrap_or_default())),
            Compression::Zstd => {
                let mut compressor = zstd::bulk::Compressor::new(ZSTD_LEVEL)?;
                compressor.include_checksum(true)?;
                Packer::Zstd(Box::new(compressor))
            }
            Compression::None => Packer::Plain,
        };
        Ok(Self { packer, record: Vec::new() })
    }

    /// Appends the records of one exchange.
    pub(crate) fn append(
        &mut self,
        url: &str,
        asked: &[u8],
        answered: &[u8],
        head_bytes: usize,
        out: &mut Vec<u8>,
    ) -> std::io::Result<()> {
        let first = Uuid::new_v4();
        let date = format!("{:.3}", Timestamp::now());
        self.begin("response", first, &date, url)?;
        self.record.extend_from_slice(b"WARC-IP-Address: 127.0.0.1\r\nWARC-Protocol: http/1.1\r\n");
        self.digest("WARC-Payload-Digest", &answered[head_bytes..])?;
        self.finish("application/http; msgtype=response", answered, out)?;
        self.begin("request", Uuid::new_v4(), &date, url)?;
        self.record.extend_from_slice(b"WARC-IP-Address: 127.0.0.1\r\nWARC-Protocol: http/1.1\r\n");
        write!(self.record, "WARC-Concurrent-To: <urn:uuid:{first}>\r\n")?;
        self.finish("application/http; msgtype=request", asked, out)?;
        self.begin("metadata", Uuid::new_v4(), &date, url)?;
        write!(self.record, "WARC-Concurrent-To: <urn:uuid:{first}>\r\n")?;
        self.finish("application/warc-fields", METADATA, out)
    }

    fn begin(&mut self, kind: &str, id: Uuid, date: &str, url: &str) -> std::io::Result<()> {
        self.record.clear();
        write!(
            self.record,
            "WARC/1.1\r\nWARC-Type: {kind}\r\nWARC-Record-ID: <urn:uuid:{id}>\r\nWARC-Date: {date}\r\nWARC-Target-URI: {url}\r\n"
        )
    }

    fn digest(&mut self, name: &str, bytes: &[u8]) -> std::io::Result<()> {
        write!(self.record, "{name}: sha1:{}\r\n", BASE32.encode(&Sha1::digest(bytes)))
    }

    fn finish(&mut self, content_type: &str, block: &[u8], out: &mut Vec<u8>) -> std::io::Result<()> {
        self.digest("WARC-Block-Digest", block)?;
        write!(self.record, "Content-Type: {content_type}\r\nContent-Length: {}\r\n\r\n", block.len())?;
        self.record.extend_from_slice(block);
        self.record.extend_from_slice(b"\r\n\r\n");
        let begun = out.len();
        match &mut self.packer {
            Packer::Gzip(compressor) => {
                out.resize(begun + compressor.gzip_compress_bound(self.record.len()), 0);
                let bytes = compressor.gzip_compress(&self.record, &mut out[begun..]).map_err(std::io::Error::other)?;
                out.truncate(begun + bytes);
            }
            Packer::Zstd(compressor) => {
                out.resize(begun + zstd::zstd_safe::compress_bound(self.record.len()), 0);
                let bytes = compressor.compress_to_buffer(&self.record, &mut out[begun..])?;
                out.truncate(begun + bytes);
            }
            Packer::Plain => out.extend_from_slice(&self.record),
        }
        Ok(())
    }
}
