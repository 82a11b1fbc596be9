//! Random histories against a model: what the store answers is what was written, through closing, reopening and crashes.

#![allow(clippy::unwrap_used, reason = "a failed unwrap is a failed test")]
#![allow(clippy::panic, reason = "a panic with its reason is a failed test")]

use std::collections::BTreeMap;
use std::path::Path;

use comeback_engine::ids::{BatchSeq, LogSeq, PartitionId};
use comeback_engine::store::{AppendError, Store, StoredBatch};
use comeback_store::FjallStore;
use faults::chance::Chance;
use faults::power::{Disk, copy_folder, fast_folder};
use proptest::prelude::*;
use proptest::test_runner::TestRunner;

const CACHE_BYTES: u64 = 1024 * 1024;
const HISTORIES: u32 = 10_000;
const PARTITIONS: [PartitionId; 2] = [PartitionId(0), PartitionId(256)];

/// What the store should hold.
#[derive(Debug, Clone, Default, PartialEq)]
struct Model {
    batches: BTreeMap<(PartitionId, u64), StoredBatch>,
    log: BTreeMap<(PartitionId, u64), Vec<u8>>,
    last: BTreeMap<PartitionId, u64>,
}

#[derive(Debug, Clone)]
enum Step {
    PutBatch(PartitionId, u64, StoredBatch),
    TruncateBatches(PartitionId, u64),
    Append(PartitionId, Vec<u8>),
    AppendBehind(PartitionId),
    TruncateLog(PartitionId, u64),
    Sync,
    Reopen,
    /// The process is killed.
    Crash,
    /// Power fails, and leaves what this seed says of what was not synced.
    PowerFailure(u64),
}

fn value() -> impl Strategy<Value = Vec<u8>> {
    prop_oneof![
        1 => Just(Vec::new()),
        8 => proptest::collection::vec(any::<u8>(), 1..40),
        1 => any::<u8>().prop_map(|byte| vec![byte; 20 * 1024]),
    ]
}

fn step() -> impl Strategy<Value = Step> {
    let partition = || proptest::sample::select(&PARTITIONS[..]);
    let batch = (value(), value()).prop_map(|(head, body)| StoredBatch { head, body });
    prop_oneof![
        6 => (partition(), 1..12_u64, batch).prop_map(|(partition, seq, batch)| Step::PutBatch(partition, seq, batch)),
        2 => (partition(), 0..14_u64).prop_map(|(partition, below)| Step::TruncateBatches(partition, below)),
        6 => (partition(), value()).prop_map(|(partition, record)| Step::Append(partition, record)),
        1 => partition().prop_map(Step::AppendBehind),
        2 => (partition(), 0..14_u64).prop_map(|(partition, below)| Step::TruncateLog(partition, below)),
        3 => Just(Step::Sync),
        1 => Just(Step::Reopen),
        1 => Just(Step::Crash),
        1 => any::<u64>().prop_map(Step::PowerFailure),
    ]
}

impl Model {
    fn apply(&mut self, step: &Step) {
        match step {
            Step::PutBatch(partition, seq, batch) => {
                self.batches.insert((*partition, *seq), batch.clone());
            }
            Step::TruncateBatches(partition, below) => {
                self.batches.retain(|(owner, seq), _| owner != partition || seq >= below);
            }
            Step::Append(partition, record) => {
                let last = self.last.entry(*partition).or_default();
                *last += 1;
                self.log.insert((*partition, *last), record.clone());
            }
            Step::TruncateLog(partition, below) => self.log.retain(|(owner, seq), _| owner != partition || seq >= below),
            Step::AppendBehind(_) | Step::Sync | Step::Reopen | Step::Crash | Step::PowerFailure(_) => {}
        }
    }

    fn last(&self, partition: PartitionId) -> LogSeq {
        LogSeq(self.last.get(&partition).copied().unwrap_or(0))
    }

    /// What the store holds, read through its interface.
    fn of(store: &FjallStore) -> Self {
        let mut model = Self::default();
        for partition in PARTITIONS {
            for (seq, head) in store.batch_heads(partition, BatchSeq(0), usize::MAX).unwrap() {
                let body = store.batch_body(partition, seq).unwrap().expect("a head has its body");
                model.batches.insert((partition, seq.0), StoredBatch { head, body });
            }
            for (seq, record) in store.read_log(partition, LogSeq(0), usize::MAX).unwrap() {
                model.log.insert((partition, seq.0), record);
            }
            let last = store.last_log_seq(partition).unwrap();
            if last != LogSeq(0) {
                model.last.insert(partition, last.0);
            }
        }
        model
    }
}

