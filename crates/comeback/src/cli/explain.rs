//! `comeback explain`: what a saved response or the answer of a URL means, and a page for each status code and term.
//!
//! What is meant is decided in one place, [`Subject`]; each kind of it is explained by a module of its own.

use std::path::{Path, PathBuf};

use clap::Args;
use comeback::config::{self, FlagValues};
use comeback::exit::Exit;
use comeback::failure::Failure;
use comeback::{Knowledge, Terms};
use comeback_driver::single_request::explain_url;
use comeback_report::explanation_text;
use comeback_report::figures::plain;
use url::Url;

use super::{complain, print};
use subject::Subject;

mod html_pages;
mod saved_file;
mod subject;
mod term_page;

/// Explain a saved response, a URL, a status code or a term
///
/// X is a file with a saved response (what `curl -i` or `curl -v` printed, a HAR
/// file; `-` is standard input), a URL, a status code (503) or a term ("too many
/// requests"). A file of that name comes first. A URL is asked once, as `fetch`
/// would ask it; robots.txt is not asked, and no redirect is followed.
#[derive(Debug, Args)]
#[command(arg_required_else_help = true)]
pub(super) struct Arguments {
    /// What to explain
    #[arg(required_unless_present = "html", value_name = "X")]
    subjects: Vec<PathBuf>,
    /// One JSON object a line instead of text
    #[arg(long)]
    json: bool,
    /// Write the pages of all terms and their map into a folder, for a browser
    #[arg(long, value_name = "DIR", conflicts_with_all = ["subjects", "json"])]
    html: Option<PathBuf>,
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
    let Arguments { subjects, json, html } = arguments;
    let library = Library { knowledge: Knowledge::builtin(), terms: Terms::builtin() };
    if let Some(folder) = html {
        return html_pages::write(folder, &library);
    }
    let mut exit = Exit::Success;
    for (name, subject) in Subject::all(subjects, &library) {
        let told = match subject {
            Subject::Term(term) => print(&term_page::page(&term, &library, *json)).map(|()| None),
            Subject::Saved(path) => print_saved(&library.knowledge, &path, *json),
            Subject::Url(url) => print_answer(&library.knowledge, &url, *json).map(|()| None),
            Subject::BadUrl(why) => Ok(Some(Refusal { why, hint: None })),
            Subject::Nothing => Ok(Some(term_page::refusal(&name, &library.terms))),
        };
        let Some(Refusal { why, hint }) = told? else { continue };
        if *json {
            // Who reads lines counts on one for each X.
            print(&line(&library.knowledge.unread(&name, &why, UNREAD_ADVICE)))?;
        }
        let hint = hint.map(|hint| format!("hint: {hint}\n")).unwrap_or_default();
        complain(&format!("error: {}: {why}\n{hint}", plain(&name)));
        exit = Exit::Usage;
    }
    Ok(exit)
}

/// What can be done about an X that can't be read.
const UNREAD_ADVICE: &str = "name a file that can be read, a status code or a term";

/// Prints each answer of a file; a file that can't be read is a refusal.
fn print_saved(knowledge: &Knowledge, path: &Path, json: bool) -> Result<Option<Refusal>, Failure> {
    match saved_file::explain(knowledge, path) {
        Ok(explanations) => {
            for explanation in explanations {
                print(&if json { line(&explanation) } else { explanation_text::render(&explanation) })?;
            }
            Ok(None)
        }
        Err(refusal) => Ok(Some(refusal)),
    }
}

/// Asks for the URL once, with the settings in force, and prints what the answer means.
fn print_answer(knowledge: &Knowledge, url: &Url, json: bool) -> Result<(), Failure> {
    let in_force = config::load(None, Path::new("."), std::env::vars_os(), &FlagValues::default())?;
    let explanation = explain_url(knowledge, &in_force.settings, url)?;
    print(&if json { line(&explanation) } else { explanation_text::render(&explanation) })
}

/// One line of JSON.
fn line(value: &impl serde::Serialize) -> String {
    let object = serde_json::to_string(value).expect("what is explained has only string keys and finite numbers");
    format!("{object}\n")
}
