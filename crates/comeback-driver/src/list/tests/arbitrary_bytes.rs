//! Any bytes, as any form: no panic, an end, and items that go forward within the source.

use proptest::prelude::*;

use super::packed::{gzip, zstd};
use super::*;

/// Bytes of which the formats are made, so that random ones reach their corners.
fn bytes() -> impl Strategy<Value = Vec<u8>> {
    let pieces = prop_oneof![
        Just(&b"http://a.example/"[..]),
        Just(&b"url"[..]),
        Just(&b"\n"[..]),
        Just(&b"\r\n"[..]),
        Just(&b"\""[..]),
        Just(&b","[..]),
        Just(&b";"[..]),
        Just(&b"\t"[..]),
        Just(&b"{\"url\":\""[..]),
        Just(&b"\"}"[..]),
        Just(&b"<urlset>"[..]),
        Just(&b"<sitemapindex>"[..]),
        Just(&b"<url>"[..]),
        Just(&b"<loc>"[..]),
        Just(&b"</loc>"[..]),
        Just(&b"</url>"[..]),
        Just(&b"</urlset>"[..]),
        Just(&b"<![CDATA["[..]),
        Just(&b"]]>"[..]),
        Just(&b"&amp;"[..]),
        Just(&b"&x"[..]),
        Just(&b"<!--"[..]),
        Just(&b"<?"[..]),
        Just(&b"<!DOCTYPE"[..]),
        Just(&b"\xef\xbb\xbf"[..]),
        Just(&b"\0"[..]),
        Just(&b"\xff"[..]),
        Just(&b"\x1f\x8b\x08"[..]),
        Just(&b"\x28\xb5\x2f\xfd"[..]),
    ];
    let noise = prop::collection::vec(any::<u8>(), 0..8);
    let piece = prop_oneof![4 => pieces.prop_map(<[u8]>::to_vec), 1 => noise];
    prop::collection::vec(piece, 0..60).prop_map(|pieces| pieces.concat())
}

fn forms() -> impl Strategy<Value = Expected<'static>> {
    let form = prop::option::of(prop::sample::select(vec![ListForm::Text, ListForm::Jsonl, ListForm::Csv, ListForm::Sitemap]));
    let column = prop::option::of(prop::sample::select(vec!["1", "2", "url", "\u{0}"]));
    (form, column).prop_map(|(form, url_column)| Expected { form, url_column, ..Expected::default() })
}

/// Reads all there is; each item ends after the one before.
fn read_all(bytes: &[u8], plain_bytes: usize, expected: Expected<'_>) -> Result<(), TestCaseError> {
    let Ok(mut list) = opened(bytes, expected) else { return Ok(()) };
    let (mut end, mut line) = (0, 0);
    while let Ok(Some(item)) = list.next_item() {
        prop_assert!(item.end_offset >= end && item.end_offset <= plain_bytes as u64, "{item:?} after {end}");
        prop_assert!(item.line >= line, "{item:?} after line {line}");
        (end, line) = (item.end_offset, item.line);
    }
    Ok(())
}

proptest! {
    #[test]
    fn any_bytes_are_read_to_an_end(bytes in bytes(), expected in forms()) {
        prop_assume!(Packing::of_head(&bytes).is_none());
        read_all(&bytes, bytes.len(), expected)?;
    }

    #[test]
    fn compressed_bytes_that_are_cut_or_bent_are_read_to_an_end(
        bytes in bytes(), expected in forms(), is_zstd: bool, cut in any::<prop::sample::Index>(), bent: u8,
    ) {
        let mut packed = if is_zstd { zstd(&bytes) } else { gzip(&bytes) };
        let at = cut.index(packed.len());
        packed[at] ^= bent;
        read_all(&packed, usize::MAX, expected)?;
        packed.truncate(at);
        read_all(&packed, usize::MAX, expected)?;
    }
}
