//! From an exchange to its diagnosis: a failure on our side, else signatures, else what the status says by itself.
//!
//! It names causes; what is done about them is the policy's decision.

use crate::cause::Cause;
use crate::diagnosis::{Diagnosis, Evidence, Responder};
use crate::exchange::{Exchange, Failure, Response};
use crate::history::History;
use crate::knowledge::Knowledge;
use crate::retry_after::RetryAfter;

impl Knowledge {
    /// Says what an exchange means. It always has an answer, if only `unknown`.
    ///
    /// A failure on our side of the wire is never diagnosed away. When to come back is read from every response, whatever its
    /// status, and from one that broke off too.
    #[must_use]
    pub fn diagnose(&self, exchange: &Exchange<'_>, history: &History) -> Diagnosis {
        let retry_after = exchange.response.and_then(|response| RetryAfter::read(&response, exchange.received_at));
        match (exchange.failure, exchange.response) {
            (Some(failure), _) => self.own_side(&failure, retry_after),
            (None, Some(response)) => self.answered(&response, retry_after, history),
            (None, None) => self.own_side(&Failure { cause: Cause::Unknown, detail: "nothing is known of this attempt" }, None),
        }
    }

    fn own_side(&self, failure: &Failure<'_>, retry_after: Option<RetryAfter>) -> Diagnosis {
        let facts = self.cause(failure.cause);
        Diagnosis {
            cause: failure.cause,
            responder: if failure.cause == Cause::AddressRefused { Responder::Local } else { Responder::Nobody },
            product: None,
            scope: facts.scope,
            waiting_helps: facts.waiting_helps,
            confidence: 1.0,
            retry_after,
            evidence: vec![Evidence { what: failure.detail.to_owned(), weight: 1.0 }],
            remedy: facts.remedy,
        }
    }

    fn answered(&self, response: &Response<'_>, retry_after: Option<RetryAfter>, _history: &History) -> Diagnosis {
        let by_itself = self.status(response.status);
        let facts = self.cause(by_itself.cause);
        Diagnosis {
            cause: by_itself.cause,
            responder: by_itself.responder.unwrap_or(Responder::Unknown),
            product: None,
            scope: by_itself.scope.unwrap_or(facts.scope),
            waiting_helps: facts.waiting_helps,
            confidence: by_itself.confidence,
            retry_after,
            evidence: vec![Evidence { what: format!("{}: {}", response.status, by_itself.says), weight: by_itself.confidence }],
            remedy: facts.remedy,
        }
    }
}
