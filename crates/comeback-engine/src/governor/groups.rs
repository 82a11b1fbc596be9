//! Which hosts are a group: those of one address that are refused as for a rate, by the same status, close together in time.
//!
//! An address alone is no evidence: one may stand before thousands of hosts that have nothing to do with one another. Only a host that
//! was refused itself joins. One that is refused alone, or spared, again and again leaves, and a group that meets no limit any more is
//! given up ([`super::group`]). What is kept is bounded: so many groups, hosts of a group, and addresses with an incident.

use std::collections::{BTreeMap, BTreeSet};
use std::net::IpAddr;

use comeback_diagnosis::clock::{Monotonic, Now};

use super::group::{Group, Parted};
use super::{Held, Member, RunSeen};
use crate::chance::Chance;
use crate::ids::{HostNumber, Ticket};

/// Incidents of two hosts of an address within so many milliseconds of each other are evidence for a group.
const TOGETHER_MS: u64 = 200;
/// Groups at once, and hosts of a group.
const GROUPS_MAX: usize = 256;
const MEMBERS_MAX: usize = 1_024;
/// Addresses whose last incident is remembered.
const INCIDENTS_MAX: usize = 1_024;
/// A group that asked for nothing for so many milliseconds is given up when there is another.
const IDLE_MS: u64 = 60_000;

/// A host that was refused as for a rate.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Incident {
    pub(super) member: Member,
    pub(super) at: Monotonic,
    pub(super) asked_at: Monotonic,
    pub(super) status: u16,
    pub(super) run: RunSeen,
}

impl Incident {
    /// Whether two hosts were refused together.
    const fn is_with(&self, other: &Self) -> bool {
        self.status == other.status && other.at.since_ms(self.at) <= TOGETHER_MS
    }
}

#[derive(Debug)]
pub(super) struct Groups {
    chance: Chance,
    groups: BTreeMap<IpAddr, Group>,
    members: BTreeMap<Member, IpAddr>,
    /// The last incident of an address.
    incidents: BTreeMap<IpAddr, Incident>,
    /// Groups that may have a ticket to release.
    touched: BTreeSet<IpAddr>,
    timers: BTreeSet<(Monotonic, IpAddr)>,
}

impl Groups {
    pub(super) const fn new(chance: Chance) -> Self {
        Self {
            chance,
            groups: BTreeMap::new(),
            members: BTreeMap::new(),
            incidents: BTreeMap::new(),
            touched: BTreeSet::new(),
            timers: BTreeSet::new(),
        }
    }

    pub(super) fn wake_at(&self) -> Option<Monotonic> {
        self.timers.first().map(|(at, _)| *at)
    }

    pub(super) fn has_news(&self) -> bool {
        !self.touched.is_empty()
    }

    /// The group of a host, which is looked at again for what it may release.
    fn touch(&mut self, member: Member) -> Option<&mut Group> {
        let address = self.members.get(&member)?;
        self.touched.insert(*address);
        self.groups.get_mut(address)
    }

    /// A host of a group wants a slot: false where it is in none.
    pub(super) fn queue(&mut self, member: Member, ticket: Ticket) -> bool {
        self.touch(member).is_some_and(|group| group.queue(member, ticket))
    }

    /// The next ticket whose turn has come.
    pub(super) fn release(&mut self, now: Now) -> Option<(Member, Ticket)> {
        while let Some((at, address)) = self.timers.first().copied().filter(|(at, _)| *at <= now.monotonic) {
            self.timers.remove(&(at, address));
            self.touched.insert(address);
        }
        while let Some(address) = self.touched.first().copied() {
            let Some(group) = self.groups.get_mut(&address) else {
                self.touched.remove(&address);
                continue;
            };
            let before = group.wakes_at.take();
            before.into_iter().for_each(|at| {
                self.timers.remove(&(at, address));
            });
            group.end_look(now, &mut self.chance);
            match group.next_at() {
                Some(at) if at <= now.monotonic => return group.release(),
                at => {
                    group.wakes_at = at;
                    self.timers.extend(at.map(|at| (at, address)));
                    self.touched.remove(&address);
                }
            }
        }
        None
    }

    /// A released ticket was granted its slot.
    pub(super) fn asked(&mut self, now: Now, member: Member, ticket: Ticket) {
        self.touch(member).into_iter().for_each(|group| group.asked(now, member, ticket));
    }

