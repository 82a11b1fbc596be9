//! Lists that memory does not hold, and intakes that do not come to their end at once.

use std::cell::Cell;
use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::panic::{AssertUnwindSafe, catch_unwind, resume_unwind};

use comeback_engine::batch::read_body;
use tempfile::TempDir;

use super::*;
use crate::job::{Job, NewJob, STORE_PATH};
use crate::settings::Settings;

/// So much memory that a few hundred URLs fill it.
const MEMORY_BYTES: u64 = 256 * 1024;
/// Lines of the list.
const LINES: u64 = 6_000;

struct Silent;

impl Watcher for Silent {
    fn notice(&self, _notice: Notice) {}
}

/// A job whose list has one giant host, some small ones, repeated lines, one bad line, and requests that are no plain GET.
struct Bench {
    dir: TempDir,
    job: Job,
}

/// The URLs of each host, batch by batch.
type Batches = BTreeMap<String, Vec<Vec<SeedUrl>>>;

impl Bench {
    fn new() -> Self {
        let dir = tempfile::tempdir().unwrap();
        let mut list = String::new();
        for line in 0..LINES {
            match line % 10 {
                0 => writeln!(list, r#"{{"url":"http://small{}.example/{line}","method":"POST","body":"x"}}"#, line % 7).unwrap(),
                1 if line > 10 => writeln!(list, r#"{{"url":"HTTP://giant.example/{}#again"}}"#, line / 10 * 10 - 8).unwrap(),
                3 => writeln!(list, r#"{{"url":"http://small{}.example/{line}"}}"#, line % 11).unwrap(),
                _ => writeln!(list, r#"{{"url":"http://giant.example/{line}"}}"#).unwrap(),
            }
        }
        list.push_str("{\"url\":\"nonsense\"}\n");
        let path = dir.path().join("list.jsonl");
        std::fs::write(&path, list).unwrap();
        let settings = Settings { memory_bytes: MEMORY_BYTES, partitions: 4, ..Settings::default() };
        let job = Job::create(NewJob { dir: dir.path().join("out"), lists: vec![path], settings }).unwrap();
        Self { dir, job }
    }

    fn take_in(&self, is_stopped: &dyn Fn() -> bool) -> Intake {
        take_in(self.job.dir(), self.job.file(), &self.gathered(), &mut self.store(), &Silent, is_stopped).unwrap()
    }

    fn gathered(&self) -> Gathered {
        let lists = self.job.file().lists.iter().cloned().map(GatheredList::Own).collect();
        Gathered { lists, ..Gathered::default() }
    }

    fn store(&self) -> FjallStore {
        FjallStore::open(&self.dir.path().join("out").join(STORE_PATH), 1 << 20).unwrap()
    }

    fn batches(&self, taken: &Intake) -> Batches {
        let store = self.store();
        let mut batches = Batches::new();
        for partition in (0..4).map(PartitionId) {
            for (seq, head) in store.batch_heads(partition, BatchSeq(1), usize::MAX).unwrap() {
                assert!(seq <= taken.admitted(partition));
                let urls = read_body(&store.batch_body(partition, seq).unwrap().unwrap()).unwrap();
                let host = comeback_engine::batch::BatchHead::read(&head).unwrap().host;
                batches.entry(host.as_str().to_owned()).or_default().push(urls);
            }
        }
        batches
    }
}

fn counts(taken: &Intake) -> (u64, u64, u64, u64, bool) {
    (taken.urls, taken.duplicates, taken.bad_lines, taken.urls_of.iter().sum(), taken.is_done)
}

#[test]
fn a_list_that_memory_does_not_hold_becomes_batches_in_its_order() {
    let bench = Bench::new();
    let taken = bench.take_in(&|| false);
    assert!(taken.run_ends.len() > 3, "{} runs", taken.run_ends.len());
    let repeated = LINES / 10 - 1;
    assert_eq!(counts(&taken), (LINES - repeated, repeated, 1, LINES - repeated, true));
    let batches = bench.batches(&taken);
    let giant = &batches["http://giant.example:80"];
    assert!(giant.iter().rev().skip(1).all(|urls| urls.len() == 256), "only the last batch of a host is not full");
    for (host, batches) in &batches {
        let numbers: Vec<u64> =
            batches.concat().iter().map(|seed| seed.given.rsplit('/').next().unwrap().parse().unwrap()).collect();
        assert!(numbers.is_sorted() && !numbers.is_empty(), "{host}");
    }
    let post = &batches["http://small0.example:80"][0][0];
    assert_eq!((post.method.as_str(), post.body.as_deref()), ("POST", Some(&b"x"[..])));
    assert!(!bench.job.dir().join(RUNS_PATH).exists());
}

#[test]
fn an_intake_that_is_stopped_again_and_again_ends_as_one_that_is_not() {
    let (whole, stopped) = (Bench::new(), Bench::new());
    let at_once = whole.take_in(&|| false);
    let mut lives = 0;
    let taken = loop {
        let looks = Cell::new(0);
        let taken = stopped.take_in(&|| looks.replace(looks.get() + 1) == 700);
        lives += 1;
        if taken.is_done {
            break taken;
        }
    };
    assert!(lives > 5, "{lives}");
    assert_eq!(counts(&taken), counts(&at_once));
    let urls = |batches: Batches| -> BTreeMap<String, Vec<SeedUrl>> {
        batches.into_iter().map(|(host, urls)| (host, urls.concat())).collect()
    };
    assert_eq!(urls(stopped.batches(&taken)), urls(whole.batches(&at_once)));
}

#[test]
fn an_intake_that_is_killed_anywhere_ends_as_one_that_is_not() {
    let (whole, killed) = (Bench::new(), Bench::new());
    let at_once = whole.take_in(&|| false);
    let mut looks_left = 500;
    let taken = loop {
        let looks = Cell::new(0);
        let dies = || {
            if looks.replace(looks.get() + 1) == looks_left {
                resume_unwind(Box::new("killed"));
            }
            false
        };
        match catch_unwind(AssertUnwindSafe(|| killed.take_in(&dies))) {
            Ok(taken) => break taken,
            // Each life comes further than the one before; else nothing would ever be recorded.
            Err(_) => looks_left += 500,
        }
    };
    assert_eq!(counts(&taken), counts(&at_once));
    assert_eq!(killed.batches(&taken), whole.batches(&at_once));
}

/// A run was written only when memory was full: with much memory, a host whose entries took more than 4 GiB did not fit the run's table,
/// and the job ended there at each resume.
#[test]
fn a_long_share_goes_to_the_disk_though_memory_has_room() {
    let (whole, shared) = (Bench::new(), Bench::new());
    let at_once = whole.take_in(&|| false);
    let limits = Limits { buffer_bytes_max: u64::MAX, share_bytes_max: 16 * 1024 };
    let Bench { dir: _, job } = &shared;
    let taken =
        take_in_within(limits, job.dir(), job.file(), &shared.gathered(), &mut shared.store(), &Silent, &|| false).unwrap();
    assert!(taken.run_ends.len() > 3, "{} runs", taken.run_ends.len());
    assert_eq!(counts(&taken), counts(&at_once));
    assert_eq!(shared.batches(&taken), whole.batches(&at_once));
}
