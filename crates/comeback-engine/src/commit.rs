//! What a commit says, and the state of a partition as the sum of its commits.
//!
//! A partition's log is a list of [`LogRecord`]s. Its state is their fold: the engine that recovers reads the last checkpoint
//! and applies the commits after it. Everything here is plain data; who writes when is the shell's business, and the order of
//! writes is DESIGN's: append to files, sync the files, then one record with all that depends on them.

use std::collections::btree_map::Entry;
use std::collections::{BTreeMap, BTreeSet};
use std::ops::RangeInclusive;

use comeback_diagnosis::cause::Cause;
use comeback_diagnosis::clock::WallTime;
use serde::{Deserialize, Serialize};

use crate::batch::{BatchProgress, SettledBits, Unreadable, decode, encode_as};
use crate::host_key::HostKey;
use crate::ids::BatchSeq;
use crate::outcome::Outcome;

/// One record of a partition's log.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub enum LogRecord {
    /// What changed since the record before.
    Commit(Commit),
    /// The whole state; records before it may be cut away.
    Checkpoint(PartitionState),
}

/// The format of stored records. Format 1 had neither [`Commit::unfinished`] nor [`PartitionState::unfinished`].
const FORMAT: u8 = 2;
/// The format before, which still opens.
const FORMAT_WITHOUT_UNFINISHED: u8 = 1;

impl LogRecord {
    /// The record as the store keeps it.
    #[must_use]
    pub fn store(&self) -> Vec<u8> {
        encode_as(FORMAT, self)
    }

    /// Reads a stored record.
    ///
    /// # Errors
    /// When it is damaged.
    pub fn read(bytes: &[u8]) -> Result<Self, Unreadable> {
        if let Some((&FORMAT_WITHOUT_UNFINISHED, rest)) = bytes.split_first() {
            // What is missing is the last field, and an empty one is written as its length: a zero byte.
            return decode(FORMAT, "log record", &[&[FORMAT], rest, &[0]].concat());
        }
        decode(FORMAT, "log record", bytes)
    }
}

/// What changed in a partition since its last commit.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
pub struct Commit {
    /// Batches up to here belong to the partition; later ones in the store are leftovers. `None` = as before.
    pub admitted: Option<BatchSeq>,
    /// The progress of each batch that changed and is not done.
    pub batches: Vec<(BatchSeq, BatchProgress)>,
    /// Batches of which every URL is settled.
    pub retired: Vec<BatchSeq>,
    /// URLs settled as parked with a time to come back.
    pub parked: Vec<(BatchSeq, u8, WallTime)>,
    /// Hosts whose lasting state changed.
    pub hosts: Vec<HostRecord>,
    /// The partition's counts, in all.
    pub tally: Tally,
    /// The partition's files and their lengths; filled in by the shell.
    pub files: Vec<FileLength>,
    /// URLs settled as failed or parked: their batches are kept, so that they can be put back.
    pub unfinished: Vec<(BatchSeq, u8)>,
}

/// A result file and how much of it is committed.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub struct FileLength {
    /// The path, relative to the job's folder.
    pub path: String,
    /// The committed length in bytes.
    pub bytes: u64,
}

/// Counts of a partition since the job began.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct Tally {
    /// URLs that ended with a page.
    pub fetched: u64,
    /// URLs that ended with a final answer.
    pub answered: u64,
    /// URLs given up.
    pub failed: u64,
    /// URLs put aside.
    pub parked: u64,
    /// Requests for pages, redirects' further hops included.
    pub requests: u64,
    /// Requests for robots.txt.
    pub robots_requests: u64,
    /// Payload bytes received.
    pub bytes: u64,
}

impl Tally {
    /// Counts a settled URL.
    pub const fn count(&mut self, outcome: Outcome) {
        match outcome {
            Outcome::Fetched => self.fetched += 1,
            Outcome::Answered => self.answered += 1,
            Outcome::Failed => self.failed += 1,
            Outcome::Parked => self.parked += 1,
        }
    }

