//! Accounts and progress for the tests of the texts.

use comeback_archive::{FileLength, OutcomeRow, TimeText};
use comeback_engine::diagnosis::cause::Cause;
use comeback_engine::diagnosis::clock::WallTime;
use comeback_engine::outcome::Outcome;

use super::Account;
use crate::progress::{JobState, Progress, UrlCounts};

pub(super) fn row(host: &str, outcome: Outcome, cause: Cause, until: Option<&str>) -> OutcomeRow {
    let json = serde_json::json!({
        "url": "u", "host": host, "outcome": outcome, "cause": cause, "status": null, "attempts": 0, "requests": 2,
        "route": null, "bytes": 0, "first_at": "2026-11-23T21:00:00Z", "settled_at": "2026-11-23T21:01:00Z", "until": until,
        "credits": 0, "evidence": [], "warc": null, "meta": null
    });
    serde_json::from_value(json).unwrap()
}

pub(super) fn files(paths: &[&str]) -> Vec<FileLength> {
    paths.iter().map(|path| FileLength { path: (*path).to_owned(), bytes: 1 }).collect()
}

pub(super) fn progress(queued: u64) -> Progress {
    Progress {
        job: "j".into(),
        state: JobState::Done,
        urls: UrlCounts { queued, ..UrlCounts::default() },
        requests: 2_000,
        robots_requests: 2,
        bytes: 3 << 20,
        duplicates: 1,
        bad_lines: 0,
        lists_unread: 0,
        eta_s: None,
        hosts_waiting: Vec::new(),
        files: files(&["outcomes/p001-0001.jsonl", "warc/p001-0001.warc.gz"]),
        updated_at: TimeText(WallTime(0)),
    }
}

pub(super) fn account() -> Account {
    let mut account = Account::default();
    for (host, outcome, cause, until) in [
        ("http://a.example:80", Outcome::Fetched, Cause::None, None),
        ("http://b.example:80", Outcome::Parked, Cause::Quota, Some("2026-11-25T00:00:00Z")),
        ("http://b.example:80", Outcome::Parked, Cause::Quota, Some("2026-11-24T00:00:00Z")),
        ("http://c.example:80", Outcome::Failed, Cause::Dns, None),
    ] {
        account.take(&row(host, outcome, cause, until));
    }
    account
}
