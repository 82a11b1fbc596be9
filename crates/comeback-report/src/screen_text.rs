//! Text that fits a screen: cut to its width, laid out in lines, coloured where that is wanted.
//!
//! Widths are columns, not bytes or characters. What is shown is decided elsewhere.

use std::fmt::Write as _;

use anstyle::{AnsiColor, Style};
use unicode_width::{UnicodeWidthChar, UnicodeWidthStr};

/// Between two fields of a line.
const FIELD_GAP: &str = "  ";

/// What a screen can show.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Screen {
    /// How wide it is.
    pub columns: usize,
    /// Whether colours are wanted.
    pub has_colour: bool,
    /// Whether it shows more than ASCII.
    pub has_unicode: bool,
}

/// What a piece of text tells beside its words.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Tone {
    /// Nothing.
    Plain,
    /// It goes well.
    Good,
    /// Something to come back to.
    Care,
    /// Something that ended badly.
    Bad,
    /// Beside the point.
    Faint,
}

impl Tone {
    const fn style(self) -> Style {
        match self {
            Self::Plain => Style::new(),
            Self::Good => AnsiColor::Green.on_default(),
            Self::Care => AnsiColor::Yellow.on_default(),
            Self::Bad => AnsiColor::Red.on_default(),
            Self::Faint => Style::new().dimmed(),
        }
    }
}

/// How many columns a text takes, painted or not.
#[must_use]
pub fn width(text: &str) -> usize {
    let mut pieces = text.split('\u{1b}');
    let bare = pieces.next().map_or(0, UnicodeWidthStr::width);
    // A colour's code ends with its `m`.
    bare + pieces.map(|piece| piece.split_once('m').map_or(piece, |(_, rest)| rest).width()).sum::<usize>()
}

impl Screen {
    /// The text in a tone, if the screen has colours.
    #[must_use]
    pub fn paint(&self, tone: Tone, text: &str) -> String {
        let style = tone.style();
        if self.has_colour && tone != Tone::Plain { format!("{style}{text}{style:#}") } else { text.to_owned() }
    }

    /// The text, or its beginning and an ellipsis, in at most so many columns.
    #[must_use]
    pub fn fit(&self, text: &str, columns: usize) -> String {
        if text.width() <= columns {
            return text.to_owned();
        }
        let ellipsis = if self.has_unicode { "…" } else { ".." };
        let Some(room) = columns.checked_sub(ellipsis.width()) else { return ".".repeat(columns) };
        let mut taken = 0;
        let mut fitted = String::new();
        for character in text.chars() {
            taken += character.width().unwrap_or(0);
            if taken > room {
                break;
            }
            fitted.push(character);
        }
        fitted.push_str(ellipsis);
        fitted
    }

    /// The text, cut or filled up to exactly so many columns.
    #[must_use]
    pub fn cell(&self, text: &str, columns: usize) -> String {
        let mut cell = self.fit(text, columns);
        cell.push_str(&" ".repeat(columns.saturating_sub(cell.width())));
        cell
    }

    /// Fields one after another, on as many lines as they need. No field is broken; one that is too wide is cut.
    #[must_use]
    pub fn flow(&self, fields: &[(Tone, String)]) -> Vec<String> {
        let mut lines: Vec<String> = Vec::new();
        let mut taken = self.columns;
        for (tone, text) in fields.iter().filter(|(_, text)| !text.is_empty()) {
            let text = self.fit(text, self.columns);
            let needed = text.width() + FIELD_GAP.len();
            let painted = self.paint(*tone, &text);
            match lines.last_mut().filter(|_| taken + needed <= self.columns) {
                Some(line) => {
                    let _infallible = write!(line, "{FIELD_GAP}{painted}");
                    taken += needed;
                }
                None => {
                    lines.push(painted);
                    taken = text.width();
                }
            }
        }
        lines
    }

    /// A bar of so many columns, its brackets included, filled by `done` of `all`.
    #[must_use]
    pub fn bar(&self, done: u64, all: u64, columns: usize) -> String {
        let room = columns.saturating_sub(2);
        let filled = (u128::from(done.min(all)) * room as u128).checked_div(u128::from(all));
        let filled = filled.map_or(room, |filled| usize::try_from(filled).unwrap_or(room));
        let (full, free) = if self.has_unicode { ("█", "░") } else { ("#", "-") };
        format!("[{}{}]", full.repeat(filled), free.repeat(room - filled))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const ASCII: Screen = Screen { columns: 20, has_colour: false, has_unicode: false };
    const RICH: Screen = Screen { columns: 20, has_colour: true, has_unicode: true };

    #[test]
    fn a_text_is_cut_by_columns_not_by_characters() {
        assert_eq!(ASCII.fit("abcdef", 6), "abcdef");
        assert_eq!(ASCII.fit("abcdefg", 6), "abcd..");
        assert_eq!(RICH.fit("名前です", 6), "名前…");
        assert_eq!(RICH.cell("名前です", 6), "名前… ");
        assert_eq!((ASCII.fit("abc", 1), ASCII.fit("abc", 0)), (".".into(), String::new()));
    }

    #[test]
    fn fields_flow_onto_the_next_line_whole() {
        let fields = ["1 fetched", "20 answered", "", "3 failed"].map(|text| (Tone::Plain, text.to_owned()));
        assert_eq!(ASCII.flow(&fields), ["1 fetched", "20 answered", "3 failed"]);
        assert_eq!(ASCII.flow(&fields[..1]), ["1 fetched"]);
        let wide = Screen { columns: 22, ..ASCII };
        assert_eq!(wide.flow(&fields), ["1 fetched  20 answered", "3 failed"]);
    }

    #[test]
    fn a_bar_is_full_only_at_the_end() {
        assert_eq!(ASCII.bar(0, 10, 12), "[----------]");
        assert_eq!(ASCII.bar(999, 1_000, 12), "[#########-]");
        assert_eq!(ASCII.bar(10, 10, 12), "[##########]");
        assert_eq!(RICH.bar(5, 10, 6), "[██░░]");
        assert_eq!((ASCII.bar(0, 0, 4), ASCII.bar(1, 2, 1)), ("[##]".into(), "[]".into()));
        assert_eq!(ASCII.bar(u64::MAX, u64::MAX, 12), "[##########]");
    }

    #[test]
    fn colour_is_there_only_where_it_is_wanted() {
        assert_eq!(ASCII.paint(Tone::Bad, "x"), "x");
        assert_eq!(RICH.paint(Tone::Plain, "x"), "x");
        assert_eq!(RICH.paint(Tone::Bad, "x"), "\u{1b}[31mx\u{1b}[0m");
        assert_eq!((width(&RICH.paint(Tone::Bad, "x")), width("名前")), (1, 4));
    }
}
