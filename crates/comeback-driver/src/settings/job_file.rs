//! `DIR/job.toml`: what a job is, written once, when the job exists.
//!
//! Life story: absent while a DIR is being prepared (such a DIR is taken over); present, complete and never changed from then on,
//! because it arrives by rename. It holds no progress; that is the store's. Since header fields may carry credentials, the file is
//! readable by its owner only.

use std::fs::{self, File, OpenOptions};
use std::io::{self, Write as _};
use std::os::unix::fs::OpenOptionsExt as _;
use std::path::{Path, PathBuf};
use std::time::UNIX_EPOCH;

use comeback_diagnosis::clock::WallTime;
use serde::{Deserialize, Serialize};

use super::Settings;

/// The file's name in DIR.
pub const JOB_FILE_NAME: &str = "job.toml";

/// The form of the file that this program writes, and the newest that it reads.
pub const JOB_FORMAT: u32 = 1;

/// The largest job.toml that is read, in bytes; a file beyond it is not ours.
pub const JOB_FILE_BYTES_MAX: u64 = 16 << 20;

/// What a job is: its name, its lists and its settings.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct JobFile {
    /// The form of this file: [`JOB_FORMAT`].
    pub format: u32,
    /// The job's name, unique among jobs.
    pub job: String,
    /// When the job was made; RFC 3339 in the file.
    #[serde(with = "rfc3339")]
    pub created_at: WallTime,
    /// The program and version that made it.
    pub created_by: String,
    /// What is in force.
    pub settings: Settings,
    /// The lists, in the order given.
    pub lists: Vec<ListSource>,
}

/// Where a list's bytes are.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "snake_case", deny_unknown_fields)]
pub enum ListSource {
    /// A file of the user's, read in place; a change of it during intake is an error.
    File {
        /// The path as the user gave it.
        given: PathBuf,
        /// The same file from any working folder.
        path: PathBuf,
        /// Its size when the job was made.
        bytes: u64,
        /// Its time of modification then, in milliseconds since the Unix epoch.
        modified_at_ms: u64,
        /// Whether the user did not write it: it holds what lists from public addresses named.
        #[serde(default, skip_serializing_if = "std::ops::Not::not")]
        from_public: bool,
    },
    /// A stream (standard input, a pipe), copied into DIR as it comes.
    Spool {
        /// What the user named it: `-`, or the pipe's path.
        given: PathBuf,
        /// The copy, relative to DIR.
        spool: PathBuf,
    },
    /// A list on the web, fetched when the job runs.
    Web {
        /// Its URL, as the user gave it.
        url: String,
    },
}

/// Why a job.toml or a list could not be used.
#[derive(Debug, thiserror::Error)]
pub enum JobFileError {
    /// The system refused.
    #[error("{}: {source}", path.display())]
    Io {
        /// The file in question.
        path: PathBuf,
        /// What the system said.
        source: io::Error,
    },
    /// Not a job.toml that this program can read.
    #[error("{}:{line}: {why}", path.display())]
    Unreadable {
        /// The file.
        path: PathBuf,
        /// The line of the fault; 1 when it concerns the whole file.
        line: usize,
        /// What is wrong with it.
        why: String,
    },
    /// Written by a newer program.
    #[error("{} has format {format}, and this program reads up to {JOB_FORMAT}", path.display())]
    Newer {
        /// The file.
        path: PathBuf,
        /// Its format.
        format: u32,
    },
    /// A list is not what it was when the job was made.
    #[error("the list {} has changed since the job was made", path.display())]
    ListChanged {
        /// The list.
        path: PathBuf,
    },
}

impl JobFileError {
    /// What to do about it, where something can be said.
    #[must_use]
    pub const fn hint(&self) -> Option<&'static str> {
        match self {
            Self::Io { .. } => None,
            Self::Unreadable { .. } => {
                Some("job.toml is written by the program; restore it from a copy, or start anew in another DIR")
            }
            Self::Newer { .. } => Some("resume with the version that made the job, or a newer one"),
            Self::ListChanged { .. } => Some("restore the list as it was, or start a new job with it in another DIR"),
        }
    }
}

impl ListSource {
    /// Looks at a list that the user named: a regular file is read in place; `-`, a pipe or a device is spooled to `spool`; what
    /// begins with `http://` or `https://` is on the web.
    ///
    /// # Errors
    /// When there is no such file, or it is a folder, or the system refuses to tell.
    pub fn of(given: &Path, spool: &Path) -> Result<Self, JobFileError> {
        if given == Path::new("-") {
            return Ok(Self::Spool { given: given.to_owned(), spool: spool.to_owned() });
        }
        if let Some(url) = web_url(given) {
            return Ok(Self::Web { url: url.trim().to_owned() });
        }
        let refused = |source| JobFileError::Io { path: given.to_owned(), source };
        let facts = fs::metadata(given).map_err(refused)?;
        if facts.is_dir() {
            return Err(refused(io::Error::from(io::ErrorKind::IsADirectory)));
        }
        if !facts.is_file() {
            return Ok(Self::Spool { given: given.to_owned(), spool: spool.to_owned() });
        }
        let path = fs::canonicalize(given).map_err(refused)?;
        Ok(Self::File {
            given: given.to_owned(),
            path,
            bytes: facts.len(),
            modified_at_ms: modified_at_ms(&facts),
            from_public: false,
        })
    }

