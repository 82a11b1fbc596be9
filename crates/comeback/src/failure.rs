//! What ends a command: one enum at the crate's edge, each message one sentence, its exit code and its hint beside it.

use std::io;
use std::path::PathBuf;

use comeback_archive::ArchiveError;
use comeback_driver::error::DriverError;
use comeback_report::progress::ProgressError;
use comeback_weather::WeatherError;

use crate::config::{ConfigError, ValueRefusal};
use crate::exit::Exit;

/// Why a command ended before it did what was asked.
#[derive(Debug, thiserror::Error)]
pub enum Failure {
    /// A setting can't be used.
    #[error(transparent)]
    Config(#[from] ConfigError),
    /// The job could not be begun, or could not go on.
    #[error(transparent)]
    Driver(#[from] DriverError),
    /// What the job published can't be read.
    #[error(transparent)]
    Progress(#[from] ProgressError),
    /// The job has results, and what it published of them is gone.
    #[error("{} is missing, though the job has results", path.display())]
    ProgressMissing {
        /// Where it belongs.
        path: PathBuf,
    },
    /// Committed results can't be read.
    #[error(transparent)]
    Archive(#[from] ArchiveError),
    /// A word of a closed list that is not in it.
    #[error("`{word}` is no {noun}")]
    UnknownWord {
        /// What it should be.
        noun: &'static str,
        /// As it was typed.
        word: String,
        /// The words there are.
        known: String,
    },
    /// URLs are to be put back, and no word says which.
    #[error("no filter says which URLs to put back")]
    NothingChosen,
    /// A filter that is no host pattern.
    #[error("--host: {0}")]
    HostPattern(#[source] ValueRefusal),
    /// A page was asked for that the job does not have.
    #[error("the job has no capture for {url}")]
    NoCapture {
        /// The URL as it was typed.
        url: String,
    },
    /// The file of a world can't be read.
    #[error("{}: {source}", path.display())]
    WorldFile {
        /// Where it should be.
        path: PathBuf,
        /// The system's words.
        source: io::Error,
    },
    /// A world's text is none.
    #[error("{world}:{line}: {why}")]
    World {
        /// The file, or the name of one that is built in.
        world: String,
        /// The line, from 1.
        line: usize,
        /// What is wrong there.
        why: String,
    },
    /// The weather could not be made.
    #[error(transparent)]
    Weather(#[from] WeatherError),
    /// A command could not be run.
    #[error("cannot run {program}: {source}")]
    Program {
        /// Its first word.
        program: String,
        /// The system's words.
        source: io::Error,
    },
    /// Something is to be made in a folder of its own, and it is there.
    #[error("{} exists already", dir.display())]
    FolderExists {
        /// The folder.
        dir: PathBuf,
    },
    /// The system refused something else.
    #[error("cannot {action} {}: {source}", path.display())]
    System {
        /// What was tried, as a verb.
        action: &'static str,
        /// What it was tried on.
        path: PathBuf,
        /// The system's words.
        source: io::Error,
    },
    /// Parquet is no text.
    #[error("Parquet is for programs, and standard output is a terminal")]
    ParquetOnTerminal,
    /// Standard output takes no more.
    #[error("cannot write to standard output: {0}")]
    Output(#[source] io::Error),
}

impl Failure {
    /// The exit that it leads to. A reader that closed the pipe has what it wanted: `comeback outcomes DIR | head` ends well.
    #[must_use]
    pub fn exit(&self) -> Exit {
        match self {
            Self::Config(_)
            | Self::UnknownWord { .. }
            | Self::NothingChosen
            | Self::ParquetOnTerminal
            | Self::FolderExists { .. }
            | Self::HostPattern(_)
            | Self::NoCapture { .. }
            | Self::WorldFile { .. }
            | Self::World { .. }
            | Self::Program { .. } => Exit::Usage,
            Self::Weather(error) if error.is_usage() => Exit::Usage,
            Self::Driver(error) if error.is_usage() => Exit::Usage,
            Self::Output(error) if error.kind() == io::ErrorKind::BrokenPipe => Exit::Success,
            Self::Driver(_)
            | Self::Progress(_)
            | Self::ProgressMissing { .. }
            | Self::Archive(_)
            | Self::Weather(_)
            | Self::System { .. }
            | Self::Output(_) => Exit::CouldNotGoOn,
        }
    }

    /// What to do about it, where something can be said.
    #[must_use]
    pub fn hint(&self) -> Option<String> {
        match self {
            Self::Config(error) => error.hint(),
            Self::Driver(error) => error.hint(),
            Self::Archive(error) => error.hint().map(str::to_owned),
            Self::UnknownWord { known, .. } => Some(format!("the known ones: {known}")),
            Self::FolderExists { .. } => Some("name a folder that is new".into()),
            Self::NothingChosen => Some("choose with --cause overload, --outcome failed or --host '*.example.org'".into()),
            Self::ParquetOnTerminal => Some("redirect it: `comeback outcomes DIR --format parquet >outcomes.parquet`".into()),
            Self::HostPattern(refusal) => refusal.hint().map(str::to_owned),
            Self::NoCapture { .. } => {
                Some("`comeback outcomes DIR` lists the URLs as they were given, and how each ended".into())
            }
            Self::Progress(ProgressError::Unreadable { .. }) | Self::ProgressMissing { .. } => {
                Some("`comeback resume DIR` writes it anew".into())
            }
            Self::Weather(error) => error.hint().map(str::to_owned),
            Self::WorldFile { .. } => Some("`comeback weather --list` names the worlds that are built in".into()),
            Self::Progress(ProgressError::System { .. })
            | Self::World { .. }
            | Self::Program { .. }
            | Self::System { .. }
            | Self::Output(_) => None,
        }
    }
}
