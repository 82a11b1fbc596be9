//! `comeback explain`: what saved responses mean, and a page for each status code and term.
//!
//! What is meant is decided in one place, [`Subject`]; each kind of it is explained by a module of its own.

use std::path::PathBuf;

use clap::Args;
use comeback::exit::Exit;
use comeback::failure::Failure;
use comeback::{Knowledge, Terms};
use comeback_report::explanation_text;
use comeback_report::figures::plain;

use super::{complain, print};
use subject::Subject;

mod saved_file;
mod subject;
mod term_page;

/// Explain saved responses, a status code or a term
///
/// X is the name of a file with a saved response (`-` is standard input), a
/// status code (503) or a term ("too many requests"). A file of that name comes
/// first.
#[derive(Debug, Args)]
#[command(arg_required_else_help = true)]
pub(super) struct Arguments {
    /// What to explain
    #[arg(required = true, value_name = "X")]
    subjects: Vec<PathBuf>,
    /// One JSON object a line instead of text
    #[arg(long)]
    json: bool,
}

/// What explaining reads.
struct Library {
    knowledge: Knowledge,
    terms: Terms,
}

/// Why something cannot be explained: a sentence, and what to do about it.
struct Refusal {
    why: String,
    hint: Option<String>,
}

pub(super) fn run(arguments: &Arguments) -> Result<Exit, Failure> {
    let Arguments { subjects, json } = arguments;
    let library = Library { knowledge: Knowledge::builtin(), terms: Terms::builtin() };
    let mut exit = Exit::Success;
    for (name, subject) in Subject::all(subjects, &library) {
        match explained(&name, subject, &library, *json) {
            Ok(text) => print(&text)?,
            Err(Refusal { why, hint }) => {
                let hint = hint.map(|hint| format!("hint: {hint}\n")).unwrap_or_default();
                complain(&format!("error: {}: {why}\n{hint}", plain(&name)));
                exit = Exit::Usage;
            }
        }
    }
    Ok(exit)
}

fn explained(name: &str, subject: Subject, library: &Library, json: bool) -> Result<String, Refusal> {
    match subject {
        Subject::Term(term) => Ok(term_page::page(&term, library, json)),
        Subject::Saved(path) => {
            let explanation = saved_file::explain(&library.knowledge, &path)?;
            Ok(if json { line(&explanation) } else { explanation_text::render(&explanation) })
        }
        Subject::Nothing => Err(term_page::refusal(name, &library.terms)),
    }
}

/// One line of JSON.
fn line(value: &impl serde::Serialize) -> String {
    let object = serde_json::to_string(value).expect("what is explained has only string keys and finite numbers");
    format!("{object}\n")
}
