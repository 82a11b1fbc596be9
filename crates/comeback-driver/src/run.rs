//! A run: intake, recovery, the tasks, and the end.

use std::collections::{BTreeMap, BTreeSet};
use std::ffi::OsString;
use std::path::Path;
use std::sync::Arc;

use comeback_archive::TimeText;
use comeback_engine::commit::{HostRecord, LogRecord};
use comeback_engine::config::EngineConfig;
use comeback_engine::diagnosis::knowledge::Knowledge;
use comeback_engine::engine::Engine;
use comeback_engine::governor::{Governor, RETRIES_FREE_DEFAULT, ToGovernor};
use comeback_engine::host_rule::HostRule as EngineHostRule;
use comeback_engine::ids::{LogSeq, PartitionId};
use comeback_engine::store::Store;
use comeback_fetch::cookies::{COOKIE_BYTES_MAX, CookieJar, WithCookies};
use comeback_fetch::{AddressPolicy, Direct, DirectSettings, Limits, Proxies, Route};
use comeback_report::progress::{JobState, Progress, UrlCounts};
use comeback_store::FjallStore;
use tokio::runtime::Runtime;
use tokio::sync::mpsc::UnboundedReceiver;
use tokio::task::JoinSet;
use tokio::time::{Duration, Instant};

use crate::archiving::{archive_settings, with_index};
use crate::clock::{Clock, wall_now};
use crate::committer::{Committer, Committing, JobFacts};
use crate::error::DriverError;
use crate::gathering::gather;
use crate::intake::{self, Intake, append_error};
use crate::job::{RunEnd, SPOOL_PATH, STORE_PATH};
use crate::partition::PartitionShell;
use crate::post::{Message, Post, Word, queue};
use crate::putting_back::{StateAt, publish, wake};
use crate::recovery::{Recovered, read_state, recover};
use crate::settings::Settings;
use crate::settings::host_rule::HostRule;
use crate::settings::job_file::JobFile;
use crate::signals::Signals;
use crate::watcher::{Notice, StopReason, Watcher};

/// The store's share of the job's memory, as a divisor.
const STORE_SHARE: u64 = 4;
/// The cookies' share of the job's memory, as a divisor.
const COOKIES_SHARE: u64 = 16;
/// How long the first signal waits for what is under way, in milliseconds.
const DRAIN_MS_MAX: u64 = 10_000;

/// What a run has of the process around it; the rounds of its lists on the web share it.
pub(crate) struct Surroundings<'a> {
    pub(crate) runtime: &'a Runtime,
    pub(crate) signals: Signals,
    /// The job's own deadline.
    pub(crate) ends_at: Option<Instant>,
    pub(crate) watcher: Arc<dyn Watcher>,
    /// What is known of hosts before the first request.
    pub(crate) hosts: Vec<HostRecord>,
    /// The way to the web, where the job's own is not to be taken.
    pub(crate) route: Option<Arc<dyn Route>>,
}

impl Surroundings<'_> {
    fn is_to_stop(&self) -> bool {
        self.signals.has_come() || self.ends_at.is_some_and(|at| Instant::now() >= at)
    }
}

/// Runs a job whose folder this process has locked, over a route of the caller's where there is one.
pub(crate) fn run(
    dir: &Path,
    job: &JobFile,
    route: Option<Arc<dyn Route>>,
    watcher: &Arc<dyn Watcher>,
) -> Result<RunEnd, DriverError> {
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build();
    let runtime = runtime.map_err(|error| DriverError::system("start the runtime for", dir, error))?;
    let signals = runtime.block_on(async { Signals::listen() });
    let signals = signals.map_err(|error| DriverError::system("listen for signals in", dir, error))?;
    let ends_at = job.settings.deadline_ms.and_then(|span_ms| Instant::now().checked_add(Duration::from_millis(span_ms)));
    let around = Surroundings { runtime: &runtime, signals, ends_at, watcher: Arc::clone(watcher), hosts: Vec::new(), route };
    let end = go_on(dir, job, &around).and_then(|end| with_index(dir, end, &around.signals));
    drop(around);
    // Attempts that were left under way are dropped with the runtime; waiting for them would delay a second Ctrl-C.
    runtime.shutdown_background();
    end
}

