//! How a run goes, on stderr: drawn in place on a terminal, plain sentences in a log.
//!
//! What is shown is a pure function in comeback-report; here it is kept up to date and drawn. It is not the account: that is data, on
//! stdout. A stderr that nobody reads stops no job.

use std::io::{self, Stderr, Write};
use std::time::Duration;

use comeback_driver::list::BadLine;
use comeback_driver::watcher::{Notice, StopReason};
use comeback_engine::diagnosis::clock::WallTime;
use comeback_report::figures::{count, counted, plain};
use comeback_report::local_clock::LocalClock;
use comeback_report::progress::Progress;
use comeback_report::progress_view::{Drain, ProgressView, intake_line, list_lines};
use comeback_report::screen_text::Screen;
use comeback_report::settling_rate::SettlingRate;

use crate::drawing::Drawing;
use crate::notice_queue::{Listener, NoticedAt};
use crate::progress_log::LogPace;
use crate::terminal::Terminal;

/// Bad lines that are shown; the others are counted.
pub const BAD_LINES_SHOWN_MAX: u64 = 20;

/// A listener that shows how a run goes.
pub struct ProgressDisplay(Shown);

impl ProgressDisplay {
    /// Shows on stderr, as a terminal or as a log.
    #[must_use]
    pub fn on_stderr() -> Self {
        let stderr = io::stderr();
        let surface = match Terminal::of(&stderr) {
            Some(terminal) => Surface::Terminal { drawing: Drawing::on(stderr), terminal },
            None => Surface::Log { pace: LogPace::default(), to: Box::new(stderr) },
        };
        Self(Shown::on(surface, LocalClock::of_system()))
    }

    /// Takes away what was drawn; nothing is shown after it but what is said.
    pub fn finish(&mut self) {
        self.0.surface.clear();
    }

    /// Says a sentence on a line of its own.
    pub fn say(&mut self, sentence: &str) {
        self.0.surface.say(sentence);
    }
}

impl Listener for ProgressDisplay {
    fn notice(&mut self, notice: Notice, at: NoticedAt) {
        self.0.notice(notice, at.since_begin, at.wall);
    }

    fn missed(&mut self, count: u64, _at: NoticedAt) {
        self.say(&format!("{} not shown: nothing was taken for a while", counted(count, "notice")));
    }
}

/// Where it is shown.
enum Surface {
    Terminal { drawing: Drawing<Stderr>, terminal: Terminal },
    Log { pace: LogPace, to: Box<dyn Write + Send> },
}

impl Surface {
    /// Shows where the run stands: the lines on a terminal, the sentence in a log if it is time for one.
    fn show(&mut self, at: Duration, done: u64, all: u64, lines: impl Fn(Screen) -> Vec<String>, sentence: impl Fn() -> String) {
        match self {
            Self::Terminal { drawing, terminal } => {
                let window = Terminal::window();
                drawing.draw(at, window, || lines(terminal.screen(window)));
            }
            Self::Log { pace, to } => {
                if pace.is_due(at, done, all) {
                    put(to, &sentence());
                }
            }
        }
    }

    fn say(&mut self, sentence: &str) {
        match self {
            Self::Terminal { drawing, terminal: _ } => drawing.say(Terminal::window(), &plain(sentence)),
            Self::Log { pace: _, to } => put(to, sentence),
        }
    }

    fn clear(&mut self) {
        match self {
            Self::Terminal { drawing, terminal: _ } => drawing.clear(Terminal::window()),
            Self::Log { .. } => {}
        }
    }
}

fn put(to: &mut dyn Write, sentence: &str) {
    let _closed = to.write_all(format!("{}\n", plain(sentence)).as_bytes()).and_then(|()| to.flush());
}

/// What is known of the run, and where it is shown.
struct Shown {
    surface: Surface,
    clock: LocalClock,
    rate: SettlingRate,
    progress: Option<Box<Progress>>,
    drain: Option<Drain>,
    bad_lines: u64,
    lists_unread: u64,
}

impl Shown {
    fn on(surface: Surface, clock: LocalClock) -> Self {
        Self { surface, clock, rate: SettlingRate::default(), progress: None, drain: None, bad_lines: 0, lists_unread: 0 }
    }

