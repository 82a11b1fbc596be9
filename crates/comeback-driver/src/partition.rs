//! A partition's shell: one task that owns an engine, its result files and the attempts under way.
//!
//! It feeds the engine with what happens and carries out what comes out. Everything a URL's row names is in the files before the
//! commit that settles it; nothing here decides anything.

use std::collections::{BTreeMap, VecDeque};
use std::sync::Arc;
use std::sync::mpsc::SyncSender;

use comeback_archive::{OutcomeRow, PartitionFiles, RowFacts, response_parts};
use comeback_engine::batch::read_body;
use comeback_engine::commit::{Commit, LogRecord, PartitionState};
use comeback_engine::diagnosis::cause::Cause;
use comeback_engine::diagnosis::clock::Monotonic;
use comeback_engine::diagnosis::diagnosis::Diagnosis;
use comeback_engine::diagnosis::exchange::{BODY_SEEN_BYTES_MAX, Exchange, Failure};
use comeback_engine::diagnosis::history::History;
use comeback_engine::diagnosis::knowledge::Knowledge;
use comeback_engine::engine::Engine;
use comeback_engine::ids::{BatchSeq, LeaseId, LogSeq, PartitionId};
use comeback_engine::input::{Input, Order as EngineOrder};
use comeback_engine::outcome::CapturePlace;
use comeback_engine::output::{Output, Settled};
use comeback_engine::visit::{GuestAnswer, Visit, VisitReport};
use comeback_fetch::{Attempt, Capture, Route};
use comeback_report::progress::HOSTS_WAITING_MAX;
use comeback_store::BatchReader;
use tokio::sync::mpsc::UnboundedReceiver;

use crate::clock::{Clock, wall_now};
use crate::committer::{CommitOrder, Order, Standing};
use crate::error::DriverError;
use crate::host_news;
use crate::post::{Message, Parcel, Post, Word};
use crate::recording;
use crate::settings::Settings;
use crate::unindexed::Unindexed;
use crate::visiting::UnderWay;

/// Commits between two checkpoints.
const COMMITS_PER_CHECKPOINT: u32 = 64;
/// The longest robots.txt that is read (RFC 9309, section 2.5), in bytes.
const ROBOTS_BYTES_MAX: u64 = 500 * 1024;
/// The longest robots.txt that is looked at to read that much of it, in bytes.
const ROBOTS_BLOCK_BYTES_MAX: u64 = 64 << 20;
/// The route that there is.
const ROUTE: &str = "direct";

pub(crate) struct PartitionShell {
    pub(crate) id: PartitionId,
    pub(crate) dir: std::path::PathBuf,
    pub(crate) engine: Engine,
    pub(crate) files: PartitionFiles,
    pub(crate) state: PartitionState,
    pub(crate) unindexed: Unindexed,
    pub(crate) last: LogSeq,
    pub(crate) clock: Clock,
    pub(crate) reader: BatchReader,
    pub(crate) route: Arc<dyn Route>,
    pub(crate) settings: Arc<Settings>,
    pub(crate) knowledge: Arc<Knowledge>,
    pub(crate) post: Post,
    pub(crate) committer: SyncSender<Order>,
    pub(crate) under_way: BTreeMap<LeaseId, UnderWay>,
    /// Captures of guests, until the engine says who waits for them.
    pub(crate) parcels: BTreeMap<LeaseId, Parcel>,
    pub(crate) commits: u32,
    /// Whether every URL is settled and committed, and whether nothing is under way or uncommitted, as the run was told last.
    pub(crate) said: Option<(bool, bool)>,
}

