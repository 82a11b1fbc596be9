//! The maintenance that DESIGN promises to get through: 503 with Retry-After 5 for six seconds, on a host of a hundred URLs.

use std::sync::OnceLock;
use std::time::Duration;

use crate::account::assert_all;
use crate::origin::{Answer, Asked, Origin, absent, answer, page};
use crate::program::Bench;

const MAINTENANCE: Duration = Duration::from_secs(6);
const RETRY_AFTER: Duration = Duration::from_secs(5);
/// How far two clocks may be apart.
const GRACE: Duration = Duration::from_millis(50);

/// An origin in maintenance since its first request; robots.txt too, or absent.
fn origin_in_maintenance(robots_too: bool) -> Origin {
    let since = OnceLock::new();
    Origin::start(move |asked| {
        let is_over = asked.at >= *since.get_or_init(|| asked.at) + MAINTENANCE;
        match (is_over, asked.is_page()) {
            (false, true) => Answer::Keep(answer("503 Service Unavailable", "Retry-After: 5\r\n", "")),
            (false, false) if robots_too => Answer::Keep(answer("503 Service Unavailable", "Retry-After: 5\r\n", "")),
            (_, false) => absent(),
            (true, true) => page(asked),
        }
    })
}

/// No request came within the time that an earlier refusal had stated.
#[track_caller]
fn assert_no_request_in_a_hold(asked: &[Asked], is_refused: impl Fn(&Asked) -> bool) {
    for (number, refused) in asked.iter().enumerate().filter(|(_, asked)| is_refused(asked)) {
        for later in &asked[number + 1..] {
            assert!(later.at + GRACE >= refused.at + RETRY_AFTER, "{later:?} came in the hold of {refused:?}");
        }
    }
}

#[test]
fn maintenance_costs_two_requests_and_no_page() {
    let origin = origin_in_maintenance(false);
    let bench = Bench::new();
    let (ended, rows) = bench.fetch(origin.urls(100), "");
    assert_eq!(ended.code, Some(0), "{ended:?}");
    assert_all(&rows, 100, "fetched/none");
    let (asked, pages) = (origin.asked(), origin.pages());
    assert_eq!(pages.len(), 102, "one canary, one probe, a hundred pages");
    assert_eq!(asked.len(), 103, "and robots.txt once");
    let begun = asked[0].at;
    assert_no_request_in_a_hold(&asked, |asked| asked.is_page() && asked.at < begun + MAINTENANCE);
    assert!(rows.iter().all(|row| row.attempts <= 1), "the host's trouble is charged to no URL");
}

#[test]
fn maintenance_of_robots_rules_costs_no_page_request() {
    let origin = origin_in_maintenance(true);
    let bench = Bench::new();
    let (ended, rows) = bench.fetch(origin.urls(100), "");
    assert_eq!(ended.code, Some(0), "{ended:?}");
    assert_all(&rows, 100, "fetched/none");
    let asked = origin.asked();
    assert_eq!(origin.pages().len(), 100, "the rules for robots were the canary and the probe");
    assert_eq!(origin.count("/robots.txt"), 3);
    let begun = asked[0].at;
    assert_no_request_in_a_hold(&asked, |asked| asked.at < begun + MAINTENANCE);
    assert!(!asked[3..].is_empty() && asked[3].is_page() && asked[4].at > asked[3].at, "the first page is asked alone");
}
