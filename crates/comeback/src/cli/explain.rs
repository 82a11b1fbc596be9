//! `comeback explain`: what saved responses mean.
//!
//! A date in a response is read against the response's own Date; where it has none, against the time when the file was written, or
//! against now for standard input.

use std::fs::File;
use std::io::{self, Read};
use std::path::{Path, PathBuf};

use clap::Args;
use comeback::exit::Exit;
use comeback::failure::Failure;
use comeback::{Explanation, Knowledge, RawResponse, WallTime};
use comeback_report::explanation_text;
use comeback_report::figures::plain;

use super::{complain, print, wall_clock};

/// How much of a saved response is read, in bytes: far more than any signature needs.
const RESPONSE_BYTES_MAX: u64 = 64 << 20;

/// Explain saved raw responses: cause, evidence, when to come back
///
/// A saved response begins with its status line, as `curl -i` writes it. Dates
/// are read against the response's own Date, else against the time when the file
/// was written (now, for standard input).
#[derive(Debug, Args)]
pub(super) struct Arguments {
    /// Files, each with one response; `-` is standard input
    #[arg(required = true, value_name = "FILE")]
    files: Vec<PathBuf>,
    /// One JSON object a line instead of text
    #[arg(long)]
    json: bool,
}

pub(super) fn run(arguments: &Arguments) -> Result<Exit, Failure> {
    let Arguments { files, json } = arguments;
    let knowledge = Knowledge::builtin();
    let mut exit = Exit::Success;
    for path in files {
        match explain(&knowledge, path) {
            Ok(explanation) if *json => {
                let object = serde_json::to_string(&explanation).expect("an explanation has only string keys and finite numbers");
                print(&format!("{object}\n"))?;
            }
            Ok(explanation) => print(&explanation_text::render(&explanation))?,
            Err((why, hint)) => {
                let hint = hint.map(|hint| format!("hint: {hint}\n")).unwrap_or_default();
                complain(&format!("error: {}: {why}\n{hint}", plain(&path.display().to_string())));
                exit = Exit::Usage;
            }
        }
    }
    Ok(exit)
}

/// The explanation of one file, or what is wrong with it and what to do.
fn explain(knowledge: &Knowledge, path: &Path) -> Result<Explanation, (String, Option<&'static str>)> {
    let (bytes, received_at) = read(path).map_err(|error| (error.to_string(), hint_of(&error)))?;
    let raw = RawResponse::parse(&bytes).map_err(|error| (error.to_string(), Some(error.hint())))?;
    Ok(knowledge.explain(&path.to_string_lossy(), &raw, received_at))
}

/// What is read here, for whoever named something else: a folder, a status, a URL.
fn hint_of(error: &io::Error) -> Option<&'static str> {
    let is_no_file = matches!(error.kind(), io::ErrorKind::NotFound | io::ErrorKind::IsADirectory);
    is_no_file.then_some("explain reads saved raw responses; `curl -i URL > page.http` saves one")
}

/// The bytes, and when they came, as far as known.
fn read(path: &Path) -> io::Result<(Vec<u8>, WallTime)> {
    let mut bytes = Vec::new();
    if path == Path::new("-") {
        io::stdin().lock().take(RESPONSE_BYTES_MAX).read_to_end(&mut bytes)?;
        return Ok((bytes, wall_clock::now()));
    }
    let file = File::open(path)?;
    let written_at = file.metadata()?.modified().map_or_else(|_| wall_clock::now(), wall_clock::of);
    file.take(RESPONSE_BYTES_MAX).read_to_end(&mut bytes)?;
    Ok((bytes, written_at.min(wall_clock::now())))
}
