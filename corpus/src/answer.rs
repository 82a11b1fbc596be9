//! One labelled answer: what a server sent, and what was really wrong.

use std::path::{Path, PathBuf};

use comeback_diagnosis::cause::Cause;
use comeback_diagnosis::clock::WallTime;
use comeback_diagnosis::diagnosis::Diagnosis;
use comeback_diagnosis::exchange::{BODY_SEEN_BYTES_MAX, Exchange, Response};
use comeback_diagnosis::history::History;
use comeback_diagnosis::knowledge::Knowledge;
use serde::Deserialize;

use crate::error::CorpusError;

/// Into how many folds the material is divided.
pub const FOLDS: u64 = 5;

/// Against what dates are read where an answer has no Date of its own: 2026-11-23 20:00:00 GMT, when the material was gathered.
const RECEIVED_AT: WallTime = WallTime(1_795_464_000_000);

/// One line of `answers/*.jsonl`.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Answer {
    /// A name that is unique in the corpus.
    pub id: String,
    /// What was really wrong.
    pub gold: Cause,
    /// Other causes behind the same bytes.
    #[serde(default)]
    pub twins: Vec<Cause>,
    /// Whether the label comes from outside of the bytes, so that only `unknown` is right.
    #[serde(default)]
    pub undecidable: bool,
    /// Whether the page or field values around a sourced fact are filled in.
    #[serde(default)]
    pub synthetic: bool,
    /// Whether the body was shortened at its source, so that its length says nothing.
    #[serde(default)]
    pub body_cut: bool,
    /// Whose words the body holds, for captures: `server`, `config`, `server_template_config_text`, `harness` or `none`.
    #[serde(default)]
    pub words: Option<String>,
    /// The same for answers of one source, which are kept in one fold.
    pub group: String,
    /// The product that answered, as far as known.
    pub product: String,
    /// Where the facts come from.
    pub source: String,
    /// The status, unclamped.
    pub status: u16,
    /// The reason phrase, where it was seen.
    #[serde(default)]
    pub reason: String,
    /// Names and values of the fields that were seen, in their order.
    pub fields: Vec<(String, String)>,
    /// The body: texts that were seen, and numbers for as many bytes that are left out.
    pub body: Vec<Part>,
}

/// A part of a body.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(untagged)]
pub enum Part {
    /// As it was sent.
    Text(String),
    /// So many bytes of other people's words, left out.
    LeftOut(usize),
}

impl Answer {
    /// Reads all answers of a folder's `*.jsonl` files, in the order of their names.
    ///
    /// # Errors
    /// [`CorpusError`] where a file cannot be read or a line is malformed.
    pub fn read_all(folder: &Path) -> Result<Vec<Self>, CorpusError> {
        let mut answers = Vec::new();
        for path in files(folder, "jsonl")? {
            let text = read(&path)?;
            for (index, line) in text.lines().enumerate() {
                let answer = serde_json::from_str(line).map_err(|error| CorpusError::Malformed {
                    path: path.clone(),
                    line: index + 1,
                    detail: error.to_string(),
                })?;
                answers.push(answer);
            }
        }
        Ok(answers)
    }

    /// The fold that the answer belongs to, by its group: 0 to [`FOLDS`] - 1.
    #[must_use]
    pub fn fold(&self) -> u64 {
        fold_of(&self.group)
    }

    /// The body, with words of no meaning in place of what is left out.
    #[must_use]
    pub fn body_bytes(&self) -> Vec<u8> {
        let mut body = Vec::new();
        for part in &self.body {
            match part {
                Part::Text(text) => body.extend_from_slice(text.as_bytes()),
                Part::LeftOut(count) => body.extend(b"xxxxxxx ".iter().cycle().take(*count)),
            }
        }
        body
    }

    /// What diagnosis says of it, without any history.
    #[must_use]
    pub fn diagnosed(&self, knowledge: &Knowledge) -> Diagnosis {
        let body = self.body_bytes();
        let fields: Vec<_> = self.fields.iter().map(|(name, value)| (name.as_bytes(), value.as_bytes())).collect();
        let response = Response {
            status: self.status,
            reason: self.reason.as_bytes(),
            fields: &fields,
            body: &body[..body.len().min(BODY_SEEN_BYTES_MAX)],
            body_bytes: u64::try_from(body.len()).ok(),
        };
        let exchange =
            Exchange { method: "GET", url: "", response: Some(response), failure: None, received_at: RECEIVED_AT, elapsed_ms: 0 };
        knowledge.diagnose(&exchange, &History::default())
    }
}

/// The fold of a group: FNV-1a, the same everywhere, modulo the count.
#[must_use]
pub fn fold_of(group: &str) -> u64 {
    let mix = |hash: u64, byte: u8| (hash ^ u64::from(byte)).wrapping_mul(0x0100_0000_01b3);
    group.bytes().fold(0xcbf2_9ce4_8422_2325, mix) % FOLDS
}

/// The files of a folder with an extension, by name.
pub(crate) fn files(folder: &Path, extension: &str) -> Result<Vec<PathBuf>, CorpusError> {
    let unreadable = |source| CorpusError::Unreadable { path: folder.to_owned(), source };
    let mut paths = Vec::new();
    for entry in std::fs::read_dir(folder).map_err(unreadable)? {
        let path = entry.map_err(unreadable)?.path();
        if path.extension().is_some_and(|found| found == extension) {
            paths.push(path);
        }
    }
    paths.sort();
    Ok(paths)
}

/// A file's text.
pub(crate) fn read(path: &Path) -> Result<String, CorpusError> {
    std::fs::read_to_string(path).map_err(|source| CorpusError::Unreadable { path: path.to_owned(), source })
}
