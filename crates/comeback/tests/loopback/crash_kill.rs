//! Killed at random moments, over and over: each URL has one outcome in the end, and little is asked twice.

use std::time::Duration;

use crate::account::{assert_all, assert_each_once};
use crate::origin::{Asked, Origin, absent, page};
use crate::program::Bench;
use crate::records;
use crate::server_process::free_port;

const ROUNDS: usize = 20;
const URLS: usize = 3_000;
const HOSTS: u8 = 8;
/// Each host is asked this often, so that the job outlives its kills.
const OPTIONS: &str = "--delay 40ms";
/// The most requests that a round sees before its kill.
const REQUESTS_MAX: u64 = 320;
/// How long a round may take to see them.
const ROUND_LIMIT: Duration = Duration::from_secs(30);
const SECOND: Duration = Duration::from_secs(1);

/// The moment of a round's kill, as a number of requests since its start; now and then at once, while it still recovers from the
/// round before. By splitmix64, so that it is the same in every run.
fn requests_before_kill(round: usize) -> usize {
    if round % 5 == 3 {
        return 0;
    }
    let mut state = (round as u64 + 1).wrapping_mul(0x9E37_79B9_7F4A_7C15);
    state = (state ^ (state >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
    state = (state ^ (state >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
    usize::try_from((state ^ (state >> 31)) % REQUESTS_MAX).unwrap()
}

#[test]
fn kills_during_intake_lose_no_line() {
    let bench = Bench::new();
    let port = free_port();
    let urls: Vec<String> = (0..100_000).map(|number| format!("http://127.0.0.1:{port}/page/{number}")).collect();
    bench.list(&urls);
    let begin = "fetch urls.txt -o job --patience 1s";
    for round in 0..6 {
        let is_begun = bench.path("job/job.toml").exists();
        let mut process = bench.start(if is_begun { "resume job" } else { begin });
        // Each round a little later than the one before; where intake is faster than that, the job itself is killed.
        if let Some(ended) = process.ended_within(Duration::from_millis(30 + 60 * round)) {
            assert_eq!(ended.code, Some(1), "{ended:?}");
            break;
        }
        process.kill();
    }
    let ended = bench.run(if bench.path("job/job.toml").exists() { "resume job" } else { begin });
    assert_eq!(ended.code, Some(1), "{ended:?}");
    let rows = bench.rows("job");
    assert_each_once(&rows, &urls);
    assert_all(&rows, urls.len(), "failed/connect_refused");
}

#[test]
fn twenty_kills_lose_nothing_and_repeat_little() {
    let origin = Origin::start_hosts(HOSTS, |asked: &Asked| if asked.is_page() { page(asked) } else { absent() });
    let urls: Vec<String> =
        (0..URLS).map(|number| origin.url_of(number % usize::from(HOSTS), &format!("/page/{number}"))).collect();
    let bench = Bench::new();
    bench.list(&urls);
    let job = bench.path("job");
    let mut of_last_seconds = 0;
    for round in 0..ROUNDS {
        // Killed before the job existed, it is begun anew.
        let is_begun = job.join("job.toml").exists();
        let begun = if is_begun { "resume job".to_owned() } else { format!("fetch urls.txt -o job {OPTIONS}") };
        let before = origin.asked().len();
        let process = bench.start(&begun);
        let seen = origin.reaches(before + requests_before_kill(round), ROUND_LIMIT);
        let killed_at = origin.now();
        let ended = process.kill();
        assert!(seen, "round {round}: {} requests in {ROUND_LIMIT:?}: {ended:?}", origin.asked().len() - before);
        assert_eq!(ended.signal, Some(9), "round {round} ended by itself: {ended:?}");
        of_last_seconds += origin.pages().iter().filter(|asked| asked.number >= before && asked.at + SECOND >= killed_at).count();
    }
    let ended = bench.run("resume job");
    assert_eq!(ended.code, Some(0), "{ended:?}");
    let rows = bench.rows("job");
    assert_each_once(&rows, &urls);
    assert_all(&rows, URLS, "fetched/none");
    records::assert_valid(&job);
    for row in &rows {
        let record = records::Record::response_of(&job, row);
        let path = row.url.split_once("/page/").unwrap().1;
        assert!(record.block.ends_with(format!("/page/{path}\n").as_bytes()), "{}", row.url);
    }
    let repeated = origin.pages().len() - URLS;
    assert!(repeated <= 2 * of_last_seconds, "{repeated} repeated, {of_last_seconds} in the second before each kill");
    println!("{repeated} repeated, {of_last_seconds} in the second before each kill");
}
