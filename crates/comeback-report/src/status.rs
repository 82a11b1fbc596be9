//! How far a job is: as JSON for scripts, as text for people.
//!
//! It reads what the running process published and asks whether that process is still there. It is not the outcome of single URLs.

use comeback_engine::diagnosis::clock::WallTime;
use serde::Serialize;

use crate::cause_words::cause_words;
use crate::figures::{count, counted, plain, size, span};
use crate::local_clock::LocalClock;
use crate::progress::{HostWaiting, JobState, Progress, UrlCounts};
use crate::progress_view::{count_fields, eta_words, host_words};
use crate::screen_text::Screen;

/// It is read in pipes and files too, so it has one width and no colour.
const PAGE: Screen = Screen { columns: 80, has_colour: false, has_unicode: false };

/// Waiting hosts that the text names.
pub const HOSTS_SHOWN_MAX: usize = 20;

/// The status of a job. Its fields, their names and their order are a contract with scripts.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Status {
    /// The job's name.
    pub job: String,
    /// What it is doing.
    pub state: JobState,
    /// URLs by state.
    pub urls: UrlCounts,
    /// Requests for pages so far.
    pub requests: u64,
    /// Payload bytes received so far.
    pub bytes: u64,
    /// Estimated seconds to the end; `None` when nobody can say, or nobody runs it.
    pub eta_s: Option<u64>,
    /// Hosts that may not be asked now, those with the earliest end first.
    pub hosts_waiting: Vec<HostWaiting>,
}

impl Status {
    /// The status from what was published last (`None`: nothing yet) and from whether a process runs the job now. What a process
    /// said of itself before it ended is corrected: nobody runs it, so it is stopped.
    #[must_use]
    pub fn new(job: &str, progress: Option<&Progress>, is_running: bool) -> Self {
        let state = match (progress.map(|progress| progress.state), is_running) {
            (Some(JobState::Done), _) => JobState::Done,
            (_, false) => JobState::Stopped,
            (Some(state @ (JobState::Intake | JobState::Running)), true) => state,
            // It was published by the process before this one.
            (Some(JobState::Stopped), true) => JobState::Running,
            (None, true) => JobState::Intake,
        };
        let is_underway = matches!(state, JobState::Intake | JobState::Running);
        let mut status = Self {
            job: job.to_owned(),
            state,
            urls: UrlCounts::default(),
            requests: 0,
            bytes: 0,
            eta_s: None,
            hosts_waiting: Vec::new(),
        };
        if let Some(progress) = progress {
            status.urls = progress.urls;
            status.requests = progress.requests;
            status.bytes = progress.bytes;
            status.eta_s = progress.eta_s.filter(|_| is_underway);
            status.hosts_waiting = if state == JobState::Done { Vec::new() } else { progress.hosts_waiting.clone() };
        }
        if !is_underway {
            // Nothing is under way where nobody runs.
            status.urls.queued += std::mem::take(&mut status.urls.leased);
        }
        status
    }

    /// The status as one line of JSON.
    #[must_use]
    pub fn to_json(&self) -> String {
        serde_json::to_string(self).expect("a status has only string keys and whole numbers")
    }

    /// The status as text, in the words of the progress display. `dir` is the job's DIR as the user named it; `now` tells how long a
    /// host still waits.
    #[must_use]
    pub fn render(&self, dir: &str, now: WallTime, clock: &LocalClock) -> String {
        let Self { job, state, urls, requests, bytes, eta_s, hosts_waiting } = self;
        let end = match state {
            JobState::Running => format!(", {}", eta_words(*eta_s)),
            JobState::Intake | JobState::Stopped | JobState::Done => String::new(),
        };
        let mut lines = vec![
            format!("job {}: {}", plain(job), state_words(*state, dir)),
            format!("{} of {} settled{end}", count(urls.settled()), counted(urls.all(), "URL")),
        ];
        lines.extend(PAGE.flow(&count_fields(urls)));
        lines.push(format!("{}, {} received", counted(*requests, "request"), size(*bytes)));
        for host in hosts_waiting.iter().take(HOSTS_SHOWN_MAX) {
            lines.extend(waiting(host, now, clock));
        }
        let others = hosts_waiting.len().saturating_sub(HOSTS_SHOWN_MAX);
        if others > 0 {
            lines.push(String::new());
            lines.push(format!("{} more wait; `comeback status {dir} --json` names them", counted(others as u64, "host")));
        }
        lines.into_iter().map(|line| format!("{line}\n")).collect()
    }
}

fn state_words(state: JobState, dir: &str) -> String {
    match state {
        JobState::Intake => "reading the lists".to_owned(),
        JobState::Running => "running".to_owned(),
        JobState::Stopped => format!("stopped; `comeback resume {dir}` goes on"),
        JobState::Done => "done".to_owned(),
    }
}

