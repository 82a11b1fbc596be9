//! How a run goes, as lines of text: the list as a whole, counts by outcome, and the hosts that wait.
//!
//! A pure function of what was published, the time and the screen. Drawing the lines is the command's; `status` uses the same words.

use comeback_engine::diagnosis::clock::WallTime;

use crate::cause_words::cause_words;
use crate::figures::{count, counted, plain, size, span};
use crate::local_clock::LocalClock;
use crate::progress::{HOSTS_WAITING_MAX, HostWaiting, Progress, UrlCounts};
use crate::screen_text::{Screen, Tone, width};

/// Waiting hosts that are named while a job runs.
pub const HOSTS_NAMED_MAX: usize = 5;
/// The widest bar, in columns.
const BAR_COLUMNS_MAX: usize = 32;
/// The narrowest bar, in columns.
const BAR_COLUMNS_MIN: usize = 12;
/// From this width on a waiting host has one line; below, two.
const HOST_LINE_COLUMNS_MIN: usize = 70;

/// What is to be shown.
#[derive(Debug, Clone, Copy)]
pub struct ProgressView<'a> {
    /// What was published last.
    pub progress: &'a Progress,
    /// URLs settled in a minute, as observed lately.
    pub per_minute: Option<u64>,
    /// The wait for what is under way, if the run was asked to stop.
    pub drain: Option<Drain>,
    /// The time now.
    pub now: WallTime,
    /// The reader's clock.
    pub clock: &'a LocalClock,
}

/// A run that was asked to stop.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Drain {
    /// Until when it waits for what is under way.
    pub ends_at: WallTime,
    /// Whether its own deadline asked.
    pub is_by_deadline: bool,
}

impl ProgressView<'_> {
    /// The lines for a screen, none wider than it.
    #[must_use]
    pub fn lines(&self, screen: Screen) -> Vec<String> {
        let mut lines = self.whole(screen);
        lines.extend(screen.flow(&count_fields(&self.progress.urls)));
        lines.extend(self.waiting(screen));
        if let Some(drain) = self.drain {
            lines.extend(screen.flow(&drain.fields(self.progress.urls.leased, self.now)));
        }
        lines
    }

    /// One sentence with all figures, for where lines are not rewritten.
    #[must_use]
    pub fn sentence(&self) -> String {
        let Self { progress, per_minute, drain: _, now, clock } = self;
        let urls = progress.urls;
        let counts: Vec<String> = count_fields(&urls).into_iter().map(|(_, text)| text).collect();
        let mut sentence = format!("{} of {} settled: {}", count(urls.settled()), counted(urls.all(), "URL"), counts.join(", "));
        sentence.push_str(&format!("; {}", size(progress.bytes)));
        if let Some(rate) = per_minute.map(rate_words) {
            sentence.push_str(&format!(", {rate}"));
        }
        if let Some(soonest) = progress.hosts_waiting.first() {
            let (host, until) = (host_words(&soonest.host), clock.until(soonest.until.0, *now));
            sentence.push_str(&format!("; {}, the soonest, {host}, until {until}", waiting_count(progress)));
        }
        sentence.push_str(&format!("; {}.", eta_words(progress.eta_s)));
        sentence
    }

    /// The bar, and what it stands for.
    fn whole(&self, screen: Screen) -> Vec<String> {
        let urls = self.progress.urls;
        let (settled, all) = (urls.settled(), urls.all());
        let percent = (u128::from(settled) * 100).checked_div(u128::from(all)).unwrap_or(100);
        let mut fields = vec![
            (Tone::Plain, format!("{percent:>2}%")),
            (Tone::Plain, format!("{} of {}", count(settled), counted(all, "URL"))),
            (Tone::Plain, self.per_minute.map(rate_words).unwrap_or_default()),
            (Tone::Plain, eta_words(self.progress.eta_s)),
        ];
        let taken: usize = fields.iter().filter(|(_, text)| !text.is_empty()).map(|(_, text)| width(text) + 2).sum();
        let columns = screen.columns.saturating_sub(taken).clamp(BAR_COLUMNS_MIN, BAR_COLUMNS_MAX);
        fields.insert(0, (Tone::Good, screen.bar(settled, all, columns)));
        screen.flow(&fields)
    }

    fn waiting(&self, screen: Screen) -> Vec<String> {
        let hosts = &self.progress.hosts_waiting;
        if hosts.is_empty() {
            return Vec::new();
        }
        let named = &hosts[..hosts.len().min(HOSTS_NAMED_MAX)];
        let mut lines = vec![screen.fit(&format!("{}:", waiting_count(self.progress)), screen.columns)];
        lines.extend(host_lines(named, self.clock, self.now, screen));
        if let Some(last) = hosts.last().filter(|_| hosts.len() > named.len()) {
            let others = count((hosts.len() - named.len()) as u64);
            let rest = format!("  and {others} more, the last until {}", self.clock.until(last.until.0, self.now));
            lines.push(screen.paint(Tone::Faint, &screen.fit(&rest, screen.columns)));
        }
        lines
    }
}

