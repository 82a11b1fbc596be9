//! Limits to the byte and in words, and what is kept of an answer that reaches one. What servers can do to reach them is in
//! [`hostile`](crate::hostile).

use comeback_diagnosis::cause::Cause;
use comeback_fetch::{Attempt, Direct, FetchError, Limits, Route};

use crate::raw_server::{Asker, Granted, RawServer, Step, cause, detail, get, response, settings, wire};

#[tokio::test]
async fn declared_length_that_is_too_long_is_a_reset_with_the_body_kept() {
    let server = RawServer::answering("HTTP/1.1 503 No\r\nRetry-After: 5\r\nContent-Length: 100\r\n\r\nsorry").await;
    let capture = Asker::new().get(server.url()).await;
    assert_eq!((cause(&capture), response(&capture).status), (Cause::Reset, 503));
    assert_eq!((response(&capture).body_seen.as_slice(), response(&capture).body_bytes), (&b"sorry"[..], 5));
}

#[tokio::test]
async fn silence_ends_by_the_limit_that_it_exceeds() {
    let first_byte = Limits { first_byte_ms: 50, ..Limits::default() };
    // Ten minutes for the rest: a limit that does not take effect by itself shows as a test that does not end.
    let idle = Limits { idle_ms: 50, first_byte_ms: 600_000, exchange_ms: 600_000, ..Limits::default() };
    let exchange = Limits { exchange_ms: 500, ..Limits::default() };
    for (bytes, limits, words) in [
        ("", first_byte, "No answer came within 50 ms."),
        ("HTTP/1.1 2", idle.clone(), "The answer stopped coming for 50 ms."),
        ("HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\nabc", idle, "The answer stopped coming for 50 ms."),
        ("", exchange, "The exchange did not end within 500 ms."),
    ] {
        let server = RawServer::answering_and_staying(bytes).await;
        let capture = Asker::limited(limits).get(server.url()).await;
        assert_eq!((cause(&capture), detail(&capture)), (Cause::ReadTimeout, words));
        assert_eq!(capture.response.is_some(), bytes.ends_with("abc"));
        if capture.response.is_some() {
            assert_eq!(wire(&capture), bytes.as_bytes());
        }
    }
}

#[tokio::test]
async fn trickle_ends_by_the_limit_of_the_exchange() {
    let script = vec![Step::ReadHead, Step::Write(b"HTTP/1.1 200 OK\r\n\r\n".to_vec()), Step::Trickle(b'x')];
    let server = RawServer::start(vec![script]).await;
    let limits = Limits { exchange_ms: 500, idle_ms: 60_000, body_bytes_max: u64::MAX, ..Limits::default() };
    let capture = Asker::limited(limits).get(server.url()).await;
    assert_eq!(detail(&capture), "The exchange did not end within 500 ms.");
}

#[tokio::test]
async fn what_is_no_http_is_quoted() {
    let server = RawServer::answering("SSH-2.0-OpenSSH_9.9\r\n").await;
    let capture = Asker::new().get(server.url()).await;
    assert!(detail(&capture).contains("it begins with \"SSH-2.0-OpenSSH_9.9"), "{}", detail(&capture));
}

#[tokio::test]
async fn broken_chunks_are_a_protocol_failure_with_the_response_kept() {
    let bytes = b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhello\r\nZZ\r\n";
    let server = RawServer::answering_and_staying(bytes).await;
    let capture = Asker::new().get(server.url()).await;
    assert_eq!((cause(&capture), response(&capture).complete), (Cause::Protocol, false));
    assert_eq!(response(&capture).body_seen, b"hello");
    assert_eq!(wire(&capture), bytes);
}

#[tokio::test]
async fn unasked_switch_of_protocols_is_a_protocol_failure() {
    let bytes = b"HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: upgrade\r\n\r\n";
    let server = RawServer::answering_and_staying(bytes).await;
    let capture = Asker::new().get(server.url()).await;
    assert_eq!((cause(&capture), response(&capture).status), (Cause::Protocol, 101));
    assert_eq!(wire(&capture), bytes);
}

