//! The readers, each with what must hold of whatever it returns.

use comeback_diagnosis::clock::WallTime;
use comeback_diagnosis::exchange::{BODY_SEEN_BYTES_MAX, Response};
use comeback_diagnosis::knowledge::Knowledge;
use comeback_diagnosis::rate_limit::Allowance;
use comeback_diagnosis::raw_response::RawResponse;
use comeback_diagnosis::retry_after::{DELAY_MS_MAX, RetryAfter, RetryAfterKind};
use comeback_diagnosis::saved::{ENTRIES_MAX, SavedAnswer};

/// Reads when to come back from fields made of the bytes: each line is a value, in turn of Retry-After, Date and Age.
pub fn retry_after(bytes: &[u8]) {
    let names: [&[u8]; 4] = [b"Retry-After", b"Date", b"Age", b"X-Retry-After"];
    let lines = bytes.split(|byte| *byte == b'\n');
    let fields: Vec<(&[u8], &[u8])> = names.into_iter().cycle().zip(lines).collect();
    let said = RetryAfter::read(&response(503, &fields, b""), WallTime(1_795_464_000_000));
    if let Some(said) = said {
        assert_eq!(said.delay_ms.is_none(), said.kind == RetryAfterKind::Unusable);
        assert!(said.delay_ms.is_none_or(|delay_ms| (1..=DELAY_MS_MAX).contains(&delay_ms)));
    }
}

/// Reads limits of requests from fields made of the bytes: each line is a value, in turn of the dialects' fields.
pub fn rate_limit(bytes: &[u8]) {
    let names: [&[u8]; 6] = [
        b"RateLimit",
        b"X-RateLimit-Remaining",
        b"X-RateLimit-Reset",
        b"X-RateLimit-Limit",
        b"x-ratelimit-remaining-requests",
        b"x-ratelimit-reset-requests",
    ];
    let lines = bytes.split(|byte| *byte == b'\n');
    let fields: Vec<(&[u8], &[u8])> = names.into_iter().cycle().zip(lines).collect();
    let response = response(429, &fields, b"");
    let received_at = WallTime(1_795_464_000_000);
    if let Some(tightest) = Allowance::read(&response, received_at) {
        assert!(tightest.reset_ms.is_none_or(|reset_ms| (1..=DELAY_MS_MAX).contains(&reset_ms)));
    }
    let _ = RetryAfter::read(&response, received_at);
}

/// Reads a saved response and, where it is one, reads it again from its parts: what was kept is kept.
pub fn raw_response(bytes: &[u8]) {
    if let Ok(raw) = RawResponse::parse(bytes) {
        assert!((100..=999).contains(&raw.status));
        assert!(raw.body.len() <= bytes.len());
    }
}

/// Reads a paste of curl, or whatever else a file holds that is thought to be an answer.
pub fn curl_paste(bytes: &[u8]) {
    let answers = saved(bytes);
    let is_numbered = answers.iter().any(|answer| answer.number.is_some());
    assert!(answers.len() == 1 || is_numbered);
}

/// Reads a HAR file, and the bytes as the entries of one.
pub fn har(bytes: &[u8]) {
    saved(bytes);
    let answers = saved(&[b"{\"log\":{\"entries\":[", bytes, b"]}}"].concat());
    assert!(answers.iter().enumerate().all(|(place, answer)| answer.number == Some(place + 1)));
}

/// The answers of a saved file: there is always one, none holds more than the file, and nothing is left out without a word.
fn saved(bytes: &[u8]) -> Vec<SavedAnswer> {
    let answers = SavedAnswer::read(bytes);
    assert!((1..=ENTRIES_MAX + 1).contains(&answers.len()));
    for answer in &answers {
        match &answer.response {
            Ok(raw) => {
                assert!((100..=999).contains(&raw.status));
                // Odd bytes of UTF-16 and of JSON's escapes become the three bytes of U+FFFD.
                assert!(raw.body.len() <= bytes.len() * 3 + LINE_END_BYTES);
            }
            Err(error) => assert!(!error.to_string().is_empty() && !error.hint().is_empty()),
        }
    }
    answers
}

/// A line end that is put behind the last line of a paste.
const LINE_END_BYTES: usize = 1;

/// Diagnoses the bytes as the body of a refusal and of a page, and as a whole saved response.
pub fn matcher(knowledge: &Knowledge, bytes: &[u8]) {
    let body = &bytes[..bytes.len().min(BODY_SEEN_BYTES_MAX)];
    for status in [200, 403, 429, 503] {
        let fired = knowledge.fired(&response(status, &[(b"Server", b"cloudflare")], body));
        assert!(fired.iter().all(|(_, signature)| signature.weight <= 1.0));
    }
    if let Ok(raw) = RawResponse::parse(bytes) {
        let explanation = knowledge.explain("fuzz", &raw, WallTime(0));
        assert!((0.0..=1.0).contains(&explanation.confidence));
    }
}

fn response<'a>(status: u16, fields: &'a [(&'a [u8], &'a [u8])], body: &'a [u8]) -> Response<'a> {
    Response { status, reason: b"", fields, body, body_bytes: None }
}