/// Goes on with a job where it stands: its lists, then its URLs.
pub(crate) fn go_on(dir: &Path, job: &JobFile, around: &Surroundings<'_>) -> Result<RunEnd, DriverError> {
    let settings = &job.settings;
    let mut store = FjallStore::open(&dir.join(STORE_PATH), settings.memory_bytes / STORE_SHARE)?;
    check_store(dir, job, &store)?;
    let mut taken = Intake::read(&store, settings)?;
    let beginning = publish_intake(dir, job, taken.is_done)?;
    let mut hosts = around.hosts.clone();
    if !taken.is_done
        && let Some(gathered) = gather(dir, job, taken.is_gathered(), &beginning, around)?
    {
        taken = intake::take_in(dir, job, &gathered, &mut store, &*around.watcher, &|| around.is_to_stop())?;
        hosts.extend(gathered.hosts.into_values());
    }
    if !taken.is_done {
        let stopped = Progress { state: JobState::Stopped, updated_at: TimeText(wall_now()), ..beginning };
        stopped.publish(dir)?;
        return Ok(RunEnd::Interrupted(Box::new(stopped)));
    }
    if let Some(error) = DriverError::of_faults(taken.bad_lines, taken.lists_unread).filter(|_| settings.strict) {
        crate::job::Job::withdraw(dir)?;
        return Err(error);
    }
    make_spool(dir)?;
    let route = around.route.clone().map_or_else(|| direct_route(dir, settings), Ok)?;
    let mut recovered = recover_all(dir, job, &mut store, &taken, &*around.watcher)?;
    make_known(&mut store, hosts, &mut recovered)?;
    let prepared = Prepared { store, route, taken, recovered };
    around.runtime.block_on(fetch(dir, job, prepared, around))
}

/// Gives partitions that have committed nothing yet what is known of their hosts, and commits it: a hold must outlive this process.
/// Later, their own log says it better.
fn make_known(store: &mut FjallStore, hosts: Vec<HostRecord>, partitions: &mut [Recovered]) -> Result<(), DriverError> {
    let count = u16::try_from(partitions.len()).unwrap_or(u16::MAX);
    let mut told = BTreeSet::new();
    for record in hosts {
        let id = record.host.partition(count);
        let partition = &mut partitions[usize::from(id.0)];
        if partition.last == LogSeq(0) {
            partition.state.hosts.insert(record.host.clone(), record);
            told.insert(id);
        }
    }
    for id in &told {
        let partition = &mut partitions[usize::from(id.0)];
        let record = LogRecord::Checkpoint(partition.state.clone()).store();
        partition.last = store.append(*id, partition.last, &record).map_err(|error| append_error(*id, error))?;
    }
    if told.is_empty() { Ok(()) } else { Ok(store.sync()?) }
}

/// Progress is published after the store's sync, so the store never knows of less than progress tells: where it does, it was
/// damaged or replaced, and going on would delete results. Rows may lie in other files after a wake, so captures are compared.
pub(crate) fn check_store(dir: &Path, job: &JobFile, store: &FjallStore) -> Result<(), DriverError> {
    let Ok(Some(progress)) = Progress::read(dir) else { return Ok(()) };
    let intake = Intake::read(store, &job.settings)?;
    let mut known = BTreeMap::new();
    for number in 0..job.settings.partitions {
        let (state, _) = read_state(store, &intake, PartitionId(number))?;
        known.extend(state.files.into_iter().map(|file| (file.path, file.bytes)));
    }
    let lost = progress
        .files
        .iter()
        .find(|file| file.path.starts_with("warc/") && known.get(&file.path).is_none_or(|bytes| *bytes < file.bytes));
    match lost {
        None => Ok(()),
        Some(file) => Err(DriverError::StoreBehind { file: dir.join(&file.path) }),
    }
}