    /// A released ticket was no longer wanted.
    pub(super) fn passed_over(&mut self, member: Member) {
        self.touch(member).into_iter().for_each(|group| group.passed_over(member));
    }

    /// A slot was given back.
    pub(super) fn returned(&mut self, member: Member, ticket: Ticket) {
        self.touch(member).into_iter().for_each(|group| group.returned(member, ticket));
    }

    pub(super) fn accepted(&mut self, now: Now, member: Member, asked_at: Monotonic) -> Vec<Parted> {
        let Some(group) = self.touch(member) else { return Vec::new() };
        group.accepted(now, asked_at);
        self.part_from(member)
    }

    pub(super) fn refused(&mut self, now: Now, member: Member, asked_at: Monotonic) -> Vec<Parted> {
        let Some(address) = self.members.get(&member) else { return Vec::new() };
        self.touched.insert(*address);
        if let Some(group) = self.groups.get_mut(address) {
            group.refused(now, member, asked_at, &mut self.chance);
        }
        self.part_from(member)
    }

    /// Gives up groups that have nothing to ask, where there is no room for another.
    pub(super) fn part_idle(&mut self, now: Now) -> Vec<Parted> {
        if self.groups.len() < GROUPS_MAX {
            return Vec::new();
        }
        let is_idle = |group: &Group| now.monotonic.since_ms(group.asked_at) > IDLE_MS && group.next_at().is_none();
        let idle: Vec<IpAddr> = self
            .groups
            .iter_mut()
            .filter(|(_, group)| is_idle(group))
            .map(|(address, group)| (group.give_up(), *address).1)
            .collect();
        idle.into_iter().flat_map(|address| self.part(address)).collect()
    }

    fn part_from(&mut self, member: Member) -> Vec<Parted> {
        self.members.get(&member).copied().map_or_else(Vec::new, |address| self.part(address))
    }

    /// Takes those out of a group who are no part of it; all of them, where it is over.
    fn part(&mut self, address: IpAddr) -> Vec<Parted> {
        let Some(group) = self.groups.get_mut(&address) else { return Vec::new() };
        let parted = group.part();
        self.drop_empty(address);
        parted.iter().for_each(|parted| {
            self.members.remove(&parted.member);
        });
        parted
    }

    /// A host without requests is forgotten by its engine.
    pub(super) fn forget(&mut self, member: Member) {
        self.touch(member).into_iter().for_each(|group| group.forget(member));
        self.members.remove(&member).into_iter().for_each(|address| self.drop_empty(address));
    }

    fn drop_empty(&mut self, address: IpAddr) {
        if let Some(group) = self.groups.get(&address).filter(|group| group.is_empty()) {
            group.wakes_at.into_iter().for_each(|at| {
                self.timers.remove(&(at, address));
            });
            self.groups.remove(&address);
        }
    }

    /// Notes a refusal, and unites its host with another of the same address that was refused just before. Says who joins a group.
    pub(super) fn notice(
        &mut self,
        now: Now,
        address: IpAddr,
        incident: Incident,
        granted: &BTreeMap<Held, HostNumber>,
    ) -> Vec<Member> {
        if self.incidents.len() >= INCIDENTS_MAX {
            self.incidents.retain(|_, incident| now.monotonic.since_ms(incident.at) <= TOGETHER_MS);
        }
        let last = self.incidents.get(&address).copied();
        if last.is_some() || self.incidents.len() < INCIDENTS_MAX {
            self.incidents.insert(address, incident);
        }
        let Some(last) = last.filter(|last| last.member != incident.member && last.is_with(&incident)) else { return Vec::new() };
        let joining: Vec<Incident> =
            [last, incident].into_iter().filter(|incident| !self.members.contains_key(&incident.member)).collect();
        if joining.is_empty() || !self.groups.contains_key(&address) && (joining.len() < 2 || self.groups.len() >= GROUPS_MAX) {
            return Vec::new();
        }
        let group = self.groups.entry(address).or_insert_with(|| Group::begin(now, &joining));
        let (mut joined, room) = (Vec::new(), MEMBERS_MAX.saturating_sub(group.len()));
        for incident in joining.iter().take(room) {
            let (partition, host) = incident.member;
            let own = granted.iter().filter(|((of, _), number)| *of == partition && **number == host);
            group.join(incident.member, own.map(|((_, ticket), _)| *ticket));
            self.members.insert(incident.member, address);
            joined.push(incident.member);
        }
        joined
    }
}

