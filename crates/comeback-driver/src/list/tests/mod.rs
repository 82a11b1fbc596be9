//! The list readers against good lists and nonsense: text and JSONL here, the other formats beside.

mod arbitrary_bytes;
mod columns;
mod packed;
mod sitemaps;

use std::fs;
use std::io::Cursor;

use comeback_engine::seed_url::UrlRefusal;

use super::*;
use crate::settings::request_field::FieldRefusal;

fn opened(bytes: &[u8], expected: Expected<'_>) -> Result<Box<dyn ListReader>, ListError> {
    read(Cursor::new(bytes.to_vec()), Path::new("list"), expected)
}

/// All items, and what ended the list before its end.
fn all(bytes: &[u8], expected: Expected<'_>) -> (Vec<Item>, Option<ReadError>) {
    let mut list = opened(bytes, expected).unwrap();
    let mut items = Vec::new();
    loop {
        match list.next_item() {
            Ok(Some(item)) => items.push(item),
            Ok(None) => return (items, None),
            Err(error) => return (items, Some(error)),
        }
    }
}

fn of_form(form: ListForm) -> Expected<'static> {
    Expected { form: Some(form), ..Expected::default() }
}

fn items(bytes: &[u8], form: ListForm) -> Vec<Item> {
    let (items, error) = all(bytes, of_form(form));
    assert!(error.is_none(), "{error:?}");
    items
}

fn text(bytes: &[u8]) -> Vec<Item> {
    items(bytes, ListForm::Text)
}

fn seed(item: &Item) -> &SeedUrl {
    match &item.entry {
        Ok(Entry::Url(seed)) => seed,
        other => panic!("no URL: {other:?}"),
    }
}

fn jsonl(line: &str) -> Result<SeedUrl, LineRefusal> {
    let items = items(line.as_bytes(), ListForm::Jsonl);
    assert_eq!(items.len(), 1, "{line}");
    match items.into_iter().next().unwrap().entry {
        Ok(Entry::Url(seed)) => Ok(seed),
        Ok(Entry::Sitemap(url)) => panic!("a sitemap: {url}"),
        Err(bad) => Err(bad.refusal),
    }
}

fn given(items: &[Item]) -> Vec<&str> {
    items.iter().map(|item| seed(item).given.as_str()).collect()
}

#[test]
fn comments_blanks_bom_and_crlf_are_no_part_of_a_url() {
    let list = text(b"\xef\xbb\xbfhttp://a.example/\r\n\r\n  # note\n \thttp://b.example/ \n#\nhttp://c.example/#part");
    assert_eq!(given(&list), ["http://a.example/", "http://b.example/", "http://c.example/#part"]);
    assert_eq!(list.iter().map(|item| item.line).collect::<Vec<_>>(), [1, 4, 6]);
}

#[test]
fn an_empty_list_has_no_items() {
    for bytes in [&b""[..], b"\n", b"\r\n\r\n", b"# only a note", b"\xef\xbb\xbf"] {
        assert_eq!(text(bytes), [], "{bytes:?}");
    }
    assert_eq!(items(b"\n\n", ListForm::Jsonl), []);
}

#[test]
fn each_item_says_where_it_ends() {
    let bytes = "\u{feff}http://a.example/\n# x\n\nnonsense\r\nhttp://b.example/ü\nhttp://c.example/".as_bytes();
    let whole = text(bytes);
    assert_eq!(whole.iter().map(|item| item.end_offset).collect::<Vec<_>>(), [21, 36, 56, 73]);
    assert_eq!(whole.last().unwrap().end_offset, bytes.len() as u64);
}

#[test]
fn bad_lines_are_items_and_stop_nothing() {
    let mut bytes = Vec::new();
    bytes.extend_from_slice(
        b"http://a.example/\0\nhttp://\xff.example/\nftp://a.example/\nexample.org\nhttp://\nhttp://a.example/",
    );
    bytes.extend_from_slice(&[b'x'; 100_000]);
    bytes.extend_from_slice(b"\nhttp://good.example/\n");
    let list = text(&bytes);
    let refusals: Vec<_> = list.iter().filter_map(|item| item.entry.as_ref().err()).collect();
    assert_eq!(refusals.iter().map(|bad| bad.line).collect::<Vec<_>>(), [1, 2, 3, 4, 5, 6]);
    assert_eq!(refusals[0].refusal, LineRefusal::Nul { at: 18 });
    assert_eq!(refusals[1].refusal, LineRefusal::NotUtf8 { at: 8 });
    assert_eq!(refusals[2].to_string(), "line 3: the scheme is ftp; only http and https are fetched");
    assert!(matches!(refusals[5].refusal, LineRefusal::Url(UrlRefusal::TooLong { bytes: 100_017 })));
    assert_eq!(seed(list.last().unwrap()), &SeedUrl::get("http://good.example/"));
}

