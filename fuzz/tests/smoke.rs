//! The fuzz targets, briefly, on random bytes and on what their readers look for.

use comeback_diagnosis::knowledge::Knowledge;
use fuzz::readers;
use proptest::prelude::*;

/// Pieces that the readers look for.
const PIECES: [&str; 24] = [
    "HTTP/1.1 503 No\r\n",
    "\r\n\r\n",
    "Retry-After: 5\r\n",
    "Mon, 23 Nov 2026 10:01:00 GMT",
    "2026-11-23T19:25:36Z",
    "1h2m3.5s",
    "18446744073709551616",
    "-1",
    ".5",
    "\n",
    ";r=0;t=",
    "remaining=0, reset=",
    "Transfer-Encoding: chunked\r\n\r\nffff\r\n",
    "<html><title>Just a moment...",
    "</title>",
    "<script>",
    "</script",
    "<!--",
    "&#x110000;",
    "&amp",
    "{\"error\":\"RateLimitExceeded",
    "\\ud800",
    "\"",
    "captcha",
];

fn input() -> impl Strategy<Value = Vec<u8>> {
    let piece = prop_oneof![
        proptest::sample::select(PIECES.as_slice()).prop_map(|piece| piece.as_bytes().to_vec()),
        proptest::collection::vec(any::<u8>(), 0..40),
    ];
    proptest::collection::vec(piece, 0..40).prop_map(|pieces| pieces.concat())
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 512, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn readers_of_fields_and_responses_take_anything(bytes in input()) {
        readers::retry_after(&bytes);
        readers::rate_limit(&bytes);
        readers::raw_response(&bytes);
    }
}

#[test]
fn the_matcher_takes_anything() {
    let knowledge = Knowledge::builtin();
    proptest!(ProptestConfig { cases: 512, failure_persistence: None, ..ProptestConfig::default() }, |(bytes in input())| {
        readers::matcher(&knowledge, &bytes);
    });
}
