//! The report of a job in the terminal: what was got, what was not and why, where, and what a person can do next.
//!
//! The most important comes first. Its own words keep within [`COLUMNS_MAX`]; a command stands on a line of its own, so that it can be
//! copied whole.

use std::cmp::Reverse;

use comeback_engine::diagnosis::cause::Cause;
use comeback_engine::diagnosis::knowledge::Knowledge;
use comeback_engine::outcome::Outcome;
use textwrap::{Options, WordSplitter};

use super::brief::unread_line;
use super::{Account, CauseCount, HostCount};
use crate::figures::{count, counted, plain, size, span, time};
use crate::progress::{JobState, Progress};
use crate::progress_view::host_words;

/// The widest line of text.
const COLUMNS_MAX: usize = 80;

/// Hosts that the report names.
const HOSTS_SHOWN_MAX: usize = 10;

/// Causes that pass with time and whose URLs the report offers to put back, each by a command of its own.
const REDRIVES_SHOWN_MAX: usize = 3;

impl Account {
    /// The report: everything that the account knows. `dir` is the job's DIR as the user named it.
    #[must_use]
    pub fn report(&self, dir: &str, progress: &Progress, knowledge: &Knowledge) -> String {
        let mut text = format!("job {}\n", plain(&progress.job));
        text.push_str(&wrapped(&self.outcome_line(progress), ""));
        if let (Some(first), Some(last)) = (self.first_at, self.last_at) {
            text.push_str(&format!("{} to {} ({})\n", time(first), time(last), span(last.since_ms(first))));
        }
        let hosts = match self.other_hosts.urls {
            0 => counted(self.hosts.len() as u64, "host"),
            _ => format!("more than {}", counted(self.hosts.len() as u64, "host")),
        };
        let asked = format!(
            "{hosts}; {} for pages, {} for robots.txt; {} received",
            counted(progress.requests, "request"),
            count(progress.robots_requests),
            size(progress.bytes)
        );
        text.push_str(&wrapped(&asked, ""));
        text.push_str(&format!(
            "{} dropped, {} skipped\n",
            counted(progress.duplicates, "duplicate"),
            counted(progress.bad_lines, "bad line")
        ));
        text.push_str(&unread_line(progress));
        text.push_str(&self.causes_section(knowledge));
        text.push_str(&self.hosts_section());
        text.push_str(&self.next_section(dir, progress, knowledge));
        text
    }

    fn causes_section(&self, knowledge: &Knowledge) -> String {
        let causes = self.causes_by_count();
        let Some(digits) = causes.iter().map(|(_, counted)| count(counted.urls).len()).max() else { return String::new() };
        let indent = " ".repeat(digits + 4);
        let mut text = "\nWhy URLs failed or were parked\n".to_owned();
        for (why, counted) in causes {
            let (outcome, cause) = why;
            let CauseCount { urls, timed: _, until } = counted;
            let facts = knowledge.cause(cause);
            let why_words = if cause == Cause::Unknown { ", cause unknown".to_owned() } else { format!(" by {cause}") };
            let hosts = self.hosts_with(why);
            text.push_str(&format!("\n  {:>digits$}  {}{why_words}, {hosts}\n", count(urls), outcome.word()));
            let when = until.map(|until| format!(" The first may be asked again from {} on.", time(until))).unwrap_or_default();
            text.push_str(&wrapped(&format!("{} {}{when}", facts.meaning, facts.advice), &indent));
        }
        text
    }

    /// On how many hosts URLs ended so.
    fn hosts_with(&self, why: (Outcome, Cause)) -> String {
        let has = |host: &HostCount| host.unfinished.iter().any(|(other, _)| *other == why);
        let hosts = counted(self.hosts.values().filter(|host| has(host)).count() as u64, "host");
        if has(&self.other_hosts) { format!("at least {hosts}") } else { hosts }
    }

