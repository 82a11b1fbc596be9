//! A job killed half-way, and opened again: by processes of their own, for nobody can kill himself and count on.

use std::io::{BufRead, BufReader};
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::sync::Arc;
use std::time::Instant;

use comeback_driver::job::Job;
use comeback_driver::watcher::{Notice, Watcher};

use crate::Setup;
use crate::drain::prepare;
use crate::failure::BenchFailure;
use crate::stub::Stub;
use crate::usage;

/// Says how many URLs are settled, after each commit.
struct Telling;

impl Watcher for Telling {
    fn notice(&self, notice: Notice) {
        if let Notice::ProgressMade(progress) = notice {
            println!("settled {}", progress.urls.settled());
        }
    }
}

/// Runs a job; says when the first URL is asked, and how far it is.
pub(crate) fn run(dir: &Path) -> Result<(), BenchFailure> {
    let begun = Instant::now();
    let route = Arc::new(Stub::default());
    let asked = Arc::clone(&route);
    std::thread::spawn(move || {
        let first = asked.first_asked.wait();
        let memory = usage::memory_peak_bytes().unwrap_or(0);
        println!("opened {} {memory}", first.duration_since(begun).as_millis());
    });
    let watcher: Arc<dyn Watcher> = Arc::new(Telling);
    Job::open(dir)?.run_over(route, &watcher)?;
    Ok(())
}

/// Kills the job when half of its URLs are settled, then prints how long opening takes.
pub(crate) fn measure(setup: &Setup) -> Result<(), BenchFailure> {
    let (job, dir, _) = prepare(setup)?;
    drop(job);
    let settled = until(&dir, |line| {
        let settled: u64 = line.strip_prefix("settled ")?.parse().ok()?;
        (settled >= setup.urls / 2).then_some(settled)
    })?;
    let (opened_ms, memory) = until(&dir, |line| {
        let (ms, memory) = line.strip_prefix("opened ")?.split_once(' ')?;
        Some((ms.parse::<u64>().ok()?, memory.parse::<u64>().ok()?))
    })?;
    println!(
        "{} URLs, {:?}: killed with {settled} settled; opened and asking after {opened_ms} ms, {} MiB resident",
        setup.urls,
        setup.shape,
        memory >> 20
    );
    std::fs::remove_dir_all(&setup.dir)?;
    Ok(())
}

/// Runs the job in a process of its own until it says what is looked for, then kills it.
fn until<T>(dir: &Path, found: impl Fn(&str) -> Option<T>) -> Result<T, BenchFailure> {
    let mut child: Child =
        Command::new(std::env::current_exe()?).arg("run").arg(dir).stdin(Stdio::null()).stdout(Stdio::piped()).spawn()?;
    let lines = child.stdout.take().map(BufReader::new).into_iter().flat_map(BufRead::lines);
    let told = lines.map_while(Result::ok).find_map(|line| found(&line));
    child.kill()?;
    child.wait()?;
    told.ok_or_else(|| BenchFailure::Account { what: "the job ended before it was to be killed".into() })
}
