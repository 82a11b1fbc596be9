//! The governor: what spans partitions. It grants slots by message.
//!
//! Its life story: a partition asks for a slot with a ticket, the governor grants it when the process has one free, the
//! partition returns it when the exchange ended (or at once, when it no longer needs it). A ticket may be withdrawn while it
//! waits. Slots are granted in the order of asking, but for hosts of a group (`groups.rs`): these are granted theirs in turn, at the
//! group's pace. A ticket for a retry beyond the job's budget is void (`retry_budget.rs`). What always holds: no more slots are granted than there are; a group has one ticket in the common queue at most. Pure:
//! no clock, no I/O; a shell tells the time, and wakes it when it asks for that. Nothing of it outlives the process.

use std::collections::{BTreeMap, BTreeSet, VecDeque};
use std::net::IpAddr;

use comeback_diagnosis::clock::{Monotonic, Now};

use crate::chance::Chance;
use crate::ids::{HostNumber, PartitionId, Ticket};
use group::Parted;
use groups::{Groups, Incident};
use own_network::OwnNetwork;
use retry_budget::RetryBudget;

mod group;
mod groups;
mod own_network;
mod retry_budget;
mod told_blocks;

pub use own_network::BlockNumber;
pub use retry_budget::{Purpose, RETRIES_FREE_DEFAULT};
pub(crate) use told_blocks::ToldBlocks;

/// What partitions tell the governor.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ToGovernor {
    /// A slot is wanted.
    Ask {
        /// By this name.
        ticket: Ticket,
        /// For a request to this host.
        host: HostNumber,
        /// What for.
        purpose: Purpose,
    },
    /// A waiting ticket is no longer wanted; one that was granted is returned by this too.
    Withdraw(Ticket),
    /// A granted slot is given back.
    Return(Ticket),
    /// A host of a group has nothing to ask, and is forgotten.
    Gone(HostNumber),
    /// A host of a group accepted a request.
    Accepted {
        /// Which.
        host: HostNumber,
        /// When the request was started.
        asked_at: Monotonic,
    },
    /// A host answered a page, or turned us away. Said at its first answer, at one that is not as the one before, and else once a minute.
    Met {
        /// Its registrable domain, as a number.
        site: u64,
        /// The address that answered.
        address: IpAddr,
        /// The block, where it was one that could be about our network.
        block: Option<BlockNumber>,
    },
    /// A host refused, as for a rate, and did not say when to come back.
    Refused {
        /// Which.
        host: HostNumber,
        /// When the request was started.
        asked_at: Monotonic,
        /// The address that refused.
        address: IpAddr,
        /// By which status.
        status: u16,
        /// What the host had been asked until then.
        run: RunSeen,
    },
}

/// What a host was asked, and accepted, since its last incident.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct RunSeen {
    /// Since when; `None` where nothing was asked.
    pub since: Option<Monotonic>,
    /// Requests.
    pub asked: u64,
    /// Those that were accepted.
    pub accepted: u64,
}

/// What the governor tells a partition.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum FromGovernor {
    /// A slot is granted to a ticket.
    SlotGranted(Ticket),
    /// A ticket is void: the job's retry budget is spent, and its host is not to be asked again before a time.
    PutOff {
        /// Which ticket.
        ticket: Ticket,
        /// Until when.
        until: Monotonic,
    },
    /// The same block came from so many unrelated sites that it is about our own network.
    SameBlock {
        /// Which.
        block: BlockNumber,
        /// How many met us with it.
        sites: u32,
    },
    /// A host is in a group now: its slots come at the group's pace, and it keeps none of its own.
    Joined(HostNumber),
    /// A host is in no group any more.
    Left {
        /// Which.
        host: HostNumber,
        /// The gap at which the group asked it, in microseconds; 0 where it kept none.
        gap_us: u64,
    },
}

/// A ticket, and whose.
type Held = (PartitionId, Ticket);
/// A host, and whose.
type Member = (PartitionId, HostNumber);

/// A ticket in the common queue.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Waiting {
    ticket: Ticket,
    member: Member,
    /// Whether it has waited for its turn in its group already.
    is_released: bool,
}

/// Grants slots to partitions.
#[derive(Debug)]
pub struct Governor {
    slots_max: usize,
    granted: BTreeMap<Held, HostNumber>,
    waiting: VecDeque<Waiting>,
    /// Tickets that wait, here or in a group: one that is withdrawn is taken out, and passed over when its turn comes.
    wanted: BTreeSet<Held>,
    groups: Groups,
    retry_budget: RetryBudget,
    own_network: OwnNetwork,
    /// Partitions that have told anything.
    partitions: BTreeSet<PartitionId>,
    said: VecDeque<(PartitionId, FromGovernor)>,
}