    fn hosts_section(&self) -> String {
        let unfinished = |host: &HostCount| host.unfinished() > 0;
        let mut hosts: Vec<_> = self.hosts.iter().filter(|(_, host)| unfinished(host)).collect();
        hosts.sort_by_key(|(name, host)| (Reverse((host.unfinished(), host.urls)), *name));
        if hosts.is_empty() {
            return String::new();
        }
        let mut others = self.other_hosts.clone();
        for (_, host) in hosts.iter().skip(HOSTS_SHOWN_MAX) {
            others.urls += host.urls;
            others.requests += host.requests;
            others.unfinished.extend_from_slice(&host.unfinished);
        }
        let mut rows = vec![["not got", "of URLs", "requests", "mainly", "host"].map(str::to_owned)];
        rows.extend(hosts.iter().take(HOSTS_SHOWN_MAX).map(|(name, host)| host_row(host, &host_words(name))));
        if unfinished(&others) {
            let further = hosts.len().saturating_sub(HOSTS_SHOWN_MAX) as u64;
            let name =
                if self.other_hosts.urls > 0 { "(all further)".to_owned() } else { format!("({} further)", count(further)) };
            rows.push(host_row(&others, &name));
        }
        format!("\nHosts where most URLs were not got\n\n{}", columns(&rows))
    }

    /// Commands that make sense now, each with what it does.
    fn next_section(&self, dir: &str, progress: &Progress, knowledge: &Knowledge) -> String {
        let mut steps = Vec::new();
        let unsettled = progress.urls.queued + progress.urls.leased;
        match progress.state {
            JobState::Intake | JobState::Running => steps.push((format!("status {dir}"), "shows how it goes on".to_owned())),
            JobState::Stopped => {
                steps.push((
                    format!("resume {dir}"),
                    format!(
                        "goes on with {}",
                        if unsettled == 1 {
                            "1 URL that is left".to_owned()
                        } else {
                            format!("{} that are left", counted(unsettled, "URL"))
                        }
                    ),
                ));
            }
            JobState::Done => {}
        }
        let causes = self.causes_by_count();
        if let Some(until) = causes.iter().filter_map(|(_, counted)| counted.until).min() {
            steps.push((format!("resume {dir}"), format!("from {} on: asks again what was parked until then", time(until))));
        }
        steps.extend(redrives(dir, &causes, knowledge));
        if !causes.is_empty() {
            let each = "names each URL, with the evidence".to_owned();
            steps.push((format!("outcomes {dir} --outcome failed --outcome parked"), each));
        }
        let pages = self.of_outcome(Outcome::Fetched);
        if pages > 0 {
            steps.push((format!("extract {dir}"), format!("writes {} as files", counted(pages, "page"))));
        }
        if steps.is_empty() {
            return String::new();
        }
        let steps = steps.iter().map(|(command, what)| format!("  comeback {command}\n{}", wrapped(what, "      ")));
        format!("\nWhat you can do next\n\n{}", steps.collect::<String>())
    }
}

/// The commands that put URLs back: for causes that pass with time, and for one that a person has to remove.
fn redrives(dir: &str, causes: &[((Outcome, Cause), CauseCount)], knowledge: &Knowledge) -> Vec<(String, String)> {
    let mut untimed: Vec<(Cause, u64)> = Vec::new();
    for ((_, cause), CauseCount { urls, timed, until: _ }) in causes.iter().filter(|(_, counted)| counted.urls > counted.timed) {
        match untimed.iter_mut().find(|(other, _)| other == cause) {
            Some((_, sum)) => *sum += urls - timed,
            None => untimed.push((*cause, urls - timed)),
        }
    }
    let passes = |cause: Cause| knowledge.cause(cause).waiting_helps != Some(false);
    let step = |(cause, urls): &(Cause, u64), when: &str| {
        (
            format!("redrive {dir} --cause {cause}"),
            format!("{when}: puts {} back; `comeback resume` then asks again", counted(*urls, "URL")),
        )
    };
    let timely =
        untimed.iter().filter(|(cause, _)| passes(*cause)).take(REDRIVES_SHOWN_MAX).map(|each| step(each, "after a while"));
    let other = untimed.iter().find(|(cause, _)| !passes(*cause)).map(|each| step(each, "once its cause is gone"));
    timely.chain(other).collect()
}

fn host_row(host: &HostCount, name: &str) -> [String; 5] {
    let cause = host.main_cause().map_or("", Cause::word);
    [count(host.unfinished()), count(host.urls), count(host.requests), cause.to_owned(), name.to_owned()]
}

