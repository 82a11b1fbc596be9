//! One process life in virtual time: the engines and the governor, joined by messages that take their time.

use std::collections::{BTreeMap, VecDeque};

use comeback_engine::batch::{BatchHead, read_body};
use comeback_engine::commit::{Commit, LogRecord, PartitionState};
use comeback_engine::config::EngineConfig;
use comeback_engine::diagnosis::clock::{Monotonic, Now, WallTime};
use comeback_engine::diagnosis::knowledge::Knowledge;
use comeback_engine::engine::Engine;
use comeback_engine::governor::{FromGovernor, Governor, Purpose, ToGovernor};
use comeback_engine::ids::{LeaseId, LogSeq, PartitionId};
use comeback_engine::input::{Input, Order};
use comeback_engine::output::{Output, Settled};
use comeback_engine::store::Store;
use comeback_engine::visit::Visit;

use crate::checkers::Row;
use crate::inbox::Inbox;
use crate::options::{Options, Plant};
use crate::scored::TRAVEL_MS_MAX;
use crate::simulation::{EPOCH_MS, EVENTS_MAX, RUN_MS_MAX, Surroundings};
use committing::CrashMoment;

mod arriving;
mod committing;

/// How a process life ended.
#[derive(Debug)]
pub(crate) enum Ending {
    /// Everything is settled and committed.
    Finished,
    /// The process died.
    Crashed,
    /// The process was asked to stop, and nothing was left under way or uncommitted.
    Drained,
    /// The checkers found something; or it would go on for ever, or has nothing more to do although it should.
    Stuck { what: String, state: String },
}

#[derive(Debug)]
enum Event {
    ToEngine(PartitionId, Box<Input>),
    ToGovernor(PartitionId, ToGovernor),
    /// The time for which the governor asked to be woken.
    WakeGovernor(u64),
    Leave(PartitionId, LeaseId),
    Arrive(PartitionId, LeaseId),
    Committed(PartitionId, Box<Commit>, Option<CrashMoment>),
    /// The time for which a partition asked to be woken.
    Wake(PartitionId, u64),
    Drain,
    /// A process whose store has failed ends.
    Die,
}

/// A visit on its way.
#[derive(Debug)]
struct OnItsWay {
    visit: Visit,
    left_ms: Option<u64>,
    arrived: bool,
    /// Whether nobody waits for its answer any more: it arrives all the same.
    is_cut: bool,
}

#[derive(Debug)]
struct Partition {
    engine: Engine,
    last: LogSeq,
    state: PartitionState,
    commits: u64,
    wakes_at: Option<u64>,
    /// Batches that the engine has not asked for yet.
    to_index: VecDeque<Input>,
}

#[derive(Debug)]
pub(crate) struct Shell<'a> {
    knowledge: &'a Knowledge,
    options: &'a Options,
    around: &'a mut Surroundings,
    partitions: Vec<Partition>,
    governor: Governor,
    governor_wakes_at: Option<u64>,
    inbox: Inbox<Event>,
    visits: BTreeMap<(PartitionId, LeaseId), OnItsWay>,
    started_ms: u64,
    is_draining: bool,
    /// Whether its store has failed: it commits nothing any more, and is about to end.
    has_failed: bool,
}

impl<'a> Shell<'a> {
    /// A process that takes over what the store and the rows hold.
    pub(crate) fn recover(knowledge: &'a Knowledge, options: &'a Options, around: &'a mut Surroundings) -> Self {
        let started_ms = around.at_ms;
        let slots = usize::try_from(around.slots).unwrap_or(usize::MAX);
        let governor = Governor::new(slots, around.retries_free, started_ms);
        let mut shell = Self {
            knowledge,
            options,
            around,
            partitions: Vec::new(),
            governor,
            governor_wakes_at: None,
            inbox: Inbox::default(),
            visits: BTreeMap::new(),
            started_ms,
            is_draining: false,
            has_failed: false,
        };
        for number in 0..options.partitions {
            shell.recover_partition(PartitionId(number));
        }
        if shell.around.chance.up_to(99) < options.drain_percent {
            let at_ms = started_ms + shell.around.chance.up_to(60_000);
            shell.inbox.put(at_ms, Event::Drain);
        }
        shell
    }