impl Governor {
    /// A governor with so many slots, and so many retries in a minute that are free.
    ///
    /// # Panics
    /// When there are no slots.
    #[must_use]
    pub fn new(slots_max: usize, retries_free: u64, rng_seed: u64) -> Self {
        assert!(slots_max > 0, "without slots nothing is ever asked");
        Self {
            slots_max,
            granted: BTreeMap::new(),
            waiting: VecDeque::new(),
            wanted: BTreeSet::new(),
            groups: Groups::new(Chance::from_rng_seed(rng_seed)),
            retry_budget: RetryBudget::new(retries_free),
            own_network: OwnNetwork::default(),
            partitions: BTreeSet::new(),
            said: VecDeque::new(),
        }
    }

    /// Takes one message; then drain [`Governor::next_message`], and look at [`Governor::wake_at`].
    pub fn handle(&mut self, now: Now, partition: PartitionId, message: ToGovernor) {
        if self.partitions.insert(partition) {
            let tell = |(block, sites)| (partition, FromGovernor::SameBlock { block, sites });
            self.said.extend(self.own_network.told().iter().map(tell));
        }
        match message {
            ToGovernor::Ask { ticket, host, purpose } => match self.retry_budget.count(now.monotonic, purpose) {
                Ok(()) => {
                    self.wanted.insert((partition, ticket));
                    self.waiting.push_back(Waiting { ticket, member: (partition, host), is_released: false });
                }
                Err(until) => self.said.push_back((partition, FromGovernor::PutOff { ticket, until })),
            },
            ToGovernor::Withdraw(ticket) | ToGovernor::Return(ticket) => match self.granted.remove(&(partition, ticket)) {
                Some(host) => self.groups.returned((partition, host), ticket),
                // One that is not wanted either was put off while the withdrawal was on its way.
                None => {
                    self.wanted.remove(&(partition, ticket));
                }
            },
            ToGovernor::Gone(host) => self.groups.forget((partition, host)),
            ToGovernor::Accepted { host, asked_at } => {
                let parted = self.groups.accepted(now, (partition, host), asked_at);
                self.part(parted);
            }
            ToGovernor::Met { site, address, block } => {
                if let Some((block, sites)) = self.own_network.meet(now.monotonic, site, address, block) {
                    let tell = |partition: &PartitionId| (*partition, FromGovernor::SameBlock { block, sites });
                    self.said.extend(self.partitions.iter().map(tell));
                }
            }
            ToGovernor::Refused { host, asked_at, address, status, run } => {
                let member = (partition, host);
                let incident = Incident { member, at: now.monotonic, asked_at, status, run };
                let idle = self.groups.part_idle(now);
                self.part(idle);
                let joined = self.groups.notice(now, address, incident, &self.granted);
                self.said.extend(joined.into_iter().map(|(partition, host)| (partition, FromGovernor::Joined(host))));
                let parted = self.groups.refused(now, member, asked_at);
                self.part(parted);
            }
        }
        self.serve(now);
    }

    /// Time has passed.
    pub fn handle_time(&mut self, now: Now) {
        self.serve(now);
    }

    /// When to call [`Governor::handle_time`], if nothing happens before.
    #[must_use]
    pub fn wake_at(&self) -> Option<Monotonic> {
        self.groups.wake_at()
    }

    /// The next message to deliver, if any, and to whom.
    pub fn next_message(&mut self) -> Option<(PartitionId, FromGovernor)> {
        self.said.pop_front()
    }

    /// How many slots are granted now.
    #[must_use]
    pub fn granted(&self) -> usize {
        self.granted.len()
    }

    /// Tells hosts that they are in no group any more; what they asked for waits with all others.
    fn part(&mut self, parted: Vec<Parted>) {
        for Parted { member, tickets, gap_us } in parted {
            self.said.push_back((member.0, FromGovernor::Left { host: member.1, gap_us }));
            self.waiting.extend(tickets.into_iter().map(|ticket| Waiting { ticket, member, is_released: false }));
        }
    }

    /// Grants what can be granted.
    fn serve(&mut self, now: Now) {
        loop {
            while let Some((member, ticket)) = self.groups.release(now) {
                self.waiting.push_back(Waiting { ticket, member, is_released: true });
            }
            let before = self.waiting.len();
            while self.granted.len() < self.slots_max
                && let Some(waiting) = self.waiting.pop_front()
            {
                self.grant(now, waiting);
            }
            if self.waiting.len() == before || !self.groups.has_news() {
                return;
            }
        }
    }

