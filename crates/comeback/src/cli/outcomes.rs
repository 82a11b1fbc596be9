//! `comeback outcomes`: one row for each settled URL, streamed.

use std::io::{self, BufWriter, IsTerminal, Stdout, StdoutLock, Write};
use std::path::PathBuf;

use clap::{Args, ValueEnum};
use comeback::exit::Exit;
use comeback::failure::Failure;
use comeback::{OutcomeRow, rows};
use comeback_report::row_parquet::RowParquet;
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
    /// Columns for programs such as DuckDB and pandas; redirect it to a file
    Parquet,
}

/// Where the rows go.
enum Writer {
    Lines(BufWriter<StdoutLock<'static>>, fn(&OutcomeRow) -> Vec<u8>),
    Columns(Box<RowParquet<BufWriter<Stdout>>>),
}

impl Writer {
    /// Begins the output with what comes before the first row.
    fn on_stdout(format: Format) -> io::Result<Self> {
        let (header, line): (_, fn(&OutcomeRow) -> Vec<u8>) = match format {
            Format::Jsonl => (String::new(), OutcomeRow::to_line),
            Format::Csv => (row_csv::header(), |row| row_csv::line(row).into_bytes()),
            Format::Table => (row_table::header(), |row| row_table::line(row).into_bytes()),
            Format::Parquet => return Ok(Self::Columns(Box::new(RowParquet::new(BufWriter::new(io::stdout()))?))),
        };
        let mut output = BufWriter::new(io::stdout().lock());
        output.write_all(header.as_bytes())?;
        Ok(Self::Lines(output, line))
    }

    fn write(&mut self, row: OutcomeRow) -> io::Result<()> {
        match self {
            Self::Lines(output, line) => output.write_all(&line(&row)),
            Self::Columns(parquet) => parquet.write(row),
        }
    }

    fn finish(self) -> io::Result<()> {
        match self {
            Self::Lines(mut output, _) => output.flush(),
            Self::Columns(parquet) => parquet.finish()?.flush(),
        }
    }
}

pub(super) fn run(arguments: &Arguments) -> Result<Exit, Failure> {
    let Arguments { dir, format, rows: flags } = arguments;
    let filter = flags.filter()?;
    if *format == Format::Parquet && io::stdout().is_terminal() {
        return Err(Failure::ParquetOnTerminal);
    }
    let (_, progress) = job_folder::published(dir)?;
    let files = progress.map(|progress| progress.files).unwrap_or_default();
    let mut output = Writer::on_stdout(*format).map_err(Failure::Output)?;
    for row in rows(dir, &files) {
        let row = row?;
        if filter.admits(&row) {
            output.write(row).map_err(Failure::Output)?;
        }
    }
    output.finish().map_err(Failure::Output)?;
    Ok(Exit::Success)
}
