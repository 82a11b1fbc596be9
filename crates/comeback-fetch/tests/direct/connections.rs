//! Kept connections: used again, never mixed up, repeated on when stale.

use std::sync::atomic::Ordering;

use comeback_diagnosis::cause::Cause;
use comeback_fetch::{AddressPolicy, Attempt, AttemptRequest, Direct, Limits, Permission, Route};

use crate::raw_server::{Asker, Granted, RawServer, Step, capture, cause, get, request, response, settings, wire};

fn answer(body: &str) -> Step {
    Step::Write(format!("HTTP/1.1 200 OK\r\nContent-Length: {}\r\n\r\n{body}", body.len()).into_bytes())
}

#[tokio::test]
async fn connection_serves_again_and_the_records_stay_apart() {
    let chunked = b"HTTP/1.1 404 No\r\nTransfer-Encoding: chunked\r\n\r\n3\r\ntwo\r\n0\r\n\r\n";
    let server = RawServer::start(vec![vec![
        Step::ReadHead,
        answer("one"),
        Step::ReadHead,
        Step::Write(chunked.to_vec()),
        Step::ReadHead,
        answer("three"),
        Step::Stall,
    ]])
    .await;
    let asker = Asker::new();
    let one = asker.get(server.url()).await;
    let two = asker.get(format!("http://{}/other", server.address)).await;
    let three = asker.get(server.url()).await;
    assert_eq!(response(&one).body_seen, b"one");
    assert_eq!(wire(&two), chunked);
    assert!(two.request_wire.starts_with(b"GET /other HTTP/1.1\r\n"));
    assert_eq!(response(&three).body_seen, b"three");
    assert_eq!(server.connections(), 1);
    assert_eq!(server.requests(), [one.request_wire, two.request_wire, three.request_wire]);
}

#[tokio::test]
async fn closing_servers_get_a_fresh_connection_each_time() {
    let close = b"HTTP/1.1 200 OK\r\nConnection: close\r\nContent-Length: 2\r\n\r\nhi".to_vec();
    let script = || vec![Step::ReadHead, Step::Write(close.clone()), Step::Stall];
    let server = RawServer::start(vec![script(), script()]).await;
    let asker = Asker::new();
    for _ in 0..2 {
        assert_eq!(cause(&asker.get(server.url()).await), Cause::None);
    }
    assert_eq!(server.connections(), 2);
}

#[tokio::test]
async fn stale_connection_is_repeated_once_and_said_to_be_sent_twice() {
    let server =
        RawServer::start(vec![vec![Step::ReadHead, answer("one"), Step::ReadHead], vec![Step::ReadHead, answer("two")]]).await;
    let asker = Asker::new();
    assert_eq!(response(&asker.get(server.url()).await).body_seen, b"one");
    let permission = Granted::default();
    let second = capture(asker.route.attempt(&get(server.url()), &permission).await);
    assert_eq!((cause(&second), response(&second).body_seen.as_slice()), (Cause::None, &b"two"[..]));
    assert_eq!(server.connections(), 2);
    assert_eq!(permission.sent.load(Ordering::SeqCst), 2);
}

#[tokio::test]
async fn stale_connection_is_not_repeated_on_for_a_post() {
    let server =
        RawServer::start(vec![vec![Step::ReadHead, answer("one"), Step::ReadHead], vec![Step::ReadHead, answer("two")]]).await;
    let asker = Asker::new();
    assert_eq!(cause(&asker.get(server.url()).await), Cause::None);
    let second = asker.ask(&request("POST", server.url())).await;
    assert_eq!(cause(&second), Cause::Reset);
    assert_eq!(server.connections(), 1);
}

#[tokio::test]
async fn fresh_connection_that_closes_is_not_repeated_on() {
    let server = RawServer::start(vec![vec![Step::ReadHead], vec![Step::ReadHead, answer("two")]]).await;
    let capture = Asker::new().get(server.url()).await;
    assert_eq!((cause(&capture), server.connections()), (Cause::Reset, 1));
    assert!(capture.response.is_none() && capture.sent_at.is_some());
}

/// Granted when first asked, and never again.
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
    let server =
        RawServer::start(vec![vec![Step::ReadHead, answer("one"), Step::ReadHead], vec![Step::ReadHead, answer("two")]]).await;
    let asker = Asker::new();
    assert_eq!(cause(&asker.get(server.url()).await), Cause::None);
    let permission = GrantedOnce(Granted::default());
    let second = capture(asker.route.attempt(&get(server.url()), &permission).await);
    assert_eq!((cause(&second), permission.0.sent.load(Ordering::SeqCst)), (Cause::Reset, 1));
    assert_eq!(server.requests().len(), 2);
}

#[tokio::test]
async fn recalled_attempt_sends_nothing_and_keeps_the_connection() {
    let server = RawServer::start(vec![vec![Step::ReadHead, answer("one"), Step::Stall]]).await;
    let asker = Asker::new();
    let permission = Granted::default();
    permission.is_recalled.store(true, Ordering::SeqCst);
    assert!(matches!(asker.route.attempt(&get(server.url()), &permission).await, Attempt::Recalled));
    assert_eq!((permission.sent.load(Ordering::SeqCst), server.requests().len()), (0, 0));
    assert_eq!(cause(&asker.get(server.url()).await), Cause::None);
    assert_eq!(server.connections(), 1);
}

