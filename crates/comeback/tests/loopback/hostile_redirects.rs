//! Redirects that have no end, or lead where nobody should go.

use crate::account::{Row, assert_all};
use crate::origin::{Answer, Asked, Origin, absent, answer, origin_of_pages, page};
use crate::program::Bench;

const QUICK: &str = "--timeout 1s --patience 2s";

fn to(location: &str) -> Answer {
    Answer::Keep(answer("302 Found", &format!("Location: {location}\r\n"), "elsewhere\n"))
}

/// Fetches `/from` of an origin, and returns its row.
#[track_caller]
fn fetch_from(origin: &Origin) -> Row {
    let bench = Bench::new();
    let (ended, rows) = bench.fetch([origin.url("/from")], QUICK);
    assert_eq!(rows.len(), 1, "{ended:?}");
    rows[0].clone()
}

#[track_caller]
fn assert_leads_nowhere(row: &Row, requests: u32) {
    assert_eq!((row.outcome.as_str(), row.cause.as_str()), ("failed", "redirect"), "{row:#?}");
    assert_eq!(row.requests, requests, "{row:#?}");
}

#[test]
fn loop_ends_with_its_cause() {
    let origin = origin_of_pages(|asked| to(if asked.target == "/from" { "/back" } else { "/from" }));
    let row = fetch_from(&origin);
    assert_eq!((row.outcome.as_str(), row.cause.as_str()), ("failed", "redirect"), "{row:#?}");
    assert!(origin.pages().len() <= 11, "{}", origin.pages().len());
}

#[test]
fn redirect_to_itself_ends_with_its_cause() {
    let origin = origin_of_pages(|_| to("/from"));
    let row = fetch_from(&origin);
    assert_eq!((row.outcome.as_str(), row.cause.as_str()), ("failed", "redirect"), "{row:#?}");
    assert!(origin.pages().len() <= 11, "{}", origin.pages().len());
}

/// `/from` leads over so many redirects to a page.
fn origin_of_chain(length: usize) -> Origin {
    origin_of_pages(move |asked: &Asked| {
        let step: usize = asked.target.trim_start_matches("/step/").parse().unwrap_or(0);
        if step < length { to(&format!("/step/{}", step + 1)) } else { page(asked) }
    })
}

#[test]
fn ten_redirects_are_followed_and_eleven_are_not() {
    let row = fetch_from(&origin_of_chain(10));
    assert_eq!((row.outcome.as_str(), row.requests), ("fetched", 11), "{row:#?}");
    assert_leads_nowhere(&fetch_from(&origin_of_chain(11)), 11);
}

#[test]
fn other_schemes_are_not_followed() {
    for location in ["file:///etc/passwd", "ftp://127.0.0.1/a", "gopher://127.0.0.1:70/1", "javascript:alert(1)", "data:,a"] {
        let origin = origin_of_pages(move |_| to(location));
        assert_leads_nowhere(&fetch_from(&origin), 1);
    }
}

#[test]
fn location_that_is_no_url_leads_nowhere() {
    for location in ["http://", "http://[::1", "http://a b/", "http://127.0.0.1:99999/", ""] {
        let origin = origin_of_pages(move |_| to(location));
        assert_leads_nowhere(&fetch_from(&origin), 1);
    }
}

#[test]
fn redirect_without_a_location_is_a_final_answer() {
    let row = fetch_from(&origin_of_pages(|_| Answer::Keep(answer("302 Found", "", "elsewhere\n"))));
    assert_eq!((row.outcome.as_str(), row.cause.as_str(), row.status), ("answered", "none", Some(302)), "{row:#?}");
}

#[test]
fn redirect_to_a_dead_host_ends_with_that_hosts_cause() {
    let gone = format!("http://127.0.0.2:{}/page", crate::server_process::free_port());
    let row = fetch_from(&origin_of_pages(move |_| to(&gone)));
    assert_eq!((row.outcome.as_str(), row.cause.as_str()), ("failed", "connect_refused"), "{row:#?}");
}

#[test]
fn redirect_to_another_host_asks_its_rules_for_robots_first() {
    let other = Origin::start_hosts(1, |asked| if asked.is_page() { page(asked) } else { absent() });
    let there = other.url("/page");
    let origin = origin_of_pages(move |_| to(&there));
    let bench = Bench::new();
    let (ended, rows) = bench.fetch(origin.urls(5), QUICK);
    assert_eq!(ended.code, Some(0), "{ended:?}");
    assert_all(&rows, 5, "fetched/none");
    assert_eq!(other.asked()[0].target, "/robots.txt");
    assert_eq!(other.count("/robots.txt"), 1);
    assert!(rows.iter().all(|row| row.requests == 2), "{rows:#?}");
}
