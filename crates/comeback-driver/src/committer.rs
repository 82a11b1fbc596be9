//! The committer: the one thread that owns the store once the job runs.
//!
//! Partitions hand it what they finished; it takes all that waits at once, so that several partitions share one sync. The order
//! is what makes the account true: result files are synced first, then one synced store batch names their lengths, then
//! `state/progress.json` is published by rename. After a failed sync nothing more is written: the run ends.

use std::collections::VecDeque;
use std::path::PathBuf;
use std::sync::Arc;
use std::sync::mpsc::{Receiver, SyncSender};
use std::thread::JoinHandle;

use comeback_archive::{SyncHandles, TimeText};
use comeback_engine::commit::{FileLength, Tally};
use comeback_engine::engine::WaitingHost;
use comeback_engine::ids::{BatchSeq, LogSeq, PartitionId};
use comeback_engine::store::Store;
use comeback_report::progress::{HOSTS_WAITING_MAX, HostWaiting, JobState, Progress, UrlCounts};
use comeback_store::FjallStore;

use crate::clock::wall_now;
use crate::error::DriverError;
use crate::intake::append_error;
use crate::post::{Message, Post};
use crate::watcher::{Notice, Watcher};

/// How many seconds of settling the estimate of the end looks back on.
const RATE_WINDOW_MS: u64 = 30_000;

/// What a partition wants made durable.
#[derive(Debug)]
pub(crate) struct CommitOrder {
    pub(crate) partition: PartitionId,
    /// The log's last record, as the partition knows it.
    pub(crate) after: LogSeq,
    /// The records to append, in their order.
    pub(crate) records: Vec<Vec<u8>>,
    /// Whether the last record is a checkpoint: the log before it, and batches below the mark, may go.
    pub(crate) checkpoint: Option<BatchSeq>,
    pub(crate) handles: SyncHandles,
    pub(crate) standing: Standing,
}

/// How far a partition has come.
#[derive(Debug, Clone, Default)]
pub(crate) struct Standing {
    pub(crate) tally: Tally,
    pub(crate) unsettled: u64,
    pub(crate) leased: u64,
    pub(crate) waiting: Vec<WaitingHost>,
    pub(crate) files: Vec<FileLength>,
}

#[derive(Debug)]
pub(crate) enum Order {
    Commit(Box<CommitOrder>),
    /// The run is over: publish the end, give the progress back, and end.
    Finish(JobState),
}

/// What progress says beside the partitions' standings.
#[derive(Debug, Clone)]
pub(crate) struct JobFacts {
    pub(crate) dir: PathBuf,
    pub(crate) job: String,
    pub(crate) duplicates: u64,
    pub(crate) bad_lines: u64,
    pub(crate) lists_unread: u64,
}

/// The committer's thread, from outside.
pub(crate) struct Committer {
    orders: SyncSender<Order>,
    thread: JoinHandle<Result<Progress, DriverError>>,
}

impl Committer {
    pub(crate) fn start(committing: Committing, orders: SyncSender<Order>, received: Receiver<Order>) -> Self {
        Self { orders, thread: std::thread::spawn(move || committing.run(&received)) }
    }

    /// Ends the thread once all that was ordered is done, and returns the last progress.
    pub(crate) fn finish(self, state: JobState) -> Result<Progress, DriverError> {
        // A thread that has ended already takes no order; its own result says why.
        let _ = self.orders.send(Order::Finish(state));
        drop(self.orders);
        match self.thread.join() {
            Ok(ended) => ended,
            Err(panic) => std::panic::resume_unwind(panic),
        }
    }
}

/// What the thread owns.
pub(crate) struct Committing {
    store: FjallStore,
    facts: JobFacts,
    standings: Vec<Standing>,
    post: Post,
    watcher: Arc<dyn Watcher>,
    /// When how many URLs were settled, for the estimate of the end.
    settled: VecDeque<(u64, u64)>,
}

impl Committing {
    pub(crate) fn new(
        store: FjallStore,
        facts: JobFacts,
        standings: Vec<Standing>,
        post: Post,
        watcher: Arc<dyn Watcher>,
    ) -> Self {
        Self { store, facts, standings, post, watcher, settled: VecDeque::new() }
    }