#[test]
fn a_line_without_end_is_skipped_and_the_next_one_read() {
    let mut bytes = vec![b'a'; LINE_BYTES_MAX + 1];
    bytes.push(b'\n');
    bytes.extend_from_slice(b"http://b.example/\n");
    let list = text(&bytes);
    assert_eq!(list[0].entry, Err(BadLine { line: 1, refusal: LineRefusal::TooLong }));
    assert_eq!(list[0].end_offset, LINE_BYTES_MAX as u64 + 2);
    assert_eq!(list[1].line, 2);
    assert!(list[1].entry.is_ok());
}

#[test]
fn a_line_of_exactly_the_limit_is_read() {
    let mut line = br#"{"url":"http://a.example/","body":""#.to_vec();
    line.resize(LINE_BYTES_MAX - 2, b'x');
    line.extend_from_slice(b"\"}");
    assert!(items(&line, ListForm::Jsonl)[0].entry.is_ok());
    line.push(b' ');
    assert!(items(&line, ListForm::Jsonl)[0].entry.is_err());
}

#[test]
fn a_jsonl_line_carries_its_whole_request() {
    let seed = jsonl(
        r#"{"url":"http://a.example/x","method":"post","headers":{"B":"2","A":"1","B":"3"},"body":"ä","meta":{"z":1.10,"a":[ 2 ]}}"#,
    );
    let seed = seed.unwrap();
    assert_eq!(seed.method, "POST");
    let headers: Vec<_> = seed.headers.iter().map(|(name, value)| (name.as_str(), value.as_str())).collect();
    assert_eq!(headers, [("B", "2"), ("A", "1"), ("B", "3")], "order and repeats are kept");
    assert_eq!(seed.body.as_deref(), Some("ä".as_bytes()));
    assert_eq!(seed.meta.as_deref(), Some(r#"{"z":1.10,"a":[ 2 ]}"#), "meta is carried as written");
}

#[test]
fn headers_may_be_pairs_and_a_body_base64() {
    let seed = jsonl(r#"{"url":"http://a.example/","headers":[["A","1"],["A","2"]],"body_base64":"AP8="}"#).unwrap();
    assert_eq!(seed.headers.len(), 2);
    assert_eq!(seed.body, Some(vec![0, 255]));
    assert_eq!(seed.meta, None);
}

#[test]
fn a_misspelt_key_is_an_error_of_its_line() {
    let refusal = jsonl(r#"{"url":"http://a.example/","metod":"POST"}"#).unwrap_err();
    assert!(matches!(&refusal, LineRefusal::Json { why, .. } if why.contains("`metod`")), "{refusal}");
    assert!(!refusal.to_string().contains("line 1"), "{refusal}");
}

#[test]
fn nonsense_in_jsonl_is_refused_with_its_reason() {
    use LineRefusal as No;
    let json = |line: &str| assert!(matches!(jsonl(line), Err(No::Json { .. })), "{line}");
    json("{");
    json("{}");
    json(r#"{"url":1}"#);
    json(r#"{"url":"http://a/","url":"http://b/"}"#);
    json(r#"{"url":"http://a/"} trailing"#);
    json(r#"{"url":"http://a/","headers":"A: 1"}"#);
    json(r#"{"url":"http://a/","headers":[["A"]]}"#);
    json(r#"{"url":"http://a/","headers":{"A":1}}"#);
    json(&format!(r#"{{"{}":1}}"#, "k".repeat(500_000)));
    for line in ["null", "[]", "\"http://a/\"", "http://a/", "# note", r#"["http://a/",null,{},null,null,null]"#] {
        assert_eq!(jsonl(line), Err(No::NotAnObject), "{line}");
    }
    assert_eq!(jsonl(r#"{"url":"http://a/","body":"","body_base64":""}"#), Err(No::TwoBodies));
    assert_eq!(jsonl(r#"{"url":"http://a/","body_base64":"!"}"#), Err(No::Base64));
    assert!(matches!(jsonl(r#"{"url":"http://a/","method":"G T"}"#), Err(No::Field(FieldRefusal::Method))));
    assert!(matches!(jsonl(r#"{"url":"http://a/","headers":{"A":"1\r\nB: 2"}}"#), Err(No::Field(FieldRefusal::Value { .. }))));
    assert!(matches!(
        jsonl(r#"{"url":"http://a/","headers":{"Host":"b"}}"#),
        Err(No::Field(FieldRefusal::OfTheConnection { .. }))
    ));
    assert!(matches!(jsonl(r#"{"url":"http://a/\u0000"}"#), Err(No::Url(UrlRefusal::ControlCharacter))));
}

#[test]
fn a_reason_is_a_sentence_even_for_an_endless_key() {
    let refusal = jsonl(&format!(r#"{{"{}":1}}"#, "k".repeat(500_000))).unwrap_err();
    assert!(refusal.to_string().len() < 400);
}

#[test]
fn a_bottomless_meta_is_refused_and_brackets_in_strings_are_not_depth() {
    let nested = |levels: usize| format!(r#"{{"url":"http://a/","meta":{}1{}}}"#, "[".repeat(levels), "]".repeat(levels));
    assert!(jsonl(&nested(META_DEPTH_MAX)).is_ok());
    assert_eq!(jsonl(&nested(META_DEPTH_MAX + 1)), Err(LineRefusal::MetaTooDeep));
    assert!(jsonl(&nested(100_000)).is_err());
    assert!(jsonl(&format!(r#"{{"url":"http://a/","meta":"\"{}"}}"#, "[".repeat(1_000))).is_ok());
}

#[test]
fn the_format_is_told_by_name_or_first_character() {
    let of_name = |name: &str| ListForm::of_name(Path::new(name));
    assert_eq!(of_name("a/b.JSONL"), Some(ListForm::Jsonl));
    assert_eq!(of_name("b.ndjson.gz"), Some(ListForm::Jsonl));
    assert_eq!(of_name("b.tsv.zst"), Some(ListForm::Csv));
    assert_eq!(of_name("sitemap.xml"), Some(ListForm::Sitemap));
    assert_eq!(of_name("a.txt"), Some(ListForm::Text));
    for name in ["jsonl", "a.gz", "a.urls", "a.csv.bak"] {
        assert_eq!(of_name(name), None, "{name}");
    }
    let of_head = |head: &[u8]| ListForm::of_head(head, None);
    assert_eq!(of_head(b"\xef\xbb\xbf \r\n {\"url\""), ListForm::Jsonl);
    assert_eq!(of_head(b"\n<?xml"), ListForm::Sitemap);
    for head in [&b"url\n"[..], b"id,URL\n1,", b"\"id\";\"Link\"\r\n", b"id\tloc", b"\n\nurl"] {
        assert_eq!(of_head(head), ListForm::Csv, "{head:?}");
    }
    for head in [&b"http://a/{"[..], b"", b"http://a/,url\n", b"# url\n", b"urls\n"] {
        assert_eq!(of_head(head), ListForm::Text, "{head:?}");
    }
    assert_eq!(ListForm::of_head(b"7,http://a/", Some("2")), ListForm::Csv);
    assert_eq!(ListForm::of_head(b"{", Some("2")), ListForm::Jsonl);
}

#[test]
fn what_can_not_be_a_list_is_one_error_with_a_hint() {
    let mut elf = b"\x7fELF\x02\x01\x01".to_vec();
    elf.resize(9_000, 0);
    let errors =
        [&b"BZh91AY"[..], b"\xfd7zXZ\0", b"\xff\xfeh\0t\0", &elf].map(|bytes| opened(bytes, Expected::default()).err().unwrap());
    assert!(matches!(errors[0], ListError::Compressed { with: "bzip2", .. }));
    assert!(matches!(errors[1], ListError::Compressed { with: "xz", .. }));
    assert!(matches!(errors[2], ListError::Encoding { .. }));
    assert!(matches!(errors[3], ListError::Binary { .. }));
    assert!(errors.iter().all(|error| error.hint().is_some()));
}

#[test]
fn a_stray_nul_makes_a_bad_line_and_no_binary_list() {
    let (items, _) = all(b"http://a.example/\0\nhttp://b.example/\n", Expected::default());
    assert_eq!(items.iter().map(|item| item.entry.is_ok()).collect::<Vec<_>>(), [false, true]);
}

#[test]
fn an_absent_list_or_a_folder_is_an_error_of_the_system() {
    let dir = tempfile::tempdir().unwrap();
    for path in [dir.path().join("absent"), dir.path().to_owned()] {
        assert!(matches!(open(&path, Expected::default()), Err(ListError::Io { .. })));
    }
}

#[test]
fn a_file_is_read_by_its_name_and_a_spool_by_its_first_bytes() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("list.txt");
    fs::write(&path, "{\"url\":\"http://a.example/\"}\n").unwrap();
    let file = ListSource::of(&path, Path::new("list.txt")).unwrap();
    let spool = ListSource::of(Path::new("-"), Path::new("list.txt")).unwrap();
    let first = |source: &ListSource| open_source(dir.path(), source, None).unwrap().unwrap().next_item().unwrap().unwrap();
    assert!(first(&file).entry.is_err(), "a .txt is one URL a line");
    assert_eq!(seed(&first(&spool)), &SeedUrl::get("http://a.example/"));
}