/// While the lists are read: how many URLs were taken.
#[must_use]
pub fn intake_line(urls: u64, screen: Screen) -> String {
    screen.fit(&format!("reading the lists: {} so far", counted(urls, "URL")), screen.columns)
}

/// While lists on the web are fetched: how many have an outcome, and the hosts that wait.
#[must_use]
pub fn list_lines(
    settled: u64,
    lists: u64,
    waiting: &[HostWaiting],
    clock: &LocalClock,
    now: WallTime,
    screen: Screen,
) -> Vec<String> {
    let mut lines = vec![screen.fit(&list_words(settled, lists, waiting.len()), screen.columns)];
    lines.extend(host_lines(&waiting[..waiting.len().min(HOSTS_OF_LISTS_MAX)], clock, now, screen));
    lines
}

/// Hosts of lists that are drawn.
const HOSTS_OF_LISTS_MAX: usize = 5;

/// `fetching lists: 1 of 3, 1 host waits`.
fn list_words(settled: u64, lists: u64, waiting: usize) -> String {
    let words = format!("fetching lists: {} of {}", count(settled), count(lists));
    match waiting {
        0 => words,
        1 => format!("{words}, 1 host waits"),
        hosts => format!("{words}, {} hosts wait", count(hosts as u64)),
    }
}

/// The waiting hosts in columns: which, why, until when, and how many URLs wait there.
#[must_use]
pub fn host_lines(hosts: &[HostWaiting], clock: &LocalClock, now: WallTime, screen: Screen) -> Vec<String> {
    let cells: Vec<[String; 4]> = hosts.iter().map(|host| cells_of(host, clock, now)).collect();
    if screen.columns < HOST_LINE_COLUMNS_MIN {
        let two_lines = |[host, why, until, urls]: &[String; 4]| {
            let host = screen.fit(host, screen.columns.saturating_sub(width(urls) + 4));
            [format!("  {host}, {urls}"), format!("    {until}, {why}")].map(|line| screen.fit(&line, screen.columns))
        };
        return cells.iter().flat_map(two_lines).collect();
    }
    let widest = |index: usize| cells.iter().map(|cells| width(&cells[index])).max().unwrap_or(0);
    let (why, until, urls) = (widest(1), widest(2), widest(3));
    let host = widest(0).min(screen.columns.saturating_sub(why + until + urls + 8));
    let line = |cells: &[String; 4]| {
        let host = screen.cell(&cells[0], host);
        let cause = screen.paint(Tone::Care, &screen.cell(&cells[1], why));
        let line = format!("  {host}  {cause}  {}  {}", screen.cell(&cells[2], until), cells[3]);
        line.trim_end().to_owned()
    };
    cells.iter().map(line).collect()
}

fn cells_of(host: &HostWaiting, clock: &LocalClock, now: WallTime) -> [String; 4] {
    let HostWaiting { host, cause, because: _, since: _, until, next: _, queued } = host;
    let until = match clock.until(until.0, now) {
        now if now == "now" => now,
        until => format!("until {until}"),
    };
    [host_words(host), cause_words(*cause).to_owned(), until, counted(*queued, "URL")]
}

/// A host key without the port that its scheme has anyway.
#[must_use]
pub fn host_words(host: &str) -> String {
    let default_port = if host.starts_with("http://") { ":80" } else { ":443" };
    plain(host.strip_suffix(default_port).unwrap_or(host))
}