impl PartitionShell {
    /// Takes over the batches that are not done, then lives until its mailbox closes.
    pub(crate) async fn run(mut self, mut mailbox: UnboundedReceiver<Message>) {
        let mut wake_at = match self.feed(Input::BatchesIndexed { are_all: false }) {
            Ok(at) => at,
            Err(error) => return self.post.fail(error),
        };
        self.say_standing();
        loop {
            let input = match wake_at {
                None => mailbox.recv().await,
                Some(at) => tokio::select! {
                    message = mailbox.recv() => message,
                    () = tokio::time::sleep_until(self.clock.instant(at)) => Some(Message::TimePassed),
                },
            };
            let Some(message) = input else { return };
            match self.take(message) {
                Ok(Some(at)) => wake_at = at,
                Ok(None) => {}
                Err(error) => return self.post.fail(error),
            }
            self.say_standing();
        }
    }

    fn say_standing(&mut self) {
        let is_committed = self.engine.is_committed();
        let stands = (self.engine.is_done(), self.under_way.is_empty() && is_committed);
        if self.said != Some(stands) {
            self.said = Some(stands);
            self.post.tell_run(Word::Stands { partition: self.id, is_done: stands.0, is_still: stands.1 });
        }
    }

    /// Takes one message. Returns when to wake up next; `None` when that has not changed.
    fn take(&mut self, message: Message) -> Result<Option<Option<Monotonic>>, DriverError> {
        let input = match message {
            Message::FromGovernor(said) => Input::FromGovernor(said),
            Message::Attempted { lease, visit, attempt } => match self.end_attempt(lease, &visit, attempt)? {
                Some(input) => input,
                None => return Ok(None),
            },
            Message::GuestArrived(guest) => Input::GuestArrived(*guest),
            Message::GuestAnswered { lease, answer, parcel } => {
                let answer = self.unpack(*answer, parcel)?;
                Input::GuestAnswered { lease, answer }
            }
            Message::Committed(last) => {
                self.last = last;
                self.files.committed();
                Input::Committed
            }
            Message::Drain => Input::Ordered(EngineOrder::Drain),
            Message::TimePassed => Input::TimePassed,
        };
        self.feed(input).map(Some)
    }

    /// Gives the engine one input and carries out its outputs.
    fn feed(&mut self, input: Input) -> Result<Option<Monotonic>, DriverError> {
        let mut inputs = VecDeque::from([input]);
        let mut wake_at = None;
        while let Some(input) = inputs.pop_front() {
            self.engine.handle(self.clock.now(), input);
            loop {
                let output = self.engine.next_output();
                if let Output::WaitUntil(at) = output {
                    wake_at = at;
                    break;
                }
                inputs.extend(self.carry_out(output)?);
            }
        }
        Ok(wake_at)
    }

    /// Carries out one output; some are answered at once.
    fn carry_out(&mut self, output: Output) -> Result<Vec<Input>, DriverError> {
        match output {
            Output::IndexBatches { count_max } => return self.unindexed.read(&self.reader, self.id, &self.state, count_max),
            Output::LoadBatch(batch) => return Ok(vec![self.load(batch)?]),
            Output::ToGovernor(message) => self.post.tell_governor(self.id, message),
            Output::Visit { lease, visit } => {
                let headers = self.settings.fields_of(&visit);
                let task = UnderWay::start(Arc::clone(&self.route), self.post.clone(), self.id, lease, visit, headers);
                self.under_way.insert(lease, task);
            }
            Output::Recall(lease) => self.under_way.get(&lease).into_iter().for_each(UnderWay::recall),
            Output::Cut(lease) => {
                let had_sent = self.under_way.remove(&lease).map(|visit| visit.cut());
                let told = had_sent.map(|had_sent| if had_sent { Input::VisitCut(lease) } else { Input::VisitRecalled(lease) });
                return Ok(told.into_iter().collect());
            }
            Output::SendGuest { to, guest } => self.post.send(to, Message::GuestArrived(guest)),
            Output::AnswerGuest { to, lease, visited, answer } => {
                let parcel = visited.and_then(|visited| self.parcels.remove(&visited)).map(Box::new);
                self.post.send(to, Message::GuestAnswered { lease, answer, parcel });
            }
            Output::Settle(settled) => self.write_row(&settled)?,
            Output::Commit(commit) => self.commit(*commit)?,
            Output::WaitUntil(_) => {}
        }
        Ok(Vec::new())
    }

