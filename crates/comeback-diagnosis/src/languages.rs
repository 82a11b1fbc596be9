//! Wording in many languages: what short answers say is described once (`knowledge/situations.toml`), how a language says it in a
//! file of its own (`knowledge/languages/`). A language is added by such a file and its line here.
//!
//! It makes signatures like any other; English has its own file among those of the products.

use std::collections::BTreeMap;

use serde::Deserialize;

use crate::cause::Cause;
use crate::diagnosis::{Responder, Scope};
use crate::error::DiagnosisError;
use crate::signature::{Conditions, ProductFile, Signature};

/// Name and text of each file, in alphabetical order.
pub(crate) const LANGUAGE_FILES: [(&str, &str); 27] = [
    ("arabic.toml", include_str!("../knowledge/languages/arabic.toml")),
    ("chinese.toml", include_str!("../knowledge/languages/chinese.toml")),
    ("czech.toml", include_str!("../knowledge/languages/czech.toml")),
    ("danish.toml", include_str!("../knowledge/languages/danish.toml")),
    ("dutch.toml", include_str!("../knowledge/languages/dutch.toml")),
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

/// What short answers say, whatever the language.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
struct Situation {
    cause: Cause,
    /// What tells it from another situation of the same cause.
    #[serde(default)]
    place: Option<String>,
    says: String,
    #[serde(default)]
    scope: Option<Scope>,
    weight: f64,
    #[serde(default)]
    headline_weight: Option<f64>,
    source: String,
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
    wording: BTreeMap<Cause, Vec<String>>,
}

/// A file of signatures for each language, from the texts of the situations and of the languages' files, each with its name.
pub(crate) fn parse(situations: &str, languages: &[(&str, &str)]) -> Result<Vec<ProductFile>, DiagnosisError> {
    let wrong = |file: &str, detail: String| DiagnosisError::Knowledge { file: file.to_owned(), detail };
    let SituationFile { situation } = toml::from_str(situations).map_err(|error| wrong("situations.toml", error.to_string()))?;
    let mut files = Vec::with_capacity(languages.len());
    for (file, text) in languages {
        let language: LanguageFile = toml::from_str(text).map_err(|error| wrong(file, error.to_string()))?;
        let is_described = |cause: &Cause| situation.iter().any(|situation| situation.cause == *cause);
        if let Some(cause) = language.wording.keys().find(|cause| !is_described(cause)) {
            return Err(wrong(file, format!("no situation speaks of {cause}")));
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
    /// The signature of this situation in a language that has words for it.
    fn said_in(&self, language: &LanguageFile) -> Option<Signature> {
        let LanguageFile { language, wording } = language;
        let Self { cause, place, says, scope, weight, headline_weight, source, when } = self;
        let wording = wording.get(cause)?.clone();
        let place = place.as_ref().map(|place| format!("-{place}")).unwrap_or_default();
        let words = said(wording.first()?);
        Some(Signature {
            name: format!("{}-{cause}{place}", language.to_lowercase()),
            says: format!("{says}, in {language}"),
            cause: Some(*cause),
            responder: None,
            scope: *scope,
            weight: *weight,
            headline_weight: *headline_weight,
            source: source.clone(),
            example: page(when.status.first()?.first, &words, ""),
            counter_example: page(when.status.first()?.first, &words, &"x ".repeat(when.text_bytes_max?)),
            when: Conditions { wording, ..when.clone() },
        })
    }
}

/// Words that meet an entry of wording.
fn said(entry: &str) -> String {
    let first = |part: &str| part.split('|').next().unwrap_or(part).trim_end_matches('*').to_owned();
    entry.split(" + ").map(first).collect::<Vec<_>>().join(" ")
}

/// A page with these words in its title.
fn page(status: u16, words: &str, more: &str) -> String {
    format!(
        "HTTP/1.1 {status} No\nContent-Type: text/html; charset=utf-8\n\n\
         <!DOCTYPE html><html><head><title>{words}</title></head><body><script></script><p>{more}</p></body></html>\n"
    )
}
