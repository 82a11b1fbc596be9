//! HTTP/2: what the server did not process is asked again; resets, silence and long heads end by name.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};

use bytes::Bytes;
use comeback_diagnosis::cause::Cause;
use comeback_fetch::{Attempt, AttemptRequest, Limits, Permission, Protocol, Route};
use h2::Reason;
use tokio::io::{AsyncReadExt, AsyncWriteExt};

use crate::certificates::{trusting_asker, trusting_asker_limited};
use crate::http2_server::{
    Asked, DATA, END_HEADERS, GOAWAY, HEADERS, Http2Server, RST_STREAM, RawFrames, SETTINGS, STATUS_200, Stream, frame, give,
    head, next_request, run, serve_all,
};
use crate::raw_server::{Granted, capture, cause, detail, get, request, response, wire};

async fn hello((_, mut respond): Asked) {
    give(&mut respond, head(200, &[]), "hello");
}

/// A server whose first connections are served by `first`, so many of them, and the others well.
async fn server_after<F>(
    count: usize,
    first: impl Fn(h2::server::Connection<Stream, Bytes>) -> F + Clone + Send + 'static,
) -> Http2Server
where
    F: Future<Output = ()> + Send + 'static,
{
    Http2Server::speaking(move |number, connection| {
        let first = first.clone();
        async move { if number < count { first(connection).await } else { serve_all(connection, hello).await } }
    })
    .await
}

/// Answers each request by frames of one's own making.
async fn raw_server(frames: Vec<u8>) -> Http2Server {
    let frames = RawFrames { settings: Vec::new(), once: frames, over_and_over: Vec::new() };
    Http2Server::start(&["h2"], move |_, stream| {
        let frames = frames.clone();
        async move { frames.serve(stream, &AtomicBool::new(false), "").await }
    })
    .await
}

#[tokio::test]
async fn refused_stream_is_repeated_at_once_whatever_the_method() {
    let asked = Arc::new(AtomicUsize::new(0));
    let count = Arc::clone(&asked);
    let server = Http2Server::answering(move |(_, mut respond): Asked| {
        let is_refused = count.fetch_add(1, Ordering::SeqCst) == 0;
        async move {
            if is_refused { respond.send_reset(Reason::REFUSED_STREAM) } else { give(&mut respond, head(200, &[]), "hello") }
        }
    })
    .await;
    let permission = Granted::default();
    let asked_for = AttemptRequest { body: Some(Bytes::from_static(b"data")), ..request("POST", server.url("/")) };
    let capture = capture(trusting_asker().route.attempt(&asked_for, &permission).await);
    assert_eq!((cause(&capture), response(&capture).body_seen.as_slice()), (Cause::None, &b"hello"[..]));
    assert_eq!((permission.sent.load(Ordering::SeqCst), asked.load(Ordering::SeqCst)), (2, 2));
    // One stream was refused, not the connection.
    assert_eq!(server.connections(), 1);
}

#[tokio::test]
async fn stream_that_is_always_refused_ends_as_a_reset_after_two_repeats() {
    let asked = Arc::new(AtomicUsize::new(0));
    let count = Arc::clone(&asked);
    let server = Http2Server::answering(move |(_, mut respond): Asked| {
        count.fetch_add(1, Ordering::SeqCst);
        async move { respond.send_reset(Reason::REFUSED_STREAM) }
    })
    .await;
    let capture = trusting_asker().get(server.url("/")).await;
    assert_eq!((cause(&capture), asked.load(Ordering::SeqCst)), (Cause::Reset, 3));
    assert_eq!(detail(&capture), "The server reset the stream within the head of the answer (REFUSED_STREAM).");
    assert!(capture.response.is_none() && capture.sent_at.is_some());
}

/// Granted when first asked, and never again.
#[derive(Default)]
struct GrantedOnce(Granted);

impl Permission for GrantedOnce {
    fn still_granted(&self) -> bool {
        !self.0.is_recalled.swap(true, Ordering::SeqCst)
    }