#[cfg(test)]
mod tests {
    use comeback_diagnosis::clock::WallTime;

    use super::super::{FromGovernor, Governor, Purpose, ToGovernor};
    use super::*;
    use crate::ids::PartitionId;

    const ADDRESS: IpAddr = IpAddr::V4(std::net::Ipv4Addr::new(192, 0, 2, 1));

    /// Hosts that always have something to ask, one request at a time each; an answer takes ten milliseconds.
    struct Scene {
        governor: Governor,
        now_ms: u64,
        tickets: u64,
        grouped: Vec<bool>,
        /// Hosts that left a group: they tell nothing more.
        has_left: Vec<bool>,
        asked: Vec<u64>,
        accepted: Vec<u64>,
        /// When the request under way was started, by host and ticket.
        under_way: BTreeMap<u64, (usize, u64)>,
        waiting: BTreeMap<u64, usize>,
    }

    impl Scene {
        fn of(hosts: usize) -> Self {
            let mut scene = Self {
                governor: Governor::new(256, 0, 1),
                now_ms: 0,
                tickets: 0,
                grouped: vec![false; hosts],
                has_left: vec![false; hosts],
                asked: vec![0; hosts],
                accepted: vec![0; hosts],
                under_way: BTreeMap::new(),
                waiting: BTreeMap::new(),
            };
            (0..hosts).for_each(|host| scene.ask(host));
            scene
        }

        fn now(&self) -> Now {
            Now { monotonic: Monotonic(self.now_ms), wall: WallTime(self.now_ms) }
        }

        fn tell(&mut self, message: ToGovernor) {
            self.governor.handle(self.now(), PartitionId(0), message);
        }

        fn number(host: usize) -> HostNumber {
            HostNumber(host as u64)
        }

        fn ask(&mut self, host: usize) {
            self.tickets += 1;
            self.waiting.insert(self.tickets, host);
            let (ticket, host) = (Ticket(self.tickets), Self::number(host));
            self.tell(ToGovernor::Ask { ticket, host, purpose: Purpose::Request });
        }

        fn answer(&mut self, ticket: u64, host: usize, asked_ms: u64, accepts: bool) {
            self.under_way.remove(&ticket);
            self.tell(ToGovernor::Return(Ticket(ticket)));
            let (number, asked_at) = (Self::number(host), Monotonic(asked_ms));
            let run = RunSeen { since: Some(Monotonic(0)), asked: self.asked[host], accepted: self.accepted[host] };
            match accepts {
                true if self.grouped[host] => self.tell(ToGovernor::Accepted { host: number, asked_at }),
                true => {}
                false if self.has_left[host] => {}
                false => self.tell(ToGovernor::Refused { host: number, asked_at, address: ADDRESS, status: 503, run }),
            }
            self.accepted[host] += u64::from(accepts);
            self.ask(host);
        }

        /// Plays for so long against servers that accept or refuse a host's request at a time.
        fn play(&mut self, until_ms: u64, mut accepts: impl FnMut(usize, u64) -> bool) {
            while self.now_ms < until_ms {
                self.now_ms += 1;
                self.governor.handle_time(self.now());
                let done = |(_, (_, asked_ms)): &(&u64, &(usize, u64))| *asked_ms + 10 <= self.now_ms;
                let done: Vec<(u64, (usize, u64))> =
                    self.under_way.iter().filter(done).map(|(ticket, of)| (*ticket, *of)).collect();
                for (ticket, (host, asked_ms)) in done {
                    let is_accepted = accepts(host, asked_ms);
                    self.answer(ticket, host, asked_ms, is_accepted);
                }
                while let Some((_, message)) = self.governor.next_message() {
                    match message {
                        FromGovernor::SlotGranted(Ticket(ticket)) => {
                            let host = self.waiting.remove(&ticket).unwrap();
                            self.asked[host] += 1;
                            self.under_way.insert(ticket, (host, self.now_ms));
                        }
                        FromGovernor::PutOff { .. } | FromGovernor::SameBlock { .. } => {}
                        FromGovernor::Joined(host) => self.grouped[usize::try_from(host.0).unwrap()] = true,
                        FromGovernor::Left { host, gap_us: _ } => {
                            (self.grouped[usize::try_from(host.0).unwrap()], self.has_left[usize::try_from(host.0).unwrap()]) =
                                (false, true);
                        }
                    }
                }
            }
        }
    }

