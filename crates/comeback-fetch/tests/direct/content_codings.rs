//! Bodies in gzip, deflate, br and zstd: decoded for diagnosis, recorded as they came.

use async_compression::tokio::write::{BrotliEncoder, DeflateEncoder, GzipEncoder, ZlibEncoder, ZstdEncoder};
use comeback_diagnosis::cause::Cause;
use comeback_fetch::Capture;
use tokio::io::AsyncWriteExt;

use crate::raw_server::{Asker, RawServer, cause, detail, response, wire};

/// Encodes bytes by one of the crate's encoders.
macro_rules! encoded {
    ($encoder:ident, $bytes:expr) => {{
        let mut encoder = $encoder::new(Vec::new());
        encoder.write_all($bytes).await.unwrap();
        encoder.shutdown().await.unwrap();
        encoder.into_inner()
    }};
}

/// Serves a body under a Content-Encoding and returns what was captured, having checked that the record is exact.
async fn served(coding: &str, body: &[u8]) -> Capture {
    let head = format!("HTTP/1.1 200 OK\r\nContent-Encoding: {coding}\r\nContent-Length: {}\r\n\r\n", body.len());
    let bytes = [head.as_bytes(), body].concat();
    let server = RawServer::answering(&bytes).await;
    let capture = Asker::new().get(server.url()).await;
    assert_eq!(wire(&capture), bytes);
    assert_eq!(response(&capture).body_bytes, body.len() as u64);
    assert!(response(&capture).complete);
    capture
}

fn page() -> Vec<u8> {
    (0..40_000_u32).flat_map(|number| format!("{} ", number.wrapping_mul(2_654_435_761)).into_bytes()).collect()
}

#[tokio::test]
async fn every_coding_is_taken_off() {
    let page = page();
    for (coding, body) in [
        ("gzip", encoded!(GzipEncoder, &page)),
        ("X-GZip", encoded!(GzipEncoder, &page)),
        ("deflate", encoded!(ZlibEncoder, &page)),
        ("deflate", encoded!(DeflateEncoder, &page)),
        ("br", encoded!(BrotliEncoder, &page)),
        ("zstd", encoded!(ZstdEncoder, &page)),
        ("identity", page.clone()),
        ("UTF-8", page.clone()),
    ] {
        let capture = served(coding, &body).await;
        assert_eq!(cause(&capture), Cause::None, "{coding}: {}", detail(&capture));
        assert!(response(&capture).body_seen == page[..64 * 1024], "{coding}");
    }
}

#[tokio::test]
async fn codings_in_single_byte_chunks_are_taken_off() {
    for (coding, body) in [
        ("gzip", encoded!(GzipEncoder, b"hello")),
        ("br", encoded!(BrotliEncoder, b"hello")),
        ("zstd", encoded!(ZstdEncoder, b"hello")),
    ] {
        let mut bytes =
            format!("HTTP/1.1 200 OK\r\nContent-Encoding: {coding}\r\nTransfer-Encoding: chunked\r\n\r\n").into_bytes();
        for byte in &body {
            bytes.extend_from_slice(&[b'1', b'\r', b'\n', *byte, b'\r', b'\n']);
        }
        bytes.extend_from_slice(b"0\r\n\r\n");
        let server = RawServer::answering(&bytes).await;
        let capture = Asker::new().get(server.url()).await;
        assert_eq!((cause(&capture), response(&capture).body_seen.as_slice()), (Cause::None, &b"hello"[..]));
        assert_eq!(wire(&capture), bytes);
    }
}

#[tokio::test]
async fn two_layers_are_taken_off_and_three_are_not() {
    let once = encoded!(GzipEncoder, b"deep");
    let twice = encoded!(BrotliEncoder, &once);
    let capture = served("gzip, br", &twice).await;
    assert_eq!((cause(&capture), response(&capture).body_seen.as_slice()), (Cause::None, &b"deep"[..]));
    let thrice = encoded!(ZstdEncoder, &twice);
    let capture = served("gzip, br, zstd", &thrice).await;
    assert_eq!((cause(&capture), detail(&capture)), (Cause::Decode, "The body is coded 3 times over; at most 2 are taken off."));
}

