//! What attempts say together, where the traces of the corpus don't reach.

use comeback_diagnosis::cause::Cause;
use comeback_diagnosis::clock::{Monotonic, WallTime};
use comeback_diagnosis::history::{History, PastAttempt};
use comeback_diagnosis::knowledge::Knowledge;
use comeback_diagnosis::pattern::Pattern;
use comeback_diagnosis::raw_response::RawResponse;

/// One attempt a tenth of a second, alone, by a word for each: `+` accepted, `-` refused at once, `x` nobody there.
fn history(attempts: &str) -> History {
    let mut history = History::default();
    for (number, word) in (0..).zip(attempts.chars()) {
        let (status, cause) = match word {
            '+' => (Some(200), Cause::None),
            '-' => (Some(503), Cause::Unknown),
            _ => (None, Cause::ConnectRefused),
        };
        let ended_at = Monotonic(1_000 + number * 100);
        history.record(PastAttempt { ended_at, url: number, status, cause, elapsed_ms: 2, concurrency: 1 });
    }
    history
}

#[test]
fn few_answers_show_nothing() {
    for attempts in ["", "+", "-", "----", "+-+-+-+", "+++++++++++++++"] {
        assert_eq!(history(attempts).pattern(), None, "{attempts}");
    }
}

#[test]
fn what_is_let_through_by_a_clock_or_in_bunches_is_a_limit() {
    assert_eq!(history("+++++-+-+-+-+-+-").pattern(), Some(Pattern::RateLimit));
    assert_eq!(history("+++++-----+++++-----+++++-----").pattern(), Some(Pattern::RateLimit));
}

#[test]
fn failures_without_order_are_flapping() {
    assert_eq!(history("+-++--+-+++-+--++-++++-+-++--+").pattern(), Some(Pattern::Flapping));
}

#[test]
fn a_long_end_of_failures_is_an_outage() {
    assert_eq!(history("++++++++++--------").pattern(), Some(Pattern::Outage));
    assert_eq!(history("+++++++xxxxxxxxxx").pattern(), Some(Pattern::Outage));
}

#[test]
fn refusals_after_silence_are_a_boot() {
    assert_eq!(history("xxxx---").pattern(), Some(Pattern::Boot));
}

#[test]
fn one_url_that_fails_among_others_is_one_bad_path() {
    let mut history = History::default();
    for number in 0..20 {
        let is_bad = number % 3 == 0;
        history.record(PastAttempt {
            ended_at: Monotonic(number * 100),
            url: if is_bad { 7_777 } else { number },
            status: Some(if is_bad { 503 } else { 200 }),
            cause: if is_bad { Cause::Unknown } else { Cause::None },
            elapsed_ms: 5,
            concurrency: 2,
        });
    }
    assert_eq!(history.pattern(), Some(Pattern::BadPaths));
}

#[test]
fn history_names_the_cause_of_bytes_that_name_none_and_never_fails_a_page() {
    let knowledge = Knowledge::builtin();
    let limited = history("+++++-+-+-+-+-+-");
    let diagnose = |saved: &str| {
        let raw = RawResponse::parse(saved.as_bytes()).expect("a response");
        let fields = raw.borrowed_fields();
        knowledge.diagnose(&raw.exchange(&fields, WallTime(0)), &limited)
    };
    let bare = diagnose("HTTP/1.1 503 Service Unavailable\r\n\r\n");
    assert_eq!(bare.cause, Cause::RateLimit);
    assert!(bare.evidence.iter().any(|fact| fact.what == Pattern::RateLimit.says() && fact.weight > 0.8), "{:?}", bare.evidence);
    let maintenance = diagnose("HTTP/1.1 503 No\r\nContent-Type: text/html\r\n\r\n<title>Scheduled maintenance</title>");
    assert_eq!(maintenance.cause, Cause::Maintenance);
    assert!(maintenance.confidence < 0.7, "the history leaves doubt: {}", maintenance.confidence);
    assert_eq!(diagnose("HTTP/1.1 200 OK\r\n\r\n<p>A page</p>").cause, Cause::None);
}
