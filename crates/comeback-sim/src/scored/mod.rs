//! Scored runs: one world with drawn parameters, no crashes, and what the engine needed against what is possible.
//!
//! A world draws its hosts from the seed; the same hosts, drawn again, are played by the bounds ([`bound`]). A run is named by world
//! and seed. The formulas are in `docs/scores.md`.

use std::collections::BTreeSet;

use comeback_engine::Chance;
use comeback_engine::governor::RETRIES_FREE_DEFAULT;
use comeback_engine::outcome::Outcome;

use crate::checkers::Finding;
use crate::options::{Options, Plant};
use crate::simulation::{Drawn, Simulator, Surroundings, address_of};
use crate::world::Script;

pub mod bound;
mod drawing;
pub mod figures;
mod honest;
pub mod score;
pub mod world;

use bound::{Bound, Kind};
use score::{HostScore, Score};
use world::World;

/// Patience of a scored run, in milliseconds.
pub(crate) const PATIENCE_MS: u64 = 60_000;
/// The widest window of a host in a scored run.
pub(crate) const WINDOW_MAX: usize = 16;
/// Play and draw have chances of their own.
const CHANCE_OF_PLAY: u64 = 0x5c0_7e5;
/// How long a request or an answer is on its way at most, in milliseconds; both are drawn evenly.
pub(crate) const TRAVEL_MS_MAX: u64 = 20;

/// One host of a world: what it does, how many pages are wanted of it, and what can be had at best.
#[derive(Debug)]
pub(crate) struct Host {
    pub(crate) script: Box<dyn Script>,
    pub(crate) urls: u64,
    /// The number of the address that it shares with others; without one its address is its own.
    pub(crate) address: Option<u8>,
    /// `None`: it is judged as one with the host before it.
    pub(crate) bound: Option<Bound>,
}

/// What a server saw of one host's pages.
#[derive(Debug, Clone, Default)]
pub(crate) struct Meter {
    /// Requests for pages.
    pub(crate) requests: u64,
    /// Those that got no page.
    pub(crate) wasted: u64,
    /// Requests for pages that had been had before.
    pub(crate) repeated: u64,
    /// Requests for robots.txt.
    pub(crate) robots_requests: u64,
    /// When the last new page was read, in milliseconds of the run.
    pub(crate) had_ms: u64,
    had: BTreeSet<String>,
}

impl Meter {
    pub(crate) fn count(&mut self, path: &str, is_page: bool, read_ms: u64) {
        self.requests += 1;
        if self.had.contains(path) {
            self.repeated += 1;
        } else if is_page {
            self.had.insert(path.to_owned());
            self.had_ms = self.had_ms.max(read_ms);
        }
        self.wasted += u64::from(!is_page);
    }
}

impl Simulator {
    /// Plays one scored run.
    ///
    /// # Errors
    /// A finding of the checkers: a request in a hold, a URL without a row, a run that does not end.
    pub fn score(&self, world: World, rng_seed: u64) -> Result<Score, Finding> {
        self.score_planted(world, rng_seed, None)
    }

    /// Plays one scored run with a bug put in on purpose.
    ///
    /// # Errors
    /// As [`Simulator::score`].
    pub fn score_planted(&self, world: World, rng_seed: u64, plant: Option<Plant>) -> Result<Score, Finding> {
        let play = |hosts| self.play_hosts(hosts, rng_seed, plant).map_err(|finding| Finding { world: Some(world), ..finding });
        let scored = play(world.draw(rng_seed))?;
        let healthy_alone_ms = match world.draw_healthy(rng_seed) {
            Some(hosts) => play(hosts)?.iter().map(|host| host.finish_ms).max(),
            None => None,
        };
        Ok(Score { world, rng_seed, hosts: scored, healthy_alone_ms })
    }

    fn play_hosts(&self, hosts: Vec<Host>, rng_seed: u64, plant: Option<Plant>) -> Result<Vec<HostScore>, Finding> {
        let options = Options {
            crashes_max: 0,
            narrow_percent: 0,
            drain_percent: 0,
            message_ms_max: 1,
            connect_ms_max: 2,
            sync_ms_max: 5,
            patience_ms: PATIENCE_MS,
            plant,
            ..Options::default()
        };
        let counts: Vec<u64> = hosts.iter().map(|host| host.urls).collect();
        let addresses = (0..).zip(&hosts).map(|(number, host)| address_of(number, host.address)).collect();
        let (scripts, bounds): (Vec<_>, Vec<_>) = hosts.into_iter().map(|host| (host.script, host.bound)).unzip();
        let drawn = Drawn {
            scripts,
            counts,
            addresses,
            patience_ms: PATIENCE_MS,
            slots: 256,
            retries_free: RETRIES_FREE_DEFAULT,
            delay_ms: 0,
            crashes: 0,
        };
        let around = self.play(rng_seed, Chance::from_rng_seed(rng_seed ^ CHANCE_OF_PLAY), drawn, &options)?;
        let mut scores: Vec<HostScore> = Vec::new();
        for (number, bound) in bounds.into_iter().enumerate() {
            let own = bound.or(scores.last().map(|before| before.bound)).expect("the first host of a group carries its bound");
            let score = host_score(&around, number, own);
            match scores.last_mut() {
                Some(before) if bound.is_none() => before.join(&score),
                Some(_) | None => scores.push(score),
            }
        }
        Ok(scores)
    }
}

fn host_score(around: &Surroundings, number: usize, bound: Bound) -> HostScore {
    let prefix = format!("http://h{number}.example/");
    let own: Vec<_> = around.rows.iter().flatten().filter(|row| row.url.starts_with(&prefix)).collect();
    let ended = |wanted: Outcome| own.iter().filter(|row| row.outcome == wanted).count() as u64;
    let meter = &around.meters[number];
    let probes = if bound.kind == Kind::Dead { meter.robots_requests } else { 0 };
    HostScore {
        script: around.scripts[number].name(),
        urls: own.len() as u64,
        obtained: ended(Outcome::Fetched) + ended(Outcome::Answered),
        parked: ended(Outcome::Parked),
        requests: meter.requests + probes,
        wasted: meter.wasted + probes,
        repeated: meter.repeated,
        finish_ms: meter.had_ms,
        settled_from_ms: own.iter().map(|row| row.settled_ms).min().unwrap_or(0),
        bound,
    }
}
