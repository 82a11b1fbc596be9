//! Settled URLs that are put back: asked again as they were listed, once each, and never sooner than their server allows.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use serde_json::Value;

use crate::account::{assert_all, assert_each_once};
use crate::origin::{Answer, Asked, Origin, absent, answer, page};
use crate::program::Bench;
use crate::records;

/// Three hosts: the first is well, the second refuses until it is mended, the third asks to come back tomorrow.
fn origin(is_mended: &Arc<AtomicBool>) -> Origin {
    let is_mended = Arc::clone(is_mended);
    Origin::start_hosts(3, move |asked: &Asked| match (asked.is_page(), asked.host) {
        (false, _) => absent(),
        (true, 1) if !is_mended.load(Ordering::SeqCst) => Answer::Keep(answer("500 Internal Server Error", "", "")),
        (true, 2) => Answer::Keep(answer("503 Service Unavailable", "Retry-After: 86400\r\n", "")),
        (true, _) => page(asked),
    })
}

fn counts(bench: &Bench) -> Value {
    let status = bench.run("status job --json");
    serde_json::from_str::<Value>(&status.stdout).unwrap()["urls"].clone()
}

#[test]
fn redriven_urls_are_asked_again_as_they_were_listed() {
    let is_mended = Arc::default();
    let origin = origin(&is_mended);
    let line = |host: usize, number: usize| {
        let url = origin.url_of(host, &format!("/{number}"));
        serde_json::json!({ "url": url, "method": "PUT", "body": format!("body {number}"), "meta": { "n": number } }).to_string()
    };
    let lines: Vec<String> =
        (0..600).map(|number| line(number % 2, number)).chain((0..5).map(|number| line(2, number))).collect();
    let bench = Bench::new();
    bench.write("urls.jsonl", lines.join("\n"));
    let ended = bench.run("fetch urls.jsonl -o job --patience 1s");
    assert_eq!(ended.code, Some(1), "{ended:?}");
    let before = bench.rows("job");
    assert_eq!(before.iter().filter(|row| row.outcome == "failed" && row.cause == "server_error").count(), 300, "{ended:?}");

    is_mended.store(true, Ordering::SeqCst);
    let asked_before = origin.pages().len();
    let redriven = bench.run("redrive job --cause server_error --cause maintenance");
    assert_eq!(redriven.code, Some(0), "{redriven:?}");
    assert!(redriven.stdout.starts_with("300 URLs put back\n"), "{redriven:?}");
    assert!(redriven.stdout.ends_with("next: `comeback resume job` asks them\n"), "{redriven:?}");
    assert_eq!(origin.pages().len(), asked_before, "redrive asks nothing by itself");
    // Whoever looks in between sees that they are to be asked, and no row of theirs.
    assert_eq!((&counts(&bench)["queued"], &counts(&bench)["failed"]), (&300.into(), &0.into()));
    assert_eq!(bench.rows("job").len(), 305);

    let ended = bench.run("resume job");
    assert_eq!(ended.code, Some(1), "{ended:?}");
    let rows = bench.rows("job");
    assert_eq!(rows.iter().filter(|row| row.outcome == "fetched").count(), 600, "{ended:?}");
    let urls = lines.iter().map(|line| serde_json::from_str::<Value>(line).unwrap()["url"].as_str().unwrap().to_owned());
    assert_each_once(&rows, &urls.collect::<Vec<_>>());
    for asked in origin.pages().iter().skip(asked_before).filter(|asked| asked.host == 1) {
        assert_eq!(asked.method, "PUT");
        assert_eq!(asked.body, format!("body {}", &asked.target[1..]).into_bytes());
    }
    assert!(rows.iter().all(|row| row.meta["n"].is_number()));
    records::assert_valid(&bench.path("job"));
}

#[test]
fn redrive_asks_no_server_sooner_than_it_allows() {
    let origin = origin(&Arc::default());
    let bench = Bench::new();
    let (ended, rows) = bench.fetch((0..5).map(|number| origin.url_of(2, &format!("/{number}"))), "");
    assert_eq!(ended.code, Some(1), "{ended:?}");
    assert!(rows.iter().all(|row| row.outcome == "parked" && row.until.is_some()), "{rows:#?}");
    let asked = origin.asked().len();
    let redriven = bench.run("redrive job --outcome parked");
    let kept = "0 URLs put back\n5 URLs kept: the server said when to come back, and that is later\n";
    assert_eq!(redriven.stdout, kept, "{redriven:?}");
    let ended = bench.run("resume job");
    assert_eq!((ended.code, origin.asked().len()), (Some(1), asked), "{ended:?}");
}

#[test]
fn a_host_that_turned_robots_away_is_asked_anew() {
    let is_open = Arc::new(AtomicBool::new(false));
    let opens = Arc::clone(&is_open);
    let origin = Origin::start(move |asked| match (asked.is_page(), opens.load(Ordering::SeqCst)) {
        (false, _) => absent(),
        (true, true) => page(asked),
        (true, false) => Answer::Keep(answer("403 Forbidden", "Cf-Mitigated: challenge\r\nServer: cloudflare\r\n", "")),
    });
    let bench = Bench::new();
    let (ended, rows) = bench.fetch(origin.urls(300), "");
    assert_eq!(ended.code, Some(1), "{ended:?}");
    assert_all(&rows, 300, "parked/bot_challenge");
    // Permission was given; a person says so by putting the host's URLs back.
    is_open.store(true, Ordering::SeqCst);
    let host = origin.address(0).ip();
    let redriven = bench.run(&format!("redrive job --host {host}"));
    assert!(redriven.stdout.starts_with("300 URLs put back\n"), "{redriven:?}");
    let ended = bench.run("resume job");
    assert_eq!(ended.code, Some(0), "{ended:?}");
    assert_all(&bench.rows("job"), 300, "fetched/none");
}

#[test]
fn redrive_wants_to_be_told_what_to_put_back() {
    let origin = origin(&Arc::default());
    let bench = Bench::new();
    let (ended, _) = bench.fetch(origin.urls(2), "");
    assert_eq!(ended.code, Some(0), "{ended:?}");
    for (line, said) in [
        ("redrive job", "error: no filter says which URLs to put back\nhint: choose with"),
        (
            "redrive job --outcome fetched",
            "error: `fetched` is no outcome that can be put back\nhint: the known ones: failed, parked",
        ),
        ("redrive job --cause sloth", "error: `sloth` is no cause\n"),
        ("redrive nowhere --cause dns", "error: nowhere holds no job\n"),
    ] {
        let ended = bench.run(line);
        assert_eq!(ended.code, Some(2), "{line}: {ended:?}");
        assert!(ended.stderr.starts_with(said), "{line}: {ended:?}");
    }
    assert_eq!(bench.run("redrive job --outcome failed").stdout, "0 URLs put back\n");
}
