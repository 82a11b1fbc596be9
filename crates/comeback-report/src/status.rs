//! How far a job is: as JSON for scripts, as text for people.
//!
//! It reads what the running process published and asks whether that process is still there. It is not the outcome of single URLs.

use comeback_engine::diagnosis::clock::WallTime;
use serde::Serialize;

use crate::figures::{count, counted, plain, size, span, time};
use crate::progress::{HostWaiting, JobState, Progress, UrlCounts};

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

    /// The status as text. `dir` is the job's DIR as the user named it; `now` tells how long a host still waits.
    #[must_use]
    pub fn render(&self, dir: &str, now: WallTime) -> String {
        let Self { job, state, urls, requests, bytes, eta_s, hosts_waiting } = self;
        let mut text = format!("job {}: {}\n", plain(job), state_words(*state, dir));
        let UrlCounts { queued, leased, fetched, answered, failed, parked } = urls;
        text.push_str(&format!("{} of {} settled", count(urls.settled()), counted(urls.all(), "URL")));
        text.push_str(&format!(
            ": {} fetched, {} answered, {} failed, {} parked; {} queued, {} under way\n",
            count(*fetched),
            count(*answered),
            count(*failed),
            count(*parked),
            count(*queued),
            count(*leased)
        ));
        text.push_str(&format!("{}, {} received", counted(*requests, "request"), size(*bytes)));
        match (state, eta_s) {
            (JobState::Running, Some(seconds)) => {
                text.push_str(&format!("; done in about {}\n", span(seconds.saturating_mul(1_000))));
            }
            (JobState::Running, None) => text.push_str("; nobody can say yet when it will be done\n"),
            (JobState::Intake | JobState::Stopped | JobState::Done, _) => text.push('\n'),
        }
        for host in hosts_waiting.iter().take(HOSTS_SHOWN_MAX) {
            text.push_str(&waiting(host, now));
        }
        let others = hosts_waiting.len().saturating_sub(HOSTS_SHOWN_MAX);
        if others > 0 {
            text.push_str(&format!("\n{} more wait; `status --json` names them.\n", counted(others as u64, "host")));
        }
        text
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
fn waiting(host: &HostWaiting, now: WallTime) -> String {
    let HostWaiting { host, cause, because, since, until, next, queued } = host;
    let left = match until.0.since_ms(now) {
        0 => "now".to_owned(),
        left_ms => format!("in {}", span(left_ms)),
    };
    format!(
        "\n{} waits with {}\n  cause  {cause}\n  why    {}\n  since  {}\n  until  {} ({left})\n  next   {}\n",
        plain(host),
        counted(*queued, "URL"),
        plain(because),
        time(since.0),
        time(until.0),
        plain(next)
    )
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
            4 of 8 URLs settled: 2 fetched, 1 answered, 0 failed, 1 parked; 3 queued, 1 under way\n\
            9 requests, 2.0 KiB received; done in about 1m 15s\n\
            \n\
            http://a.example:80 waits with 3 URLs\n\
            \x20 cause  maintenance\n\
            \x20 why    Retry-After: 120\n\
            \x20 since  2026-11-23 21:00:00Z\n\
            \x20 until  2026-11-23 21:02:00Z (in 1m)\n\
            \x20 next   one probe\n";
        assert_eq!(status.render("out", WallTime(1_795_467_660_000)), expected);
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
