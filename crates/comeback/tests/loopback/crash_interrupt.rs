//! Ctrl-C: the first drains, commits and says how to go on; a second stops at once; neither loses anything.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use rustix::process::Signal;

use crate::account::{assert_all, assert_each_once};
use crate::origin::{Answer, Origin, absent, answer, origin_of_pages, page};
use crate::program::Bench;
use crate::records;

const URLS: usize = 400;

#[test]
fn first_interrupt_drains_commits_and_names_resume() {
    let origin = origin_of_pages(page);
    let urls = origin.urls(URLS);
    let bench = Bench::new();
    bench.list(&urls);
    let process = bench.start("fetch urls.txt -o job --delay 10ms");
    origin.wait_for(60);
    process.signal(Signal::INT);
    let ended = process.wait();
    assert_eq!(ended.code, Some(130), "{ended:?}");
    assert!(ended.stderr.contains("comeback resume"), "{ended:?}");
    let asked = origin.pages().len();
    assert!(asked < URLS, "the job was over before it was interrupted");
    assert_eq!(bench.rows("job").len(), asked, "each answer that came is committed");
    records::assert_valid(&bench.path("job"));
    let ended = bench.run("resume job");
    assert_eq!(ended.code, Some(0), "{ended:?}");
    assert_each_once(&bench.rows("job"), &urls);
    assert_eq!(origin.pages().len(), URLS, "nothing was asked twice");
}

#[test]
fn second_interrupt_stops_at_once_and_loses_nothing() {
    let is_slow = Arc::new(AtomicBool::new(true));
    let slow = Arc::clone(&is_slow);
    let origin = Origin::start_hosts(2, move |asked| match (asked.is_page(), asked.host) {
        (false, _) => absent(),
        (true, 1) if slow.load(Ordering::SeqCst) => Answer::Stall(b"HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\nslow".to_vec()),
        (true, _) => page(asked),
    });
    let mut urls: Vec<String> = origin.urls(URLS);
    urls.extend((0..4).map(|number| origin.url_of(1, &format!("/slow/{number}"))));
    let bench = Bench::new();
    bench.list(&urls);
    let process = bench.start("fetch urls.txt -o job --delay 10ms --timeout 60s");
    origin.wait_for(60);
    process.signal(Signal::INT);
    // The exchange that stalls keeps the first from ending; what it says shows that it was heard.
    assert!(process.says("at once"), "the first interrupt was not answered");
    process.signal(Signal::INT);
    let ended = process.wait();
    assert_eq!(ended.code, Some(130), "{ended:?}");
    is_slow.store(false, Ordering::SeqCst);
    let ended = bench.run("resume job");
    assert_eq!(ended.code, Some(0), "{ended:?}");
    let rows = bench.rows("job");
    assert_each_once(&rows, &urls);
    assert_all(&rows, URLS + 4, "fetched/none");
    records::assert_valid(&bench.path("job"));
}

#[test]
fn termination_is_answered_as_an_interrupt_is() {
    let origin = origin_of_pages(page);
    let urls = origin.urls(URLS);
    let bench = Bench::new();
    bench.list(&urls);
    let process = bench.start("fetch urls.txt -o job --delay 10ms");
    origin.wait_for(40);
    process.signal(Signal::TERM);
    let ended = process.wait();
    assert_eq!(ended.code, Some(130), "{ended:?}");
    assert_eq!(bench.rows("job").len(), origin.pages().len());
}

#[test]
fn deadline_stops_as_an_interrupt_does() {
    let origin = origin_of_pages(page);
    let urls = origin.urls(URLS);
    let bench = Bench::new();
    bench.list(&urls);
    let ended = bench.run("fetch urls.txt -o job --delay 10ms --deadline 1s");
    assert_eq!(ended.code, Some(130), "{ended:?}");
    assert!(ended.stderr.contains("comeback resume"), "{ended:?}");
    assert_eq!(bench.rows("job").len(), origin.pages().len());
}

#[test]
fn a_job_is_done_over_several_deadlines() {
    let origin = origin_of_pages(page);
    let urls = origin.urls(30);
    let bench = Bench::new();
    bench.list(&urls);
    bench.write("comeback.toml", "partitions = 1\n");
    let mut ended = bench.run("fetch urls.txt -o job --delay 50ms --deadline 500ms");
    let mut runs = 1;
    while ended.code == Some(130) && runs < 40 {
        ended = bench.run("resume job");
        runs += 1;
    }
    assert_eq!(ended.code, Some(0), "{ended:?}");
    assert!(runs > 1, "one deadline was enough");
    assert_each_once(&bench.rows("job"), &urls);
    assert_eq!(origin.pages().len(), urls.len(), "nothing was asked twice");
}

#[test]
fn a_deadline_does_not_wait_for_a_hold() {
    let hold = answer("503 Service Unavailable", "Retry-After: 3600\r\n", "");
    let origin = origin_of_pages(move |_| Answer::Keep(hold.clone()));
    let bench = Bench::new();
    bench.list(origin.urls(5));
    let ended = bench.run("fetch urls.txt -o job --patience 2h --deadline 1s");
    assert_eq!(ended.code, Some(130), "{ended:?}");
    let ended = bench.run("resume job");
    assert_eq!(ended.code, Some(130), "{ended:?}");
    assert_eq!(origin.pages().len(), 1, "the hold outlasts the deadline and the restart");
}
