//! Gathering: lists on the web are fetched before intake, as politely as any page.
//!
//! Life story. The URLs among the user's lists, and the sitemaps that local indexes name, are the first round; the sitemaps that
//! their indexes name are the next. Each round is a job of its own in `DIR/state/sitemaps/N`, run by the same code with the same
//! settings: robots.txt, holds, patience, attempts and recovery are not written twice. What is known of hosts goes on from round to
//! round and into the job itself, so that a hold that began over a sitemap stands for the pages too. Once intake has taken the
//! first lines, rounds are only read again, never run.
//!
//! It is not intake: no URL of a fetched list is looked at here, but for the sitemaps that an index names.

use std::collections::{BTreeMap, HashSet};
use std::fs;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use comeback_archive::{ArchiveError, CapturePlace, FileLength, OutcomeRow, TimeText, rows};
use comeback_engine::commit::{HoldRecord, HostRecord};
use comeback_engine::config::EngineConfig;
use comeback_engine::diagnosis::cause::Cause;
use comeback_engine::host_key::HostKey;
use comeback_engine::ids::PartitionId;
use comeback_engine::outcome::Outcome;
use comeback_engine::seed_url::canonical;
use comeback_report::progress::{JobState, Progress};
use comeback_store::FjallStore;

use crate::clock::wall_now;
use crate::error::DriverError;
use crate::fetched_list::{FetchedList, WEB_LIST_BYTES_MAX};
use crate::intake::Intake;
use crate::job::{Job, RunEnd, STORE_PATH};
use crate::list::{self, Entry, ListReader, ReadError};
use crate::recovery::read_state;
use crate::run::{Surroundings, engine_config, go_on};
use crate::settings::Settings;
use crate::settings::job_file::{JobFile, ListSource};
use crate::watcher::{Notice, Watcher};

/// Where the rounds lie, relative to the job's DIR.
pub(crate) const SITEMAPS_PATH: &str = "state/sitemaps";
/// Rounds that are fetched: an index of indexes of sitemaps is the deepest.
pub const SITEMAP_ROUNDS_MAX: usize = 3;
/// Lists that are fetched for a job, over all rounds.
pub const SITEMAPS_MAX: usize = 50_000;
/// The number of partitions of a round: sitemaps lie on few hosts.
const PARTITIONS: u16 = 8;
/// The share of the job's memory that a round may take.
const MEMORY_SHARE: u64 = 4;
/// What is kept of a round's store in memory while its hosts are read, in bytes.
const CACHE_BYTES: u64 = 8 << 20;

/// A list of a job, ready to be read.
#[derive(Debug, Clone)]
pub(crate) enum GatheredList {
    /// A file or a spool.
    Own(ListSource),
    /// One from the web.
    Fetched(FetchedList),
}

/// Why a list on the web is missing from a job.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum UnreadList {
    /// It was asked for, and there was no page.
    #[error("{url}: {}", ended(*outcome, *cause, *status))]
    NotFetched {
        /// The list.
        url: String,
        /// How it ended.
        outcome: Outcome,
        /// Why.
        cause: Cause,
        /// The last answer's status.
        status: Option<u16>,
    },
    /// It was fetched, and is no list.
    #[error("{why}")]
    NoList {
        /// The list.
        url: String,
        /// What is wrong with it, in a sentence that names it.
        why: String,
    },
    /// Indexes named it over more than [`SITEMAP_ROUNDS_MAX`] rounds.
    #[error("{url}: nested deeper than {SITEMAP_ROUNDS_MAX} sitemaps, and not asked for")]
    TooDeep {
        /// The list.
        url: String,
    },
    /// There are more than [`SITEMAPS_MAX`].
    #[error("{count} sitemaps beyond the first {SITEMAPS_MAX} are not asked for")]
    TooMany {
        /// How many are left out.
        count: u64,
    },
}