    fn run(mut self, received: &Receiver<Order>) -> Result<Progress, DriverError> {
        if let Err(error) = self.publish(JobState::Running) {
            self.post.fail(error);
            return Ok(self.progress(JobState::Stopped));
        }
        while let Ok(first) = received.recv() {
            let mut orders = Vec::new();
            let mut end = None;
            for order in std::iter::once(first).chain(std::iter::from_fn(|| received.try_recv().ok())) {
                match order {
                    Order::Commit(order) => orders.push(*order),
                    Order::Finish(state) => end = Some(state),
                }
            }
            if let Err(error) = self.commit(orders) {
                if end.is_some() {
                    return Err(error);
                }
                self.post.fail(error);
                break;
            }
            if let Some(state) = end {
                return self.publish(state);
            }
        }
        // The run has failed; its error is on its way. Progress stays as it was published last.
        Ok(self.progress(JobState::Stopped))
    }

    fn commit(&mut self, orders: Vec<CommitOrder>) -> Result<(), DriverError> {
        if orders.is_empty() {
            return Ok(());
        }
        let mut handles = SyncHandles::default();
        let mut written = Vec::new();
        let mut records = Vec::new();
        let mut standings = Vec::new();
        for order in orders {
            let CommitOrder { partition, after, records: new, checkpoint, handles: more, standing } = order;
            handles.merge(more);
            standings.push((partition, standing));
            records.push((partition, after, new, checkpoint));
        }
        handles.sync()?;
        for (partition, after, new, checkpoint) in records {
            let mut last = after;
            for record in new {
                last = self.store.append(partition, last, &record).map_err(|error| append_error(partition, error))?;
            }
            if let Some(below) = checkpoint {
                self.store.truncate_log(partition, last)?;
                self.store.truncate_batches(partition, below)?;
            }
            written.push((partition, last));
        }
        self.store.sync()?;
        for (partition, standing) in standings {
            self.standings[usize::from(partition.0)] = standing;
        }
        let progress = self.publish(JobState::Running)?;
        self.watcher.notice(Notice::Committed(Box::new(progress)));
        for (partition, last) in written {
            self.post.send(partition, Message::Committed(last));
        }
        Ok(())
    }

    fn publish(&mut self, state: JobState) -> Result<Progress, DriverError> {
        let progress = self.progress(state);
        progress.publish(&self.facts.dir)?;
        Ok(progress)
    }

    fn progress(&mut self, state: JobState) -> Progress {
        let mut tally = Tally::default();
        let (mut unsettled, mut leased) = (0, 0);
        let mut waiting = Vec::new();
        let mut files = Vec::new();
        for standing in &self.standings {
            tally.add(&standing.tally);
            unsettled += standing.unsettled;
            leased += standing.leased;
            waiting.extend(standing.waiting.iter().cloned());
            files.extend(standing.files.iter().cloned());
        }
        let running = state == JobState::Running;
        waiting.sort_by(|one, other| one.until.cmp(&other.until).then_with(|| one.host.cmp(&other.host)));
        waiting.truncate(HOSTS_WAITING_MAX);
        let leased = if running { leased } else { 0 };
        Progress {
            job: self.facts.job.clone(),
            state,
            urls: UrlCounts::of(&tally, unsettled - leased.min(unsettled), leased),
            requests: tally.requests,
            robots_requests: tally.robots_requests,
            bytes: tally.bytes,
            duplicates: self.facts.duplicates,
            bad_lines: self.facts.bad_lines,
            lists_unread: self.facts.lists_unread,
            eta_s: if running { self.eta_s(tally.settled(), unsettled) } else { None },
            hosts_waiting: if running { waiting.into_iter().map(shown).collect() } else { Vec::new() },
            files,
            updated_at: TimeText(wall_now()),
        }
    }

    /// Seconds to the end at the rate of the last half minute; unknown until something was settled.
    fn eta_s(&mut self, settled: u64, unsettled: u64) -> Option<u64> {
        let now_ms = wall_now().0;
        self.settled.push_back((now_ms, settled));
        while self.settled.front().is_some_and(|(at_ms, _)| at_ms + RATE_WINDOW_MS < now_ms) && self.settled.len() > 2 {
            self.settled.pop_front();
        }
        let (from_ms, from) = *self.settled.front()?;
        let (passed_ms, count) = (now_ms.saturating_sub(from_ms), settled.saturating_sub(from));
        if passed_ms == 0 || count == 0 {
            return None;
        }
        Some(unsettled.saturating_mul(passed_ms).div_ceil(count).div_ceil(1000))
    }
}

fn shown(waiting: WaitingHost) -> HostWaiting {
    let WaitingHost { host, cause, because, since, until, next, queued } = waiting;
    HostWaiting { host: host.as_str().to_owned(), cause, because, since: TimeText(since), until: TimeText(until), next, queued }
}
