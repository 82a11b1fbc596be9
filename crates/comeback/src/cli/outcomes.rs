//! `comeback outcomes`: one row for each settled URL, streamed.

use std::io::{self, BufWriter, Write};
use std::path::PathBuf;

use clap::{Args, ValueEnum};
use comeback::config::host_pattern;
use comeback::exit::Exit;
use comeback::failure::Failure;
use comeback::{Cause, Outcome, OutcomeRow, rows};
use comeback_report::row_filter::RowFilter;
use comeback_report::{row_csv, row_table};

use super::job_folder;

/// List how each URL ended, one row for each
///
/// Works while the job runs: it reads what is committed. Several values of one
/// filter are alternatives; a row must pass every filter that is given.
#[derive(Debug, Args)]
pub(super) struct Arguments {
    /// The job's folder
    dir: PathBuf,
    /// The form of the rows
    #[arg(long, value_enum, default_value_t = Format::Jsonl)]
    format: Format,
    /// fetched, answered, failed or parked; repeatable
    #[arg(long, value_name = "OUTCOME")]
    outcome: Vec<String>,
    /// A cause such as rate_limit; repeatable
    #[arg(long, value_name = "CAUSE")]
    cause: Vec<String>,
    /// Hosts, as in '*.example.org'; repeatable
    #[arg(long, value_name = "PATTERN")]
    host: Vec<String>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
enum Format {
    /// One JSON object a line
    Jsonl,
    /// RFC 4180, with a header
    Csv,
    /// Columns for people
    Table,
}

impl Format {
    fn header(self) -> String {
        match self {
            Self::Jsonl => String::new(),
            Self::Csv => row_csv::header(),
            Self::Table => row_table::header(),
        }
    }

    fn line(self, row: &OutcomeRow) -> Vec<u8> {
        match self {
            Self::Jsonl => row.to_line(),
            Self::Csv => row_csv::line(row).into_bytes(),
            Self::Table => row_table::line(row).into_bytes(),
        }
    }
}

pub(super) fn run(arguments: &Arguments) -> Result<Exit, Failure> {
    let Arguments { dir, format, outcome, cause, host } = arguments;
    let filter = RowFilter {
        outcomes: known(outcome, "outcome", Outcome::from_word, &Outcome::ALL.map(Outcome::word))?,
        causes: known(cause, "cause", Cause::from_word, &Cause::ALL.map(Cause::word))?,
        hosts: host.iter().map(|text| host_pattern(text)).collect::<Result<_, _>>().map_err(Failure::HostPattern)?,
    };
    let (_, progress) = job_folder::published(dir)?;
    let files = progress.map(|progress| progress.files).unwrap_or_default();
    let mut output = BufWriter::new(io::stdout().lock());
    output.write_all(format.header().as_bytes()).map_err(Failure::Output)?;
    for row in rows(dir, &files) {
        let row = row?;
        if filter.admits(&row) {
            output.write_all(&format.line(&row)).map_err(Failure::Output)?;
        }
    }
    output.flush().map_err(Failure::Output)?;
    Ok(Exit::Success)
}

fn known<T>(words: &[String], noun: &'static str, read: fn(&str) -> Option<T>, all: &[&str]) -> Result<Vec<T>, Failure> {
    let unknown = |word: &String| Failure::UnknownWord { noun, word: word.clone(), known: all.join(", ") };
    words.iter().map(|word| read(word).ok_or_else(|| unknown(word))).collect()
}
