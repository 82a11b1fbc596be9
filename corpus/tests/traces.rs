//! Limiter, queueing overload and abandoned work are told apart within 30 answers of real runs.

use std::path::Path;

use comeback_diagnosis::history::History;
use comeback_diagnosis::pattern::Pattern;
use corpus::trace::Trace;

/// How many answers are enough.
const ANSWERS_MAX: usize = 30;

fn traces() -> Vec<Trace> {
    Trace::read_all(Path::new(concat!(env!("CARGO_MANIFEST_DIR"), "/traces"))).expect("the traces are readable")
}

/// The patterns seen after each answer.
fn seen(trace: &Trace) -> Vec<Option<Pattern>> {
    let mut history = History::default();
    let step = |attempt| {
        history.record(attempt);
        history.pattern()
    };
    trace.attempts.iter().copied().map(step).collect()
}

/// What each server's runs show once it is asked too fast; at 3 requests a second all are at ease.
const EXPECTED: [(&str, Pattern); 4] = [
    ("nginx-limit_req", Pattern::RateLimit),
    ("haproxy-queue_single_worker", Pattern::QueueingOverload),
    ("nginx_504-single_worker", Pattern::AbandonedWork),
    ("uvicorn-limit_concurrency", Pattern::LimitOrShedding),
];

fn expected(name: &str) -> Option<Pattern> {
    let (server, rate) = name.rsplit_once('-').expect("a name ends with its rate");
    let (_, pattern) = EXPECTED.into_iter().find(|(other, _)| *other == server).expect("every server has a pattern");
    (rate != "3rps").then_some(pattern)
}

#[test]
fn limiter_queue_and_abandoned_work_are_told_apart_within_30_answers() {
    for trace in traces() {
        let seen = seen(&trace);
        assert_eq!(seen[ANSWERS_MAX - 1], expected(&trace.name), "{}", trace.name);
    }
}

#[test]
fn a_pattern_is_never_taken_for_another_cause() {
    for trace in traces() {
        let expected = expected(&trace.name).and_then(Pattern::cause).map(|(cause, _)| cause);
        for (place, pattern) in seen(&trace).into_iter().enumerate() {
            let cause = pattern.and_then(Pattern::cause).map(|(cause, _)| cause);
            assert!(cause.is_none() || cause == expected, "{} after {} answers: {pattern:?}", trace.name, place + 1);
        }
    }
}