#[tokio::test]
async fn heads_end_at_their_limits() {
    let many = |count: usize| format!("HTTP/1.1 200 OK\r\nContent-Length: 0\r\n{}\r\n", "X: y\r\n".repeat(count - 1));
    let long = |bytes: usize| format!("HTTP/1.1 200 OK\r\nContent-Length: 0\r\nX: {}\r\n\r\n", "x".repeat(bytes - 43));
    let limits = Limits { header_count_max: 20, head_bytes_max: 10_000, ..Limits::default() };
    for (bytes, expected) in [
        (many(20), Cause::None),
        (many(21), Cause::TooLarge),
        (long(10_000), Cause::None),
        (long(10_001), Cause::TooLarge),
        (long(100_000), Cause::TooLarge),
    ] {
        let server = RawServer::answering(&bytes).await;
        let capture = Asker::limited(limits.clone()).get(server.url()).await;
        assert_eq!(cause(&capture), expected, "{} bytes: {:?}", bytes.len(), capture.failure);
    }
}

#[tokio::test]
async fn long_bodies_end_at_their_limit_with_the_beginning_kept() {
    let limits = Limits { body_bytes_max: 100_000, ..Limits::default() };
    let chunk = [&b"400\r\n"[..], &[b'x'; 1024], b"\r\n"].concat();
    for (head, flood) in
        [("HTTP/1.1 200 OK\r\n\r\n", vec![b'x'; 1024]), ("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n", chunk)]
    {
        let script = vec![Step::ReadHead, Step::Write(head.into()), Step::WriteForEver(flood)];
        let server = RawServer::start(vec![script]).await;
        let capture = Asker::limited(limits.clone()).get(server.url()).await;
        assert_eq!((cause(&capture), response(&capture).complete), (Cause::TooLarge, false));
        assert!(response(&capture).body_bytes > 100_000);
        assert_eq!(response(&capture).body_seen, [b'x'; 64 * 1024]);
        assert!(wire(&capture).starts_with(head.as_bytes()));
    }
    for (length, expected) in [(100_000, Cause::None), (100_001, Cause::TooLarge)] {
        let server =
            RawServer::answering(format!("HTTP/1.1 200 OK\r\nContent-Length: {length}\r\n\r\n{}", "x".repeat(length))).await;
        assert_eq!(cause(&Asker::limited(limits.clone()).get(server.url()).await), expected);
    }
}

#[tokio::test]
async fn body_declared_too_long_is_not_read() {
    let server = RawServer::answering_and_staying("HTTP/1.1 200 OK\r\nContent-Length: 99999999999\r\n\r\nx").await;
    let capture = Asker::new().get(server.url()).await;
    assert_eq!((cause(&capture), response(&capture).complete), (Cause::TooLarge, false));
    assert_eq!((response(&capture).body_bytes, response(&capture).body_seen.as_slice()), (1, &b"x"[..]));
    assert_eq!(detail(&capture), "The body is declared to be 99999999999 bytes long; the limit is 67108864.");
}

#[tokio::test]
async fn closed_port_is_refused() {
    let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let address = listener.local_addr().unwrap();
    drop(listener);
    let capture = Asker::new().get(format!("http://{address}/")).await;
    assert_eq!((cause(&capture), capture.sent_at, capture.remote), (Cause::ConnectRefused, None, Some(address)));
    assert!(detail(&capture).contains("Connection refused"), "{}", detail(&capture));
}

#[tokio::test]
async fn full_spool_folder_stops_the_route_and_blames_nobody() {
    let server = RawServer::answering(format!("HTTP/1.1 200 OK\r\nContent-Length: 50000\r\n\r\n{}", "x".repeat(50_000))).await;
    let folder = tempfile::tempdir().unwrap();
    let limits = Limits { body_memory_bytes_max: 1_000, ..Limits::default() };
    let route = Direct::new(settings(limits, comeback_fetch::AddressPolicy::fetch(), &folder.path().join("absent"))).unwrap();
    let attempt = route.attempt(&get(server.url()), &Granted::default()).await;
    assert!(matches!(attempt, Attempt::Stopped(FetchError::Spool { .. })), "{attempt:?}");
}
