//! A run: a drawn web, a drawn list, one process life after another until every URL is settled.

use std::cell::RefCell;
use std::net::IpAddr;
use std::rc::Rc;

use comeback_engine::Chance;
use comeback_engine::batch::BatchHead;
use comeback_engine::commit::{Commit, LogRecord};
use comeback_engine::diagnosis::knowledge::Knowledge;
use comeback_engine::governor::RETRIES_FREE_DEFAULT;
use comeback_engine::host_key::HostKey;
use comeback_engine::ids::{BatchSeq, JobId, LogSeq, PartitionId};
use comeback_engine::outcome::Outcome;
use comeback_engine::seed_url::SeedUrl;
use comeback_engine::store::{MemoryStore, Store};

use crate::checkers::{Finding, Row, Watch, judge_rows};
use crate::options::Options;
use crate::scored::Meter;
use crate::shell::{Ending, Shell};
use crate::world::limiting::Bucket;
use crate::world::sharing::Shared;
use crate::world::{Promise, Script, draw};

/// The longest run, in virtual milliseconds: two days.
pub(crate) const RUN_MS_MAX: u64 = 48 * 60 * 60 * 1000;
/// The most events in a run.
pub(crate) const EVENTS_MAX: u64 = 2_000_000;
/// When the runs take place, in milliseconds since the Unix epoch: 2026-11-23.
pub(crate) const EPOCH_MS: u64 = 1_795_392_000_000;
/// How much of what it read a crash may make the process forget of a hold, in milliseconds: the time to its commit, that of the commit
/// under way before it and its own, and the messages' between.
const UNCOMMITTED_MS_MAX: u64 = 150;
/// What makes the chance of an engine's room another one than that of the run.
const CHANCE_OF_ROOM: u64 = 0x6e61_7272_6f77;
/// Hosts that share a limiter, at most.
const SHARING_MAX: usize = 4;
/// The job of every run.
const JOB: JobId = JobId(1);

/// Runs simulations.
#[derive(Debug)]
pub struct Simulator {
    knowledge: Knowledge,
}

/// What a run without a finding came to.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Summary {
    /// URLs settled.
    pub urls: u64,
    /// Requests that reached a server.
    pub requests: u64,
    /// Crashes survived.
    pub crashes: u64,
    /// How long it took, in virtual milliseconds.
    pub virtual_ms: u64,
}

/// What outlives the process: the web, the store, the rows, the checkers.
#[derive(Debug)]
pub(crate) struct Surroundings {
    pub(crate) chance: Chance,
    /// Whether engines have hardly any room.
    pub(crate) is_narrow: bool,
    pub(crate) scripts: Vec<Box<dyn Script>>,
    pub(crate) addresses: Vec<IpAddr>,
    pub(crate) store: MemoryStore,
    pub(crate) rows: Vec<Vec<Row>>,
    pub(crate) watch: Watch,
    pub(crate) meters: Vec<Meter>,
    pub(crate) crashes_left: u64,
    pub(crate) events: u64,
    pub(crate) requests: u64,
    pub(crate) page_requests: u64,
    pub(crate) at_ms: u64,
    pub(crate) patience_ms: u64,
    pub(crate) slots: u64,
    pub(crate) retries_free: u64,
    pub(crate) delay_ms: u64,
}

/// A web, and what a client of it is given.
#[derive(Debug)]
pub(crate) struct Drawn {
    /// The hosts' scripts: the host `hN.example` plays the one at N.
    pub(crate) scripts: Vec<Box<dyn Script>>,
    /// Their addresses.
    pub(crate) addresses: Vec<IpAddr>,
    /// How many pages of each host are wanted.
    pub(crate) counts: Vec<u64>,
    pub(crate) patience_ms: u64,
    pub(crate) slots: u64,
    /// Retries in a minute that are free.
    pub(crate) retries_free: u64,
    /// The user's gap between two requests to one host; 0 for none.
    pub(crate) delay_ms: u64,
    pub(crate) crashes: u64,
}