    /// What the user calls it.
    #[must_use]
    pub fn shown(&self) -> PathBuf {
        match self {
            Self::File { given, .. } => given.clone(),
            Self::Spool { given, .. } if given == Path::new("-") => PathBuf::from("standard input"),
            Self::Spool { given, .. } => given.clone(),
            Self::Web { url } => PathBuf::from(url),
        }
    }

    /// Checks that a file is still what it was when the job was made; a spool is ours and always is, and what is on the web is
    /// fetched once.
    ///
    /// # Errors
    /// When it changed, or can't be looked at.
    pub fn check_unchanged(&self) -> Result<(), JobFileError> {
        match self {
            Self::Spool { .. } | Self::Web { .. } => Ok(()),
            Self::File { path, bytes, modified_at_ms: then, .. } => {
                let facts = fs::metadata(path).map_err(|source| JobFileError::Io { path: path.clone(), source })?;
                if facts.len() == *bytes && modified_at_ms(&facts) == *then {
                    Ok(())
                } else {
                    Err(JobFileError::ListChanged { path: path.clone() })
                }
            }
        }
    }
}

/// The list's name where it is a URL, not a file's.
fn web_url(given: &Path) -> Option<&str> {
    let url = given.to_str()?;
    let is_web = |scheme: &&str| url.get(..scheme.len()).is_some_and(|begin| begin.eq_ignore_ascii_case(scheme));
    ["http://", "https://"].iter().find(|scheme| is_web(scheme)).map(|_| url)
}

/// 0 where the file system keeps no such time, so that only the size is compared there.
fn modified_at_ms(facts: &fs::Metadata) -> u64 {
    let since = facts.modified().ok().and_then(|at| at.duration_since(UNIX_EPOCH).ok());
    since.and_then(|since| u64::try_from(since.as_millis()).ok()).unwrap_or(0)
}

impl JobFile {
    /// Reads `DIR/job.toml`; `None` when there is none.
    ///
    /// # Errors
    /// When it can't be read or is not of a form that this program knows.
    pub fn read(dir: &Path) -> Result<Option<Self>, JobFileError> {
        let path = dir.join(JOB_FILE_NAME);
        let refused = |source| JobFileError::Io { path: path.clone(), source };
        let facts = match fs::metadata(&path) {
            Ok(facts) => facts,
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(None),
            Err(error) => return Err(refused(error)),
        };
        if facts.len() > JOB_FILE_BYTES_MAX {
            let why = format!("the file is longer than {JOB_FILE_BYTES_MAX} bytes");
            return Err(JobFileError::Unreadable { path, line: 1, why });
        }
        let text = fs::read_to_string(&path).map_err(refused)?;
        Self::parse(&text, &path).map(Some)
    }

    /// Reads the text of a job.toml; `path` is for messages.
    ///
    /// # Errors
    /// When it is not of a form that this program knows.
    pub fn parse(text: &str, path: &Path) -> Result<Self, JobFileError> {
        let unreadable = |error: &toml::de::Error| JobFileError::Unreadable {
            path: path.to_owned(),
            line: error.span().map_or(1, |span| line_of(text, span.start)),
            why: error.message().to_owned(),
        };
        // The format comes first: a newer form may have fields that are unknown here.
        let Format { format } = toml::from_str(text).map_err(|error| unreadable(&error))?;
        if format > JOB_FORMAT {
            return Err(JobFileError::Newer { path: path.to_owned(), format });
        }
        let file: Self = toml::from_str(text).map_err(|error| unreadable(&error))?;
        match file.settings.out_of_range() {
            None => Ok(file),
            Some(why) => Err(JobFileError::Unreadable { path: path.to_owned(), line: 1, why }),
        }
    }

    /// Writes `DIR/job.toml`: to a file beside it, synced, then renamed, and the folder synced.
    ///
    /// # Errors
    /// When the system refuses; then there is no job.toml, or still the old one.
    pub fn write(&self, dir: &Path) -> Result<(), JobFileError> {
        let path = dir.join(JOB_FILE_NAME);
        let beside = dir.join("job.toml.new");
        let text =
            toml::to_string_pretty(self).expect("a job file has only strings, numbers, lists and tables, which TOML holds");
        let written = || -> io::Result<()> {
            let mut file = OpenOptions::new().write(true).create(true).truncate(true).mode(0o600).open(&beside)?;
            file.write_all(text.as_bytes())?;
            file.sync_all()?;
            fs::rename(&beside, &path)?;
            File::open(dir)?.sync_all()
        };
        written().map_err(|source| JobFileError::Io { path: path.clone(), source })
    }
}

#[derive(Deserialize)]
struct Format {
    format: u32,
}