    fn notice(&mut self, notice: Notice, at: Duration, now: WallTime) {
        match notice {
            Notice::LineSkipped { list, line: BadLine { line, refusal } } => {
                self.bad_lines += 1;
                if self.bad_lines <= BAD_LINES_SHOWN_MAX {
                    self.surface.say(&format!("{}:{line}: {refusal}", list.display()));
                }
            }
            Notice::ListBroken { list, line, damage } => self.surface.say(&format!("{}:{line}: {damage}", list.display())),
            Notice::ListUnread(list) => {
                self.lists_unread += 1;
                if self.lists_unread <= BAD_LINES_SHOWN_MAX {
                    self.surface.say(&list.to_string());
                }
            }
            Notice::ListsFetched { settled, lists, waiting } => {
                let clock = &self.clock;
                let lines = |screen| list_lines(settled, lists, &waiting, clock, now, screen);
                self.surface.show(at, 0, 0, lines, || format!("Fetching lists: {} of {} so far.", count(settled), count(lists)));
            }
            Notice::IntakeAdvanced { urls } => {
                let lines = |screen| vec![intake_line(urls, screen)];
                self.surface.show(at, 0, 0, lines, || format!("Reading the lists: {} so far.", counted(urls, "URL")));
            }
            Notice::IntakeEnded { urls, duplicates, bad_lines } => {
                for (number, noun) in [(self.lists_unread, "more missing list"), (self.bad_lines, "more bad line")] {
                    let unshown = number.saturating_sub(BAD_LINES_SHOWN_MAX);
                    if unshown > 0 {
                        self.surface.say(&format!("{} not shown", counted(unshown, noun)));
                    }
                }
                let (urls, duplicates) = (counted(urls, "URL"), counted(duplicates, "duplicate"));
                self.surface.say(&format!("{urls} taken, {duplicates} dropped, {} skipped", counted(bad_lines, "bad line")));
            }
            Notice::UrlsWoken { count } => {
                self.surface.say(&format!("{} put back: the time they waited for has come", counted(count, "parked URL")));
            }
            // Hosts that wait are shown with the progress.
            Notice::HostHeld { .. } | Notice::HostRecovered { .. } | Notice::HostSettled { .. } => {}
            Notice::ProgressMade(progress) => {
                self.rate.observe(u64::try_from(at.as_millis()).unwrap_or(u64::MAX), progress.urls.settled());
                self.progress = Some(progress);
                self.draw(at, now);
            }
            Notice::DrainStarted { by, wait_ms_max } => {
                let drain =
                    Drain { ends_at: WallTime(now.0.saturating_add(wait_ms_max)), is_by_deadline: by == StopReason::Deadline };
                self.drain = Some(drain);
                match &self.surface {
                    // It stands among the lines there.
                    Surface::Terminal { .. } => self.draw(at, now),
                    Surface::Log { .. } => self.surface.say(&drain.sentence(now)),
                }
            }
        }
    }

    fn draw(&mut self, at: Duration, now: WallTime) {
        let Self { surface, clock, rate, progress: Some(progress), drain, bad_lines: _, lists_unread: _ } = self else { return };
        let view = ProgressView { progress, per_minute: rate.per_minute(), drain: *drain, now, clock };
        let urls = progress.urls;
        surface.show(at, urls.settled(), urls.all(), |screen| view.lines(screen), || view.sentence());
    }
}

#[cfg(test)]
mod tests {
    use std::sync::{Arc, Mutex};

    use comeback_archive::TimeText;
    use comeback_driver::list::LineRefusal;
    use comeback_report::progress::{JobState, UrlCounts};

    use super::*;

    /// A log that can be read while it is written.
    #[derive(Clone, Default)]
    struct Log(Arc<Mutex<Vec<u8>>>);

    impl Write for Log {
        fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
            self.0.lock().unwrap().write(bytes)
        }

        fn flush(&mut self) -> io::Result<()> {
            Ok(())
        }
    }

    fn logged(notices: Vec<(u64, Notice)>) -> String {
        let log = Log::default();
        let surface = Surface::Log { pace: LogPace::default(), to: Box::new(log.clone()) };
        let mut shown = Shown::on(surface, LocalClock::east(0));
        for (second, notice) in notices {
            shown.notice(notice, Duration::from_secs(second), WallTime(second * 1_000));
        }
        shown.surface.clear();
        let bytes = log.0.lock().unwrap().clone();
        String::from_utf8(bytes).unwrap()
    }

    fn progress(fetched: u64) -> Notice {
        Notice::ProgressMade(Box::new(Progress {
            job: "j".into(),
            state: JobState::Running,
            urls: UrlCounts { fetched, queued: 100 - fetched, ..UrlCounts::default() },
            requests: fetched,
            robots_requests: 0,
            bytes: 0,
            duplicates: 0,
            bad_lines: 0,
            lists_unread: 0,
            eta_s: None,
            hosts_waiting: Vec::new(),
            files: Vec::new(),
            updated_at: TimeText(WallTime(0)),
        }))
    }

    #[test]
    fn a_log_has_a_sentence_now_and_then() {
        let text = logged((0..35).map(|second| (second, progress(second))).collect());
        let lines: Vec<&str> = text.lines().collect();
        assert_eq!(lines.len(), 3, "{text}");
        assert_eq!(
            lines[0],
            "10 of 100 URLs settled: 10 fetched, 0 answered, 0 failed, 0 parked, 0 under way, 90 queued; 0 bytes, 60/min; end not known yet."
        );
        assert!(!text.chars().any(|character| character.is_control() && character != '\n'), "{text:?}");
    }

    #[test]
    fn the_first_bad_lines_are_shown_and_the_others_counted() {
        let skipped =
            |line| (0, Notice::LineSkipped { list: "a.txt".into(), line: BadLine { line, refusal: LineRefusal::NotAnObject } });
        let mut notices: Vec<_> = (1..=BAD_LINES_SHOWN_MAX + 3).map(skipped).collect();
        notices.push((0, Notice::IntakeEnded { urls: 7, duplicates: 1, bad_lines: BAD_LINES_SHOWN_MAX + 3 }));
        let text = logged(notices);
        assert!(text.starts_with("a.txt:1: ") && text.contains("\na.txt:20: ") && !text.contains("a.txt:21"), "{text}");
        assert!(
            text.ends_with("3 more bad lines not shown\n7 URLs taken, 1 duplicate dropped, 23 bad lines skipped\n"),
            "{text}"
        );
    }

    #[test]
    fn whoever_stops_it_is_told_what_a_second_interrupt_does() {
        let drain = |by| logged(vec![(0, Notice::DrainStarted { by, wait_ms_max: 10_000 })]);
        let expected = "stopping: awaiting what is under way, 10s at most; a further Ctrl-C stops at once\n";
        assert_eq!(drain(StopReason::Signal), expected);
        assert_eq!(drain(StopReason::Deadline), format!("deadline reached, {expected}"));
    }
}