#[tokio::test]
async fn no_more_connections_are_kept_than_permitted() {
    let script = || vec![Step::ReadHead, answer("x"), Step::ReadHead, answer("y"), Step::Stall];
    let server = RawServer::start(vec![script(), script(), script()]).await;
    let asker = Asker::limited(Limits { idle_connections_per_host_max: 1, ..Limits::default() });
    let asked = get(server.url());
    let (one, two) = tokio::join!(asker.ask(&asked), asker.ask(&asked));
    assert_eq!((cause(&one), cause(&two), server.connections()), (Cause::None, Cause::None, 2));
    let (one, two) = tokio::join!(asker.ask(&asked), asker.ask(&asked));
    assert_eq!((cause(&one), cause(&two), server.connections()), (Cause::None, Cause::None, 3));
}

#[tokio::test]
async fn connection_that_was_kept_longest_makes_room_for_another_host() {
    let script = || vec![vec![Step::ReadHead, answer("x"), Step::ReadHead, answer("y"), Step::Stall]];
    let (one, two) = (RawServer::start(script()).await, RawServer::start(script()).await);
    let asker = Asker::limited(Limits { idle_connections_max: 1, ..Limits::default() });
    assert_eq!(cause(&asker.get(one.url()).await), Cause::None);
    assert_eq!(cause(&asker.get(two.url()).await), Cause::None);
    one.connections_ended(1).await;
    assert_eq!(response(&asker.get(two.url()).await).body_seen, b"y");
    assert_eq!(two.connections(), 1);
}

#[tokio::test]
async fn kept_connection_is_closed_when_its_time_is_over() {
    let server = RawServer::start(vec![vec![Step::ReadHead, answer("x"), Step::Stall], vec![Step::ReadHead, answer("y")]]).await;
    let asker = Asker::limited(Limits { idle_connection_ms: 1, ..Limits::default() });
    assert_eq!(cause(&asker.get(server.url()).await), Cause::None);
    server.connections_ended(1).await;
    assert_eq!(response(&asker.get(server.url()).await).body_seen, b"y");
}

#[tokio::test]
async fn kept_connections_go_with_the_route() {
    let server = RawServer::start(vec![vec![Step::ReadHead, answer("x"), Step::Stall]]).await;
    let asker = Asker::new();
    assert_eq!(cause(&asker.get(server.url()).await), Cause::None);
    drop(asker);
    server.connections_ended(1).await;
}

#[tokio::test]
async fn early_answer_to_a_long_upload_is_recorded() {
    let refusal = b"HTTP/1.1 413 Too Large\r\nContent-Length: 2\r\n\r\nno".to_vec();
    let server = RawServer::start(vec![vec![Step::ReadHead, Step::Write(refusal.clone()), Step::Stall]]).await;
    let asked = AttemptRequest { body: Some(vec![b'x'; 8_000_000].into()), ..request("POST", server.url()) };
    let capture = Asker::new().ask(&asked).await;
    assert_eq!((cause(&capture), wire(&capture)), (Cause::None, refusal));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn many_attempts_at_once_do_not_mix_up_their_bytes() {
    const ATTEMPTS: usize = 200;
    let script = |_| (0..ATTEMPTS).flat_map(|_| [Step::ReadHead, Step::Echo]).collect();
    let server = RawServer::start((0..ATTEMPTS).map(script).collect()).await;
    let asker = std::sync::Arc::new(Asker::new());
    let asks = (0..ATTEMPTS).map(|number| {
        let (asker, url) = (std::sync::Arc::clone(&asker), format!("http://{}/{number}", server.address));
        tokio::spawn(async move { (number, asker.get(url).await) })
    });
    for ask in asks.collect::<Vec<_>>() {
        let (number, capture) = ask.await.unwrap();
        assert_eq!(cause(&capture), Cause::None, "{:?}", capture.failure);
        assert_eq!(response(&capture).body_seen, capture.request_wire);
        assert!(capture.request_wire.starts_with(format!("GET /{number} HTTP/1.1\r\n").as_bytes()));
    }
    assert_eq!(server.requests().len(), ATTEMPTS);
}

#[test]
fn route_can_be_made_outside_a_runtime() {
    let spool = tempfile::tempdir().unwrap();
    Direct::new(settings(Limits::default(), AddressPolicy::fetch(), spool.path())).unwrap();
}

#[tokio::test]
async fn dropped_attempt_closes_its_connection() {
    let (gone, was_gone) = tokio::sync::oneshot::channel();
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    let (begun, has_begun) = tokio::sync::oneshot::channel();
    tokio::spawn(async move {
        use tokio::io::{AsyncReadExt, AsyncWriteExt};
        let (mut stream, _) = listener.accept().await.unwrap();
        stream.write_all(b"HTTP/1.1 200 OK\r\nContent-Length: 900000\r\n\r\n").await.unwrap();
        stream.write_all(&vec![b'x'; 50_000]).await.unwrap();
        begun.send(()).unwrap();
        let mut read = Vec::new();
        stream.read_to_end(&mut read).await.ok();
        gone.send(()).unwrap();
    });
    let asker = Asker::limited(Limits { body_memory_bytes_max: 10, ..Limits::default() });
    let asked = get(format!("http://{address}/"));
    tokio::select! {
        _ = asker.ask(&asked) => unreachable!("the body is never finished"),
        _ = async {
            has_begun.await.unwrap();
            while crate::raw_server::files_in(asker.spool.path()) == 0 {
                tokio::task::yield_now().await;
            }
        } => {}
    }
    was_gone.await.unwrap();
    assert_eq!(crate::raw_server::files_in(asker.spool.path()), 0);
}
