//! A page of the documentation, read: its commands, what they should print, and the files it shows.
//!
//! Nothing escapes: a block is run, written to a file, parsed, or refused.

use std::ops::Range;

/// Languages of blocks that may stand without a file's name: they must parse, where they can.
const FRAGMENTS: [&str; 4] = ["json", "jsonl", "text", "toml"];

/// What a page asks of the shell, in its order.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Step {
    /// The line on which it begins, from 0.
    pub(crate) line: usize,
    pub(crate) action: Action,
}

#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Action {
    /// A command, and the lines of the page that show its output.
    Run { command: String, output: Range<usize> },
    /// A file with its content.
    Write { name: String, content: String },
}

/// Reads a page.
///
/// # Errors
/// A block that says nothing that could be checked: its line, from 0, and what is wrong.
pub(crate) fn steps(lines: &[&str]) -> Result<Vec<Step>, (usize, String)> {
    let mut steps = Vec::new();
    let mut at = 0;
    while at < lines.len() {
        let Some((indent, info)) = lines[at].split_once("```") else {
            at += 1;
            continue;
        };
        if !indent.is_empty() {
            // Fences within prose are code spans; a block in a list would escape.
            if indent.trim().is_empty() {
                return Err((at, "a block stands at the beginning of its lines".to_owned()));
            }
            at += 1;
            continue;
        }
        let first = at + 1;
        let length = lines[first..].iter().position(|line| *line == "```").ok_or((at, "the block has no end".to_owned()))?;
        let block = first..first + length;
        match info.split_whitespace().collect::<Vec<_>>().as_slice() {
            ["console"] => commands(lines, block.clone(), &mut steps)?,
            [language, name] if *language != "console" => {
                let content = lines[block.clone()].iter().map(|line| format!("{line}\n")).collect();
                steps.push(Step { line: at, action: Action::Write { name: (*name).to_owned(), content } });
            }
            [language] if FRAGMENTS.contains(language) => {
                parse(language, &lines[block.clone()]).map_err(|why| (at, format!("the {language} does not parse: {why}")))?;
            }
            _ => {
                return Err((
                    at,
                    format!("`{info}` says neither `console`, nor a language and a file, nor one of {FRAGMENTS:?}"),
                ));
            }
        }
        at = block.end + 1;
    }
    Ok(steps)
}

/// The commands of a transcript.
fn commands(lines: &[&str], block: Range<usize>, steps: &mut Vec<Step>) -> Result<(), (usize, String)> {
    let mut at = block.start;
    while at < block.end {
        let line = at;
        let mut command = lines[at].strip_prefix("$ ").ok_or((at, "a transcript begins with `$ `".to_owned()))?.to_owned();
        at += 1;
        while let Some(more) = lines[at..block.end].first().and_then(|line| line.strip_prefix("> ")) {
            command.push('\n');
            command.push_str(more);
            at += 1;
        }
        let output = at;
        at += lines[at..block.end].iter().take_while(|line| !line.starts_with("$ ")).count();
        steps.push(Step { line, action: Action::Run { command, output: output..at } });
    }
    Ok(())
}

fn parse(language: &str, lines: &[&str]) -> Result<(), String> {
    let json = |text: &str| serde_json::from_str::<serde_json::Value>(text).map(drop).map_err(|error| error.to_string());
    let text = lines.join("\n");
    match language {
        "json" => json(&text),
        "jsonl" => lines.iter().try_for_each(|line| json(line)),
        "toml" => text.parse::<toml::Table>().map(drop).map_err(|error| error.to_string()),
        _ if lines.iter().any(|line| line.starts_with("$ ")) => Err("a command belongs in a `console` block".to_owned()),
        _ => Ok(()),
    }
}

#[test]
fn commands_and_files_come_in_their_order() {
    let text = "# A page\n\n```toml a.toml\nb = 1\n```\n\n```console\n$ one \\\n> two\nout\n\n$ three\n```\n";
    let lines: Vec<_> = text.lines().collect();
    let steps = steps(&lines).unwrap();
    let write = Action::Write { name: "a.toml".to_owned(), content: "b = 1\n".to_owned() };
    let one = Action::Run { command: "one \\\ntwo".to_owned(), output: 9..11 };
    let three = Action::Run { command: "three".to_owned(), output: 12..12 };
    let expected = [(2, write), (7, one), (11, three)].map(|(line, action)| Step { line, action });
    assert_eq!(steps, expected);
}

#[test]
fn a_block_that_nobody_checks_is_refused() {
    let refused = |text: &str| steps(&text.lines().collect::<Vec<_>>()).is_err();
    for text in [
        "```\n$ ls\n```",
        "```sh\nls\n```",
        "```console out.txt\n$ ls\n```",
        "```console\nls\n```",
        "```text\n$ ls\n```",
        "```toml\na =\n```",
        "```json\n{\n```",
        "```jsonl\n{}\n{\n```",
        "- a list\n  ```console\n  $ ls\n  ```",
        "```text\nno end",
    ] {
        assert!(refused(text), "{text}");
    }
    for text in ["", "a ```span```", "```text\na -> b\n```", "```jsonl\n{}\n{}\n```", "```toml\na = 1\n```"] {
        assert!(!refused(text), "{text}");
    }
}
