//! Outputs compared: what a page shows against what the program says.

/// Alone on a line: any lines, none too.
const ANY_LINES: &str = "...";

/// Within a line: any text, none too.
const ANY_TEXT: &str = "[..]";

/// The lines of an output as a page can show them: without blanks at their ends, and without empty lines at the end.
pub(crate) fn lines_of(output: &str) -> Vec<String> {
    let mut lines: Vec<_> = output.lines().map(|line| line.trim_end().to_owned()).collect();
    while lines.last().is_some_and(String::is_empty) {
        lines.pop();
    }
    lines
}

/// Whether the real lines are those that are shown.
pub(crate) fn fits(shown: &[&str], real: &[String]) -> bool {
    // As with `*` in a glob: after a mismatch, the last elision takes one line more.
    let (mut at, mut line, mut elision) = (0, 0, None);
    while line < real.len() {
        if shown.get(at) == Some(&ANY_LINES) {
            elision = Some((at, line));
            at += 1;
        } else if shown.get(at).is_some_and(|pattern| line_fits(pattern, &real[line])) {
            (at, line) = (at + 1, line + 1);
        } else if let Some((elided, from)) = elision {
            (at, line, elision) = (elided + 1, from + 1, Some((elided, from + 1)));
        } else {
            return false;
        }
    }
    shown[at..].iter().all(|pattern| *pattern == ANY_LINES)
}

/// Whether a real line is the one that is shown.
pub(crate) fn line_fits(pattern: &str, line: &str) -> bool {
    let mut pieces = pattern.trim_end().split(ANY_TEXT);
    let first = pieces.next().unwrap_or_default();
    let Some(mut rest) = line.strip_prefix(first) else { return false };
    let mut pieces: Vec<_> = pieces.collect();
    let Some(last) = pieces.pop() else { return rest.is_empty() };
    for piece in pieces {
        let Some((_, after)) = rest.split_once(piece) else { return false };
        rest = after;
    }
    rest.ends_with(last)
}

/// The real lines, with the elisions of what was shown where the lines around them are still there.
pub(crate) fn blessed(shown: &[&str], real: &[String]) -> Vec<String> {
    let kept = alignment(shown, real);
    let mut lines = Vec::new();
    // The place in `shown` after the last kept line, and in `real`.
    let (mut after, mut line) = (0, 0);
    for (at, to) in kept.into_iter().chain([(shown.len(), real.len())]) {
        if shown[after..at] == [ANY_LINES] {
            lines.push(ANY_LINES.to_owned());
        } else {
            lines.extend_from_slice(&real[line..to]);
        }
        lines.extend(shown.get(at).map(|kept| (*kept).to_owned()));
        (after, line) = (at + 1, to + 1);
    }
    lines
}

/// The longest run of pairs, in order, of a shown line and a real one that fit.
fn alignment(shown: &[&str], real: &[String]) -> Vec<(usize, usize)> {
    let fits = |at: usize, line: usize| shown[at] != ANY_LINES && line_fits(shown[at], &real[line]);
    let mut longest = vec![vec![0_usize; real.len() + 1]; shown.len() + 1];
    for at in (0..shown.len()).rev() {
        for line in (0..real.len()).rev() {
            longest[at][line] =
                if fits(at, line) { longest[at + 1][line + 1] + 1 } else { longest[at + 1][line].max(longest[at][line + 1]) };
        }
    }
    let (mut pairs, mut at, mut line) = (Vec::new(), 0, 0);
    while at < shown.len() && line < real.len() {
        if fits(at, line) {
            pairs.push((at, line));
            (at, line) = (at + 1, line + 1);
        } else if longest[at + 1][line] >= longest[at][line + 1] {
            at += 1;
        } else {
            line += 1;
        }
    }
    pairs
}

#[test]
fn elisions_stand_for_any_text_and_any_lines() {
    let fits = |shown: &[&str], real: &str| fits(shown, &lines_of(real));
    assert!(fits(&["a", "b"], "a  \nb\n\n"));
    assert!(fits(&["took [..] s, [..]"], "took 3 s, so"));
    assert!(fits(&["a", "...", "d"], "a\nb\nd\nc\nd"));
    assert!(fits(&["..."], "") && fits(&["..."], "a\nb") && fits(&["a", "..."], "a"));
    assert!(!fits(&["a", "...", "d"], "a\nb\nd\nc"));
    assert!(!fits(&["took [..] s, [..]"], "took 3 minutes, so"));
    assert!(!fits(&["[..]a[..]"], "b") && !fits(&["a[..]a"], "a"));
    assert!(!fits(&["a"], "") && !fits(&[], "a") && !fits(&["a"], "a\nb"));
}

#[test]
fn blessing_keeps_elisions_that_still_hold() {
    let blessed = |shown: &[&str], real: &str| blessed(shown, &lines_of(real));
    assert_eq!(blessed(&["port [..]", "old"], "port 7\nnew"), ["port [..]", "new"]);
    assert_eq!(blessed(&["a", "...", "z", "old"], "a\nb\nc\nz\nnew"), ["a", "...", "z", "new"]);
    assert_eq!(blessed(&["old", "..."], "new\nb"), ["new", "b"]);
    assert_eq!(blessed(&["a", "..."], "a\nb"), ["a", "..."]);
    assert_eq!(blessed(&["a"], ""), Vec::<String>::new());
    assert_eq!(blessed(&[], "a\nb"), ["a", "b"]);
}