    fn load(&self, batch: BatchSeq) -> Result<Input, DriverError> {
        let missing = || DriverError::BatchMissing { partition: self.id.0, batch: batch.0 };
        let urls = read_body(&self.reader.batch_body(self.id, batch)?.ok_or_else(missing)?)?;
        if self.engine.batch_count(batch) != Some(urls.len()) {
            return Err(missing());
        }
        Ok(Input::BatchLoaded { batch, urls })
    }

    /// An attempt ended: diagnose it, archive it, tell the engine. `None` when it had been cut before.
    fn end_attempt(
        &mut self,
        lease: LeaseId,
        visit: &Visit,
        attempt: Option<Box<Attempt>>,
    ) -> Result<Option<Input>, DriverError> {
        if self.under_way.remove(&lease).is_none() {
            return Ok(None);
        }
        let capture = match attempt.map(|attempt| *attempt) {
            Some(Attempt::Recalled) => return Ok(Some(Input::VisitRecalled(lease))),
            Some(Attempt::Stopped(error)) => return Err(error.into()),
            Some(Attempt::Ended(capture)) => capture,
            None => return Ok(Some(Input::VisitEnded { lease, report: Box::new(self.lost(visit)) })),
        };
        let fields = capture.borrowed_fields();
        let exchange = capture.exchange(&visit.method, visit.url.as_str(), &fields);
        let diagnosis = self.diagnose(lease, visit, &exchange);
        let metadata = recording::metadata(visit, &capture, &diagnosis);
        let mut report = recording::report(visit, &capture, &exchange, diagnosis);
        if self.engine.is_guest(lease) {
            self.parcels.insert(lease, Parcel { url: visit.url.to_string(), capture, metadata });
        } else {
            report.capture = self.archive(visit.url.as_str(), &capture, &metadata)?;
            if visit.robots {
                self.read_long_robots(&mut report)?;
            }
        }
        Ok(Some(Input::VisitEnded { lease, report: Box::new(report) }))
    }

    fn diagnose(&self, lease: LeaseId, visit: &Visit, exchange: &Exchange<'_>) -> Diagnosis {
        let unknown_host = History::default();
        let diagnosis = self.knowledge.diagnose(exchange, self.engine.history(lease).unwrap_or(&unknown_host));
        // Rules for robots are no page.
        let expectations = if visit.robots { &[] } else { self.settings.expectations_of(visit.host.host()) };
        self.knowledge.expecting(diagnosis, exchange, expectations)
    }

    /// The report of an attempt whose task was lost, which only a fault of this program does.
    fn lost(&self, visit: &Visit) -> VisitReport {
        let received_at = wall_now();
        let failure = Some(Failure {
            cause: Cause::Protocol,
            detail: "The attempt was lost by a fault of this program.",
            is_lasting: false,
        });
        let exchange =
            Exchange { method: &visit.method, url: visit.url.as_str(), response: None, failure, received_at, elapsed_ms: 0 };
        VisitReport {
            status: None,
            diagnosis: self.knowledge.diagnose(&exchange, &History::default()),
            address: None,
            sent_at: received_at,
            elapsed_ms: 0,
            bytes: 0,
            allowance: None,
            capture: None,
            redirect: None,
            robots_text: None,
        }
    }

    fn archive(
        &mut self,
        url: &str,
        capture: &Capture,
        metadata: &[(String, String)],
    ) -> Result<Option<CapturePlace>, DriverError> {
        let is_long =
            matches!(capture.response.as_ref().map(|response| &response.wire), Some(comeback_fetch::WireBytes::Spool(_)));
        let mut write = || recording::archive(&mut self.files, url, capture, metadata);
        // A long body is read and compressed here; the runtime moves its other tasks away from this thread meanwhile.
        Ok(if is_long { tokio::task::block_in_place(write)? } else { write()? })
    }

