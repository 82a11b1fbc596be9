//! The invented web: each host has one script.
//!
//! A script sees a request arrive at the server's own time and says what the server answers. It shares no code and no constants
//! with the policy. A new behaviour is a new file and a line in [`draw`].

use comeback_engine::Chance;
use comeback_engine::diagnosis::cause::Cause;

use crate::retries::Answered;

pub(crate) mod answering;
pub(crate) mod blocking;
pub(crate) mod failing;
pub(crate) mod limiting;
pub(crate) mod loading;
pub(crate) mod maintaining;
mod redirecting;
pub(crate) mod sharing;

/// A short page that wants proof of a human.
pub(crate) const CHALLENGE: &str = "<html><head><title>Just a moment...</title></head><body><h1>Checking if the site connection is secure</h1>\
    <p>Enable JavaScript and cookies to continue</p></body></html>";

/// What a server does with a request.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Reply {
    /// It answers after a while.
    Answer { status: u16, fields: Vec<(&'static str, String)>, body: &'static str, after_ms: u64 },
    /// Nothing comes; the client finds out after a while, calls it so, and may know that it lasts.
    Nothing { cause: Cause, is_lasting: bool, after_ms: u64 },
}

impl Reply {
    pub(crate) fn plain(status: u16, after_ms: u64) -> Self {
        Self::Answer { status, fields: Vec::new(), body: "page", after_ms }
    }

    /// Whether it is what the client came for, or a final answer.
    pub(crate) fn is_page(&self) -> bool {
        match self {
            Self::Answer { status, body, .. } => *status == 404 || (*status == 200 && *body != CHALLENGE),
            Self::Nothing { .. } => false,
        }
    }

    /// What it tells of its host's health; a robots.txt that is answered, or is not there, tells nothing.
    pub(crate) fn answered(&self, is_robots: bool) -> Option<Answered> {
        match self {
            Self::Answer { status, fields, .. } if *status >= 500 || *status == 429 => {
                Some(Answered::Refused { stated: stated_ms(fields).is_some() })
            }
            Self::Answer { .. } => (!is_robots).then_some(Answered::Well),
            Self::Nothing { .. } => Some(Answered::Refused { stated: false }),
        }
    }

    pub(crate) fn with_field(status: u16, name: &'static str, value: impl Into<String>, after_ms: u64) -> Self {
        Self::Answer { status, fields: vec![(name, value.into())], body: "page", after_ms }
    }
}

/// How long the server asks to stay away, by its own clock: what every client could know.
pub(crate) fn stated_ms(fields: &[(&'static str, String)]) -> Option<u64> {
    let value = |wanted: &str| fields.iter().find(|(name, _)| *name == wanted).map(|(_, value)| value.as_str());
    let retry_after = value("Retry-After")?;
    if let Ok(seconds) = retry_after.parse::<u64>() {
        return Some(seconds * 1000).filter(|delay_ms| *delay_ms > 0);
    }
    let until = httpdate::parse_http_date(retry_after).ok()?;
    let date = httpdate::parse_http_date(value("Date")?).ok()?;
    Some(until.duration_since(date).ok()?.as_secs() * 1000).filter(|delay_ms| *delay_ms > 0)
}

/// A request as it arrives.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Arrival<'a> {
    /// The true time, in milliseconds since the run's beginning.
    pub(crate) at_ms: u64,
    /// The true time, in milliseconds since the Unix epoch.
    pub(crate) wall_ms: u64,
    /// The path asked for.
    pub(crate) path: &'a str,
}

/// One host's behaviour.
pub(crate) trait Script: std::fmt::Debug {
    /// Answers a request.
    fn receive(&mut self, arrival: Arrival<'_>, chance: &mut Chance) -> Reply;

    /// The answer to robots.txt; by default there is none.
    fn robots(&mut self, _arrival: Arrival<'_>, chance: &mut Chance) -> Reply {
        Reply::plain(404, 1 + chance.up_to(50))
    }

    /// The behaviour's name, for findings and scores.
    fn name(&self) -> &'static str;

    /// The gap that its robots.txt asks for.
    fn crawl_delay_ms(&self) -> Option<u64> {
        None
    }

    /// Whether a client may give it up only when its patience is spent.
    fn is_worth_patience(&self) -> bool {
        false
    }

    /// Whether a page can be had by waiting, and must be had then.
    fn promise(&self, path: &str) -> Promise;
}

/// What a client that does everything right gets of a page.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Promise {
    /// The page, or a final answer.
    Had,
    /// Neither.
    NotHad,
    /// It depends.
    Open,
}

/// Draws a script for a host of a web with so many hosts, whose clients have so much patience.
pub(crate) fn draw(chance: &mut Chance, hosts: u64, patience_ms: u64) -> Box<dyn Script> {
    match chance.up_to(21) {
        0 | 1 => Box::new(answering::Healthy::draw(chance)),
        2 => Box::new(answering::Slow),
        3 => Box::new(answering::BadPath::draw(chance)),
        4 => Box::new(maintaining::Delta::draw(chance, patience_ms)),
        5 => Box::new(maintaining::Date::draw(chance)),
        6 => Box::new(maintaining::Unusable::draw(chance)),
        7 => Box::new(maintaining::Absurd),
        8 => Box::new(limiting::Bucket::draw(chance)),
        9 => Box::new(limiting::FixedWindow::too_many(chance)),
        10 => Box::new(failing::Flapping::draw(chance)),
        11 => Box::new(failing::Dead::draw(chance)),
        12 => Box::new(failing::RobotsDown::draw(chance)),
        13 => Box::new(blocking::Challenge::draw(chance)),
        14 => Box::new(blocking::Forbidding),
        15 => Box::new(limiting::SlidingCounter::draw(chance)),
        16 => Box::new(limiting::FixedWindow::with_fields(chance)),
        17 => Box::new(limiting::Quota::draw(chance, patience_ms)),
        18 => Box::new(loading::Overload::draw(chance)),
        19 => Box::new(loading::Shedding::draw(chance)),
        20 => Box::new(failing::Upstream::draw(chance)),
        _ => Box::new(redirecting::Redirecting::draw(chance, hosts)),
    }
}
