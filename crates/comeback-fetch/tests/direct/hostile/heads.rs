//! Answers whose head is none, has no end, or is read leniently.

use comeback_diagnosis::cause::Cause;

use super::Ends::{Answered, Broken, Failed};
use super::{Behaviour, floods, hold_to, plain, says, stays};
use crate::raw_server::Step;

/// No HTTP at all, or none that has a status.
pub(crate) fn no_http() -> Vec<Behaviour> {
    let noise: Vec<u8> = (0..4096_u32).flat_map(|number| number.wrapping_mul(2_654_435_761).to_be_bytes()).collect();
    let answer = |field: &str| says(format!("HTTP/1.1 200 OK\r\n{field}\r\nContent-Length: 2\r\n\r\nhi"));
    plain([
        ("answers as an SSH server", says("SSH-2.0-OpenSSH_9.9\r\n"), Failed(Cause::Protocol)),
        ("answers with binary noise", says(noise), Failed(Cause::Protocol)),
        ("sends zero bytes without end", floods("", [0; 64]), Failed(Cause::Protocol)),
        ("sends empty lines without end", floods("", "\r\n"), Failed(Cause::Protocol)),
        ("answers in HTTP/0.9: a page without a head", says("<html>hello</html>\r\n"), Failed(Cause::Protocol)),
        ("leaves out the version", says("200 OK\r\n\r\n"), Failed(Cause::Protocol)),
        ("claims HTTP/2 in text", says("HTTP/2 200 OK\r\nContent-Length: 2\r\n\r\nhi"), Failed(Cause::Protocol)),
        ("claims HTTP/9.9", says("HTTP/9.9 200 OK\r\nContent-Length: 2\r\n\r\nhi"), Failed(Cause::Protocol)),
        ("leaves out the status", says("HTTP/1.1 OK\r\n\r\n"), Failed(Cause::Protocol)),
        ("sends the status 99", says("HTTP/1.1 99 Low\r\n\r\n"), Failed(Cause::Protocol)),
        ("sends the status 000", says("HTTP/1.1 000 None\r\n\r\n"), Failed(Cause::Protocol)),
        ("sends the status 1000", says("HTTP/1.1 1000 High\r\n\r\n"), Failed(Cause::Protocol)),
        ("sends the status -200", says("HTTP/1.1 -200 OK\r\n\r\n"), Failed(Cause::Protocol)),
        ("puts a NUL into a field's name", answer("X-\0: a"), Failed(Cause::Protocol)),
        ("puts a NUL into a field's value", answer("X-Null: a\0b"), Failed(Cause::Protocol)),
        ("puts a bare carriage return into a field", answer("X-Return: a\rb"), Failed(Cause::Protocol)),
        ("puts a NUL into the status line", says("HTTP/1.1 200 O\0K\r\n\r\n"), Failed(Cause::Protocol)),
        (
            "changes to another protocol, unasked",
            stays("HTTP/1.1 101 Switching\r\nUpgrade: x\r\n\r\n"),
            Broken(101, Cause::Protocol),
        ),
    ])
}

/// Heads without end.
pub(crate) fn endless() -> Vec<Behaviour> {
    let many = format!("HTTP/1.1 200 OK\r\n{}\r\n", "X: y\r\n".repeat(101));
    plain([
        ("sends a status line without end", floods("HTTP/1.1 200 ", "more "), Failed(Cause::TooLarge)),
        ("sends fields without end", floods("HTTP/1.1 200 OK\r\n", "X-Field: value\r\n"), Failed(Cause::TooLarge)),
        ("sends one field without end", floods("HTTP/1.1 200 OK\r\nX: ", "more "), Failed(Cause::TooLarge)),
        ("sends a field's name without end", floods("HTTP/1.1 200 OK\r\n", "X-More-"), Failed(Cause::TooLarge)),
        ("folds a field over lines without end", floods("HTTP/1.1 200 OK\r\nX: a\r\n", " more\r\n"), Failed(Cause::TooLarge)),
        ("sends cookies without end", floods("HTTP/1.1 200 OK\r\n", "Set-Cookie: a=b; Path=/\r\n"), Failed(Cause::TooLarge)),
        ("sends one field more than permitted", says(many), Failed(Cause::TooLarge)),
        ("sends 100 Continue without end", floods("", "HTTP/1.1 100 Continue\r\n\r\n"), Failed(Cause::TooLarge)),
        ("sends 103 Early Hints without end", floods("", "HTTP/1.1 103 Early\r\nLink: </a>\r\n\r\n"), Failed(Cause::TooLarge)),
    ])
}

/// Heads that are against the standard and can be read nevertheless.
pub(crate) fn lenient() -> Vec<Behaviour> {
    let answer = |fields: &[u8]| says([b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n", fields, b"\r\nhi"].concat());
    let unasked = vec![Step::Write(b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nhi".to_vec()), Step::ReadHead];
    plain([
        ("answers before it was asked", unasked, Answered(200)),
        ("ends its lines with a bare line feed", says("HTTP/1.1 200 OK\nContent-Length: 2\n\nhi"), Answered(200)),
        ("begins with an empty line", says("\r\nHTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nhi"), Answered(200)),
        ("leaves out the reason", says("HTTP/1.1 503\r\nContent-Length: 2\r\n\r\nno"), Answered(503)),
        ("sends the status 999", says("HTTP/1.1 999 Denied\r\nContent-Length: 2\r\n\r\nno"), Answered(999)),
        ("folds a field", answer(b"X-Folded: a\r\n b\r\n\tc\r\n"), Answered(200)),
        ("puts a blank before the colon", answer(b"X-Spaced : a\r\n"), Answered(200)),
        ("sends a field without a colon", answer(b"no colon\r\n"), Answered(200)),
        ("sends a field without a name", answer(b": nameless\r\n"), Answered(200)),
        (
            "sends bytes that are no text in a field",
            answer(b"X-Bytes: \xff\xfe\x80\r\nSet-Cookie: a=\xc3\x28\r\n"),
            Answered(200),
        ),
        (
            "sends ten interim answers first",
            says(format!("{}HTTP/1.1 204 No\r\n\r\n", "HTTP/1.1 102 Wait\r\n\r\n".repeat(10))),
            Answered(204),
        ),
    ])
}

#[tokio::test]
async fn what_is_no_http_is_named() {
    hold_to(no_http()).await;
}

#[tokio::test]
async fn heads_without_end_are_cut() {
    hold_to(endless()).await;
}

#[tokio::test]
async fn heads_are_read_leniently() {
    hold_to(lenient()).await;
}