    fn sent(&self) {
        self.0.sent();
    }
}

#[tokio::test]
async fn repeat_asks_for_permission_again() {
    let asked = Arc::new(AtomicUsize::new(0));
    let count = Arc::clone(&asked);
    let server = Http2Server::answering(move |(_, mut respond): Asked| {
        count.fetch_add(1, Ordering::SeqCst);
        async move { respond.send_reset(Reason::REFUSED_STREAM) }
    })
    .await;
    let permission = GrantedOnce::default();
    let capture = capture(trusting_asker().route.attempt(&get(server.url("/")), &permission).await);
    assert_eq!((cause(&capture), asked.load(Ordering::SeqCst)), (Cause::Reset, 1));
    assert_eq!(permission.0.sent.load(Ordering::SeqCst), 1);
}

#[tokio::test]
async fn streams_beyond_a_goaway_are_asked_again_on_a_fresh_connection() {
    // It says that it took nothing: stream 0 is the last.
    let frames = frame(GOAWAY, 0, 0, &[0, 0, 0, 0, 0, 0, 0, 0]);
    let refusing = raw_server_once(frames).await;
    let asked = AttemptRequest { body: Some(Bytes::from_static(b"data")), ..request("POST", refusing.url("/")) };
    let permission = Granted::default();
    let capture = capture(trusting_asker().route.attempt(&asked, &permission).await);
    assert_eq!((cause(&capture), response(&capture).body_seen.as_slice()), (Cause::None, &b"hello"[..]));
    assert_eq!((permission.sent.load(Ordering::SeqCst), refusing.connections()), (2, 2));
}

/// A server whose first connection answers by these frames, and the others well.
async fn raw_server_once(frames: Vec<u8>) -> Http2Server {
    Http2Server::start(&["h2"], move |number, mut stream| {
        let frames = frames.clone();
        async move {
            if number > 0 {
                serve_all(h2::server::handshake(stream).await.unwrap(), hello).await;
                return;
            }
            assert_eq!(next_request(&mut stream, &mut Vec::new()).await, Some(1));
            stream.write_all(&[frame(SETTINGS, 0, 0, &[]), frames].concat()).await.unwrap();
            stream.flush().await.unwrap();
            let mut rest = [0; 4096];
            while matches!(stream.read(&mut rest).await, Ok(count) if count > 0) {}
        }
    })
    .await
}

#[tokio::test]
async fn streams_below_a_goaway_are_answered_on_the_old_connection() {
    let server = server_after(1, |mut connection| async move {
        let Some(Ok((_, mut respond))) = connection.accept().await else { return };
        connection.graceful_shutdown();
        let answering = async move {
            tokio::task::yield_now().await;
            give(&mut respond, head(200, &[]), "old");
        };
        tokio::join!(answering, run(connection));
    })
    .await;
    let asker = trusting_asker();
    assert_eq!(response(&asker.get(server.url("/")).await).body_seen, b"old");
    assert_eq!(response(&asker.get(server.url("/")).await).body_seen, b"hello");
    assert_eq!(server.connections(), 2);
}

#[tokio::test]
async fn kept_connection_that_was_closed_is_repeated_on_once_but_not_for_a_post() {
    // One good answer, then the next request is read and the connection closed without a word.
    let closing = |mut connection: h2::server::Connection<Stream, Bytes>| async move {
        let Some(Ok(asked)) = connection.accept().await else { return };
        hello(asked).await;
        let _ = connection.accept().await;
    };
    for (method, expected, connections) in [("GET", Cause::None, 2), ("POST", Cause::Reset, 1)] {
        let server = server_after(1, closing).await;
        let asker = trusting_asker();
        assert_eq!(cause(&asker.get(server.url("/")).await), Cause::None);
        let second = asker.ask(&request(method, server.url("/"))).await;
        assert_eq!((cause(&second), server.connections()), (expected, connections), "{:?}", second.failure);
    }
}