impl Drawn {
    fn draw(chance: &mut Chance, options: &Options) -> Self {
        let hosts = 1 + chance.up_to(options.hosts_max - 1);
        let is_patient = chance.up_to(99) < options.long_patience_percent;
        let patience_ms = if is_patient { options.long_patience_ms } else { options.patience_ms };
        let scripts = (0..hosts).map(|_| draw(chance, hosts, patience_ms)).collect();
        let big = chance.up_to(99) < options.big_host_percent;
        let count = |host| if big && host == 0 { 200 + chance.up_to(200) } else { 1 + chance.up_to(options.urls_max - 1) };
        let counts = (0..hosts).map(count).collect();
        let crashes = chance.up_to(options.crashes_max);
        let slots = 1 + chance.up_to(options.slots_max - 1);
        let retries_free = RETRIES_FREE_DEFAULT;
        let mut drawn = Self { scripts, addresses: Vec::new(), counts, patience_ms, slots, retries_free, delay_ms: 0, crashes };
        drawn.draw_addresses(chance, options);
        if chance.up_to(99) < options.small_budget_percent {
            drawn.retries_free = chance.up_to(options.retries_free_max);
        }
        if chance.up_to(99) < options.delay_percent {
            drawn.delay_ms = chance.up_to(options.delay_ms_max);
        }
        drawn
    }
}

impl Drawn {
    /// Most hosts have an address of their own. In some runs all share one; in some of these, the first few share a limiter too.
    fn draw_addresses(&mut self, chance: &mut Chance, options: &Options) {
        let shares = chance.up_to(99) < options.shared_address_percent;
        if shares && chance.up_to(99) < options.shared_limiter_percent {
            let door = Rc::new(RefCell::new(Bucket::draw(chance)));
            for script in self.scripts.iter_mut().take(SHARING_MAX) {
                *script = Box::new(Shared::behind(Rc::clone(&door)));
            }
        }
        self.addresses = (0..self.scripts.len()).map(|number| address_of(number, shares.then_some(0))).collect();
    }
}

/// The address of a host: its own, unless it shares one.
pub(crate) fn address_of(number: usize, shared: Option<u8>) -> IpAddr {
    let [.., high, low] = number.to_be_bytes();
    IpAddr::from(shared.map_or([10, 0, high, low], |shared| [10, 1, 0, shared]))
}

impl Surroundings {
    /// A web with its list taken in.
    fn of(drawn: Drawn, chance: Chance, options: &Options) -> (Self, Vec<(HostKey, Vec<SeedUrl>)>) {
        let Drawn { scripts, addresses, counts, patience_ms, slots, retries_free, delay_ms, crashes } = drawn;
        let given = list(&counts);
        let mut store = MemoryStore::default();
        intake(&mut store, &given, options.partitions);
        let names = scripts.iter().zip(0..).map(|(script, number)| (host_name(number), script.name())).collect();
        let around = Self {
            is_narrow: false,
            meters: vec![Meter::default(); scripts.len()],
            scripts,
            addresses,
            store,
            rows: vec![Vec::new(); usize::from(options.partitions)],
            watch: Watch::of(names, retries_free, delay_ms),
            crashes_left: crashes,
            events: 0,
            requests: 0,
            page_requests: 0,
            at_ms: 0,
            patience_ms,
            slots,
            retries_free,
            delay_ms,
            chance,
        };
        (around, given)
    }
}

impl Default for Simulator {
    fn default() -> Self {
        Self::new()
    }
}

impl Simulator {
    /// A simulator, with the built-in knowledge.
    #[must_use]
    pub fn new() -> Self {
        Self { knowledge: Knowledge::builtin() }
    }

    /// Plays one run.
    ///
    /// # Errors
    /// The first finding of the checkers.
    pub fn run(&self, rng_seed: u64, options: &Options) -> Result<Summary, Finding> {
        let mut chance = Chance::from_rng_seed(rng_seed);
        let drawn = Drawn::draw(&mut chance, options);
        let (urls, crashes) = (drawn.counts.iter().sum(), drawn.crashes);
        let around = self.play(rng_seed, chance, drawn, options)?;
        let crashes = crashes - around.crashes_left;
        Ok(Summary { urls, requests: around.requests, crashes, virtual_ms: around.at_ms })
    }