/// One waiting host: why, since when, until when, what next.
fn waiting(host: &HostWaiting, now: WallTime, clock: &LocalClock) -> [String; 6] {
    let HostWaiting { host, cause, because, since, until, next, queued } = host;
    let left = match until.0.since_ms(now) {
        0 => "now".to_owned(),
        left_ms => format!("in {}", span(left_ms)),
    };
    [
        String::new(),
        format!("{} waits with {}: {}", host_words(host), counted(*queued, "URL"), cause_words(*cause)),
        format!("  why    {}", plain(because)),
        format!("  since  {} ({} ago)", clock.time(since.0, now), span(now.since_ms(since.0))),
        format!("  until  {} ({left})", clock.time(until.0, now)),
        format!("  next   {}", plain(next)),
    ]
}

#[cfg(test)]
mod tests {
    use comeback_archive::TimeText;
    use comeback_engine::diagnosis::cause::Cause;

    use super::*;

    fn progress(state: JobState) -> Progress {
        Progress {
            job: "j".into(),
            state,
            urls: UrlCounts { queued: 3, leased: 1, fetched: 2, answered: 1, failed: 0, parked: 1 },
            requests: 9,
            robots_requests: 1,
            bytes: 2_048,
            duplicates: 0,
            bad_lines: 0,
            lists_unread: 0,
            eta_s: Some(75),
            hosts_waiting: vec![HostWaiting {
                host: "http://a.example:80".into(),
                cause: Cause::Maintenance,
                because: "Retry-After: 120".into(),
                since: TimeText(WallTime(1_795_467_600_000)),
                until: TimeText(WallTime(1_795_467_720_000)),
                next: "one probe".into(),
                queued: 3,
            }],
            files: Vec::new(),
            updated_at: TimeText(WallTime(1_795_467_600_000)),
        }
    }

    #[test]
    fn a_job_that_nobody_runs_is_stopped_unless_it_is_done() {
        for state in [JobState::Intake, JobState::Running, JobState::Stopped] {
            let status = Status::new("j", Some(&progress(state)), false);
            assert_eq!((status.state, status.eta_s), (JobState::Stopped, None), "{state:?}");
            assert_eq!((status.urls.queued, status.urls.leased), (4, 0), "{state:?}");
        }
        assert_eq!(Status::new("j", Some(&progress(JobState::Done)), false).state, JobState::Done);
        assert_eq!(Status::new("j", None, false).state, JobState::Stopped);
        assert_eq!(Status::new("j", None, true).state, JobState::Intake);
        assert_eq!(Status::new("j", Some(&progress(JobState::Stopped)), true).state, JobState::Running);
    }

    #[test]
    fn the_text_says_why_a_host_waits_and_until_when() {
        let status = Status::new("j", Some(&progress(JobState::Running)), true);
        let expected = "job j: running\n\
            4 of 8 URLs settled, done in about 1m 15s\n\
            2 fetched  1 answered  0 failed  1 parked  1 under way  3 queued\n\
            9 requests, 2.0 KiB received\n\
            \n\
            http://a.example waits with 3 URLs: in maintenance\n\
            \x20 why    Retry-After: 120\n\
            \x20 since  22:00:00 (1m ago)\n\
            \x20 until  22:02:00 (in 1m)\n\
            \x20 next   one probe\n";
        let clock = LocalClock::east(1);
        assert_eq!(status.render("out", WallTime(1_795_467_660_000), &clock), expected);
        let stopped = Status::new("j", Some(&progress(JobState::Stopped)), false);
        let text = stopped.render("out", WallTime(1_795_467_660_000), &clock);
        assert!(text.starts_with("job j: stopped; `comeback resume out` goes on\n4 of 8 URLs settled\n"), "{text}");
    }

    #[test]
    fn the_largest_counts_fit_eighty_columns() {
        let many = 1_000_000_000;
        let urls = UrlCounts { queued: many, leased: 256, fetched: many, answered: many, failed: many, parked: many };
        let status = Status::new("j", Some(&Progress { urls, ..progress(JobState::Running) }), true);
        let text = status.render("out", WallTime(1_795_467_660_000), &LocalClock::east(1));
        assert!(text.lines().all(|line| line.len() <= 80), "{text}");
    }

    #[test]
    fn the_json_has_the_fields_of_the_contract_in_order() {
        let json = Status::new("j", Some(&progress(JobState::Running)), true).to_json();
        let urls = r#"{"queued":3,"leased":1,"fetched":2,"answered":1,"failed":0,"parked":1}"#;
        assert!(json.starts_with(&format!(
            r#"{{"job":"j","state":"running","urls":{urls},"requests":9,"bytes":2048,"eta_s":75,"hosts_waiting":[{{"host":"#
        )));
    }
}
