//! Bodies that never end, grow without measure, or are not what they say.

use std::io::Write as _;

use flate2::Compression;
use flate2::write::GzEncoder;

use crate::account::{Row, assert_all, row_of};
use crate::origin::{Answer, Asked, Origin, absent, answer, origin_of_pages, page};
use crate::program::Bench;
use crate::records::{self, Record};

const QUICK: &str = "--timeout 1s --patience 2s --body-max 1MiB";
const BODY_MAX: usize = 1 << 20;

/// Fetches `/bad` beside two good pages.
#[track_caller]
fn fetch_bad(bad: impl Fn() -> Answer + Send + Sync + 'static) -> (Bench, Row) {
    let origin = origin_of_pages(move |asked: &Asked| if asked.target == "/bad" { bad() } else { page(asked) });
    let bench = Bench::new();
    let (_, rows) = bench.fetch([origin.url("/good/1"), origin.url("/bad"), origin.url("/good/2")], QUICK);
    assert_eq!(rows.iter().filter(|row| row.outcome == "fetched" && row.url.contains("good")).count(), 2, "{rows:#?}");
    let row = row_of(&rows, "/bad").clone();
    records::assert_valid(&bench.path("job"));
    (bench, row)
}

#[track_caller]
fn assert_failed(row: &Row, cause: &str) {
    assert_eq!((row.outcome.as_str(), row.cause.as_str()), ("failed", cause), "{row:#?}");
}

#[test]
fn body_without_end_is_too_large_and_asked_once() {
    let (bench, row) = fetch_bad(|| Answer::Endless(b"HTTP/1.1 200 OK\r\n\r\n".to_vec(), vec![b'x'; 1 << 16]));
    assert_failed(&row, "too_large");
    assert_eq!(row.requests, 1);
    let record = Record::response_of(&bench.path("job"), &row);
    assert_eq!(record.field("WARC-Truncated"), Some("length"));
    // What had arrived together with the last byte allowed is kept with it.
    assert!((BODY_MAX..2 * BODY_MAX).contains(&record.block.len()), "{} bytes are kept", record.block.len());
}

#[test]
fn stated_length_beyond_the_limit_is_too_large() {
    let (_, row) = fetch_bad(|| Answer::Stall(b"HTTP/1.1 200 OK\r\nContent-Length: 99999999999\r\n\r\nbegin".to_vec()));
    assert_failed(&row, "too_large");
    assert_eq!(row.requests, 1);
}

#[test]
fn chunks_without_end_are_too_large() {
    let piece = [b"10000\r\n".to_vec(), vec![b'x'; 1 << 16], b"\r\n".to_vec()].concat();
    let head = b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n";
    let (_, row) = fetch_bad(move || Answer::Endless(head.to_vec(), piece.clone()));
    assert_failed(&row, "too_large");
}

#[test]
fn gzip_bomb_is_cut_off_within_memory() {
    let mut encoder = GzEncoder::new(Vec::new(), Compression::best());
    for _ in 0..512 {
        encoder.write_all(&vec![0; 1 << 20]).unwrap();
    }
    let bomb = encoder.finish().unwrap();
    assert!(bomb.len() < 1 << 20);
    let (_, row) = fetch_bad(move || Answer::Keep(answer("200 OK", "Content-Encoding: gzip\r\n", &bomb)));
    assert!(row.outcome == "failed" && ["decode", "too_large"].contains(&row.cause.as_str()), "{row:#?}");
    assert_eq!(row.requests, 1);
}

#[test]
fn coding_upon_coding_is_refused() {
    let mut body = b"a page".to_vec();
    for _ in 0..4 {
        let mut encoder = GzEncoder::new(Vec::new(), Compression::fast());
        encoder.write_all(&body).unwrap();
        body = encoder.finish().unwrap();
    }
    let (_, row) = fetch_bad(move || Answer::Keep(answer("200 OK", "Content-Encoding: gzip, gzip, gzip, gzip\r\n", &body)));
    assert_failed(&row, "decode");
}

#[test]
fn body_that_is_not_what_its_coding_says_fails_to_decode() {
    let (bench, row) = fetch_bad(|| Answer::Keep(answer("200 OK", "Content-Encoding: gzip\r\n", "no gzip at all")));
    assert_failed(&row, "decode");
    assert!(Record::response_of(&bench.path("job"), &row).block.ends_with(b"no gzip at all"), "the bytes are kept as they came");
}

#[test]
fn bad_chunking_is_no_answer() {
    const BODIES: [&str; 4] =
        ["ZZ\r\nabc\r\n0\r\n\r\n", "3\r\nabcdef\r\n0\r\n\r\n", "-1\r\nabc\r\n0\r\n\r\n", "fffffffffffffffff\r\nabc\r\n0\r\n\r\n"];
    let origin = Origin::start_hosts(4, |asked| match asked.target.as_str() {
        "/robots.txt" => absent(),
        "/bad" => {
            let head = "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n";
            Answer::Close(format!("{head}{}", BODIES[asked.host]).into_bytes())
        }
        _ => page(asked),
    });
    let urls = (0..BODIES.len()).flat_map(|host| ["/good/1", "/bad", "/good/2"].map(|path| origin.url_of(host, path)));
    let bench = Bench::new();
    let (ended, rows) = bench.fetch(urls.collect::<Vec<String>>(), QUICK);
    assert_eq!(ended.code, Some(1), "{ended:?}");
    let (bad, good): (Vec<Row>, Vec<Row>) = rows.into_iter().partition(|row| row.url.ends_with("/bad"));
    assert_all(&good, 8, "fetched/none");
    assert_all(&bad, 4, "failed/protocol");
    assert!(bad.iter().all(|row| row.requests <= 4), "{bad:#?}");
    records::assert_valid(&bench.path("job"));
}

#[test]
fn chunk_without_end_of_line_is_cut_off() {
    let head = b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5;x=";
    let (_, row) = fetch_bad(|| Answer::Endless(head.to_vec(), b"more".repeat(1 << 12)));
    assert!(row.outcome == "failed" && ["protocol", "too_large"].contains(&row.cause.as_str()), "{row:#?}");
}

#[test]
fn head_fields_of_any_bytes_are_survived() {
    let fields = b"HTTP/1.1 200 OK\r\nServer: \xff\xfe\x80\r\nSet-Cookie: a=\xc3\x28\r\nContent-Length: 4\r\n\r\npage";
    let origin = origin_of_pages(|_| Answer::Keep(fields.to_vec()));
    let bench = Bench::new();
    let (ended, rows) = bench.fetch(origin.urls(3), QUICK);
    assert_eq!(ended.code, Some(0), "{ended:?}");
    assert_all(&rows, 3, "fetched/none");
    records::assert_valid(&bench.path("job"));
}
