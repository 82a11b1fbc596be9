//! Everything that is known of causes, statuses and products, parsed and compiled once.
//!
//! A [`Knowledge`] is a value that its owner keeps and passes on; there is no global one. The data lies in `knowledge/` and is
//! compiled into the program.

use crate::cause::Cause;
use crate::cause_facts::{CauseFacts, CauseTable};
use crate::error::DiagnosisError;
use crate::status_facts::{StatusFacts, StatusTable};

/// The knowledge that diagnosis reads.
#[derive(Debug, Clone)]
pub struct Knowledge {
    causes: CauseTable,
    statuses: StatusTable,
}

impl Knowledge {
    /// The knowledge that is compiled in.
    ///
    /// ```
    /// use comeback_diagnosis::cause::Cause;
    /// use comeback_diagnosis::knowledge::Knowledge;
    /// let knowledge = Knowledge::builtin();
    /// assert_eq!(knowledge.cause(Cause::BotChallenge).waiting_helps, Some(false));
    /// ```
    #[must_use]
    pub fn builtin() -> Self {
        Self::parse(include_str!("../knowledge/causes.toml"), include_str!("../knowledge/statuses.toml"))
            .expect("the knowledge compiled in is the knowledge that the tests parsed")
    }

    /// Parses and compiles knowledge from the texts of its files.
    ///
    /// # Errors
    /// [`DiagnosisError::Knowledge`] names the file that does not say what it must.
    fn parse(causes: &str, statuses: &str) -> Result<Self, DiagnosisError> {
        Ok(Self { causes: CauseTable::parse(causes)?, statuses: StatusTable::parse(statuses)? })
    }

    /// What is known of a cause.
    #[must_use]
    pub fn cause(&self, cause: Cause) -> &CauseFacts {
        self.causes.facts(cause)
    }

    /// What a status says by itself.
    #[must_use]
    pub fn status(&self, status: u16) -> &StatusFacts {
        self.statuses.facts(status)
    }
}
