//! A group's clock: hosts behind one address that share a limit are asked as if they were one host.
//!
//! Life story. It begins with a *look* at what its hosts have under way, then finds the group's pace by the rules of a host's own
//! ([`crate::host::pace`]): trial, climb, trouble with one probe at a time. Its hosts are granted slots in turn. It ends where no limit
//! is met any more, or where nothing is accepted for [`PROBES_MAX`] probes: then each host goes on by itself, with a patience of its own.
//! A host that is refused alone, or spared alone, so often that its share of the requests does not explain it is no part of the group
//! and leaves it, at the pace that it had. What always holds: one ticket at most is released and not yet granted; an error never makes the next request earlier.

use std::collections::{BTreeMap, BTreeSet, VecDeque};

use comeback_diagnosis::cause::Cause;
use comeback_diagnosis::clock::{Monotonic, Now};

use super::groups::Incident;
use super::{Member, RunSeen};
use crate::chance::Chance;
use crate::host::look::Look;
use crate::host::pace::{Meaning, Pace};
use crate::host::trouble::{Refusal, Trouble};
use crate::host::window::Window;
use crate::ids::Ticket;
use crate::visit::Verdict;

/// Requests of a group under way at once; each host keeps its own limit too.
const UNDER_WAY_MAX: u32 = 64;
/// Probes in vain after which a group is given up.
const PROBES_MAX: u32 = 3;
/// The chances that are accepted of taking a host for no part of its group wrongly: as it was spared, and as it was refused alone. The
/// second is tried more often: after each refusal some host was the last to be refused.
const SPARED_CHANCE: f64 = 0.01;
const ALONE_CHANCE: f64 = 0.003;

/// A host that leaves, what it has asked for, and the gap at which it was asked, in microseconds.
#[derive(Debug)]
pub(super) struct Parted {
    pub(super) member: Member,
    pub(super) tickets: VecDeque<Ticket>,
    pub(super) gap_us: u64,
}

/// A host, as its group sees it.
#[derive(Debug)]
struct Standing {
    tickets: VecDeque<Ticket>,
    /// Requests since the group's last incident.
    asked: u64,
    /// The chance that a part of the group is spared as many refusals in a row as it was.
    spared: f64,
    /// The chance that a part of the group is the only one refused, as many times in a row as it was.
    alone: f64,
}

#[derive(Debug)]
pub(super) struct Group {
    pace: Pace,
    look: Option<Look>,
    trouble: Option<Trouble>,
    window: Window,
    members: BTreeMap<Member, Standing>,
    /// Whose turn was last.
    last: Option<Member>,
    under_way: BTreeSet<(Member, Ticket)>,
    /// The host whose ticket is released and not yet granted.
    released: Option<Member>,
    incident_at: Monotonic,
    /// When it last asked.
    pub(super) asked_at: Monotonic,
    /// Whether it is none: a limit is no longer met, or nothing is accepted.
    is_over: bool,
    /// When its timer is set, if it is.
    pub(super) wakes_at: Option<Monotonic>,
}

/// Who refused what does not matter to a group.
const fn refusal(asked_at: Monotonic) -> Refusal {
    Refusal { asked_at, url: 0, cause: Cause::RateLimit, is_lasting: false, stated: None }
}

impl Group {
    /// A group of hosts that were refused together.
    pub(super) fn begin(now: Now, incidents: &[Incident]) -> Self {
        let runs = || incidents.iter().map(|incident| incident.run);
        let run = RunSeen {
            since: runs().filter_map(|run| run.since).min(),
            asked: runs().map(|run| run.asked).sum(),
            accepted: runs().map(|run| run.accepted).sum(),
        };
        let asked_at = incidents.iter().map(|incident| incident.asked_at).min().unwrap_or(now.monotonic);
        Self {
            pace: Pace::resumed(run),
            look: Some(Look::begin(now, refusal(asked_at))),
            trouble: None,
            window: Window::new(UNDER_WAY_MAX),
            members: BTreeMap::new(),
            last: None,
            under_way: BTreeSet::new(),
            released: None,
            incident_at: now.monotonic,
            asked_at: now.monotonic,
            is_over: false,
            wakes_at: None,
        }
    }

    pub(super) fn len(&self) -> usize {
        self.members.len()
    }

    pub(super) fn is_empty(&self) -> bool {
        self.members.is_empty()
    }

    /// Takes a host in, with what it has under way.
    pub(super) fn join(&mut self, member: Member, under_way: impl Iterator<Item = Ticket>) {
        self.members.insert(member, Standing { tickets: VecDeque::new(), asked: 0, spared: 1.0, alone: 1.0 });
        for ticket in under_way {
            self.under_way.insert((member, ticket));
            self.window.grow();
        }
    }

