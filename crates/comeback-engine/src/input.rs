//! What goes into the engine: everything that happens, as values.

use crate::batch::{BatchHead, BatchProgress};
use crate::governor::FromGovernor;
use crate::ids::{BatchSeq, LeaseId};
use crate::seed_url::SeedUrl;
use crate::visit::{Guest, GuestAnswer, VisitReport};

/// One thing that happened.
#[derive(Debug, Clone, PartialEq)]
pub enum Input {
    /// A batch is in the queue, and so far along.
    BatchIndexed {
        /// Its place.
        batch: BatchSeq,
        /// Its head.
        head: BatchHead,
        /// How far it has come, from the log.
        progress: BatchProgress,
    },
    /// Batches are in the queue, told of so far or to be asked for.
    BatchesIndexed {
        /// Whether the engine was told of each.
        are_all: bool,
    },
    /// A batch that was asked for is here.
    BatchLoaded {
        /// Its place.
        batch: BatchSeq,
        /// Its URLs, all of them, in their order.
        urls: Vec<SeedUrl>,
    },
    /// The governor says something.
    FromGovernor(FromGovernor),
    /// An exchange ended, and was diagnosed.
    VisitEnded {
        /// Whose.
        lease: LeaseId,
        /// What came of it.
        report: Box<VisitReport>,
    },
    /// A request was recalled before it was sent.
    VisitRecalled(LeaseId),
    /// A request was cut after it was sent.
    VisitCut(LeaseId),
    /// Another host's URL needs a visit to one of ours.
    GuestArrived(Guest),
    /// The visit that one of our URLs needed elsewhere was made, or will not be.
    GuestAnswered {
        /// Our lease.
        lease: LeaseId,
        /// The answer.
        answer: GuestAnswer,
    },
    /// The commit that was under way is durable.
    Committed,
    /// An order from whoever operates the process.
    Ordered(Order),
    /// Nothing but time.
    TimePassed,
}

/// An operator's order.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Order {
    /// Start nothing new; commit when what is under way has ended.
    Drain,
}