/// The line, from 1, that the byte at `offset` lies on.
#[must_use]
pub fn line_of(text: &str, offset: usize) -> usize {
    let before = text.as_bytes().get(..offset).unwrap_or(text.as_bytes());
    before.split(|byte| *byte == b'\n').count()
}

/// [`WallTime`] as an RFC 3339 string.
mod rfc3339 {
    use comeback_diagnosis::clock::WallTime;
    use jiff::Timestamp;
    use serde::de::Error as _;
    use serde::{Deserialize as _, Deserializer, Serializer};

    pub(super) fn serialize<S: Serializer>(time: &WallTime, serializer: S) -> Result<S::Ok, S::Error> {
        let ms = i64::try_from(time.0).unwrap_or(i64::MAX);
        serializer.collect_str(&Timestamp::from_millisecond(ms).unwrap_or(Timestamp::MAX))
    }

    pub(super) fn deserialize<'de, D: Deserializer<'de>>(deserializer: D) -> Result<WallTime, D::Error> {
        let text = String::deserialize(deserializer)?;
        let time: Timestamp = text.parse().map_err(|_| D::Error::custom("not a time as in RFC 3339"))?;
        u64::try_from(time.as_millisecond()).map(WallTime).map_err(|_| D::Error::custom("a time before 1970"))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn example() -> JobFile {
        JobFile {
            format: JOB_FORMAT,
            job: "0192-example".into(),
            created_at: WallTime(1_795_468_800_123),
            created_by: "comeback/0.1.0".into(),
            settings: Settings { headers: vec![("Accept".into(), "a \"b\"".into())], ..Settings::default() },
            lists: vec![
                ListSource::File {
                    given: "l.txt".into(),
                    path: "/data/l.txt".into(),
                    bytes: 7,
                    modified_at_ms: 9,
                    from_public: false,
                },
                ListSource::Spool { given: "-".into(), spool: "state/stdin".into() },
            ],
        }
    }

    #[test]
    fn what_is_written_is_read_back() {
        let dir = tempfile::tempdir().unwrap();
        assert_eq!(JobFile::read(dir.path()).unwrap(), None);
        let job = example();
        job.write(dir.path()).unwrap();
        assert_eq!(JobFile::read(dir.path()).unwrap(), Some(job));
        let names: Vec<_> = fs::read_dir(dir.path()).unwrap().map(|entry| entry.unwrap().file_name()).collect();
        assert_eq!(names, ["job.toml"], "nothing is left beside it");
    }

    #[test]
    fn a_person_can_read_the_time() {
        let text = toml::to_string_pretty(&example()).unwrap();
        assert!(text.contains("created_at = \"2026-11-"), "{text}");
    }

    #[test]
    fn a_fault_names_its_line() {
        let text = toml::to_string_pretty(&example()).unwrap().replace("attempts = 4", "attempts = \"four\"");
        let line = text.lines().position(|line| line.contains("four")).unwrap() + 1;
        let error = JobFile::parse(&text, Path::new("job.toml")).unwrap_err();
        assert!(error.to_string().starts_with(&format!("job.toml:{line}: ")), "{error}");
    }

    #[test]
    fn a_newer_form_is_told_apart_from_a_broken_one() {
        let newer = JobFile::parse("format = 2\nnew_field = 1\n", Path::new("job.toml"));
        assert!(matches!(newer, Err(JobFileError::Newer { format: 2, .. })));
        for text in ["", "format = ", "format = -1", "\0", "format = 1\n"] {
            let broken = JobFile::parse(text, Path::new("job.toml"));
            assert!(matches!(broken, Err(JobFileError::Unreadable { .. })), "{text:?}");
        }
    }

    #[test]
    fn a_list_that_grew_is_noticed() {
        let dir = tempfile::tempdir().unwrap();
        let list = dir.path().join("list.txt");
        fs::write(&list, "http://a.example/\n").unwrap();
        let source = ListSource::of(&list, Path::new("state/stdin")).unwrap();
        source.check_unchanged().unwrap();
        fs::write(&list, "http://a.example/\nhttp://b.example/\n").unwrap();
        assert!(matches!(source.check_unchanged(), Err(JobFileError::ListChanged { .. })));
        fs::remove_file(&list).unwrap();
        assert!(matches!(source.check_unchanged(), Err(JobFileError::Io { .. })));
    }

    #[test]
    fn a_stream_is_spooled_and_a_folder_refused() {
        let dir = tempfile::tempdir().unwrap();
        let spool = Path::new("state/stdin");
        assert!(matches!(ListSource::of(Path::new("-"), spool), Ok(ListSource::Spool { .. })));
        assert!(matches!(ListSource::of(Path::new("/dev/null"), spool), Ok(ListSource::Spool { .. })));
        assert!(matches!(ListSource::of(dir.path(), spool), Err(JobFileError::Io { .. })));
        assert!(matches!(ListSource::of(&dir.path().join("absent"), spool), Err(JobFileError::Io { .. })));
    }
}