/// Tells readers that the lists are being read; where they were, progress of an earlier run stays.
fn publish_intake(dir: &Path, job: &JobFile, is_done: bool) -> Result<Progress, DriverError> {
    // One that cannot be read (it is not synced, so power may have failed) is as good as none: it tells, it does not remember.
    if is_done && let Ok(Some(progress)) = Progress::read(dir) {
        return Ok(progress);
    }
    let progress = Progress {
        job: job.job.clone(),
        state: JobState::Intake,
        urls: UrlCounts::default(),
        requests: 0,
        robots_requests: 0,
        bytes: 0,
        duplicates: 0,
        bad_lines: 0,
        lists_unread: 0,
        eta_s: None,
        hosts_waiting: Vec::new(),
        files: Vec::new(),
        updated_at: TimeText(wall_now()),
    };
    progress.publish(dir)?;
    Ok(progress)
}

/// The spool holds long bodies while they are fetched; what an earlier process left there is of no use.
fn make_spool(dir: &Path) -> Result<(), DriverError> {
    let path = dir.join(SPOOL_PATH);
    match std::fs::remove_dir_all(&path) {
        Err(error) if error.kind() != std::io::ErrorKind::NotFound => return Err(DriverError::system("empty", path, error)),
        Ok(()) | Err(_) => {}
    }
    std::fs::create_dir_all(&path).map_err(|error| DriverError::system("make the folder", path, error))
}

fn recover_all(
    dir: &Path,
    job: &JobFile,
    store: &mut FjallStore,
    taken: &Intake,
    watcher: &dyn Watcher,
) -> Result<Vec<Recovered>, DriverError> {
    let now = wall_now();
    let (mut states, mut woken) = (Vec::new(), 0);
    for number in 0..job.settings.partitions {
        let partition = PartitionId(number);
        let at = read_state(store, taken, partition)?;
        let (at, count) = wake(dir, store, partition, at, now)?;
        states.push(at);
        woken += count;
    }
    // Before recovery deletes the files that progress names until then; a crash may have come between a commit and this.
    if woken > 0 || names_gone_files(dir, &states) {
        publish(dir, job, taken, &states, JobState::Running)?;
    }
    if woken > 0 {
        watcher.notice(Notice::UrlsWoken { count: woken });
    }
    let archive = archive_settings(&job.settings);
    let partitions = (0..job.settings.partitions).map(PartitionId).zip(states);
    partitions.map(|(partition, at)| recover(dir, store, taken, partition, at, &archive)).collect()
}

/// Whether progress names files of rows that no commit names any more.
fn names_gone_files(dir: &Path, states: &[StateAt]) -> bool {
    let Ok(Some(progress)) = Progress::read(dir) else { return false };
    let named: BTreeSet<&str> = states.iter().flat_map(|(state, _)| &state.files).map(|file| file.path.as_str()).collect();
    progress.files.iter().any(|file| file.path.starts_with("outcomes/") && !named.contains(file.path.as_str()))
}

/// A partition's engine under these settings.
pub(crate) fn engine_config(settings: &Settings, partition: PartitionId) -> EngineConfig {
    // robots.txt knows robots by their product token (RFC 9309, section 2.2.1), without version or comment.
    let product = settings.user_agent.split(['/', ' ']).next().filter(|product| !product.is_empty());
    EngineConfig {
        patience_ms: settings.patience_ms,
        attempts_max: settings.attempts,
        window_max: settings.per_host,
        delay_ms: settings.delay_ms.unwrap_or(0),
        headers: settings.headers.clone(),
        robots_agent: product.unwrap_or("comeback").to_owned(),
        ignore_robots: settings.ignore_robots.clone(),
        host_rules: settings.hosts.iter().map(pace_of).collect(),
        rng_seed: wall_now().0,
        ..EngineConfig::new(partition, settings.partitions)
    }
}