    /// A bucket of so many drops, one more each so many milliseconds.
    fn bucket(each_ms: u64, burst: u64) -> impl FnMut(u64) -> bool {
        let (mut full_ms, mut filled_ms) = (burst * each_ms, 0);
        move |now_ms| {
            full_ms = (full_ms + now_ms - filled_ms).min(burst * each_ms);
            filled_ms = now_ms;
            let accepts = full_ms >= each_ms;
            full_ms -= if accepts { each_ms } else { 0 };
            accepts
        }
    }

    #[test]
    fn hosts_that_share_a_limit_are_asked_in_turn_at_its_pace() {
        let (mut scene, mut shared) = (Scene::of(3), bucket(50, 5));
        scene.play(60_000, |_, at_ms| shared(at_ms));
        assert_eq!(scene.grouped, [true; 3]);
        let (asked, accepted): (u64, u64) = (scene.asked.iter().sum(), scene.accepted.iter().sum());
        assert!(accepted * 100 >= 1_200 * 85, "{:?} of 1,200 that were possible", scene.accepted);
        assert!((asked - accepted) * 100 <= asked * 6, "{asked} asked, {accepted} accepted");
        let (least, most) = (scene.accepted.iter().min().unwrap(), scene.accepted.iter().max().unwrap());
        assert!(least * 10 >= most * 9, "{:?}", scene.accepted);
    }

    #[test]
    fn a_host_that_is_refused_alone_leaves_and_so_does_the_last_one() {
        let (mut scene, mut narrow, mut wide) = (Scene::of(2), bucket(200, 2), bucket(20, 2));
        scene.play(120_000, |host, at_ms| if host == 0 { narrow(at_ms) } else { wide(at_ms) });
        assert_eq!(scene.grouped, [false; 2]);
    }

    #[test]
    fn a_group_that_meets_no_limit_or_has_nothing_accepted_is_given_up() {
        for after_ms in [1_000, u64::MAX] {
            let mut scene = Scene::of(2);
            scene.play(300, |_, at_ms| at_ms < 100);
            assert_eq!(scene.grouped, [true; 2]);
            scene.play(60_000, |_, at_ms| at_ms >= after_ms);
            assert_eq!(scene.grouped, [false; 2], "accepted from {after_ms} ms");
        }
    }

    #[test]
    fn refusals_far_apart_or_by_other_statuses_unite_nobody() {
        let mut groups = Groups::new(Chance::from_rng_seed(1));
        let incident = |host, at_ms, status| {
            let at = Monotonic(at_ms);
            Incident { member: (PartitionId(0), HostNumber(host)), at, asked_at: at, status, run: RunSeen::default() }
        };
        let mut notice = |incident: Incident| {
            let now = Now { monotonic: incident.at, wall: WallTime(0) };
            groups.notice(now, ADDRESS, incident, &BTreeMap::new()).len()
        };
        assert_eq!(notice(incident(1, 0, 503)), 0);
        assert_eq!(notice(incident(2, TOGETHER_MS + 1, 503)), 0, "far apart");
        assert_eq!(notice(incident(3, TOGETHER_MS + 2, 502)), 0, "another status");
        assert_eq!(notice(incident(3, TOGETHER_MS + 3, 503)), 0, "the same host");
        assert_eq!(notice(incident(1, TOGETHER_MS + 4, 503)), 2);
        assert_eq!(notice(incident(2, TOGETHER_MS + 5, 503)), 1, "a third joins");
    }

    #[test]
    fn what_is_remembered_is_bounded() {
        let mut groups = Groups::new(Chance::from_rng_seed(1));
        for number in 0..200_000_u64 {
            let now = Now { monotonic: Monotonic(number / 100), wall: WallTime(0) };
            let member = (PartitionId(0), HostNumber(number));
            let incident = Incident { member, at: now.monotonic, asked_at: now.monotonic, status: 503, run: RunSeen::default() };
            groups.part_idle(now);
            groups.notice(now, IpAddr::from(u128::from(number % 4_000).to_be_bytes()), incident, &BTreeMap::new());
        }
        assert!(groups.groups.len() <= GROUPS_MAX && groups.incidents.len() <= INCIDENTS_MAX);
        assert!(groups.members.len() <= GROUPS_MAX * MEMBERS_MAX);
    }
}
