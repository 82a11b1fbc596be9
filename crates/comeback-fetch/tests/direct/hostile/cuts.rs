//! Answers that are cut at each of their bytes: none of them may pass for a whole one.

use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use comeback_diagnosis::cause::Cause;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _, copy};
use tokio::net::{TcpListener, TcpStream};

use super::{Ends, asker, end_of};
use crate::certificates::{SERVER, acceptor};
use crate::http2_server::{Http2Server, give, head};
use crate::raw_server::{RawServer, Step, follow, response, wire};

/// Answers whose end shows: by a length, by a last chunk, by having no body.
const ANSWERS: [&[u8]; 6] = [
    b"HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\n0123456789",
    b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5;a=b\r\nhello\r\n00a\r\n0123456789\r\n0\r\nX-Sum: 1\r\n\r\n",
    b"HTTP/1.1 103 Early\r\nLink: </a>\r\n\r\nHTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nhi",
    b"HTTP/1.1 503 No\r\nRetry-After: 5\r\nContent-Length: 5\r\n\r\nsorry",
    b"HTTP/1.1 200 OK\r\nContent-Encoding: gzip\r\nContent-Length: 28\r\n\r\n\x1f\x8b\x08\0\0\0\0\0\x02\x03\xcb\x48\xcd\xc9\xc9\x57\xc8\x40\x90\0\x80\x88\xf9\xe5\x11\0\0\0",
    b"HTTP/1.1 304 Same\r\nETag: \"a\"\r\n\r\n",
];

#[tokio::test]
async fn an_answer_in_clear_is_whole_or_a_reset() {
    let asker = asker(Ends::Failed(Cause::Reset));
    for whole in ANSWERS {
        let final_at = whole.windows(9).rposition(|window| window == b"HTTP/1.1 ").unwrap();
        let head_end = final_at + whole[final_at..].windows(4).position(|window| window == b"\r\n\r\n").unwrap() + 4;
        for cut in 0..whole.len() {
            // Closed in order, and with a part of the request unread, which resets the connection.
            for reading in [Step::ReadHead, Step::ReadBytes(1)] {
                let is_orderly = matches!(reading, Step::ReadHead);
                let server = RawServer::start(vec![vec![reading, Step::Write(whole[..cut].to_vec())]]).await;
                let capture = asker.get(server.url()).await;
                let ended = end_of(&capture);
                match ended {
                    Ends::Failed(Cause::Reset) => assert!(!is_orderly || cut < head_end, "cut at {cut}"),
                    Ends::Broken(_, Cause::Reset) => {
                        assert!(cut >= head_end && !response(&capture).complete, "cut at {cut}");
                        assert!(whole[final_at..cut].starts_with(&wire(&capture)), "cut at {cut}");
                    }
                    Ends::Answered(_) | Ends::Broken(..) | Ends::Failed(_) => unreachable!("cut at {cut}: {ended:?}"),
                }
            }
        }
    }
}

/// Passes connections on to a server, and closes each when so many bytes of the server have passed.
async fn cutting_relay(server: SocketAddr) -> (SocketAddr, Arc<AtomicUsize>) {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    let bytes_max = Arc::new(AtomicUsize::new(0));
    let cut = Arc::clone(&bytes_max);
    tokio::spawn(async move {
        loop {
            let (mut client, _) = listener.accept().await.unwrap();
            let bytes_max = cut.load(Ordering::SeqCst) as u64;
            tokio::spawn(async move {
                let mut upstream = TcpStream::connect(server).await.unwrap();
                let (mut from_client, mut to_client) = client.split();
                let (from_server, mut to_server) = upstream.split();
                let mut cut = from_server.take(bytes_max);
                tokio::select! {
                    // The client's end is passed on, and the server's is waited for.
                    _ = async { drop(copy(&mut from_client, &mut to_server).await); std::future::pending::<()>().await } => {}
                    _ = copy(&mut cut, &mut to_client) => {}
                }
                to_client.shutdown().await.ok();
            });
        }
    });
    (address, bytes_max)
}

/// The most bytes that the servers here need for a handshake and an answer.
const EXCHANGE_BYTES_MAX: usize = 10_000;

/// Cuts an encrypted exchange at each byte, until one is whole.
async fn cut_everywhere(server: SocketAddr) {
    let (relay, bytes_max) = cutting_relay(server).await;
    let asker = asker(Ends::Failed(Cause::Tls));
    for cut in 0..EXCHANGE_BYTES_MAX {
        bytes_max.store(cut, Ordering::SeqCst);
        let capture = asker.get(format!("https://localhost:{}/", relay.port())).await;
        match end_of(&capture) {
            Ends::Answered(200) => {
                assert_eq!(response(&capture).body_seen, b"hello", "cut at {cut}");
                assert!(cut > 500, "a handshake alone is longer than {cut}");
                return;
            }
            Ends::Failed(Cause::Tls | Cause::Reset) | Ends::Broken(200, Cause::Tls | Cause::Reset) => {}
            ended @ (Ends::Answered(_) | Ends::Failed(_) | Ends::Broken(..)) => {
                unreachable!("cut at {cut}: {ended:?}: {:?}", capture.failure)
            }
        }
    }
    unreachable!("no answer within {EXCHANGE_BYTES_MAX} bytes");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_encrypted_answer_is_whole_or_a_failure() {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    // Without a length: only the farewell of TLS tells the end from a cut.
    let script = vec![Step::ReadHead, Step::Write(b"HTTP/1.1 200 OK\r\n\r\nhello".to_vec())];
    tokio::spawn(async move {
        let acceptor = acceptor(SERVER, &["http/1.1"]);
        loop {
            let (stream, _) = listener.accept().await.unwrap();
            if let Ok(stream) = acceptor.accept(stream).await {
                tokio::spawn(follow(stream, script.clone(), Arc::default()));
            }
        }
    });
    cut_everywhere(address).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_answer_in_frames_is_whole_or_a_failure() {
    let server = Http2Server::answering(|(_, mut respond)| async move { give(&mut respond, head(200, &[]), "hello") }).await;
    cut_everywhere(server.address).await;
}
