//! What a commit says anew of a host: it began to wait, it recovered, or all its URLs are settled.
//!
//! Derived from the hosts' records before and after, so that what is told is what is committed. A host that only keeps a gap between its
//! requests has no record and is no news.

use comeback_archive::TimeText;
use comeback_engine::commit::{Condemnation, HostRecord};
use comeback_engine::diagnosis::cause::Cause;

use crate::watcher::Notice;

/// What the record after says that the record before did not.
pub(crate) fn news(before: Option<&HostRecord>, after: &HostRecord) -> Option<Notice> {
    let host = after.host.as_str().to_owned();
    let was_condemned = before.is_some_and(|before| before.condemned.is_some());
    match (&after.condemned, before.is_some_and(waits), waits(after)) {
        (Some(condemned), _, _) if !was_condemned => {
            let Condemnation { outcome, cause, until, evidence } = condemned.clone();
            Some(Notice::HostSettled { host, outcome, cause, until: until.map(TimeText), evidence })
        }
        (Some(_), _, _) => None,
        (None, false, true) => Some(held(after)),
        (None, true, false) => Some(Notice::HostRecovered { host }),
        (None, true, true) | (None, false, false) => None,
    }
}

const fn waits(record: &HostRecord) -> bool {
    record.hold.is_some() || record.trouble.is_some()
}

fn held(record: &HostRecord) -> Notice {
    let HostRecord { host, hold, patience, trouble, condemned: _ } = record;
    let since = patience.as_ref().map(|patience| patience.since).or(hold.as_ref().map(|hold| hold.since));
    let until = hold.as_ref().map(|hold| hold.until).max(trouble.as_ref().map(|trouble| trouble.next_probe_at));
    let until = until.unwrap_or_default();
    let cause = trouble.as_ref().map(|trouble| trouble.cause).or(patience.as_ref().map(|patience| patience.cause));
    let because = hold.as_ref().map_or("the host refuses; the next probe is due then", |hold| &hold.because);
    Notice::HostHeld {
        host: host.as_str().to_owned(),
        cause: cause.unwrap_or(Cause::None),
        because: because.to_owned(),
        since: TimeText(since.unwrap_or(until)),
        until: TimeText(until),
    }
}

#[cfg(test)]
mod tests {
    use comeback_engine::commit::{HoldRecord, PatienceRecord, TroubleRecord};
    use comeback_engine::diagnosis::clock::WallTime;
    use comeback_engine::host_key::HostKey;
    use comeback_engine::outcome::Outcome;

    use super::*;

    fn well() -> HostRecord {
        let host = HostKey::of(&"http://a.example/".parse().unwrap()).unwrap();
        HostRecord { host, hold: None, patience: None, trouble: None, condemned: None }
    }

    fn in_trouble() -> HostRecord {
        let cause = Cause::Maintenance;
        HostRecord {
            patience: Some(PatienceRecord { since: WallTime(10), spent_ms: 0, cause, evidence: Vec::new() }),
            trouble: Some(TroubleRecord { gap_ms: 1_000, probes: 0, stated: 0, next_probe_at: WallTime(1_010), cause }),
            ..well()
        }
    }

    fn condemned() -> HostRecord {
        let condemned = Condemnation {
            outcome: Outcome::Parked,
            cause: Cause::BotChallenge,
            until: None,
            evidence: vec!["cf-mitigated".into()],
        };
        HostRecord { condemned: Some(condemned), ..in_trouble() }
    }

    #[test]
    fn a_host_that_begins_to_wait_is_told_once() {
        let told = news(None, &in_trouble());
        let Some(Notice::HostHeld { cause, since, until, .. }) = told else { panic!("{told:?}") };
        assert_eq!((cause, since.0, until.0), (Cause::Maintenance, WallTime(10), WallTime(1_010)));
        assert!(news(Some(&in_trouble()), &in_trouble()).is_none());
        assert!(news(Some(&well()), &in_trouble()).is_some());
    }

    #[test]
    fn the_later_of_hold_and_probe_is_when_it_is_asked_again() {
        let hold = HoldRecord { since: WallTime(5), until: WallTime(90_000), because: "Retry-After".into() };
        let told = news(None, &HostRecord { hold: Some(hold.clone()), ..in_trouble() });
        let Some(Notice::HostHeld { because, until, .. }) = told else { panic!("{told:?}") };
        assert_eq!((because.as_str(), until.0), ("Retry-After", WallTime(90_000)));
        let told = news(None, &HostRecord { hold: Some(hold), ..well() });
        let Some(Notice::HostHeld { cause, since, .. }) = told else { panic!("{told:?}") };
        assert_eq!((cause, since.0), (Cause::None, WallTime(5)));
    }

    #[test]
    fn recovery_and_condemnation_end_a_wait() {
        assert!(matches!(news(Some(&in_trouble()), &well()), Some(Notice::HostRecovered { .. })));
        assert!(matches!(news(Some(&in_trouble()), &condemned()), Some(Notice::HostSettled { outcome: Outcome::Parked, .. })));
        assert!(matches!(news(None, &condemned()), Some(Notice::HostSettled { .. })));
        assert!(news(Some(&condemned()), &condemned()).is_none());
        assert!(news(None, &well()).is_none() && news(Some(&well()), &well()).is_none());
    }
}
