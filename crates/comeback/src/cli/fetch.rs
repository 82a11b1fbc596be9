//! `comeback fetch`: a new job from lists, run to its end.

use std::path::{Path, PathBuf};

use clap::Args;
use comeback::exit::Exit;
use comeback::failure::Failure;
use comeback::{DriverError, Job, NewJob, Settings, job_run, plan_text};
use comeback_driver::dry_run;
use comeback_driver::settings::job_file::JobFile;

use super::setting_flags::{FORMS, SettingFlags};
use super::{complain, print};

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
    #[arg(short, long = "output", value_name = "DIR", required_unless_present = "dry_run")]
    output: Option<PathBuf>,
    /// Read the lists, say what would be asked of whom, and do nothing
    #[arg(long, conflicts_with = "json")]
    dry_run: bool,
    /// Tell programs how it goes: events as JSON lines on standard output
    #[arg(long)]
    json: bool,
    #[command(flatten)]
    settings: SettingFlags,
}

pub(super) fn run(arguments: &Arguments) -> Result<Exit, Failure> {
    let Arguments { lists, url_column, output, dry_run, json, settings } = arguments;
    let settings = Settings { url_column: url_column.clone(), ..settings.load()?.settings };
    let has_contact = settings.contact.is_some();
    let Some(dir) = output.clone().filter(|_| !dry_run) else { return tell_plan(lists, output.as_deref(), &settings) };
    let job = Job::create(NewJob { dir, lists: lists.clone(), settings })?;
    if !has_contact {
        complain(
            "note: no contact is given, so operators cannot reach you\nhint: --contact bot@example.org, or contact in comeback.toml\n",
        );
    }
    if *json { job_run::run_with_events(job) } else { job_run::run_and_tell(job) }
}

/// Says what the job would ask, and leaves no trace.
fn tell_plan(lists: &[PathBuf], dir: Option<&Path>, settings: &Settings) -> Result<Exit, Failure> {
    if let Some(dir) = dir
        && JobFile::read(dir).map_err(DriverError::from)?.is_some()
    {
        return Err(DriverError::JobExists { dir: dir.to_owned() }.into());
    }
    let plan = dry_run::plan(lists, settings)?;
    print(&plan_text::render(&plan, settings))?;
    match DriverError::of_faults(plan.bad_lines, plan.broken_lists).filter(|_| settings.strict) {
        Some(error) => Err(error.into()),
        None => Ok(Exit::Success),
    }
}
