//! One line of progress on stderr, and what must be said in between.
//!
//! On a terminal the line is rewritten in place; elsewhere a plain line comes now and then, so that a log stays short. It is not
//! the account: that is data, on stdout.

use std::io::{self, IsTerminal as _, Stderr, Write};
use std::sync::{Mutex, PoisonError};
use std::time::{Duration, Instant};

use comeback_driver::list::BadLine;
use comeback_driver::watcher::{Notice, Watcher};
use comeback_report::figures::{count, counted, plain, size, span};
use comeback_report::progress::Progress;

/// Between two rewritings on a terminal, at least.
pub const TERMINAL_GAP_MS_MIN: u64 = 200;
/// Between two lines elsewhere, at least.
pub const PLAIN_GAP_MS_MIN: u64 = 10_000;
/// Bad lines that are shown; the others are counted.
pub const BAD_LINES_SHOWN_MAX: u64 = 20;
/// The widest line, in characters, so that it does not wrap and can be rewritten.
pub const LINE_CHARS_MAX: usize = 79;

/// A watcher that shows how a run goes.
pub struct ProgressLine {
    begun: Instant,
    screen: Mutex<Screen<Stderr>>,
}

impl ProgressLine {
    /// Shows on stderr.
    #[must_use]
    pub fn on_stderr() -> Self {
        let stderr = io::stderr();
        let is_terminal = stderr.is_terminal();
        Self { begun: Instant::now(), screen: Mutex::new(Screen::new(stderr, is_terminal)) }
    }

    /// Takes the line away; nothing is shown after it but what is said.
    pub fn finish(&self) {
        self.with_screen(|screen, _| screen.clear());
    }

    /// Says a sentence on a line of its own.
    pub fn say(&self, sentence: &str) {
        self.with_screen(|screen, _| screen.say(sentence));
    }

    fn with_screen(&self, act: impl FnOnce(&mut Screen<Stderr>, Duration)) {
        // A screen is fit for use after any panic: at worst its line is half drawn.
        let mut screen = self.screen.lock().unwrap_or_else(PoisonError::into_inner);
        act(&mut screen, self.begun.elapsed());
    }
}

impl Watcher for ProgressLine {
    fn notice(&self, notice: Notice) {
        self.with_screen(|screen, at| screen.notice(&notice, at));
    }
}

/// What stands on the screen. A stderr that cannot be written to stops no job: its errors are passed over.
struct Screen<W> {
    to: W,
    is_terminal: bool,
    /// Characters of the line that stands there now.
    drawn_chars: usize,
    /// When a line was drawn last, from the beginning.
    drawn_at: Option<Duration>,
    bad_lines: u64,
}

impl<W: Write> Screen<W> {
    const fn new(to: W, is_terminal: bool) -> Self {
        Self { to, is_terminal, drawn_chars: 0, drawn_at: None, bad_lines: 0 }
    }

    fn notice(&mut self, notice: &Notice, at: Duration) {
        match notice {
            Notice::LineSkipped { list, line: BadLine { line, refusal } } => {
                self.bad_lines += 1;
                if self.bad_lines <= BAD_LINES_SHOWN_MAX {
                    self.say(&format!("{}:{line}: {refusal}", list.display()));
                }
            }
            Notice::ListBroken { list, line, damage } => self.say(&format!("{}:{line}: {damage}", list.display())),
            Notice::IntakeAdvanced { urls } => self.draw(&format!("reading the lists: {}", counted(*urls, "URL")), at),
            Notice::IntakeEnded { urls, duplicates, bad_lines } => {
                let unshown = self.bad_lines.saturating_sub(BAD_LINES_SHOWN_MAX);
                if unshown > 0 {
                    self.say(&format!("{} not shown", counted(unshown, "more bad line")));
                }
                let (urls, duplicates) = (counted(*urls, "URL"), counted(*duplicates, "duplicate"));
                self.say(&format!("{urls} taken, {duplicates} dropped, {} skipped", counted(*bad_lines, "bad line")));
            }
            Notice::UrlsWoken { count } => {
                self.say(&format!("{} put back: the time they waited for has come", counted(*count, "parked URL")));
            }
            Notice::Committed(progress) => self.draw(&progress_words(progress), at),
            Notice::Draining => self.say("stopping: awaiting what is under way; a further Ctrl-C stops at once"),
        }
    }

