//! A job's folder: making it, locking it, opening it again.
//!
//! Life story. A folder without `job.toml` is taken over: what an interrupted beginning left is removed. Streams among the lists
//! are copied into the folder first; then `job.toml` is written by rename, and from then on the job exists and only `resume`
//! goes on with it. One process at a time holds `state/lock`.

use std::fs::{self, File, OpenOptions};
use std::io::{self, Read, Write as _};
use std::path::{Path, PathBuf};
use std::sync::Arc;

use comeback_archive::{INDEX_PATH, NOTES_FOLDER, wall_time_to_rfc3339};
use comeback_engine::seed_url::canonical;
use comeback_fetch::Route;
use comeback_report::lock::LOCK_PATH;
use comeback_report::progress::{PROGRESS_PATH, Progress};
use rustix::fs::{FlockOperation, flock};

use crate::clock::wall_now;
use crate::error::DriverError;
use crate::gathering::SITEMAPS_PATH;
use crate::list::{self, Expected, HEAD_BYTES_MAX, ListError, Packing};
use crate::run;
use crate::settings::Settings;
use crate::settings::job_file::{JOB_FORMAT, JobFile, JobFileError, ListSource};
use crate::watcher::Watcher;

pub(crate) const STORE_PATH: &str = "state/store";
pub(crate) const SPOOL_PATH: &str = "state/spool";
const LISTS_PATH: &str = "state/lists";

/// A job to make.
#[derive(Debug, Clone)]
pub struct NewJob {
    /// The folder for its results.
    pub dir: PathBuf,
    /// The lists; `-` is standard input, `http://` or `https://` begins one on the web.
    pub lists: Vec<PathBuf>,
    /// What is in force.
    pub settings: Settings,
}

/// A job whose folder this process owns.
#[derive(Debug)]
pub struct Job {
    dir: PathBuf,
    file: JobFile,
    /// Held for as long as the job is owned; the system releases it however the process ends.
    _lock: File,
}

/// How a run ended without an error.
#[derive(Debug, Clone)]
pub enum RunEnd {
    /// Every URL is settled.
    Done(Box<Progress>),
    /// It was stopped, and can be resumed.
    Interrupted(Box<Progress>),
}

impl Job {
    /// Makes a job.
    ///
    /// # Errors
    /// The folder holds a job, a list cannot be read, or the system refuses.
    pub fn create(new: NewJob) -> Result<Self, DriverError> {
        let NewJob { dir, lists, settings } = new;
        if JobFile::read(&dir)?.is_some() {
            return Err(DriverError::JobExists { dir });
        }
        let sources = look_at_lists(&lists, settings.url_column.as_deref())?;
        Self::make(dir, sources, settings)
    }

    /// Makes a job of lists that were looked at.
    pub(crate) fn make(dir: PathBuf, sources: Vec<ListSource>, settings: Settings) -> Result<Self, DriverError> {
        refuse_foreign(&dir)?;
        make_folder(&dir.join("state"))?;
        let lock = lock(&dir)?;
        if JobFile::read(&dir)?.is_some() {
            return Err(DriverError::JobExists { dir });
        }
        clear_leftovers(&dir)?;
        for source in &sources {
            spool_list(&dir, source, settings.url_column.as_deref())?;
        }
        let created_at = wall_now();
        let file = JobFile {
            format: JOB_FORMAT,
            job: format!("job-{}-{}", wall_time_to_rfc3339(created_at).replace([':', '.'], "-"), std::process::id()),
            created_at,
            created_by: concat!("comeback ", env!("CARGO_PKG_VERSION")).to_owned(),
            settings,
            lists: sources,
        };
        file.write(&dir)?;
        Ok(Self { dir, file, _lock: lock })
    }

    /// Opens a job that exists.
    ///
    /// # Errors
    /// There is none, another process runs it, or the system refuses.
    pub fn open(dir: &Path) -> Result<Self, DriverError> {
        let no_job = || DriverError::NoJob { dir: dir.to_owned() };
        JobFile::read(dir)?.ok_or_else(no_job)?;
        let lock = lock(dir)?;
        let file = JobFile::read(dir)?.ok_or_else(no_job)?;
        Ok(Self { dir: dir.to_owned(), file, _lock: lock })
    }

    /// The job's folder.
    #[must_use]
    pub fn dir(&self) -> &Path {
        &self.dir
    }

    /// What is in force for it.
    #[must_use]
    pub fn file(&self) -> &JobFile {
        &self.file
    }

    /// Runs the job to its end, or until it is stopped (SIGINT, SIGTERM, its deadline). Blocks. The first signal drains; after
    /// a second this returns at once. The job's lock is held until then.
    ///
    /// # Errors
    /// The job could not go on; its state is intact.
    pub fn run(self, watcher: &Arc<dyn Watcher>) -> Result<RunEnd, DriverError> {
        run::run(&self.dir, &self.file, None, watcher)
    }

    /// Runs the job as [`Job::run`] does, over a route of the caller's: every attempt goes there, those for lists on the web too. A
    /// response of which the route keeps no bytes is not archived; its row names no capture.
    ///
    /// # Errors
    /// The job could not go on; its state is intact.
    pub fn run_over(self, route: Arc<dyn Route>, watcher: &Arc<dyn Watcher>) -> Result<RunEnd, DriverError> {
        run::run(&self.dir, &self.file, Some(route), watcher)
    }

