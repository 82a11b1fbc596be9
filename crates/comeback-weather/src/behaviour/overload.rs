//! A host with a capacity and a queue: late before it refuses, and busy with work that nobody waits for any more.
//!
//! Whatever was taken into the queue is done, whether its client is still there or not. With a `timeout`, a proxy in front answers
//! 504 when it is over, and the work behind it goes on: a client that asks again at once keeps the host from ever catching up.

use std::time::Duration;

use http::StatusCode;
use serde::Deserialize;

use super::{Answer, Behaviour, Moment, Reaction, Script};
use crate::parameter::{Rate, Share, Span};

/// Refusals may cost at most as much as this many full queues.
const BACKLOG_QUEUES_MAX: f64 = 2.0;

#[derive(Debug, Clone, Copy, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub(super) struct Overload {
    /// How many pages it can make.
    capacity: Rate,
    /// How many requests may wait.
    queue: u16,
    /// After what wait a proxy in front gives up.
    timeout: Option<Span>,
    /// What a refusal costs, as a share of a page.
    refusal_cost: Share,
}

impl Default for Overload {
    fn default() -> Self {
        Self { capacity: Rate(10.0), queue: 10, timeout: None, refusal_cost: Share(0.0) }
    }
}

impl Script for Overload {
    fn describe(&self) -> String {
        let Self { capacity, queue, timeout, refusal_cost } = self;
        let timeout = timeout.map(|timeout| format!(", 504 after {timeout}")).unwrap_or_default();
        let cost = if refusal_cost.0 > 0.0 { format!(", a refusal costs {refusal_cost} of a page") } else { String::new() };
        format!("makes {capacity}, {queue} may wait, then 503{timeout}{cost}")
    }

    fn begin(&self, _rng_seed: u64) -> Box<dyn Behaviour> {
        Box::new(Loaded { of: *self, busy_until: Duration::ZERO })
    }
}

/// It works from its first request on; all that was taken is done at `busy_until`.
#[derive(Debug)]
struct Loaded {
    of: Overload,
    busy_until: Duration,
}

impl Behaviour for Loaded {
    fn answer(&mut self, at: Moment, _path: &str) -> Reaction {
        let Overload { capacity, queue, timeout, refusal_cost } = self.of;
        let page = Duration::from_secs_f64(1.0 / capacity.0);
        let busy = self.busy_until.saturating_sub(at.since_first);
        // One more is being worked on.
        let places = f64::from(queue) + 1.0;
        if busy.as_secs_f64() > (places - 1.0) * page.as_secs_f64() {
            let most = page.mul_f64(places * BACKLOG_QUEUES_MAX);
            self.busy_until = at.since_first + (busy + page.mul_f64(refusal_cost.0)).min(most.max(busy));
            return Answer::refusal(StatusCode::SERVICE_UNAVAILABLE, "Too many requests are waiting.").into();
        }
        let delay = busy + page;
        self.busy_until = at.since_first + delay;
        match timeout {
            Some(timeout) if delay > timeout.0 => {
                Answer { delay: timeout.0, ..Answer::refusal(StatusCode::GATEWAY_TIMEOUT, "The server behind takes too long.") }
                    .into()
            }
            Some(_) | None => Answer { delay, ..Answer::page() }.into(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::behaviour::rehearsal::{ask, begin, status};

    #[test]
    fn within_its_capacity_it_is_quick() {
        let mut host = begin("overload", "capacity = 10");
        assert!((0..50).all(|index| ask(&mut host, index * 100, "/").delay == Duration::from_millis(100)));
    }

    #[test]
    fn a_burst_queues_then_is_refused_and_the_queue_drains() {
        let mut host = begin("overload", "capacity = 10\nqueue = 4");
        let answers: Vec<_> = (0..7).map(|_| ask(&mut host, 0, "/")).collect();
        let delays: Vec<_> = answers[..5].iter().map(|answer| answer.delay.as_millis()).collect();
        assert_eq!(delays, [100, 200, 300, 400, 500]);
        assert!(answers[5..].iter().all(|answer| answer.status == 503));
        assert_eq!(status(&mut host, 100), 200);
    }

    #[test]
    fn abandoned_work_is_done_all_the_same() {
        let mut host = begin("overload", "capacity = 10\nqueue = 100\ntimeout = \"500ms\"");
        let well = (0..50).filter(|_| status(&mut host, 0) == 200).count();
        assert_eq!(well, 5);
        // The proxy has given up on all; the server works on for five seconds.
        assert_eq!([status(&mut host, 1_000), status(&mut host, 4_400), status(&mut host, 5_500)], [504, 504, 200]);
    }

    #[test]
    fn refusals_that_cost_keep_it_down() {
        let parameters = "capacity = 10\nqueue = 5\nrefusal_cost = 0.5";
        let (mut hammered, mut left_alone) = (begin("overload", parameters), begin("overload", parameters));
        let well = |host: &mut _, gap_ms: u64| (0..10_000 / gap_ms).filter(|index| status(host, index * gap_ms) == 200).count();
        assert!(well(&mut hammered, 10) < 10);
        assert_eq!(well(&mut left_alone, 100), 100);
    }
}
