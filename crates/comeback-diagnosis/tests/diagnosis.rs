//! What exchanges mean: claims about causes, responders and holds.

use comeback_diagnosis::cause::Cause;
use comeback_diagnosis::clock::{Monotonic, WallTime};
use comeback_diagnosis::diagnosis::{Diagnosis, Remedy, Responder, Scope};
use comeback_diagnosis::exchange::{Exchange, Failure};
use comeback_diagnosis::history::{History, PastAttempt};
use comeback_diagnosis::knowledge::Knowledge;
use comeback_diagnosis::raw_response::RawResponse;
use comeback_diagnosis::retry_after::RetryAfterKind;

fn diagnose(saved: &str) -> Diagnosis {
    let raw = RawResponse::parse(saved.as_bytes()).expect("a response");
    let fields = raw.borrowed_fields();
    Knowledge::builtin().diagnose(&raw.exchange(&fields, WallTime(1_795_461_876_000)), &History::default())
}

#[test]
fn statuses_without_evidence_mean_what_their_definition_says() {
    for (status, cause, remedy) in [
        (200, Cause::None, Remedy::Accept),
        (206, Cause::None, Remedy::Accept),
        (301, Cause::None, Remedy::Accept),
        (304, Cause::None, Remedy::Accept),
        (401, Cause::None, Remedy::Accept),
        (402, Cause::None, Remedy::Accept),
        (403, Cause::None, Remedy::Accept),
        (404, Cause::None, Remedy::Accept),
        (407, Cause::None, Remedy::Accept),
        (408, Cause::UpstreamTimeout, Remedy::Wait),
        (410, Cause::None, Remedy::Accept),
        (418, Cause::None, Remedy::Accept),
        (425, Cause::RateLimit, Remedy::SlowDown),
        (429, Cause::RateLimit, Remedy::SlowDown),
        (451, Cause::None, Remedy::Accept),
        (500, Cause::ServerError, Remedy::Wait),
        (501, Cause::ServerError, Remedy::Wait),
        (502, Cause::UpstreamDown, Remedy::Wait),
        (503, Cause::Unknown, Remedy::Wait),
        (504, Cause::UpstreamTimeout, Remedy::Wait),
        (522, Cause::UpstreamDown, Remedy::Wait),
        (524, Cause::UpstreamTimeout, Remedy::Wait),
        (529, Cause::Overload, Remedy::Wait),
        (599, Cause::ServerError, Remedy::Wait),
        (777, Cause::Unknown, Remedy::Wait),
        (999, Cause::BotChallenge, Remedy::Park),
    ] {
        let diagnosis = diagnose(&format!("HTTP/1.1 {status}\r\n\r\n"));
        assert_eq!((diagnosis.cause, diagnosis.remedy), (cause, remedy), "{status}");
        assert!(!diagnosis.evidence.is_empty() && diagnosis.confidence < 1.0, "{status}");
    }
}

/// The diagnosis of a response beside a failure on our side.
fn diagnose_failed(saved: &str, cause: Cause) -> Diagnosis {
    let raw = RawResponse::parse(saved.as_bytes()).expect("a response");
    let fields = raw.borrowed_fields();
    let failure = Some(Failure { cause, detail: FAILED, is_lasting: false });
    let exchange = Exchange { failure, ..raw.exchange(&fields, WallTime(1_795_461_876_000)) };
    Knowledge::builtin().diagnose(&exchange, &History::default())
}

const FAILED: &str = "The body did not come well.";

/// The bug: a refusal whose body was cut, too large or not what its Content-Encoding says was taken for a fault of this one page,
/// so the host was asked on at once. The failure carries its own cause; what is to be done is the refusal's.
#[test]
fn a_failure_beside_a_refusal_is_acted_on_as_the_refusal() {
    for (saved, failed_by, refused_by, remedy) in [
        ("HTTP/1.1 503 No\r\nRetry-After: 9\r\nContent-Encoding: gzip\r\n\r\n", Cause::Decode, Cause::Unknown, Remedy::Wait),
        ("HTTP/1.1 503 No\r\nRetry-After: 9\r\n\r\nscheduled maintenance", Cause::TooLarge, Cause::Maintenance, Remedy::Wait),
        ("HTTP/1.1 403 No\r\nRetry-After: 9\r\ncf-mitigated: challenge\r\n\r\n", Cause::Reset, Cause::BotChallenge, Remedy::Park),
        ("HTTP/1.1 429 No\r\nRetry-After: 9\r\n\r\nslo", Cause::ReadTimeout, Cause::RateLimit, Remedy::SlowDown),
        (
            "HTTP/1.1 200 OK\r\nRetry-After: 9\r\ncf-mitigated: challenge\r\n\r\n<",
            Cause::Reset,
            Cause::BotChallenge,
            Remedy::Park,
        ),
        (
            "HTTP/1.1 302 No\r\nRetry-After: 9\r\ncf-mitigated: challenge\r\n\r\n",
            Cause::Decode,
            Cause::BotChallenge,
            Remedy::Park,
        ),
    ] {
        let alone = diagnose(saved);
        let failed = diagnose_failed(saved, failed_by);
        assert_eq!((failed.cause, failed.confidence, failed.remedy), (failed_by, 1.0, remedy), "{saved}");
        assert_eq!((failed.scope, failed.waiting_helps, failed.responder), (alone.scope, alone.waiting_helps, alone.responder));
        assert_eq!(failed.retry_after.and_then(|said| said.delay_ms), Some(9_000), "{saved}");
        assert_eq!((alone.cause, failed.evidence[0].what.as_str()), (refused_by, FAILED), "{saved}");
        assert!(failed.evidence[1].what.ends_with(refused_by.word()), "{:?}", failed.evidence);
        assert_eq!(failed.evidence.len(), alone.evidence.len() + 2);
    }
}

