//! What is archived is what came: `warcio` accepts the files, and each response equals what a bare socket gets, byte for byte.

use std::io::Write as _;

use flate2::Compression;
use flate2::write::GzEncoder;

use crate::account::{assert_all, row_of, tally};
use crate::nginx::nginx;
use crate::origin::{Answer, Asked, absent, answer, origin_of_pages, page};
use crate::program::Bench;
use crate::records::{self, Record};
use crate::wire;

/// Longer than what is held in memory.
const LARGE_BYTES: usize = 3 << 20;

/// Bytes that don't shrink: the high halves of a linear congruential generator's states.
fn noise(bytes: usize) -> Vec<u8> {
    let states = std::iter::successors(Some(1_u64), |state| {
        Some(state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407))
    });
    states.skip(1).take(bytes).map(|state| state.to_be_bytes()[0]).collect()
}

fn gzip(bytes: &[u8]) -> Vec<u8> {
    let mut encoder = GzEncoder::new(Vec::new(), Compression::default());
    encoder.write_all(bytes).unwrap();
    encoder.finish().unwrap()
}

/// A body in chunks of a size, with extensions, sizes written in several ways, and a trailer.
fn chunked(body: &[u8], chunk_bytes: usize) -> Vec<u8> {
    let mut bytes = Vec::new();
    for (number, piece) in body.chunks(chunk_bytes).enumerate() {
        let size = if number % 2 == 0 { format!("{:x};name=\"a b\"", piece.len()) } else { format!("00{:X}", piece.len()) };
        bytes.extend_from_slice(format!("{size}\r\n").as_bytes());
        bytes.extend_from_slice(piece);
        bytes.extend_from_slice(b"\r\n");
    }
    bytes.extend_from_slice(b"0\r\nX-Sum: 1\r\n\r\n");
    bytes
}

/// Every shape of an answer that has an end.
fn shapes(asked: &Asked) -> Answer {
    let gzipped = gzip(b"come back later, come back later, come back later");
    let head = |fields: &str| format!("HTTP/1.1 200 OK\r\n{fields}\r\n").into_bytes();
    Answer::Keep(match asked.target.as_str() {
        "/plain" | "/again" => answer("200 OK", "Content-Type: text/plain\r\n", "a page\n"),
        "/odd" => {
            answer("200 Quite  Fine", "sERVER:  odd\r\nX-Twice: 1\r\nX-Other: \r\nx-twice: 2\r\nX-Latin: caf\u{e9}\r\n", "odd\n")
        }
        "/chunked" => [head("Transfer-Encoding: chunked\r\n"), chunked(b"a page in many pieces\n", 5)].concat(),
        "/gzip" => answer("200 OK", "Content-Encoding: gzip\r\n", &gzipped),
        "/both" => [head("Transfer-Encoding: chunked\r\nContent-Encoding: gzip\r\n"), chunked(&gzipped, 5)].concat(),
        "/large" => answer("200 OK", "Content-Type: application/octet-stream\r\n", noise(LARGE_BYTES)),
        "/large-chunked" => [head("Transfer-Encoding: chunked\r\n"), chunked(&noise(LARGE_BYTES / 2), 50_000)].concat(),
        "/empty" => answer("200 OK", "", ""),
        "/none" => b"HTTP/1.1 204 No Content\r\n\r\n".to_vec(),
        "/hints" => [b"HTTP/1.1 103 Early Hints\r\nLink: </a>\r\n\r\n".to_vec(), answer("200 OK", "", "after hints\n")].concat(),
        "/gone" => answer("410 Gone", "", "gone\n"),
        "/head" => b"HTTP/1.1 200 OK\r\nContent-Length: 12345\r\n\r\n".to_vec(),
        "/from" => answer("302 Found", "Location: /plain\r\n", "elsewhere\n"),
        "/until-close" => return Answer::Close(b"HTTP/1.1 200 OK\r\n\r\nuntil the end\n".to_vec()),
        "/old" => return Answer::Close(b"HTTP/1.0 200 OK\r\nContent-Length: 4\r\n\r\nold\n".to_vec()),
        "/cut" => return Answer::Close(b"HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\nonly this".to_vec()),
        _ => return absent(),
    })
}

/// Asserts that a record holds exactly these bytes; a revisit, whose payload is an earlier record's, exactly their head. An
/// interim answer that came before is an answer of its own (RFC 9110, section 15.2), and no part of the record.
#[track_caller]
fn assert_is_kept(record: &Record, raw: &[u8]) {
    let head_bytes = |raw: &[u8]| raw.windows(4).position(|window| window == b"\r\n\r\n").unwrap() + 4;
    let raw = if raw.starts_with(b"HTTP/1.1 1") { &raw[head_bytes(raw)..] } else { raw };
    let is_revisit = record.field("WARC-Type") == Some("revisit");
    let expected = if is_revisit { &raw[..head_bytes(raw)] } else { raw };
    let url = record.field("WARC-Target-URI");
    assert!(record.block == expected, "{url:?}: {} bytes came, {} are kept", raw.len(), record.block.len());
}

