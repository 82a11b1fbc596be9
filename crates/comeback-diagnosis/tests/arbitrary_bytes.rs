//! Input from outside never panics: seeded arbitrary bytes through every reader.

use comeback_diagnosis::clock::WallTime;
use comeback_diagnosis::exchange::Response;
use comeback_diagnosis::history::History;
use comeback_diagnosis::knowledge::Knowledge;
use comeback_diagnosis::raw_response::RawResponse;
use comeback_diagnosis::retry_after::{DELAY_MS_MAX, RetryAfter, RetryAfterKind};

const ROUNDS: u64 = 3_000;

/// xorshift64*: small, seeded, the same everywhere.
struct Chance(u64);

impl Chance {
    fn below(&mut self, limit: usize) -> usize {
        self.0 ^= self.0 >> 12;
        self.0 ^= self.0 << 25;
        self.0 ^= self.0 >> 27;
        let high = self.0.wrapping_mul(0x2545_F491_4F6C_DD1D) >> 33;
        usize::try_from(high).expect("31 bits fit") % limit
    }

    /// Fragments that readers look for, mixed with bytes that nobody expects.
    fn bytes(&mut self, pieces: usize) -> Vec<u8> {
        const FRAGMENTS: [&[u8]; 37] = [
            b"HTTP/1.1 503 No\r\n",
            b"HTTP/2 429\n",
            b"HTTP/1.1 100 Continue\r\n\r\n",
            b"\r\n",
            b"\n\n",
            b": ",
            b",",
            b"Retry-After: ",
            b"Date: ",
            b"Age: ",
            b"Mon, 23 Nov 2026 10:01:00 GMT",
            b"Monday, 23-Nov-26 10:01:00 GMT",
            b"Mon Nov 23 10:01:00 2026",
            b"Transfer-Encoding: chunked\r\n\r\n",
            b"5\r\nhello\r\n",
            b"0\r\n\r\n",
            b"ffffffffffffffff\r\n",
            b"18446744073709551616",
            b"-1",
            b".5",
            b"cf-mitigated: challenge\r\n",
            b"x-ratelimit-remaining: 0\r\nx-ratelimit-reset: ",
            b"<html>",
            b"RateLimit: r=0;t=",
            b"X-RateLimit-Remaining: 0\r\nX-RateLimit-Reset: 1h2m3.5s\r\n",
            b"X-Maintenance: true\r\n",
            b"<title>Just a moment",
            b"</title>",
            b"<!--",
            b"<script>",
            b"</script",
            b"&#x1F600;",
            b"&amp",
            b"{\"error\":\"RateLimit",
            b"\\u00",
            b"\"",
            b"<?xml ?><Code>SlowDown",
        ];
        let mut bytes = Vec::new();
        for _ in 0..self.below(pieces) {
            match self.below(3) {
                0 => bytes.push(u8::try_from(self.below(256)).expect("below 256")),
                _ => bytes.extend_from_slice(FRAGMENTS[self.below(FRAGMENTS.len())]),
            }
        }
        bytes
    }
}

#[test]
fn arbitrary_bytes_are_parsed_or_refused_and_then_explained() {
    let knowledge = Knowledge::builtin();
    let mut chance = Chance(0x5EED);
    let mut parsed = 0;
    for _ in 0..ROUNDS {
        let mut saved = if chance.below(2) == 0 { b"HTTP/1.1 503 No\r\n".to_vec() } else { Vec::new() };
        saved.extend(chance.bytes(24));
        if let Ok(raw) = RawResponse::parse(&saved) {
            parsed += 1;
            let explanation = knowledge.explain("arbitrary", &raw, WallTime(chance.0));
            assert!((0.0..=1.0).contains(&explanation.confidence), "{saved:?}");
        }
    }
    assert!(parsed > 1_000, "only {parsed} were responses");
}

#[test]
fn arbitrary_fields_are_read_within_the_limits() {
    let knowledge = Knowledge::builtin();
    let mut chance = Chance(0xFEED);
    for round in 0..ROUNDS {
        let values: Vec<Vec<u8>> = (0..4).map(|_| chance.bytes(6)).collect();
        let names: [&[u8]; 4] = [b"Retry-After", b"Date", b"Age", b"RateLimit"];
        let fields: Vec<(&[u8], &[u8])> = names.into_iter().zip(values.iter().map(Vec::as_slice)).collect();
        let status = u16::try_from(chance.below(1_200)).expect("below 1200");
        let response =
            Response { status, reason: &values[0], fields: &fields[chance.below(3)..], body: &values[1], body_bytes: None };
        let said = RetryAfter::read(&response, WallTime(round.wrapping_mul(u64::MAX / ROUNDS)));
        if let Some(said) = said {
            assert_eq!(said.delay_ms.is_none(), said.kind == RetryAfterKind::Unusable, "{fields:?}");
            assert!(said.delay_ms.is_none_or(|delay_ms| (1..=DELAY_MS_MAX).contains(&delay_ms)), "{fields:?}");
        }
        let exchange = comeback_diagnosis::exchange::Exchange {
            method: "GET",
            url: "http://localhost/",
            response: Some(response),
            failure: None,
            received_at: WallTime(u64::MAX),
            elapsed_ms: 0,
        };
        assert!(!knowledge.diagnose(&exchange, &History::default()).evidence.is_empty());
    }
}
