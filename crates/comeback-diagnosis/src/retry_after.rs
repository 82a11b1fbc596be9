//! When a server says we may come back: Retry-After (RFC 9110, section 10.2.3) and its relatives.

use serde::{Deserialize, Serialize};

/// What was said about when to come back, and how.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct RetryAfter {
    /// In which form it was said.
    pub kind: RetryAfterKind,
    /// Milliseconds to wait from the moment the response was received; `None` exactly when the kind is `Unusable`.
    pub delay_ms: Option<u64>,
}

/// The form of a statement about when to come back.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum RetryAfterKind {
    /// Delta-seconds; decimals are accepted.
    Seconds,
    /// One of the three HTTP-date forms, read against the response's own Date and Age.
    Date,
    /// RateLimit or X-RateLimit fields.
    RateLimit,
    /// A constant that the product always sends: a floor, not an estimate.
    Boilerplate,
    /// Zero, past, negative, empty or garbage: no information.
    Unusable,
}