    fn recover_partition(&mut self, id: PartitionId) {
        let mut state = PartitionState::default();
        let mut last = LogSeq(0);
        let Ok(records) = self.around.store.read_log(id, LogSeq(0), usize::MAX);
        for (seq, bytes) in records {
            state.apply(LogRecord::read(&bytes).expect("the store keeps what was written"));
            last = seq;
        }
        if self.options.plant != Some(Plant::LeftoversKept) {
            let committed = state.files.first().map_or(0, |file| file.bytes);
            self.around.rows[usize::from(id.0)].truncate(usize::try_from(committed).unwrap_or(usize::MAX));
        }
        let usual = EngineConfig::new(id, self.options.partitions);
        let config = EngineConfig {
            hosts_in_line: if self.around.is_narrow { 1 } else { usual.hosts_in_line },
            hosts_resting_max: if self.around.is_narrow { 0 } else { usual.hosts_resting_max },
            patience_ms: self.around.patience_ms,
            delay_ms: if self.options.plant == Some(Plant::DelayForgotten) { 0 } else { self.around.delay_ms },
            rng_seed: self.around.chance.up_to(u64::MAX - 1),
            ..usual
        };
        let engine = Engine::new(config, state.tally, state.hosts.values().cloned());
        let Ok(heads) = self.around.store.batch_heads(id, state.low_water, usize::MAX);
        let open = heads.into_iter().filter(|(seq, _)| *seq <= state.admitted && !state.is_retired(*seq));
        let to_index = open.map(|(batch, head)| {
            let head = BatchHead::read(&head).expect("the store keeps what was written");
            Input::BatchIndexed { batch, head, progress: state.batches.get(&batch).cloned().unwrap_or_default() }
        });
        let to_index = to_index.collect();
        self.partitions.push(Partition { engine, last, state, commits: 0, wakes_at: None, to_index });
        self.index(id, 0);
    }

    /// Tells a partition of its next batches, and whether these are all.
    fn index(&mut self, id: PartitionId, count_max: usize) {
        let waiting = &mut self.partitions[usize::from(id.0)].to_index;
        let told: Vec<Input> = waiting.drain(..count_max.min(waiting.len())).collect();
        let are_all = waiting.is_empty();
        for input in told.into_iter().chain([Input::BatchesIndexed { are_all }]) {
            self.inbox.put(self.around.at_ms, Event::ToEngine(id, Box::new(input)));
        }
    }

    fn now(&self) -> Now {
        // The process' own clock starts with it; the wall clock does not.
        Now { monotonic: Monotonic(self.around.at_ms - self.started_ms), wall: WallTime(EPOCH_MS + self.around.at_ms) }
    }

    /// Lives until everything is settled, or until a crash.
    pub(crate) fn run(mut self) -> Ending {
        loop {
            if self.is_draining && !self.has_failed && self.is_still() {
                return Ending::Drained;
            }
            let Some((at_ms, event)) = self.inbox.take() else {
                if self.governor.granted() > 0 {
                    return self.stuck(format!("nothing is under way, and {} slots are not given back", self.governor.granted()));
                }
                let unsettled: u64 = self.partitions.iter().map(|partition| partition.engine.unsettled()).sum();
                let clean = self.partitions.iter().all(|partition| partition.engine.is_committed());
                if self.partitions.iter().all(|partition| partition.engine.is_done()) {
                    return Ending::Finished;
                }
                return self.stuck(format!("nothing more happens, and {unsettled} URLs are not settled; committed: {clean}"));
            };
            self.around.at_ms = at_ms;
            self.around.events += 1;
            if at_ms > RUN_MS_MAX || self.around.events > EVENTS_MAX {
                return self.stuck("it goes on for ever".into());
            }
            let is_dead = self.play(event);
            if let Some((_, what)) = self.around.watch.first_finding() {
                return self.stuck(what.clone());
            }
            if is_dead {
                return Ending::Crashed;
            }
        }
    }

    fn stuck(&self, what: String) -> Ending {
        let states: Vec<String> = self.partitions.iter().map(|partition| partition.engine.render(self.now())).collect();
        Ending::Stuck { what, state: states.join("\n") }
    }

    fn is_still(&self) -> bool {
        self.visits.is_empty() && self.partitions.iter().all(|partition| partition.engine.is_committed())
    }

    /// Plays one event; true when the process dies of it.
    fn play(&mut self, event: Event) -> bool {
        match event {
            Event::ToEngine(id, input) => {
                if let Input::VisitEnded { lease, .. } = &*input
                    && let Some(visit) = self.visits.remove(&(id, *lease))
                {
                    self.around.watch.ended(visit.visit.host.host());
                }
                self.feed(id, *input);
            }
            Event::ToGovernor(id, message) => {
                self.governor.handle(self.now(), id, message);
                self.hear_governor();
            }
            Event::WakeGovernor(at_ms) => {
                if self.governor_wakes_at == Some(at_ms) {
                    self.governor_wakes_at = None;
                    self.governor.handle_time(self.now());
                    self.hear_governor();
                }
            }
            Event::Leave(id, lease) => {
                if let Some(visit) = self.visits.get_mut(&(id, lease)) {
                    visit.left_ms = Some(self.around.at_ms);
                    let at_ms = self.around.at_ms + self.around.chance.up_to(TRAVEL_MS_MAX);
                    self.inbox.put(at_ms, Event::Arrive(id, lease));
                }
            }
            Event::Arrive(id, lease) => self.arrive(id, lease),
            Event::Wake(id, at_ms) => {
                let partition = &mut self.partitions[usize::from(id.0)];
                if partition.wakes_at == Some(at_ms) {
                    partition.wakes_at = None;
                    self.feed(id, Input::TimePassed);
                }
            }
            Event::Committed(id, commit, crash) => return self.commit(id, *commit, crash),
            Event::Die => return true,
            Event::Drain => {
                self.is_draining = true;
                (0..self.options.partitions).for_each(|number| self.feed(PartitionId(number), Input::Ordered(Order::Drain)));
            }
        }
        false
    }