    /// How many URLs are settled.
    #[must_use]
    pub const fn settled(&self) -> u64 {
        self.fetched + self.answered + self.failed + self.parked
    }

    /// Adds another partition's counts.
    pub const fn add(&mut self, other: &Self) {
        let Self { fetched, answered, failed, parked, requests, robots_requests, bytes } = other;
        self.fetched += *fetched;
        self.answered += *answered;
        self.failed += *failed;
        self.parked += *parked;
        self.requests += *requests;
        self.robots_requests += *robots_requests;
        self.bytes += *bytes;
    }
}

/// The lasting state of a host: what must be known again after a crash.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct HostRecord {
    /// Which host.
    pub host: HostKey,
    /// A standing hold.
    pub hold: Option<HoldRecord>,
    /// The patience that it has been given since its last accepted answer.
    pub patience: Option<PatienceRecord>,
    /// A standing trouble.
    pub trouble: Option<TroubleRecord>,
    /// What the host's URLs are settled with, unasked.
    pub condemned: Option<Condemnation>,
}

/// A hold, in wall time.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct HoldRecord {
    /// When it was placed.
    pub since: WallTime,
    /// When it ends.
    pub until: WallTime,
    /// Who said so, in words.
    pub because: String,
}

/// A host's patience, in wall time.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct PatienceRecord {
    /// When the first refusal after the last accepted answer came.
    pub since: WallTime,
    /// How much is spent, in milliseconds of running time.
    pub spent_ms: u64,
    /// The last refusal's cause.
    pub cause: Cause,
    /// Its facts, for people.
    pub evidence: Vec<String>,
}

/// A host's trouble, in wall time.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct TroubleRecord {
    /// The last gap between probes, in milliseconds.
    pub gap_ms: u64,
    /// Probes made.
    pub probes: u32,
    /// Refusals that stated when to come back.
    pub stated: u32,
    /// When the next probe is due.
    pub next_probe_at: WallTime,
    /// The last cause.
    pub cause: Cause,
}

/// What all URLs of a host are settled with, without asking.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Condemnation {
    /// `failed` or `parked`.
    pub outcome: Outcome,
    /// Why.
    pub cause: Cause,
    /// For `parked`: when asking again may make sense.
    pub until: Option<WallTime>,
    /// The facts, for people.
    pub evidence: Vec<String>,
}

/// The state of a partition: the fold of its log.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
pub struct PartitionState {
    /// Batches up to here belong to the partition.
    pub admitted: BatchSeq,
    /// All batches below are retired.
    pub low_water: BatchSeq,
    /// Retired batches at or above the low-water mark.
    pub retired: BTreeSet<BatchSeq>,
    /// URLs that may be woken, by batch and by when.
    pub parked: BTreeMap<(BatchSeq, WallTime), SettledBits>,
    /// The progress of batches that have been touched and are not retired.
    pub batches: BTreeMap<BatchSeq, BatchProgress>,
    /// The hosts with a lasting state.
    pub hosts: BTreeMap<HostKey, HostRecord>,
    /// The counts.
    pub tally: Tally,
    /// The files.
    pub files: Vec<FileLength>,
    /// URLs settled as failed or parked, by batch.
    pub unfinished: BTreeMap<BatchSeq, SettledBits>,
}

impl PartitionState {
    /// Applies one record.
    pub fn apply(&mut self, record: LogRecord) {
        match record {
            LogRecord::Checkpoint(state) => *self = state,
            LogRecord::Commit(commit) => self.apply_commit(commit),
        }
    }

