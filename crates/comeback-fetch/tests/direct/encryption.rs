//! TLS: refused without trust, recorded in clear with it.

use std::net::SocketAddr;
use std::sync::{Arc, Mutex};

use comeback_diagnosis::cause::Cause;
use comeback_fetch::Limits;
use tokio::net::TcpListener;

use crate::certificates::{EXPIRED, SERVER, acceptor, trusting_asker};
use crate::raw_server::{Asker, RawServer, Step, cause, detail, follow, response, wire};

const ANSWER: &[u8] = b"HTTP/1.1 200 OK\r\nX-Case: Kept\r\nContent-Length: 2\r\n\r\nhi";

/// A TLS server with a certificate; every connection follows the script.
async fn tls_server(certificate: &'static [u8], script: Vec<Step>) -> SocketAddr {
    let acceptor = acceptor(certificate, &["http/1.1"]);
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    tokio::spawn(async move {
        loop {
            let (stream, _) = listener.accept().await.unwrap();
            if let Ok(stream) = acceptor.accept(stream).await {
                tokio::spawn(follow(stream, script.clone(), Arc::new(Mutex::new(Vec::new()))));
            }
        }
    });
    address
}

fn answering() -> Vec<Step> {
    vec![Step::ReadHead, Step::Write(ANSWER.to_vec()), Step::ReadHead, Step::Write(ANSWER.to_vec()), Step::Stall]
}

#[tokio::test]
async fn certificate_of_an_unknown_authority_is_refused_in_words() {
    let address = tls_server(SERVER, answering()).await;
    let capture = Asker::new().get(format!("https://localhost:{}/", address.port())).await;
    assert_eq!((cause(&capture), capture.sent_at), (Cause::Tls, None));
    assert_eq!(
        detail(&capture),
        "No trustworthy connection to localhost: no authority that this machine trusts has signed the certificate."
    );
    assert!(capture.failure.is_some_and(|failure| failure.is_lasting), "the next handshake would end alike");
}

#[tokio::test]
async fn trusted_exchange_is_recorded_in_clear_and_its_connection_kept() {
    let address = tls_server(SERVER, answering()).await;
    let asker = trusting_asker();
    for host in ["localhost", "localhost", "127.0.0.1"] {
        let capture = asker.get(format!("https://{host}:{}/", address.port())).await;
        assert_eq!((cause(&capture), wire(&capture).as_slice()), (Cause::None, ANSWER), "{:?}", capture.failure);
        assert!(capture.request_wire.starts_with(b"GET / HTTP/1.1\r\nHost: "));
    }
}

#[tokio::test]
async fn expired_and_misnamed_certificates_are_refused_in_words() {
    let asker = trusting_asker();
    let expired = tls_server(EXPIRED, answering()).await;
    let capture = asker.get(format!("https://localhost:{}/", expired.port())).await;
    assert_eq!(
        (cause(&capture), detail(&capture)),
        (Cause::Tls, "No trustworthy connection to localhost: the certificate has expired.")
    );
    let misnamed = tls_server(SERVER, answering()).await;
    let capture = asker.get(format!("https://other.localhost:{}/", misnamed.port())).await;
    assert_eq!(
        (cause(&capture), detail(&capture)),
        (Cause::Tls, "No trustworthy connection to other.localhost: the certificate is for another name.")
    );
}

#[tokio::test]
async fn port_without_tls_is_a_tls_failure() {
    let server = RawServer::start(vec![vec![Step::Write(b"HTTP/1.1 400 Bad Request\r\n\r\n".to_vec()), Step::Stall]]).await;
    let capture = Asker::new().get(format!("https://{}/", server.address)).await;
    assert_eq!(cause(&capture), Cause::Tls);
    assert!(detail(&capture).contains("does not speak TLS"), "{}", detail(&capture));
    assert!(capture.failure.is_some_and(|failure| !failure.is_lasting), "it may be a server that is starting");
    let server = RawServer::start(vec![vec![]]).await;
    assert_eq!(cause(&Asker::new().get(format!("https://{}/", server.address)).await), Cause::Tls);
}

#[tokio::test]
async fn body_up_to_the_close_needs_a_proper_farewell() {
    // RFC 9112, section 9.8: with neither length nor chunks, only close_notify tells the end from a cut. The server's script ends
    // with it.
    let bytes = b"HTTP/1.1 200 OK\r\n\r\nto the end";
    let address = tls_server(SERVER, vec![Step::ReadHead, Step::Write(bytes.to_vec())]).await;
    let capture = trusting_asker().get(format!("https://localhost:{}/", address.port())).await;
    assert_eq!((cause(&capture), wire(&capture).as_slice()), (Cause::None, &bytes[..]));
    assert!(response(&capture).complete);
}

#[tokio::test]
async fn silent_handshake_is_a_connect_timeout() {
    let server = RawServer::start(vec![vec![Step::Stall]]).await;
    let asker = Asker::limited(Limits { connect_ms: 50, ..Limits::default() });
    let capture = asker.get(format!("https://{}/", server.address)).await;
    assert_eq!(cause(&capture), Cause::ConnectTimeout);
}
