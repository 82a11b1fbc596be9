//! HTTP/2: what is asked and recorded, on how many connections.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use bytes::Bytes;
use comeback_diagnosis::cause::Cause;
use comeback_fetch::{Attempt, AttemptRequest, Limits, Protocol, Route, WireBytes};
use http::{HeaderMap, Response};
use tokio::sync::{Barrier, Semaphore};

use crate::certificates::{trusting_asker, trusting_asker_limited};
use crate::http2_server::{Asked, Http2Server, give, give_with_trailers, head, serve_all};
use crate::raw_server::{Granted, cause, detail, files_in, get, request, response, wire};

async fn hello((_, mut respond): Asked) {
    give(&mut respond, head(200, &[("content-type", "text/plain"), ("x-two", "1"), ("x-two", "2")]), "hello");
}

#[tokio::test]
async fn exchange_is_recorded_with_synthesised_heads() {
    let server = Http2Server::answering(hello).await;
    let capture = trusting_asker().get(server.url("/page?q=1")).await;
    assert_eq!((cause(&capture), capture.protocol), (Cause::None, Protocol::Http2), "{:?}", capture.failure);
    let bytes = b"HTTP/1.1 200 \r\ncontent-type: text/plain\r\nx-two: 1\r\nx-two: 2\r\n\r\nhello";
    assert_eq!(String::from_utf8(wire(&capture)).unwrap(), String::from_utf8(bytes.to_vec()).unwrap());
    let response = response(&capture);
    assert_eq!((response.status, response.body_seen.as_slice(), response.body_bytes), (200, &b"hello"[..], 5));
    assert!(response.complete && !response.chunked && response.reason.is_empty());
    assert_eq!(&bytes[..response.head_bytes], bytes.strip_suffix(b"hello").unwrap());
    let expected = format!(
        "GET /page?q=1 HTTP/1.1\r\nhost: localhost:{}\r\nuser-agent: comeback-tests/0\r\naccept: */*\r\n\
         accept-encoding: gzip, deflate, br, zstd\r\n\r\n",
        server.address.port()
    );
    assert_eq!(String::from_utf8(capture.request_wire.clone()).unwrap(), expected);
    assert_eq!(capture.remote, Some(server.address));
    assert!(capture.sent_at.unwrap() <= capture.ended_at);
}

