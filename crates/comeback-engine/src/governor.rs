//! The governor: what spans partitions. It grants slots by message.
//!
//! Its life story: a partition asks for a slot with a ticket, the governor grants it when the process has one free, the
//! partition returns it when the exchange ended (or at once, when it no longer needs it). A ticket may be withdrawn while it
//! waits. Slots are granted in the order of asking. Clocks of address groups, egresses and provider accounts, and the job's
//! budgets, will stand here too; today the only limit is the total concurrency. Pure: no clock, no I/O.

use std::collections::{BTreeSet, VecDeque};

use crate::ids::{PartitionId, Ticket};

/// What partitions tell the governor.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum SlotMessage {
    /// A slot is wanted.
    Ask(Ticket),
    /// A waiting ticket is no longer wanted; one that was granted is returned by this too.
    Withdraw(Ticket),
    /// A granted slot is given back.
    Return(Ticket),
}

/// A slot granted to a partition's ticket.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Grant {
    /// Whose ticket.
    pub partition: PartitionId,
    /// Which ticket.
    pub ticket: Ticket,
}

/// Grants slots to partitions.
#[derive(Debug)]
pub struct Governor {
    slots_max: usize,
    granted: BTreeSet<(PartitionId, Ticket)>,
    waiting: VecDeque<(PartitionId, Ticket)>,
    /// Waiting tickets that are no longer wanted: passed over when their turn comes.
    withdrawn: BTreeSet<(PartitionId, Ticket)>,
    grants: VecDeque<Grant>,
}

impl Governor {
    /// A governor with so many slots.
    ///
    /// # Panics
    /// When there are none.
    #[must_use]
    pub fn new(slots_max: usize) -> Self {
        assert!(slots_max > 0, "without slots nothing is ever asked");
        Self {
            slots_max,
            granted: BTreeSet::new(),
            waiting: VecDeque::new(),
            withdrawn: BTreeSet::new(),
            grants: VecDeque::new(),
        }
    }

    /// Takes one message; then drain [`Governor::next_grant`].
    pub fn handle(&mut self, partition: PartitionId, message: SlotMessage) {
        match message {
            SlotMessage::Ask(ticket) => self.waiting.push_back((partition, ticket)),
            SlotMessage::Withdraw(ticket) | SlotMessage::Return(ticket) => {
                if !self.granted.remove(&(partition, ticket)) {
                    self.withdrawn.insert((partition, ticket));
                }
            }
        }
        while self.granted.len() < self.slots_max {
            let Some((partition, ticket)) = self.waiting.pop_front() else { break };
            if self.withdrawn.remove(&(partition, ticket)) {
                continue;
            }
            self.granted.insert((partition, ticket));
            self.grants.push_back(Grant { partition, ticket });
        }
    }

    /// The next grant to deliver, if any.
    pub fn next_grant(&mut self) -> Option<Grant> {
        self.grants.pop_front()
    }

    /// How many slots are granted now.
    #[must_use]
    pub fn granted(&self) -> usize {
        self.granted.len()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const A: PartitionId = PartitionId(0);
    const B: PartitionId = PartitionId(1);

    #[test]
    fn slots_are_granted_in_the_order_of_asking() {
        let mut governor = Governor::new(1);
        governor.handle(A, SlotMessage::Ask(Ticket(1)));
        governor.handle(B, SlotMessage::Ask(Ticket(1)));
        assert_eq!(governor.next_grant(), Some(Grant { partition: A, ticket: Ticket(1) }));
        assert_eq!(governor.next_grant(), None);
        governor.handle(A, SlotMessage::Return(Ticket(1)));
        assert_eq!(governor.next_grant(), Some(Grant { partition: B, ticket: Ticket(1) }));
    }

    #[test]
    fn a_withdrawn_ticket_is_not_granted() {
        let mut governor = Governor::new(1);
        governor.handle(A, SlotMessage::Ask(Ticket(1)));
        governor.handle(A, SlotMessage::Ask(Ticket(2)));
        governor.handle(A, SlotMessage::Withdraw(Ticket(2)));
        governor.handle(A, SlotMessage::Return(Ticket(1)));
        assert_eq!(governor.next_grant(), Some(Grant { partition: A, ticket: Ticket(1) }));
        assert_eq!(governor.next_grant(), None);
        assert_eq!(governor.granted(), 0);
    }
}