    /// Diagnosis looks at the beginning of a body only; rules for robots are read up to their own limit.
    fn read_long_robots(&mut self, report: &mut VisitReport) -> Result<(), DriverError> {
        let is_cut = report.robots_text.as_ref().is_some_and(|text| text.len() >= BODY_SEEN_BYTES_MAX);
        let Some(place) = report.capture.as_ref().filter(|_| is_cut) else { return Ok(()) };
        self.files.write_out()?;
        // What cannot be decoded further is read as far as it was seen.
        let whole =
            response_parts(&self.dir, place, ROBOTS_BLOCK_BYTES_MAX).and_then(|parts| parts.decoded(ROBOTS_BLOCK_BYTES_MAX));
        if let Ok(mut text) = whole {
            text.truncate(usize::try_from(ROBOTS_BYTES_MAX).unwrap_or(usize::MAX));
            report.robots_text = Some(text);
        }
        Ok(())
    }

    /// Archives what came with a guest's answer, and says in the answer where it lies.
    fn unpack(&mut self, answer: GuestAnswer, parcel: Option<Box<Parcel>>) -> Result<GuestAnswer, DriverError> {
        match (answer, parcel) {
            (GuestAnswer::Visited(mut report, verdict), Some(parcel)) => {
                let Parcel { url, capture, metadata } = *parcel;
                report.capture = self.archive(&url, &capture, &metadata)?;
                Ok(GuestAnswer::Visited(report, verdict))
            }
            (answer @ (GuestAnswer::Visited(..) | GuestAnswer::Unasked { .. }), _) => Ok(answer),
        }
    }

    fn write_row(&mut self, settled: &Settled) -> Result<(), DriverError> {
        let Settled { job: _, batch: _, index: _, seed, host, settlement, bytes, capture } = settled;
        let facts = RowFacts {
            given: &seed.given,
            host: Some(host),
            meta: seed.meta.as_deref(),
            route: (settlement.requests > 0).then_some(ROUTE),
            body_bytes: *bytes,
            credits: 0,
            warc: capture.clone(),
        };
        Ok(self.files.append_row(&OutcomeRow::new(settlement, facts))?)
    }

    fn commit(&mut self, mut commit: Commit) -> Result<(), DriverError> {
        self.files.write_out()?;
        let handles = self.files.sync_handles()?;
        commit.files = self.files.lengths();
        let news = commit.hosts.iter().filter_map(|after| host_news::news(self.state.hosts.get(&after.host), after)).collect();
        let record = LogRecord::Commit(commit);
        let mut records = vec![record.store()];
        self.state.apply(record);
        self.commits += 1;
        let is_checkpoint = self.commits.is_multiple_of(COMMITS_PER_CHECKPOINT);
        if is_checkpoint {
            records.push(LogRecord::Checkpoint(self.state.clone()).store());
        }
        let order = CommitOrder {
            partition: self.id,
            after: self.last,
            records,
            checkpoint: is_checkpoint.then_some(self.state.low_water),
            handles,
            standing: self.standing(),
            news,
        };
        // A committer that is gone has failed, and the run has been told why.
        let _ = self.committer.send(Order::Commit(Box::new(order)));
        Ok(())
    }

    /// How far this partition has come.
    pub(crate) fn standing(&self) -> Standing {
        let mut outlook = self.engine.outlook(self.clock.now());
        outlook.merge(&self.unindexed.outlook());
        Standing {
            tally: self.engine.tally(),
            unsettled: self.engine.unsettled() + self.unindexed.urls(),
            leased: self.engine.leased(),
            outlook,
            waiting: self.engine.waiting_hosts(self.clock.now(), HOSTS_WAITING_MAX),
            files: self.files.lengths(),
        }
    }
}
