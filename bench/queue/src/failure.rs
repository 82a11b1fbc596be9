//! How a measurement fails: by the job's error, the system's, or an account that does not add up.

/// Why there is no figure.
#[derive(Debug, thiserror::Error)]
pub(crate) enum BenchFailure {
    /// The job could not go on.
    #[error("the job failed: {0}")]
    Job(#[from] comeback_driver::error::DriverError),
    /// The system refused something of the measurement itself.
    #[error("cannot measure: {0}")]
    System(#[from] std::io::Error),
    /// The job said something else than its list lets expect: its figures would mean nothing.
    #[error("the account is wrong: {what}")]
    Account {
        /// What differs.
        what: String,
    },
}
