//! What is recorded equals what was on the wire.

use bytes::Bytes;
use comeback_diagnosis::cause::Cause;
use comeback_fetch::{AttemptRequest, Limits, WireBytes, redirect_target};

use crate::raw_server::{Asker, RawServer, Step, cause, files_in, get, request, response, wire};

const LENGTH: &[u8] =
    b"HTTP/1.1 200 Quite OK\r\nX-oDD-case:  kept \r\nSet-Cookie: a=1\r\nContent-Length: 5\r\nset-cookie: b=2\r\n\r\nhello";
const CHUNKED: &[u8] = b"HTTP/1.1 200 OK\r\ntransfer-encoding: Chunked\r\nTrailer: X-Sum\r\n\r\n\
    5;ext=\"a\"\r\nhello\r\n00006 \r\n world\r\n0;last\r\nX-Sum: 11\r\n\r\n";
const CLOSED: &[u8] = b"HTTP/1.0 200 OK\r\nContent-Type: text/plain\r\n\r\nuntil the end";

#[tokio::test]
async fn every_framing_is_recorded_to_the_byte() {
    for (bytes, body, chunked) in [(LENGTH, "hello", false), (CHUNKED, "hello world", true), (CLOSED, "until the end", false)] {
        let server = RawServer::answering(bytes).await;
        let capture = Asker::new().get(server.url()).await;
        assert_eq!(cause(&capture), Cause::None, "{:?}", capture.failure);
        assert_eq!(wire(&capture), bytes);
        let response = response(&capture);
        assert_eq!(response.body_seen, body.as_bytes());
        assert_eq!(response.body_bytes, body.len() as u64);
        assert_eq!((response.complete, response.chunked), (true, chunked));
        assert_eq!(&bytes[response.head_bytes - 4..response.head_bytes], b"\r\n\r\n");
    }
}

#[tokio::test]
async fn responses_cut_into_single_bytes_are_recorded_alike() {
    for bytes in [LENGTH, CHUNKED, CLOSED] {
        let mut script = vec![Step::ReadHead];
        script.extend(bytes.iter().map(|byte| Step::Write(vec![*byte])));
        let server = RawServer::start(vec![script]).await;
        let capture = Asker::new().get(server.url()).await;
        assert_eq!(wire(&capture), bytes);
        assert!(response(&capture).complete);
    }
}

#[tokio::test]
async fn fields_keep_case_order_and_duplicates() {
    let server = RawServer::answering(LENGTH).await;
    let capture = Asker::new().get(server.url()).await;
    let expected: [(&[u8], &[u8]); 4] =
        [(b"X-oDD-case", b"kept"), (b"Set-Cookie", b"a=1"), (b"Content-Length", b"5"), (b"set-cookie", b"b=2")];
    let fields = capture.borrowed_fields();
    assert_eq!(fields, expected);
    assert_eq!(response(&capture).reason, b"Quite OK");
    let exchange = capture.exchange("GET", "http://example.org/", &fields);
    assert_eq!(exchange.response.unwrap().field("SET-COOKIE"), Some(&b"a=1"[..]));
}

#[tokio::test]
async fn request_is_recorded_as_the_server_reads_it() {
    let server = RawServer::answering(LENGTH).await;
    let capture = Asker::new().get(server.url()).await;
    let expected = format!(
        "GET /page?q=1 HTTP/1.1\r\nHost: {}\r\nUser-Agent: comeback-tests/0\r\nAccept: */*\r\n\
         Accept-Encoding: gzip, deflate, br, zstd\r\n\r\n",
        server.address
    );
    assert_eq!(String::from_utf8(capture.request_wire.clone()).unwrap(), expected);
    assert_eq!(server.requests(), std::slice::from_ref(&capture.request_wire));
    assert_eq!(capture.remote, Some(server.address));
    assert!(capture.sent_at.unwrap() <= capture.ended_at);
}

#[tokio::test]
async fn own_fields_give_way_and_framing_is_not_for_the_caller() {
    let server = RawServer::start(vec![vec![Step::ReadHead, Step::ReadBytes(4), Step::Write(LENGTH.to_vec())]]).await;
    let given =
        [("User-Agent", "mine/1"), ("X-Two", "1"), ("x-two", "2"), ("Content-Length", "999"), ("Transfer-Encoding", "chunked")];
    let asked = AttemptRequest {
        headers: given.map(|(name, value)| (name.to_owned(), value.to_owned())).to_vec(),
        body: Some(Bytes::from_static(b"data")),
        ..request("POST", server.url())
    };
    let capture = Asker::new().ask(&asked).await;
    let expected = format!(
        "POST /page?q=1 HTTP/1.1\r\nHost: {}\r\nUser-Agent: mine/1\r\nAccept: */*\r\nAccept-Encoding: gzip, deflate, br, zstd\r\n\
         X-Two: 1\r\nX-Two: 2\r\nContent-Length: 4\r\n\r\ndata",
        server.address
    );
    assert_eq!(String::from_utf8(capture.request_wire.clone()).unwrap(), expected);
    assert_eq!(server.requests().concat(), capture.request_wire);
    assert!(response(&capture).complete);
}

#[tokio::test]
async fn unsendable_requests_are_named_and_nothing_is_sent() {
    let server = RawServer::answering(LENGTH).await;
    let field = |name: &str, value: &str| AttemptRequest { headers: vec![(name.into(), value.into())], ..get(server.url()) };
    for asked in [field("bad name", "x"), field("X", "a\nb"), request("CONNECT", server.url()), request("G T", server.url())] {
        let capture = Asker::new().ask(&asked).await;
        assert_eq!((cause(&capture), capture.sent_at), (Cause::Protocol, None));
    }
    assert_eq!(server.connections(), 0);
}

