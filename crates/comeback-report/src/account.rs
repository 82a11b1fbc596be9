//! The account of a job: how its URLs ended, why, where, and what a person can do next.
//!
//! It is built from the committed rows, one after another, so it holds for a running job as well. It is text for a terminal; single
//! URLs are the `outcomes` command's.

use std::collections::BTreeMap;

use comeback_archive::OutcomeRow;
use comeback_engine::diagnosis::cause::Cause;
use comeback_engine::diagnosis::clock::WallTime;
use comeback_engine::diagnosis::knowledge::Knowledge;
use comeback_engine::outcome::Outcome;

use crate::figures::{count, counted, plain, size, span, time};
use crate::progress::{Progress, UrlCounts};

/// Hosts that are told apart; the URLs of any further host are counted together.
pub const HOSTS_COUNTED_MAX: usize = 1_000_000;

/// Hosts that the report names.
pub const HOSTS_SHOWN_MAX: usize = 10;

/// How the URLs of a job ended.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Account {
    outcomes: [u64; Outcome::ALL.len()],
    causes: BTreeMap<(Outcome, Cause), CauseCount>,
    hosts: BTreeMap<String, HostCount>,
    other_hosts: HostCount,
    first_at: Option<WallTime>,
    last_at: Option<WallTime>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
struct CauseCount {
    urls: u64,
    /// The earliest time at which one of them may be asked again.
    until: Option<WallTime>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
struct HostCount {
    urls: u64,
    unfinished: u64,
    requests: u64,
}

impl HostCount {
    fn take(&mut self, row: &OutcomeRow) {
        self.urls += 1;
        self.unfinished += u64::from(row.outcome.is_unfinished());
        self.requests += u64::from(row.requests);
    }
}

/// Where an outcome is counted.
fn place(outcome: Outcome) -> usize {
    Outcome::ALL.iter().position(|other| *other == outcome).expect("ALL holds every outcome")
}

/// The folders that hold committed results, below the job's DIR.
fn result_folders(dir: &str, progress: &Progress) -> Vec<String> {
    let holds_some = |folder: &str| {
        let in_folder = |path: &str| path.strip_prefix(folder).is_some_and(|rest| rest.starts_with('/'));
        progress.files.iter().any(|file| file.bytes > 0 && in_folder(&file.path))
    };
    ["outcomes", "warc"].into_iter().filter(|folder| holds_some(folder)).map(|folder| format!("{dir}/{folder}")).collect()
}

/// What is missing from the account because it could not be read; empty where nothing is.
fn unread_line(progress: &Progress) -> String {
    match progress.lists_unread {
        0 => String::new(),
        lists => format!("{} could not be read to the end, so URLs may be missing\n", counted(lists, "list")),
    }
}

impl Account {
    /// Counts a row.
    pub fn take(&mut self, row: &OutcomeRow) {
        self.outcomes[place(row.outcome)] += 1;
        if row.outcome.is_unfinished() {
            let cause = self.causes.entry((row.outcome, row.cause)).or_default();
            cause.urls += 1;
            let until = row.until.map(|until| until.0);
            cause.until = cause.until.into_iter().chain(until).min();
        }
        let begun = row.first_at.unwrap_or(row.settled_at).0;
        self.first_at = self.first_at.into_iter().chain([begun]).min();
        self.last_at = self.last_at.max(Some(row.settled_at.0));
        let host = row.host.as_deref().unwrap_or("(no host)");
        if self.hosts.len() < HOSTS_COUNTED_MAX || self.hosts.contains_key(host) {
            if let Some(counted) = self.hosts.get_mut(host) {
                counted.take(row);
            } else {
                self.hosts.entry(host.to_owned()).or_default().take(row);
            }
        } else {
            self.other_hosts.take(row);
        }
    }

    /// The URLs that are settled.
    #[must_use]
    pub fn settled(&self) -> u64 {
        self.outcomes.iter().sum()
    }

    /// The few lines at the end of a run: counts by outcome, the causes of what did not end well, where the results are and what to
    /// do next, where there are results and something to do. `dir` is the job's DIR as the user named it.
    #[must_use]
    pub fn brief(&self, dir: &str, progress: &Progress) -> String {
        let mut text = self.outcome_line(progress);
        for ((outcome, cause), counted) in self.causes_by_count() {
            text.push_str(&format!(
                "  {:>9} {outcome:<7} {cause}{}\n",
                count(counted.urls),
                from(counted.until),
                outcome = outcome.word()
            ));
        }
        text.push_str(&unread_line(progress));
        let folders = result_folders(dir, progress);
        if !folders.is_empty() {
            text.push_str(&format!("results: {}\n", folders.join(" and ")));
        }
        if progress.urls.queued + progress.urls.leased > 0 {
            text.push_str(&format!("next: `comeback resume {dir}` goes on\n"));
        } else if !self.causes.is_empty() {
            text.push_str(&format!("next: `comeback report {dir}` says what can be done about the failed and parked\n"));
        } else if self.outcomes[place(Outcome::Fetched)] > 0 {
            text.push_str(&format!("next: `comeback extract {dir}` writes the pages as files\n"));
        }
        text
    }