    /// Grants a slot to the first in the queue, unless it is withdrawn or has to wait for its turn in a group.
    fn grant(&mut self, now: Now, waiting: Waiting) {
        let Waiting { ticket, member, is_released } = waiting;
        let held = (member.0, ticket);
        if !self.wanted.contains(&held) {
            if is_released {
                self.groups.passed_over(member);
            }
            return;
        }
        if !is_released && self.groups.queue(member, ticket) {
            return;
        }
        if is_released {
            self.groups.asked(now, member, ticket);
        }
        self.wanted.remove(&held);
        self.granted.insert(held, member.1);
        self.said.push_back((member.0, FromGovernor::SlotGranted(ticket)));
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use comeback_diagnosis::clock::WallTime;

    const A: PartitionId = PartitionId(0);
    const B: PartitionId = PartitionId(1);

    fn at(ms: u64) -> Now {
        Now { monotonic: Monotonic(ms), wall: WallTime(ms) }
    }

    fn ask(ticket: u64) -> ToGovernor {
        ToGovernor::Ask { ticket: Ticket(ticket), host: HostNumber(0), purpose: Purpose::Request }
    }

    fn granted(partition: PartitionId, ticket: u64) -> Option<(PartitionId, FromGovernor)> {
        Some((partition, FromGovernor::SlotGranted(Ticket(ticket))))
    }

    #[test]
    fn slots_are_granted_in_the_order_of_asking() {
        let mut governor = Governor::new(1, 0, 0);
        governor.handle(at(0), A, ask(1));
        governor.handle(at(0), B, ask(1));
        assert_eq!(governor.next_message(), granted(A, 1));
        assert_eq!(governor.next_message(), None);
        governor.handle(at(0), A, ToGovernor::Return(Ticket(1)));
        assert_eq!(governor.next_message(), granted(B, 1));
    }

    #[test]
    fn a_withdrawn_ticket_is_not_granted() {
        let mut governor = Governor::new(1, 0, 0);
        governor.handle(at(0), A, ask(1));
        governor.handle(at(0), A, ask(2));
        governor.handle(at(0), A, ToGovernor::Withdraw(Ticket(2)));
        governor.handle(at(0), A, ToGovernor::Return(Ticket(1)));
        assert_eq!(governor.next_message(), granted(A, 1));
        assert_eq!(governor.next_message(), None);
        assert_eq!(governor.granted(), 0);
    }

    fn refused(governor: &mut Governor, host: u64) {
        let address = IpAddr::V4(std::net::Ipv4Addr::LOCALHOST);
        let (host, asked_at) = (HostNumber(host), Monotonic(0));
        governor.handle(at(1), A, ToGovernor::Refused { host, asked_at, address, status: 503, run: RunSeen::default() });
    }

    fn ask_for(governor: &mut Governor, now: Now, ticket: u64, host: u64) {
        let (ticket, host) = (Ticket(ticket), HostNumber(host));
        governor.handle(now, A, ToGovernor::Ask { ticket, host, purpose: Purpose::Request });
    }

    /// A host of a group whose ticket was released, and waited for a slot, was put aside: its group waited for that ticket without end,
    /// and the others were never granted a slot again.
    #[test]
    fn a_group_goes_on_when_a_host_goes_whose_ticket_was_released() {
        let mut governor = Governor::new(1, 0, 0);
        [0, 1].into_iter().for_each(|host| refused(&mut governor, host));
        ask_for(&mut governor, at(2), 1, 7);
        ask_for(&mut governor, at(2), 2, 0);
        // The group's ticket has its turn while another host has the only slot; what waits behind it does so in the group.
        governor.handle(at(3), A, ToGovernor::Return(Ticket(1)));
        ask_for(&mut governor, at(3), 3, 7);
        governor.handle_time(at(5_000));
        ask_for(&mut governor, at(5_000), 4, 1);
        governor.handle(at(5_001), A, ToGovernor::Withdraw(Ticket(2)));
        governor.handle(at(5_001), A, ToGovernor::Gone(HostNumber(0)));
        governor.handle(at(5_002), A, ToGovernor::Return(Ticket(3)));
        governor.handle_time(at(60_000));
        let granted: Vec<Ticket> = std::iter::from_fn(|| governor.next_message())
            .filter_map(|(_, message)| if let FromGovernor::SlotGranted(ticket) = message { Some(ticket) } else { None })
            .collect();
        assert_eq!(granted, [Ticket(1), Ticket(3), Ticket(4)]);
    }

    /// A ticket that was put off while its withdrawal was on its way was remembered as withdrawn for ever.
    #[test]
    fn nothing_is_remembered_of_a_ticket_that_does_not_wait() {
        let mut governor = Governor::new(1, 0, 0);
        for ticket in 1..=100 {
            let ask = ToGovernor::Ask { ticket: Ticket(ticket), host: HostNumber(0), purpose: Purpose::Retry };
            governor.handle(at(1), A, ask);
            governor.handle(at(1), A, ToGovernor::Withdraw(Ticket(ticket)));
        }
        assert!(governor.wanted.is_empty() && governor.granted.is_empty());
    }
}