fn ended(outcome: Outcome, cause: Cause, status: Option<u16>) -> String {
    let status = status.map(|status| format!(" ({status})")).unwrap_or_default();
    match outcome {
        Outcome::Fetched | Outcome::Answered => format!("the answer is no list{status}"),
        Outcome::Failed | Outcome::Parked => format!("{} by {cause}{status}", outcome.word()),
    }
}

/// The lists of a job, all at hand.
#[derive(Debug, Default)]
pub(crate) struct Gathered {
    /// In the order in which they are read: the user's own first, then round after round.
    pub(crate) lists: Vec<GatheredList>,
    /// Lists that could not be had.
    pub(crate) unread: u64,
    /// What is known of the hosts that were asked.
    pub(crate) hosts: BTreeMap<HostKey, HostRecord>,
}

/// A list on the web that is still to be fetched.
#[derive(Debug, Clone)]
struct Wanted {
    url: String,
    /// Whether a list from a public address named it, and not the user.
    from_public: bool,
}

impl GatheredList {
    /// Whether it came from a public address: private ones that it names are refused.
    pub(crate) fn is_from_public(&self) -> bool {
        match self {
            Self::Own(ListSource::File { from_public, .. }) => *from_public,
            Self::Own(ListSource::Spool { .. } | ListSource::Web { .. }) => false,
            Self::Fetched(list) => list.from_public,
        }
    }

    /// What the user calls it.
    pub(crate) fn given(&self) -> PathBuf {
        match self {
            Self::Own(source) => source.shown(),
            Self::Fetched(list) => PathBuf::from(&list.url),
        }
    }

    /// Opens it; `dir` is the job's.
    pub(crate) fn open(&self, dir: &Path, url_column: Option<&str>) -> Result<Option<Box<dyn ListReader>>, DriverError> {
        match self {
            Self::Own(source) => Ok(list::open_source(dir, source, url_column)?),
            Self::Fetched(list) => list.open(url_column).map(Some),
        }
    }
}

/// Brings all lists of a job together. `None` when it was stopped; the rounds go on where they are then.
///
/// `is_gathered`: intake has begun, so the rounds are read as they are.
pub(crate) fn gather(
    dir: &Path,
    job: &JobFile,
    is_gathered: bool,
    beginning: &Progress,
    around: &Surroundings<'_>,
) -> Result<Option<Gathered>, DriverError> {
    let mut gathering = Gathering {
        dir,
        job,
        is_gathered,
        beginning,
        around,
        named: HashSet::new(),
        left_out: 0,
        wanted: Vec::new(),
        gathered: Gathered::default(),
    };
    gathering.take_own_lists()?;
    for round in 1..=SITEMAP_ROUNDS_MAX {
        let wanted = std::mem::take(&mut gathering.wanted);
        if wanted.is_empty() {
            break;
        }
        if !gathering.round(round, &wanted)? {
            return Ok(None);
        }
    }
    for Wanted { url, .. } in std::mem::take(&mut gathering.wanted) {
        gathering.unread(UnreadList::TooDeep { url });
    }
    if gathering.left_out > 0 {
        gathering.unread(UnreadList::TooMany { count: gathering.left_out });
    }
    Ok(Some(gathering.gathered))
}

struct Gathering<'a> {
    dir: &'a Path,
    job: &'a JobFile,
    is_gathered: bool,
    beginning: &'a Progress,
    around: &'a Surroundings<'a>,
    /// Lists on the web that were named, in canonical form: each is wanted once.
    named: HashSet<String>,
    /// Those beyond the limit.
    left_out: u64,
    /// The lists of the next round.
    wanted: Vec<Wanted>,
    gathered: Gathered,
}

