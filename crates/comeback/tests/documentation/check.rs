//! A page run, compared, and reported or blessed.

use std::fs;

use crate::page::{self, Action, Step};
use crate::shell::{self, Ended};
use crate::{generated, is_blessing, root, transcript};

/// Lines of an output that a finding repeats.
const LINES_SHOWN_MAX: usize = 60;

/// The command that shows how the one before it ended.
const SHOW_CODE: &str = "echo $?";

/// Runs a page and compares what it shows, or writes it anew.
pub(crate) fn check(path: &str) {
    let file = root().join(path);
    let written = fs::read_to_string(&file).unwrap();
    let text = generated::renewed(&written);
    if is_blessing() && text != written {
        fs::write(&file, &text).unwrap();
    } else {
        assert!(text == written, "{path}: a generated section is another; COMEBACK_TEST_BLESS=1 writes it anew");
    }
    let lines: Vec<_> = text.lines().collect();
    let steps = page::steps(&lines).map_err(|(line, why)| format!("{path}:{}: {why}", line + 1)).unwrap();
    if steps.is_empty() {
        return;
    }
    let ended = shell::run(&steps);
    let findings: String = findings(&lines, &steps, &ended, is_blessing())
        .into_iter()
        .map(|(line, what)| format!("{path}:{}: {what}\n", line + 1))
        .collect();
    assert!(findings.is_empty(), "\n{findings}./test installs what the pages need");
    // Only now: what a failed command printed is no transcript.
    if is_blessing() {
        fs::write(&file, blessed(&lines, &steps, &ended)).unwrap();
    }
}

/// Lines, from 0, with what is wrong there.
fn findings(lines: &[&str], steps: &[Step], ended: &[Ended], is_blessed: bool) -> Vec<(usize, String)> {
    let mut findings = Vec::new();
    for (number, step) in steps.iter().enumerate() {
        let Some(Ended { code, output }) = ended.get(number) else {
            findings.push((step.line, "the page's shell ended before this was reached".to_owned()));
            break;
        };
        let (shown, is_code_told) = match &step.action {
            Action::Run { command: _, output } => (shown(lines, output.clone()), tells_code(steps.get(number + 1))),
            Action::Write { .. } => (Vec::new(), false),
        };
        let real = transcript::lines_of(output);
        if !is_blessed && !transcript::fits(&shown, &real) {
            findings.push((step.line, difference(&shown, &real)));
        }
        if *code != 0 && !is_code_told {
            let said: String = real.iter().take(LINES_SHOWN_MAX).map(|line| format!("\n    {line}")).collect();
            findings.push((step.line, format!("this ends with {code}, and no `$ {SHOW_CODE}` follows{said}")));
        }
    }
    findings
}

fn tells_code(step: Option<&Step>) -> bool {
    step.is_some_and(|step| match &step.action {
        Action::Run { command, output: _ } => command == SHOW_CODE,
        Action::Write { .. } => false,
    })
}

/// The output that the page shows, without empty lines at its end.
fn shown<'a>(lines: &[&'a str], output: std::ops::Range<usize>) -> Vec<&'a str> {
    let mut shown = lines[output].to_vec();
    while shown.last().is_some_and(|line| line.is_empty()) {
        shown.pop();
    }
    shown
}

fn difference(shown: &[&str], real: &[String]) -> String {
    let mut text = "the output is another (COMEBACK_TEST_BLESS=1 writes it anew)".to_owned();
    let sides = [("-", shown.to_vec()), ("+", real.iter().map(String::as_str).collect())];
    // The first lines, as far as they fit, are left out.
    let same = shown.iter().zip(real).take_while(|(shown, real)| transcript::line_fits(shown, real)).count();
    for (mark, side) in sides {
        for line in side[same..].iter().take(LINES_SHOWN_MAX) {
            text.push_str(&format!("\n  {mark} {line}"));
        }
    }
    text
}

/// The page with the outputs of this run.
fn blessed(lines: &[&str], steps: &[Step], ended: &[Ended]) -> String {
    let mut page: Vec<_> = lines.iter().map(|line| (*line).to_owned()).collect();
    // From the end, so that the places before stay where they are.
    for (step, Ended { code: _, output: real }) in steps.iter().zip(ended).rev() {
        match &step.action {
            Action::Run { command: _, output } => {
                let shown = shown(lines, output.clone());
                let real = transcript::lines_of(real);
                if !transcript::fits(&shown, &real) {
                    page.splice(output.start..output.start + shown.len(), transcript::blessed(&shown, &real));
                }
            }
            Action::Write { .. } => {}
        }
    }
    page.iter().map(|line| format!("{line}\n")).collect()
}

#[test]
fn a_finding_names_its_line() {
    let lines: Vec<_> = "```console\n$ a\nold\n\n$ b\n$ echo $?\n1\n$ c\n```".lines().collect();
    let steps = page::steps(&lines).unwrap();
    let ended = |outputs: &[(i32, &str)]| -> Vec<_> {
        outputs.iter().map(|(code, output)| Ended { code: *code, output: (*output).to_owned() }).collect()
    };
    let judged = |outputs: &[(i32, &str)]| -> Vec<_> {
        findings(&lines, &steps, &ended(outputs), false).into_iter().map(|(line, _)| line).collect()
    };
    assert!(judged(&[(0, "old\n"), (1, ""), (0, "1\n"), (0, "")]).is_empty());
    assert_eq!(judged(&[(0, "new\n"), (1, ""), (0, "1\n"), (2, "")]), [1, 7]);
    assert_eq!(judged(&[(0, "old\n"), (1, "")]), [5]);
    let page = blessed(&lines, &steps, &ended(&[(0, "new\nest\n"), (1, ""), (0, "1\n"), (0, "more\n")]));
    assert_eq!(page, "```console\n$ a\nnew\nest\n\n$ b\n$ echo $?\n1\n$ c\nmore\n```\n");
}