#[test]
fn responses_equal_a_raw_socket_capture_byte_for_byte() {
    let origin = origin_of_pages(shapes);
    let names = ["plain", "again", "odd", "chunked", "gzip", "both", "large", "large-chunked", "empty", "none", "hints", "gone"];
    let more = ["until-close", "old", "missing"];
    let urls: Vec<String> = names.iter().chain(&more).map(|name| origin.url(&format!("/{name}"))).collect();
    let bench = Bench::new();
    let (ended, rows) = bench.fetch(&urls, "");
    assert_eq!(ended.code, Some(0), "{ended:?}");
    let job = bench.path("job");
    let all = records::all(&job);
    for row in &rows {
        let request = records::request_of(&all, &row.url);
        let raw = wire::exchange(origin.address(0), &request);
        let record = Record::response_of(&job, row);
        assert_is_kept(&record, &raw);
    }
    assert_eq!(row_of(&rows, "/large").bytes, LARGE_BYTES as u64);
    assert_eq!(row_of(&rows, "/chunked").bytes, 22);
    records::assert_valid(&job);
}

#[test]
fn warcio_finds_no_fault_in_any_kind_of_capture() {
    let origin = origin_of_pages(shapes);
    let url = |name: &str| format!("{{\"url\":\"{}\"}}\n", origin.url(name));
    let names =
        ["/plain", "/again", "/chunked", "/gzip", "/both", "/large", "/from", "/missing", "/cut", "/hints", "/none", "/empty"];
    let mut list: String = names.iter().map(|name| url(name)).collect();
    list.push_str(&format!("{{\"url\":\"{}\",\"method\":\"HEAD\"}}\n", origin.url("/head")));
    list.push_str(&format!("{{\"url\":\"{}\",\"method\":\"POST\",\"body\":\"a=b\"}}\n", origin.url("/plain?post")));
    let bench = Bench::new();
    bench.write("urls.jsonl", list);
    let ended = bench.run("fetch urls.jsonl -o job --patience 3s --attempts 2");
    assert_eq!(ended.code, Some(1), "the cut body fails: {ended:?}");
    let rows = bench.rows("job");
    assert_eq!(rows.len(), 14);
    assert_eq!(tally(&rows)["failed/reset"], 1, "{rows:#?}");
    let job = bench.path("job");
    let said = records::assert_valid(&job);
    assert!(said.contains("digest pass"), "{said}");
    // What was cut off is kept as far as it came, and says so.
    let cut = Record::response_of(&job, row_of(&rows, "/cut"));
    assert_eq!(cut.field("WARC-Truncated"), Some("disconnect"));
    assert!(cut.block.ends_with(b"only this"));
    // A redirect is a capture of its own beside the page that it led to.
    let all = records::all(&job);
    let of_type = |kind: &str| all.iter().filter(|record| record.field("WARC-Type") == Some(kind)).count();
    assert_eq!(of_type("request"), origin.asked().len(), "each request has its record");
    assert_eq!(of_type("response") + of_type("revisit"), origin.asked().len(), "each answer has its record");
    assert_eq!(row_of(&rows, "/from").requests, 2);
    // Method and body reach the server as the list gives them.
    let asked = |method: &str| origin.pages().into_iter().find(|asked| asked.method == method).unwrap();
    assert_eq!((asked("HEAD").target.as_str(), asked("POST").body.as_slice()), ("/head", b"a=b".as_slice()));
}

#[test]
fn pages_of_nginx_are_kept_as_it_sends_them() {
    let server = nginx("gzip on; gzip_types text/plain; gzip_min_length 1;", "default_type text/plain;");
    let pages = [("0", "a page\n".repeat(1000).into_bytes()), ("1", b"short".to_vec()), ("2", noise(2 << 20))];
    for (name, body) in &pages {
        std::fs::write(server.folder().join("pages").join(name), body).unwrap();
    }
    let bench = Bench::new();
    let (ended, rows) = bench.fetch(server.urls(4), "");
    assert_eq!(ended.code, Some(0), "{ended:?}");
    let job = bench.path("job");
    let all = records::all(&job);
    for row in &rows {
        let raw = wire::exchange(server.address(), &records::request_of(&all, &row.url));
        let mut record = Record::response_of(&job, row);
        record.block = wire::without_date(&record.block);
        assert_is_kept(&record, &wire::without_date(&raw));
    }
    assert_eq!(tally(&rows)["answered/none"], 1, "the fourth is not there: {rows:#?}");
    records::assert_valid(&job);
}

#[test]
fn identical_payload_is_kept_once() {
    let origin = origin_of_pages(|_| Answer::Keep(answer("200 OK", "", "the same page everywhere\n".repeat(100))));
    let bench = Bench::new();
    let (_, rows) = bench.fetch(origin.urls(20), "");
    assert_all(&rows, 20, "fetched/none");
    let all = records::all(&bench.path("job"));
    let revisits = all.iter().filter(|record| record.field("WARC-Type") == Some("revisit")).count();
    assert_eq!(revisits, 19);
    records::assert_valid(&bench.path("job"));
}

#[test]
fn secrets_of_a_request_reach_the_server_and_not_the_archive() {
    let origin = origin_of_pages(page);
    let bench = Bench::new();
    let list = format!("{{\"url\":\"{}\",\"headers\":{{\"Authorization\":\"Bearer open-sesame\"}}}}\n", origin.url("/page"));
    bench.write("urls.jsonl", list);
    assert_eq!(bench.run("fetch urls.jsonl -o job").code, Some(0));
    let pages = origin.pages();
    assert!(String::from_utf8_lossy(&pages[0].head).contains("open-sesame"));
    for record in records::all(&bench.path("job")) {
        assert!(!String::from_utf8_lossy(&record.block).contains("open-sesame"), "{}", String::from_utf8_lossy(&record.block));
    }
}