    fn draw(&mut self, words: &str, at: Duration) {
        let (gap_ms, since) = if self.is_terminal {
            (TERMINAL_GAP_MS_MIN, self.drawn_at)
        } else {
            (PLAIN_GAP_MS_MIN, Some(self.drawn_at.unwrap_or_default()))
        };
        if since.is_some_and(|since| at.saturating_sub(since) < Duration::from_millis(gap_ms)) {
            return;
        }
        self.drawn_at = Some(at);
        if self.is_terminal {
            let words: String = words.chars().take(LINE_CHARS_MAX).collect();
            let chars = words.chars().count();
            let width = chars.max(self.drawn_chars);
            self.put(&format!("\r{words:width$}"));
            self.drawn_chars = chars;
        } else {
            self.put(&format!("{words}\n"));
        }
    }

    fn clear(&mut self) {
        let width = std::mem::take(&mut self.drawn_chars);
        if width > 0 {
            self.put(&format!("\r{:width$}\r", ""));
        }
    }

    fn say(&mut self, sentence: &str) {
        self.clear();
        self.put(&format!("{}\n", plain(sentence)));
    }

    fn put(&mut self, text: &str) {
        let _closed = self.to.write_all(text.as_bytes()).and_then(|()| self.to.flush());
    }
}

/// `1,234 of 10,000 settled, 12 failed, 3 parked; 5 hosts wait; 12 MiB; done in about 3m`.
fn progress_words(progress: &Progress) -> String {
    let urls = progress.urls;
    let mut words = format!("{} of {} settled", count(urls.settled()), count(urls.all()));
    for (number, name) in [(urls.failed, "failed"), (urls.parked, "parked")] {
        if number > 0 {
            words.push_str(&format!(", {} {name}", count(number)));
        }
    }
    if !progress.hosts_waiting.is_empty() {
        let hosts = progress.hosts_waiting.len() as u64;
        words.push_str(&format!("; {} {}", counted(hosts, "host"), if hosts == 1 { "waits" } else { "wait" }));
    }
    words.push_str(&format!("; {}", size(progress.bytes)));
    if let Some(seconds) = progress.eta_s {
        words.push_str(&format!("; done in about {}", span(seconds.saturating_mul(1_000))));
    }
    words
}

#[cfg(test)]
mod tests {
    use comeback_driver::list::LineRefusal;

    use super::*;

    fn shown(is_terminal: bool, notices: &[(u64, Notice)]) -> String {
        let mut screen = Screen::new(Vec::new(), is_terminal);
        for (at_ms, notice) in notices {
            screen.notice(notice, Duration::from_millis(*at_ms));
        }
        screen.clear();
        String::from_utf8(screen.to).unwrap()
    }

    #[test]
    fn a_terminal_line_is_rewritten_at_most_five_times_a_second() {
        let notices: Vec<_> = (0..1_000).map(|at_ms| (at_ms, Notice::IntakeAdvanced { urls: at_ms })).collect();
        let text = shown(true, &notices);
        assert_eq!(text.matches("reading").count(), 5, "{text:?}");
        assert!(text.contains("\rreading the lists: 200 URLs") && text.ends_with('\r') && !text.contains('\n'), "{text:?}");
    }

    #[test]
    fn a_log_has_a_line_now_and_then() {
        let notices: Vec<_> = (0..35).map(|second| (second * 1_000, Notice::IntakeAdvanced { urls: second })).collect();
        assert_eq!(
            shown(false, &notices),
            "reading the lists: 10 URLs\nreading the lists: 20 URLs\nreading the lists: 30 URLs\n"
        );
    }

    #[test]
    fn the_first_bad_lines_are_shown_and_the_others_counted() {
        let skipped =
            |line| (0, Notice::LineSkipped { list: "a.txt".into(), line: BadLine { line, refusal: LineRefusal::NotAnObject } });
        let mut notices: Vec<_> = (1..=BAD_LINES_SHOWN_MAX + 3).map(skipped).collect();
        notices.push((0, Notice::IntakeEnded { urls: 7, duplicates: 1, bad_lines: BAD_LINES_SHOWN_MAX + 3 }));
        let text = shown(false, &notices);
        assert!(text.starts_with("a.txt:1: ") && text.contains("\na.txt:20: ") && !text.contains("a.txt:21"), "{text}");
        assert!(
            text.ends_with("3 more bad lines not shown\n7 URLs taken, 1 duplicate dropped, 23 bad lines skipped\n"),
            "{text}"
        );
    }

    #[test]
    fn what_is_said_takes_the_line_away_first() {
        let text = shown(true, &[(0, Notice::IntakeAdvanced { urls: 1 }), (1, Notice::Draining)]);
        assert!(text.starts_with("\rreading the lists: 1 URL\r"), "{text:?}");
        assert!(text.contains(" \rstopping: ") && text.ends_with(" at once\n"), "{text:?}");
    }
}
