//! Bodies whose coding is a bomb, a labyrinth, or none.

use async_compression::tokio::write::{BrotliEncoder, GzipEncoder, ZlibEncoder, ZstdEncoder};
use comeback_diagnosis::cause::Cause;
use tokio::io::AsyncWriteExt as _;

use super::Ends::{Answered, Broken};
use super::{Behaviour, floods, hold_to, plain, says};
use crate::raw_server::Step;

/// What a bomb decodes to, in bytes: many times the body that is permitted.
const BOMB_BYTES: usize = 8 * 1024 * 1024;

/// Encodes bytes by one of the crate's encoders.
macro_rules! encoded {
    ($encoder:ident, $bytes:expr) => {{
        let mut encoder = $encoder::new(Vec::new());
        encoder.write_all($bytes).await.unwrap();
        encoder.shutdown().await.unwrap();
        encoder.into_inner()
    }};
}

fn coded(coding: &str, body: impl AsRef<[u8]>) -> Vec<Step> {
    let length = body.as_ref().len();
    let head = format!("HTTP/1.1 200 OK\r\nContent-Encoding: {coding}\r\nContent-Length: {length}\r\n\r\n");
    says([head.as_bytes(), body.as_ref()].concat())
}

fn flood(coding: &str, first: impl AsRef<[u8]>, again: impl AsRef<[u8]>) -> Vec<Step> {
    let head = format!("HTTP/1.1 200 OK\r\nContent-Encoding: {coding}\r\n\r\n");
    floods([head.as_bytes(), first.as_ref()].concat(), again)
}

/// Little that becomes much.
pub(crate) async fn bombs() -> Vec<Behaviour> {
    let decode = Broken(200, Cause::Decode);
    let zeros = vec![0; BOMB_BYTES];
    let (gzip, brotli, zstd) = (encoded!(GzipEncoder, &zeros), encoded!(BrotliEncoder, &zeros), encoded!(ZstdEncoder, &zeros));
    let nested = encoded!(GzipEncoder, &encoded!(GzipEncoder, &gzip));
    let empty = encoded!(GzipEncoder, b"");
    let too_large = Broken(200, Cause::TooLarge);
    // Magic number, frame size 4, no data (RFC 8878, section 3.1.2).
    let skippable = [0x50, 0x2a, 0x4d, 0x18, 4, 0, 0, 0, 1, 2, 3, 4];
    plain([
        ("sends a gzip bomb", coded("gzip", &gzip), decode),
        ("sends a deflate bomb", coded("deflate", encoded!(ZlibEncoder, &zeros)), decode),
        ("sends a br bomb", coded("br", &brotli), decode),
        ("sends a zstd bomb", coded("zstd", &zstd), decode),
        ("sends a gzip bomb within gzip", coded("gzip, gzip", encoded!(GzipEncoder, &gzip)), decode),
        ("sends a zstd bomb within br", coded("zstd, br", encoded!(BrotliEncoder, &zstd)), decode),
        ("sends a bomb three layers deep", coded("gzip, gzip, gzip", &nested), decode),
        ("names a thousand codings", coded(&["gzip"; 1_000].join(", "), &gzip), decode),
        ("sends bombs without end", flood("gzip", "", &gzip), too_large),
        ("sends empty gzip members without end", flood("gzip", "", &empty), too_large),
        ("sends empty zstd frames without end", flood("zstd", "", skippable), too_large),
        ("sends a gzip header's file name without end", flood("gzip", [0x1f, 0x8b, 8, 8, 0, 0, 0, 0, 0, 3], "name"), too_large),
    ])
}

/// Bodies that are not what they say.
pub(crate) async fn broken() -> Vec<Behaviour> {
    let decode = Broken(200, Cause::Decode);
    let page = b"a page, and not a short one, so that there is something to cut off from its end".repeat(20);
    let gzip = encoded!(GzipEncoder, &page);
    let mut wrong_sum = gzip.clone();
    let at = wrong_sum.len() - 6;
    wrong_sum[at] ^= 1;
    let cut = |coded: &[u8]| coded[..coded.len() - 1].to_vec();
    plain([
        ("calls a plain page gzip", coded("gzip", &page), decode),
        ("calls a plain page br", coded("br", &page), decode),
        ("calls a plain page zstd", coded("zstd", &page), decode),
        ("sends gzip with a wrong checksum", coded("gzip", wrong_sum), decode),
        ("sends gzip that is cut short", coded("gzip", cut(&gzip)), decode),
        ("sends br that is cut short", coded("br", cut(&encoded!(BrotliEncoder, &page))), decode),
        ("sends zstd that is cut short", coded("zstd", cut(&encoded!(ZstdEncoder, &page))), decode),
        ("sends br with a window of a gigabyte", coded("br", [0x11, 0x1e, 0, 0, 0]), decode),
        ("sends zstd with a window of two gigabytes", coded("zstd", [0x28, 0xb5, 0x2f, 0xfd, 0, 0xa8, 1, 0, 0]), decode),
        ("names a coding that there is not", coded("snake-oil", &page), Answered(200)),
        ("names a coding and sends no body", coded("gzip", ""), Answered(200)),
    ])
}

#[tokio::test]
async fn bombs_are_defused() {
    hold_to(bombs().await).await;
}

#[tokio::test]
async fn broken_codings_are_named() {
    hold_to(broken().await).await;
}