impl Gathering<'_> {
    /// The user's own lists, and what of them is on the web.
    fn take_own_lists(&mut self) -> Result<(), DriverError> {
        for source in &self.job.lists {
            source.check_unchanged()?;
            if let ListSource::Web { url } = source {
                self.want(url.clone(), false);
                continue;
            }
            let list = GatheredList::Own(source.clone());
            if let Some(reader) = list.open(self.dir, self.url_column())? {
                self.want_named(reader, &list.given(), list.is_from_public())?;
            }
            self.gathered.lists.push(list);
        }
        Ok(())
    }

    fn url_column(&self) -> Option<&str> {
        self.job.settings.url_column.as_deref()
    }

    fn want(&mut self, url: String, from_public: bool) {
        let Ok(canonical) = canonical(&url) else { return };
        if self.named.contains(canonical.as_str()) {
            return;
        }
        if self.named.len() >= SITEMAPS_MAX {
            self.left_out += 1;
            return;
        }
        self.named.insert(canonical.into());
        self.wanted.push(Wanted { url, from_public });
    }

    /// Wants the sitemaps that a list names, where it is an index. What ends it early is intake's to tell.
    fn want_named(&mut self, mut reader: Box<dyn ListReader>, given: &Path, from_public: bool) -> Result<(), DriverError> {
        if !reader.is_index() {
            return Ok(());
        }
        loop {
            match reader.next_item() {
                Ok(Some(item)) => match item.entry {
                    Ok(Entry::Sitemap(url)) => self.want(url, from_public),
                    Ok(Entry::Url(_)) | Err(_) => {}
                },
                Ok(None) | Err(ReadError::Damaged { .. }) => return Ok(()),
                Err(ReadError::System(error)) => return Err(DriverError::system("read", given, error)),
            }
        }
    }

    fn unread(&mut self, list: UnreadList) {
        self.gathered.unread += match &list {
            UnreadList::TooMany { count } => *count,
            UnreadList::NotFetched { .. } | UnreadList::NoList { .. } | UnreadList::TooDeep { .. } => 1,
        };
        if !self.is_gathered {
            self.around.watcher.notice(Notice::ListUnread(list));
        }
    }

    /// Fetches a round, and takes its lists; whether it came to its end.
    fn round(&mut self, number: usize, wanted: &[Wanted]) -> Result<bool, DriverError> {
        let dir = self.dir.join(SITEMAPS_PATH).join(number.to_string());
        if !self.is_gathered && !self.fetch(&dir, wanted)? {
            return Ok(false);
        }
        let (files, mut hosts) = committed(&dir)?;
        let pace = engine_config(&self.job.settings, PartitionId(0));
        let mut ends: BTreeMap<String, OutcomeRow> = BTreeMap::new();
        for row in rows(&dir, &files) {
            let row = row?;
            keep_gap(&mut hosts, &row, &pace);
            ends.insert(row.url.clone(), row);
        }
        for Wanted { url, .. } in wanted {
            let Some(OutcomeRow { outcome, cause, status, warc, .. }) = ends.remove(url) else {
                self.unread(UnreadList::NoList { url: url.clone(), why: format!("{url}: there is no outcome for it") });
                continue;
            };
            match (outcome, warc) {
                (Outcome::Fetched, Some(place)) => self.take(url, &dir, place)?,
                (Outcome::Fetched | Outcome::Answered | Outcome::Failed | Outcome::Parked, _) => {
                    self.unread(UnreadList::NotFetched { url: url.clone(), outcome, cause, status });
                }
            }
        }
        // Newer than what was known before.
        self.gathered.hosts.extend(hosts);
        Ok(true)
    }

    /// Takes a list that was fetched.
    fn take(&mut self, url: &str, dir: &Path, place: CapturePlace) -> Result<(), DriverError> {
        let why = match FetchedList::find(url, dir, place, self.url_column()) {
            Ok((list, reader)) => {
                self.want_named(reader, Path::new(url), list.from_public)?;
                self.gathered.lists.push(GatheredList::Fetched(list));
                return Ok(());
            }
            Err(DriverError::List(error)) => error.to_string(),
            Err(DriverError::Archive(error @ (ArchiveError::Undecodable { .. } | ArchiveError::TooLarge { .. }))) => {
                format!("{url}: {error}")
            }
            Err(error) => return Err(error),
        };
        self.unread(UnreadList::NoList { url: url.to_owned(), why });
        Ok(())
    }

    /// Runs a round's job, or goes on with it; whether it came to its end.
    fn fetch(&self, dir: &Path, wanted: &[Wanted]) -> Result<bool, DriverError> {
        let round = if JobFile::read(dir)?.is_some() { Job::open(dir)? } else { self.new_round(dir, wanted)? };
        let relay = Relay {
            dir: self.dir.to_owned(),
            lists: wanted.len() as u64,
            beginning: self.beginning.clone(),
            watcher: Arc::clone(&self.around.watcher),
        };
        let around = Surroundings {
            runtime: self.around.runtime,
            signals: self.around.signals.clone(),
            ends_at: self.around.ends_at,
            watcher: Arc::new(relay),
            hosts: self.gathered.hosts.values().cloned().collect(),
            route: self.around.route.clone(),
        };
        match go_on(round.dir(), round.file(), &around)? {
            RunEnd::Done(_) => Ok(true),
            RunEnd::Interrupted(_) => Ok(false),
        }
    }

    fn new_round(&self, dir: &Path, wanted: &[Wanted]) -> Result<Job, DriverError> {
        let refused = |path: &Path| {
            let path = path.to_owned();
            move |error| DriverError::system("write", path, error)
        };
        fs::create_dir_all(dir).map_err(refused(dir))?;
        let mut sources = Vec::new();
        for (is_named_publicly, ending) in [(false, "own.txt"), (true, "named.txt")] {
            let path = dir.with_extension(ending);
            let urls = wanted.iter().filter(|wanted| wanted.from_public == is_named_publicly);
            let text: String = urls.map(|wanted| format!("{}\n", wanted.url)).collect();
            fs::write(&path, text).map_err(refused(&path))?;
            let mut source = ListSource::of(&path, &path)?;
            if let ListSource::File { from_public, .. } = &mut source {
                *from_public = is_named_publicly;
            }
            sources.push(source);
        }
        let settings = &self.job.settings;
        let settings = Settings {
            partitions: PARTITIONS,
            memory_bytes: settings.memory_bytes / MEMORY_SHARE,
            body_bytes_max: WEB_LIST_BYTES_MAX,
            deadline_ms: None,
            strict: false,
            url_column: None,
            ..settings.without_expectations()
        };
        Job::make(dir.to_owned(), sources, settings)
    }
}