    /// Delivers what the governor says, and notes when it wants to be woken.
    fn hear_governor(&mut self) {
        while let Some((id, message)) = self.governor.next_message() {
            self.deliver(id, Input::FromGovernor(message));
        }
        let wake_at_ms = self.governor.wake_at().map(|at| (self.started_ms + at.0).max(self.around.at_ms));
        if let Some(at_ms) = wake_at_ms.filter(|at_ms| self.governor_wakes_at.is_none_or(|wakes_at| *at_ms < wakes_at)) {
            self.governor_wakes_at = Some(at_ms);
            self.inbox.put(at_ms, Event::WakeGovernor(at_ms));
        }
    }

    fn feed(&mut self, id: PartitionId, input: Input) {
        let now = self.now();
        self.partitions[usize::from(id.0)].engine.handle(now, input);
        loop {
            let output = self.partitions[usize::from(id.0)].engine.next_output();
            if let Output::WaitUntil(at) = output {
                let partition = &mut self.partitions[usize::from(id.0)];
                let at_ms = at.map(|at| (self.started_ms + at.0).max(self.around.at_ms));
                // One call under way is enough; an engine that is called too early says again when.
                if let Some(at_ms) = at_ms.filter(|at_ms| partition.wakes_at.is_none_or(|wakes_at| *at_ms < wakes_at)) {
                    partition.wakes_at = Some(at_ms);
                    self.inbox.put(at_ms, Event::Wake(id, at_ms));
                }
                return;
            }
            self.carry_out(id, output);
        }
    }

    fn carry_out(&mut self, id: PartitionId, output: Output) {
        match output {
            Output::LoadBatch(batch) => {
                let Ok(body) = self.around.store.batch_body(id, batch);
                let urls = read_body(&body.expect("an indexed batch is in the store")).expect("the store keeps what was written");
                self.deliver(id, Input::BatchLoaded { batch, urls });
            }
            Output::IndexBatches { count_max } => self.index(id, count_max),
            Output::ToGovernor(message) if self.options.plant == Some(Plant::SlotsForgotten) => {
                if let ToGovernor::Ask { ticket, .. } = message {
                    self.deliver(id, Input::FromGovernor(FromGovernor::SlotGranted(ticket)));
                }
            }
            Output::ToGovernor(ToGovernor::Ask { ticket, host, purpose: _ })
                if self.options.plant == Some(Plant::RetriesUncounted) =>
            {
                let at_ms = self.around.at_ms;
                let message = ToGovernor::Ask { ticket, host, purpose: Purpose::Request };
                self.inbox.put(at_ms, Event::ToGovernor(id, message));
            }
            Output::ToGovernor(message) => {
                let at_ms = self.around.at_ms;
                self.inbox.put(at_ms, Event::ToGovernor(id, message));
            }
            Output::Visit { lease, visit } => {
                self.visits.insert((id, lease), OnItsWay { visit: *visit, left_ms: None, arrived: false, is_cut: false });
                let at_ms = self.around.at_ms + self.around.chance.up_to(self.options.connect_ms_max);
                self.inbox.put(at_ms, Event::Leave(id, lease));
            }
            Output::Recall(lease) => {
                if self.visits.get(&(id, lease)).is_some_and(|visit| visit.left_ms.is_none()) {
                    self.visits.remove(&(id, lease));
                    self.deliver(id, Input::VisitRecalled(lease));
                }
            }
            Output::Cut(lease) => self.cut(id, lease),
            Output::SendGuest { to, guest } => self.deliver(to, Input::GuestArrived(*guest)),
            Output::AnswerGuest { to, lease, visited: _, answer } => {
                self.deliver(to, Input::GuestAnswered { lease, answer: *answer });
            }
            Output::Settle(settled) => self.write_row(id, &settled),
            Output::Commit(commit) => self.begin_commit(id, *commit),
            Output::WaitUntil(_) => {}
        }
    }

    fn deliver(&mut self, id: PartitionId, input: Input) {
        let at_ms = self.around.at_ms + self.around.chance.up_to(self.options.message_ms_max);
        self.inbox.put(at_ms, Event::ToEngine(id, Box::new(input)));
    }

    fn write_row(&mut self, id: PartitionId, settled: &Settled) {
        let row = Row {
            url: settled.seed.given.clone(),
            outcome: settled.settlement.outcome,
            attempts: settled.settlement.attempts,
            requests: settled.settlement.requests,
            settled_ms: self.around.at_ms,
        };
        let twice = self.options.plant == Some(Plant::RowWrittenTwice) && self.around.chance.up_to(30) == 0;
        let rows = &mut self.around.rows[usize::from(id.0)];
        if twice {
            rows.push(row.clone());
        }
        rows.push(row);
    }
}
