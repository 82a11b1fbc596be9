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
use comeback_sim::{Finding, Simulator, Summary};

use super::{print, simulate_world};

/// Findings after which no further run is begun: whoever reads them has enough to do.
const FINDINGS_MAX: usize = 100;

/// Run the engine in virtual time, by seed
///
/// Each run invents hosts, faults and crashes from its rng_seed and checks that
/// each URL settles exactly once, that no request is made in a standing hold,
/// and that the run ends. With --world nothing crashes, and a table shows what
/// was needed against what is possible; docs/scores.md explains it. Exit code 1
/// on a finding; a missed target is none.
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
    if !findings.is_empty() {
        print(&format!("\n{}\n", counted(findings.len() as u64, "finding")))?;
    }
    for finding in findings.iter().take(FINDINGS_MAX) {
        print(&told(finding, seeds))?;
    }
    Ok(if findings.is_empty() { Exit::Success } else { Exit::Unfinished })
}

/// A finding in its line. The whole state follows where this is the only run; else the line after it says how to see that.
fn told(finding: &Finding, seeds: u64) -> String {
    if seeds == 1 {
        return format!("{finding}\n{}", finding.state);
    }
    let world = finding.world.map(|world| format!(" --world {}", world.word())).unwrap_or_default();
    format!("{finding}\n  its state: comeback simulate{world} --first-seed {} --seeds 1\n", finding.rng_seed)
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
                let printed = print(&told(&finding, seeds));
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_finding_is_one_line_and_the_way_to_its_state() {
        let finding = Finding {
            rng_seed: 7,
            at_ms: 12,
            world: Some(World::Mix),
            what: "h1.example (dead) was asked".into(),
            state: "partition 0\npartition 1\n".into(),
        };
        assert_eq!(
            told(&finding, 100),
            "rng_seed 7 of mix, at 12 ms: h1.example (dead) was asked\n  \
            its state: comeback simulate --world mix --first-seed 7 --seeds 1\n"
        );
        assert!(told(&finding, 1).ends_with("was asked\npartition 0\npartition 1\n"));
    }
}
