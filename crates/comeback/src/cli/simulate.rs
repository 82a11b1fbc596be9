//! `comeback simulate`: the engine in virtual time against an invented web, many runs at once.

use std::num::NonZeroU64;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Mutex, PoisonError};
use std::thread;

use clap::Args;
use comeback::exit::Exit;
use comeback::failure::Failure;
use comeback_report::figures::{counted, span};
use comeback_sim::options::Options;
use comeback_sim::scored::world::World;
use comeback_sim::{Simulator, Summary};

use super::{print, simulate_world};

/// Findings after which no further run is begun: whoever reads them has enough to do.
const FINDINGS_MAX: usize = 100;

/// Run the engine in virtual time, by seed
///
/// Each run invents hosts, faults and crashes from its rng_seed and checks that
/// each URL settles exactly once, that no request is made in a standing hold,
/// and that the run ends. Exit code 1 on a finding.
#[derive(Debug, Args)]
pub(super) struct Arguments {
    /// How many runs
    #[arg(long, value_name = "N", default_value = "1000")]
    seeds: NonZeroU64,
    /// The rng_seed of the first run
    #[arg(long, value_name = "N", default_value_t = 0)]
    first_seed: u64,
    /// Score one world instead, or `all`: what was needed against what is possible
    #[arg(long, value_name = "WORLD")]
    world: Option<String>,
}

/// What all runs came to.
#[derive(Default)]
struct Totals {
    runs: u64,
    summary: Summary,
    findings: usize,
    /// Standard output was closed, or refused.
    failure: Option<Failure>,
}

pub(super) fn run(arguments: &Arguments) -> Result<Exit, Failure> {
    let Arguments { seeds, first_seed, world } = arguments;
    if let Some(word) = world {
        return score(word, *first_seed, seeds.get());
    }
    let (next, totals) = (AtomicU64::new(0), Mutex::new(Totals::default()));
    let threads = thread::available_parallelism().map_or(1, usize::from);
    thread::scope(|scope| {
        for _ in 0..threads {
            scope.spawn(|| work(*first_seed, seeds.get(), &next, &totals));
        }
    });
    let Totals { runs, summary, findings, failure } = totals.into_inner().unwrap_or_else(PoisonError::into_inner);
    if let Some(failure) = failure {
        return Err(failure);
    }
    let Summary { urls, requests, crashes, virtual_ms } = summary;
    let (runs, urls, requests, crashes) = (
        counted(runs, "run"),
        counted(urls, "URL"),
        counted(requests, "request"),
        counted(crashes, "crash").replace("crashs", "crashes"),
    );
    print(&format!(
        "{runs} from rng_seed {first_seed}: {urls}, {requests}, {crashes}, {} of virtual time; {}\n",
        span(virtual_ms),
        counted(findings as u64, "finding")
    ))?;
    Ok(if findings == 0 { Exit::Success } else { Exit::Unfinished })
}

/// Plays scored runs.
fn score(word: &str, first_seed: u64, seeds: u64) -> Result<Exit, Failure> {
    let one = World::from_word(word).map(|world| vec![world]);
    let worlds = if word == "all" { Some(World::ALL.to_vec()) } else { one };
    let known = World::ALL.iter().map(|world| world.word()).chain(["all"]).collect::<Vec<_>>().join(", ");
    let worlds = worlds.ok_or(Failure::UnknownWord { noun: "world", word: word.to_owned(), known })?;
    let (table, findings) = simulate_world::table(&worlds, first_seed, seeds);
    print(&table)?;
    for finding in findings.iter().take(FINDINGS_MAX) {
        print(&format!("{finding}\n").lines().next().map(|line| format!("{line}\n")).unwrap_or_default())?;
    }
    Ok(if findings.is_empty() { Exit::Success } else { Exit::Unfinished })
}

/// Takes one seed after another until none is left.
fn work(first_seed: u64, seeds: u64, next: &AtomicU64, totals: &Mutex<Totals>) {
    let (simulator, options) = (Simulator::new(), Options::default());
    loop {
        let index = next.fetch_add(1, Ordering::Relaxed);
        if index >= seeds {
            return;
        }
        let ended = simulator.run(first_seed.wrapping_add(index), &options);
        let mut totals = totals.lock().unwrap_or_else(PoisonError::into_inner);
        totals.runs += 1;
        match ended {
            Ok(Summary { urls, requests, crashes, virtual_ms }) => {
                totals.summary.urls += urls;
                totals.summary.requests += requests;
                totals.summary.crashes += crashes;
                totals.summary.virtual_ms += virtual_ms;
            }
            Err(finding) => {
                totals.findings += 1;
                let printed = print(&format!("{finding}\n"));
                if totals.failure.is_none() {
                    totals.failure = printed.err();
                }
            }
        }
        if totals.findings >= FINDINGS_MAX || totals.failure.is_some() {
            return;
        }
    }
}