    fn apply_commit(&mut self, commit: Commit) {
        let Commit { admitted, batches, retired, parked, hosts, tally, files, unfinished } = commit;
        if let Some(admitted) = admitted {
            self.admitted = admitted;
        }
        self.batches.extend(batches);
        for batch in retired {
            self.batches.remove(&batch);
            self.retired.insert(batch);
        }
        for (batch, index, until) in parked {
            self.parked.entry((batch, until)).or_default().insert(index);
        }
        for (batch, index) in unfinished {
            self.unfinished.entry(batch).or_default().insert(index);
        }
        self.raise_low_water();
        for host in hosts {
            if host.hold.is_none() && host.patience.is_none() && host.trouble.is_none() && host.condemned.is_none() {
                self.hosts.remove(&host.host);
            } else {
                self.hosts.insert(host.host.clone(), host);
            }
        }
        self.tally = tally;
        self.files = files;
    }

    /// Passes retired batches, up to the first that is not, or that holds URLs which may be put back.
    fn raise_low_water(&mut self) {
        self.low_water = self.low_water.max(BatchSeq(1));
        while !self.keeps(self.low_water) && self.retired.remove(&self.low_water) {
            self.low_water = self.low_water.next();
        }
    }

    /// Records of [`FORMAT_WITHOUT_UNFINISHED`] name only parked URLs with a time.
    fn keeps(&self, batch: BatchSeq) -> bool {
        self.unfinished.contains_key(&batch) || self.parked.range(times_of(batch)).next().is_some()
    }

    /// Puts parked URLs back whose time has come; says which: batch, time, and URLs. The tally is as [`Self::put_back`] says.
    pub fn wake(&mut self, now: WallTime) -> Vec<(BatchSeq, WallTime, SettledBits)> {
        let is_due =
            |(batch, until): (&(BatchSeq, WallTime), &SettledBits)| (batch.1 <= now).then_some((batch.0, batch.1, *until));
        let due: Vec<_> = self.parked.iter().filter_map(is_due).collect();
        for (batch, _, bits) in &due {
            self.put_back(*batch, *bits);
        }
        due
    }

    /// Puts settled URLs of a batch that is kept back among those to ask. The tally is the caller's: it knows their outcomes.
    pub fn put_back(&mut self, batch: BatchSeq, bits: SettledBits) {
        let was_retired = self.retired.remove(&batch);
        let progress = self.batches.entry(batch).or_insert_with(|| BatchProgress {
            settled: if was_retired { SettledBits::ALL } else { SettledBits::default() },
            ..BatchProgress::default()
        });
        progress.settled.remove_all(bits);
        if let Entry::Occupied(mut unfinished) = self.unfinished.entry(batch) {
            unfinished.get_mut().remove_all(bits);
            if unfinished.get().count() == 0 {
                unfinished.remove();
            }
        }
        let times: Vec<_> = self.parked.range(times_of(batch)).map(|(time, _)| *time).collect();
        for time in times {
            if let Entry::Occupied(mut parked) = self.parked.entry(time) {
                parked.get_mut().remove_all(bits);
                if parked.get().count() == 0 {
                    parked.remove();
                }
            }
        }
    }

    /// Whether every URL of a batch is settled.
    #[must_use]
    pub fn is_retired(&self, batch: BatchSeq) -> bool {
        batch < self.low_water || self.retired.contains(&batch)
    }
}