#[tokio::test]
async fn gzip_of_several_members_and_with_padding_is_read_to_its_end() {
    let members = [encoded!(GzipEncoder, b"one,"), encoded!(GzipEncoder, b"two"), vec![0; 20]].concat();
    let capture = served("gzip", &members).await;
    assert_eq!((cause(&capture), response(&capture).body_seen.as_slice()), (Cause::None, &b"one,two"[..]));
}

#[tokio::test]
async fn empty_body_needs_no_decoding() {
    for coding in ["gzip", "deflate", "br", "zstd", "gzip, br"] {
        assert_eq!(cause(&served(coding, b"").await), Cause::None, "{coding}");
    }
}

#[tokio::test]
async fn corrupt_and_short_bodies_are_decode_failures() {
    let page = page();
    for (coding, body) in [
        ("gzip", encoded!(GzipEncoder, &page)),
        ("deflate", encoded!(ZlibEncoder, &page)),
        ("br", encoded!(BrotliEncoder, &page)),
        ("zstd", encoded!(ZstdEncoder, &page)),
    ] {
        let short = served(coding, &body[..body.len() - 1]).await;
        assert_eq!(cause(&short), Cause::Decode, "{coding} cut short");
        assert!(response(&short).body_seen == page[..64 * 1024], "{coding} cut short");
        assert_eq!(cause(&served(coding, b"<html>plain</html>").await), Cause::Decode, "{coding} that is none");
    }
    let mut wrong_sum = encoded!(GzipEncoder, &page);
    let at = wrong_sum.len() - 6;
    wrong_sum[at] ^= 1;
    assert_eq!(cause(&served("gzip", &wrong_sum).await), Cause::Decode);
}

#[tokio::test]
async fn body_that_breaks_off_is_a_reset_and_not_a_decode_failure() {
    let body = encoded!(GzipEncoder, b"hello hello hello");
    let server =
        RawServer::answering([b"HTTP/1.1 200 OK\r\nContent-Encoding: gzip\r\nContent-Length: 999\r\n\r\n", &body[..12]].concat())
            .await;
    assert_eq!(cause(&Asker::new().get(server.url()).await), Cause::Reset);
}

#[tokio::test]
async fn bombs_are_named() {
    let zeros = vec![0; 8 * 1024 * 1024];
    let inner = encoded!(GzipEncoder, &zeros);
    for (coding, body) in [
        ("gzip", inner.clone()),
        ("deflate", encoded!(ZlibEncoder, &zeros)),
        ("br", encoded!(BrotliEncoder, &zeros)),
        ("zstd", encoded!(ZstdEncoder, &zeros)),
        ("gzip, gzip", encoded!(GzipEncoder, &inner)),
    ] {
        let capture = served(coding, &body).await;
        assert_eq!(cause(&capture), Cause::Decode, "{coding}");
        assert!(detail(&capture).starts_with("The body is a bomb: "), "{coding}: {}", detail(&capture));
        assert_eq!(response(&capture).body_seen, [0; 64 * 1024]);
    }
}

#[tokio::test]
async fn high_ratio_below_the_free_size_is_no_bomb() {
    let body = encoded!(BrotliEncoder, &vec![b' '; 1024 * 1024]);
    assert!(body.len() < 1024);
    assert_eq!(cause(&served("br", &body).await), Cause::None);
}

#[tokio::test]
async fn windows_beyond_the_standards_are_refused() {
    // A brotli stream that announces a window of 2^30, and a zstd frame that announces one of 2^31 (RFC 8878, section 3.1.1.1.2).
    for (coding, body, words) in [
        ("br", &[0x11, 0x1e, 0, 0, 0][..], "window is larger than permitted"),
        ("zstd", &[0x28, 0xb5, 0x2f, 0xfd, 0, 0xa8, 1, 0, 0], "too much memory"),
    ] {
        let capture = served(coding, body).await;
        assert_eq!(cause(&capture), Cause::Decode, "{coding}");
        assert!(detail(&capture).contains(words), "{}", detail(&capture));
    }
}
