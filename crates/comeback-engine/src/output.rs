//! What comes out of the engine: every effect, as values for the shell to carry out.

use std::sync::Arc;

use comeback_diagnosis::clock::Monotonic;

use crate::commit::Commit;
use crate::governor::ToGovernor;
use crate::host_key::HostKey;
use crate::ids::{BatchSeq, JobId, LeaseId, PartitionId};
use crate::outcome::{CapturePlace, Settlement};
use crate::seed_url::SeedUrl;
use crate::visit::{Guest, GuestAnswer, Visit};

/// One thing to do. After each input, carry out all of them until `WaitUntil`.
#[derive(Debug, Clone, PartialEq)]
pub enum Output {
    /// Tell of the next batches, at most so many, in their order; answer with `BatchIndexed` for each, then `BatchesIndexed`.
    IndexBatches {
        /// How many.
        count_max: usize,
    },
    /// Load a batch; answer with `BatchLoaded`.
    LoadBatch(BatchSeq),
    /// Tell the governor.
    ToGovernor(ToGovernor),
    /// Make a request; answer with `VisitEnded`, or as `Recall` and `Cut` say.
    Visit {
        /// The lease that it belongs to.
        lease: LeaseId,
        /// What to ask.
        visit: Box<Visit>,
    },
    /// Give up a request if it has not been sent yet; answer with `VisitRecalled` then.
    Recall(LeaseId),
    /// End a request at once; answer with `VisitRecalled` if it had not been sent yet, else with `VisitCut`. One that has ended, or
    /// was recalled, has been answered so.
    Cut(LeaseId),
    /// Hand a guest to the partition that owns its host, as `GuestArrived`.
    SendGuest {
        /// The owner; it may be this very partition.
        to: PartitionId,
        /// The guest.
        guest: Box<Guest>,
    },
    /// Answer a guest, as `GuestAnswered`.
    AnswerGuest {
        /// The guest's partition.
        to: PartitionId,
        /// The guest's lease there.
        lease: LeaseId,
        /// The lease here whose capture goes along.
        visited: Option<LeaseId>,
        /// The answer.
        answer: Box<GuestAnswer>,
    },
    /// Write a URL's outcome row.
    Settle(Box<Settled>),
    /// Make everything so far durable; answer with `Committed`.
    Commit(Box<Commit>),
    /// Nothing more to do until then, or until something happens.
    WaitUntil(Option<Monotonic>),
}

/// A URL's end, with what its row needs.
#[derive(Debug, Clone, PartialEq)]
pub struct Settled {
    /// Whose URL.
    pub job: JobId,
    /// Its batch.
    pub batch: BatchSeq,
    /// Its place in the batch.
    pub index: u8,
    /// The URL as given.
    pub seed: Arc<SeedUrl>,
    /// Its host.
    pub host: HostKey,
    /// How it ended.
    pub settlement: Settlement,
    /// Payload bytes of the last answer.
    pub bytes: u64,
    /// Where the last answer's capture lies.
    pub capture: Option<CapturePlace>,
}
