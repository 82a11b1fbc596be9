//! A host that is away for a while, robots.txt included, and mostly says until when.

use std::time::Duration;

use serde::Deserialize;

use super::{Answer, Behaviour, Moment, Reaction, RetryAfter, Script};
use crate::parameter::{Span, Status};

#[derive(Debug, Clone, Copy, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub(super) struct Maintenance {
    /// When it begins, from the host's first request on.
    from: Span,
    /// How long it lasts.
    #[serde(rename = "for")]
    lasts: Span,
    status: Status,
    retry_after: RetryAfter,
    /// What every refusal says is left; by default what is left indeed.
    says: Option<Span>,
}

impl Default for Maintenance {
    fn default() -> Self {
        Self {
            from: Span::seconds(0),
            lasts: Span::seconds(5),
            status: Status(http::StatusCode::SERVICE_UNAVAILABLE),
            retry_after: RetryAfter::Seconds,
            says: None,
        }
    }
}

impl Maintenance {
    /// What is left of it, while it lasts.
    fn left(&self, since_first: Duration) -> Option<Duration> {
        let end = self.from.0 + self.lasts.0;
        (self.from.0..end).contains(&since_first).then(|| end - since_first)
    }

    fn refusal(&self, at: Moment) -> Option<Reaction> {
        let left = self.left(at.since_first)?;
        let said = self.says.map_or(left, |span| span.0);
        let answer = Answer::refusal(self.status.0, "Down for maintenance. We will be back soon.");
        Some(answer.asking_back(self.retry_after, said, at).into())
    }
}

impl Script for Maintenance {
    fn describe(&self) -> String {
        let Self { from, lasts, status, retry_after, says } = self;
        let begin = if from.0.is_zero() { String::new() } else { format!(" after {from}") };
        let says = says.map(|says| format!(" ({says})")).unwrap_or_default();
        format!("{status} for {lasts}{begin}, {}{says}", retry_after.phrase())
    }

    fn begin(&self, _rng_seed: u64) -> Box<dyn Behaviour> {
        Box::new(*self)
    }
}

impl Behaviour for Maintenance {
    fn answer(&mut self, at: Moment, _path: &str) -> Reaction {
        self.refusal(at).unwrap_or_else(|| Answer::page().into())
    }

    fn robots(&mut self, at: Moment) -> Option<Reaction> {
        self.refusal(at)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::behaviour::rehearsal::{ask, begin, moment, status};

    #[test]
    fn it_begins_and_ends_in_time_and_says_what_is_left() {
        let mut host = begin("maintenance", "from = \"2s\"\nfor = \"3s\"");
        assert_eq!([0, 1_999, 2_000, 4_999, 5_000].map(|ms| status(&mut host, ms)), [200, 200, 503, 503, 200]);
        let refusal = ask(&mut host, 2_500, "/page/1");
        assert_eq!(refusal.fields[0].1, "3");
        assert_eq!(refusal.hold, Some(Duration::from_secs(3)));
        assert!(host.robots(moment(2_500)).is_some() && host.robots(moment(5_000)).is_none());
    }

    #[test]
    fn a_date_is_one_of_the_hosts_own_clock() {
        let mut host = begin("maintenance", "retry_after = \"date\"");
        assert_eq!(ask(&mut host, 500, "/page/1").fields[0].1, "Tue, 24 Nov 2026 00:00:05 GMT");
    }

    #[test]
    fn it_may_say_less_than_is_left_or_nothing() {
        let mut host = begin("maintenance", "says = \"1s\"\nfor = \"1h\"");
        assert_eq!(ask(&mut host, 0, "/page/1").hold, Some(Duration::from_secs(1)));
        let mut host = begin("maintenance", "retry_after = \"none\"\nstatus = 502");
        let refusal = ask(&mut host, 0, "/page/1");
        assert_eq!((refusal.hold, refusal.fields.len(), refusal.status.as_u16()), (None, 0, 502));
    }
}
