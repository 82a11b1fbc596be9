//! How a host is treated, as its server sees it: one request first, never more at once than is allowed, a gap where one is asked for.

use std::sync::mpsc::sync_channel;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use crate::account::assert_all;
use crate::origin::{Answer, Asked, Origin, absent, answer, origin_of_pages, page};
use crate::program::Bench;

/// How long each answer takes, so that requests can overlap.
const LATENCY: Duration = Duration::from_millis(20);

/// How many requests were under way at once, host by host and in all, at each request's arrival.
#[derive(Default)]
struct Gauge {
    now: Vec<usize>,
    /// For each page: its host, how many of that host were under way with it, and how many of all.
    seen: Vec<(usize, usize, usize)>,
}

/// An origin that takes its time, with the gauge of what was under way.
fn slow_origin(hosts: u8) -> (Origin, Arc<Mutex<Gauge>>) {
    let gauge = Arc::new(Mutex::new(Gauge { now: vec![0; usize::from(hosts)], seen: Vec::new() }));
    let counts = Arc::clone(&gauge);
    let origin = Origin::start_hosts(hosts, move |asked| {
        if !asked.is_page() {
            return absent();
        }
        {
            let mut gauge = counts.lock().unwrap();
            gauge.now[asked.host] += 1;
            let (here, all) = (gauge.now[asked.host], gauge.now.iter().sum());
            gauge.seen.push((asked.host, here, all));
        }
        // Nobody sends: this is the time that a server takes for its work.
        let (_sender, never) = sync_channel::<()>(1);
        assert!(never.recv_timeout(LATENCY).is_err());
        counts.lock().unwrap().now[asked.host] -= 1;
        page(asked)
    });
    (origin, gauge)
}

#[test]
fn host_is_asked_once_first_and_by_sixteen_at_most() {
    let (origin, gauge) = slow_origin(1);
    let (ended, rows) = Bench::new().fetch(origin.urls(300), "");
    assert_eq!(ended.code, Some(0), "{ended:?}");
    assert_all(&rows, 300, "fetched/none");
    let seen = &gauge.lock().unwrap().seen;
    let overlaps: Vec<usize> = seen.iter().map(|(_, here, _)| *here).collect();
    assert_eq!(overlaps[0], 1, "the first page is asked alone");
    assert!(overlaps[1] <= 2, "slow start: {overlaps:?}");
    let most = *overlaps.iter().max().unwrap();
    assert!((4..=16).contains(&most), "{most} at once: {overlaps:?}");
}

#[test]
fn limits_on_requests_at_once_are_kept() {
    let (origin, gauge) = slow_origin(6);
    let urls: Vec<String> = (0..300).map(|number| origin.url_of(number % 6, &format!("/{number}"))).collect();
    let (ended, rows) = Bench::new().fetch(urls, "--per-host 3 --concurrency 10");
    assert_eq!(ended.code, Some(0), "{ended:?}");
    assert_all(&rows, 300, "fetched/none");
    let seen = &gauge.lock().unwrap().seen;
    assert!(seen.iter().all(|(_, here, all)| *here <= 3 && *all <= 10), "{seen:?}");
    assert!(seen.iter().any(|(_, here, _)| *here == 3) && seen.iter().any(|(_, _, all)| *all >= 6), "{seen:?}");
}

#[track_caller]
fn assert_gaps(origin: &Origin, least: Duration) {
    let asked = origin.pages();
    for pair in asked.windows(2) {
        assert!(pair[1].at >= pair[0].at + least, "a gap of {:?}", pair[1].at - pair[0].at);
    }
}

#[test]
fn delay_is_kept_between_any_two_pages() {
    let origin = origin_of_pages(page);
    let (ended, _) = Bench::new().fetch(origin.urls(12), "--delay 200ms");
    assert_eq!(ended.code, Some(0), "{ended:?}");
    assert_gaps(&origin, Duration::from_millis(150));
}

#[test]
fn crawl_delay_of_the_rules_for_robots_is_kept() {
    let origin = Origin::start(|asked| match asked.is_page() {
        true => page(asked),
        false => Answer::Keep(answer("200 OK", "", "User-agent: *\nCrawl-delay: 0.5\n")),
    });
    let (ended, rows) = Bench::new().fetch(origin.urls(6), "");
    assert_eq!(ended.code, Some(0), "{ended:?}");
    assert_all(&rows, 6, "fetched/none");
    assert_gaps(&origin, Duration::from_millis(450));
}

#[test]
fn request_says_who_asks_and_pretends_nothing() {
    let origin = origin_of_pages(page);
    let options = "--contact bot@example.org --header X-Ours:1";
    let (ended, _) = Bench::new().fetch(origin.urls(1), options);
    assert_eq!(ended.code, Some(0), "{ended:?}");
    for Asked { head, .. } in origin.asked() {
        let head = String::from_utf8(head).unwrap().to_ascii_lowercase();
        let agent = head.lines().find(|line| line.starts_with("user-agent:")).unwrap();
        assert!(agent.contains("comeback/") && agent.contains("bot@example.org") && !agent.contains("mozilla"), "{agent}");
    }
    let page_head = String::from_utf8(origin.pages()[0].head.clone()).unwrap().to_ascii_lowercase();
    assert!(page_head.contains("\r\nx-ours: 1\r\n"), "{page_head}");
}

#[test]
fn many_hosts_are_asked_side_by_side() {
    let origin = Origin::start_hosts(120, |asked| if asked.is_page() { page(asked) } else { absent() });
    let urls: Vec<String> = (0..1200).map(|number| origin.url_of(number % 120, &format!("/{number}"))).collect();
    let (ended, rows) = Bench::new().fetch(urls, "--delay 50ms");
    assert_eq!(ended.code, Some(0), "{ended:?}");
    assert_all(&rows, 1200, "fetched/none");
    assert_eq!(origin.count("/robots.txt"), 120);
    // Each host was asked by turns with the others, not one after another.
    let first_of_last = (0..120).map(|host| origin.pages().iter().position(|asked| asked.host == host).unwrap()).max().unwrap();
    assert!(first_of_last < 600, "a host waited for {first_of_last} pages of others");
}

#[test]
fn an_announced_limit_is_kept_without_a_single_refusal() {
    const ALLOWED: usize = 10;
    const WINDOW: Duration = Duration::from_secs(2);
    let window: Mutex<(Duration, usize)> = Mutex::default();
    let origin = origin_of_pages(move |asked| {
        let mut window = window.lock().unwrap();
        if window.1 == 0 || asked.at >= window.0 + WINDOW {
            *window = (asked.at, 0);
        }
        let reset_s = (window.0 + WINDOW).saturating_sub(asked.at).as_secs_f64().ceil();
        if window.1 == ALLOWED {
            return Answer::Keep(answer("429 Too Many Requests", &format!("Retry-After: {reset_s}\r\n"), ""));
        }
        window.1 += 1;
        let left = ALLOWED - window.1;
        let fields = format!("RateLimit-Limit: {ALLOWED}\r\nRateLimit-Remaining: {left}\r\nRateLimit-Reset: {reset_s}\r\n");
        Answer::Keep(answer("200 OK", &fields, "page"))
    });
    let bench = Bench::new();
    let (ended, rows) = bench.fetch(origin.urls(35), "");
    assert_eq!(ended.code, Some(0), "{ended:?}");
    assert_all(&rows, 35, "fetched/none");
    assert_eq!(origin.pages().len(), 35, "no page is refused, so none is asked twice");
}
