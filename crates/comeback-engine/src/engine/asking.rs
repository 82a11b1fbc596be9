//! Asking: batches come in, hosts are tended, slots become visits.

use std::sync::Arc;

use comeback_diagnosis::cause::Cause;
use comeback_diagnosis::clock::{Monotonic, Now};

use super::judging::REFUSED_MS;
use super::{Engine, HostId, Lease, LeaseOf};
use crate::governor::ToGovernor;
use crate::host::announced::Announced;
use crate::host::queue::UrlPlace;
use crate::host::robots::Robots;
use crate::host::{Host, Readiness};
use crate::ids::{BatchSeq, LeaseId, Ticket};
use crate::outcome::Outcome;
use crate::output::Output;
use crate::seed_url::{SeedUrl, canonical};
use crate::visit::{Guest, GuestAnswer, Visit};

/// A host whose hold lasts longer than this, in milliseconds, gives its loaded batches back.
const HOLD_MS_TO_UNLOAD: u64 = 60_000;
/// URLs of one host that may wait for visits to other hosts at once.
const ELSEWHERE_MAX: usize = 256;

impl Engine {
    /// # Panics
    /// When the body holds another number of URLs than the head says: the shell compares them before.
    pub(super) fn take_in_batch(&mut self, now: Now, seq: BatchSeq, urls: Vec<SeedUrl>) {
        let Some(batch) = self.batches.get_mut(&seq) else { return };
        assert_eq!(urls.len(), usize::from(batch.count), "the shell compares a body with its head");
        let host = batch.host;
        batch.body = Some(urls.into_iter().map(Arc::new).collect());
        let places = (0..=u8::MAX).take(usize::from(batch.count)).filter(|index| !batch.progress.settled.contains(*index));
        let queue = &mut self.hosts[host].queue;
        queue.loading = None;
        queue.ready.extend(places.map(|index| UrlPlace { batch: seq, index }));
        self.tend(now, host);
    }

    pub(super) fn receive_guest(&mut self, now: Now, guest: Guest) {
        let host = self.host_id(now, &guest.visit.host);
        self.hosts[host].queue.guests.push_back(guest);
        self.tend(now, host);
    }

    /// Looks after one host: spends its patience, settles what is condemned, loads, asks for slots, sets its timer.
    pub(super) fn tend(&mut self, now: Now, id: HostId) {
        self.look_after(now, id);
        self.rest(now, id);
    }

    fn look_after(&mut self, now: Now, id: HostId) {
        if self.hosts[id].end_look(now, &mut self.chance) {
            self.note_host(id);
            self.recall_unsent(id);
        }
        self.count_patience(now, id);
        self.spend_patience(now, id);
        if self.hosts[id].condemned.is_some() {
            self.set_timer(id, None);
            self.withdraw_tickets(id);
            self.settle_condemned(now, id);
            self.load_for(id, 1);
            return;
        }
        if self.draining {
            self.set_timer(id, None);
            return;
        }
        let held_until = self.hosts[id].hold.as_ref().map(|hold| hold.until);
        let reload_at = held_until
            .filter(|until| until.since_ms(now.monotonic) > HOLD_MS_TO_UNLOAD)
            .map(|until| Monotonic(until.0 - HOLD_MS_TO_UNLOAD));
        let is_dead = self.hosts[id].robots.is_unasked() && self.hosts[id].trouble.is_some();
        if reload_at.is_some() || is_dead {
            // None of its URLs is asked soon: they wait in the store.
            self.unload(id);
        } else {
            self.load_for(id, self.hosts[id].window.limit_max() as usize * 2);
        }
        let wake_at = self.ask_for_slots(now, id);
        self.count_patience(now, id);
        let host = &self.hosts[id];
        let patience = host.patience_until(&self.config);
        let timer = [wake_at, host.queue.next_waiting().filter(|at| *at > now.monotonic), patience, reload_at]
            .into_iter()
            .flatten()
            .min();
        self.set_timer(id, timer);
    }

    /// Patience counts only time in which the host could have been asked: it has work, and does not wait for us.
    fn count_patience(&mut self, now: Now, id: HostId) {
        let host = &self.hosts[id];
        let is_put_off = host.put_off_until.is_some_and(|until| until > now.monotonic);
        let waits_for_slot = (!host.tickets.is_empty() || is_put_off) && host.under_way.is_empty();
        let counts = self.has_work(id) && !waits_for_slot;
        self.hosts[id].patience.iter_mut().for_each(|patience| patience.count_idle_time(now, counts));
    }

    fn has_work(&self, id: HostId) -> bool {
        let host = &self.hosts[id];
        host.queue.has_urls() || !host.queue.guests.is_empty() || !host.under_way.is_empty()
    }