#[tokio::test]
async fn host_that_offers_only_http1_is_asked_in_it() {
    let server = Http2Server::start(&["http/1.1"], |_, mut stream| async move {
        use tokio::io::{AsyncReadExt, AsyncWriteExt};
        let mut read = [0; 1024];
        while stream.read(&mut read).await.is_ok_and(|count| count > 0) {
            stream.write_all(b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nhi").await.unwrap();
        }
    })
    .await;
    let asker = trusting_asker();
    for _ in 0..2 {
        let capture = asker.get(server.url("/")).await;
        assert_eq!((cause(&capture), capture.protocol), (Cause::None, Protocol::Http1), "{:?}", capture.failure);
    }
    assert_eq!(server.connections(), 1);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn hundred_attempts_at_once_share_one_connection_and_do_not_mix() {
    const ATTEMPTS: usize = 100;
    // Nobody is answered before all have asked.
    let all = Arc::new(Barrier::new(ATTEMPTS));
    let server = Http2Server::answering(move |(asked, mut respond): Asked| {
        let all = Arc::clone(&all);
        async move {
            all.wait().await;
            give(&mut respond, head(200, &[]), asked.uri().path().repeat(5_000));
        }
    })
    .await;
    let asker = Arc::new(trusting_asker());
    let asks = (0..ATTEMPTS).map(|number| {
        let (asker, url) = (Arc::clone(&asker), server.url(&format!("/{number:04}")));
        tokio::spawn(async move { (number, asker.get(url).await) })
    });
    for ask in asks.collect::<Vec<_>>() {
        let (number, capture) = ask.await.unwrap();
        assert_eq!(cause(&capture), Cause::None, "{:?}", capture.failure);
        assert_eq!(response(&capture).body_seen, format!("/{number:04}").repeat(5_000).as_bytes());
    }
    assert_eq!(server.connections(), 1);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn no_more_streams_are_open_than_the_server_permits() {
    let (open, most) = (Arc::new(AtomicUsize::new(0)), Arc::new(AtomicUsize::new(0)));
    let seen = Arc::clone(&most);
    let server = Http2Server::start(&["h2"], move |_, stream| {
        let (open, most) = (Arc::clone(&open), Arc::clone(&most));
        async move {
            let mut builder = h2::server::Builder::new();
            let connection = builder.max_concurrent_streams(3).handshake(stream).await.unwrap();
            let answer = move |(_, mut respond): Asked| {
                let (open, most) = (Arc::clone(&open), Arc::clone(&most));
                async move {
                    most.fetch_max(open.fetch_add(1, Ordering::SeqCst) + 1, Ordering::SeqCst);
                    tokio::task::yield_now().await;
                    open.fetch_sub(1, Ordering::SeqCst);
                    give(&mut respond, head(200, &[]), "x");
                }
            };
            serve_all(connection, answer).await;
        }
    })
    .await;
    let asker = Arc::new(trusting_asker());
    let asks = (0..40).map(|number| {
        let (asker, url) = (Arc::clone(&asker), server.url(&format!("/{number}")));
        tokio::spawn(async move { asker.get(url).await })
    });
    for ask in asks.collect::<Vec<_>>() {
        let capture = ask.await.unwrap();
        assert_eq!(cause(&capture), Cause::None, "{:?}", capture.failure);
    }
    assert_eq!(server.connections(), 1);
    assert!(seen.load(Ordering::SeqCst) <= 3);
}

#[tokio::test]
async fn attempt_that_waits_for_a_stream_can_be_recalled() {
    // A hold that is placed while an attempt waits for its turn must be kept: nothing goes out.
    let (gate, asked_count) = (Arc::new(Semaphore::new(0)), Arc::new(AtomicUsize::new(0)));
    let (wait, count) = (Arc::clone(&gate), Arc::clone(&asked_count));
    let server = Http2Server::start(&["h2"], move |_, stream| {
        let (wait, count) = (Arc::clone(&wait), Arc::clone(&count));
        async move {
            let connection = h2::server::Builder::new().max_concurrent_streams(1).handshake(stream).await.unwrap();
            let answer = move |(_, mut respond): Asked| {
                let (wait, count) = (Arc::clone(&wait), Arc::clone(&count));
                async move {
                    count.fetch_add(1, Ordering::SeqCst);
                    wait.acquire().await.unwrap().forget();
                    give(&mut respond, head(503, &[("retry-after", "60")]), "");
                }
            };
            serve_all(connection, answer).await;
        }
    })
    .await;
    let asker = trusting_asker();
    let (one, two) = (get(server.url("/1")), get(server.url("/2")));
    let (first, second) = (Granted::default(), Granted::default());
    let recall = async {
        while first.sent.load(Ordering::SeqCst) == 0 {
            tokio::task::yield_now().await;
        }
        second.is_recalled.store(true, Ordering::SeqCst);
        gate.add_permits(1);
    };
    let (answered, recalled, ()) = tokio::join!(asker.route.attempt(&one, &first), asker.route.attempt(&two, &second), recall);
    assert!(matches!(answered, Attempt::Ended(capture) if response(&capture).status == 503));
    assert!(matches!(recalled, Attempt::Recalled), "{recalled:?}");
    assert_eq!((second.sent.load(Ordering::SeqCst), asked_count.load(Ordering::SeqCst)), (0, 1));
}

#[tokio::test]
async fn upload_longer_than_the_windows_goes_out_whole() {
    let server = Http2Server::answering(|(asked, mut respond): Asked| async move {
        let length = asked.headers()["content-length"].to_str().unwrap().to_owned();
        let mut body = asked.into_body();
        let mut bytes = 0;
        while let Some(Ok(piece)) = body.data().await {
            bytes += piece.len();
            body.flow_control().release_capacity(piece.len()).unwrap();
        }
        give(&mut respond, head(200, &[]), format!("{bytes} of {length}"));
    })
    .await;
    let body = Bytes::from(vec![b'x'; 1_000_000]);
    let asked = AttemptRequest { body: Some(body), ..request("POST", server.url("/")) };
    let capture = trusting_asker().ask(&asked).await;
    assert_eq!(cause(&capture), Cause::None, "{:?}", capture.failure);
    assert_eq!(response(&capture).body_seen, b"1000000 of 1000000");
    assert!(capture.request_wire.ends_with(b"x") && capture.request_wire.len() > 1_000_000);
}

#[tokio::test]
async fn early_answer_to_an_upload_is_recorded() {
    let server = Http2Server::answering(|(asked, mut respond): Asked| async move {
        give(&mut respond, head(413, &[]), "no");
        // Nobody wants the rest of the upload: h2 resets the stream with NO_ERROR.
        drop(asked);
    })
    .await;
    let asked = AttemptRequest { body: Some(vec![b'x'; 8_000_000].into()), ..request("POST", server.url("/")) };
    let capture = trusting_asker().ask(&asked).await;
    assert_eq!((cause(&capture), response(&capture).status), (Cause::None, 413), "{:?}", capture.failure);
    assert_eq!(response(&capture).body_seen, b"no");
}

#[tokio::test]
async fn informational_answers_are_passed_over_and_trailers_kept() {
    let server = Http2Server::answering(|(_, mut respond): Asked| async move {
        let mut early = Response::new(());
        *early.status_mut() = http::StatusCode::EARLY_HINTS;
        early.headers_mut().insert("link", "</a>".parse().unwrap());
        respond.send_informational(early).unwrap();
        let mut trailers = HeaderMap::new();
        trailers.insert("x-sum", "11".parse().unwrap());
        give_with_trailers(&mut respond, head(404, &[("trailer", "x-sum")]), b"hello world", trailers);
    })
    .await;
    let capture = trusting_asker().get(server.url("/")).await;
    assert_eq!(cause(&capture), Cause::None, "{:?}", capture.failure);
    assert_eq!(wire(&capture), b"HTTP/1.1 404 \r\ntrailer: x-sum\r\n\r\nhello world");
    assert_eq!(response(&capture).trailers, [(b"x-sum".to_vec(), b"11".to_vec())]);
}

#[tokio::test]
async fn coded_bodies_are_recorded_as_they_came_and_read_decoded() {
    use std::io::Write;
    let mut encoder = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::default());
    encoder.write_all(b"what people read").unwrap();
    let coded = encoder.finish().unwrap();
    let sent = coded.clone();
    let server = Http2Server::answering(move |(_, mut respond): Asked| {
        let coded = coded.clone();
        async move { give(&mut respond, head(200, &[("content-encoding", "gzip")]), coded) }
    })
    .await;
    let capture = trusting_asker().get(server.url("/")).await;
    assert_eq!((cause(&capture), response(&capture).body_seen.as_slice()), (Cause::None, &b"what people read"[..]));
    assert!(wire(&capture).ends_with(&sent));
}

#[tokio::test]
async fn long_bodies_are_spooled_and_cut_at_the_limit() {
    let server = Http2Server::answering(|(asked, mut respond): Asked| async move {
        let length = asked.uri().path()[1..].parse().unwrap();
        give(&mut respond, head(200, &[]), vec![b'x'; length]);
    })
    .await;
    let limits = Limits { body_bytes_max: 3_000_000, body_memory_bytes_max: 1_000, ..Limits::default() };
    let asker = trusting_asker_limited(limits);
    let whole = asker.get(server.url("/3000000")).await;
    assert_eq!((cause(&whole), response(&whole).body_bytes), (Cause::None, 3_000_000), "{:?}", whole.failure);
    assert!(matches!(response(&whole).wire, WireBytes::Spool(_)));
    assert_eq!(files_in(asker.spool.path()), 1);
    let cut = asker.get(server.url("/9000000")).await;
    assert_eq!(cause(&cut), Cause::TooLarge, "{:?}", cut.failure);
    assert!(!response(&cut).complete && response(&cut).body_bytes < 3_100_000);
    // The stream was given up, not the connection.
    assert_eq!(cause(&asker.get(server.url("/10")).await), Cause::None);
    assert_eq!(server.connections(), 1);
}

#[tokio::test]
async fn declared_length_beyond_the_limit_is_not_read() {
    let server = Http2Server::answering(|(_, mut respond): Asked| async move {
        let _held = respond.send_response(head(200, &[("content-length", "99999999")]), false).unwrap();
        std::future::pending::<()>().await;
    })
    .await;
    let capture = trusting_asker().get(server.url("/")).await;
    assert_eq!((cause(&capture), response(&capture).body_bytes), (Cause::TooLarge, 0));
    assert!(detail(&capture).contains("99999999"));
}

#[tokio::test]
async fn kept_connection_is_closed_when_its_time_is_over() {
    let over = Arc::new(Semaphore::new(0));
    let ended = Arc::clone(&over);
    let server = Http2Server::speaking(move |_, connection| {
        let ended = Arc::clone(&ended);
        async move {
            serve_all(connection, hello).await;
            ended.add_permits(1);
        }
    })
    .await;
    let asker = trusting_asker_limited(Limits { idle_connection_ms: 1, ..Limits::default() });
    assert_eq!(cause(&asker.get(server.url("/")).await), Cause::None);
    over.acquire().await.unwrap().forget();
    assert_eq!(cause(&asker.get(server.url("/")).await), Cause::None);
    assert_eq!(server.connections(), 2);
    // And with the route, whatever its time.
    let asker = trusting_asker();
    assert_eq!(cause(&asker.get(server.url("/")).await), Cause::None);
    over.acquire().await.unwrap().forget();
    drop(asker);
    over.acquire().await.unwrap().forget();
}

#[tokio::test]
async fn old_connections_get_no_new_streams() {
    let server = Http2Server::answering(hello).await;
    let asker = trusting_asker_limited(Limits { shared_connection_ms: 0, ..Limits::default() });
    for _ in 0..2 {
        assert_eq!(cause(&asker.get(server.url("/")).await), Cause::None);
    }
    assert_eq!(server.connections(), 2);
}

#[tokio::test]
async fn given_host_field_is_the_authority_and_connection_fields_stay_behind() {
    let server = Http2Server::answering(|(asked, mut respond): Asked| async move {
        let fields: Vec<&str> = asked.headers().keys().map(http::HeaderName::as_str).collect();
        give(&mut respond, head(200, &[]), format!("{} {}", asked.uri(), fields.join(" ")));
    })
    .await;
    let given = [("Host", "other.example"), ("Connection", "keep-alive"), ("Keep-Alive", "1"), ("TE", "gzip"), ("X-Own", "1")];
    let headers = given.map(|(name, value)| (name.to_owned(), value.to_owned())).to_vec();
    let capture = trusting_asker().ask(&AttemptRequest { headers, ..get(server.url("/a")) }).await;
    let seen = String::from_utf8(response(&capture).body_seen.clone()).unwrap();
    assert_eq!(seen, "https://other.example/a user-agent accept accept-encoding x-own");
}