    pub(super) fn queue(&mut self, member: Member, ticket: Ticket) -> bool {
        let Some(standing) = self.members.get_mut(&member) else { return false };
        standing.tickets.push_back(ticket);
        true
    }

    /// When the next ticket may be released, if one waits and may be.
    pub(super) fn next_at(&self) -> Option<Monotonic> {
        let limit = if self.trouble.is_some() { 1 } else { self.window.limit() };
        let is_full = self.under_way.len() >= limit as usize && self.look.is_none();
        if is_full || self.released.is_some() || self.members.values().all(|standing| standing.tickets.is_empty()) {
            return None;
        }
        let probe_at = self.trouble.as_ref().map(|trouble| trouble.next_probe_at);
        let look_until = self.look.map(|look| look.until);
        Some(self.pace.next_at().max(probe_at.unwrap_or_default()).max(look_until.unwrap_or_default()))
    }

    /// Releases the ticket of the host whose turn it is.
    pub(super) fn release(&mut self) -> Option<(Member, Ticket)> {
        let waits = |(member, standing): (&Member, &Standing)| (!standing.tickets.is_empty()).then_some(*member);
        let after = self.last.and_then(|last| {
            use std::ops::Bound::{Excluded, Unbounded};
            self.members.range((Excluded(last), Unbounded)).find_map(waits)
        });
        let member = after.or_else(|| self.members.iter().find_map(waits))?;
        let ticket = self.members.get_mut(&member)?.tickets.pop_front()?;
        self.last = Some(member);
        self.released = Some(member);
        Some((member, ticket))
    }

    /// A host that left and joined anew may still have a ticket in the common queue that this group did not release.
    pub(super) fn passed_over(&mut self, member: Member) {
        self.released = self.released.filter(|released| *released != member);
    }

    pub(super) fn asked(&mut self, now: Now, member: Member, ticket: Ticket) {
        self.passed_over(member);
        self.asked_at = now.monotonic;
        self.pace.asked(now.monotonic);
        self.under_way.insert((member, ticket));
        self.members.get_mut(&member).into_iter().for_each(|standing| standing.asked += 1);
    }

    pub(super) fn returned(&mut self, member: Member, ticket: Ticket) {
        self.under_way.remove(&(member, ticket));
    }

    pub(super) fn accepted(&mut self, now: Now, asked_at: Monotonic) {
        if self.trouble.as_ref().is_some_and(|trouble| asked_at > trouble.step_at) {
            self.trouble = None;
            self.pace.recovered(now.monotonic, false);
        }
        if self.trouble.is_none() {
            self.window.grow();
        }
        self.look.iter_mut().for_each(|look| look.hear(asked_at, Verdict::Accepted));
        let kept_ms = self.pace.gap_ms();
        self.pace.accepted(now.monotonic, asked_at);
        // It climbed until no gap was left: there is no limit that these hosts share.
        self.is_over |= kept_ms > 0 && self.pace.gap_ms() == 0;
    }

    pub(super) fn refused(&mut self, now: Now, member: Member, asked_at: Monotonic, chance: &mut Chance) {
        self.count_shares(now, member, asked_at);
        self.look.iter_mut().for_each(|look| look.hear(asked_at, Verdict::Refused { charge: None }));
        if let Some(trouble) = &mut self.trouble {
            trouble.confirm(now, refusal(asked_at), chance);
            self.window.restart();
            self.is_over |= trouble.probes >= PROBES_MAX;
            return;
        }
        match self.pace.refused(now.monotonic, asked_at) {
            Meaning::Look => {
                self.look.get_or_insert_with(|| Look::begin(now, refusal(asked_at)));
            }
            Meaning::Borne => {}
            Meaning::Trouble => self.begin_trouble(now, refusal(asked_at), chance),
        }
    }

    fn begin_trouble(&mut self, now: Now, refusal: Refusal, chance: &mut Chance) {
        self.look = None;
        self.trouble = Some(Trouble::begin(now, refusal, chance));
        self.window.shrink();
        self.pace.interrupted(now.monotonic);
    }

    /// Ends a look when all that was under way is answered, or its time is over.
    pub(super) fn end_look(&mut self, now: Now, chance: &mut Chance) {
        let is_over = |look: &mut Look| self.under_way.is_empty() || look.until <= now.monotonic;
        let Some(look) = self.look.take_if(is_over).filter(|_| self.trouble.is_none()) else { return };
        if look.is_mixed() {
            self.pace.mixed(now.monotonic);
        } else {
            self.begin_trouble(now, look.refusal, chance);
        }
    }