    /// The report: everything that the account knows.
    #[must_use]
    pub fn report(&self, dir: &str, progress: &Progress, knowledge: &Knowledge) -> String {
        let mut text = format!("job {}\n", plain(&progress.job));
        text.push_str(&self.outcome_line(progress));
        let span_text = match (self.first_at, self.last_at) {
            (Some(first), Some(last)) => {
                format!("from {} to {} ({})\n", time(first), time(last), span(last.since_ms(first)))
            }
            (None, _) | (_, None) => String::new(),
        };
        text.push_str(&span_text);
        text.push_str(&format!(
            "{} for pages, {} for robots.txt; {} received\n",
            counted(progress.requests, "request"),
            count(progress.robots_requests),
            size(progress.bytes)
        ));
        text.push_str(&format!(
            "{} dropped, {} skipped\n",
            counted(progress.duplicates, "duplicate"),
            counted(progress.bad_lines, "bad line")
        ));
        text.push_str(&unread_line(progress));
        text.push_str(&self.causes_section(dir, knowledge));
        text.push_str(&self.hosts_section());
        text
    }

    fn outcome_line(&self, progress: &Progress) -> String {
        let UrlCounts { queued, leased, fetched: _, answered: _, failed: _, parked: _ } = progress.urls;
        let named = Outcome::ALL.iter().zip(self.outcomes).map(|(outcome, urls)| format!("{} {}", count(urls), outcome.word()));
        let mut text = format!("{}: {}", counted(self.settled() + queued + leased, "URL"), named.collect::<Vec<_>>().join(", "));
        if queued + leased > 0 {
            text.push_str(&format!(", {} not settled yet", count(queued + leased)));
        }
        text.push('\n');
        text
    }

    fn causes_by_count(&self) -> Vec<((Outcome, Cause), CauseCount)> {
        let mut causes: Vec<_> = self.causes.iter().map(|(key, counted)| (*key, *counted)).collect();
        causes.sort_by_key(|(key, counted)| (std::cmp::Reverse(counted.urls), *key));
        causes
    }

    fn causes_section(&self, dir: &str, knowledge: &Knowledge) -> String {
        if self.causes.is_empty() {
            return String::new();
        }
        let mut text = "\nWhy URLs failed or were parked\n".to_owned();
        for ((outcome, cause), counted) in self.causes_by_count() {
            let facts = knowledge.cause(cause);
            text.push_str(&format!("  {} {} by {cause}{}\n", count(counted.urls), outcome.word(), from(counted.until)));
            text.push_str(&format!("    {}\n    {}\n", facts.meaning, facts.advice));
        }
        let parked_until = self.causes.values().filter_map(|counted| counted.until).min();
        if let Some(until) = parked_until {
            text.push_str(&format!(
                "  From {} on, `comeback resume {dir}` asks again what was parked until then.\n",
                time(until)
            ));
        }
        text.push_str(&format!("  `comeback outcomes {dir} --outcome failed --outcome parked` names each URL.\n"));
        text
    }

