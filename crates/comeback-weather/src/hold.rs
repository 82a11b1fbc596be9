//! What a host has told its clients: to stay away, and until when.
//!
//! A hold comes from a usable Retry-After and from nothing else. It is judged leniently at both ends, since a request can cross the
//! refusal on the wire and a clock ticks in steps: what still counts as a broken hold was sent by someone who knew.

use std::time::Duration;

/// A request that comes within this time after the refusal was sent may have left before it came. Mostly it is a matter of a few
/// milliseconds; a client on a busy machine, with many requests under way, was seen to need 58.
const CROSSING: Duration = Duration::from_millis(250);

/// A request that comes within this time before the hold's end is in time.
const GRACE: Duration = Duration::from_millis(50);

/// The hold of one host. All times are since the weather's beginning.
#[derive(Debug, Default)]
pub(crate) struct Hold {
    standing: Option<Standing>,
}

#[derive(Debug, Clone, Copy)]
struct Standing {
    sent_at: Duration,
    until: Duration,
}

impl Hold {
    /// Whether a request that arrives now breaks it.
    pub(crate) fn is_broken(&self, now: Duration) -> bool {
        self.standing.is_some_and(|Standing { sent_at, until }| sent_at + CROSSING <= now && now + GRACE < until)
    }

    /// A refusal says, from `now` on, to stay away for a time; it is sent at `sent_at`. What stands already goes on standing.
    pub(crate) fn state(&mut self, now: Duration, sent_at: Duration, stays: Duration) {
        let until = now.saturating_add(stays);
        self.standing = Some(match self.standing {
            Some(standing) if standing.until > now => {
                Standing { sent_at: standing.sent_at.min(sent_at), until: standing.until.max(until) }
            }
            Some(_) | None => Standing { sent_at, until },
        });
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn ms(ms: u64) -> Duration {
        Duration::from_millis(ms)
    }

    #[test]
    fn a_hold_stands_from_its_sending_to_its_end_with_grace() {
        let mut hold = Hold::default();
        assert!(!hold.is_broken(ms(0)));
        hold.state(ms(1_000), ms(1_100), ms(2_000));
        let broken = [1_000, 1_349, 1_350, 2_000, 2_949, 2_950, 3_000, 9_000].map(|at| hold.is_broken(ms(at)));
        assert_eq!(broken, [false, false, true, true, true, false, false, false]);
    }

    #[test]
    fn a_later_statement_never_shortens_what_stands() {
        let mut hold = Hold::default();
        hold.state(ms(0), ms(0), ms(10_000));
        hold.state(ms(1_000), ms(1_000), ms(1_000));
        assert!(hold.is_broken(ms(1_010)) && hold.is_broken(ms(9_900)));
        hold.state(ms(20_000), ms(20_000), ms(1_000));
        assert!(!hold.is_broken(ms(20_010)) && hold.is_broken(ms(20_500)));
        hold.state(ms(30_000), ms(30_000), Duration::MAX);
        assert!(hold.is_broken(ms(u64::MAX / 2)));
    }
}