/// What of a rule the engine is to know: the rest says nothing about whom to ask when.
fn pace_of(rule: &HostRule) -> EngineHostRule {
    EngineHostRule { pattern: rule.pattern.clone(), delay_ms: rule.delay_ms, window_max: rule.per_host }
}

/// The route of a job in `dir`, or of whoever has a folder like one.
pub(crate) fn direct_route(dir: &Path, settings: &Settings) -> Result<Arc<dyn Route>, DriverError> {
    let limits = Limits {
        first_byte_ms: settings.timeout_ms,
        idle_ms: settings.timeout_ms,
        body_bytes_max: settings.body_bytes_max,
        ..Limits::default()
    };
    let route = Direct::new(DirectSettings {
        limits,
        address_policy: AddressPolicy::fetch(),
        spool_dir: dir.join(SPOOL_PATH),
        user_agent: settings.user_agent_field(),
        extra_roots: Vec::new(),
        proxies: Proxies::from_variables(std::env::vars_os().filter_map(readable))?,
    })?;
    Ok(with_cookies(Arc::new(route), settings))
}

/// A variable of the environment; bytes that are no text are no proxy's either, and are refused as such.
fn readable((name, value): (OsString, OsString)) -> Option<(String, String)> {
    Some((name.into_string().ok()?, value.to_string_lossy().into_owned()))
}

/// The route with a jar of cookies, where some host is to have one.
fn with_cookies(route: Arc<dyn Route>, settings: &Settings) -> Arc<dyn Route> {
    if !settings.hosts.iter().any(|rule| rule.cookies == Some(true)) {
        return route;
    }
    let bytes_max = usize::try_from(settings.memory_bytes / COOKIES_SHARE).unwrap_or(usize::MAX);
    let jar = CookieJar::new(bytes_max / COOKIE_BYTES_MAX);
    let settings = settings.clone();
    Arc::new(WithCookies::new(route, jar, move |url| settings.keeps_cookies_of(url.host_str().unwrap_or_default())))
}

/// What a run begins with.
struct Prepared {
    store: FjallStore,
    route: Arc<dyn Route>,
    taken: Intake,
    recovered: Vec<Recovered>,
}

/// Starts the tasks of a run and waits for its end.
async fn fetch(dir: &Path, job: &JobFile, prepared: Prepared, around: &Surroundings<'_>) -> Result<RunEnd, DriverError> {
    let Prepared { store, route, taken, recovered } = prepared;
    let settings = Arc::new(job.settings.clone());
    let clock = Clock::start();
    let knowledge = Arc::new(Knowledge::builtin());
    let (run_sender, words) = queue();
    let (governor_sender, asked) = queue();
    let (senders, mailboxes): (Vec<_>, Vec<_>) = recovered.iter().map(|_| queue()).unzip();
    let post = Post::new(senders, governor_sender, run_sender);
    let mut tasks = JoinSet::new();
    let governor = Governor::new(settings.concurrency as usize, RETRIES_FREE_DEFAULT, wall_now().0);
    tasks.spawn(govern(governor, clock, asked, post.clone()));
    let reader = store.batch_reader();
    let mut shells = Vec::new();
    // A partition has one commit under way at most, so that no order ever waits for room.
    let (orders, received) = std::sync::mpsc::sync_channel(usize::from(settings.partitions) + 1);
    for (number, partition) in (0..settings.partitions).zip(recovered) {
        let id = PartitionId(number);
        let Recovered { state, last, files, unindexed } = partition;
        let engine = Engine::new(engine_config(&settings, id), state.tally, state.hosts.values().cloned());
        let shell = PartitionShell {
            id,
            dir: dir.to_owned(),
            engine,
            files,
            state,
            unindexed,
            last,
            clock,
            reader: reader.clone(),
            route: Arc::clone(&route),
            settings: Arc::clone(&settings),
            knowledge: Arc::clone(&knowledge),
            post: post.clone(),
            committer: orders.clone(),
            under_way: BTreeMap::new(),
            parcels: BTreeMap::new(),
            commits: 0,
            said: None,
        };
        shells.push(shell);
    }
    let standings = shells.iter().map(PartitionShell::standing).collect();
    let Intake { duplicates, bad_lines, lists_unread, .. } = taken;
    let facts = JobFacts { dir: dir.to_owned(), job: job.job.clone(), duplicates, bad_lines, lists_unread };
    let committer =
        Committer::start(Committing::new(store, facts, standings, post.clone(), Arc::clone(&around.watcher)), orders, received);
    for (shell, mailbox) in shells.into_iter().zip(mailboxes) {
        tasks.spawn(shell.run(mailbox));
    }
    let ending = await_end(settings.partitions, post, words, tasks, around).await?;
    let progress = Box::new(committer.finish(ending)?);
    Ok(if ending == JobState::Done { RunEnd::Done(progress) } else { RunEnd::Interrupted(progress) })
}

