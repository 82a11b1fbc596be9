//! `explain --json`: field names, words and numbers are a contract.

use comeback_diagnosis::clock::WallTime;
use comeback_diagnosis::knowledge::Knowledge;
use comeback_diagnosis::raw_response::RawResponse;

fn explained(saved: &[u8]) -> serde_json::Value {
    let raw = RawResponse::parse(saved).expect("a response");
    serde_json::to_value(Knowledge::builtin().explain("saved.http", &raw, WallTime(0))).expect("an explanation is JSON")
}

#[test]
fn an_explanation_has_the_fields_of_the_contract_in_order() {
    let raw = RawResponse::parse(b"HTTP/1.1 503 No\r\nRetry-After: 2.5\r\n\r\n").expect("a response");
    let line = serde_json::to_string(&Knowledge::builtin().explain("-", &raw, WallTime(0))).expect("JSON");
    let names = [
        "file",
        "status",
        "cause",
        "responder",
        "product",
        "scope",
        "waiting_helps",
        "confidence",
        "retry_after_s",
        "retry_after_kind",
        "evidence",
        "advice",
    ];
    let places: Vec<_> = names.iter().map(|name| line.find(&format!("\"{name}\":")).expect("the field is there")).collect();
    assert!(places.is_sorted(), "{line}");
    assert!(line.contains("\"product\":null") && line.contains("\"retry_after_s\":2.5"), "{line}");
}

#[test]
fn words_are_those_of_the_contract() {
    let value = explained(b"HTTP/1.1 403 Forbidden\r\ncf-mitigated: challenge\r\nRetry-After: 0\r\n\r\n");
    assert_eq!(value["cause"], "bot_challenge");
    assert_eq!(value["responder"], "edge");
    assert_eq!(value["scope"], "host");
    assert_eq!(value["waiting_helps"], false);
    assert_eq!(value["retry_after_kind"], "unusable");
    assert_eq!(value["retry_after_s"], serde_json::Value::Null);
    assert_eq!(explained(b"HTTP/1.1 429 No\r\nRetry-After: 5\r\n\r\n")["retry_after_s"], 5);
    assert_eq!(explained(b"HTTP/1.1 404 No\r\n\r\n")["retry_after_kind"], serde_json::Value::Null);
}

#[test]
fn a_compressed_body_is_said_to_be_unread() {
    let value = explained(b"HTTP/1.1 503 No\r\nContent-Encoding: gzip\r\n\r\n\x1f\x8b\x08\x00\xff\xfe");
    assert!(value["evidence"].to_string().contains("compressed (gzip)"), "{value}");
    let decoded = explained(b"HTTP/1.1 503 No\r\nContent-Encoding: gzip\r\n\r\n<p>plain</p>");
    assert!(!decoded["evidence"].to_string().contains("compressed"), "{decoded}");
}