/// How many hosts wait: `2 hosts wait`.
#[must_use]
pub fn waiting_count(progress: &Progress) -> String {
    let hosts = progress.hosts_waiting.len();
    let at_least = if hosts >= HOSTS_WAITING_MAX { "at least " } else { "" };
    format!("{at_least}{} {}", counted(hosts as u64, "host"), if hosts == 1 { "waits" } else { "wait" })
}

/// When it will be done.
#[must_use]
pub fn eta_words(eta_s: Option<u64>) -> String {
    match eta_s {
        Some(0) => "done in a moment".to_owned(),
        Some(seconds) => format!("done in about {}", span(seconds.saturating_mul(1_000))),
        None => "end not known yet".to_owned(),
    }
}

/// URLs by state, each with its word.
#[must_use]
pub fn count_fields(urls: &UrlCounts) -> Vec<(Tone, String)> {
    let UrlCounts { queued, leased, fetched, answered, failed, parked } = *urls;
    let tone = |number: u64, tone: Tone| if number == 0 { Tone::Plain } else { tone };
    let field = |tone: Tone, number: u64, word: &str| (tone, format!("{} {word}", count(number)));
    vec![
        field(Tone::Plain, fetched, "fetched"),
        field(Tone::Plain, answered, "answered"),
        field(tone(failed, Tone::Bad), failed, "failed"),
        field(tone(parked, Tone::Care), parked, "parked"),
        field(Tone::Plain, leased, "under way"),
        field(Tone::Plain, queued, "queued"),
    ]
}

fn rate_words(per_minute: u64) -> String {
    match per_minute {
        0..=599 => format!("{}/min", count(per_minute)),
        _ => format!("{}/s", count(per_minute / 60)),
    }
}

impl Drain {
    /// What is said once a run was asked to stop.
    #[must_use]
    pub fn sentence(&self, now: WallTime) -> String {
        let left = span(self.ends_at.since_ms(now));
        format!("{}: awaiting what is under way, {left} at most; a further Ctrl-C stops at once", self.why())
    }

    const fn why(&self) -> &'static str {
        if self.is_by_deadline { "deadline reached, stopping" } else { "stopping" }
    }

    fn fields(&self, leased: u64, now: WallTime) -> Vec<(Tone, String)> {
        let left = span(self.ends_at.since_ms(now));
        let awaited = match leased {
            0 => format!("{}: committing;", self.why()),
            _ => format!("{}: {} under way, {left} at most;", self.why(), counted(leased, "URL")),
        };
        vec![(Tone::Care, awaited), (Tone::Plain, "a further Ctrl-C stops at once".to_owned())]
    }
}

#[cfg(test)]
mod tests {
    use comeback_archive::TimeText;
    use comeback_engine::diagnosis::cause::Cause;

    use super::*;
    use crate::progress::JobState;

    const NOW: WallTime = WallTime(1_795_467_600_000);
    const WIDE: Screen = Screen { columns: 80, has_colour: false, has_unicode: true };
    const DRAIN: Option<Drain> = Some(Drain { ends_at: WallTime(NOW.0 + 8_000), is_by_deadline: false });
    const NARROW: Screen = Screen { columns: 40, has_colour: false, has_unicode: false };

    fn host(name: &str, cause: Cause, for_s: u64, queued: u64) -> HostWaiting {
        HostWaiting {
            host: name.into(),
            cause,
            because: "the server said when to come back".into(),
            since: TimeText(NOW),
            until: TimeText(WallTime(NOW.0 + for_s * 1_000)),
            next: "one request to see whether it answers".into(),
            queued,
        }
    }

    fn progress(hosts_waiting: Vec<HostWaiting>) -> Progress {
        Progress {
            job: "j".into(),
            state: JobState::Running,
            urls: UrlCounts { queued: 2_750, leased: 16, fetched: 1_200, answered: 20, failed: 10, parked: 4 },
            requests: 1_300,
            robots_requests: 12,
            bytes: 12 << 20,
            duplicates: 0,
            bad_lines: 0,
            lists_unread: 0,
            eta_s: Some(185),
            hosts_waiting,
            files: Vec::new(),
            updated_at: TimeText(NOW),
        }
    }

    fn two_waiting() -> Progress {
        progress(vec![
            host("http://127.0.0.2:8080", Cause::Maintenance, 12, 340),
            host("https://www.a-rather-long-name-of-a-host.example:443", Cause::UpstreamTimeout, 3_600, 1),
        ])
    }

