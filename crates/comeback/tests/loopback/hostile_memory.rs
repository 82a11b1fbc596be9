//! Ten times the hostile answers, or ten times the body that is permitted, and no more memory.
//!
//! The figure is the process's own peak (`VmHWM`), read when each request arrives: a peak only grows, so what an answer cost shows
//! with the next one. It is compared within one test, and coarsely: what it looks for is memory in proportion to what was sent.

use std::collections::BTreeMap;
use std::io::Write as _;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, OnceLock};

use flate2::Compression;
use flate2::write::GzEncoder;

use crate::account::{assert_each_once, tally};
use crate::origin::{Answer, Asked, Origin, absent, answer, page};
use crate::program::Bench;

/// The hosts, each hostile in its own way.
const HOSTS: u8 = 9;

/// How much more memory ten times as much may take: some grows with the number of URLs and of connections.
const GROWTH_PERCENT_MAX: u64 = 150;

/// The answers of a host. They are many, and most have no end.
fn hostile(host: usize, bomb: &[u8]) -> Answer {
    let endless =
        |first: &str, again: &[u8]| Answer::Endless(first.as_bytes().to_vec(), again.repeat(1 + (64 << 10) / again.len()));
    let chunks = "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n";
    match host {
        0 => endless("HTTP/1.1 200 OK\r\n\r\n", b"a body without end "),
        1 => endless("HTTP/1.1 200 OK\r\n", b"X-More: and more\r\n"),
        2 => endless("HTTP/1.1 200 OK\r\nX: ", b"and more "),
        3 => endless("", b"HTTP/1.1 103 Early Hints\r\nLink: </a>\r\n\r\n"),
        4 => endless(chunks, b"10\r\nin small chunks.\r\n"),
        5 => endless(chunks, b"00000000"),
        6 => Answer::Keep(answer("200 OK", "Content-Encoding: gzip\r\n", bomb)),
        7 => endless("HTTP/1.1 200 OK\r\nContent-Encoding: gzip\r\n\r\n", bomb),
        _ => endless("HTTP/1.1 200 OK\r\n", b"Set-Cookie: a=b; Path=/\r\n"),
    }
}

/// The peak of a process's memory, in KiB; `None` once it has ended.
fn peak_kib(pid: u32) -> Option<u64> {
    let status = std::fs::read_to_string(format!("/proc/{pid}/status")).ok()?;
    let line = status.lines().find_map(|line| line.strip_prefix("VmHWM:"))?;
    line.trim().strip_suffix(" kB")?.parse().ok()
}

/// Answers requests, and notes the peak of the memory of whoever asks them.
struct Measured {
    origin: Origin,
    pid: Arc<OnceLock<u32>>,
    peak_kib: Arc<AtomicU64>,
}

impl Measured {
    fn start(hosts: u8, answer: impl Fn(&Asked) -> Answer + Send + Sync + 'static) -> Self {
        let (pid, peak) = (Arc::new(OnceLock::<u32>::new()), Arc::new(AtomicU64::new(0)));
        let (of, seen) = (Arc::clone(&pid), Arc::clone(&peak));
        let origin = Origin::start_hosts(hosts, move |asked: &Asked| {
            if let Some(kib) = of.get().and_then(|pid| peak_kib(*pid)) {
                seen.fetch_max(kib, Ordering::SeqCst);
            }
            answer(asked)
        });
        Self { origin, pid, peak_kib: peak }
    }

    /// Fetches a list, and returns what became of it and the peak of the memory, in KiB.
    fn fetch(&self, urls: &[String], options: &str) -> (BTreeMap<String, usize>, u64) {
        let bench = Bench::new();
        bench.list(urls);
        let process = bench.start(&format!("fetch urls.txt -o job --memory 64MiB --concurrency 8 --patience 3s {options}"));
        self.pid.set(process.id()).unwrap();
        let ended = process.wait();
        assert!(matches!(ended.code, Some(0 | 1)), "{ended:?}");
        let rows = bench.rows("job");
        assert_each_once(&rows, urls);
        (tally(&rows), self.peak_kib.load(Ordering::SeqCst))
    }
}

#[track_caller]
fn assert_flat(little_kib: u64, much_kib: u64) {
    assert!(little_kib > 0 && much_kib * 100 <= little_kib * GROWTH_PERCENT_MAX, "{little_kib} KiB, {much_kib} KiB");
}

/// Fetches so many pages of each hostile host, with a good page before each, and returns the peak of the memory, in KiB.
fn peak_of(pages_per_host: usize, body_max: &str) -> u64 {
    let mut encoder = GzEncoder::new(Vec::new(), Compression::best());
    (0..64).for_each(|_| encoder.write_all(&vec![0; 1 << 20]).unwrap());
    let bomb = encoder.finish().unwrap();
    let server = Measured::start(HOSTS, move |asked| match asked.target.as_str() {
        "/robots.txt" => absent(),
        target if target.ends_with("/good") => page(asked),
        _ => hostile(asked.host, &bomb),
    });
    let urls: Vec<String> = (0..pages_per_host)
        .flat_map(|number| (0..usize::from(HOSTS)).map(move |host| (host, number)))
        .flat_map(|(host, number)| ["good", "bad"].map(|path| server.origin.url_of(host, &format!("/{number}/{path}"))))
        .collect();
    let (tally, peak) = server.fetch(&urls, &format!("--body-max {body_max}"));
    assert_eq!(tally["fetched/none"], urls.len() / 2, "{tally:?}");
    assert_eq!(tally.len(), 3, "too_large and decode beside it: {tally:?}");
    peak
}

#[test]
fn ten_times_the_hostile_answers_take_no_more_memory() {
    assert_flat(peak_of(2, "1MiB"), peak_of(20, "1MiB"));
}

#[test]
fn ten_times_the_body_takes_no_more_memory() {
    assert_flat(peak_of(2, "2MiB"), peak_of(2, "20MiB"));
}
