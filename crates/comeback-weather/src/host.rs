//! One host: its script under way, the hold it has stated, and what it counts. Pure: time comes in with each request.

use std::net::SocketAddr;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, SystemTime};

use http::StatusCode;

use crate::behaviour::{Answer, Behaviour, Body, Moment, Reaction};
use crate::hold::Hold;
use crate::parameter::Skew;
use crate::tally::{Counts, HostTally};

/// The path that robots ask first (RFC 9309, section 2.3).
const ROBOTS_PATH: &str = "/robots.txt";

/// A host, as many connections share it.
#[derive(Debug)]
pub(crate) struct Host {
    pub(crate) name: String,
    pub(crate) address: SocketAddr,
    pub(crate) about: String,
    /// How long every answer takes, beside what the behaviour says.
    pub(crate) latency: Duration,
    pub(crate) clock: Skew,
    /// What robots.txt says; 404 where nothing is said.
    pub(crate) robots: Option<String>,
    /// How many pages the front page links to.
    pub(crate) pages: u32,
    /// Whether anybody takes connections here.
    pub(crate) listens: bool,
    /// Several hosts have one where the world says that they share it.
    pub(crate) script: Arc<Mutex<Running>>,
    pub(crate) account: Mutex<Account>,
}

/// A behaviour under way, and when it began.
#[derive(Debug)]
pub(crate) struct Running {
    behaviour: Box<dyn Behaviour>,
    began_at: Option<Duration>,
}

impl Running {
    pub(crate) const fn new(behaviour: Box<dyn Behaviour>) -> Self {
        Self { behaviour, began_at: None }
    }
}

/// What the host said and counts.
#[derive(Debug, Default)]
pub(crate) struct Account {
    hold: Hold,
    counts: Counts,
}

/// What was found about a request, for the log.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Judgement {
    /// `None` where no answer comes.
    pub(crate) status: Option<StatusCode>,
    pub(crate) is_robots: bool,
    pub(crate) is_well: bool,
    pub(crate) hold_broken: bool,
}

impl Host {
    /// Takes a request that arrives `now` (since the weather's beginning, and by the true clock).
    pub(crate) fn receive(&self, now: Duration, true_wall: SystemTime, path: &str) -> (Reaction, Judgement) {
        let is_robots = path == ROBOTS_PATH;
        let reaction = self.react(now, true_wall, path, is_robots);
        let (status, is_well, stated) = match &reaction {
            Reaction::Answer(answer) => (Some(answer.status), answer.is_well, answer.hold.map(|hold| (answer.delay, hold))),
            Reaction::Silence | Reaction::Hangup => (None, false, None),
        };
        let mut account = locked(&self.account);
        let hold_broken = account.hold.is_broken(now);
        if let Some((delay, stays)) = stated {
            account.hold.state(now, now + delay, stays);
        }
        account.counts.add(is_robots, is_well, hold_broken);
        (reaction, Judgement { status, is_robots, is_well, hold_broken })
    }

    fn react(&self, now: Duration, true_wall: SystemTime, path: &str, is_robots: bool) -> Reaction {
        let mut script = locked(&self.script);
        let began_at = *script.began_at.get_or_insert(now);
        let at = Moment { since_first: now.saturating_sub(began_at), wall: self.wall(true_wall) };
        let reaction = if is_robots {
            script.behaviour.robots(at).unwrap_or_else(|| self.robots_answer().into())
        } else {
            script.behaviour.answer(at, path)
        };
        match reaction {
            Reaction::Answer(mut answer) => {
                answer.delay += self.latency;
                if answer.body == Body::Page {
                    answer.body = Body::Html(self.page(path));
                }
                answer.into()
            }
            Reaction::Silence => Reaction::Silence,
            Reaction::Hangup => Reaction::Hangup,
        }
    }

    /// What the host's own clock shows.
    pub(crate) fn wall(&self, true_wall: SystemTime) -> SystemTime {
        let Skew { is_behind, span } = self.clock;
        let shown = if is_behind { true_wall.checked_sub(span.0) } else { true_wall.checked_add(span.0) };
        shown.unwrap_or(true_wall)
    }

    fn robots_answer(&self) -> Answer {
        match &self.robots {
            Some(text) => Answer { body: Body::Text(text.clone()), ..Answer::page() },
            None => Answer::refusal(StatusCode::NOT_FOUND, "There is no robots.txt."),
        }
    }

    /// The page of a path: the front page links to the others, and each to the next.
    fn page(&self, path: &str) -> String {
        let title = format!("{} {}", escaped(&self.name), escaped(path));
        let links: Vec<u32> = match page_number(path) {
            Some(number) => Some(number + 1).filter(|next| *next <= self.pages).into_iter().collect(),
            None => (1..=self.pages).collect(),
        };
        let links: String = links.iter().map(|page| format!("<a href=\"/page/{page}\">page {page}</a>\n")).collect();
        format!("<!doctype html>\n<title>{title}</title>\n<h1>{title}</h1>\n<p>This page is well.</p>\n{links}")
    }

