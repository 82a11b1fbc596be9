//! Resting: a host with nothing to do is remembered for a while, for more may come for it, and then put aside.
//!
//! What is given up is how fast it may be asked and its robots.txt: when it is met again, it is a new host. What its server stated stays: a
//! host whose hold or gap still runs is put aside with its record or not at all.

use comeback_diagnosis::clock::Now;

use super::{Engine, HostId};
use crate::commit::HostRecord;
use crate::host::Host;
use crate::host::announced::Announced;

impl Engine {
    /// Notes that a host may have nothing to do, and puts the one aside that has rested longest, where too many rest.
    pub(super) fn rest(&mut self, now: Now, id: HostId) {
        if !self.hosts[id].is_resting && is_idle(&self.hosts[id]) {
            self.hosts[id].is_resting = true;
            self.resting.push_back(id);
        }
        // Each host that begins to rest is a reason to look at two: so the row shrinks although some have to stay.
        for _ in 0..2 {
            if self.resting.len() <= self.config.hosts_resting_max {
                return;
            }
            let Some(first) = self.resting.pop_front() else { return };
            if !is_idle(&self.hosts[first]) {
                self.hosts[first].is_resting = false;
            } else if self.may_be_put_aside(now, first) {
                self.set_timer(first, None);
                if self.hosts[first].is_grouped() {
                    self.tell_gone(self.hosts.number_of(first));
                }
                let record = self.hosts[first].record(now);
                self.hosts.put_aside(first, is_worth_keeping(&record).then_some(record));
            } else {
                self.resting.push_back(first);
            }
        }
    }

    /// Whether nothing of an idle host is lost but what can be learned again: all that lasts is committed, and its gaps are over.
    fn may_be_put_aside(&self, now: Now, id: HostId) -> bool {
        let host = &self.hosts[id];
        let is_committed = !host.changed && !host.hold_changed && !self.commit_clock.hosts.contains(&id);
        let is_told = host.announced.as_ref().and_then(|told: &Announced| told.left(now.monotonic)).is_none();
        is_committed && is_told && host.look.is_none() && host.suspicion.is_none() && host.gap_is_over(now)
    }
}

fn is_idle(host: &Host) -> bool {
    let asks_nothing = host.under_way.is_empty() && host.tickets.is_empty() && host.elsewhere == 0;
    host.unsettled == 0 && asks_nothing && host.queue.guests.is_empty() && !host.queue.has_urls()
}

const fn is_worth_keeping(record: &HostRecord) -> bool {
    let HostRecord { host: _, hold, patience, trouble, condemned } = record;
    hold.is_some() || patience.is_some() || trouble.is_some() || condemned.is_some()
}
