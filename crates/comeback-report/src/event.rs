//! What happens in a run, as JSON lines for programs: `fetch --json` and `resume --json`.
//!
//! The names, fields and meanings are a contract, described in `docs/events.md` and `docs/schema/events.schema.json`; a new kind of
//! event may come, so that a reader passes over what it does not know. Outcomes of single URLs are rows, not events.

use comeback_archive::TimeText;
use comeback_engine::diagnosis::cause::Cause;
use comeback_engine::diagnosis::clock::WallTime;
use comeback_engine::outcome::Outcome;
use serde::Serialize;

use crate::account::Account;
use crate::progress::{JobState, Progress, UrlCounts};
use crate::status::Status;

/// Something that happened in a run.
#[derive(Debug, Clone, PartialEq, Serialize)]
#[serde(tag = "event")]
pub enum Event {
    /// The run began; always the first.
    JobStarted {
        /// The job's name.
        job: String,
        /// Its DIR, as the user named it.
        dir: String,
        /// The program and its version.
        by: String,
    },
    /// A line of a list was skipped.
    LineSkipped {
        /// The list, as the user named it.
        list: String,
        /// The line, from 1.
        line: u64,
        /// What is wrong with it, in words.
        why: String,
    },
    /// A list ends before its end: the rest of it can't be read.
    ListBroken {
        /// The list, as the user named it.
        list: String,
        /// The line reached, from 1.
        line: u64,
        /// What is wrong, in words.
        why: String,
    },
    /// A list on the web could not be had, so URLs may be missing.
    ListUnread {
        /// Why, in a sentence that names it.
        why: String,
    },
    /// Lists on the web are being fetched.
    ListsFetched {
        /// Those whose outcome is known.
        settled: u64,
        /// All that are asked for now.
        lists: u64,
    },
    /// Lists are being read.
    IntakeAdvanced {
        /// URLs taken so far.
        urls: u64,
    },
    /// All lists have been read.
    IntakeEnded {
        /// URLs taken.
        urls: u64,
        /// Entries dropped as duplicates.
        duplicates: u64,
        /// Lines skipped.
        bad_lines: u64,
    },
    /// Parked URLs whose time had come were put back.
    UrlsWoken {
        /// How many.
        count: u64,
    },
    /// A host began to wait.
    HostHeld {
        /// The host key.
        host: String,
        /// The cause of its refusal; `none` where it asked for a pause without one.
        cause: Cause,
        /// Why it waits, in words.
        because: String,
        /// Since when.
        since: TimeText,
        /// Until when, as far as is known now.
        until: TimeText,
    },
    /// A host that waited answers again.
    HostRecovered {
        /// The host key.
        host: String,
    },
    /// All URLs of a host are settled without being asked.
    HostSettled {
        /// The host key.
        host: String,
        /// How they end.
        outcome: Outcome,
        /// Why.
        cause: Cause,
        /// For parked ones: when asking again may make sense.
        until: Option<TimeText>,
        /// The facts, for people.
        evidence: Vec<String>,
    },
    /// Where the run stands, at most once a second.
    ProgressMade {
        /// The same object as of `status --json`.
        status: Status,
    },
    /// The run was asked to stop: what is under way is awaited.
    DrainStarted {
        /// `signal` or `deadline`.
        by: &'static str,
        /// How long the wait may take, in seconds.
        wait_s_max: u64,
    },
    /// The reader took nothing for a while: events are missing here.
    EventsDropped {
        /// How many.
        events: u64,
    },
    /// The run ended: the account; the last event, unless the run failed.
    JobEnded(Box<Ending>),
    /// The run could not go on; the last event then.
    JobFailed {
        /// What is wrong, in one sentence.
        error: String,
        /// What to do about it, where something can be said.
        hint: Option<String>,
        /// The process's exit code.
        exit_code: u8,
    },
}

/// How a run ended.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Ending {
    /// The job's name.
    pub job: String,
    /// `done`, or `stopped` where it can be resumed.
    pub state: JobState,
    /// URLs by state.
    pub urls: UrlCounts,
    /// Requests for pages.
    pub requests: u64,
    /// Payload bytes received.
    pub bytes: u64,
    /// Entries dropped as duplicates.
    pub duplicates: u64,
    /// Lines skipped.
    pub bad_lines: u64,
    /// Lists that could not be had, or not be read to their end: the account can't be complete.
    pub lists_unread: u64,
    /// Why URLs failed or were parked, those with the most URLs first.
    pub causes: Vec<CauseLine>,
    /// The process's exit code.
    pub exit_code: u8,
}

/// URLs that ended in the same way, by the same cause.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct CauseLine {
    /// `failed` or `parked`.
    pub outcome: Outcome,
    /// Why.
    pub cause: Cause,
    /// How many.
    pub urls: u64,
    /// The earliest time at which one of them may be asked again, where one is known.
    pub until: Option<TimeText>,
}

#[derive(Serialize)]
struct Line<'a> {
    at: TimeText,
    #[serde(flatten)]
    event: &'a Event,
}

impl Event {
    /// The event as one line of JSON with its line end; `at` is when it happened.
    #[must_use]
    pub fn to_line(&self, at: WallTime) -> String {
        let line = Line { at: TimeText(at), event: self };
        let mut text = serde_json::to_string(&line).expect("an event has only string keys and whole numbers");
        text.push('\n');
        text
    }
}

impl Ending {
    /// From the account of a run and what was published last.
    #[must_use]
    pub fn new(account: &Account, progress: &Progress, exit_code: u8) -> Self {
        let Progress { job, state, urls, requests, bytes, duplicates, bad_lines, lists_unread, .. } = progress.clone();
        let line = |(outcome, cause, urls, until): (_, _, _, Option<WallTime>)| CauseLine {
            outcome,
            cause,
            urls,
            until: until.map(TimeText),
        };
        let causes = account.causes().map(line).collect();
        Self { job, state, urls, requests, bytes, duplicates, bad_lines, lists_unread, causes, exit_code }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_event_is_one_line_that_begins_with_when_and_what() {
        let line = Event::UrlsWoken { count: 3 }.to_line(WallTime(1_795_467_600_000));
        assert_eq!(line, "{\"at\":\"2026-11-23T21:00:00.000Z\",\"event\":\"UrlsWoken\",\"count\":3}\n");
        let line = Event::JobFailed { error: "a\nb".into(), hint: None, exit_code: 3 }.to_line(WallTime(0));
        assert_eq!(line.matches('\n').count(), 1, "{line:?}");
        assert!(line.contains(r#""event":"JobFailed","error":"a\nb","hint":null,"exit_code":3}"#), "{line}");
    }
}
