//! Refusals with and without a time, and those that turn robots away.

use std::sync::OnceLock;
use std::time::Duration;

use jiff::{SignedDuration, Timestamp};

use crate::account::{Row, assert_all, tally};
use crate::origin::{Answer, Asked, Origin, absent, answer, origin_of_pages, page};
use crate::program::Bench;

/// Our own first gap after a refusal that states no usable time is about a second; jitter takes a little of it.
const OWN_GAP_MIN: Duration = Duration::from_millis(500);

fn refusal(fields: &str) -> Answer {
    Answer::Keep(answer("503 Service Unavailable", fields, ""))
}

/// Asserts that one URL of a host was asked, once, and all the others not at all.
#[track_caller]
fn assert_asked_once(rows: &[Row], origin: &Origin) {
    assert_eq!(origin.pages().len(), 1, "{:#?}", origin.pages());
    assert_eq!(rows.iter().filter(|row| row.requests == 1).count(), 1, "{rows:#?}");
    assert_eq!(rows.iter().filter(|row| row.requests == 0).count(), rows.len() - 1, "{rows:#?}");
}

#[test]
fn wait_of_a_day_parks_the_host_after_one_request() {
    let origin = Origin::start_hosts(2, |asked| match (asked.is_page(), asked.host) {
        (false, _) => absent(),
        (true, 0) => refusal("Retry-After: 86400\r\n"),
        (true, _) => page(asked),
    });
    let urls: Vec<String> = (0..40).map(|number| origin.url_of(number % 2, &format!("/{number}"))).collect();
    let bench = Bench::new();
    let begun = Timestamp::now();
    let (ended, rows) = bench.fetch(&urls, "");
    assert_eq!(ended.code, Some(1), "{ended:?}");
    let (parked, fetched): (Vec<Row>, Vec<Row>) = rows.into_iter().partition(|row| row.outcome == "parked");
    assert_all(&fetched, 20, "fetched/none");
    assert_eq!(parked.len(), 20);
    assert_eq!(origin.pages().iter().filter(|asked| asked.host == 0).count(), 1);
    for row in &parked {
        let until = row.until.unwrap_or_else(|| panic!("parked without a time: {row:#?}"));
        let wait = until.duration_since(begun);
        assert!(wait >= SignedDuration::from_hours(24) && wait < SignedDuration::from_hours(25), "{row:#?}");
        assert!(row.requests <= 1 && row.cause != "robots_policy", "{row:#?}");
    }
}

#[test]
fn wait_of_a_day_on_a_429_parks_the_host_too() {
    let refusal = answer("429 Too Many Requests", "Retry-After: 86400\r\n", "");
    let origin = origin_of_pages(move |_| Answer::Keep(refusal.clone()));
    let bench = Bench::new();
    let (ended, rows) = bench.fetch(origin.urls(10), "");
    assert_eq!(ended.code, Some(1), "{ended:?}");
    assert_all(&rows, 10, "parked/rate_limit");
    assert_asked_once(&rows, &origin);
}

#[test]
fn unusable_wait_is_no_information() {
    const VALUES: [&str; 9] = ["0", "-1", "", "soon", "1e3", "P1D", "Wed, 21 Oct 2015 07:28:00 GMT", "\u{ff11}\u{ff10}", "1, 2"];
    let has_refused: [OnceLock<()>; VALUES.len()] = Default::default();
    let origin = Origin::start_hosts(9, move |asked| match (asked.is_page(), has_refused[asked.host].get()) {
        (false, _) => absent(),
        (true, None) => {
            has_refused[asked.host].set(()).unwrap();
            refusal(&format!("Retry-After: {}\r\n", VALUES[asked.host]))
        }
        (true, Some(())) => page(asked),
    });
    let urls: Vec<String> = (0..VALUES.len() * 5).map(|number| origin.url_of(number % 9, &format!("/{number}"))).collect();
    let bench = Bench::new();
    let (ended, rows) = bench.fetch(&urls, "");
    assert_eq!(ended.code, Some(0), "{ended:?}");
    assert_all(&rows, urls.len(), "fetched/none");
    for (host, value) in VALUES.into_iter().enumerate() {
        let pages: Vec<Asked> = origin.pages().into_iter().filter(|asked| asked.host == host).collect();
        assert_eq!(pages.len(), 6, "{value:?}");
        assert!(pages[1].at >= pages[0].at + OWN_GAP_MIN, "{value:?} was taken for `now`: {pages:#?}");
    }
}

#[test]
fn wait_beyond_all_measure_loses_no_url() {
    let origin = origin_of_pages(|_| refusal("Retry-After: 99999999999999999999999\r\n"));
    let bench = Bench::new();
    let (ended, rows) = bench.fetch(origin.urls(5), "--patience 2s");
    assert_eq!(ended.code, Some(1), "{ended:?}");
    assert!(rows.len() == 5 && rows.iter().all(|row| ["parked", "failed"].contains(&row.outcome.as_str())), "{rows:#?}");
    assert!(origin.pages().len() <= 4, "{:#?}", origin.pages());
}