    /// Plays a web to its end, through crashes and restarts, and judges it.
    pub(crate) fn play(&self, rng_seed: u64, chance: Chance, drawn: Drawn, options: &Options) -> Result<Surroundings, Finding> {
        let crashes_drawn = drawn.crashes;
        let (mut around, given) = Surroundings::of(drawn, chance, options);
        // By a chance of its own: what the web does in a run is the same with room and without.
        around.is_narrow = Chance::from_rng_seed(rng_seed ^ CHANCE_OF_ROOM).up_to(99) < options.narrow_percent;
        let finding = |at_ms, what, state| Finding { rng_seed, at_ms, world: None, what, state };
        // An answer to a guest may be on its way to another partition when the process ends.
        let mut is_whole = true;
        loop {
            let ending = Shell::recover(&self.knowledge, options, &mut around).run();
            match ending {
                Ending::Finished => break,
                Ending::Stuck { what, state } => return Err(finding(around.at_ms, what, state)),
                Ending::Drained => is_whole = false,
                Ending::Crashed => {
                    around.store.crash();
                    around.watch.crashed(around.at_ms, UNCOMMITTED_MS_MAX);
                }
            }
            around.watch.restarted();
            around.at_ms += around.chance.up_to(options.down_ms_max);
        }
        let urls: Vec<String> = given.iter().flat_map(|(_, urls)| urls.iter().map(|seed| seed.given.clone())).collect();
        match judge_end(&around, &urls, is_whole && crashes_drawn == around.crashes_left) {
            Some(what) => Err(finding(around.at_ms, what, String::new())),
            None => Ok(around),
        }
    }
}

/// Judges the rows at the end of a run. Where the process ended once (`is_whole`), no request is forgotten.
fn judge_end(around: &Surroundings, urls: &[String], is_whole: bool) -> Option<String> {
    let rows: Vec<Row> = around.rows.concat();
    let counted: u64 = rows.iter().map(|row| u64::from(row.requests)).sum();
    let is_counted = !is_whole || counted == around.page_requests;
    judge_rows(urls, &rows, 4, 32).or_else(|| judge_promises(&around.scripts, &rows, around.patience_ms)).or_else(|| {
        let seen = around.page_requests;
        (!is_counted).then(|| format!("the rows tell of {counted} requests for pages, the servers saw {seen}"))
    })
}

/// Compares what each host's script promises with what its rows say; where nobody answers, half the patience must have passed.
fn judge_promises(scripts: &[Box<dyn Script>], rows: &[Row], patience_ms: u64) -> Option<String> {
    rows.iter().find_map(|row| {
        let (host, path) = row.url.strip_prefix("http://h")?.split_once(".example")?;
        let script = scripts.get(host.parse::<usize>().ok()?)?;
        let had = match row.outcome {
            Outcome::Fetched | Outcome::Answered => true,
            Outcome::Failed | Outcome::Parked => false,
        };
        let kept = match script.promise(path) {
            Promise::Had => had,
            Promise::NotHad => !had,
            Promise::Open => true,
        };
        let is_early = script.is_worth_patience() && row.settled_ms < patience_ms / 2;
        (!kept || is_early).then(|| {
            let Row { url, outcome, attempts: _, requests, settled_ms } = row;
            format!("{url} ({}) ended as {} at {settled_ms} ms after {requests} requests", script.name(), outcome.word())
        })
    })
}

/// The name of the host that plays the script of this number.
fn host_name(number: usize) -> String {
    format!("h{number}.example")
}

fn list(counts: &[u64]) -> Vec<(HostKey, Vec<SeedUrl>)> {
    counts
        .iter()
        .enumerate()
        .map(|(host, count)| {
            let urls: Vec<SeedUrl> =
                (0..*count).map(|page| SeedUrl::get(format!("http://{}/page/{page}", host_name(host)))).collect();
            let url = urls[0].given.parse().expect("the URL is made a line above");
            (HostKey::of(&url).expect("the URL has a host"), urls)
        })
        .collect()
}

/// Puts the list into the store, batch by batch, and admits it.
fn intake(store: &mut MemoryStore, given: &[(HostKey, Vec<SeedUrl>)], partitions: u16) {
    let mut last = vec![BatchSeq(0); usize::from(partitions)];
    for (host, urls) in given {
        let partition = host.partition(partitions);
        for batch in urls.chunks(comeback_engine::batch::BATCH_URLS_MAX) {
            let seq = last[usize::from(partition.0)].next();
            last[usize::from(partition.0)] = seq;
            let Ok(()) = store.put_batch(partition, seq, &BatchHead::store(JOB, host.clone(), false, batch));
        }
    }
    for (admitted, number) in last.into_iter().zip(0..) {
        let record = LogRecord::Commit(Commit { admitted: Some(admitted), ..Commit::default() });
        store.append(PartitionId(number), LogSeq(0), &record.store()).expect("the log is empty");
    }
    let Ok(()) = store.sync();
}
