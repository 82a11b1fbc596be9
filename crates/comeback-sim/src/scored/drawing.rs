//! What the worlds draw: scripts with their parameters, how many pages are wanted, and the bounds that follow.

use std::cell::RefCell;
use std::rc::Rc;

use comeback_engine::Chance;
use comeback_engine::diagnosis::cause::Cause;

use super::bound::{self, Bound};
use super::{Host, PATIENCE_MS};
use crate::world::Script;
use crate::world::answering::{BadPath, Healthy, Slow};
use crate::world::blocking::Challenge;
use crate::world::failing::{Dead, Flapping, Upstream};
use crate::world::limiting::{Bucket, FixedWindow, Quota, SlidingCounter};
use crate::world::loading::{Overload, Shedding};
use crate::world::maintaining::{Absurd, Date, Delta, Unusable};
use crate::world::sharing::Shared;

/// Tries that a URL of its own trouble may cost: `--attempts`.
const BAD_PATH_TRIES: u64 = 4;
/// The numbers of the addresses that hosts share.
const GROUP_ADDRESS: Option<u8> = Some(0);
const NEIGHBOURS_ADDRESS: Option<u8> = Some(1);
/// Healthy hosts of a mix.
const HEALTHY_HOSTS: u64 = 3;

/// How a host's bound comes about.
pub(super) enum Rule {
    Fixed(Bound),
    /// By the honest client's play against the same script.
    Played {
        /// Whether time is judged.
        timed: bool,
    },
}

/// Draws a host of which so many pages are wanted.
pub(super) type Draw = fn(&mut Chance, u64) -> (Box<dyn Script>, Rule);

fn urls(chance: &mut Chance) -> u64 {
    100 + chance.up_to(300)
}

/// One host. It is drawn twice where its bound is played, for the play wears its script out.
pub(super) fn one(rng_seed: u64, draw: Draw) -> Host {
    let drawn = || {
        let mut chance = Chance::from_rng_seed(rng_seed);
        let urls = urls(&mut chance);
        let (script, rule) = draw(&mut chance, urls);
        (script, rule, urls, chance)
    };
    let (script, rule, urls, _) = drawn();
    let bound = match rule {
        Rule::Fixed(bound) => bound,
        Rule::Played { timed } => {
            let (mut other, _, _, mut chance) = drawn();
            bound::outage(&mut *other, urls, &mut chance, timed)
        }
    };
    Host { script, urls, address: None, bound: Some(bound) }
}

pub(super) fn maintenance(chance: &mut Chance, _urls: u64) -> (Box<dyn Script>, Rule) {
    let from_ms = chance.up_to(1) * chance.up_to(300);
    let until_ms = from_ms + 1_000 + chance.up_to(15_000);
    (Box::new(Delta::new(from_ms, until_ms, 1 + chance.up_to(9))), Rule::Played { timed: true })
}

pub(super) fn maintenance_date(chance: &mut Chance, _urls: u64) -> (Box<dyn Script>, Rule) {
    (Box::new(Date::draw(chance)), Rule::Played { timed: true })
}

pub(super) fn unusable(chance: &mut Chance, _urls: u64) -> (Box<dyn Script>, Rule) {
    (Box::new(Unusable::draw(chance)), Rule::Played { timed: false })
}

pub(super) fn upstream(chance: &mut Chance, _urls: u64) -> (Box<dyn Script>, Rule) {
    (Box::new(Upstream::draw(chance)), Rule::Played { timed: true })
}

pub(super) fn leaky_bucket(chance: &mut Chance, urls: u64) -> (Box<dyn Script>, Rule) {
    let script = Bucket::draw(chance);
    let bound = bound::limit(urls, script.clairvoyant_ms(urls), None);
    (Box::new(script), Rule::Fixed(bound))
}

fn window(script: FixedWindow, urls: u64, hold_ms: Option<u64>) -> (Box<dyn Script>, Rule) {
    let bound = bound::limit(urls, script.clairvoyant_ms(urls), hold_ms);
    (Box::new(script), Rule::Fixed(bound))
}

pub(super) fn fixed_window(chance: &mut Chance, urls: u64) -> (Box<dyn Script>, Rule) {
    window(FixedWindow::bare(chance), urls, None)
}

pub(super) fn too_many(chance: &mut Chance, urls: u64) -> (Box<dyn Script>, Rule) {
    let script = FixedWindow::too_many(chance);
    let hold_ms = script.window_ms();
    window(script, urls, Some(hold_ms))
}

pub(super) fn rate_fields(chance: &mut Chance, urls: u64) -> (Box<dyn Script>, Rule) {
    let script = FixedWindow::with_fields(chance);
    let hold_ms = script.window_ms();
    window(script, urls, Some(hold_ms))
}

