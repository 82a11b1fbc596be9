//! `comeback outcomes`: one row for each settled URL, streamed.

use std::io::{self, BufWriter, Write};
use std::path::PathBuf;

use clap::{Args, ValueEnum};
use comeback::exit::Exit;
use comeback::failure::Failure;
use comeback::{OutcomeRow, rows};
use comeback_report::{row_csv, row_table};

use super::job_folder;
use super::row_flags::RowFlags;

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
    #[command(flatten)]
    rows: RowFlags,
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
    let Arguments { dir, format, rows: flags } = arguments;
    let filter = flags.filter()?;
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