    /// Takes the job back that was just made: the next one may take the folder over.
    ///
    /// # Errors
    /// The system's refusal.
    pub(crate) fn withdraw(dir: &Path) -> Result<(), DriverError> {
        let path = dir.join(crate::settings::job_file::JOB_FILE_NAME);
        fs::remove_file(&path).map_err(|error| DriverError::system("remove", path, error))
    }
}

/// Looks at the lists before anything is made: an absent or unreadable one leaves no trace.
pub(crate) fn look_at_lists(lists: &[PathBuf], url_column: Option<&str>) -> Result<Vec<ListSource>, DriverError> {
    let mut sources = Vec::with_capacity(lists.len());
    for (number, given) in lists.iter().enumerate() {
        let source = ListSource::of(given, &Path::new(LISTS_PATH).join(number.to_string())).map_err(|error| match error {
            JobFileError::Io { path, source } => DriverError::List(ListError::Io { path, source }),
            other @ (JobFileError::Unreadable { .. } | JobFileError::Newer { .. } | JobFileError::ListChanged { .. }) => {
                other.into()
            }
        })?;
        match &source {
            ListSource::File { given, .. } => {
                list::open(given, Expected::of_name(given, url_column))?;
            }
            ListSource::Web { url } => {
                canonical(url).map_err(|refusal| ListError::Url { given: url.clone(), refusal })?;
            }
            ListSource::Spool { .. } => {}
        }
        sources.push(source);
    }
    Ok(sources)
}

/// A folder without a job is taken over, result files of ours that no commit names included. But what would be removed whole is
/// ours only where a job locked the folder once.
fn refuse_foreign(dir: &Path) -> Result<(), DriverError> {
    if dir.join(LOCK_PATH).exists() {
        return Ok(());
    }
    match [STORE_PATH, SPOOL_PATH, LISTS_PATH, SITEMAPS_PATH, NOTES_FOLDER, INDEX_PATH]
        .into_iter()
        .find(|folder| dir.join(folder).exists())
    {
        None => Ok(()),
        Some(found) => Err(DriverError::ForeignFolder { dir: dir.to_owned(), found }),
    }
}

fn make_folder(path: &Path) -> Result<(), DriverError> {
    fs::create_dir_all(path).map_err(|error| DriverError::system("make the folder", path, error))
}

fn lock(dir: &Path) -> Result<File, DriverError> {
    let path = dir.join(LOCK_PATH);
    let opened = OpenOptions::new().create(true).truncate(false).write(true).open(&path);
    let file = opened.map_err(|error| DriverError::system("open", &path, error))?;
    match flock(&file, FlockOperation::NonBlockingLockExclusive) {
        Ok(()) => Ok(file),
        Err(rustix::io::Errno::WOULDBLOCK) => Err(DriverError::Running { dir: dir.to_owned() }),
        Err(error) => Err(DriverError::system("lock", path, error.into())),
    }
}

/// Removes what an interrupted beginning left. Other result files need nothing: recovery deletes those that no commit names.
fn clear_leftovers(dir: &Path) -> Result<(), DriverError> {
    for folder in [STORE_PATH, SPOOL_PATH, LISTS_PATH, SITEMAPS_PATH, NOTES_FOLDER] {
        let path = dir.join(folder);
        remove_if_there(&path, fs::remove_dir_all(&path))?;
    }
    for file in [PROGRESS_PATH, INDEX_PATH] {
        let path = dir.join(file);
        remove_if_there(&path, fs::remove_file(&path))?;
    }
    Ok(())
}

fn remove_if_there(path: &Path, removed: io::Result<()>) -> Result<(), DriverError> {
    match removed {
        Err(error) if error.kind() != io::ErrorKind::NotFound => Err(DriverError::system("remove", path, error)),
        Ok(()) | Err(_) => Ok(()),
    }
}

/// Copies a stream among the lists into the job's folder.
fn spool_list(dir: &Path, source: &ListSource, url_column: Option<&str>) -> Result<(), DriverError> {
    let ListSource::Spool { given, spool } = source else { return Ok(()) };
    make_folder(&dir.join(LISTS_PATH))?;
    let path = dir.join(spool);
    let mut from: Box<dyn Read> = if given == Path::new("-") {
        Box::new(io::stdin().lock())
    } else {
        Box::new(File::open(given).map_err(|error| DriverError::system("read", given, error))?)
    };
    let mut into = File::create(&path).map_err(|error| DriverError::system("write", &path, error))?;
    let refused = |error| DriverError::system("write", &path, error);
    // What is no list at all shows in its beginning; it may have no end.
    let mut head = Vec::with_capacity(HEAD_BYTES_MAX);
    from.by_ref()
        .take(HEAD_BYTES_MAX as u64)
        .read_to_end(&mut head)
        .map_err(|error| DriverError::system("read", given, error))?;
    if Packing::of_head(&head).is_none() {
        list::check_head(given, &head)?;
    }
    into.write_all(&head).and_then(|()| io::copy(&mut from, &mut into)).and_then(|_| into.sync_all()).map_err(refused)?;
    list::open_source(dir, source, url_column).map(drop).map_err(DriverError::from)
}
