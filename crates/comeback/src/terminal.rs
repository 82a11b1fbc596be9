//! What stderr is: a screen whose lines can be rewritten, or a log.
//!
//! It reads the environment and the size of the window; what is shown is decided elsewhere.

use std::ffi::OsString;
use std::io::{self, IsTerminal as _, Stderr};

use comeback_report::screen_text::Screen;

use crate::drawing::Window;

/// The window of a terminal that does not tell.
const WINDOW_DEFAULT: Window = Window { columns: 80, rows: 24 };

/// What the environment says of the screen.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Terminal {
    has_colour: bool,
    has_unicode: bool,
}

impl Terminal {
    /// What stderr is; `None` where its lines can't be rewritten.
    pub(crate) fn of(stderr: &Stderr) -> Option<Self> {
        if stderr.is_terminal() { Self::of_environment(|name| std::env::var_os(name)) } else { None }
    }

    fn of_environment(variable: impl Fn(&str) -> Option<OsString>) -> Option<Self> {
        let set = |name: &str| variable(name).filter(|value| !value.is_empty());
        // A terminal that is dumb, or does not say what it is, takes no cursor movements.
        set("TERM").filter(|term| term != "dumb")?;
        let locale = ["LC_ALL", "LC_CTYPE", "LANG"].into_iter().find_map(set);
        let locale = locale.map(|locale| locale.to_string_lossy().to_lowercase()).unwrap_or_default();
        Some(Self { has_colour: set("NO_COLOR").is_none(), has_unicode: locale.contains("utf-8") || locale.contains("utf8") })
    }

    /// The window as it is now: it may have been resized.
    pub(crate) fn window() -> Window {
        let size = rustix::termios::tcgetwinsize(io::stderr()).ok();
        let told = |cells: u16, default: usize| if cells == 0 { default } else { usize::from(cells) };
        size.map_or(WINDOW_DEFAULT, |size| Window {
            columns: told(size.ws_col, WINDOW_DEFAULT.columns),
            rows: told(size.ws_row, WINDOW_DEFAULT.rows),
        })
    }

    /// What a window of so many columns shows.
    pub(crate) const fn screen(self, window: Window) -> Screen {
        let Self { has_colour, has_unicode } = self;
        Screen { columns: window.columns, has_colour, has_unicode }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of(variables: &[(&str, &str)]) -> Option<(bool, bool)> {
        let find = |name: &str| variables.iter().find(|(other, _)| *other == name).map(|(_, value)| OsString::from(value));
        Terminal::of_environment(find).map(|terminal| (terminal.has_colour, terminal.has_unicode))
    }

    #[test]
    fn the_environment_says_what_a_screen_can_do() {
        assert_eq!(of(&[("TERM", "xterm"), ("LANG", "en_GB.UTF-8")]), Some((true, true)));
        assert_eq!(of(&[("TERM", "xterm"), ("LANG", "en_GB.utf8"), ("NO_COLOR", "1")]), Some((false, true)));
        assert_eq!(of(&[("TERM", "xterm"), ("LANG", "en_GB.UTF-8"), ("LC_ALL", "C"), ("NO_COLOR", "")]), Some((true, false)));
        assert_eq!(of(&[("TERM", "xterm"), ("LC_CTYPE", "C.UTF-8"), ("LC_ALL", "")]), Some((true, true)));
        assert_eq!((of(&[("TERM", "dumb")]), of(&[]), of(&[("TERM", "")])), (None, None, None));
    }
}
