//! Reading a job while it runs, and going on with one that has ended.

use std::time::Duration;

use crate::account::{Row, assert_all, assert_each_once};
use crate::origin::{Answer, answer, origin_of_pages, page};
use crate::program::{Bench, files};
use crate::records::Record;

/// How often a parked job is woken until its time has come; each try is a process of its own.
const WAKES_MAX: usize = 2_000;

#[test]
fn outcomes_are_read_while_the_job_runs() {
    let origin = origin_of_pages(page);
    let urls = origin.urls(300);
    let bench = Bench::new();
    bench.list(&urls);
    let process = bench.start("fetch urls.txt -o job --delay 15ms");
    let mut seen: Vec<Row> = Vec::new();
    for requests in (20..300).step_by(20) {
        origin.wait_for(requests);
        let ended = bench.run("outcomes job --format jsonl");
        if ended.code == Some(0) {
            let rows = Row::of_lines(&ended.stdout);
            assert!(rows.len() >= seen.len(), "what was committed is gone");
            assert!(rows.len() <= origin.pages().len());
            seen = rows;
        }
        if seen.len() > 100 {
            break;
        }
    }
    assert!(!seen.is_empty(), "nothing was committed while 280 pages came");
    for row in &seen {
        // The capture of a committed row can be read at once.
        Record::response_of(&bench.path("job"), row);
    }
    let ended = process.wait();
    assert_eq!(ended.code, Some(0), "{ended:?}");
    let rows = bench.rows("job");
    assert_each_once(&rows, &urls);
    assert!(seen.iter().all(|row| rows.contains(row)), "a committed row was changed");
}

#[test]
fn finished_job_resumed_gives_its_account_and_code() {
    let origin = origin_of_pages(page);
    let bench = Bench::new();
    let (ended, rows) = bench.fetch(origin.urls(5), "");
    assert_eq!(ended.code, Some(0), "{ended:?}");
    let again = bench.run("resume job");
    assert_eq!(again.code, Some(0), "{again:?}");
    assert!(!again.stdout.trim().is_empty(), "the account is printed: {again:?}");
    assert_eq!(bench.rows("job"), rows);
    assert_eq!(origin.pages().len(), 5);
}

#[test]
fn failed_job_resumed_gives_its_code_again() {
    let origin = origin_of_pages(|_| Answer::Close(Vec::new()));
    let bench = Bench::new();
    let (ended, rows) = bench.fetch(origin.urls(2), "--patience 1s");
    assert_eq!(ended.code, Some(1), "{ended:?}");
    let before = origin.asked().len();
    let again = bench.run("resume job");
    assert_eq!(again.code, Some(1), "{again:?}");
    assert_eq!(bench.rows("job"), rows);
    assert_eq!(origin.asked().len(), before, "what is settled is not asked again");
}

#[test]
fn parked_urls_are_woken_when_their_time_has_come() {
    let origin = origin_of_pages(|asked| {
        if asked.at < Duration::from_secs(3) && asked.number < 2 {
            Answer::Keep(answer("503 Service Unavailable", "Retry-After: 4\r\n", ""))
        } else {
            page(asked)
        }
    });
    let urls = origin.urls(6);
    let bench = Bench::new();
    let (ended, rows) = bench.fetch(&urls, "--patience 1s");
    assert_eq!(ended.code, Some(1), "{ended:?}");
    assert!(rows.len() == 6 && rows.iter().all(|row| row.outcome == "parked" && row.until.is_some()), "{rows:#?}");
    let parked = origin.pages();
    assert_eq!(parked.len(), 1, "{parked:#?}");
    let mut last = None;
    for _ in 0..WAKES_MAX {
        let ended = bench.run("resume job");
        assert!(matches!(ended.code, Some(0 | 1)), "{ended:?}");
        last = ended.code;
        if last == Some(0) {
            break;
        }
    }
    assert_eq!(last, Some(0), "never woken");
    let rows = bench.rows("job");
    assert_each_once(&rows, &urls);
    assert_all(&rows, 6, "fetched/none");
    let pages = origin.pages();
    assert!(pages[1].at + Duration::from_millis(50) >= pages[0].at + Duration::from_secs(4), "woken early: {pages:#?}");
    assert_eq!(pages.len(), 7);
}

#[test]
fn page_is_extracted_as_it_was() {
    let origin = origin_of_pages(page);
    let bench = Bench::new();
    let (ended, rows) = bench.fetch(origin.urls(3), "");
    assert_eq!((ended.code, rows.len()), (Some(0), 3), "{ended:?}");
    let ended = bench.run(&format!("extract job {}", origin.url("/1")));
    assert_eq!((ended.code, ended.stdout.as_str()), (Some(0), "this is /1\n"), "{ended:?}");
    let absent = bench.run(&format!("extract job {}", origin.url("/nowhere")));
    assert!(absent.code != Some(0) && absent.stdout.is_empty(), "{absent:?}");
}

#[test]
fn page_is_extracted_from_any_compression() {
    let origin = origin_of_pages(page);
    for (compression, ending) in [("gzip", ".warc.gz"), ("zstd", ".warc.zst"), ("none", ".warc")] {
        let bench = Bench::new();
        let (ended, _) = bench.fetch(origin.urls(3), &format!("--compress {compression}"));
        assert_eq!(ended.code, Some(0), "{ended:?}");
        assert_eq!(files(&bench.path("job/warc"), ending).len(), 1, "{compression}");
        let ended = bench.run(&format!("extract job {}", origin.url("/2")));
        assert_eq!((ended.code, ended.stdout.as_str()), (Some(0), "this is /2\n"), "{compression}: {ended:?}");
    }
}

#[test]
fn every_command_explains_itself() {
    let bench = Bench::new();
    for command in ["", "fetch", "resume", "status", "outcomes", "extract", "inspect", "config", "report", "explain"] {
        let ended = bench.run(&format!("{command} --help"));
        assert_eq!(ended.code, Some(0), "{command}: {ended:?}");
        assert!(ended.stdout.contains("Usage"), "{command}: {ended:?}");
    }
}