    /// A refusal of one is one that the others were spared. Those of requests from before the last one belong to it.
    fn count_shares(&mut self, now: Now, member: Member, asked_at: Monotonic) {
        if asked_at <= self.incident_at {
            return;
        }
        self.incident_at = now.monotonic;
        let total: u64 = self.members.values().map(|standing| standing.asked).sum();
        let count = self.members.len() as u64;
        #[expect(clippy::cast_precision_loss, reason = "a share needs no more digits")]
        let share = |asked: u64, total: u64| asked as f64 / total.max(1) as f64;
        for (other, standing) in &mut self.members {
            let asked = std::mem::take(&mut standing.asked);
            if *other == member {
                // The refused request may have been counted before the last incident.
                (standing.spared, standing.alone) = (1.0, standing.alone * share(asked + 1, total + count));
            } else {
                (standing.spared, standing.alone) = (standing.spared * (1.0 - share(asked, total)), 1.0);
            }
        }
    }

    /// A host has nothing to ask any more: nothing of it is waited for.
    pub(super) fn forget(&mut self, member: Member) {
        self.members.remove(&member);
        self.under_way.retain(|(of, _)| *of != member);
        self.passed_over(member);
    }

    pub(super) const fn give_up(&mut self) {
        self.is_over = true;
    }

    /// Takes out those who are no part of it: all of them, where it is over or would be one host's.
    pub(super) fn part(&mut self) -> Vec<Parted> {
        let is_foreign = |standing: &Standing| standing.spared < SPARED_CHANCE || standing.alone < ALONE_CHANCE;
        let foreign = self.members.values().filter(|standing| is_foreign(standing)).count();
        if foreign == 0 && !self.is_over {
            return Vec::new();
        }
        let gap_us = self.pace.gap_us() * self.members.len() as u64;
        let is_whole = self.is_over || self.members.len() - foreign < 2;
        let (parted, left) =
            std::mem::take(&mut self.members).into_iter().partition(|(_, standing)| is_whole || is_foreign(standing));
        self.members = left;
        let parted: BTreeMap<Member, Standing> = parted;
        self.under_way.retain(|(member, _)| !parted.contains_key(member));
        self.released = self.released.filter(|member| !parted.contains_key(member));
        parted.into_iter().map(|(member, standing)| Parted { member, tickets: standing.tickets, gap_us }).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::ids::{HostNumber, PartitionId};
    use comeback_diagnosis::clock::WallTime;

    const A: Member = (PartitionId(0), HostNumber(0));
    const B: Member = (PartitionId(0), HostNumber(1));
    const C: Member = (PartitionId(1), HostNumber(0));

    fn group() -> (Group, Now) {
        let now = Now { monotonic: Monotonic(1_000), wall: WallTime(0) };
        let mut group = Group::begin(now, &[]);
        group.join(A, (1..=4).map(Ticket));
        group.join(B, std::iter::empty());
        group.join(C, std::iter::empty());
        group.queue(C, Ticket(1));
        (group, now)
    }

    fn refuse_alone(group: &mut Group, now: Now, member: Member, times: u64) {
        let mut chance = Chance::from_rng_seed(1);
        for step in 1..=times {
            let at = Monotonic(now.monotonic.0 + step * 1_000);
            [A, B, C].into_iter().for_each(|other| group.asked(Now { monotonic: at, ..now }, other, Ticket(100 + step)));
            group.refused(Now { monotonic: at, ..now }, member, at, &mut chance);
        }
        (group.look, group.trouble, group.is_over) = (None, None, false);
    }

    /// The requests that a host had under way when it left were waited for without end, for it was no longer known whose they were: the
    /// other hosts never got a slot again.
    #[test]
    fn a_host_that_leaves_takes_what_it_has_under_way_along() {
        let (mut group, now) = group();
        refuse_alone(&mut group, now, A, 6);
        [B, C].into_iter().for_each(|member| (101..=106).for_each(|ticket| group.returned(member, Ticket(ticket))));
        assert_eq!(group.next_at(), None, "the window is full");
        let parted: Vec<Member> = group.part().into_iter().map(|parted| parted.member).collect();
        assert_eq!((parted, group.len()), (vec![A], 2));
        assert!(group.next_at().is_some());
    }

    #[test]
    fn a_group_of_one_is_none() {
        let (mut group, now) = group();
        refuse_alone(&mut group, now, A, 6);
        assert_eq!(group.part().len(), 1);
        refuse_alone(&mut group, Now { monotonic: Monotonic(100_000), ..now }, B, 9);
        let parted = group.part();
        assert!(group.is_empty());
        let tickets: usize = parted.iter().map(|parted| parted.tickets.len()).sum();
        assert_eq!((parted.len(), tickets), (2, 1), "what waits goes along");
    }
}