#[tokio::test]
async fn fresh_connection_that_closes_is_not_repeated_on() {
    let server = server_after(9, |mut connection| async move { drop(connection.accept().await) }).await;
    let capture = trusting_asker().get(server.url("/")).await;
    assert_eq!((cause(&capture), server.connections()), (Cause::Reset, 1), "{:?}", capture.failure);
    assert_eq!(detail(&capture), "The connection broke within the head of the answer: it was closed without TLS's farewell.");
}

#[tokio::test]
async fn resets_are_named_and_cost_others_nothing() {
    let server = Http2Server::answering(|(asked, mut respond): Asked| async move {
        match asked.uri().path() {
            "/calm" => respond.send_reset(Reason::ENHANCE_YOUR_CALM),
            "/body" => {
                let mut stream = respond.send_response(head(200, &[]), false).unwrap();
                stream.send_data(Bytes::from_static(b"half"), false).unwrap();
                // The data goes out before the reset where the connection had its turn.
                tokio::task::yield_now().await;
                stream.send_reset(Reason::INTERNAL_ERROR);
            }
            _ => hello((asked, respond)).await,
        }
    })
    .await;
    let asker = trusting_asker();
    let calm = asker.get(server.url("/calm")).await;
    assert_eq!(cause(&calm), Cause::Reset);
    assert!(detail(&calm).ends_with("because it is asked too much (ENHANCE_YOUR_CALM)."), "{}", detail(&calm));
    let body = asker.get(server.url("/body")).await;
    assert_eq!(cause(&body), Cause::Reset);
    assert!(detail(&body).contains("INTERNAL_ERROR"), "{}", detail(&body));
    assert_eq!(cause(&asker.get(server.url("/")).await), Cause::None);
    assert_eq!(server.connections(), 1);
}

#[tokio::test]
async fn reset_within_a_body_keeps_what_came() {
    let frames = [
        frame(HEADERS, END_HEADERS, 1, &[STATUS_200]),
        frame(DATA, 0, 1, b"half"),
        frame(RST_STREAM, 0, 1, &2_u32.to_be_bytes()),
    ]
    .concat();
    let server = raw_server(frames).await;
    let capture = trusting_asker().get(server.url("/")).await;
    assert_eq!((cause(&capture), wire(&capture).as_slice()), (Cause::Reset, &b"HTTP/1.1 200 \r\n\r\nhalf"[..]));
    assert_eq!(detail(&capture), "The server reset the stream within the body (INTERNAL_ERROR).");
    assert!(!response(&capture).complete);
}

