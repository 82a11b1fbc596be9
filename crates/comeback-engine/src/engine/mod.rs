//! The engine of one partition.
//!
//! Life story. It is told which batches there are, tends each host (asks the governor for slots, starts visits, loads
//! batches), judges what comes back, settles URLs, and commits about once a second. What always holds: a URL is settled at most
//! once; a URL has at most one lease; a host's requests under way and slots asked for stay within its window; every wait has a
//! timer. One law: [`Engine::handle`] takes one input, then [`Engine::next_output`] is drained until `WaitUntil`.

use std::collections::{BTreeMap, BTreeSet, VecDeque};
use std::sync::Arc;

use comeback_diagnosis::clock::{Monotonic, Now};
use comeback_diagnosis::history::History;

use crate::batch::BatchProgress;
use crate::chance::Chance;
use crate::commit::{HostRecord, Tally};
use crate::config::EngineConfig;
use crate::governor::{FromGovernor, ToGovernor, ToldBlocks};
use crate::host::queue::UrlPlace;
use crate::host_key::HostKey;
use crate::ids::{BatchSeq, JobId, LeaseId, Ticket};
use crate::input::{Input, Order};
use crate::output::Output;
use crate::seed_url::SeedUrl;
use crate::visit::{Guest, Visit};

mod asking;
mod committing;
mod grouping;
mod host_table;
mod indexing;
mod judging;
mod network;
mod redirecting;
mod rendering;
mod resting;
mod settling;
mod waiting;

pub use waiting::WaitingHost;

use committing::CommitClock;
use host_table::HostTable;
use indexing::Index;

/// A host's place in the engine's table.
type HostId = usize;

/// The single owner of one partition's frontier.
#[derive(Debug)]
pub struct Engine {
    config: EngineConfig,
    chance: Chance,
    hosts: HostTable,
    /// Hosts with nothing to do, in the order in which they came to it; some may have got something since.
    resting: VecDeque<HostId>,
    index: Index,
    batches: BTreeMap<BatchSeq, Batch>,
    leases: BTreeMap<LeaseId, Lease>,
    tickets: BTreeMap<Ticket, HostId>,
    timers: BTreeSet<(Monotonic, HostId)>,
    outputs: VecDeque<Output>,
    commit_clock: CommitClock,
    tally: Tally,
    unsettled: u64,
    draining: bool,
    /// The blocks that came from so many unrelated sites that they are about our network.
    same_blocks: ToldBlocks,
    last_lease: LeaseId,
    last_ticket: Ticket,
}

#[derive(Debug)]
struct Batch {
    job: JobId,
    host: HostId,
    count: u16,
    from_public: bool,
    progress: BatchProgress,
    body: Option<Vec<Arc<SeedUrl>>>,
}

/// What a lease is for.
#[derive(Debug)]
enum LeaseOf {
    Url(UrlPlace),
    Guest(Box<Guest>),
    Robots,
}

#[derive(Debug)]
struct Lease {
    host: HostId,
    of: LeaseOf,
    visit: Visit,
    /// Its slot, while its request is under way here; without one it waits for its guest at another host.
    ticket: Option<Ticket>,
}

impl Engine {
    /// An engine that knows nothing yet, or what its partition's log says: the tally and the hosts' records.
    #[must_use]
    pub fn new(config: EngineConfig, tally: Tally, hosts: impl IntoIterator<Item = HostRecord>) -> Self {
        let rng_seed = config.rng_seed ^ u64::from(config.partition.0).wrapping_mul(0x9e37_79b9_7f4a_7c15);
        Self {
            chance: Chance::from_rng_seed(rng_seed),
            config,
            hosts: HostTable::of(hosts),
            resting: VecDeque::new(),
            index: Index::default(),
            batches: BTreeMap::new(),
            leases: BTreeMap::new(),
            tickets: BTreeMap::new(),
            timers: BTreeSet::new(),
            outputs: VecDeque::new(),
            commit_clock: CommitClock::default(),
            tally,
            unsettled: 0,
            draining: false,
            same_blocks: ToldBlocks::default(),
            last_lease: LeaseId(0),
            last_ticket: Ticket(0),
        }
    }

