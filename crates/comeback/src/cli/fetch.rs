//! `comeback fetch`: a new job from lists, run to its end.

use std::path::PathBuf;

use clap::Args;
use comeback::exit::Exit;
use comeback::failure::Failure;
use comeback::{Job, NewJob, Settings, job_run};

use super::complain;
use super::setting_flags::{FORMS, SettingFlags};

/// Fetch the URLs of lists
#[derive(Debug, Args)]
#[command(after_help = FORMS)]
pub(super) struct Arguments {
    /// Lists of URLs: text, JSONL, CSV or sitemaps, also as .gz or .zst, also by
    /// their URL; `-` is standard input
    #[arg(required = true, value_name = "LIST")]
    lists: Vec<PathBuf>,
    /// The column of CSV lists that holds the URLs, by name or by number from 1
    /// [default: the one named url, link, loc, href or address]
    #[arg(long, value_name = "COLUMN")]
    url_column: Option<String>,
    /// The folder for the job and its results
    #[arg(short, long = "output", value_name = "DIR")]
    output: PathBuf,
    /// Tell programs how it goes: events as JSON lines on standard output
    #[arg(long)]
    json: bool,
    #[command(flatten)]
    settings: SettingFlags,
}

pub(super) fn run(arguments: &Arguments) -> Result<Exit, Failure> {
    let Arguments { lists, url_column, output, json, settings } = arguments;
    let settings = Settings { url_column: url_column.clone(), ..settings.load()?.settings };
    let has_contact = settings.contact.is_some();
    let job = Job::create(NewJob { dir: output.clone(), lists: lists.clone(), settings })?;
    if !has_contact {
        complain(
            "note: no contact is given, so operators cannot reach you\nhint: --contact bot@example.org, or contact in comeback.toml\n",
        );
    }
    if *json { job_run::run_with_events(job) } else { job_run::run_and_tell(job) }
}