#[tokio::test]
async fn host_that_requires_http1_is_asked_in_it() {
    let server = Http2Server::start(&["h2", "http/1.1"], |_, mut stream| async move {
        if stream.get_ref().1.alpn_protocol() == Some(b"h2") {
            let mut connection = h2::server::handshake(stream).await.unwrap();
            while let Some(Ok((_, mut respond))) = connection.accept().await {
                respond.send_reset(Reason::HTTP_1_1_REQUIRED);
            }
            return;
        }
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
    assert_eq!(server.connections(), 2);
}

#[tokio::test]
async fn long_head_is_too_large_by_bytes_or_by_count() {
    let server = Http2Server::answering(|(asked, mut respond): Asked| async move {
        let mut long = head(200, &[("x-long", &"x".repeat(3_000))]);
        if asked.uri().path() == "/count" {
            for number in 0..30 {
                long.headers_mut().append("x-many", number.into());
            }
        }
        give(&mut respond, long, "");
    })
    .await;
    let bytes = trusting_asker_limited(Limits { head_bytes_max: 2_000, ..Limits::default() });
    assert_eq!(cause(&bytes.get(server.url("/")).await), Cause::TooLarge);
    let count = trusting_asker_limited(Limits { header_count_max: 30, ..Limits::default() });
    assert_eq!(cause(&count.get(server.url("/count")).await), Cause::TooLarge);
    assert_eq!(cause(&count.get(server.url("/")).await), Cause::None);
}

#[tokio::test]
async fn silent_connection_is_a_read_timeout_and_nobody_else_waits_on_it() {
    let server = Http2Server::start(&["h2"], |number, stream| async move {
        if number > 0 {
            serve_all(h2::server::handshake(stream).await.unwrap(), hello).await;
        } else {
            let _held = stream;
            std::future::pending::<()>().await;
        }
    })
    .await;
    let asker = trusting_asker_limited(Limits { first_byte_ms: 50, ..Limits::default() });
    let mute = asker.get(server.url("/")).await;
    assert_eq!((cause(&mute), detail(&mute)), (Cause::ReadTimeout, "No answer came within 50 ms."));
    // Whatever comes of the next one in so short a time, it has a connection of its own.
    asker.get(server.url("/")).await;
    assert_eq!(server.connections(), 2);
}

#[tokio::test]
async fn stalled_body_and_long_exchange_are_cut() {
    let server = Http2Server::answering(|(_, mut respond): Asked| async move {
        let mut stream = respond.send_response(head(200, &[]), false).unwrap();
        stream.send_data(Bytes::from_static(b"begun"), false).unwrap();
        std::future::pending::<()>().await;
    })
    .await;
    let asker = trusting_asker_limited(Limits { idle_ms: 50, ..Limits::default() });
    let stalled = asker.get(server.url("/")).await;
    assert_eq!((cause(&stalled), detail(&stalled)), (Cause::ReadTimeout, "The answer stopped coming for 50 ms."));
    assert_eq!(response(&stalled).body_seen, b"begun");
    let asker = trusting_asker_limited(Limits { exchange_ms: 300, ..Limits::default() });
    assert_eq!(detail(&asker.get(server.url("/")).await), "The exchange did not end within 300 ms.");
}

#[tokio::test]
async fn dropped_attempt_gives_up_its_stream_only() {
    let (given_up, was_given_up) = tokio::sync::oneshot::channel();
    let given_up = Arc::new(std::sync::Mutex::new(Some(given_up)));
    let server = Http2Server::answering(move |(asked, mut respond): Asked| {
        let given_up = Arc::clone(&given_up);
        async move {
            if asked.uri().path() == "/held" {
                let reason = std::future::poll_fn(|context| respond.poll_reset(context)).await.unwrap();
                given_up.lock().unwrap().take().unwrap().send(reason).unwrap();
            } else {
                hello((asked, respond)).await;
            }
        }
    })
    .await;
    let asker = trusting_asker();
    assert_eq!(cause(&asker.get(server.url("/")).await), Cause::None);
    let (held, permission) = (get(server.url("/held")), Granted::default());
    tokio::select! {
        ended = asker.route.attempt(&held, &permission) => unreachable!("it is never answered: {ended:?}"),
        () = async { while permission.sent.load(Ordering::SeqCst) == 0 { tokio::task::yield_now().await } } => {}
    }
    assert_eq!(was_given_up.await.unwrap(), Reason::CANCEL);
    assert_eq!(cause(&asker.get(server.url("/")).await), Cause::None);
    assert_eq!(server.connections(), 1);
}

#[tokio::test]
async fn failed_handshake_fails_all_who_wait_for_it_and_costs_one_connection() {
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    let connections = Arc::new(AtomicUsize::new(0));
    let count = Arc::clone(&connections);
    tokio::spawn(async move {
        loop {
            let (stream, _) = listener.accept().await.unwrap();
            count.fetch_add(1, Ordering::SeqCst);
            drop(stream);
        }
    });
    let asker = trusting_asker();
    let asked = get(format!("https://{address}/"));
    let (one, two, three) = tokio::join!(asker.ask(&asked), asker.ask(&asked), asker.ask(&asked));
    assert_eq!([cause(&one), cause(&two), cause(&three)], [Cause::Tls; 3]);
    assert_eq!(connections.load(Ordering::SeqCst), 1);
    assert!(matches!(asker.route.attempt(&asked, &Granted::default()).await, Attempt::Ended(_)));
    assert_eq!(connections.load(Ordering::SeqCst), 2);
}
