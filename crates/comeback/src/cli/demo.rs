//! `comeback demo`: a misbehaving web, a list for it, a job and its report, in one command and on this machine alone.

use std::fs;
use std::io::ErrorKind;
use std::path::{Path, PathBuf};

use clap::Args;
use comeback::exit::Exit;
use comeback::failure::Failure;
use comeback::{Job, Knowledge, NewJob, Progress, RunEnd, Settings, job_run};
use comeback_report::figures::{count, span};
use comeback_weather::{HostTally, Options, Weather, World, builtins};

use super::{complain, print};

/// The world of the demo.
const WORLD: &str = "demo";
/// Pages wanted of each of its hosts.
const PAGES: u32 = 50;
/// A demo should end within a minute, so a host that never recovers is given up soon.
const PATIENCE_MS: u64 = 20_000;
/// A host that takes a connection and says nothing shall be found out in that time.
const TIMEOUT_MS: u64 = 3_000;
/// Folders that are tried until one is free.
const FOLDERS_MAX: u32 = 1_000;

/// Fetch 2,000 URLs of a misbehaving web on loopback, and report
///
/// Forty hosts, a bit more than half of them healthy; the others are in
/// maintenance, limit the rate, turn robots away or are dead. It needs no network
/// and takes less than a minute. Exit code 1, since some hosts never recover.
#[derive(Debug, Args)]
pub(super) struct Arguments {
    /// Where everything is kept [default: comeback-demo, or the next that is free]
    dir: Option<PathBuf>,
}

pub(super) fn run(arguments: &Arguments) -> Result<Exit, Failure> {
    let dir = make_folder(arguments.dir.as_deref())?;
    let world = builtins().into_iter().find(|builtin| builtin.name == WORLD).expect("the demo's world is built in");
    let world = World::parse(world.text)?;
    let weather = Weather::start(&world, &Options { port: 0, log: Some(dir.join("requests.jsonl")) })?;
    let list = dir.join("urls.txt");
    let urls: Vec<String> = world.urls(weather.port(), PAGES).collect();
    let text: String = urls.iter().map(|url| format!("{url}\n")).collect();
    fs::write(&list, text).map_err(|source| Failure::System { action: "write", path: list.clone(), source })?;
    let all = urls.len() as u64;
    complain(&format!("{} URLs on {} hosts of a web on loopback that misbehaves\n", count(all), weather.hosts().len()));
    let job = dir.join("job");
    let settings = Settings {
        patience_ms: PATIENCE_MS,
        timeout_ms: TIMEOUT_MS,
        contact: Some("https://example.org/demo".into()),
        ..Settings::default()
    };
    let end = job_run::run_and_watch(Job::create(NewJob { dir: job.clone(), lists: vec![list], settings })?)?;
    let tallies = weather.stop()?;
    match &end {
        RunEnd::Done(progress) => print(&ending(&dir, &job, progress, &tallies, all)?)?,
        RunEnd::Interrupted(_) => complain("stopped, and the web of the demo with it: the rest of its pages is gone\n"),
    }
    Ok(Exit::of_run(&end))
}

/// The report, when the healthy hosts were done, where everything lies, and what the servers say of us.
fn ending(dir: &Path, job: &Path, progress: &Progress, tallies: &[HostTally], all: u64) -> Result<String, Failure> {
    let account = job_run::account_of(job, progress)?;
    let mut text = account.report(&job.display().to_string(), progress, &Knowledge::builtin());
    let wasted: u64 = tallies.iter().map(|host| host.wasted).sum();
    text.push_str(&format!("\n{}", healthy_line(job, progress, tallies)?));
    text.push_str(&format!("the servers refused or dropped {} requests\n", count(wasted)));
    text.push_str(&format!("everything is in {}: the list, the requests that came, the job\n", dir.display()));
    // Scripts read this line: no separators in its figures.
    text.push_str(&format!(
        "{} of {all} URLs accounted for, {} violations\n",
        progress.urls.settled(),
        tallies.iter().map(|host| host.violations).sum::<u64>()
    ));
    Ok(text)
}

/// When the last healthy host was done, and when the job was.
fn healthy_line(job: &Path, progress: &Progress, tallies: &[HostTally]) -> Result<String, Failure> {
    let healthy: Vec<String> =
        tallies.iter().filter(|host| host.name.starts_with("healthy")).map(|host| format!("http://{}", host.address)).collect();
    let (mut begun, mut healthy_end, mut end) = (None, None, None);
    for row in comeback::rows(job, &progress.files) {
        let row = row?;
        let first = row.first_at.map(|at| at.0);
        begun = begun.into_iter().chain(first).min();
        end = end.max(Some(row.settled_at.0));
        if row.host.is_some_and(|host| healthy.contains(&host)) {
            healthy_end = healthy_end.max(Some(row.settled_at.0));
        }
    }
    let (Some(begun), Some(healthy_end), Some(end)) = (begun, healthy_end, end) else { return Ok(String::new()) };
    Ok(format!(
        "the {} healthy hosts were done after {}, the whole job after {}\n",
        healthy.len(),
        span(healthy_end.since_ms(begun)),
        span(end.since_ms(begun))
    ))
}

/// Makes the folder that the user named, or the next free one.
fn make_folder(named: Option<&Path>) -> Result<PathBuf, Failure> {
    let Some(named) = named else {
        let mut names = (1..FOLDERS_MAX).map(|number| match number {
            1 => PathBuf::from("comeback-demo"),
            _ => PathBuf::from(format!("comeback-demo-{number}")),
        });
        let free = names.find(|name| !name.exists());
        return make_folder(Some(&free.unwrap_or_else(|| PathBuf::from("comeback-demo"))));
    };
    match fs::create_dir(named) {
        Ok(()) => Ok(named.to_owned()),
        Err(error) if error.kind() == ErrorKind::AlreadyExists => Err(Failure::FolderExists { dir: named.to_owned() }),
        Err(source) => Err(Failure::System { action: "make the folder", path: named.to_owned(), source }),
    }
}
