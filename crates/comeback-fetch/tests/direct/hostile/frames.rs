//! Servers that misuse HTTP/2 (RFC 9113): floods, resets, storms, and frames that should not be.

use comeback_diagnosis::cause::Cause;

use super::Ends::{self, Answered, Broken, Failed};
use super::{BODY_BYTES_MAX, Behaviour, Server, hold_to};
use crate::http2_server::{
    CONTINUATION, DATA, END_HEADERS, END_STREAM, GOAWAY, HEADERS, PADDED, PING, PRIORITY, PUSH_PROMISE, RST_STREAM, RawFrames,
    SETTINGS, STATUS_200, WINDOW_UPDATE, frame,
};

/// These frames to each request.
fn once(frames: Vec<u8>) -> Server {
    Server::Http2(RawFrames { settings: Vec::new(), once: frames, over_and_over: Vec::new() })
}

/// These frames over and over.
fn flood(frames: &[u8]) -> Server {
    flood_after(Vec::new(), frames)
}

/// Frames, and then others over and over.
fn flood_after(first: Vec<u8>, frames: &[u8]) -> Server {
    Server::Http2(RawFrames { settings: Vec::new(), once: first, over_and_over: frames.repeat(1 + 4096 / frames.len()) })
}

fn table(rows: Vec<(&'static str, Server, Ends)>) -> Vec<Behaviour> {
    rows.into_iter().map(|(does, server, ends)| Behaviour { does, server, ends }).collect()
}

/// The head of the answer, its body to come.
fn begun(fields: &[u8]) -> Vec<u8> {
    frame(HEADERS, END_HEADERS, 1, &[&[STATUS_200], fields].concat())
}

/// A field of a literal name and value, both short (RFC 7541, section 6.2.2).
fn field(name: &str, value: &str) -> Vec<u8> {
    let length = |text: &str| u8::try_from(text.len()).unwrap();
    [&[0, length(name)], name.as_bytes(), &[length(value)], value.as_bytes()].concat()
}

/// Floods of frames that say nothing.
pub(crate) fn floods() -> Vec<Behaviour> {
    let protocol = Failed(Cause::Protocol);
    let early = [&[0x08, 3][..], b"103", &field("link", "</a>")].concat();
    let after_head = |frames: &[u8]| flood_after(begun(&[]), frames);
    let head_begun = frame(HEADERS, 0, 1, &[STATUS_200]);
    table(vec![
        ("sends settings without end", flood(&frame(SETTINGS, 0, 0, &[])), protocol),
        ("sends pings without end", flood(&frame(PING, 0, 0, &[0; 8])), protocol),
        ("sends unknown frames without end", flood(&frame(0xee, 0, 0, &[0; 1000])), protocol),
        ("sends priorities without end", flood(&frame(PRIORITY, 0, 1, &[0, 0, 0, 3, 9])), protocol),
        ("opens its windows wider without end", flood(&frame(WINDOW_UPDATE, 0, 0, &1_u32.to_be_bytes())), protocol),
        ("sends head frames that never end", flood_after(head_begun, &frame(CONTINUATION, 0, 1, &[])), protocol),
        ("sends interim answers without end", flood(&frame(HEADERS, END_HEADERS, 1, &early)), Failed(Cause::TooLarge)),
        ("sends empty frames of data without end", after_head(&frame(DATA, 0, 1, &[])), Broken(200, Cause::Protocol)),
        (
            "sends more of a body than its window permits",
            after_head(&frame(DATA, 0, 1, &[b'x'; 1000])),
            Broken(200, Cause::Protocol),
        ),
        (
            "sends a body of padding without end",
            after_head(&frame(DATA, PADDED, 1, &[&[99][..], &[0; 99]].concat())),
            Broken(200, Cause::Protocol),
        ),
        ("resets its stream without end", flood(&frame(RST_STREAM, 0, 1, &8_u32.to_be_bytes())), Failed(Cause::Reset)),
    ])
}

/// Heads that are too large, packed, or no heads.
pub(crate) fn heads() -> Vec<Behaviour> {
    let protocol = Failed(Cause::Protocol);
    let answer = |block: &[u8]| once(frame(HEADERS, END_HEADERS | END_STREAM, 1, block));
    // A field of 4 KiB that goes into the table (RFC 7541, section 6.2.1), then referred to again and again (section 6.1).
    let large = [&[0x40, 1, b'a', 0x7f, 0x81, 0x1e][..], &[b'x'; 4000]].concat();
    let bomb = [&[STATUS_200][..], &large, &[0xbe; 12_000]].concat();
    let long = [&[STATUS_200][..], &field("x-long", &"x".repeat(100)).repeat(130)].concat();
    let continued: Vec<u8> = std::iter::once(frame(HEADERS, 0, 1, &[STATUS_200]))
        .chain((0..2_000).map(|_| frame(CONTINUATION, 0, 1, &field("x-more", &"x".repeat(100)))))
        .flatten()
        .collect();
    let with = |name: &str, value: &str| [&[STATUS_200][..], &field(name, value)].concat();
    table(vec![
        ("packs a large head into a small one", answer(&bomb), protocol),
        ("sends a head a little too long", answer(&long), Failed(Cause::TooLarge)),
        ("continues its head over two thousand frames", once(continued), protocol),
        ("refers to a field that is not in the table", answer(&[STATUS_200, 0xfe]), protocol),
        (
            "sends a number of a field beyond all numbers",
            answer(&[STATUS_200, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff]),
            protocol,
        ),
        ("sends a field that is cut short", answer(&[STATUS_200, 0, 9, b'a']), protocol),
        ("leaves out the status", answer(&field("a", "b")), protocol),
        ("sends the status 99", answer(&[&[0x08, 2][..], b"99"].concat()), protocol),
        ("sends the status abc", answer(&[&[0x08, 3][..], b"abc"].concat()), protocol),
        ("sends a name in capitals", answer(&with("X-Loud", "a")), protocol),
        ("sends a field of the connection", answer(&with("transfer-encoding", "chunked")), protocol),
        ("puts a line feed into a field", answer(&with("x-split", "a\r\nset-cookie: b")), protocol),
    ])
}

/// Frames where they should not be.
pub(crate) fn misplaced() -> Vec<Behaviour> {
    let protocol = Failed(Cause::Protocol);
    let data = |bytes: &[u8], fields: &[u8]| once([begun(fields), frame(DATA, END_STREAM, 1, bytes)].concat());
    let length = |value: &str| field("content-length", value);
    table(vec![
        ("sends a frame longer than permitted", once(frame(DATA, 0, 1, &[0; 20_000])), protocol),
        ("sends data before a head", once(frame(DATA, 0, 1, b"early")), protocol),
        ("sends data on no stream", once(frame(DATA, 0, 0, b"nobody's")), protocol),
        ("sends data on a stream that nobody opened", once(frame(DATA, 0, 3, b"nobody's")), protocol),
        (
            "sends padding longer than its frame",
            once([begun(&[]), frame(DATA, PADDED, 1, &[9, 0])].concat()),
            Broken(200, Cause::Protocol),
        ),
        ("promises a page that nobody asked for", once(frame(PUSH_PROMISE, END_HEADERS, 1, &[0, 0, 0, 2, 0x82, 0x84])), protocol),
        ("answers on a stream of its own", once(frame(HEADERS, END_HEADERS, 2, &[STATUS_200])), protocol),
        ("opens a window by nothing", once(frame(WINDOW_UPDATE, 0, 0, &[0; 4])), protocol),
        ("opens a window beyond its size", once(frame(WINDOW_UPDATE, 0, 0, &0x7fff_ffff_u32.to_be_bytes())), protocol),
        ("sends half a setting", once(frame(SETTINGS, 0, 0, &[0, 4, 0])), protocol),
        ("sets a window beyond its size", once(frame(SETTINGS, 0, 0, &[0, 4, 0xff, 0xff, 0xff, 0xff])), protocol),
        ("sets frames of no length", once(frame(SETTINGS, 0, 0, &[0, 5, 0, 0, 0, 0])), protocol),
        ("acknowledges settings with settings", once(frame(SETTINGS, 1, 0, &[0, 4, 0, 0, 0, 0])), protocol),
        ("answers in HTTP/1.1", once(b"HTTP/1.1 400 Bad Request\r\n\r\n".to_vec()), protocol),
        ("states a length and sends less", data(b"hello", &length("9")), Broken(200, Cause::Protocol)),
        ("states a length and sends more", data(b"hello", &length("3")), Broken(200, Cause::Protocol)),
        ("states two lengths that differ", data(b"hello", &[length("5"), length("6")].concat()), protocol),
        ("states a length that is no number", data(b"hello", &length("five")), protocol),
        (
            "states a length beyond the limit",
            data(b"hello", &length(&(BODY_BYTES_MAX + 1).to_string())),
            Broken(200, Cause::TooLarge),
        ),
        ("begins a second head within the body", once([begun(&[]), begun(&[])].concat()), Broken(200, Cause::Protocol)),
    ])
}

/// Streams and connections that are ended, again and again.
pub(crate) fn ended() -> Vec<Behaviour> {
    let (reset, silent) = (Failed(Cause::Reset), Failed(Cause::ReadTimeout));
    let stream = |code: u32| once(frame(RST_STREAM, 0, 1, &code.to_be_bytes()));
    let farewell = |last: u32, code: u32| once(frame(GOAWAY, 0, 0, &[last.to_be_bytes(), code.to_be_bytes()].concat()));
    let no_stream = RawFrames { settings: vec![0, 3, 0, 0, 0, 0], once: Vec::new(), over_and_over: Vec::new() };
    table(vec![
        ("resets each stream without a reason", stream(0), reset),
        ("refuses each stream", stream(7), reset),
        ("resets each stream: it is asked too much", stream(11), reset),
        ("resets each stream for a reason that there is not", stream(0xdead_beef), reset),
        (
            "resets each stream within its body",
            once([begun(&[]), frame(RST_STREAM, 0, 1, &2_u32.to_be_bytes())].concat()),
            Broken(200, Cause::Reset),
        ),
        ("says farewell to each connection, having taken nothing", farewell(0, 0), reset),
        ("says farewell to each connection, and does not answer", farewell(1, 11), silent),
        ("says farewell to each connection and takes up what was said", farewell(0x7fff_ffff, 0), Failed(Cause::ReadTimeout)),
        ("permits no stream", Server::Http2(no_stream), silent),
        ("says nothing", once(Vec::new()), Failed(Cause::ReadTimeout)),
        (
            "falls silent within the body",
            once([begun(&[]), frame(DATA, 0, 1, b"slow")].concat()),
            Broken(200, Cause::ReadTimeout),
        ),
        (
            "answers, and goes on after the end",
            once([begun(&[]), frame(DATA, END_STREAM, 1, b"hi"), frame(DATA, 0, 1, b"more")].concat()),
            Answered(200),
        ),
    ])
}

#[tokio::test]
async fn floods_of_frames_end_by_name() {
    hold_to(floods()).await;
}

#[tokio::test]
async fn heads_in_frames_have_an_end() {
    hold_to(heads()).await;
}

#[tokio::test]
async fn misplaced_frames_are_named() {
    hold_to(misplaced()).await;
}

#[tokio::test]
async fn streams_that_are_ended_are_named() {
    hold_to(ended()).await;
}