    fn load_for(&mut self, id: HostId, wanted: usize) {
        let queue = &mut self.hosts[id].queue;
        if queue.loading.is_none() && queue.ready.len() < wanted {
            self.outputs.extend(queue.take_batch().map(|batch| {
                queue.loading = Some(batch);
                Output::LoadBatch(batch)
            }));
        }
    }

    /// Gives the loaded batches of a host back, when none of their URLs is leased.
    fn unload(&mut self, id: HostId) {
        let host = &mut self.hosts[id];
        if !host.under_way.is_empty() || host.elsewhere > 0 {
            return;
        }
        let mut batches: Vec<BatchSeq> = host.queue.drain_urls().into_iter().map(|place| place.batch).collect();
        batches.sort_unstable();
        batches.dedup();
        for seq in batches.into_iter().rev() {
            if let Some(batch) = self.batches.get_mut(&seq) {
                batch.body = None;
                host.queue.put_back(batch.job, seq);
            }
        }
    }

    /// Asks the governor for as many slots as the host may use now, or says when to look again.
    fn ask_for_slots(&mut self, now: Now, id: HostId) -> Option<Monotonic> {
        let askable = self.askable(now, &self.hosts[id]);
        let wanted = askable.saturating_sub(self.hosts[id].tickets.len());
        if wanted == 0 {
            return None;
        }
        match self.hosts[id].readiness(now) {
            Readiness::Blocked => None,
            Readiness::NotUntil { at, because: _ } => Some(at),
            Readiness::Now(free) => {
                let (host, purpose) = (self.hosts.number_of(id), self.hosts[id].purpose());
                for _ in 0..wanted.min(free as usize) {
                    self.last_ticket = self.last_ticket.next();
                    self.tickets.insert(self.last_ticket, id);
                    self.hosts[id].tickets.insert(self.last_ticket);
                    self.outputs.push_back(Output::ToGovernor(ToGovernor::Ask { ticket: self.last_ticket, host, purpose }));
                }
                None
            }
        }
    }

    /// How many requests there would be to make at a host, were it free.
    fn askable(&self, now: Now, host: &Host) -> usize {
        match host.robots {
            Robots::Unknown
                if host.queue.has_ready(now.monotonic) || host.queue.has_unloaded() || host.queue.loading.is_some() =>
            {
                1
            }
            Robots::Unknown => 0,
            // Another host's robots.txt may have led here: two that point at each other must not wait for one another.
            Robots::Asking => usize::from(host.queue.guests.iter().any(|guest| guest.visit.robots)),
            Robots::Known(_) | Robots::Ignored if host.elsewhere >= ELSEWHERE_MAX => host.queue.guests.len(),
            Robots::Known(_) | Robots::Ignored => host.queue.ready_count(now.monotonic),
        }
    }

    pub(super) fn use_slot(&mut self, now: Now, ticket: Ticket) {
        let Some(id) = self.tickets.remove(&ticket) else {
            // Withdrawn while the grant was on its way: the withdrawal has given it back.
            return;
        };
        self.hosts[id].tickets.remove(&ticket);
        let ready = !self.draining && matches!(self.hosts[id].readiness(now), Readiness::Now(_));
        let started = ready && self.start(now, id, ticket);
        if !started {
            self.return_slot(ticket);
        }
        self.tend(now, id);
    }

    /// The job's retry budget is spent: a ticket is void, and its host waits.
    pub(super) fn put_off(&mut self, now: Now, ticket: Ticket, until: Monotonic) {
        let Some(id) = self.tickets.remove(&ticket) else { return };
        self.hosts[id].tickets.remove(&ticket);
        self.hosts[id].put_off_until = Some(until);
        self.tend(now, id);
    }

    /// Starts the next visit of a host; false when there is nothing to ask after all.
    fn start(&mut self, now: Now, id: HostId, ticket: Ticket) -> bool {
        let Some((of, visit)) = self.next_visit(now, id) else { return false };
        self.last_lease = self.last_lease.next();
        let lease = self.last_lease;
        let host = &mut self.hosts[id];
        host.asked_at = Some(now.monotonic);
        host.put_off_until = None;
        host.pace.asked(now.monotonic);
        host.announced.iter_mut().for_each(Announced::asked);
        host.under_way.insert(lease, now.monotonic);
        self.leases.insert(lease, Lease { host: id, of, visit: visit.clone(), ticket: Some(ticket) });
        self.outputs.push_back(Output::Visit { lease, visit: Box::new(visit) });
        true
    }

