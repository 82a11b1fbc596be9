//! What is known of each cause: `knowledge/causes.toml`, parsed.
//!
//! These are defaults that a person can review in one table; what is done in the end is the policy's decision.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use crate::cause::Cause;
use crate::diagnosis::{Remedy, Scope};
use crate::error::DiagnosisError;

/// The facts of one cause.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct CauseFacts {
    /// What the cause means, in one sentence.
    pub meaning: String,
    /// Whether waiting alone cures it; `None` where nobody can say.
    #[serde(default)]
    pub waiting_helps: Option<bool>,
    /// For what a refusal of this cause speaks, unless evidence says otherwise.
    pub scope: Scope,
    /// What is done about it by default.
    pub remedy: Remedy,
    /// Whose budget of tries such a failure is charged to by default.
    pub who_pays: WhoPays,
    /// What a person can do, in one sentence.
    pub advice: String,
    /// Where the facts come from.
    pub sources: Vec<String>,
}

/// Whose budget of tries a failure is charged to.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum WhoPays {
    /// The host's patience; the URL's tries are untouched.
    Host,
    /// The URL's own tries.
    Url,
    /// The route's or provider's account of faults.
    Route,
    /// Nobody: the URL is settled by the first such answer.
    Nobody,
}

/// The facts of all causes, in the order of [`Cause::ALL`].
#[derive(Debug, Clone)]
pub(crate) struct CauseTable(Vec<CauseFacts>);

impl CauseTable {
    /// Parses `causes.toml`; every cause must be there.
    pub(crate) fn parse(text: &str) -> Result<Self, DiagnosisError> {
        let wrong = |detail: String| DiagnosisError::Knowledge { file: "causes.toml".into(), detail };
        let mut by_cause: BTreeMap<Cause, CauseFacts> = toml::from_str(text).map_err(|error| wrong(error.to_string()))?;
        Cause::ALL
            .into_iter()
            .map(|cause| by_cause.remove(&cause).ok_or_else(|| wrong(format!("the cause `{cause}` is missing"))))
            .collect::<Result<Vec<_>, _>>()
            .map(Self)
    }

    /// The facts of one cause.
    pub(crate) fn facts(&self, cause: Cause) -> &CauseFacts {
        let place = Cause::ALL.iter().position(|each| *each == cause).expect("ALL holds every cause");
        &self.0[place]
    }
}