/// The places of a batch among those parked until a time.
const fn times_of(batch: BatchSeq) -> RangeInclusive<(BatchSeq, WallTime)> {
    (batch, WallTime(0))..=(batch, WallTime(u64::MAX))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_low_water_mark_passes_retired_batches() {
        let mut state = PartitionState::default();
        state.apply(LogRecord::Commit(Commit { retired: vec![BatchSeq(2), BatchSeq(3)], ..Commit::default() }));
        assert_eq!(state.low_water, BatchSeq(1));
        state.apply(LogRecord::Commit(Commit { retired: vec![BatchSeq(1)], ..Commit::default() }));
        assert_eq!(state.low_water, BatchSeq(4));
        assert!(state.retired.is_empty() && state.is_retired(BatchSeq(3)) && !state.is_retired(BatchSeq(4)));
    }

    #[test]
    fn a_parked_url_keeps_its_batch_until_it_is_woken_and_settled() {
        let mut state = PartitionState::default();
        let parked = vec![(BatchSeq(1), 7, WallTime(500))];
        state.apply(LogRecord::Commit(Commit { retired: vec![BatchSeq(1)], parked, ..Commit::default() }));
        assert_eq!(state.low_water, BatchSeq(1));
        assert!(state.wake(WallTime(499)).is_empty());
        assert_eq!(state.wake(WallTime(500)).len(), 1);
        let progress = &state.batches[&BatchSeq(1)];
        assert!(!progress.settled.contains(7) && progress.settled.contains(8) && !state.is_retired(BatchSeq(1)));
        state.apply(LogRecord::Commit(Commit { retired: vec![BatchSeq(1)], ..Commit::default() }));
        assert_eq!(state.low_water, BatchSeq(2));
    }

    #[test]
    fn a_checkpoint_is_the_sum_of_what_was_before() {
        let mut state = PartitionState::default();
        let commit =
            Commit { batches: vec![(BatchSeq(1), BatchProgress::default())], admitted: Some(BatchSeq(9)), ..Commit::default() };
        state.apply(LogRecord::Commit(commit));
        let stored = LogRecord::Checkpoint(state.clone()).store();
        let mut other = PartitionState::default();
        other.apply(LogRecord::read(&stored).unwrap());
        assert_eq!(other, state);
    }

    #[test]
    fn a_failed_url_keeps_its_batch_until_it_is_put_back_and_fetched() {
        let mut state = PartitionState::default();
        let (first, second) = (BatchSeq(1), BatchSeq(2));
        let unfinished = vec![(first, 7), (first, 9), (second, 0)];
        state.apply(LogRecord::Commit(Commit { retired: vec![first, second], unfinished, ..Commit::default() }));
        assert_eq!(state.low_water, first);
        let mut seventh = SettledBits::default();
        seventh.insert(7);
        state.put_back(first, seventh);
        let settled = state.batches[&first].settled;
        assert!(!settled.contains(7) && settled.contains(9) && !state.is_retired(first) && state.is_retired(second));
        assert_eq!(state.unfinished[&first].count(), 1);
        let mut ninth = SettledBits::default();
        ninth.insert(9);
        state.put_back(first, ninth);
        state.apply(LogRecord::Commit(Commit { retired: vec![first], ..Commit::default() }));
        assert_eq!(state.low_water, second);
    }

    /// Records as the first version of the program wrote them.
    #[test]
    fn records_without_unfinished_urls_still_open() {
        let stored = |hex: &str| -> Vec<u8> {
            let digits = hex.as_bytes().chunks(2).map(|pair| std::str::from_utf8(pair).unwrap());
            digits.map(|pair| u8::from_str_radix(pair, 16).unwrap()).collect()
        };
        let commit = stored(concat!(
            "01000103010200000000000101010107f4030113687474703a2f2f612e6578616d706c653a3830010584070473616964000000",
            "ff0100000100000001186f7574636f6d65732f703030302d303030312e6a736f6e6cf0a204"
        ));
        let checkpoint = stored(concat!(
            "0101030101010101f4038001000000010200000000000113687474703a2f2f612e6578616d706c653a383013687474703a2f2f612e",
            "6578616d706c653a3830010584070473616964000000ff0100000100000001186f7574636f6d65732f703030302d303030312e",
            "6a736f6e6cf0a204"
        ));
        let mut applied = PartitionState::default();
        applied.apply(LogRecord::read(&commit).unwrap());
        let mut read = PartitionState::default();
        read.apply(LogRecord::read(&checkpoint).unwrap());
        assert_eq!(applied, read);
        assert_eq!((read.tally.fetched, read.files[0].bytes, read.low_water), (255, 70_000, BatchSeq(1)));
        assert_eq!(read.wake(WallTime(500)).len(), 1);
        assert!(!read.batches[&BatchSeq(1)].settled.contains(7) && read.parked.is_empty());
    }
}
