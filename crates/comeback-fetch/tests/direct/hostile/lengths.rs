//! Bodies whose length is a lie, a riddle, or without end.

use comeback_diagnosis::cause::Cause;

use super::Ends::{self, Answered, Broken, Failed};
use super::{Behaviour, floods, hold_to, plain, says, stays};
use crate::raw_server::Step;

/// Lengths in Content-Length.
pub(crate) fn stated() -> Vec<Behaviour> {
    let lengths = |lines: &str| says(format!("HTTP/1.1 200 OK\r\n{lines}\r\nhello"));
    let chunked = "Transfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n0\r\n";
    plain([
        ("states a length and sends less", lengths("Content-Length: 100\r\n"), Broken(200, Cause::Reset)),
        ("states a length and sends more", lengths("Content-Length: 3\r\n"), Answered(200)),
        ("answers twice", says("HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\nHTTP/1.1 404 No\r\n\r\n"), Answered(200)),
        (
            "states a length beyond the limit",
            stays("HTTP/1.1 200 OK\r\nContent-Length: 99999999999\r\n\r\nx"),
            Broken(200, Cause::TooLarge),
        ),
        ("states a length beyond all numbers", lengths("Content-Length: 99999999999999999999999\r\n"), Failed(Cause::Protocol)),
        ("states the length -5", lengths("Content-Length: -5\r\n"), Failed(Cause::Protocol)),
        ("states the length +5", lengths("Content-Length: +5\r\n"), Failed(Cause::Protocol)),
        ("states the length 0x5", lengths("Content-Length: 0x5\r\n"), Failed(Cause::Protocol)),
        ("states the length five", lengths("Content-Length: five\r\n"), Failed(Cause::Protocol)),
        ("states an empty length", lengths("Content-Length:\r\n"), Failed(Cause::Protocol)),
        ("states two lengths that differ", lengths("Content-Length: 5\r\nContent-Length: 6\r\n"), Failed(Cause::Protocol)),
        ("states the same length twice", lengths("Content-Length: 5\r\nContent-Length: 5\r\n"), Answered(200)),
        ("states a length and sends chunks", lengths(&format!("Content-Length: 3\r\n{chunked}")), Answered(200)),
        ("sends a body with a 204", says("HTTP/1.1 204 No\r\nContent-Length: 5\r\n\r\nhello"), Answered(204)),
        ("sends a body with a 304", says("HTTP/1.1 304 Same\r\nContent-Length: 5\r\n\r\nhello"), Answered(304)),
        ("sends a body without end", floods("HTTP/1.1 200 OK\r\n\r\n", "more "), Broken(200, Cause::TooLarge)),
        (
            "sends a refusal without end",
            floods("HTTP/1.1 503 No\r\nRetry-After: 5\r\n\r\n", "more "),
            Broken(503, Cause::TooLarge),
        ),
    ])
}

fn chunks(body: impl AsRef<[u8]>) -> Vec<u8> {
    [b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n", body.as_ref()].concat()
}

/// Bodies in chunks.
pub(crate) fn chunked() -> Vec<Behaviour> {
    let broken = |cause| Broken(200, cause);
    let flood = |first: &str, again: &str| floods(chunks(first), again);
    let waiting = |body: &str| stays(chunks(body));
    let closing = |body: &str| says(chunks(body));
    let rows: Vec<(&'static str, Vec<Step>, Ends)> = vec![
        ("sends chunks without end", flood("", &format!("400\r\n{}\r\n", "x".repeat(1024))), broken(Cause::TooLarge)),
        ("sends chunks of one byte without end", flood("", "1\r\nx\r\n"), broken(Cause::TooLarge)),
        ("sends one chunk of nearly all numbers", flood("ffffffffffffff0\r\n", "more "), broken(Cause::TooLarge)),
        ("sends a chunk's size beyond all numbers", waiting("fffffffffffffffff\r\nx"), broken(Cause::Protocol)),
        ("sends the zeros of a chunk's size without end", flood("", "0000"), broken(Cause::TooLarge)),
        ("sends a chunk's extension without end", flood("5;x=", "more"), broken(Cause::Protocol)),
        (
            "sends extensions with each of its chunks",
            flood("", &format!("1;{}\r\nx\r\n", "x".repeat(200))),
            broken(Cause::Protocol),
        ),
        ("sends trailers without end", flood("0\r\n", "X-Trailer: value\r\n"), broken(Cause::Protocol)),
        ("sends one trailer without end", flood("0\r\nX: ", "more "), broken(Cause::Protocol)),
        ("sends the chunk size ZZ", waiting("5\r\nhello\r\nZZ\r\n"), broken(Cause::Protocol)),
        ("sends the chunk size -1", waiting("-1\r\nx\r\n"), broken(Cause::Protocol)),
        ("sends the chunk size 0x5", waiting("0x5\r\nhello\r\n0\r\n\r\n"), broken(Cause::Protocol)),
        ("sends an empty chunk size", waiting("\r\nhello"), broken(Cause::Protocol)),
        ("puts a NUL into a chunk size", waiting("5\0\r\nhello\r\n0\r\n\r\n"), broken(Cause::Protocol)),
        ("sends a chunk longer than its size", waiting("3\r\nhello\r\n0\r\n\r\n"), broken(Cause::Protocol)),
        ("ends the lines of its chunks with a bare line feed", waiting("5\nhello\n0\n\n"), broken(Cause::Protocol)),
        ("leaves out the last chunk and closes", closing("5\r\nhello\r\n"), broken(Cause::Reset)),
        ("leaves out the end of the trailers and closes", closing("5\r\nhello\r\n0\r\n"), broken(Cause::Reset)),
        ("leaves out the last chunk and stays", waiting("5\r\nhello\r\n"), broken(Cause::ReadTimeout)),
        ("sends more after the last chunk", closing("5\r\nhello\r\n0\r\n\r\nHTTP/1.1 404 No\r\n\r\n"), Answered(200)),
        (
            "puts another coding over the chunks",
            says("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked, gzip\r\n\r\nhello"),
            Answered(200),
        ),
    ];
    plain(rows)
}

#[tokio::test]
async fn stated_lengths_are_not_trusted() {
    hold_to(stated()).await;
}

#[tokio::test]
async fn games_with_chunks_end_by_name() {
    hold_to(chunked()).await;
}
