//! Claims about the embedded store, one by one.

use std::fs::OpenOptions;
use std::io;
use std::os::unix::fs::FileExt as _;

use comeback_engine::ids::{BatchSeq, LogSeq, PartitionId};
use comeback_engine::store::{AppendError, Store, StoredBatch};
use comeback_store::{FjallStore, StoreError};

const CACHE_BYTES: u64 = 1024 * 1024;
const PARTITION: PartitionId = PartitionId(7);

fn batch(body: Vec<u8>) -> StoredBatch {
    StoredBatch { head: b"head".to_vec(), body }
}

#[test]
fn last_record_is_remembered_after_all_are_cut_away() {
    let dir = tempfile::tempdir().unwrap();
    let mut store = FjallStore::open(dir.path(), CACHE_BYTES).unwrap();
    for after in 0..3 {
        store.append(PARTITION, LogSeq(after), b"record").unwrap();
    }
    store.truncate_log(PARTITION, LogSeq(100)).unwrap();
    store.sync().unwrap();
    drop(store);

    let mut store = FjallStore::open(dir.path(), CACHE_BYTES).unwrap();
    assert_eq!(store.read_log(PARTITION, LogSeq(0), 10).unwrap(), []);
    assert!(matches!(store.append(PARTITION, LogSeq(0), b"x"), Err(AppendError::Fenced { last: LogSeq(3) })));
    assert_eq!(store.append(PARTITION, LogSeq(3), b"x").unwrap(), LogSeq(4));
    // What came after a cut beyond the end is cut by the next one.
    store.truncate_log(PARTITION, LogSeq(5)).unwrap();
    assert_eq!(store.read_log(PARTITION, LogSeq(0), 10).unwrap(), []);
}

#[test]
fn reads_are_limited_and_ordered() {
    let dir = tempfile::tempdir().unwrap();
    let mut store = FjallStore::open(dir.path(), CACHE_BYTES).unwrap();
    for seq in [300, 2, 256, 1] {
        store.put_batch(PARTITION, BatchSeq(seq), &batch(vec![])).unwrap();
    }
    store.put_batch(PartitionId(8), BatchSeq(3), &batch(vec![])).unwrap();
    let seqs = |from, count_max| -> Vec<u64> {
        store.batch_heads(PARTITION, BatchSeq(from), count_max).unwrap().iter().map(|(seq, _)| seq.0).collect()
    };
    assert_eq!(seqs(0, 10), [1, 2, 256, 300]);
    assert_eq!(seqs(2, 2), [2, 256]);
    assert_eq!(seqs(0, 0), Vec::<u64>::new());
}

#[test]
fn cutting_removes_more_than_one_round_of_batches_and_bodies() {
    let dir = tempfile::tempdir().unwrap();
    let mut store = FjallStore::open(dir.path(), CACHE_BYTES).unwrap();
    for seq in 1..=3000 {
        store.put_batch(PARTITION, BatchSeq(seq), &batch(vec![1])).unwrap();
    }
    store.truncate_batches(PARTITION, BatchSeq(2900)).unwrap();
    assert_eq!(store.batch_heads(PARTITION, BatchSeq(0), 10_000).unwrap().len(), 101);
    assert_eq!(store.batch_body(PARTITION, BatchSeq(2899)).unwrap(), None);
    // An interrupted intake may write a low place again; a later cut finds it.
    store.put_batch(PARTITION, BatchSeq(5), &batch(vec![2])).unwrap();
    store.truncate_batches(PARTITION, BatchSeq(6)).unwrap();
    assert_eq!(store.batch_body(PARTITION, BatchSeq(5)).unwrap(), None);
}

#[test]
fn reader_sees_writes_from_another_thread() {
    let dir = tempfile::tempdir().unwrap();
    let mut store = FjallStore::open(dir.path(), CACHE_BYTES).unwrap();
    let reader = store.batch_reader();
    store.put_batch(PARTITION, BatchSeq(1), &batch(b"body".to_vec())).unwrap();
    let read = std::thread::spawn(move || reader.batch_body(PARTITION, BatchSeq(1)).unwrap());
    assert_eq!(read.join().unwrap(), Some(b"body".to_vec()));
}

#[test]
fn open_store_is_not_opened_again() {
    let dir = tempfile::tempdir().unwrap();
    let store = FjallStore::open(dir.path(), CACHE_BYTES).unwrap();
    assert!(matches!(FjallStore::open(dir.path(), CACHE_BYTES).map(drop), Err(StoreError::InUse { .. })));
    drop(store);
    assert!(FjallStore::open(dir.path(), CACHE_BYTES).is_ok());
}

#[test]
fn impossible_folder_is_refused_in_the_systems_words() {
    let dir = tempfile::tempdir().unwrap();
    let file = dir.path().join("file");
    std::fs::write(&file, b"").unwrap();
    let error = FjallStore::open(&file.join("store"), CACHE_BYTES).map(drop).unwrap_err();
    assert_eq!(error.system_error().map(io::Error::kind), Some(io::ErrorKind::NotADirectory), "{error}");
}

/// 600 bytes that no compression makes fewer, so that they are found in a file as they are.
fn noise(seq: u64) -> Vec<u8> {
    let states = std::iter::successors(Some(seq + 1), |state| {
        Some(state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407))
    });
    states.skip(9).take(600).map(|state| state.to_be_bytes()[0]).collect()
}

/// Power failed while several batches were written and not yet synced, and the disk had kept the later ones only. fjall found the
/// hole, took it for damage, and did not open, though nothing that was synced was lost.
#[test]
fn hole_in_what_was_not_synced_does_not_close_the_store() {
    let dir = tempfile::tempdir().unwrap();
    let mut store = FjallStore::open(dir.path(), CACHE_BYTES).unwrap();
    store.put_batch(PARTITION, BatchSeq(1), &batch(b"synced".repeat(1000))).unwrap();
    store.sync().unwrap();
    for seq in 2..5 {
        store.put_batch(PARTITION, BatchSeq(seq), &batch(noise(seq))).unwrap();
    }
    drop(store);
    let path = dir.path().join("0.jnl");
    let journal = std::fs::read(&path).unwrap();
    let second = journal.windows(600).position(|window| window == noise(2)).unwrap();
    OpenOptions::new().write(true).open(&path).unwrap().write_all_at(&[0; 512], second as u64).unwrap();

    let mut store = FjallStore::open(dir.path(), CACHE_BYTES).unwrap();
    let heads: Vec<u64> = store.batch_heads(PARTITION, BatchSeq(0), 10).unwrap().iter().map(|(seq, _)| seq.0).collect();
    assert_eq!(heads, [1]);
    // What comes after the cut is read back.
    store.put_batch(PARTITION, BatchSeq(2), &batch(b"again".to_vec())).unwrap();
    store.sync().unwrap();
    drop(store);
    let store = FjallStore::open(dir.path(), CACHE_BYTES).unwrap();
    assert_eq!(store.batch_body(PARTITION, BatchSeq(2)).unwrap(), Some(b"again".to_vec()));
}
