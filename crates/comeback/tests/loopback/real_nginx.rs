//! Against a real nginx: its rate limit, its own refusals, and the servers behind it that are dead or slow.

use std::path::Path;

use serde_json::Value;

use crate::account::{Row, assert_all, tally};
use crate::nginx::{Served, nginx, served};
use crate::origin::{Answer, origin_of_pages};
use crate::program::Bench;
use crate::server_process::{ServerProcess, free_port};
use crate::wire;

/// No host that stays silent is asked more often in a few seconds.
const PROBES_MAX: usize = 6;

/// What `explain` says of an answer, from its bytes alone.
pub(crate) fn explained(bench: &Bench, raw: &[u8]) -> Value {
    bench.write("answer.http", raw);
    let ended = bench.run("explain --json answer.http");
    assert_eq!(ended.code, Some(0), "{ended:?}");
    serde_json::from_str(ended.stdout.trim()).unwrap()
}

/// The cause of a row is what `explain` says of the same bytes; only where they can't tell may the host's history say more.
#[track_caller]
pub(crate) fn assert_cause_is_of_bytes(bench: &Bench, rows: &[Row], raw: &[u8]) {
    let explanation = explained(bench, raw);
    let cause = explanation["cause"].as_str().unwrap();
    for row in rows {
        let by_history = ["unknown", "overload", "maintenance", "rate_limit", "upstream_down"];
        let fits = row.cause == cause || (cause == "unknown" && by_history.contains(&row.cause.as_str()));
        assert!(fits, "the row says {}, explain says {explanation}", row.cause);
    }
}

/// Fetches from a host that never recovers, and returns its rows.
fn fetch_in_vain(bench: &Bench, server: &ServerProcess, patience: &str) -> Vec<Row> {
    let (ended, rows) = bench.fetch(server.urls(8), &format!("--patience {patience}"));
    assert_eq!(ended.code, Some(1), "{ended:?}");
    assert_eq!(rows.len(), 8);
    rows
}

/// Every page request is in a row's account, and they are few.
#[track_caller]
fn assert_counted(rows: &[Row], served: &[Served]) {
    let counted: u32 = rows.iter().map(|row| row.requests).sum();
    assert_eq!(counted as usize, served.len(), "{served:#?}");
    assert!(served.len() <= PROBES_MAX, "{served:#?}");
}

#[test]
fn rate_limit_costs_refusals_but_no_page() {
    let server = nginx("limit_req_zone $server_port zone=pages:1m rate=20r/s;", "location / { limit_req zone=pages burst=5; }");
    for number in 0..60 {
        std::fs::write(server.folder().join("pages").join(number.to_string()), "a page\n").unwrap();
    }
    let bench = Bench::new();
    let (ended, rows) = bench.fetch(server.urls(60), "");
    assert_eq!(ended.code, Some(0), "{ended:?}");
    assert_all(&rows, 60, "fetched/none");
    let served = served(server.folder());
    let refused = served.iter().filter(|served| served.status == 503).count();
    let counted: u32 = rows.iter().map(|row| row.requests).sum();
    assert_eq!(counted as usize, served.len(), "each request is in its row's account");
    assert!(refused >= 1, "16 at once are more than a burst of 5 allows: the limit was never met");
    assert!(refused <= 60, "{refused} refusals for 60 pages");
}

#[test]
fn bare_503_is_given_up_when_patience_is_spent() {
    let server = nginx("", "location / { return 503; }");
    let bench = Bench::new();
    let rows = fetch_in_vain(&bench, &server, "3s");
    assert!(rows.iter().all(|row| row.outcome == "failed"), "{rows:#?}");
    assert_cause_is_of_bytes(&bench, &rows, &wire::ask(server.address(), "/0"));
    // The bare socket asked once too.
    let served = served(server.folder());
    assert_counted(&rows, &served[..served.len() - 1]);
}

#[test]
fn stated_wait_of_a_503_is_kept() {
    let server = nginx("", "location / { add_header Retry-After 2 always; return 503; }");
    let bench = Bench::new();
    let rows = fetch_in_vain(&bench, &server, "5s");
    let served = served(server.folder());
    for pair in served.windows(2) {
        assert!(pair[1].at - pair[0].at >= 1.95, "asked within the stated 2 seconds: {served:#?}");
    }
    assert!(served.len() >= 2, "{served:#?}");
    assert_counted(&rows, &served);
    assert_cause_is_of_bytes(&bench, &rows, &wire::ask(server.address(), "/0"));
}

#[test]
fn dead_upstream_is_named() {
    let server = nginx("", &format!("location / {{ proxy_pass http://127.0.0.1:{}; }}", free_port()));
    let bench = Bench::new();
    let rows = fetch_in_vain(&bench, &server, "3s");
    assert_all(&rows, 8, "failed/upstream_down");
    assert!(rows.iter().all(|row| row.requests == 0 || row.status == Some(502)), "{rows:#?}");
    assert_cause_is_of_bytes(&bench, &rows, &wire::ask(server.address(), "/0"));
}

#[test]
fn slow_upstream_is_named() {
    let slow = origin_of_pages(|_| Answer::Stall(Vec::new()));
    let upstream = format!("location / {{ proxy_read_timeout 200ms; proxy_pass http://{}; }}", slow.address(0));
    let server = nginx("", &upstream);
    let bench = Bench::new();
    let rows = fetch_in_vain(&bench, &server, "3s");
    assert_all(&rows, 8, "failed/upstream_timeout");
    assert!(rows.iter().all(|row| row.requests == 0 || row.status == Some(504)), "{rows:#?}");
    assert_cause_is_of_bytes(&bench, &rows, &wire::ask(server.address(), "/0"));
}

#[test]
fn trouble_of_one_host_leaves_the_others_alone() {
    let ill = nginx("", "location / { return 503; }");
    let well = nginx("", "location / { return 200 'a page'; }");
    let bench = Bench::new();
    let (ended, rows) = bench.fetch(ill.urls(20).into_iter().chain(well.urls(20)), "--patience 3s");
    assert_eq!(ended.code, Some(1), "{ended:?}");
    assert_eq!(tally(&rows)["fetched/none"], 20);
    assert_eq!(served(well.folder()).len(), 20);
    assert!(last_served(well.folder()) < last_served(ill.folder()), "a host that is well waited for one that is ill");
}

fn last_served(folder: &Path) -> f64 {
    served(folder).last().unwrap().at
}
