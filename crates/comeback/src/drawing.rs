//! Lines at the bottom of a terminal that are drawn again in place.
//!
//! The cursor rests on an empty line below them: what the terminal writes there by itself (`^C`), and the prompt after a kill, damages
//! nothing, and lines that are copied stay lines. That is why no progress-bar library does it: what lines say is rendered elsewhere, and
//! those that were tried rest at the right edge of the last line, where `^C` breaks onto the next.

use std::io::{self, Write};
use std::time::Duration;

use comeback_report::screen_text::width;

/// Between two drawings, at least.
pub(crate) const DRAW_GAP_MS_MIN: u64 = 100;
/// Erases from the cursor to the end of the screen.
const ERASE_BELOW: &str = "\x1b[J";
/// Erases the rest of a line and goes to the next.
const END_LINE: &str = "\x1b[K\r\n";

/// The size of the window.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Window {
    pub(crate) columns: usize,
    pub(crate) rows: usize,
}

/// What stands on the terminal. One that cannot be written to stops no job: its errors are passed over.
#[derive(Debug)]
pub(crate) struct Drawing<W> {
    to: W,
    lines: Vec<String>,
    drawn_at: Option<Duration>,
}

impl<W: Write> Drawing<W> {
    pub(crate) const fn on(to: W) -> Self {
        Self { to, lines: Vec::new(), drawn_at: None }
    }

    /// Draws these lines over the ones that stand there, unless it drew a moment ago. `at` is the time since the beginning.
    pub(crate) fn draw(&mut self, at: Duration, window: Window, lines: impl FnOnce() -> Vec<String>) {
        let gap = Duration::from_millis(DRAW_GAP_MS_MIN);
        if self.drawn_at.is_some_and(|before| at.saturating_sub(before) < gap) {
            return;
        }
        self.drawn_at = Some(at);
        let back = self.way_back(window);
        self.lines = lines();
        // The line below is the cursor's.
        self.lines.truncate(window.rows.saturating_sub(1));
        self.put(&format!("{back}{}", self.text()));
    }

    /// Writes a sentence above the lines.
    pub(crate) fn say(&mut self, window: Window, sentence: &str) {
        let back = self.way_back(window);
        self.put(&format!("{back}{ERASE_BELOW}{sentence}\r\n{}", self.text()));
    }

    /// Takes the lines away.
    pub(crate) fn clear(&mut self, window: Window) {
        let back = self.way_back(window);
        if !std::mem::take(&mut self.lines).is_empty() {
            self.put(&format!("{back}{ERASE_BELOW}"));
        }
    }

    fn text(&self) -> String {
        let lines: String = self.lines.iter().map(|line| format!("{line}{END_LINE}")).collect();
        format!("{lines}{ERASE_BELOW}")
    }

    /// From below the lines to their beginning. A window that became narrower has broken lines in two.
    fn way_back(&self, window: Window) -> String {
        let columns = window.columns.max(1);
        let height: usize = self.lines.iter().map(|line| width(line).div_ceil(columns).max(1)).sum();
        if height == 0 { "\r".to_owned() } else { format!("\r\x1b[{height}A") }
    }

    fn put(&mut self, text: &str) {
        let _closed: io::Result<()> = self.to.write_all(text.as_bytes()).and_then(|()| self.to.flush());
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const WINDOW: Window = Window { columns: 80, rows: 24 };

    fn at(ms: u64) -> Duration {
        Duration::from_millis(ms)
    }

    fn lines(texts: &[&str]) -> Vec<String> {
        texts.iter().map(|text| (*text).to_owned()).collect()
    }

    fn written(drawing: &mut Drawing<Vec<u8>>) -> String {
        String::from_utf8(std::mem::take(&mut drawing.to)).unwrap()
    }

    #[test]
    fn lines_are_drawn_over_the_ones_before_and_cleared_at_the_end() {
        let mut drawing = Drawing::on(Vec::new());
        drawing.draw(at(0), WINDOW, || lines(&["one", "two"]));
        assert_eq!(written(&mut drawing), "\rone\x1b[K\r\ntwo\x1b[K\r\n\x1b[J");
        drawing.draw(at(100), WINDOW, || lines(&["three"]));
        assert_eq!(written(&mut drawing), "\r\x1b[2Athree\x1b[K\r\n\x1b[J");
        drawing.say(WINDOW, "said");
        assert_eq!(written(&mut drawing), "\r\x1b[1A\x1b[Jsaid\r\nthree\x1b[K\r\n\x1b[J");
        drawing.clear(WINDOW);
        assert_eq!(written(&mut drawing), "\r\x1b[1A\x1b[J");
        drawing.clear(WINDOW);
        assert_eq!(written(&mut drawing), "");
    }

    #[test]
    fn a_terminal_is_redrawn_at_most_ten_times_a_second() {
        let mut drawing = Drawing::on(Vec::new());
        (0..1_000).for_each(|ms| drawing.draw(at(ms), WINDOW, || lines(&["line"])));
        assert_eq!(written(&mut drawing).matches("line").count(), 10);
    }

    #[test]
    fn a_window_that_changes_leaves_nothing_behind() {
        let mut drawing = Drawing::on(Vec::new());
        drawing.draw(at(0), WINDOW, || lines(&[&"x".repeat(70), "\x1b[31mred\x1b[0m"]));
        written(&mut drawing);
        drawing.draw(at(100), Window { columns: 40, rows: 3 }, || lines(&["a", "b", "c", "d"]));
        let text = written(&mut drawing);
        assert!(text.starts_with("\r\x1b[3A"), "two lines became three: {text:?}");
        assert!(text.contains('b') && !text.contains('c'), "no more lines than rows: {text:?}");
    }
}
