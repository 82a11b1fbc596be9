//! `comeback simulate --world`: scored runs of one world or of all, and their figures in a table.

use std::collections::BTreeMap;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Mutex, PoisonError};
use std::thread;

use comeback_report::figures::counted;
use comeback_sim::scored::bound::Kind;
use comeback_sim::scored::figures::{Figures, Gathering, share};
use comeback_sim::scored::score::Score;
use comeback_sim::scored::world::World;
use comeback_sim::{Finding, Simulator};

/// What stands above the rows: 80 columns.
const HEADER: &str = "\
requests  for each that a client makes who knows what each server will do
          (where nothing can be had: for each that is allowed)
wasted    percent of the requests that got no page
time      for each second of the best client that obeys and knows nothing

                                 requests    wasted      time
behaviour          runs  lost  50 %   95 %    95 %   50 %   95 %   targets
";

/// Runs so many seeds of each world; the table, and the findings.
pub(super) fn table(worlds: &[World], first_seed: u64, seeds: u64) -> (String, Vec<Finding>) {
    let mut text = format!("{} of each world from rng_seed {first_seed}\n\n{HEADER}", counted(seeds, "run"));
    let mut findings = Vec::new();
    for world in worlds {
        let (scores, mut found) = play(*world, first_seed, seeds);
        findings.append(&mut found);
        for figures in rows(*world, &scores, worlds.len() == 1) {
            text.push_str(&line(&figures));
        }
    }
    (text, findings)
}

/// The rows of a world. A mix is judged as a whole; its parts are of interest where it is looked at alone.
fn rows(world: World, scores: &[Score], is_alone: bool) -> Vec<Figures> {
    let mut parts: BTreeMap<&'static str, Gathering> = BTreeMap::new();
    let mut whole = Gathering::new(if is_alone { "all hosts" } else { world.word() }, Kind::Mix);
    for score in scores {
        for host in &score.hosts {
            parts.entry(host.script).or_insert_with(|| Gathering::new(host.script, host.bound.kind)).take(host);
        }
        if let Some(host) = score.whole() {
            whole.take(&host);
        }
        whole.take_healthy(score);
    }
    let mut rows = Vec::new();
    if world != World::Mix || is_alone {
        rows.extend(parts.into_values().map(Gathering::figures));
    }
    if world == World::Mix {
        rows.push(whole.figures());
    }
    rows
}

/// A row, and below it a line for each target that was missed.
fn line(figures: &Figures) -> String {
    let Figures { name, hosts, missing, requests: [requests_50, requests_95], wasted, time, healthy, missed } = figures;
    let [time_50, time_95] = time.map_or(["-".to_owned(), "-".to_owned()], |time| time.map(share));
    let word = if missed.is_empty() { "met" } else { "missed" };
    let mut text = format!(
        "{name:<17} {hosts:>5} {missing:>5} {:>5} {:>6} {:>7} {time_50:>6} {time_95:>6}   {word}\n",
        share(*requests_50),
        share(*requests_95),
        format!("{}.{}", wasted / 10, wasted % 10),
    );
    if let Some([median, most]) = healthy {
        text.push_str(&format!(
            "  its healthy hosts: {} at 50 %, {} at 95 % of their time alone\n",
            share(*median),
            share(*most)
        ));
    }
    for what in missed {
        text.push_str(&format!("  missed: {what}\n"));
    }
    text
}

/// Plays the runs of one world, on all cores.
fn play(world: World, first_seed: u64, seeds: u64) -> (Vec<Score>, Vec<Finding>) {
    let next = AtomicU64::new(0);
    let ended = Mutex::new((Vec::new(), Vec::new()));
    let threads = thread::available_parallelism().map_or(1, usize::from);
    thread::scope(|scope| {
        for _ in 0..threads {
            scope.spawn(|| {
                let simulator = Simulator::new();
                loop {
                    let index = next.fetch_add(1, Ordering::Relaxed);
                    if index >= seeds {
                        return;
                    }
                    let score = simulator.score(world, first_seed.wrapping_add(index));
                    let mut ended = ended.lock().unwrap_or_else(PoisonError::into_inner);
                    match score {
                        Ok(score) => ended.0.push(score),
                        Err(finding) => ended.1.push(finding),
                    }
                }
            });
        }
    });
    ended.into_inner().unwrap_or_else(PoisonError::into_inner)
}