pub(super) fn sliding_counter(chance: &mut Chance, urls: u64) -> (Box<dyn Script>, Rule) {
    let script = SlidingCounter::draw(chance);
    let bound = bound::limit(urls, script.clairvoyant_ms(urls), None);
    (Box::new(script), Rule::Fixed(bound))
}

pub(super) fn overload(chance: &mut Chance, urls: u64) -> (Box<dyn Script>, Rule) {
    let script = Overload::draw(chance);
    let bound = bound::overload(urls, script.capacity());
    (Box::new(script), Rule::Fixed(bound))
}

pub(super) fn shedding(chance: &mut Chance, urls: u64) -> (Box<dyn Script>, Rule) {
    let bound = Bound { honest_ms: None, ..bound::limit(urls, 0, None) };
    (Box::new(Shedding::draw(chance)), Rule::Fixed(bound))
}

pub(super) fn quota(chance: &mut Chance, urls: u64) -> (Box<dyn Script>, Rule) {
    let bound = Bound { honest_ms: None, ..bound::limit(urls, 0, None) };
    (Box::new(Quota::draw(chance, PATIENCE_MS)), Rule::Fixed(bound))
}

pub(super) fn flapping(chance: &mut Chance, urls: u64) -> (Box<dyn Script>, Rule) {
    let script = Flapping::draw(chance);
    let tries: Vec<u64> = (0..urls).map(|page| script.tries(&format!("/page/{page}"))).collect();
    (Box::new(script), Rule::Fixed(bound::flapping(&tries)))
}

pub(super) fn challenge(chance: &mut Chance, _urls: u64) -> (Box<dyn Script>, Rule) {
    (Box::new(Challenge::draw(chance)), Rule::Fixed(bound::closed()))
}

pub(super) fn absurd(_chance: &mut Chance, _urls: u64) -> (Box<dyn Script>, Rule) {
    (Box::new(Absurd), Rule::Fixed(bound::closed()))
}

pub(super) fn dead(chance: &mut Chance, _urls: u64) -> (Box<dyn Script>, Rule) {
    (Box::new(Dead::silent(chance, Cause::ConnectRefused)), Rule::Fixed(bound::dead()))
}

pub(super) fn slow(_chance: &mut Chance, urls: u64) -> (Box<dyn Script>, Rule) {
    (Box::new(Slow), Rule::Fixed(bound::well(urls, 0, 1)))
}

pub(super) fn bad_path(chance: &mut Chance, urls: u64) -> (Box<dyn Script>, Rule) {
    (Box::new(BadPath::draw(chance)), Rule::Fixed(bound::well(urls, 1, BAD_PATH_TRIES)))
}

/// How many pages are wanted of each of two to four hosts.
fn counts_of_several(chance: &mut Chance) -> Vec<u64> {
    (0..2 + chance.up_to(2)).map(|_| urls(chance)).collect()
}

/// Hosts behind one limiter, which are judged as one: the first carries the bound of all.
pub(super) fn group(rng_seed: u64) -> Vec<Host> {
    let mut chance = Chance::from_rng_seed(rng_seed);
    let counts = counts_of_several(&mut chance);
    let total = counts.iter().sum();
    let bucket = Bucket::draw(&mut chance);
    let mut bound = Some(bound::limit(total, bucket.clairvoyant_ms(total), None));
    let door = Rc::new(RefCell::new(bucket));
    let mut host = |urls| {
        let script = Box::new(Shared::behind(Rc::clone(&door)));
        Host { script, urls, address: GROUP_ADDRESS, bound: bound.take() }
    };
    counts.into_iter().map(&mut host).collect()
}

/// Hosts of one address that share no limiter.
pub(super) fn neighbours(rng_seed: u64) -> Vec<Host> {
    let mut chance = Chance::from_rng_seed(rng_seed);
    let counts = counts_of_several(&mut chance);
    let mut host = |urls| {
        let bucket = Bucket::draw(&mut chance);
        let bound = bound::limit(urls, bucket.clairvoyant_ms(urls), None);
        Host { script: Box::new(Shared::beside(bucket)), urls, address: NEIGHBOURS_ADDRESS, bound: Some(bound) }
    };
    counts.into_iter().map(&mut host).collect()
}

/// Hosts that answer everything.
pub(super) fn healthy(rng_seed: u64) -> Vec<Host> {
    let host = |number| {
        let urls = urls(&mut Chance::from_rng_seed(rng_seed.wrapping_add(number)));
        Host { script: Box::new(Healthy::steady()), urls, address: None, bound: Some(bound::well(urls, 0, 1)) }
    };
    (0..HEALTHY_HOSTS).map(host).collect()
}
