//! Paced runs against real servers: when each request started, what came, and how long it took.

use std::path::Path;

use comeback_diagnosis::cause::Cause;
use comeback_diagnosis::clock::Monotonic;
use comeback_diagnosis::history::PastAttempt;

use crate::answer::{files, read};
use crate::error::CorpusError;

/// One run: its name, and its attempts in the order in which they ended.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Trace {
    /// The file's name without its extension.
    pub name: String,
    /// The attempts; a cause is named by the status alone.
    pub attempts: Vec<PastAttempt>,
}

/// One line of a trace.
#[derive(Debug, Clone, Copy)]
struct Line {
    started_ms: u64,
    status: Option<u16>,
    elapsed_ms: u64,
}

impl Trace {
    /// Reads all traces of a folder, in the order of their names.
    ///
    /// # Errors
    /// [`CorpusError`] where a file cannot be read or a line is malformed.
    pub fn read_all(folder: &Path) -> Result<Vec<Self>, CorpusError> {
        files(folder, "csv")?.iter().map(|path| Self::read(path)).collect()
    }

    fn read(path: &Path) -> Result<Self, CorpusError> {
        let text = read(path)?;
        let mut lines = Vec::new();
        // The first line is the set-up, the second names the columns.
        for (index, line) in text.lines().enumerate().skip(2) {
            let malformed = || CorpusError::Malformed {
                path: path.to_owned(),
                line: index + 1,
                detail: "this is not `seconds,status,milliseconds`".into(),
            };
            lines.push(Line::parse(line).ok_or_else(malformed)?);
        }
        let name = path.file_stem().unwrap_or_default().to_string_lossy().into_owned();
        Ok(Self { name, attempts: attempts(&lines) })
    }
}

impl Line {
    fn parse(line: &str) -> Option<Self> {
        let mut columns = line.split(',');
        let (seconds, status, elapsed) = (columns.next()?, columns.next()?, columns.next()?);
        let (whole, thousandths) = seconds.split_once('.')?;
        let started_ms = whole.parse::<u64>().ok()? * 1_000 + thousandths.parse::<u64>().ok()?;
        let status = if status.is_empty() { None } else { Some(status.parse().ok()?) };
        Some(Self { started_ms, status, elapsed_ms: elapsed.parse().ok()? })
    }

    const fn ended_ms(self) -> u64 {
        self.started_ms + self.elapsed_ms
    }
}

fn attempts(lines: &[Line]) -> Vec<PastAttempt> {
    let mut ended: Vec<(usize, Line)> = lines.iter().copied().enumerate().collect();
    ended.sort_by_key(|(index, line)| (line.ended_ms(), *index));
    let attempt = |(index, line): (usize, Line)| {
        let under_way = lines.iter().filter(|other| other.started_ms <= line.started_ms && other.ended_ms() > line.started_ms);
        PastAttempt {
            ended_at: Monotonic(line.ended_ms()),
            url: u64::try_from(index).unwrap_or(u64::MAX),
            status: line.status,
            cause: match line.status {
                Some(200) => Cause::None,
                Some(_) => Cause::Unknown,
                None => Cause::ReadTimeout,
            },
            elapsed_ms: line.elapsed_ms,
            concurrency: u32::try_from(under_way.count()).unwrap_or(u32::MAX).max(1),
        }
    };
    ended.into_iter().map(attempt).collect()
}
