//! The committer: the one thread that owns the store once the job runs.
//!
//! Partitions hand it what they finished; it takes all that waits at once, so that several partitions share one sync. The order
//! is what makes the account true: result files are synced first, then one synced store batch names their lengths, then
//! `state/progress.json` is published by rename. After a failed sync nothing more is written: the run ends.

use std::path::PathBuf;
use std::sync::Arc;
use std::sync::mpsc::{Receiver, RecvTimeoutError, SyncSender};
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

use comeback_archive::{SyncHandles, TimeText};
use comeback_engine::commit::{FileLength, Tally};
use comeback_engine::engine::WaitingHost;
use comeback_engine::ids::{BatchSeq, LogSeq, PartitionId};
use comeback_engine::outlook::Outlook;
use comeback_engine::store::Store;
use comeback_report::estimate;
use comeback_report::progress::{HOSTS_WAITING_MAX, HostWaiting, JobState, Progress, UrlCounts};
use comeback_report::settling_rate::SettlingRate;
use comeback_store::FjallStore;

use crate::clock::wall_now;
use crate::error::DriverError;
use crate::intake::append_error;
use crate::post::{Message, Post};
use crate::watcher::{Notice, Watcher};

/// The longest time between two publishings: while everything waits nothing is committed, and the end comes nearer all the same.
const PUBLISH_GAP_MS_MAX: u64 = 1_000;

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
    /// What is told of hosts once this is durable.
    pub(crate) news: Vec<Notice>,
}

/// How far a partition has come.
#[derive(Debug, Clone, Default)]
pub(crate) struct Standing {
    pub(crate) tally: Tally,
    pub(crate) unsettled: u64,
    pub(crate) leased: u64,
    pub(crate) outlook: Outlook,
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
    started: Instant,
    rate: SettlingRate,
}

impl Committing {
    pub(crate) fn new(
        store: FjallStore,
        facts: JobFacts,
        standings: Vec<Standing>,
        post: Post,
        watcher: Arc<dyn Watcher>,
    ) -> Self {
        Self { store, facts, standings, post, watcher, started: Instant::now(), rate: SettlingRate::default() }
    }

    fn run(mut self, received: &Receiver<Order>) -> Result<Progress, DriverError> {
        if let Err(error) = self.publish(JobState::Running) {
            self.post.fail(error);
            return Ok(self.progress(JobState::Stopped));
        }
        loop {
            let first = match received.recv_timeout(Duration::from_millis(PUBLISH_GAP_MS_MAX)) {
                Ok(order) => Some(order),
                Err(RecvTimeoutError::Timeout) => None,
                Err(RecvTimeoutError::Disconnected) => break,
            };
            let mut orders = Vec::new();
            let mut end = None;
            for order in first.into_iter().chain(std::iter::from_fn(|| received.try_recv().ok())) {
                match order {
                    Order::Commit(order) => orders.push(*order),
                    Order::Finish(state) => end = Some(state),
                }
            }
            if orders.is_empty() && end.is_none() {
                // Nothing depends on it: where it can't be written, the next commit says so.
                let _ = self.tell();
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
        let mut told = Vec::new();
        for order in orders {
            let CommitOrder { partition, after, records: new, checkpoint, handles: more, standing, news } = order;
            handles.merge(more);
            told.extend(news);
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
        told.into_iter().for_each(|notice| self.watcher.notice(notice));
        self.tell()?;
        for (partition, last) in written {
            self.post.send(partition, Message::Committed(last));
        }
        Ok(())
    }

    /// Publishes where the run stands, and tells the watcher.
    fn tell(&mut self) -> Result<(), DriverError> {
        let progress = self.publish(JobState::Running)?;
        self.watcher.notice(Notice::ProgressMade(Box::new(progress)));
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
        let mut outlook = Outlook::default();
        let mut waiting = Vec::new();
        let mut files = Vec::new();
        for standing in &self.standings {
            tally.add(&standing.tally);
            outlook.merge(&standing.outlook);
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
            eta_s: if running { self.eta_s(tally.settled(), &outlook) } else { None },
            hosts_waiting: if running { waiting.into_iter().map(shown).collect() } else { Vec::new() },
            files,
            updated_at: TimeText(wall_now()),
        }
    }

    /// Seconds to the end, from what the hosts told at the last commits and the rate since.
    fn eta_s(&mut self, settled: u64, outlook: &Outlook) -> Option<u64> {
        let at_ms = u64::try_from(self.started.elapsed().as_millis()).unwrap_or(u64::MAX);
        self.rate.observe(at_ms, settled);
        estimate::eta_s(outlook, &self.rate, wall_now())
    }
}

fn shown(waiting: WaitingHost) -> HostWaiting {
    let WaitingHost { host, cause, because, since, until, next, queued } = waiting;
    HostWaiting { host: host.as_str().to_owned(), cause, because, since: TimeText(since), until: TimeText(until), next, queued }
}
