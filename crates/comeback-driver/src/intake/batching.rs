//! From entries to batches: share by share, repeated entries dropped, each host's URLs together and in their order.
//!
//! A share holds all entries of its hosts, so that what is repeated is repeated within it. Which entries are is found by their whole keys
//! (128 bits) in memory; where a share has more keys than may be held (one giant host is enough), it is passed over several times, each
//! time for another part of the keys, and a bit for each entry keeps what was found.

use std::collections::{HashMap, HashSet};

use comeback_engine::batch::{BATCH_URLS_MAX, BatchHead};
use comeback_engine::host_key::HostKey;
use comeback_engine::seed_url::SeedUrl;
use comeback_engine::store::Store;
use comeback_store::FjallStore;

use super::entry::Entry;
use super::{Intake, JOB};
use crate::error::DriverError;

/// What a buffered URL costs beside its text, in bytes.
const SEED_OVERHEAD_BYTES: u64 = 200;

/// Entries of a share, piece by piece.
pub(super) type Pieces<'a> = Box<dyn Iterator<Item = Result<Vec<u8>, DriverError>> + 'a>;

/// Takes shares apart into batches.
pub(super) struct Batching<'a> {
    store: &'a mut FjallStore,
    taken: &'a mut Intake,
    buffer_bytes_max: u64,
    /// URLs by host and by whether only public lists named them, until they are put.
    hosts: HashMap<(HostKey, bool), Vec<SeedUrl>>,
    buffer_bytes: u64,
}

impl<'a> Batching<'a> {
    pub(super) fn new(store: &'a mut FjallStore, taken: &'a mut Intake, buffer_bytes_max: u64) -> Self {
        Self { store, taken, buffer_bytes_max, hosts: HashMap::new(), buffer_bytes: 0 }
    }

    /// Puts the batches of one share, whose entries take so many bytes.
    pub(super) fn take_share<'p>(&mut self, bytes: u64, pieces: impl Fn() -> Pieces<'p>) -> Result<(), DriverError> {
        let passes = u128::from(bytes.div_ceil(self.buffer_bytes_max.max(1)).max(1));
        let mut repeated = Repeated::default();
        if passes > 1 {
            for pass in 0..passes {
                repeated.look(pieces(), |key| key % passes == pass)?;
            }
        }
        let mut seen = HashSet::new();
        let mut number = 0;
        for piece in pieces() {
            let piece = piece?;
            let mut rest = piece.as_slice();
            while !rest.is_empty() {
                let (entry, after) = Entry::take_from(rest)?;
                rest = after;
                let is_repeated = if passes > 1 { repeated.contains(number) } else { !seen.insert(entry.key()) };
                number += 1;
                if is_repeated {
                    self.taken.duplicates += 1;
                } else {
                    self.take(entry)?;
                }
            }
        }
        self.put_all()
    }

    fn take(&mut self, entry: Entry) -> Result<(), DriverError> {
        self.taken.urls += 1;
        let from_public = entry.from_public;
        let (host, seed) = entry.into_seed();
        self.buffer_bytes += cost_bytes(&seed);
        self.hosts.entry((host, from_public)).or_default().push(seed);
        if self.buffer_bytes < self.buffer_bytes_max {
            return Ok(());
        }
        self.put_full()?;
        // Many hosts with few URLs each don't wait for more of theirs.
        if self.buffer_bytes > self.buffer_bytes_max / 2 { self.put_all() } else { Ok(()) }
    }

    /// Puts all batches that are full.
    fn put_full(&mut self) -> Result<(), DriverError> {
        let mut full: Vec<_> = self.hosts.extract_if(|_, urls| urls.len() >= BATCH_URLS_MAX).collect();
        full.sort_unstable_by(|one, other| one.0.cmp(&other.0));
        for (place, mut urls) in full {
            let rest = urls.split_off(urls.len() - urls.len() % BATCH_URLS_MAX);
            self.buffer_bytes = self.buffer_bytes.saturating_sub(urls.iter().map(cost_bytes).sum());
            self.put(&place, &urls)?;
            if !rest.is_empty() {
                self.hosts.insert(place, rest);
            }
        }
        Ok(())
    }

    /// Puts all there is, host by host.
    fn put_all(&mut self) -> Result<(), DriverError> {
        let mut all: Vec<_> = std::mem::take(&mut self.hosts).into_iter().collect();
        all.sort_unstable_by(|one, other| one.0.cmp(&other.0));
        self.buffer_bytes = 0;
        all.iter().try_for_each(|(place, urls)| self.put(place, urls))
    }

    fn put(&mut self, (host, from_public): &(HostKey, bool), urls: &[SeedUrl]) -> Result<(), DriverError> {
        let count = u16::try_from(self.taken.last.len()).unwrap_or(u16::MAX);
        let partition = host.partition(count);
        for urls in urls.chunks(BATCH_URLS_MAX) {
            let last = &mut self.taken.last[usize::from(partition.0)];
            *last = last.next();
            self.taken.urls_of[usize::from(partition.0)] += urls.len() as u64;
            self.store.put_batch(partition, *last, &BatchHead::store(JOB, host.clone(), *from_public, urls))?;
        }
        Ok(())
    }
}

fn cost_bytes(seed: &SeedUrl) -> u64 {
    let SeedUrl { given, method: _, headers, body, meta } = seed;
    let headers: usize = headers.iter().map(|(name, value)| name.len() + value.len() + 48).sum();
    let text = given.len() + headers + body.as_ref().map_or(0, Vec::len) + meta.as_ref().map_or(0, String::len);
    text as u64 + SEED_OVERHEAD_BYTES
}

/// Which entries of a share repeat an earlier one: a bit for each.
#[derive(Debug, Default)]
struct Repeated {
    words: Vec<u64>,
}

impl Repeated {
    /// Marks those whose key is of interest in this pass.
    fn look(&mut self, pieces: Pieces<'_>, is_of_interest: impl Fn(u128) -> bool) -> Result<(), DriverError> {
        let mut seen = HashSet::new();
        let mut number = 0;
        for piece in pieces {
            let piece = piece?;
            let mut rest = piece.as_slice();
            while !rest.is_empty() {
                let (entry, after) = Entry::take_from(rest)?;
                rest = after;
                let key = entry.key();
                if is_of_interest(key.0) && !seen.insert(key) {
                    self.insert(number);
                }
                number += 1;
            }
        }
        Ok(())
    }

    fn insert(&mut self, number: usize) {
        let word = number / 64;
        if self.words.len() <= word {
            self.words.resize(word + 1, 0);
        }
        self.words[word] |= 1 << (number % 64);
    }

    fn contains(&self, number: usize) -> bool {
        self.words.get(number / 64).is_some_and(|word| word & (1 << (number % 64)) != 0)
    }
}
