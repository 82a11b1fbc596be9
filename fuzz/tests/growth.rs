//! No reader takes more than linear time: what a stranger repeats costs in proportion to its length.
//!
//! The same repetition is read at two lengths, and what the longer one costs is compared with the shorter. Work that grows with the
//! square of the length would cost 64 times more than is allowed for at most; what a machine is busy with besides does not.
//!
//! It reads a clock, so it is run by hand, after a change of a reader: `cargo test --release -p fuzz --test growth -- --ignored`.

use std::time::{Duration, Instant};

use comeback_diagnosis::knowledge::Knowledge;
use fuzz::readers;
use pieces::PIECES;

mod pieces;

const SHORT_BYTES: usize = 1024;

/// How many times as long the longer one is.
const LENGTHENED: u32 = 64;

/// How much dearer a byte of the longer one may be: caches, allocations and a busy machine are in it.
const DEARER_MAX: u32 = 16;

/// Below this nothing is compared: a clock and a call cost as much.
const NOISE: Duration = Duration::from_micros(5);

/// What a repetition may stand behind.
const BEGINNINGS: [&str; 7] = [
    "",
    "HTTP/1.1 503 No\r\n",
    "HTTP/1.1 503 No\r\n\r\n",
    "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n",
    "< HTTP/2 503 \n< \n",
    "{\"log\":{\"entries\":[",
    "<html><body>",
];

/// The least of a few measurements, in which nobody else had the processor.
fn cost(reader: &impl Fn(&[u8]), input: &[u8]) -> Duration {
    let measure = |_| {
        let begun = Instant::now();
        reader(input);
        begun.elapsed()
    };
    (0..3).map(measure).min().expect("three measurements").max(NOISE)
}

/// The first repetition that costs more than in proportion.
fn found(reader: &impl Fn(&[u8])) -> Option<String> {
    let repeated =
        |beginning: &str, piece: &str, bytes| -> Vec<u8> { beginning.bytes().chain(piece.bytes().cycle()).take(bytes).collect() };
    let long_bytes = SHORT_BYTES * usize::try_from(LENGTHENED).expect("a small number");
    let more = ["<", "</", "<a", "&", "\\", " ", "a", "[", "1,", "\r", ",", ":", "\0"];
    let pairs = BEGINNINGS.iter().flat_map(|beginning| PIECES.iter().chain(&more).map(move |piece| (beginning, piece)));
    let is_dear = |(beginning, piece): &(&&str, &&str)| {
        let (short, long) = (repeated(beginning, piece, SHORT_BYTES), repeated(beginning, piece, long_bytes));
        let is_too_dear = || cost(reader, &long) > cost(reader, &short) * LENGTHENED * DEARER_MAX;
        is_too_dear() && is_too_dear()
    };
    pairs.into_iter().find(is_dear).map(|(beginning, piece)| format!("{beginning:?} and then {piece:?}, again and again"))
}

#[test]
#[ignore = "it reads a clock: by hand, after a change of a reader"]
fn readers_of_fields_cost_in_proportion_to_their_length() {
    assert_eq!(found(&|bytes: &[u8]| readers::retry_after(bytes)), None);
    assert_eq!(found(&|bytes: &[u8]| readers::rate_limit(bytes)), None);
}

#[test]
#[ignore = "it reads a clock: by hand, after a change of a reader"]
fn readers_of_saved_answers_cost_in_proportion_to_their_length() {
    assert_eq!(found(&|bytes: &[u8]| readers::raw_response(bytes)), None);
    assert_eq!(found(&|bytes: &[u8]| readers::curl_paste(bytes)), None);
    assert_eq!(found(&|bytes: &[u8]| readers::har(bytes)), None);
}

#[test]
#[ignore = "it reads a clock: by hand, after a change of a reader"]
fn the_matcher_costs_in_proportion_to_the_length_of_the_body() {
    let knowledge = Knowledge::builtin();
    assert_eq!(found(&|bytes: &[u8]| readers::matcher(&knowledge, bytes)), None);
}
