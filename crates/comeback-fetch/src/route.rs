//! A way to reach the web, as the driver sees it. Every route is a sibling of [`direct`](crate::direct) behind this trait.

use std::future::Future;
use std::path::PathBuf;
use std::pin::Pin;

use bytes::Bytes;
use url::Url;

use crate::capture::Capture;

/// What to ask.
#[derive(Debug, Clone)]
pub struct AttemptRequest {
    /// The URL, `http` or `https`; its fragment is not sent.
    pub url: Url,
    /// The method, in its own case.
    pub method: String,
    /// Fields of the request; one with the name of a field that the route sends by itself replaces it. Fields that say where
    /// a message ends (Content-Length, Transfer-Encoding, Trailer) or change the protocol (Upgrade) are the route's own
    /// business and are left out. Names go out in Title-Case, as most programs send them.
    pub headers: Vec<(String, String)>,
    /// The request's body.
    pub body: Option<Bytes>,
    /// Whether a response from a public address led here: then loopback, private and similar addresses are refused.
    pub from_public_redirect: bool,
}

/// The engine's leave to send, which it may take back until the first byte is out.
pub trait Permission: Send + Sync {
    /// Asked immediately before the first byte of the request is written. On `false` nothing is sent.
    fn still_granted(&self) -> bool;

    /// Told as soon as the first byte of the request was written; once more when the request is repeated because the kept
    /// connection had gone stale.
    fn sent(&self);
}

/// How an attempt ended.
#[derive(Debug)]
#[allow(clippy::large_enum_variant, reason = "nearly every attempt ends, and there is one value at a time")]
pub enum Attempt {
    /// The permission was taken back before anything was sent.
    Recalled,
    /// It ran to its end, good or bad.
    Ended(Capture),
    /// This machine could not go on (a full disk, say): it says nothing about the URL or its host.
    Stopped(FetchError),
}

/// What can fail at this crate's edge apart from the exchange itself.
#[derive(Debug, thiserror::Error)]
pub enum FetchError {
    /// The spool folder cannot be written.
    #[error("cannot write {path} in the spool folder: {source}")]
    Spool {
        /// The file concerned.
        path: PathBuf,
        /// The system's error.
        source: std::io::Error,
    },
    /// No connection can be opened, because this process or this machine has too many files open.
    #[error("cannot open a connection: {source}")]
    Descriptors {
        /// The system's error.
        source: std::io::Error,
    },
    /// The TLS settings do not fit together.
    #[error("cannot set up TLS: {source}")]
    Tls {
        /// What rustls says.
        #[from]
        source: rustls::Error,
    },
    /// The trust store that the environment names holds no certificate. Falling back to another one would trust authorities that
    /// whoever named it may have meant to leave out.
    #[error("the trust store named by {variable} holds no certificate that can be read")]
    TrustStore {
        /// The environment variable: `SSL_CERT_FILE` or `SSL_CERT_DIR`.
        variable: &'static str,
    },
    /// A variable of the environment names a proxy that is none, or speaks another protocol.
    #[error("{variable} does not name an HTTP proxy")]
    Proxy {
        /// The variable.
        variable: String,
    },
    /// The resolver cannot be set up.
    #[error("cannot set up name lookup: {why}")]
    Resolver {
        /// What the resolver says.
        why: String,
    },
}

impl FetchError {
    /// What a person can do about it.
    #[must_use]
    pub const fn hint(&self) -> Option<&'static str> {
        match self {
            Self::Spool { .. } => Some("make room or grant access there, then resume"),
            Self::Descriptors { .. } => Some("raise `ulimit -n`, or lower --concurrency, then resume"),
            Self::Proxy { .. } => Some("let it be like http://proxy.example:3128, or unset it"),
            Self::TrustStore { .. } => {
                Some("let it name a PEM file that can be read, or unset it to use the machine's trust store")
            }
            Self::Tls { .. } | Self::Resolver { .. } => None,
        }
    }
}

/// An attempt under way. Dropping it cuts the attempt: the connection is closed and its spool file removed.
pub type AttemptFuture<'a> = Pin<Box<dyn Future<Output = Attempt> + Send + 'a>>;

/// A way to reach the web.
pub trait Route: Send + Sync {
    /// Performs one attempt. Every failure is a value in the [`Capture`].
    fn attempt<'a>(&'a self, request: &'a AttemptRequest, permission: &'a dyn Permission) -> AttemptFuture<'a>;
}