    fn hosts_section(&self) -> String {
        let mut hosts: Vec<_> = self.hosts.iter().collect();
        hosts.sort_by_key(|(host, counted)| (std::cmp::Reverse((counted.unfinished, counted.urls)), *host));
        let mut text = String::new();
        if !hosts.is_empty() {
            text.push_str("\n     URLs  unfinished  requests  host\n");
        }
        let mut lines = |counted: &HostCount, host: &str| {
            let HostCount { urls, unfinished, requests } = counted;
            text.push_str(&format!("{:>9}  {:>10}  {:>8}  {host}\n", count(*urls), count(*unfinished), count(*requests)));
        };
        for (host, counted) in hosts.iter().take(HOSTS_SHOWN_MAX) {
            lines(counted, &plain(host));
        }
        let mut others = self.other_hosts;
        for (_, counted) in hosts.iter().skip(HOSTS_SHOWN_MAX) {
            others.urls += counted.urls;
            others.unfinished += counted.unfinished;
            others.requests += counted.requests;
        }
        if others.urls > 0 {
            lines(&others, "(all other hosts)");
        }
        text
    }
}

fn from(until: Option<WallTime>) -> String {
    until.map(|until| format!(", the earliest until {}", time(until))).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use comeback_archive::{FileLength, TimeText};
    use comeback_engine::diagnosis::clock::WallTime;

    use super::*;
    use crate::progress::JobState;

    fn row(host: &str, outcome: Outcome, cause: Cause, until: Option<&str>) -> OutcomeRow {
        let json = serde_json::json!({
            "url": "u", "host": host, "outcome": outcome, "cause": cause, "status": null, "attempts": 0, "requests": 2,
            "route": null, "bytes": 0, "first_at": "2026-11-23T21:00:00Z", "settled_at": "2026-11-23T21:01:00Z", "until": until,
            "credits": 0, "evidence": [], "warc": null, "meta": null
        });
        serde_json::from_value(json).unwrap()
    }

    fn files(paths: &[&str]) -> Vec<FileLength> {
        paths.iter().map(|path| FileLength { path: (*path).to_owned(), bytes: 1 }).collect()
    }

    fn progress(queued: u64) -> Progress {
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

    fn account() -> Account {
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

    #[test]
    fn the_brief_account_names_causes_by_their_weight() {
        let expected = "4 URLs: 1 fetched, 0 answered, 1 failed, 2 parked\n\
            \x20         2 parked  quota, the earliest until 2026-11-24 00:00:00Z\n\
            \x20         1 failed  dns\n\
            results: out/outcomes and out/warc\n\
            next: `comeback report out` says what can be done about the failed and parked\n";
        assert_eq!(account().brief("out", &progress(0)), expected);
        let unfinished = account().brief("out", &progress(1));
        assert!(unfinished.starts_with("5 URLs: 1 fetched, 0 answered, 1 failed, 2 parked, 1 not settled yet\n"), "{unfinished}");
        assert!(unfinished.ends_with("next: `comeback resume out` goes on\n"), "{unfinished}");
    }

    /// The bug: a job of an empty list named folders that were not there, and one without a page offered to extract pages.
    #[test]
    fn the_brief_account_points_at_nothing_that_is_not_there() {
        let nothing = Progress { files: Vec::new(), ..progress(0) };
        let brief = Account::default().brief("out", &nothing);
        assert_eq!(brief, "0 URLs: 0 fetched, 0 answered, 0 failed, 0 parked\n");
        let mut account = Account::default();
        account.take(&row("http://a.example:80", Outcome::Answered, Cause::None, None));
        let unasked = Progress { files: files(&["outcomes/p001-0001.jsonl"]), ..progress(0) };
        let expected = "1 URL: 0 fetched, 1 answered, 0 failed, 0 parked\nresults: out/outcomes\n";
        assert_eq!(account.brief("out", &unasked), expected);
        account.take(&row("http://a.example:80", Outcome::Fetched, Cause::None, None));
        let brief = account.brief("out", &progress(0));
        let end = "results: out/outcomes and out/warc\nnext: `comeback extract out` writes the pages as files\n";
        assert!(brief.ends_with(end), "{brief}");
    }

    #[test]
    fn a_list_that_was_not_read_is_told() {
        let unread = Progress { lists_unread: 2, ..progress(0) };
        let said = "2 lists could not be read to the end, so URLs may be missing\n";
        assert!(account().brief("out", &unread).contains(said));
        assert!(account().report("out", &unread, &Knowledge::builtin()).contains(said));
        assert!(!account().brief("out", &progress(0)).contains("could not be read"));
    }

    #[test]
    fn the_report_says_what_a_person_can_do() {
        let report = account().report("out", &progress(0), &Knowledge::builtin());
        let knowledge = Knowledge::builtin();
        let advice = &knowledge.cause(Cause::Quota).advice;
        for said in [
            "from 2026-11-23 21:00:00Z to 2026-11-23 21:01:00Z (1m)\n",
            "2,000 requests for pages, 2 for robots.txt; 3.0 MiB received\n1 duplicate dropped, 0 bad lines skipped\n",
            "  2 parked by quota, the earliest until 2026-11-24 00:00:00Z\n",
            advice,
            "From 2026-11-24 00:00:00Z on, `comeback resume out` asks again",
            "        2           2         4  http://b.example:80\n",
        ] {
            assert!(report.contains(said), "{said}\n{report}");
        }
        let place = |host: &str| report.find(host);
        assert!(place("b.example") < place("c.example") && place("c.example") < place("a.example"), "{report}");
    }

    #[test]
    fn an_account_of_nothing_is_one_too() {
        let report = Account::default().report("out", &progress(0), &Knowledge::builtin());
        assert!(report.contains("0 URLs: 0 fetched, 0 answered, 0 failed, 0 parked\n"), "{report}");
    }
}