#[test]
fn date_is_read_against_the_responses_own_clock() {
    // A server whose clock is years behind: 2 seconds, whatever our clock says.
    let fields = "Date: Wed, 21 Oct 2015 07:28:00 GMT\r\nRetry-After: Wed, 21 Oct 2015 07:28:02 GMT\r\n";
    let refused_once = OnceLock::new();
    let origin =
        origin_of_pages(
            move |asked: &Asked| {
                if refused_once.get_or_init(|| asked.number) == &asked.number { refusal(fields) } else { page(asked) }
            },
        );
    let bench = Bench::new();
    let (ended, rows) = bench.fetch(origin.urls(5), "");
    assert_eq!(ended.code, Some(0), "{ended:?}");
    assert_all(&rows, 5, "fetched/none");
    let pages = origin.pages();
    assert!(pages[1].at >= pages[0].at + Duration::from_millis(1_950), "{pages:#?}");
    assert_eq!(pages.len(), 6);
}

#[test]
fn challenge_parks_the_host_after_one_request() {
    let challenge =
        answer("403 Forbidden", "Server: cloudflare\r\ncf-mitigated: challenge\r\n", "<title>Just a moment...</title>");
    let origin = origin_of_pages(move |_| Answer::Keep(challenge.clone()));
    let bench = Bench::new();
    let (ended, rows) = bench.fetch(origin.urls(20), "");
    assert_eq!(ended.code, Some(1), "{ended:?}");
    assert_all(&rows, 20, "parked/bot_challenge");
    assert_asked_once(&rows, &origin);
    assert!(rows.iter().all(|row| row.until.is_none()), "{rows:#?}");
}

/// A refusal whose body broke off, is too large or is not what its coding says is acted on as a refusal; the cause is our own.
#[test]
fn refusals_with_a_failed_body_park_their_hosts_after_one_request() {
    const HOSTS: u8 = 5;
    let day = "Retry-After: 86400\r\n";
    let origin = Origin::start_hosts(HOSTS, move |asked| match (asked.is_page(), asked.host) {
        (false, _) => absent(),
        (true, 0) => Answer::Keep(answer("503 No", &format!("{day}Content-Encoding: gzip\r\n"), "no gzip at all")),
        (true, 1) => Answer::Endless(format!("HTTP/1.1 503 No\r\n{day}\r\n").into_bytes(), vec![b'x'; 1 << 16]),
        (true, 2) => Answer::Close(format!("HTTP/1.1 429 No\r\n{day}Content-Length: 9\r\n\r\nslo").into_bytes()),
        (true, 3) => Answer::Close(b"HTTP/1.1 403 No\r\ncf-mitigated: challenge\r\nContent-Length: 9\r\n\r\n<ti".to_vec()),
        (true, _) => Answer::Stall(b"HTTP/1.1 200 OK\r\ncf-mitigated: challenge\r\nContent-Length: 9\r\n\r\n<ti".to_vec()),
    });
    let count = usize::from(HOSTS);
    let urls: Vec<String> = (0..count * 5).map(|number| origin.url_of(number % count, &format!("/{number}"))).collect();
    let bench = Bench::new();
    let (ended, rows) = bench.fetch(&urls, "--timeout 1s --body-max 1MiB");
    assert_eq!(ended.code, Some(1), "{ended:?}");
    assert_eq!(origin.pages().len(), count, "{:#?}", origin.pages());
    let tally = tally(&rows);
    let causes = ["decode", "too_large", "reset", "read_timeout"].map(|cause| tally[format!("parked/{cause}").as_str()]);
    assert_eq!(causes, [5, 5, 10, 5], "{tally:?}");
}

#[test]
fn plain_403_is_a_final_answer() {
    let origin = origin_of_pages(|_| Answer::Keep(answer("403 Forbidden", "", "no\n")));
    let bench = Bench::new();
    let (ended, rows) = bench.fetch(origin.urls(5), "");
    assert_eq!(ended.code, Some(0), "{ended:?}");
    assert_all(&rows, 5, "answered/none");
    assert_eq!(origin.pages().len(), 5);
}

#[test]
fn failing_program_is_tried_a_few_times_and_named() {
    let origin = origin_of_pages(|_| Answer::Keep(answer("500 Internal Server Error", "", "")));
    let bench = Bench::new();
    let (ended, rows) = bench.fetch(origin.urls(5), "--patience 3s");
    assert_eq!(ended.code, Some(1), "{ended:?}");
    assert_all(&rows, 5, "failed/server_error");
    assert!(origin.pages().len() <= 10, "{}", origin.pages().len());
}

#[test]
fn hold_stated_with_a_page_is_kept_too() {
    let origin = origin_of_pages(|asked| {
        if asked.target == "/0" { Answer::Keep(answer("200 OK", "Retry-After: 2\r\n", "a page\n")) } else { page(asked) }
    });
    let bench = Bench::new();
    let (ended, rows) = bench.fetch(origin.urls(10), "--per-host 1");
    assert_eq!(ended.code, Some(0), "{ended:?}");
    assert_eq!(tally(&rows)["fetched/none"], 10);
    let pages = origin.pages();
    let stated = pages.iter().position(|asked| asked.target == "/0").unwrap();
    if let Some(next) = pages.get(stated + 1) {
        assert!(next.at >= pages[stated].at + Duration::from_millis(1_950), "{pages:#?}");
    }
}
