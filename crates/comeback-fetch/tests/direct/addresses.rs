//! The address policy where it counts: at the connection.

use comeback_diagnosis::cause::Cause;
use comeback_fetch::{AddressPolicy, AttemptRequest, Limits, is_public};

use crate::raw_server::{Asker, RawServer, Step, cause, detail, get};

fn redirected(url: &str) -> AttemptRequest {
    AttemptRequest { from_public_redirect: true, ..get(url) }
}

fn keeping() -> Vec<Step> {
    let answer = b"HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n".to_vec();
    vec![Step::ReadHead, Step::Write(answer.clone()), Step::ReadHead, Step::Write(answer), Step::Stall]
}

#[tokio::test]
async fn public_redirect_to_a_private_address_is_refused_before_connecting() {
    let server = RawServer::start(vec![keeping()]).await;
    let port = server.address.port();
    let asker = Asker::new();
    for host in [
        "127.0.0.1",
        "localhost",
        "a.localhost",
        "[::ffff:127.0.0.1]",
        "[::1]",
        "0.0.0.0",
        "169.254.169.254",
        "10.0.0.1",
        "2130706433",
    ] {
        let capture = asker.ask(&redirected(&format!("http://{host}:{port}/"))).await;
        assert_eq!((cause(&capture), capture.sent_at), (Cause::AddressRefused, None), "{host}");
    }
    assert_eq!(server.connections(), 0);
}

#[tokio::test]
async fn kept_connection_is_no_way_round_the_policy() {
    let server = RawServer::start(vec![keeping()]).await;
    let asker = Asker::new();
    let first = asker.get(server.url()).await;
    assert_eq!(cause(&first), Cause::None);
    assert!(!is_public(first.remote.unwrap().ip()));
    assert_eq!(cause(&asker.ask(&redirected(&server.url())).await), Cause::AddressRefused);
    assert_eq!(cause(&asker.get(server.url()).await), Cause::None);
    assert_eq!((server.connections(), server.requests().len()), (1, 2));
}

#[tokio::test]
async fn strict_policy_refuses_the_first_hop_too_unless_opened() {
    let server = RawServer::start(vec![keeping()]).await;
    let strict = Asker::with(Limits::default(), AddressPolicy::strict());
    let capture = strict.get(server.url()).await;
    assert_eq!(cause(&capture), Cause::AddressRefused);
    assert!(detail(&capture).contains("a loopback address"), "{}", detail(&capture));
    let opened = Asker::with(Limits::default(), AddressPolicy::strict().allowing(["127.0.0.0/8".parse().unwrap()]));
    assert_eq!(cause(&opened.ask(&redirected(&server.url())).await), Cause::None);
}

#[tokio::test]
async fn localhost_falls_back_from_one_family_to_the_other() {
    let server = RawServer::start(vec![keeping()]).await;
    let capture = Asker::new().get(format!("http://localhost:{}/", server.address.port())).await;
    assert_eq!((cause(&capture), capture.remote), (Cause::None, Some(server.address)));
    assert!(
        server.requests()[0].starts_with(format!("GET / HTTP/1.1\r\nHost: localhost:{}\r\n", server.address.port()).as_bytes())
    );
}

#[tokio::test]
async fn names_that_cannot_exist_are_dns_failures() {
    let capture = Asker::new().get("http://nobody.invalid/").await;
    assert_eq!((cause(&capture), capture.remote, capture.sent_at), (Cause::Dns, None, None));
    assert!(detail(&capture).contains("nobody.invalid"), "{}", detail(&capture));
}
