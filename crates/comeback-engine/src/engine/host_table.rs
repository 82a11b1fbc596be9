//! The hosts that the engine has met, and what is recorded of those that it has not, or has put aside.
//!
//! A host has a place here from its first batch or guest until it is put aside: when nothing of it is queued, under way or uncommitted, and
//! no clock of its own runs. A record that still says something (a hold, a condemnation) is kept, and taken up when the host is met again.
//! Places are used again; whoever holds a place (a timer, a ticket, a lease, a batch) keeps its host from being put aside. The governor
//! does not: it knows hosts by numbers that are not used again, for what it says may arrive when another has the place.

use std::collections::BTreeMap;
use std::ops::{Index, IndexMut};

use comeback_diagnosis::clock::Now;

use super::HostId;
use crate::commit::HostRecord;
use crate::config::EngineConfig;
use crate::host::Host;
use crate::host_key::HostKey;
use crate::ids::HostNumber;

#[derive(Debug, Default)]
pub(super) struct HostTable {
    places: Vec<Option<Box<Host>>>,
    /// How many hosts had each place before.
    generations: Vec<u32>,
    free: Vec<HostId>,
    ids: BTreeMap<HostKey, HostId>,
    records: BTreeMap<HostKey, HostRecord>,
}

impl HostTable {
    /// A table of hosts that are recorded, and not met.
    pub(super) fn of(records: impl IntoIterator<Item = HostRecord>) -> Self {
        let records = records.into_iter().map(|record| (record.host.clone(), record)).collect();
        Self { records, ..Self::default() }
    }

    /// The place of a host; a new one takes up what is recorded of it.
    pub(super) fn meet(&mut self, key: &HostKey, config: &EngineConfig, now: Now) -> HostId {
        if let Some(id) = self.ids.get(key) {
            return *id;
        }
        let mut host = Box::new(Host::new(key.clone(), config));
        self.records.remove(key).iter().for_each(|record| host.restore(record, now));
        let id = self.free.pop().unwrap_or(self.places.len());
        if id == self.places.len() {
            self.places.push(None);
            self.generations.push(0);
        }
        self.places[id] = Some(host);
        self.ids.insert(key.clone(), id);
        id
    }

    /// A host's name for the governor: its place, of which a partition has fewer than 2^32, and how many had that before.
    pub(super) fn number_of(&self, id: HostId) -> HostNumber {
        HostNumber(u64::from(self.generations[id]) << u32::BITS | id as u64)
    }

    /// The place of the host that has a number, if it is still there.
    pub(super) fn place_of(&self, number: HostNumber) -> Option<HostId> {
        let id = HostId::try_from(number.0 & u64::from(u32::MAX)).ok()?;
        self.places.get(id)?.as_ref()?;
        (self.number_of(id) == number).then_some(id)
    }

    /// Puts a host aside, with the record that is to be kept of it, if any.
    pub(super) fn put_aside(&mut self, id: HostId, record: Option<HostRecord>) {
        let Some(host) = self.places[id].take() else { return };
        self.ids.remove(&host.key);
        self.generations[id] = self.generations[id].wrapping_add(1);
        self.free.push(id);
        self.records.extend(record.map(|record| (host.key, record)));
    }

    /// The hosts that are met, in the order of their places.
    pub(super) fn iter(&self) -> impl Iterator<Item = (HostId, &Host)> {
        self.places.iter().enumerate().filter_map(|(id, host)| Some((id, &**host.as_ref()?)))
    }

    pub(super) fn iter_mut(&mut self) -> impl Iterator<Item = &mut Host> {
        self.places.iter_mut().flatten().map(|host| &mut **host)
    }

    /// What is recorded of hosts that are not met.
    pub(super) fn records(&self) -> impl Iterator<Item = &HostRecord> {
        self.records.values()
    }
}

impl Index<HostId> for HostTable {
    type Output = Host;

    fn index(&self, id: HostId) -> &Host {
        self.places[id].as_ref().expect("whoever holds a place keeps its host from being put aside")
    }
}

impl IndexMut<HostId> for HostTable {
    fn index_mut(&mut self, id: HostId) -> &mut Host {
        self.places[id].as_mut().expect("whoever holds a place keeps its host from being put aside")
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::commit::HoldRecord;
    use crate::ids::PartitionId;
    use comeback_diagnosis::clock::{Monotonic, WallTime};

    fn key(name: &str) -> HostKey {
        HostKey::of(&format!("http://{name}.example/").parse().unwrap()).unwrap()
    }

    #[test]
    fn a_place_is_used_again_and_a_record_taken_up() {
        let config = EngineConfig::new(PartitionId(0), 1);
        let now = Now { monotonic: Monotonic(1_000), wall: WallTime(50_000) };
        let hold = HoldRecord { since: WallTime(40_000), until: WallTime(90_000), because: "Retry-After".into() };
        let record = HostRecord { host: key("a"), hold: Some(hold), patience: None, trouble: None, condemned: None };
        let mut table = HostTable::of([record]);
        let first = table.meet(&key("a"), &config, now);
        assert_eq!(table[first].hold.as_ref().unwrap().until, Monotonic(41_000));
        let record = table[first].record(now);
        let number = table.number_of(first);
        assert_eq!(table.place_of(number), Some(first));
        table.put_aside(first, Some(record));
        assert_eq!(table.place_of(number), None);
        assert_eq!((table.iter().count(), table.records().count()), (0, 1));
        let second = table.meet(&key("b"), &config, now);
        assert_eq!(first, second);
        assert_eq!((table.place_of(number), table.place_of(table.number_of(second))), (None, Some(second)), "of another host");
        let third = table.meet(&key("a"), &config, now);
        assert!(table[third].hold.is_some() && table[second].hold.is_none() && table.records().count() == 0);
    }
}
