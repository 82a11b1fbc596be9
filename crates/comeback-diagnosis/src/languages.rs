//! Wording in many languages: what short answers say is described once (`knowledge/situations.toml`), how a language says it in a
//! file of its own (`knowledge/languages/`). A language is added by such a file and its line here.
//!
//! It makes signatures like any other; English has a file among those of the products, too.

use std::collections::BTreeMap;

use serde::Deserialize;

use crate::cause::Cause;
use crate::diagnosis::{Responder, Scope};
use crate::error::DiagnosisError;
use crate::exchange::BODY_SEEN_BYTES_MAX;
use crate::signature::{Conditions, ProductFile, Signature};

/// Name and text of each file, in alphabetical order.
pub(crate) const LANGUAGE_FILES: [(&str, &str); 28] = [
    ("arabic.toml", include_str!("../knowledge/languages/arabic.toml")),
    ("chinese.toml", include_str!("../knowledge/languages/chinese.toml")),
    ("czech.toml", include_str!("../knowledge/languages/czech.toml")),
    ("danish.toml", include_str!("../knowledge/languages/danish.toml")),
    ("dutch.toml", include_str!("../knowledge/languages/dutch.toml")),
    ("english.toml", include_str!("../knowledge/languages/english.toml")),
    ("finnish.toml", include_str!("../knowledge/languages/finnish.toml")),
    ("french.toml", include_str!("../knowledge/languages/french.toml")),
    ("german.toml", include_str!("../knowledge/languages/german.toml")),
    ("greek.toml", include_str!("../knowledge/languages/greek.toml")),
    ("hebrew.toml", include_str!("../knowledge/languages/hebrew.toml")),
    ("hungarian.toml", include_str!("../knowledge/languages/hungarian.toml")),
    ("indonesian.toml", include_str!("../knowledge/languages/indonesian.toml")),
    ("italian.toml", include_str!("../knowledge/languages/italian.toml")),
    ("japanese.toml", include_str!("../knowledge/languages/japanese.toml")),
    ("korean.toml", include_str!("../knowledge/languages/korean.toml")),
    ("norwegian.toml", include_str!("../knowledge/languages/norwegian.toml")),
    ("persian.toml", include_str!("../knowledge/languages/persian.toml")),
    ("polish.toml", include_str!("../knowledge/languages/polish.toml")),
    ("portuguese.toml", include_str!("../knowledge/languages/portuguese.toml")),
    ("romanian.toml", include_str!("../knowledge/languages/romanian.toml")),
    ("russian.toml", include_str!("../knowledge/languages/russian.toml")),
    ("spanish.toml", include_str!("../knowledge/languages/spanish.toml")),
    ("swedish.toml", include_str!("../knowledge/languages/swedish.toml")),
    ("thai.toml", include_str!("../knowledge/languages/thai.toml")),
    ("turkish.toml", include_str!("../knowledge/languages/turkish.toml")),
    ("ukrainian.toml", include_str!("../knowledge/languages/ukrainian.toml")),
    ("vietnamese.toml", include_str!("../knowledge/languages/vietnamese.toml")),
];

/// What stands for the wording in the body of an example.
const WORDS: &str = "WORDS";

/// A body for most situations.
const PAGE: &str = "<!DOCTYPE html><html><head><title>WORDS</title></head><body></body></html>";

/// What short answers say, whatever the language.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
struct Situation {
    cause: Cause,
    /// The key of its words, where that is not the cause's own.
    #[serde(default)]
    words: Option<String>,
    /// What tells it from another situation with the same words.
    #[serde(default)]
    place: Option<String>,
    /// Languages that say it in a file of their own.
    #[serde(default)]
    except: Vec<String>,
    says: String,
    #[serde(default)]
    scope: Option<Scope>,
    weight: f64,
    #[serde(default)]
    headline_weight: Option<f64>,
    source: String,
    /// A body that meets the conditions, with `WORDS` for the wording.
    #[serde(default)]
    body: Option<String>,
    /// The conditions, all but the wording.
    when: Conditions,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct SituationFile {
    situation: Vec<Situation>,
}

/// How a language says it.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct LanguageFile {
    language: String,
    wording: BTreeMap<String, Vec<String>>,
}

/// A file of signatures for each language, from the texts of the situations and of the languages' files, each with its name.
pub(crate) fn parse(situations: &str, languages: &[(&str, &str)]) -> Result<Vec<ProductFile>, DiagnosisError> {
    let wrong = |file: &str, detail: String| DiagnosisError::Knowledge { file: file.to_owned(), detail };
    let SituationFile { situation } = toml::from_str(situations).map_err(|error| wrong("situations.toml", error.to_string()))?;
    let mut files = Vec::with_capacity(languages.len());
    for (file, text) in languages {
        let language: LanguageFile = toml::from_str(text).map_err(|error| wrong(file, error.to_string()))?;
        let is_described = |key: &&String| situation.iter().any(|situation| situation.key() == key.as_str());
        if let Some(key) = language.wording.keys().find(|key| !is_described(key)) {
            return Err(wrong(file, format!("no situation has words called {key}")));
        }
        files.push(ProductFile {
            product: None,
            responder: Responder::Unknown,
            boilerplate_retry_after_s: Vec::new(),
            presence: Vec::new(),
            signature: situation.iter().filter_map(|situation| situation.said_in(&language)).collect(),
        });
    }
    Ok(files)
}

impl Situation {
    fn key(&self) -> &str {
        self.words.as_deref().unwrap_or_else(|| self.cause.word())
    }

    /// The signature of this situation in a language that has words for it.
    fn said_in(&self, language: &LanguageFile) -> Option<Signature> {
        let LanguageFile { language, wording } = language;
        if self.except.contains(language) {
            return None;
        }
        let Self { cause, words: _, place, except: _, says, scope, weight, headline_weight, source, body, when } = self;
        let wording = wording.get(self.key())?.clone();
        let place = place.as_ref().map(|place| format!("-{place}")).unwrap_or_default();
        let words = said(wording.first()?);
        let body = body.as_deref().unwrap_or(PAGE);
        let response = |body: &str| format!("HTTP/1.1 {} No\nContent-Type: text/html\n\n{body}\n", when.status[0].first);
        let more = "x ".repeat(when.text_bytes_max.unwrap_or(BODY_SEEN_BYTES_MAX));
        Some(Signature {
            name: format!("words-{}-{}{place}", language.to_lowercase(), self.key()),
            says: format!("{says}, in {language}"),
            cause: Some(*cause),
            responder: None,
            scope: *scope,
            weight: *weight,
            headline_weight: *headline_weight,
            source: source.clone(),
            example: response(&body.replace(WORDS, &words)),
            counter_example: response(&body.replace(WORDS, &more)),
            when: Conditions { wording, ..when.clone() },
        })
    }
}

/// Words that meet an entry of wording.
fn said(entry: &str) -> String {
    let first = |part: &str| part.split('|').next().unwrap_or(part).trim_end_matches('*').to_owned();
    entry.split(" + ").map(first).collect::<Vec<_>>().join(" ")
}