/// What a round has committed: its files, and the lasting states of its hosts. The store says it: progress is not synced, and may
/// be gone after a power cut.
fn committed(dir: &Path) -> Result<(Vec<FileLength>, BTreeMap<HostKey, HostRecord>), DriverError> {
    let job = JobFile::read(dir)?.ok_or_else(|| DriverError::NoJob { dir: dir.to_owned() })?;
    let store = FjallStore::open(&dir.join(STORE_PATH), CACHE_BYTES)?;
    let intake = Intake::read(&store, &job.settings)?;
    let (mut files, mut hosts) = (Vec::new(), BTreeMap::new());
    for number in 0..job.settings.partitions {
        let (state, _) = read_state(&store, &intake, PartitionId(number))?;
        files.extend(state.files);
        hosts.extend(state.hosts);
    }
    Ok((files, hosts))
}

/// Keeps the user's gap after the last request to a host: the next round begins anew and does not know when that was.
fn keep_gap(hosts: &mut BTreeMap<HostKey, HostRecord>, row: &OutcomeRow, pace: &EngineConfig) {
    let host = canonical(&row.url).ok().as_ref().and_then(HostKey::of);
    let Some(host) = host.filter(|_| row.requests > 0) else { return };
    let gap_ms = pace.delay_ms_of(&host);
    if gap_ms == 0 {
        return;
    }
    let until = row.settled_at.0.plus_ms(gap_ms);
    let unheld = HostRecord { host: host.clone(), hold: None, patience: None, trouble: None, condemned: None };
    let record = hosts.entry(host).or_insert(unheld);
    if record.hold.as_ref().is_none_or(|hold| hold.until < until) {
        let because = "the gap between two requests to one host".to_owned();
        record.hold = Some(HoldRecord { since: row.settled_at.0, until, because });
    }
}