    fn text(progress: &Progress, drain: Option<Drain>, screen: Screen) -> String {
        let clock = LocalClock::east(1);
        let view = ProgressView { progress, per_minute: Some(2_460), drain, now: NOW, clock: &clock };
        let lines = view.lines(screen);
        assert!(lines.iter().all(|line| width(line) <= screen.columns), "{lines:#?}");
        lines.join("\n")
    }

    #[test]
    fn eighty_columns_read_well() {
        insta::assert_snapshot!("eighty_columns", text(&two_waiting(), None, WIDE));
        insta::assert_snapshot!("eighty_columns_draining", text(&progress(Vec::new()), DRAIN, WIDE));
    }

    #[test]
    fn forty_columns_read_well() {
        insta::assert_snapshot!("forty_columns", text(&two_waiting(), None, NARROW));
        insta::assert_snapshot!("forty_columns_draining", text(&progress(Vec::new()), DRAIN, NARROW));
    }

    #[test]
    fn hosts_beyond_the_limit_are_counted() {
        let hosts = (0..20).map(|number| host(&format!("http://h{number}.example:80"), Cause::RateLimit, number + 1, 7));
        insta::assert_snapshot!("many_hosts_wait", text(&progress(hosts.collect()), None, WIDE));
    }

    #[test]
    fn nothing_is_wider_than_the_narrowest_screens() {
        for columns in 1..100 {
            for has_unicode in [false, true] {
                let screen = Screen { columns, has_colour: false, has_unicode };
                let lines = text(&two_waiting(), DRAIN, screen);
                assert!(!lines.is_empty(), "{columns}");
            }
        }
    }

    #[test]
    fn colour_changes_no_word() {
        let bare = text(&two_waiting(), DRAIN, WIDE);
        let clock = LocalClock::east(1);
        let progress = two_waiting();
        let view = ProgressView { progress: &progress, per_minute: Some(2_460), drain: DRAIN, now: NOW, clock: &clock };
        let painted = view.lines(Screen { has_colour: true, ..WIDE }).join("\n");
        let stripped = painted.split('\u{1b}').map(|piece| piece.split_once('m').map_or(piece, |(_, rest)| rest));
        let first = painted.split('\u{1b}').next().unwrap_or_default();
        assert_eq!(format!("{first}{}", stripped.skip(1).collect::<String>()), bare);
        assert!(painted.contains("\u{1b}[31m10 failed"), "{painted:?}");
    }

    #[test]
    fn the_sentence_has_every_figure() {
        let clock = LocalClock::east(0);
        let progress = two_waiting();
        let view = ProgressView { progress: &progress, per_minute: Some(30), drain: None, now: NOW, clock: &clock };
        assert_eq!(
            view.sentence(),
            "1,234 of 4,000 URLs settled: 1,200 fetched, 20 answered, 10 failed, 4 parked, 16 under way, 2,750 queued; 12 MiB, \
             30/min; 2 hosts wait, the soonest, http://127.0.0.2:8080, until 21:00:12Z (12s); done in about 3m 5s."
        );
        let nothing = Progress { urls: UrlCounts::default(), eta_s: None, bytes: 0, ..self::progress(Vec::new()) };
        let view = ProgressView { progress: &nothing, per_minute: None, ..view };
        assert!(view.sentence().starts_with("0 of 0 URLs settled: "), "{}", view.sentence());
        assert!(view.sentence().ends_with("; 0 bytes; end not known yet."), "{}", view.sentence());
    }

    #[test]
    fn lists_that_are_fetched_are_counted_and_their_hosts_named() {
        let clock = LocalClock::east(0);
        assert_eq!(list_lines(1, 3, &[], &clock, NOW, NARROW), ["fetching lists: 1 of 3"]);
        let waiting = vec![host("http://a.example:80", Cause::Maintenance, 60, 2); HOSTS_OF_LISTS_MAX + 1];
        let lines = list_lines(1, 3, &waiting, &clock, NOW, WIDE);
        assert_eq!((lines.len(), lines[0].as_str()), (HOSTS_OF_LISTS_MAX + 1, "fetching lists: 1 of 3, 6 hosts wait"));
        assert!(lines[1].contains("a.example"), "{lines:#?}");
    }
}