    fn next_visit(&mut self, now: Now, id: HostId) -> Option<(LeaseOf, Visit)> {
        match self.hosts[id].robots {
            Robots::Unknown => {
                let queue = &self.hosts[id].queue;
                let guests: Vec<&Visit> = queue.guests.iter().map(|guest| &guest.visit).collect();
                let led_by = (!queue.has_urls()).then_some(guests.as_slice());
                let mut visit = Visit::robots(&self.config.headers, self.hosts[id].key.clone(), led_by)?;
                let is_free = |guest: &Visit| !guest.from_public;
                visit.from_public |= queue.has_urls() && !self.hosts[id].is_listed && !guests.iter().any(|guest| is_free(guest));
                self.hosts[id].robots = Robots::Asking;
                return Some((LeaseOf::Robots, visit));
            }
            Robots::Asking => {
                let guests = &mut self.hosts[id].queue.guests;
                let place = guests.iter().position(|guest| guest.visit.robots)?;
                let guest = guests.remove(place)?;
                let visit = guest.visit.clone();
                return Some((LeaseOf::Guest(Box::new(guest)), visit));
            }
            Robots::Known(_) | Robots::Ignored => {}
        }
        let guest_is_next = self.hosts[id].queue.take_turn(now.monotonic);
        while let Some(guest) = guest_is_next.then(|| self.hosts[id].queue.guests.pop_front()).flatten() {
            if guest.visit.robots || self.hosts[id].robots.allows(&guest.visit.url) {
                let visit = guest.visit.clone();
                return Some((LeaseOf::Guest(Box::new(guest)), visit));
            }
            let evidence = self.forbidden(id, &guest.visit);
            let answer = GuestAnswer::Unasked {
                outcome: Outcome::Parked,
                cause: Cause::RobotsPolicy,
                until: None,
                evidence,
                cut: guest.cut,
            };
            self.answer_guest(&guest, None, answer);
        }
        if self.hosts[id].elsewhere >= ELSEWHERE_MAX {
            return None;
        }
        // Where gaps are longer than a refused URL waits, it would be due each time: while nothing is accepted, others get their turn.
        let host = &self.hosts[id];
        let in_turn = host.patience.is_some() && (host.is_grouped() || host.gap_ms() >= REFUSED_MS);
        while let Some(place) = self.hosts[id].queue.take_url(now.monotonic, in_turn) {
            let Some(visit) = self.visit_of(id, place) else {
                let evidence = vec!["the stored URL cannot be read".to_owned()];
                self.settle(now, place, Outcome::Failed, Cause::Protocol, None, evidence);
                continue;
            };
            if self.hosts[id].robots.allows(&visit.url) {
                return Some((LeaseOf::Url(place), visit));
            }
            let evidence = self.forbidden(id, &visit);
            self.settle(now, place, Outcome::Parked, Cause::RobotsPolicy, None, evidence);
        }
        None
    }

    fn visit_of(&self, id: HostId, place: UrlPlace) -> Option<Visit> {
        let seed = self.seed(place);
        let url = canonical(&seed.given).ok()?;
        let from_public = self.batches.get(&place.batch).is_some_and(|batch| batch.from_public);
        Some(Visit { from_public, ..Visit::seed(&seed, &self.config.headers, url, self.hosts[id].key.clone()) })
    }

    pub(super) fn seed(&self, place: UrlPlace) -> Arc<SeedUrl> {
        let body = self.batches.get(&place.batch).and_then(|batch| batch.body.as_ref());
        let body = body.expect("a URL in a queue or lease is unsettled, so its batch is here and loaded");
        Arc::clone(&body[usize::from(place.index)])
    }

    fn forbidden(&self, id: HostId, visit: &Visit) -> Vec<String> {
        let rule = self.hosts[id].robots.rule_for(&visit.url);
        vec![rule.map_or_else(|| "robots.txt forbids it".into(), |rule| format!("robots.txt forbids it: Disallow: {rule}"))]
    }

    pub(super) fn withdraw_tickets(&mut self, id: HostId) {
        for ticket in std::mem::take(&mut self.hosts[id].tickets) {
            self.tickets.remove(&ticket);
            self.outputs.push_back(Output::ToGovernor(ToGovernor::Withdraw(ticket)));
        }
    }

    /// A visit was recalled before it was sent: nothing happened.
    pub(super) fn take_back(&mut self, now: Now, lease_id: LeaseId) {
        let Some(lease) = self.leases.remove(&lease_id) else { return };
        let id = lease.host;
        self.hosts[id].under_way.remove(&lease_id);
        lease.ticket.into_iter().for_each(|ticket| self.return_slot(ticket));
        match lease.of {
            LeaseOf::Url(place) => self.hosts[id].queue.ready.push_front(place),
            LeaseOf::Guest(guest) => self.hosts[id].queue.guests.push_front(*guest),
            LeaseOf::Robots => self.hosts[id].robots = Robots::Unknown,
        }
        self.tend(now, id);
    }
}