#[tokio::test]
async fn informational_responses_are_not_in_the_record() {
    let early = b"HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 103 Early Hints\r\nLink: </style.css>\r\n\r\n";
    let server = RawServer::answering([&early[..], LENGTH].concat()).await;
    let capture = Asker::new().get(server.url()).await;
    assert_eq!(wire(&capture), LENGTH);
    assert_eq!(response(&capture).status, 200);
}

#[tokio::test]
async fn any_three_digit_status_is_an_answer() {
    for status in [203, 299, 418, 520, 530, 600, 999] {
        let bytes = format!("HTTP/1.1 {status} Odd\r\nContent-Length: 0\r\n\r\n");
        let server = RawServer::answering(&bytes).await;
        let capture = Asker::new().get(server.url()).await;
        assert_eq!((response(&capture).status, cause(&capture)), (status, Cause::None));
        assert_eq!(wire(&capture), bytes.as_bytes());
    }
}

#[tokio::test]
async fn responses_without_a_body_end_with_their_head() {
    let head = b"HTTP/1.1 200 OK\r\nContent-Length: 500\r\nContent-Encoding: gzip\r\n\r\n";
    let server = RawServer::answering_and_staying(head).await;
    let capture = Asker::new().ask(&request("HEAD", server.url())).await;
    assert_eq!((wire(&capture).as_slice(), cause(&capture), response(&capture).complete), (&head[..], Cause::None, true));
    for status in ["204 No Content", "304 Not Modified"] {
        let bytes = format!("HTTP/1.1 {status}\r\nETag: \"x\"\r\n\r\n");
        let server = RawServer::answering_and_staying(&bytes).await;
        let capture = Asker::new().get(server.url()).await;
        assert_eq!((wire(&capture), response(&capture).complete), (bytes.into_bytes(), true));
    }
}

#[tokio::test]
async fn bytes_after_the_response_are_neither_recorded_nor_answered_with() {
    let server = RawServer::start(vec![
        vec![Step::ReadHead, Step::Write([LENGTH, b"HTTP/1.1 500 Smuggled\r\n\r\n"].concat()), Step::Stall],
        vec![Step::ReadHead, Step::Write(CHUNKED.to_vec())],
    ])
    .await;
    let asker = Asker::new();
    assert_eq!(wire(&asker.get(server.url()).await), LENGTH);
    assert_eq!(wire(&asker.get(server.url()).await), CHUNKED);
    assert_eq!(server.connections(), 2);
}

#[tokio::test]
async fn long_responses_are_spooled_and_the_file_goes_with_the_capture() {
    let body: Vec<u8> = (0..100_000_u32).flat_map(u32::to_le_bytes).collect();
    let bytes = [format!("HTTP/1.1 200 OK\r\nContent-Length: {}\r\n\r\n", body.len()).as_bytes(), &body].concat();
    let server = RawServer::answering(&bytes).await;
    let asker = Asker::limited(Limits { body_memory_bytes_max: 10_000, ..Limits::default() });
    let capture = asker.get(server.url()).await;
    assert!(matches!(response(&capture).wire, WireBytes::Spool(_)));
    assert_eq!(wire(&capture), bytes);
    assert_eq!(response(&capture).wire.len(), bytes.len() as u64);
    assert_eq!(response(&capture).body_seen, body[..64 * 1024]);
    assert_eq!(files_in(asker.spool.path()), 1);
    drop(capture);
    assert_eq!(files_in(asker.spool.path()), 0);
}

#[tokio::test]
async fn lenient_heads_are_answers_too() {
    let bytes = b"HTTP/1.1 200 OK\nFolded: one\n  two\nBad Name: x\nSpaced : y\nContent-Length: 2\n\nhi";
    let server = RawServer::answering(bytes).await;
    let capture = Asker::new().get(server.url()).await;
    assert_eq!((cause(&capture), wire(&capture).as_slice()), (Cause::None, &bytes[..]));
    assert_eq!(response(&capture).field("folded"), Some(&b"one two"[..]));
}

#[tokio::test]
async fn redirects_are_named_and_not_followed() {
    for (status, location, target) in [
        (301, "/b?c#d", Some("/b?c#d")),
        (302, "//example.org/x", Some("http://example.org/x")),
        (308, "?only", Some("/page?only")),
        (300, "/b", None),
        (200, "/b", None),
    ] {
        let server =
            RawServer::answering(format!("HTTP/1.1 {status} X\r\nlocation: {location}\r\nContent-Length: 0\r\n\r\n")).await;
        let base = server.url().parse().unwrap();
        let capture = Asker::new().get(server.url()).await;
        let expected = target.map(|target| Ok(url::Url::join(&base, target).unwrap()));
        assert_eq!(redirect_target(&capture, &base), expected, "{status}");
        assert_eq!(server.connections(), 1);
    }
    for location in ["", "ftp://example.org/", "http://[bad"] {
        let server = RawServer::answering(format!("HTTP/1.1 302 X\r\nLocation: {location}\r\nContent-Length: 0\r\n\r\n")).await;
        let base = server.url().parse().unwrap();
        let capture = Asker::new().get(server.url()).await;
        assert!(redirect_target(&capture, &base).unwrap().is_err(), "{location}");
    }
}
