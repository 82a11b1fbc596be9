//! Compressed lists.

use std::io::Write as _;

use super::*;

pub(super) fn gzip(bytes: &[u8]) -> Vec<u8> {
    let mut encoder = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::default());
    encoder.write_all(bytes).unwrap();
    encoder.finish().unwrap()
}

pub(super) fn zstd(bytes: &[u8]) -> Vec<u8> {
    zstd::encode_all(bytes, 0).unwrap()
}

type Pack = fn(&[u8]) -> Vec<u8>;
const PACKINGS: [(Packing, Pack); 2] = [(Packing::Gzip, gzip), (Packing::Zstd, zstd)];

fn many(count: usize) -> Vec<u8> {
    (0..count)
        .flat_map(|number| format!("http://a.example/{number}?{}\n", number.wrapping_mul(0x9E37_79B9)).into_bytes())
        .collect()
}

#[test]
fn every_form_is_read_through_both_compressions() {
    let lists: [&[u8]; 4] = [
        b"http://a/\n",
        b"{\"url\":\"http://a/\"}\n",
        b"id,url\n1,http://a/\n",
        b"<urlset><url><loc>http://a/</loc></url></urlset>",
    ];
    for list in lists {
        for (packing, pack) in PACKINGS {
            let (items, error) = all(&pack(list), Expected::default());
            assert!(error.is_none(), "{error:?}");
            assert_eq!(given(&items), ["http://a/"], "{packing:?}");
            assert!(items[0].end_offset <= list.len() as u64, "places are those of the list without its compression");
        }
    }
}

#[test]
fn members_and_frames_follow_one_another() {
    for (packing, pack) in PACKINGS {
        let packed = [pack(b"http://a/\nhttp://"), pack(b"b/\n"), pack(b""), pack(b"http://c/")].concat();
        assert_eq!(given(&all(&packed, Expected::default()).0), ["http://a/", "http://b/", "http://c/"], "{packing:?}");
    }
}

#[test]
fn the_name_of_a_file_tells_both_its_compression_and_its_form() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("list.csv.gz");
    fs::write(&path, gzip(b"7,http://a/\n")).unwrap();
    let mut list = open(&path, Expected::of_name(&path, Some("2"))).unwrap();
    assert_eq!(seed(&list.next_item().unwrap().unwrap()).given, "http://a/");
    fs::write(&path, "url\nhttp://a/\n").unwrap();
    let error = open(&path, Expected::of_name(&path, None)).err().unwrap();
    assert!(error.to_string().ends_with("list.csv.gz is named as if it were compressed with gzip, and is not"), "{error}");
    assert!(error.hint().is_some());
    let zst = dir.path().join("list.zst");
    fs::write(&zst, gzip(b"http://a/\n")).unwrap();
    assert!(matches!(open(&zst, Expected::of_name(&zst, None)), Err(ListError::NotPacked { with: "zstd", .. })));
}

#[test]
fn a_stream_that_breaks_off_is_told_with_its_line_after_what_could_be_read() {
    let list = many(20_000);
    for (packing, pack) in PACKINGS {
        let packed = pack(&list);
        let (items, error) = all(&packed[..packed.len() / 2], Expected::default());
        let lines = items.len() as u64;
        assert!(lines > 1_000, "{packing:?}: {lines}");
        let expected = format!("the {} stream breaks off here", packing.word());
        match error {
            Some(ReadError::Damaged { line, damage: damage @ Damage::CutStream { .. } }) => {
                assert_eq!((line, damage.to_string()), (lines + 1, expected));
            }
            other => panic!("{packing:?}: {other:?}"),
        }
    }
}

#[test]
fn a_damaged_stream_is_told_with_its_line() {
    let list = many(20_000);
    for (packing, pack) in PACKINGS {
        let mut packed = pack(&list);
        let middle = packed.len() / 2;
        packed[middle..middle + 64].fill(0xff);
        let (items, error) = all(&packed, Expected::default());
        assert!(!items.is_empty(), "{packing:?}");
        assert!(matches!(error, Some(ReadError::Damaged { damage: Damage::BadStream { .. }, .. })), "{packing:?}: {error:?}");
        let mut garbage = pack(b"http://a/\n");
        garbage.extend_from_slice(b"garbage");
        let (items, error) = all(&garbage, Expected::default());
        assert_eq!(given(&items), ["http://a/"], "{packing:?}");
        assert!(matches!(error, Some(ReadError::Damaged { line: 2, .. })), "{packing:?}: {error:?}");
    }
}

#[test]
fn what_yields_nothing_at_all_is_no_list() {
    for (packing, pack) in PACKINGS {
        let error = opened(&pack(b"http://a/\n")[..8], Expected::default()).err().unwrap();
        assert_eq!(error.to_string(), format!("list:1: the {} stream breaks off here", packing.word()));
    }
    let twice = opened(&gzip(&zstd(b"http://a/\n")), Expected::default()).err().unwrap();
    assert_eq!(twice.to_string(), "list is compressed with zstd");
    assert!(twice.hint().unwrap().contains("twice"));
    assert!(matches!(opened(&gzip(b"BZh9"), Expected::default()), Err(ListError::Compressed { with: "bzip2", .. })));
}

#[test]
fn a_list_that_unpacks_to_a_giant_line_is_one_bad_line() {
    let giant = gzip(&[vec![b'x'; 64 << 20], b"\nhttp://a/\n".to_vec()].concat());
    let (items, error) = all(&giant, Expected::default());
    assert!(error.is_none());
    assert_eq!(items[0].entry, Err(BadLine { line: 1, refusal: LineRefusal::TooLong }));
    assert_eq!(seed(&items[1]).given, "http://a/");
}

#[test]
fn a_file_of_nothing_is_no_compressed_list_and_a_packed_nothing_is() {
    assert_eq!(all(&gzip(b""), Expected::default()).0, []);
    let promised = Expected { packing: Some(Packing::Gzip), ..Expected::default() };
    assert!(matches!(opened(b"", promised), Err(ListError::NotPacked { .. })));
}

#[test]
fn of_a_list_with_a_limit_the_rest_is_told_as_missing() {
    let list = many(1_000);
    let whole = Expected { bytes_max: Some(list.len() as u64), ..Expected::default() };
    let less = Expected { bytes_max: Some(list.len() as u64 - 1), ..Expected::default() };
    for packed in [list.clone(), gzip(&list), zstd(&list)] {
        let (items, error) = all(&packed, whole);
        assert_eq!((items.len(), error.is_none()), (1_000, true));
        let (items, error) = all(&packed, less);
        assert_eq!(items.len(), 999);
        let expected = format!("line 1000: the list is longer than {} bytes, and the rest is not read", list.len() - 1);
        assert_eq!(error.unwrap().to_string(), expected);
    }
}