fn perform(store: &mut FjallStore, model: &Model, step: &Step) {
    match step {
        Step::PutBatch(partition, seq, batch) => store.put_batch(*partition, BatchSeq(*seq), batch).unwrap(),
        Step::TruncateBatches(partition, below) => store.truncate_batches(*partition, BatchSeq(*below)).unwrap(),
        Step::Append(partition, record) => {
            let after = model.last(*partition);
            assert_eq!(store.append(*partition, after, record).unwrap(), after.next());
        }
        Step::AppendBehind(partition) => {
            let last = model.last(*partition);
            let fenced = store.append(*partition, last.next(), b"x");
            assert!(matches!(fenced, Err(AppendError::Fenced { last: found }) if found == last), "{fenced:?}");
        }
        Step::TruncateLog(partition, below) => store.truncate_log(*partition, LogSeq(*below)).unwrap(),
        Step::Sync => store.sync().unwrap(),
        Step::Reopen | Step::Crash | Step::PowerFailure(_) => {}
    }
}

/// Plays a history on a copy of a store that has nothing in it; making one takes longer than most histories.
fn play(empty: &Path, steps: &[Step]) {
    let dir = tempfile::tempdir_in(fast_folder()).unwrap();
    let mut life = 0;
    let mut path = dir.path().join("store-0");
    copy_folder(empty, &path).unwrap();
    let mut store = FjallStore::open(&path, CACHE_BYTES).unwrap();
    let mut disk = Disk::new(&path).unwrap();
    let mut model = Model::default();
    // The states since the last sync: after a crash the store holds one of them.
    let mut possible = vec![model.clone()];
    for step in steps {
        perform(&mut store, &model, step);
        model.apply(step);
        possible.push(model.clone());
        match step {
            Step::Sync => {
                disk.all_synced().unwrap();
                possible = vec![model.clone()];
            }
            Step::Reopen => {
                drop(store);
                store = FjallStore::open(&path, CACHE_BYTES).unwrap();
                assert_eq!(Model::of(&store), model);
                disk.all_synced().unwrap();
                possible = vec![model.clone()];
            }
            Step::Crash | Step::PowerFailure(_) => {
                if let Step::PowerFailure(seed) = step {
                    drop(store);
                    disk.fail_power(&mut Chance::of_seed(*seed)).unwrap();
                } else {
                    // Nothing is flushed in these small histories, so no worker changes files meanwhile.
                    life += 1;
                    path = dir.path().join(format!("store-{life}"));
                    copy_folder(&dir.path().join(format!("store-{}", life - 1)), &path).unwrap();
                }
                store = FjallStore::open(&path, CACHE_BYTES).unwrap();
                disk = Disk::new(&path).unwrap();
                let found = Model::of(&store);
                assert!(possible.contains(&found), "after a crash the store holds no prefix of what was written");
                possible = vec![found.clone()];
                model = found;
            }
            Step::PutBatch(..) | Step::TruncateBatches(..) | Step::Append(..) | Step::AppendBehind(_) | Step::TruncateLog(..) => {
            }
        }
    }
    assert_eq!(Model::of(&store), model);
}

/// Plays random histories on every processor.
fn play_many(count: u32) {
    let threads = std::thread::available_parallelism().map_or(1, |threads| u32::try_from(threads.get()).unwrap());
    let config = ProptestConfig { cases: count.div_ceil(threads), failure_persistence: None, ..ProptestConfig::default() };
    let dir = tempfile::tempdir_in(fast_folder()).unwrap();
    let empty = dir.path().join("store");
    drop(FjallStore::open(&empty, CACHE_BYTES).unwrap());
    let run = || {
        let history = proptest::collection::vec(step(), 1..40);
        TestRunner::new(config.clone()).run(&history, |steps| {
            play(&empty, &steps);
            Ok(())
        })
    };
    std::thread::scope(|scope| {
        let runs: Vec<_> = (0..threads).map(|_| scope.spawn(run)).collect();
        for run in runs {
            run.join().unwrap().unwrap_or_else(|error| panic!("{error}"));
        }
    });
}

#[test]
fn store_holds_what_was_written() {
    play_many(HISTORIES);
}
