//! `comeback simulate --world`: scored runs of one world or of all, and their figures in a table.

use std::collections::BTreeMap;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Mutex, PoisonError};
use std::thread;

use comeback_sim::scored::score::{HostScore, Score, quantile};
use comeback_sim::scored::world::World;
use comeback_sim::{Finding, Simulator};

/// The figures of one behaviour over many runs.
#[derive(Default)]
struct Figures {
    hosts: u64,
    urls: u64,
    obtainable: u64,
    obtained: u64,
    repeated: u64,
    waste_beyond: Vec<u64>,
    wasted_permille: Vec<u64>,
    requests: Vec<u64>,
    time: Vec<u64>,
}

impl Figures {
    fn take(&mut self, host: &HostScore) {
        self.hosts += 1;
        self.urls += host.urls;
        self.obtainable += host.bound.obtainable;
        self.obtained += host.obtained;
        self.repeated += host.repeated;
        self.waste_beyond.push(host.waste_beyond());
        self.wasted_permille.push(host.wasted * 1000 / host.requests.max(1));
        self.requests.push(host.requests_permille());
        self.time.extend(host.time_permille());
    }

    fn line(&mut self, name: &str) -> String {
        let share = |permille: u64| format!("{}.{:02}", permille / 1000, permille % 1000 / 10);
        let time = if self.time.is_empty() {
            format!("{:>6} {:>6}", "-", "-")
        } else {
            format!("{:>6} {:>6}", share(quantile(&mut self.time, 50)), share(quantile(&mut self.time, 95)))
        };
        format!(
            "{name:<17} {:>6} {:>9} {:>8} {:>6} {:>6} {:>7} {:>6} {time}\n",
            self.hosts,
            self.obtained.abs_diff(self.obtainable),
            self.repeated,
            share(quantile(&mut self.requests, 50)),
            share(quantile(&mut self.requests, 95)),
            quantile(&mut self.wasted_permille, 95) / 10,
            quantile(&mut self.waste_beyond, 95),
        )
    }
}

/// Runs so many seeds of each world and returns the table, with the findings.
pub(super) fn table(worlds: &[World], first_seed: u64, seeds: u64) -> (String, Vec<Finding>) {
    let mut text = "                                             requests     waste          time\n\
        behaviour          hosts   missing repeated    50%    95%    95%  beyond    50%    95%\n"
        .to_owned();
    let mut findings = Vec::new();
    for world in worlds {
        let (scores, mut found) = play(*world, first_seed, seeds);
        findings.append(&mut found);
        let mut figures: BTreeMap<&'static str, Figures> = BTreeMap::new();
        let mut healthy = Vec::new();
        for score in &scores {
            for host in &score.hosts {
                figures.entry(host.script).or_default().take(host);
            }
            if let Some(alone_ms) = score.healthy_alone_ms {
                let with_others = score.hosts.iter().filter(|host| host.script == "healthy").map(|host| host.finish_ms).max();
                healthy.extend(with_others.map(|finish_ms| finish_ms * 1000 / alone_ms.max(1)));
            }
        }
        if worlds.len() > 1 || figures.len() > 1 {
            text.push_str(&format!("{}:\n", world.word()));
        }
        for (name, figures) in &mut figures {
            text.push_str(&figures.line(name));
        }
        if !healthy.is_empty() {
            text.push_str(&format!(
                "healthy hosts beside the others: {} permille of their time alone (95%)\n",
                quantile(&mut healthy, 95)
            ));
        }
    }
    (text, findings)
}

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