    /// What it counts, at this moment.
    pub(crate) fn tally(&self) -> HostTally {
        let Counts { well, wasted, violations, robots } = locked(&self.account).counts;
        HostTally {
            name: self.name.clone(),
            address: self.address,
            about: self.about.clone(),
            requests: well + wasted,
            well,
            wasted,
            violations,
            robots,
        }
    }
}

/// The number of `/page/N`; below the largest, so that there is a next one.
fn page_number(path: &str) -> Option<u32> {
    path.strip_prefix("/page/").and_then(|number| number.parse().ok()).filter(|number| *number < u32::MAX)
}

fn escaped(text: &str) -> String {
    text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;")
}

/// A panic elsewhere leaves counts that are still counts.
fn locked<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

#[cfg(test)]
mod tests {
    use std::time::UNIX_EPOCH;

    use super::*;
    use crate::World;

    fn hosts(world: &str) -> Vec<Host> {
        World::parse(world).unwrap().hosts(1)
    }

    fn ask(host: &Host, ms: u64, path: &str) -> Judgement {
        let now = Duration::from_millis(ms);
        host.receive(now, UNIX_EPOCH + Duration::from_secs(1_795_478_400) + now, path).1
    }

    #[test]
    fn whoever_asks_within_the_hold_breaks_it() {
        let host = &hosts("[[host]]\nbehaviour = \"maintenance\"\nfor = \"5s\"")[0];
        let broken = [1_000, 1_010, 2_000, 5_000, 5_961, 7_000].map(|ms| ask(host, ms, "/page/1").hold_broken);
        assert_eq!(broken, [false, false, true, true, false, false]);
        let HostTally { requests, well, wasted, violations, robots, .. } = host.tally();
        assert_eq!((requests, well, wasted, violations, robots), (6, 1, 5, 2, 0));
    }

    #[test]
    fn a_script_begins_with_the_first_request_whenever_it_comes() {
        for start in [0, 3_600_000] {
            let host = &hosts("[[host]]\nbehaviour = \"maintenance\"\nfor = \"5s\"")[0];
            assert_eq!([0, 4_999, 5_000].map(|ms| ask(host, start + ms, "/").is_well), [false, false, true]);
        }
    }

    #[test]
    fn robots_begin_the_script_and_take_no_page() {
        let host = &hosts("[[host]]\nbehaviour = \"quota\"\nanswers = 1\nresets_after = \"10s\"")[0];
        for ms in [0, 1, 2] {
            assert_eq!(ask(host, ms, "/robots.txt").status, Some(StatusCode::NOT_FOUND));
        }
        assert!(ask(host, 5_000, "/page/1").is_well);
        let tally = host.tally();
        assert_eq!((tally.requests, tally.robots), (1, 3));
        let host = &hosts("[[host]]\nbehaviour = \"maintenance\"\nfor = \"5s\"\nrobots = \"User-agent: *\"")[0];
        assert_eq!(ask(host, 0, "/robots.txt").status, Some(StatusCode::SERVICE_UNAVAILABLE));
        assert!(ask(host, 1_000, "/robots.txt").hold_broken);
        assert_eq!(ask(host, 6_000, "/robots.txt").status, Some(StatusCode::OK));
    }

    #[test]
    fn hosts_that_share_are_counted_together() {
        let group = hosts("[[host]]\nbehaviour = \"quota\"\nanswers = 3\nresets_after = \"10s\"\ncount = 3\nshared = true");
        let well: Vec<_> = (0..2).flat_map(|_| group.iter()).map(|host| ask(host, 0, "/").is_well).collect();
        assert_eq!(well, [true, true, true, false, false, false]);
        let alone = hosts("[[host]]\nbehaviour = \"quota\"\nanswers = 3\ncount = 3");
        assert!((0..3).flat_map(|_| alone.iter()).all(|host| ask(host, 0, "/").is_well));
    }

    #[test]
    fn a_wrong_clock_is_wrong_in_the_date_and_right_in_the_wait() {
        let host = &hosts("[[host]]\nbehaviour = \"maintenance\"\nretry_after = \"date\"\nclock = \"-1h\"")[0];
        let wall = UNIX_EPOCH + Duration::from_secs(1_795_478_400);
        let (Reaction::Answer(answer), _) = host.receive(Duration::ZERO, wall, "/") else { panic!("an answer comes") };
        assert_eq!(answer.fields[0].1, "Mon, 23 Nov 2026 23:00:05 GMT");
        assert_eq!(answer.hold, Some(Duration::from_secs(5)));
    }

    #[test]
    fn pages_lead_to_the_next_until_the_last() {
        let host = &hosts("[[host]]\nbehaviour = \"healthy\"\npages = 3")[0];
        assert_eq!(host.page("/").matches("<a ").count(), 3);
        assert!(host.page("/page/2").contains("/page/3") && !host.page("/page/3").contains("<a "));
        assert!(!host.page("/page/4294967295<b>").contains("<b>"));
    }
}
