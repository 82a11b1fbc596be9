//! Saved files from anywhere: whatever they hold, there is an answer, and every answer has its explanation.

use comeback_diagnosis::clock::WallTime;
use comeback_diagnosis::knowledge::Knowledge;
use comeback_diagnosis::saved::{ENTRIES_MAX, SavedAnswer};
use proptest::prelude::*;

/// What readers look for.
const FRAGMENTS: [&[u8]; 30] = [
    b"HTTP/1.1 503 No\r\n",
    b"HTTP/2 429\n",
    b"HTTP/1.1 302 Found\nLocation: /b\n\n",
    b"HTTP/1.1 100 Continue\r\n\r\n",
    b"Content-Length: 3\r\n",
    b"Content-Length: 99999999999999999999\r\n",
    b"Transfer-Encoding: chunked\r\n\r\n",
    b"3\r\nabc\r\n0\r\n\r\n",
    b"< HTTP/1.1 503 No\n",
    b"< retry-after: 5\n",
    b"<\n",
    b"> GET / HTTP/1.1\n>\n",
    b"* Connection #0 to host a left intact\n",
    b"  HTTP/1.1 503 No\n",
    b"  Server: a\n",
    b":status: 503\n",
    b"{\"log\":{\"entries\":[",
    b"{\"request\":{\"method\":\"GET\",\"url\":\"http://a/\"},",
    b"\"response\":{\"status\":503,\"headers\":[{\"name\":\"A\",\"value\":\"b\"}],\"content\":{\"text\":\"YQ==\",\"encoding\":\"base64\"}}}",
    b"]}}",
    b",",
    b"[",
    b"\"",
    b"\\",
    b"\xff\xfe",
    b"\xef\xbb\xbf",
    b"\r",
    b"\r\r\n",
    b"\n",
    b" ",
];

fn saved() -> impl Strategy<Value = Vec<u8>> {
    let fragment = prop::sample::select(FRAGMENTS.to_vec()).prop_map(<[u8]>::to_vec);
    let piece = prop_oneof![6 => fragment, 1 => prop::collection::vec(any::<u8>(), 0..6)];
    prop::collection::vec(piece, 0..24).prop_map(|pieces| pieces.concat())
}

proptest! {
    #[test]
    fn any_bytes_have_answers_and_explanations(bytes in saved()) {
        let knowledge = Knowledge::builtin();
        let answers = SavedAnswer::read(&bytes);
        prop_assert!(!answers.is_empty());
        for answer in &answers {
            let explanation = knowledge.explain_saved("a", answer, WallTime(0));
            prop_assert!(!explanation.evidence.is_empty() && !explanation.advice.is_empty());
            prop_assert_eq!(explanation.status == 0, answer.response.is_err());
            let kept = answer.response.as_ref().map_or(0, |raw| raw.body.len() + raw.fields.len());
            prop_assert!(kept <= bytes.len() * 3, "a file does not swell");
        }
    }
}

/// Each of these would take hours if a reader looked at the same bytes again and again.
#[test]
fn long_files_of_the_worst_shapes_are_read_in_one_pass() {
    let heads = b"HTTP/1.1 100 Continue\nContent-Length: 900000\n\n".repeat(40_000);
    assert_eq!(SavedAnswer::read(&heads)[0].response.as_ref().map(|raw| raw.earlier), Ok(39_999));
    let blanks = [b"x".as_slice(), &b"\n".repeat(2_000_000)].concat();
    assert!(SavedAnswer::read(&blanks)[0].response.is_err());
    let marks = b"< ".repeat(1_000_000);
    assert!(SavedAnswer::read(&marks)[0].response.is_err());
    let nested = [b"{\"log\":{\"entries\":".as_slice(), &b"[".repeat(2_000_000)].concat();
    assert!(SavedAnswer::read(&nested)[0].response.is_err());
    let keys = [b"{\"log\":".as_slice(), &b"\"entries\"".repeat(200_000)].concat();
    assert!(SavedAnswer::read(&keys)[0].response.is_err());
    let entries = [b"{\"log\":{\"entries\":[".as_slice(), &b"{},".repeat(500_000)].concat();
    assert_eq!(SavedAnswer::read(&entries).len(), ENTRIES_MAX + 1);
}
