//! Saved responses from a file or standard input, their bodies decoded where they are still compressed.
//!
//! A date in a response is read against the response's own Date; where it has none, against the time when the file was written, or
//! against now for standard input.

use std::fs::File;
use std::io::{self, Read};
use std::path::Path;

use comeback::{Explanation, Knowledge, ResponseParts, SavedAnswer, WallTime};

use super::Refusal;
use crate::cli::wall_clock;

/// How much of a saved response is read, in bytes: far more than any signature needs.
const RESPONSE_BYTES_MAX: u64 = 64 << 20;

/// How much of a compressed body is decoded, in bytes: more than diagnosis looks at.
const DECODED_BYTES_MAX: u64 = 1 << 20;

/// The explanation of each answer in a file, or why it can't be read and what to do.
pub(super) fn explain(knowledge: &Knowledge, path: &Path) -> Result<Vec<Explanation>, Refusal> {
    let (bytes, received_at) = read(path).map_err(|error| Refusal { why: error.to_string(), hint: hint_of(&error) })?;
    let file = path.to_string_lossy();
    let explained = |answer: SavedAnswer| knowledge.explain_saved(&file, &decoded(answer), received_at);
    Ok(SavedAnswer::read(&bytes).into_iter().map(explained).collect())
}

/// The answer with its body as text where it can be decoded; else as it is, which the explanation says.
fn decoded(mut answer: SavedAnswer) -> SavedAnswer {
    if let Ok(raw) = &mut answer.response
        && raw.is_coded()
    {
        let parts = ResponseParts {
            status_line: Vec::new(),
            status: Some(raw.status),
            fields: raw.fields.clone(),
            payload: std::mem::take(&mut raw.body),
            is_truncated: true,
            ip: None,
        };
        raw.body = parts.decoded(DECODED_BYTES_MAX).unwrap_or(parts.payload);
    }
    answer
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