/// Numbers to the right, words to the left; of a host too long, the end, which says whose it is.
fn columns(rows: &[[String; 5]]) -> String {
    let width = |column: usize| rows.iter().map(|row| row[column].len()).max().unwrap_or_default();
    let (unfinished, urls, requests, cause) = (width(0), width(1), width(2), width(3));
    let left = COLUMNS_MAX - (unfinished + urls + requests + cause + 10);
    let lines = rows.iter().map(|[a, b, c, d, host]| {
        format!("  {a:>unfinished$}  {b:>urls$}  {c:>requests$}  {d:cause$}  {}\n", ending(host, left))
    });
    lines.collect()
}

fn ending(text: &str, chars_max: usize) -> String {
    let chars = text.chars().count();
    if chars <= chars_max {
        return text.to_owned();
    }
    let kept: String = text.chars().skip(chars + 3 - chars_max).collect();
    format!("...{kept}")
}

/// Text in lines of at most [`COLUMNS_MAX`], each after the indent.
fn wrapped(text: &str, indent: &str) -> String {
    let options = Options::new(COLUMNS_MAX)
        .initial_indent(indent)
        .subsequent_indent(indent)
        .break_words(false)
        .word_splitter(WordSplitter::NoHyphenation);
    format!("{}\n", textwrap::fill(text.trim_end(), options))
}

#[cfg(test)]
mod tests {
    use super::super::samples::{account, progress, row};
    use super::*;
    use crate::progress::UrlCounts;

    /// A job of some size, with trouble of each kind.
    fn troubled() -> Account {
        let mut account = Account::default();
        let ends = [
            ("https://fine.example:443", 1_540, Outcome::Fetched, Cause::None, None),
            ("https://fine.example:443", 3, Outcome::Answered, Cause::None, None),
            ("https://guarded.example:443", 250, Outcome::Parked, Cause::BotChallenge, None),
            ("http://127.0.0.7:8080", 60, Outcome::Failed, Cause::Overload, None),
            ("http://127.0.0.8:8080", 40, Outcome::Failed, Cause::Overload, None),
            ("http://127.0.0.8:8080", 5, Outcome::Parked, Cause::Maintenance, Some("2026-11-24T00:00:00Z")),
            ("https://a-host-with-a-long-name.and-so.on.for-ever.example:8443", 2, Outcome::Failed, Cause::ConnectRefused, None),
        ];
        for (host, urls, outcome, cause, until) in ends {
            for _ in 0..urls {
                account.take(&row(host, outcome, cause, until));
            }
        }
        account
    }

    #[test]
    fn the_report_says_what_a_person_can_do() {
        insta::assert_snapshot!("a_small_job", account().report("out", &progress(0), &Knowledge::builtin()));
        insta::assert_snapshot!("a_job_in_trouble", troubled().report("out", &progress(0), &Knowledge::builtin()));
    }

    #[test]
    fn a_big_report_keeps_within_eighty_columns() {
        let mut account = Account::default();
        for (number, cause) in Cause::ALL.into_iter().cycle().take(4_000).enumerate() {
            let outcome = Outcome::ALL[number % Outcome::ALL.len()];
            let until = (number % 3 == 0).then_some("2026-11-24T00:00:00Z");
            let host = format!("https://{}.example.org:443", "very-long-name.".repeat(number % 7));
            account.take(&row(&host, outcome, cause, until));
        }
        let progress = Progress { requests: u64::MAX, bytes: u64::MAX, ..progress(u64::MAX >> 1) };
        let report = account.report("out", &progress, &Knowledge::builtin());
        for line in report.lines() {
            assert!(line.chars().count() <= COLUMNS_MAX, "{line}\n{report}");
        }
    }

    #[test]
    fn a_job_that_goes_on_says_how() {
        let unfinished = Progress { state: JobState::Stopped, ..progress(2) };
        let report = account().report("out", &unfinished, &Knowledge::builtin());
        assert!(report.contains("\n  comeback resume out\n      goes on with 2 URLs that are left\n"), "{report}");
        let running = Progress { state: JobState::Running, ..progress(2) };
        let report = account().report("out", &running, &Knowledge::builtin());
        assert!(report.contains("\n  comeback status out\n"), "{report}");
    }

    #[test]
    fn an_account_of_nothing_is_one_too() {
        let nothing = Progress { urls: UrlCounts::default(), ..progress(0) };
        let report = Account::default().report("out", &nothing, &Knowledge::builtin());
        assert!(report.contains("0 URLs: 0 fetched, 0 answered, 0 failed, 0 parked\n0 hosts; "), "{report}");
        assert!(report.ends_with(" skipped\n"), "{report}");
    }
}
