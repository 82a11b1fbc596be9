//! The post: messages between partitions, governor, committer and the run.
//!
//! Queues have no limit of their own: what may be in them is bounded by slots, leases and guests, which have.

use std::sync::Arc;

use comeback_engine::governor::{FromGovernor, ToGovernor};
use comeback_engine::ids::{LeaseId, LogSeq, PartitionId};
use comeback_engine::visit::{Guest, GuestAnswer, Visit};
use comeback_fetch::{Attempt, Capture};
use tokio::sync::mpsc::{UnboundedReceiver, UnboundedSender};

use crate::error::DriverError;

/// A queue without a limit of its own.
#[expect(
    clippy::disallowed_methods,
    reason = "what may be in it is bounded by slots, leases and guests; a queue that blocks would let two partitions wait for each other"
)]
pub(crate) fn queue<T>() -> (UnboundedSender<T>, UnboundedReceiver<T>) {
    tokio::sync::mpsc::unbounded_channel()
}

/// What a partition is told.
#[derive(Debug)]
pub(crate) enum Message {
    FromGovernor(FromGovernor),
    /// An attempt of ours ended; `None` when its task was lost.
    Attempted {
        lease: LeaseId,
        visit: Box<Visit>,
        attempt: Option<Box<Attempt>>,
    },
    GuestArrived(Box<Guest>),
    GuestAnswered {
        lease: LeaseId,
        answer: Box<GuestAnswer>,
        parcel: Option<Box<Parcel>>,
    },
    Committed(LogSeq),
    Drain,
    /// The time has come that the engine asked to be woken at.
    TimePassed,
}

/// A guest's capture on its way to the partition that archives it.
#[derive(Debug)]
pub(crate) struct Parcel {
    pub(crate) url: String,
    pub(crate) capture: Capture,
    pub(crate) metadata: Vec<(String, String)>,
}

/// What partitions tell the run.
#[derive(Debug)]
pub(crate) enum Word {
    /// A partition's state of work has changed.
    Stands { partition: PartitionId, is_done: bool, is_still: bool },
    /// The run cannot go on.
    Failed(DriverError),
}

/// Where everything can be sent.
#[derive(Debug, Clone)]
pub(crate) struct Post {
    partitions: Arc<[UnboundedSender<Message>]>,
    governor: UnboundedSender<(PartitionId, ToGovernor)>,
    run: UnboundedSender<Word>,
}

impl Post {
    pub(crate) fn new(
        partitions: Vec<UnboundedSender<Message>>,
        governor: UnboundedSender<(PartitionId, ToGovernor)>,
        run: UnboundedSender<Word>,
    ) -> Self {
        Self { partitions: partitions.into(), governor, run }
    }

    // A receiver that is gone has ended with the run: what it would have been told no longer matters.

    pub(crate) fn send(&self, to: PartitionId, message: Message) {
        let _ = self.partitions[usize::from(to.0)].send(message);
    }

    pub(crate) fn send_all(&self, message: impl Fn() -> Message) {
        for partition in self.partitions.iter() {
            let _ = partition.send(message());
        }
    }

    pub(crate) fn tell_governor(&self, from: PartitionId, message: ToGovernor) {
        let _ = self.governor.send((from, message));
    }

    pub(crate) fn tell_run(&self, word: Word) {
        let _ = self.run.send(word);
    }

    pub(crate) fn fail(&self, error: DriverError) {
        self.tell_run(Word::Failed(error));
    }
}
