//! What is known of hosts survives a kill: a hold still stands, a redirect is still followed once.

use std::sync::{Arc, Mutex, OnceLock};
use std::time::Duration;

use crate::account::{assert_all, assert_each_once};
use crate::origin::{Answer, Asked, Origin, absent, answer, origin_of_pages, page};
use crate::program::Bench;
use crate::records;

/// How often the status is asked for until it shows the hold; each is a process of its own.
const LOOKS_MAX: usize = 1_500;
/// How far two clocks may be apart.
const GRACE: Duration = Duration::from_millis(50);

#[test]
fn hold_survives_a_kill() {
    const RETRY_AFTER: Duration = Duration::from_secs(6);
    let origin = origin_of_pages(|asked| {
        if asked.number < 2 { Answer::Keep(answer("503 Service Unavailable", "Retry-After: 6\r\n", "")) } else { page(asked) }
    });
    let urls = origin.urls(20);
    let bench = Bench::new();
    bench.list(&urls);
    let process = bench.start("fetch urls.txt -o job");
    origin.wait_for(2);
    // What another process can read of the hold is committed.
    let is_shown = (0..LOOKS_MAX).any(|_| bench.run("status job --json").stdout.contains("\"until\":\"20"));
    process.kill();
    assert!(is_shown, "the hold was not committed");
    let ended = bench.run("resume job");
    assert_eq!(ended.code, Some(0), "{ended:?}");
    assert_each_once(&bench.rows("job"), &urls);
    let asked = origin.asked();
    let refused = origin.pages()[0].at;
    for later in asked.iter().filter(|asked| asked.at > refused) {
        assert!(later.at + GRACE >= refused + RETRY_AFTER, "{later:?} came in the hold of {refused:?}");
    }
    // One canary that was refused, one probe that was not, the rest: nothing was forgotten, nothing saved up.
    assert_eq!(origin.pages().len(), 21);
}

#[test]
fn kills_among_refusals_and_redirects_lose_nothing() {
    const HOSTS: usize = 4;
    let seen: Mutex<Vec<String>> = Mutex::default();
    let there: Arc<OnceLock<String>> = Arc::default();
    let target = Arc::clone(&there);
    let origin = Origin::start_hosts(4, move |asked: &Asked| {
        let is_first = {
            let mut seen = seen.lock().unwrap();
            let key = format!("{}{}", asked.host, asked.target);
            let is_first = !seen.contains(&key);
            seen.push(key);
            is_first
        };
        match (asked.is_page(), asked.host) {
            (false, _) => absent(),
            // A few pages are refused at first, by a host that is well otherwise.
            (true, 1) if is_first && asked.target.ends_with("57") => Answer::Keep(answer("503 Service Unavailable", "", "")),
            (true, 2) => {
                let fields = format!("Location: {}{}\r\n", target.get().unwrap(), asked.target);
                Answer::Keep(answer("302 Found", &fields, ""))
            }
            (true, 3) if is_first && asked.target.ends_with("75") => Answer::Close(Vec::new()),
            (true, _) => page(asked),
        }
    });
    there.set(origin.url_of(0, "")).unwrap();
    let urls: Vec<String> = (0..400).map(|number| origin.url_of(number % HOSTS, &format!("/page/{number}"))).collect();
    let bench = Bench::new();
    bench.list(&urls);
    for (round, requests) in [90, 150, 10, 170, 60].into_iter().enumerate() {
        let before = origin.asked().len();
        let is_begun = bench.path("job/job.toml").exists();
        let mut process = bench.start(if is_begun { "resume job" } else { "fetch urls.txt -o job --delay 10ms" });
        let seen = origin.reaches(before + requests, Duration::from_secs(8));
        if !seen && let Some(ended) = process.ended_within(Duration::ZERO) {
            assert_eq!(ended.code, Some(0), "round {round}: {ended:?}");
            break;
        }
        process.kill();
    }
    let ended = bench.run("resume job");
    assert_eq!(ended.code, Some(0), "{ended:?}");
    let rows = bench.rows("job");
    assert_each_once(&rows, &urls);
    assert_all(&rows, urls.len(), "fetched/none");
    records::assert_valid(&bench.path("job"));
}

#[test]
fn list_from_standard_input_survives_a_kill() {
    let origin = origin_of_pages(page);
    let urls = origin.urls(300);
    let bench = Bench::new();
    let input = bench.write("input", urls.iter().map(|url| format!("{{\"url\":\"{url}\"}}\n")).collect::<String>());
    let process = bench.start_with_input("fetch - -o job --delay 10ms", &input);
    origin.wait_for(120);
    process.kill();
    // The input is gone for good; the job has kept what it needs of it.
    std::fs::remove_file(input).unwrap();
    let ended = bench.run("resume job");
    assert_eq!(ended.code, Some(0), "{ended:?}");
    let rows = bench.rows("job");
    assert_each_once(&rows, &urls);
    assert_all(&rows, 300, "fetched/none");
}
