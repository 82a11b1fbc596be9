//! Taking one layer of content coding off, with a limit on what may come out.

use std::io::{self, Read};

use crate::error::ArchiveError;

/// Buffer of the brotli decoder.
const BROTLI_BUFFER_BYTES: usize = 16 * 1024;

/// Whether a member of Content-Encoding is a coding that can be taken off. Others are no codings: servers put `none`, `utf-8` and
/// other words there, before bodies that are not coded at all.
pub(crate) fn is_known(coding: &str) -> bool {
    matches!(coding, "gzip" | "x-gzip" | "deflate" | "br" | "zstd")
}

/// Decodes one layer; the coding is one that [`is_known`]. With `is_cut`, a body that breaks off yields what can be decoded of it.
pub(crate) fn take_off(coding: &str, coded: &[u8], is_cut: bool, bytes_max: u64) -> Result<Vec<u8>, ArchiveError> {
    let mut body = Vec::new();
    let result = match coding {
        "gzip" | "x-gzip" => gunzip(coded, &mut body, bytes_max),
        "deflate" if is_zlib(coded) => read_limited(flate2::read::ZlibDecoder::new(coded), &mut body, bytes_max),
        // Many servers send the bare format; browsers take both.
        "deflate" => read_limited(flate2::read::DeflateDecoder::new(coded), &mut body, bytes_max),
        "br" => read_limited(brotli_decompressor::Decompressor::new(coded, BROTLI_BUFFER_BYTES), &mut body, bytes_max),
        "zstd" => zstd::stream::read::Decoder::with_buffer(coded).and_then(|decoder| read_limited(decoder, &mut body, bytes_max)),
        _ => Err(io::Error::new(io::ErrorKind::Unsupported, "the coding is not known")),
    };
    if body.len() as u64 > bytes_max {
        return Err(ArchiveError::TooLarge { bytes_max });
    }
    match result {
        Ok(()) => Ok(body),
        Err(error) if is_cut && error.kind() != io::ErrorKind::Unsupported => Ok(body),
        Err(error) => Err(ArchiveError::Undecodable { coding: coding.to_owned(), why: error.to_string() }),
    }
}

/// Members one after another; what follows the last and is no member is ignored, as browsers do.
fn gunzip(coded: &[u8], body: &mut Vec<u8>, bytes_max: u64) -> io::Result<()> {
    let mut rest = coded;
    loop {
        read_limited(flate2::bufread::GzDecoder::new(&mut rest), body, bytes_max)?;
        if !rest.starts_with(&[0x1f, 0x8b]) || body.len() as u64 > bytes_max {
            return Ok(());
        }
    }
}

/// Reads on until the end, or until the body is one byte over the limit.
fn read_limited(decoder: impl Read, body: &mut Vec<u8>, bytes_max: u64) -> io::Result<()> {
    let left = bytes_max.saturating_add(1).saturating_sub(body.len() as u64);
    decoder.take(left).read_to_end(body).map(drop)
}

/// RFC 1950, section 2.2: method 8, and a header that is a multiple of 31.
fn is_zlib(coded: &[u8]) -> bool {
    matches!(coded, [method, flags, ..] if method & 0x0f == 8 && u16::from_be_bytes([*method, *flags]) % 31 == 0)
}

#[cfg(test)]
mod tests {
    use std::io::Write;

    use super::*;

    const TEXT: &[u8] = b"come back later, come back later, come back later";

    fn gzip(bytes: &[u8]) -> Vec<u8> {
        let mut encoder = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::default());
        encoder.write_all(bytes).unwrap();
        encoder.finish().unwrap()
    }

    #[test]
    fn every_coding_is_taken_off() {
        let mut zlib = flate2::write::ZlibEncoder::new(Vec::new(), flate2::Compression::default());
        zlib.write_all(TEXT).unwrap();
        let mut bare = flate2::write::DeflateEncoder::new(Vec::new(), flate2::Compression::default());
        bare.write_all(TEXT).unwrap();
        // An uncompressed brotli meta-block of "hi", then the empty last one (RFC 7932, section 9.2).
        let brotli = [0x8b, 0x00, 0x80, b'h', b'i', 0x03];
        assert_eq!(take_off("gzip", &gzip(TEXT), false, 1000).unwrap(), TEXT);
        assert_eq!(take_off("deflate", &zlib.finish().unwrap(), false, 1000).unwrap(), TEXT);
        assert_eq!(take_off("deflate", &bare.finish().unwrap(), false, 1000).unwrap(), TEXT);
        assert_eq!(take_off("zstd", &zstd::encode_all(TEXT, 0).unwrap(), false, 1000).unwrap(), TEXT);
        assert_eq!(take_off("br", &brotli, false, 1000).unwrap(), b"hi");
    }

    #[test]
    fn members_follow_one_another_and_garbage_after_them_is_ignored() {
        let mut coded = [gzip(b"one "), gzip(b"two")].concat();
        coded.extend_from_slice(b"\0\0garbage");
        assert_eq!(take_off("gzip", &coded, false, 1000).unwrap(), b"one two");
    }

    #[test]
    fn cut_body_yields_its_beginning_and_a_whole_one_must_be_sound() {
        let coded = gzip(&TEXT.repeat(1000));
        let cut = &coded[..coded.len() - 9];
        assert!(TEXT.repeat(1000).starts_with(&take_off("gzip", cut, true, 1 << 20).unwrap()));
        assert!(matches!(take_off("gzip", cut, false, 1 << 20), Err(ArchiveError::Undecodable { .. })));
    }

    #[test]
    fn bomb_stops_at_the_limit() {
        let bomb = gzip(&vec![0; 10_000_000]);
        assert!(matches!(take_off("gzip", &bomb, false, 1000), Err(ArchiveError::TooLarge { bytes_max: 1000 })));
        assert!(matches!(take_off("gzip", &gzip(&[0; 1001]), true, 1000), Err(ArchiveError::TooLarge { .. })));
        assert_eq!(take_off("gzip", &gzip(&[0; 1000]), false, 1000).unwrap().len(), 1000);
    }

    #[test]
    fn unknown_coding_is_named() {
        let error = take_off("exi", b"x", true, 1000).unwrap_err();
        assert_eq!(error.to_string(), "the exi body cannot be decoded: the coding is not known");
    }
}
