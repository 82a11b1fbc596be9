//! The few lines at the end of a run.

use comeback_engine::diagnosis::clock::WallTime;
use comeback_engine::outcome::Outcome;

use super::Account;
use crate::figures::{count, counted, time};
use crate::progress::{Progress, UrlCounts};

impl Account {
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
            text.push_str(&format!("next: `comeback report {dir}` says what can be done\n"));
        } else if self.of_outcome(Outcome::Fetched) > 0 {
            text.push_str(&format!("next: `comeback extract {dir}` writes the pages as files\n"));
        }
        text
    }

    pub(super) fn outcome_line(&self, progress: &Progress) -> String {
        let UrlCounts { queued, leased, fetched: _, answered: _, failed: _, parked: _ } = progress.urls;
        let named = Outcome::ALL.iter().zip(self.outcomes).map(|(outcome, urls)| format!("{} {}", count(urls), outcome.word()));
        let mut text = format!("{}: {}", counted(self.settled() + queued + leased, "URL"), named.collect::<Vec<_>>().join(", "));
        if queued + leased > 0 {
            text.push_str(&format!(", {} not settled yet", count(queued + leased)));
        }
        text.push('\n');
        text
    }
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
pub(super) fn unread_line(progress: &Progress) -> String {
    match progress.lists_unread {
        0 => String::new(),
        lists => format!("{} could not be read to the end, so URLs may be missing\n", counted(lists, "list")),
    }
}

/// From when on it makes sense to ask again.
fn from(until: Option<WallTime>) -> String {
    until.map(|until| format!(", the earliest until {}", time(until))).unwrap_or_default()
}
#[cfg(test)]
mod tests {
    use comeback_engine::diagnosis::cause::Cause;
    use comeback_engine::diagnosis::knowledge::Knowledge;

    use super::super::samples::{account, files, progress, row};
    use super::*;

    #[test]
    fn the_brief_account_names_causes_by_their_weight() {
        let expected = "4 URLs: 1 fetched, 0 answered, 1 failed, 2 parked\n\
            \x20         2 parked  quota, the earliest until 2026-11-24 00:00:00Z\n\
            \x20         1 failed  dns\n\
            results: out/outcomes and out/warc\n\
            next: `comeback report out` says what can be done\n";
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
}
