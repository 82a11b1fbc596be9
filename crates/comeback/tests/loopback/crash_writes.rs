//! The disk fails at each single operation: the process is killed there, with the write whole or torn, or the system refuses it.
//! Whenever that is, `resume` ends the job with each URL once.

use std::path::Path;
use std::process::Command;
use std::thread;

use faults::refusals::{Refusal, Refusals};

use crate::account::assert_each_once;
use crate::origin::{Answer, Asked, Origin, absent, answer, page};
use crate::program::{Bench, Ended, Running};
use crate::records;

const HOSTS: u8 = 3;
const URLS: usize = 15;
/// Jobs that are tried beside one another.
const THREADS: u64 = 4;
/// Tries between two of a thread whose files are checked by other programs too.
const CHECK_GAP: u64 = 16;

fn origin() -> Origin {
    Origin::start_hosts(HOSTS, |asked: &Asked| match asked.target.as_str() {
        "/robots.txt" => absent(),
        // Another cause, so that hosts have a state of their own.
        "/page/7" => Answer::Keep(answer("404 Not Found", "", "none\n")),
        _ => page(asked),
    })
}

fn urls(origin: &Origin) -> Vec<String> {
    (0..URLS).map(|number| origin.url_of(number % usize::from(HOSTS), &format!("/page/{number}"))).collect()
}

/// The command that begins the job or goes on with it.
fn going_on(bench: &Bench) -> Command {
    let is_begun = bench.path("job/job.toml").exists();
    bench.command(if is_begun { vec!["resume", "job"] } else { vec!["fetch", "urls.txt", "-o", "job", "--delay", "10ms"] })
}

/// Runs a job to which this happens.
fn run(bench: &Bench, refusals: &Refusals, refusal: Refusal) -> Ended {
    let mut command = going_on(bench);
    refusals.refuse(&mut command, &bench.path("job"), refusal);
    Running::spawn(&mut command).wait()
}

/// Lets the job go on undisturbed, and sees that nothing is lost.
fn assert_goes_on(bench: &Bench, urls: &[String], what: Refusal, is_thorough: bool) {
    let ended = Running::spawn(&mut going_on(bench)).wait();
    assert_eq!(ended.code, Some(0), "{what:?}: {ended:?}");
    let rows = bench.rows("job");
    assert_each_once(&rows, urls);
    let job = bench.path("job");
    for row in &rows {
        records::Record::response_of(&job, row);
    }
    if is_thorough {
        records::assert_valid(&job);
    }
    assert_indexed(&job, urls);
}

fn assert_indexed(job: &Path, urls: &[String]) {
    let index = std::fs::read_to_string(job.join("warc/index.cdxj")).unwrap();
    assert!(urls.iter().all(|url| index.contains(&format!("\"url\":\"{url}\""))), "a URL is not in the index");
}

/// Tries the places at which something can happen, each or each of a number, from the first on, until it happens no more.
fn at_places(each: u64, refusal: impl Fn(u64) -> Refusal + Sync, is_hit: impl Fn(&Ended) -> bool + Sync) {
    let (origin, folder) = (origin(), tempfile::tempdir().unwrap());
    let urls = urls(&origin);
    let refusals = Refusals::build(folder.path()).unwrap();
    let places = thread::scope(|scope| {
        let threads: Vec<_> = (1..=THREADS)
            .map(|first| {
                let (refusals, refusal, is_hit, urls) = (&refusals, &refusal, &is_hit, &urls);
                scope.spawn(move || {
                    let mut at = 1 + (first - 1) * each;
                    loop {
                        let bench = Bench::new();
                        bench.list(urls);
                        bench.write("comeback.toml", "partitions = 2\n");
                        let ended = run(&bench, refusals, refusal(at));
                        let was_hit = is_hit(&ended);
                        assert!(was_hit || ended.code == Some(0), "{:?}: {ended:?}", refusal(at));
                        assert_goes_on(&bench, urls, refusal(at), at.is_multiple_of(CHECK_GAP));
                        if !was_hit {
                            return at;
                        }
                        at += THREADS * each;
                    }
                })
            })
            .collect();
        threads.into_iter().map(|thread| thread.join().unwrap()).min().unwrap()
    });
    assert!(places > 3 * each, "only {} places", places - 1);
}

/// The process ended because the system refused it something, and said so once.
fn is_told(ended: &Ended, words: &str) -> bool {
    let is_told =
        ended.code == Some(3) && ended.stderr.matches(words).count() == 1 && ended.stderr.matches("error: ").count() == 1;
    assert!(is_told || ended.code == Some(0), "{ended:?}");
    is_told
}

#[test]
fn job_survives_a_kill_at_every_operation_on_its_files() {
    let refusal = |at| if at % 3 == 0 { Refusal::Torn(at) } else { Refusal::Kill(at) };
    at_places(1, refusal, |ended| ended.signal == Some(9));
}

#[test]
fn disk_that_is_full_at_some_write_ends_the_process_in_the_systems_words() {
    at_places(3, Refusal::Full, |ended| is_told(ended, "No space left on device"));
}

#[test]
fn sync_that_fails_ends_the_process_and_nothing_is_taken_for_durable() {
    at_places(1, Refusal::Sync, |ended| is_told(ended, "Input/output error"));
}

#[test]
fn disk_that_becomes_read_only_at_some_operation_is_named() {
    at_places(5, Refusal::Frozen, |ended| is_told(ended, "Read-only file system"));
}

#[test]
fn writes_that_take_half_lose_nothing() {
    let (origin, folder) = (origin(), tempfile::tempdir().unwrap());
    let urls = urls(&origin);
    let refusals = Refusals::build(folder.path()).unwrap();
    let bench = Bench::new();
    bench.list(&urls);
    let ended = run(&bench, &refusals, Refusal::Short);
    assert_eq!(ended.code, Some(0), "{ended:?}");
    assert_goes_on(&bench, &urls, Refusal::Short, true);
    assert_eq!(origin.pages().len(), URLS);
}

/// The wall clock jumps while hosts are asked, and the job goes on as if it had not.
#[test]
fn clock_that_jumps_by_an_hour_changes_nothing() {
    let folder = tempfile::tempdir().unwrap();
    let refusals = Refusals::build(folder.path()).unwrap();
    for by_s in [3600, -3600] {
        let origin = origin();
        let urls = urls(&origin);
        let bench = Bench::new();
        bench.list(&urls);
        let mut command = bench.command(["fetch", "urls.txt", "-o", "job", "--delay", "100ms"]);
        refusals.jump(&mut command, 300, by_s);
        let ended = Running::spawn(&mut command).wait();
        assert_eq!(ended.code, Some(0), "{by_s}: {ended:?}");
        assert_each_once(&bench.rows("job"), &urls);
        assert_eq!(origin.pages().len(), URLS, "{by_s}");
    }
}