/// The governor's task.
async fn govern(mut governor: Governor, clock: Clock, mut asked: UnboundedReceiver<(PartitionId, ToGovernor)>, post: Post) {
    loop {
        let message = match governor.wake_at() {
            None => asked.recv().await.map(Some),
            Some(at) => tokio::select! {
                message = asked.recv() => message.map(Some),
                () = tokio::time::sleep_until(clock.instant(at)) => Some(None),
            },
        };
        match message {
            Some(Some((partition, message))) => governor.handle(clock.now(), partition, message),
            Some(None) => governor.handle_time(clock.now()),
            None => return,
        }
        while let Some((partition, said)) = governor.next_message() {
            post.send(partition, Message::FromGovernor(said));
        }
    }
}

/// Waits until every partition is done, or until the run is to stop: by a signal, by its deadline, by an error.
async fn await_end(
    partitions: u16,
    post: Post,
    mut words: UnboundedReceiver<Word>,
    mut tasks: JoinSet<()>,
    around: &Surroundings<'_>,
) -> Result<JobState, DriverError> {
    let count = usize::from(partitions);
    let mut signals = around.signals.clone();
    let (mut done, mut still) = (vec![false; count], vec![false; count]);
    let far = Duration::from_secs(365 * 24 * 60 * 60);
    // The job's own deadline; once draining, the end of the drain.
    let deadline = tokio::time::sleep_until(around.ends_at.unwrap_or_else(|| Instant::now() + far));
    tokio::pin!(deadline);
    let mut is_draining = false;
    loop {
        let asked_to_stop = tokio::select! {
            word = words.recv() => {
                match word {
                    Some(Word::Stands { partition, is_done, is_still }) => {
                        done[usize::from(partition.0)] = is_done;
                        still[usize::from(partition.0)] = is_still;
                    }
                    Some(Word::Failed(error)) => return Err(error),
                    None => return Ok(JobState::Stopped),
                }
                None
            }
            // A task ends with an error that it has told, or by a panic: a fault of this program, which must not look like a wait.
            Some(ended) = tasks.join_next() => {
                if let Err(error) = ended && error.is_panic() {
                    std::panic::resume_unwind(error.into_panic());
                }
                None
            }
            () = &mut deadline => Some(StopReason::Deadline),
            () = signals.next() => Some(StopReason::Signal),
        };
        if asked_to_stop.is_some() && is_draining {
            return Ok(JobState::Stopped);
        }
        if let Some(by) = asked_to_stop {
            is_draining = true;
            deadline.as_mut().reset(Instant::now() + Duration::from_millis(DRAIN_MS_MAX));
            around.watcher.notice(Notice::DrainStarted { by, wait_ms_max: DRAIN_MS_MAX });
            post.send_all(|| Message::Drain);
        }
        if done.iter().all(|done| *done) {
            return Ok(JobState::Done);
        }
        if is_draining && still.iter().all(|still| *still) {
            return Ok(JobState::Stopped);
        }
    }
}
