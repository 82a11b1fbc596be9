//! A saved response from a file or standard input.
//!
//! A date in a response is read against the response's own Date; where it has none, against the time when the file was written, or
//! against now for standard input.

use std::fs::File;
use std::io::{self, Read};
use std::path::Path;

use comeback::{Explanation, Knowledge, RawResponse, WallTime};

use super::Refusal;
use crate::cli::wall_clock;

/// How much of a saved response is read, in bytes: far more than any signature needs.
const RESPONSE_BYTES_MAX: u64 = 64 << 20;

/// The explanation of one file, or what is wrong with it and what to do.
pub(super) fn explain(knowledge: &Knowledge, path: &Path) -> Result<Explanation, Refusal> {
    let (bytes, received_at) = read(path).map_err(|error| Refusal { why: error.to_string(), hint: hint_of(&error) })?;
    let raw =
        RawResponse::parse(&bytes).map_err(|error| Refusal { why: error.to_string(), hint: Some(error.hint().to_owned()) })?;
    Ok(knowledge.explain(&path.to_string_lossy(), &raw, received_at))
}

/// What is read here, for whoever named something else.
fn hint_of(error: &io::Error) -> Option<String> {
    let is_no_file = matches!(error.kind(), io::ErrorKind::NotFound | io::ErrorKind::IsADirectory);
    is_no_file.then(|| "explain reads saved raw responses; `curl -i URL > page.http` saves one".to_owned())
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