    /// Takes one input. Drain [`Engine::next_output`] afterwards.
    pub fn handle(&mut self, now: Now, input: Input) {
        match input {
            Input::BatchIndexed { batch, head, progress } => self.index_batch(now, batch, &head, progress),
            Input::BatchesIndexed { are_all } => self.index = if are_all { Index::Complete } else { Index::Waiting },
            Input::BatchLoaded { batch, urls } => self.take_in_batch(now, batch, urls),
            Input::FromGovernor(FromGovernor::SlotGranted(ticket)) => self.use_slot(now, ticket),
            Input::FromGovernor(FromGovernor::PutOff { ticket, until }) => self.put_off(now, ticket, until),
            Input::FromGovernor(FromGovernor::SameBlock { block, sites }) => self.same_blocks.note(block, sites),
            Input::FromGovernor(FromGovernor::Joined(host)) => self.join_group(now, host),
            Input::FromGovernor(FromGovernor::Left { host, gap_us }) => self.leave_group(now, host, gap_us),
            Input::VisitEnded { lease, report } => self.end_visit(now, lease, *report),
            Input::VisitRecalled(lease) => self.take_back(now, lease),
            Input::VisitCut(lease) => self.count_cut(now, lease),
            Input::GuestArrived(guest) => self.receive_guest(now, guest),
            Input::GuestAnswered { lease, answer } => self.hear_of_guest(now, lease, answer),
            Input::Committed => self.commit_clock.committed(now.monotonic),
            Input::Ordered(Order::Drain) => self.drain(),
            Input::TimePassed => {}
        }
        self.ring_timers(now);
        self.fill_line();
        self.commit_if_due(now);
        let next = self.timers.first().map(|(at, _)| *at);
        let commit = self.commit_due_at();
        self.outputs.push_back(Output::WaitUntil(match (next, commit) {
            (Some(next), Some(commit)) => Some(next.min(commit)),
            (next, commit) => next.or(commit),
        }));
    }

    /// The next effect to carry out; `WaitUntil` is the last one after each input.
    pub fn next_output(&mut self) -> Output {
        self.outputs.pop_front().unwrap_or(Output::WaitUntil(None))
    }

    /// URLs that are not settled yet, of the batches that it knows.
    #[must_use]
    pub const fn unsettled(&self) -> u64 {
        self.unsettled
    }

    /// Whether nothing waits for a commit.
    #[must_use]
    pub fn is_committed(&self) -> bool {
        self.commit_clock.is_clean()
    }

    /// How many URLs a batch's head promises; `None` when the batch is not open.
    #[must_use]
    pub fn batch_count(&self, batch: BatchSeq) -> Option<usize> {
        self.batches.get(&batch).map(|batch| usize::from(batch.count))
    }

    /// Whether a lease is another URL's hop, whose capture goes to that URL's partition.
    #[must_use]
    pub fn is_guest(&self, lease: LeaseId) -> bool {
        self.leases.get(&lease).is_some_and(|lease| matches!(lease.of, LeaseOf::Guest(_)))
    }

    /// Requests under way.
    #[must_use]
    pub fn under_way(&self) -> usize {
        self.leases.values().filter(|lease| lease.ticket.is_some()).count()
    }

    /// URLs that are leased now.
    #[must_use]
    pub fn leased(&self) -> u64 {
        self.leases.values().map(|lease| u64::from(matches!(lease.of, LeaseOf::Url(_)))).sum()
    }

    /// The counts so far, uncommitted ones included.
    #[must_use]
    pub const fn tally(&self) -> Tally {
        self.tally
    }

    /// What the host of a lease answered lately, for diagnosis; `None` when the lease is gone.
    #[must_use]
    pub fn history(&self, lease: LeaseId) -> Option<&History> {
        self.leases.get(&lease).map(|lease| &self.hosts[lease.host].history)
    }

    /// Whether every URL is settled and committed.
    #[must_use]
    pub fn is_done(&self) -> bool {
        self.unsettled == 0 && self.is_indexed() && self.is_committed()
    }

    fn host_id(&mut self, now: Now, key: &HostKey) -> HostId {
        self.hosts.meet(key, &self.config, now)
    }

    fn ring_timers(&mut self, now: Now) {
        while let Some((at, host)) = self.timers.first().copied().filter(|(at, _)| *at <= now.monotonic) {
            self.timers.remove(&(at, host));
            self.hosts[host].timer = None;
            self.tend(now, host);
        }
    }

    fn set_timer(&mut self, host: HostId, at: Option<Monotonic>) {
        let before = std::mem::replace(&mut self.hosts[host].timer, at);
        if before != at {
            before.into_iter().for_each(|before| {
                self.timers.remove(&(before, host));
            });
            at.into_iter().for_each(|at| {
                self.timers.insert((at, host));
            });
        }
    }

    fn drain(&mut self) {
        self.draining = true;
        for ticket in std::mem::take(&mut self.tickets).into_keys() {
            self.outputs.push_back(Output::ToGovernor(ToGovernor::Withdraw(ticket)));
        }
        for host in self.hosts.iter_mut() {
            host.tickets.clear();
        }
        let under_way: Vec<LeaseId> = self.leases.iter().filter(|(_, lease)| lease.ticket.is_some()).map(|(id, _)| *id).collect();
        self.outputs.extend(under_way.into_iter().map(Output::Recall));
    }

    fn return_slot(&mut self, ticket: Ticket) {
        self.outputs.push_back(Output::ToGovernor(ToGovernor::Return(ticket)));
    }
}