#[test]
fn what_refuses_nothing_leaves_the_failure_its_own_cause() {
    for saved in [
        "HTTP/1.1 200 OK\r\n\r\n<html>",
        "HTTP/1.1 200 OK\r\nServer: cloudflare\r\n\r\n<title>Just a moment...</title> _cf_chl_opt",
        "HTTP/1.1 302 Found\r\nLocation: /\r\n\r\n",
        "HTTP/1.1 404 Not Found\r\nContent-Encoding: gzip\r\n\r\n",
        "HTTP/1.1 101 Switching Protocols\r\ncf-mitigated: challenge\r\n\r\n",
        "HTTP/1.1 103 Early Hints\r\n\r\n",
    ] {
        for cause in [Cause::Reset, Cause::Decode, Cause::TooLarge, Cause::Protocol] {
            let diagnosis = diagnose_failed(saved, cause);
            assert_eq!((diagnosis.cause, diagnosis.confidence), (cause, 1.0), "{saved}");
            assert_eq!((diagnosis.evidence[0].what.as_str(), diagnosis.evidence[0].weight), (FAILED, 1.0), "{saved}");
        }
    }
    let raw = RawResponse::parse(b"HTTP/1.1 503 No\r\n\r\n").expect("a response");
    let fields = raw.borrowed_fields();
    let failure = Some(Failure { cause: Cause::Dns, detail: FAILED, is_lasting: true });
    let exchange = Exchange { failure, response: None, ..raw.exchange(&fields, WallTime(0)) };
    assert_eq!(Knowledge::builtin().diagnose(&exchange, &History::default()).cause, Cause::Dns);
}

#[test]
fn a_failure_beside_a_page_is_the_answer_and_the_retry_after_is_still_read() {
    let knowledge = Knowledge::builtin();
    let raw = RawResponse::parse(b"HTTP/1.1 200 OK\r\nRetry-After: 7\r\n\r\n<html>").expect("a response");
    let fields = raw.borrowed_fields();
    for (cause, responder) in [(Cause::Reset, Responder::Nobody), (Cause::AddressRefused, Responder::Local)] {
        let failure = Some(Failure { cause, detail: "it broke off after 6 bytes", is_lasting: false });
        let diagnosis = knowledge.diagnose(&Exchange { failure, ..raw.exchange(&fields, WallTime(0)) }, &History::default());
        assert_eq!((diagnosis.cause, diagnosis.responder, diagnosis.confidence), (cause, responder, 1.0));
        assert_eq!(diagnosis.retry_after.and_then(|said| said.delay_ms), Some(7_000));
        assert_eq!(diagnosis.evidence[0].what, "it broke off after 6 bytes");
    }
}

#[test]
fn retry_after_of_a_page_is_kept_though_nothing_failed() {
    let diagnosis = diagnose("HTTP/1.1 200 OK\r\nRetry-After: 30\r\n\r\n");
    assert_eq!((diagnosis.cause, diagnosis.retry_after.and_then(|said| said.delay_ms)), (Cause::None, Some(30_000)));
}

#[test]
fn a_vendor_in_front_is_context_and_never_a_cause() {
    let page = "HTTP/1.1 200 OK\r\nServer: cloudflare\r\ncf-ray: 1-A\r\n\r\n<title>Just a moment...</title> _cf_chl_opt";
    assert_eq!(diagnose(page).cause, Cause::None);
    let missing = diagnose("HTTP/1.1 404 Not Found\r\nServer: cloudflare\r\ncf-ray: 1-A\r\n\r\n<h1>404</h1>");
    assert_eq!((missing.cause, missing.product), (Cause::None, None));
    assert!(missing.evidence.iter().any(|fact| fact.what.contains("Cloudflare stands in front") && fact.weight == 0.0));
}

