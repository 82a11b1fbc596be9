//! Servers that fail at TLS, or misuse it.

use comeback_diagnosis::cause::Cause;

use super::Ends::{self, Broken, Failed};
use super::{Behaviour, Server, hold_to, says};
use crate::certificates::{EXPIRED, SERVER};
use crate::raw_server::Step;

/// The head of a TLS record (RFC 8446, section 5.1): handshake, of so many bytes.
const fn record(bytes: u16) -> [u8; 5] {
    let [high, low] = bytes.to_be_bytes();
    [22, 3, 3, high, low]
}

/// Handshakes that come to nothing.
pub(crate) fn unfinished() -> Vec<Behaviour> {
    let tls = Failed(Cause::Tls);
    // Once the client has spoken: its first record's head is read.
    let answers = |bytes: Vec<u8>, then: Option<Step>| -> Vec<Step> {
        [vec![Step::ReadBytes(5), Step::Write(bytes)], then.into_iter().collect()].concat()
    };
    // A handshake message that claims nearly 16 MiB (RFC 8446, section 4).
    let claim = [&record(4)[..], &[2, 0xff, 0xff, 0xff]].concat();
    let part = [&record(1024)[..], &[0; 1024]].concat();
    let noise: Vec<u8> = (0..1024_u32).flat_map(|number| number.wrapping_mul(2_654_435_761).to_be_bytes()).collect();
    let http = b"HTTP/1.1 400 Bad Request\r\nContent-Length: 0\r\n\r\n".to_vec();
    let rows: Vec<(&'static str, Vec<Step>, Ends)> = vec![
        ("answers in clear where TLS is asked for", answers(http, Some(Step::Stall)), tls),
        ("answers a handshake with noise", answers(noise, Some(Step::Stall)), tls),
        ("answers a handshake with zero bytes without end", answers(vec![], Some(Step::WriteForEver(vec![0; 4096]))), tls),
        ("refuses the handshake", answers(vec![21, 3, 3, 0, 2, 2, 40], Some(Step::Stall)), tls),
        ("sends an empty handshake record", answers(record(0).to_vec(), Some(Step::Stall)), tls),
        ("sends a record longer than permitted", answers(record(0xffff).to_vec(), Some(Step::WriteForEver(vec![0; 4096]))), tls),
        ("sends a handshake message without end", answers(claim, Some(Step::WriteForEver(part))), tls),
        ("closes when TLS begins", answers(vec![], None), tls),
        ("closes within its hello", answers(record(512).to_vec(), None), tls),
        ("says nothing when TLS begins", vec![Step::Stall], Failed(Cause::ConnectTimeout)),
        ("falls silent within its hello", answers(record(512).to_vec(), Some(Step::Stall)), Failed(Cause::ConnectTimeout)),
        (
            "sends its hello one byte at a time, without end",
            answers(record(0x4000).to_vec(), Some(Step::Drip(vec![2]))),
            Failed(Cause::ConnectTimeout),
        ),
    ];
    rows.into_iter().map(|(does, script, ends)| Behaviour { does, server: Server::Unencrypted(script), ends }).collect()
}

/// Certificates that are not to be trusted, and farewells that are missing.
pub(crate) fn finished() -> Vec<Behaviour> {
    let tls = Failed(Cause::Tls);
    let page = || says("HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nhi");
    let rows: Vec<(&'static str, Server, Ends)> = vec![
        ("shows a certificate that has expired", Server::Certified(EXPIRED, "localhost", page()), tls),
        ("shows a certificate for another name", Server::Certified(SERVER, "other.localhost", page()), tls),
        (
            "is no HTTP under its TLS",
            Server::Certified(SERVER, "localhost", says("220 smtp.example.org ESMTP\r\n")),
            Failed(Cause::Protocol),
        ),
        (
            "closes under TLS within the body",
            Server::Certified(SERVER, "localhost", says("HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\nhi")),
            Broken(200, Cause::Reset),
        ),
    ];
    rows.into_iter().map(|(does, server, ends)| Behaviour { does, server, ends }).collect()
}

#[tokio::test]
async fn handshakes_that_come_to_nothing_are_named() {
    hold_to(unfinished()).await;
}

#[tokio::test]
async fn untrustworthy_servers_are_named() {
    hold_to(finished()).await;
}