/// Tells of a round as a part of the job: how many lists are there, which hosts wait.
struct Relay {
    dir: PathBuf,
    lists: u64,
    beginning: Progress,
    watcher: Arc<dyn Watcher>,
}

impl Watcher for Relay {
    fn notice(&self, notice: Notice) {
        match notice {
            notice @ (Notice::DrainStarted { .. }
            | Notice::HostHeld { .. }
            | Notice::HostRecovered { .. }
            | Notice::HostSettled { .. }) => self.watcher.notice(notice),
            Notice::ProgressMade(round) => {
                let Progress { urls, hosts_waiting, .. } = *round;
                let told = Notice::ListsFetched { settled: urls.settled(), lists: self.lists, waiting: hosts_waiting.clone() };
                let shown = Progress {
                    state: JobState::Intake,
                    hosts_waiting,
                    updated_at: TimeText(wall_now()),
                    ..self.beginning.clone()
                };
                // It is for those who look on; a disk that takes no more shows in the round's own commit.
                let _unseen = shown.publish(&self.dir);
                self.watcher.notice(told);
            }
            Notice::LineSkipped { .. }
            | Notice::ListBroken { .. }
            | Notice::ListUnread(_)
            | Notice::ListsFetched { .. }
            | Notice::IntakeAdvanced { .. }
            | Notice::IntakeEnded { .. }
            | Notice::UrlsWoken { .. } => {}
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    struct Quiet;
    impl Watcher for Quiet {
        fn notice(&self, _notice: Notice) {}
    }

    /// A list on the web could name what only its reader can reach: a machine of the house, a cloud's metadata.
    #[test]
    fn what_a_public_list_names_leads_to_no_private_address() {
        ends_refused(Vec::new());
        ends_refused(vec!["*".to_owned()]);
    }

    fn ends_refused(ignore_robots: Vec<String>) {
        let folder = tempfile::tempdir().unwrap();
        let mut sources = Vec::new();
        // Port 9 of loopback: nobody listens, so the user's own URL is refused by the system and not by us.
        for (name, is_named_publicly) in [("own", false), ("named", true)] {
            let path = folder.path().join(name);
            fs::write(&path, format!("http://127.0.0.{}:9/1\nhttp://127.0.0.{}:9/2\n", name.len(), name.len())).unwrap();
            let mut source = ListSource::of(&path, &path).unwrap();
            if let ListSource::File { from_public, .. } = &mut source {
                *from_public = is_named_publicly;
            }
            sources.push(source);
        }
        let settings =
            Settings { patience_ms: 100, partitions: 2, deadline_ms: Some(60_000), ignore_robots, ..Settings::default() };
        let job = Job::make(folder.path().join("job"), sources, settings).unwrap();
        let dir = job.dir().to_owned();
        let watcher: Arc<dyn Watcher> = Arc::new(Quiet);
        let RunEnd::Done(progress) = job.run(&watcher).unwrap() else { panic!("it was not stopped") };
        let mut causes: Vec<_> = rows(&dir, &progress.files).map(|row| row.map(|row| (row.url, row.cause)).unwrap()).collect();
        causes.sort();
        let expected = [
            ("http://127.0.0.3:9/1", Cause::ConnectRefused),
            ("http://127.0.0.3:9/2", Cause::ConnectRefused),
            ("http://127.0.0.5:9/1", Cause::AddressRefused),
            ("http://127.0.0.5:9/2", Cause::AddressRefused),
        ];
        assert_eq!(causes, expected.map(|(url, cause)| (url.to_owned(), cause)));
    }
}
