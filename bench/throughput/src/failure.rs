//! How a process of the comparison fails: nothing here is expected to, so each failure ends it.

/// Why there is no figure.
#[derive(Debug, thiserror::Error)]
pub(crate) enum BenchFailure {
    /// The system refused something.
    #[error("the system refused: {0}")]
    System(#[from] std::io::Error),
    /// An exchange failed.
    #[error("an exchange failed: {0}")]
    Exchange(#[from] hyper::Error),
    /// An exchange of the pooled client failed.
    #[error("an exchange of the pool failed: {0}")]
    Pool(#[from] hyper_util::client::legacy::Error),
    /// A request could not be made.
    #[error("a request could not be made: {0}")]
    Request(#[from] http::Error),
    /// A line of the list is of no use.
    #[error("{line:?} is no URL of the server")]
    List {
        /// The line.
        line: String,
    },
    /// The server answered something else than a page.
    #[error("the server answered with status {status}")]
    Status {
        /// Its status.
        status: u16,
    },
}
