//! Retry-After in every form that servers send.

use comeback_diagnosis::clock::WallTime;
use comeback_diagnosis::exchange::Response;
use comeback_diagnosis::retry_after::{DELAY_MS_MAX, RetryAfter, RetryAfterKind};

/// 2026-11-23 19:24:36 GMT.
const RECEIVED_AT: WallTime = WallTime(1_795_461_876_000);

fn read(status: u16, fields: &[(&str, &str)]) -> Option<RetryAfter> {
    let fields: Vec<(&[u8], &[u8])> = fields.iter().map(|(name, value)| (name.as_bytes(), value.as_bytes())).collect();
    RetryAfter::read(&Response { status, reason: b"", fields: &fields, body: b"", body_bytes: Some(0) }, RECEIVED_AT)
}

fn said(kind: RetryAfterKind, delay_ms: u64) -> Option<RetryAfter> {
    Some(RetryAfter { kind, delay_ms: Some(delay_ms) })
}

const UNUSABLE: Option<RetryAfter> = Some(RetryAfter { kind: RetryAfterKind::Unusable, delay_ms: None });

#[test]
fn seconds_with_and_without_decimals_are_read_on_every_status() {
    for (value, delay_ms) in [
        ("5", 5_000),
        (" 120\t", 120_000),
        ("2.5", 2_500),
        ("2.0", 2_000),
        ("0.0001", 1),
        ("0.5004", 501),
        ("007", 7_000),
        ("9999999999", 9_999_999_999_000),
        ("99999999999999999999999999", DELAY_MS_MAX),
    ] {
        for status in [200, 301, 403, 429, 503, 999] {
            assert_eq!(read(status, &[("Retry-After", value)]), said(RetryAfterKind::Seconds, delay_ms), "{value}");
        }
    }
}

#[test]
fn what_is_no_information_is_unusable() {
    for value in ["", " ", "0", "0.0", "-5", "+5", "1e9", "soon", "5s", "5 seconds", "2.", ".5", ",", "0, 0", "0x10", "\u{661}"] {
        assert_eq!(read(503, &[("Retry-After", value)]), UNUSABLE, "{value:?}");
    }
    assert_eq!(read(503, &[("Date", "Mon, 23 Nov 2026 19:24:36 GMT")]), None);
}

#[test]
fn dates_are_read_against_the_date_of_the_response_and_its_age() {
    for value in ["Mon, 23 Nov 2026 10:01:00 GMT", "Monday, 23-Nov-26 10:01:00 GMT", "Mon Nov 23 10:01:00 2026"] {
        let date = ("Date", "Mon, 23 Nov 2026 10:00:00 GMT");
        assert_eq!(read(503, &[date, ("Retry-After", value)]), said(RetryAfterKind::Date, 60_000), "{value}");
        assert_eq!(read(503, &[date, ("Age", "45"), ("Retry-After", value)]), said(RetryAfterKind::Date, 15_000), "{value}");
        assert_eq!(read(503, &[date, ("Age", "60"), ("Retry-After", value)]), UNUSABLE, "{value}");
        assert_eq!(read(503, &[("Retry-After", value)]), UNUSABLE, "{value} is past by our own clock");
    }
    let ahead = read(503, &[("Date", "garbage"), ("Retry-After", "Mon, 23 Nov 2026 19:25:36 GMT")]);
    assert_eq!(ahead, said(RetryAfterKind::Date, 60_000));
}

#[test]
fn of_several_values_the_longest_usable_one_counts() {
    assert_eq!(
        read(503, &[("Retry-After", "5"), ("retry-after", "60"), ("Retry-After", "x")]),
        said(RetryAfterKind::Seconds, 60_000)
    );
    assert_eq!(read(503, &[("Retry-After", "120, 30,0")]), said(RetryAfterKind::Seconds, 120_000));
    let mixed = read(503, &[("Retry-After", "5, Mon, 23 Nov 2026 19:25:36 GMT")]);
    assert_eq!(mixed, said(RetryAfterKind::Date, 60_000));
}

#[test]
fn rate_limit_fields_speak_only_where_retry_after_says_nothing_and_nothing_remains() {
    let spent = [("X-RateLimit-Remaining", "0"), ("X-RateLimit-Reset", "30")];
    assert_eq!(read(429, &spent), said(RetryAfterKind::RateLimit, 30_000));
    assert_eq!(read(200, &spent), None);
    assert_eq!(read(429, &[("X-RateLimit-Remaining", "1"), ("X-RateLimit-Reset", "30")]), None);
    for unusable in ["0", "", "soon", "Mon, 23 Nov 2026 10:01:00 GMT"] {
        let fields = [spent[0], spent[1], ("Retry-After", unusable)];
        assert_eq!(read(429, &fields), said(RetryAfterKind::RateLimit, 30_000), "{unusable:?}");
        assert_eq!(read(200, &fields), UNUSABLE, "{unusable:?}: no refusal");
        assert_eq!(read(429, &[spent[0], ("X-RateLimit-Reset", "0"), fields[2]]), UNUSABLE, "{unusable:?}: no usable reset");
        assert_eq!(read(429, &[("X-RateLimit-Remaining", "1"), spent[1], fields[2]]), UNUSABLE, "{unusable:?}: some remain");
    }
    assert_eq!(read(429, &[spent[0], spent[1], ("Retry-After", "5")]), said(RetryAfterKind::Seconds, 5_000));
    let epoch = [("X-RateLimit-Remaining", "0"), ("X-RateLimit-Reset", "1795461936")];
    assert_eq!(read(403, &epoch), said(RetryAfterKind::RateLimit, 60_000));
    let epoch_ms = [("x-rate-limit-remaining", "0"), ("x-rate-limit-reset", "1795461936500")];
    assert_eq!(read(403, &epoch_ms), said(RetryAfterKind::RateLimit, 60_500));
    let structured = [("RateLimit", "\"burst\";r=0;t=7, \"day\";r=10;t=9000")];
    assert_eq!(read(429, &structured), said(RetryAfterKind::RateLimit, 7_000));
}

#[test]
fn relatives_speak_only_where_retry_after_says_nothing() {
    assert_eq!(read(429, &[("retry-after-ms", "1500")]), said(RetryAfterKind::Seconds, 1_500));
    assert_eq!(read(503, &[("X-Retry-After", "7")]), said(RetryAfterKind::Seconds, 7_000));
    assert_eq!(read(503, &[("Spb-Retry-After", "Mon, 23 Nov 2026 19:25:36 GMT")]), said(RetryAfterKind::Date, 60_000));
    assert_eq!(read(503, &[("X-Retry-After", "7"), ("Retry-After", "5")]), said(RetryAfterKind::Seconds, 5_000));
    assert_eq!(read(503, &[("X-Retry-After", "7"), ("Retry-After", "soon")]), said(RetryAfterKind::Seconds, 7_000));
    assert_eq!(read(503, &[("X-Retry-After", "0")]), None);
}
