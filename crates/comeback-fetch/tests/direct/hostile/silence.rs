//! Servers that close, or let us wait.

use comeback_diagnosis::cause::Cause;

use super::Ends::{Broken, Failed};
use super::{Behaviour, drips, hold_to, plain, says, stays};
use crate::raw_server::Step;

/// Ends that come too early.
pub(crate) fn closing() -> Vec<Behaviour> {
    plain([
        ("closes at once", vec![], Failed(Cause::Reset)),
        ("closes with the request half read", vec![Step::ReadBytes(1)], Failed(Cause::Reset)),
        ("closes without an answer", says(""), Failed(Cause::Reset)),
        ("closes within the head", says("HTTP/1.1 200 OK\r\nContent-Le"), Failed(Cause::Reset)),
        ("closes after an interim answer", says("HTTP/1.1 103 Early\r\n\r\n"), Failed(Cause::Reset)),
    ])
}

/// Answers that don't come, or one byte now and then.
pub(crate) fn waiting() -> Vec<Behaviour> {
    let failed = Failed(Cause::ReadTimeout);
    let broken = Broken(200, Cause::ReadTimeout);
    plain([
        ("says nothing", vec![Step::Stall], failed),
        ("says nothing after the request", stays(""), failed),
        ("falls silent within the head", stays("HTTP/1.1 200 OK\r\nX-Slow: "), failed),
        ("falls silent after an interim answer", stays("HTTP/1.1 103 Early\r\n\r\n"), failed),
        ("falls silent within the body", stays("HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\nslow"), broken),
        ("falls silent before a close that never comes", stays("HTTP/1.1 200 OK\r\n\r\nslow"), broken),
        ("sends its head one byte at a time, without end", drips("HTTP/1.1 200 OK\r\nX: ", "x"), failed),
        ("sends interim answers one at a time, without end", drips("", "HTTP/1.1 102 Wait\r\n\r\n"), failed),
        ("sends its body one byte at a time, without end", drips("HTTP/1.1 200 OK\r\n\r\n", "x"), broken),
        (
            "sends chunks one at a time, without end",
            drips("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n", "1\r\nx\r\n"),
            broken,
        ),
    ])
}

#[tokio::test]
async fn early_ends_are_resets() {
    hold_to(closing()).await;
}

#[tokio::test]
async fn waits_end_by_their_limits() {
    hold_to(waiting()).await;
}
