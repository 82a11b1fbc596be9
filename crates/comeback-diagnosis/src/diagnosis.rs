//! What an exchange means: cause, responder, scope, whether waiting helps, confidence, evidence, earliest useful retry.

use serde::{Deserialize, Serialize};

use crate::cause::Cause;
use crate::retry_after::RetryAfter;

/// The answer of diagnosis to one exchange.
#[derive(Debug, Clone, PartialEq)]
pub struct Diagnosis {
    /// Why it failed; `none` for a page or a final answer.
    pub cause: Cause,
    /// Who produced the response.
    pub responder: Responder,
    /// The product whose words these are, where recognised.
    pub product: Option<String>,
    /// For what the refusal speaks.
    pub scope: Scope,
    /// Whether waiting cures it; `None` where nobody can say.
    pub waiting_helps: Option<bool>,
    /// How sure the cause is, from 0 to 1.
    pub confidence: f64,
    /// What was said about when to come back.
    pub retry_after: Option<RetryAfter>,
    /// The facts behind the answer, heaviest first.
    pub evidence: Vec<Evidence>,
    /// What `causes.toml` says is done by default about such a cause.
    pub remedy: Remedy,
}

/// The party that produced the response.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Responder {
    /// The server whose page it is.
    Origin,
    /// A CDN or protection service at the site's edge.
    Edge,
    /// A reverse proxy or load balancer of the site.
    Proxy,
    /// A scraping API.
    Provider,
    /// Our own network or machine.
    Local,
    /// No response came.
    Nobody,
    /// It cannot be told.
    Unknown,
}

/// For what a refusal speaks.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Scope {
    /// This URL alone.
    Url,
    /// All URLs below a path.
    Path,
    /// The whole host.
    Host,
    /// All hosts of one server or edge.
    Group,
    /// Our account at a provider.
    Account,
    /// It cannot be told.
    Unknown,
}

/// What is done by default about a cause.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Remedy {
    /// Nothing: the answer is final.
    Accept,
    /// Come back later.
    Wait,
    /// Come back later and ask more slowly.
    SlowDown,
    /// Settle for later: waiting alone does not help, another way or a person might.
    Park,
    /// Settle as failed: neither waiting nor another route helps.
    GiveUp,
}

/// One observed fact and how much it counts.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Evidence {
    /// The fact, in words for people.
    pub what: String,
    /// Its weight, from -1 (against) to 1 (for).
    pub weight: f64,
}