#[test]
fn a_challenge_on_429_is_no_rate_limit() {
    let diagnosis = diagnose("HTTP/1.1 429 Too Many Requests\r\ncf-mitigated: challenge\r\nRetry-After: 3\r\n\r\n");
    assert_eq!((diagnosis.cause, diagnosis.remedy, diagnosis.scope), (Cause::BotChallenge, Remedy::Park, Scope::Host));
    assert_eq!((diagnosis.responder, diagnosis.waiting_helps), (Responder::Edge, Some(false)));
}

#[test]
fn a_long_article_that_quotes_a_refusal_is_a_page() {
    let quote = "rate limit exceeded, scheduled maintenance, server is overloaded, quota exceeded";
    let article = format!("HTTP/1.1 503 No\r\n\r\n<p>{quote}</p>{}", "words ".repeat(4_000));
    assert_eq!(diagnose(&article).cause, Cause::Unknown);
}

#[test]
fn a_sentence_that_names_two_causes_names_none() {
    for sentence in [
        "The server is temporarily unable to service your request due to maintenance downtime or capacity problems.",
        "The server is currently unable to handle the request due to a temporary overload or scheduled maintenance.",
    ] {
        let diagnosis = diagnose(&format!("HTTP/1.1 503 Service Unavailable\r\n\r\n<p>{sentence}</p>"));
        assert_eq!((diagnosis.cause, diagnosis.waiting_helps), (Cause::Unknown, None), "{sentence}");
        assert!(diagnosis.confidence < 0.5, "{sentence}");
    }
}

#[test]
fn a_challenge_that_says_accepted_is_no_page() {
    let diagnosis = diagnose("HTTP/1.1 202 Accepted\r\nx-amzn-waf-action: challenge\r\n\r\n");
    assert_eq!((diagnosis.cause, diagnosis.remedy), (Cause::BotChallenge, Remedy::Park));
}

#[test]
fn a_named_cause_beats_a_page_that_names_none() {
    let page = "<html>\r\n<head><title>503 Service Temporarily Unavailable</title></head>\r\n<body>\r\n<center><h1>503 Service \
                Temporarily Unavailable</h1></center>\r\n<hr><center>nginx</center>\r\n</body>\r\n</html>\r\n";
    let bare = diagnose(&format!("HTTP/1.1 503 Service Temporarily Unavailable\r\n\r\n{page}"));
    assert_eq!((bare.cause, bare.scope, bare.waiting_helps), (Cause::Unknown, Scope::Host, None));
    assert_eq!((bare.product.as_deref(), bare.responder), (Some("nginx"), Responder::Proxy));
    let limited = diagnose(&format!("HTTP/1.1 503 Service Temporarily Unavailable\r\nX-RateLimit-Remaining: 0\r\n\r\n{page}"));
    assert_eq!((limited.cause, limited.product.as_deref()), (Cause::RateLimit, Some("nginx")));
}

#[test]
fn constants_of_a_recognised_product_are_boilerplate_and_others_are_not() {
    let body = "{\"code\":\"wp_die\",\"message\":\"Briefly unavailable for scheduled maintenance. Check back in a minute.\"}";
    let wordpress = diagnose(&format!("HTTP/1.1 503 Service Unavailable\r\nRetry-After: 600\r\n\r\n{body}"));
    assert_eq!(wordpress.retry_after.map(|said| said.kind), Some(RetryAfterKind::Boilerplate));
    assert_eq!(wordpress.retry_after.and_then(|said| said.delay_ms), Some(600_000));
    let other = diagnose("HTTP/1.1 503 Service Unavailable\r\nRetry-After: 600\r\n\r\nlater");
    assert_eq!(other.retry_after.map(|said| said.kind), Some(RetryAfterKind::Seconds));
}

#[test]
fn history_is_context_for_what_is_unknown() {
    let raw = RawResponse::parse(b"HTTP/1.1 503 Service Unavailable\r\n\r\n").expect("a response");
    let fields = raw.borrowed_fields();
    let mut history = History::default();
    for (url, cause) in [(1, Cause::None), (2, Cause::Unknown)] {
        history.record(PastAttempt { ended_at: Monotonic(url), url, status: Some(200), cause, elapsed_ms: 1, concurrency: 1 });
    }
    let diagnosis = Knowledge::builtin().diagnose(&raw.exchange(&fields, WallTime(0)), &history);
    assert!(diagnosis.evidence.iter().any(|fact| fact.what == "of this host's last 2 answers 1 were accepted"));
}

#[test]
fn evidence_is_heaviest_first() {
    let diagnosis =
        diagnose("HTTP/1.1 503 No\r\nX-RateLimit-Remaining: 0\r\nServer: nginx\r\n\r\nscheduled maintenance, rate limited");
    assert!(diagnosis.evidence.windows(2).all(|pair| pair[0].weight.abs() >= pair[1].weight.abs()));
    assert!(diagnosis.evidence.iter().any(|fact| fact.weight < 0.0), "the rival cause weighs against");
}
