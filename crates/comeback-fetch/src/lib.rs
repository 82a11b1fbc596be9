//! One attempt over one route, with exact bytes and every limit.
//!
//! A [`Route`] performs an [`AttemptRequest`] and hands back a [`Capture`]: the bytes as they were on the wire, what the response
//! says, and what went wrong on our side. It never retries (but for a kept connection that had gone stale, RFC 9112, section
//! 9.3.1), never follows a redirect, keeps no cookies (but for hosts that are given a jar) and has no opinion: when to ask, and what an answer means, is decided
//! above it. It does not imitate a browser and does not get round refusals.
//!
//! ```
//! use comeback_fetch::{AddressPolicy, Attempt, AttemptRequest, Direct, DirectSettings, Limits, Permission, Proxies, Route};
//!
//! struct Always;
//!
//! impl Permission for Always {
//!     fn still_granted(&self) -> bool {
//!         true
//!     }
//!
//!     fn sent(&self) {}
//! }
//!
//! # tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap().block_on(async {
//! let route = Direct::new(DirectSettings {
//!     limits: Limits::default(),
//!     address_policy: AddressPolicy::fetch(),
//!     spool_dir: std::env::temp_dir(),
//!     user_agent: "example/1.0 (+https://example.org/bot)".into(),
//!     extra_roots: Vec::new(),
//!     proxies: Proxies::default(),
//! })
//! .unwrap();
//! let request = AttemptRequest {
//!     url: "http://nobody.invalid/".parse().unwrap(),
//!     method: "GET".into(),
//!     headers: Vec::new(),
//!     body: None,
//!     from_public_redirect: false,
//! };
//! let Attempt::Ended(capture) = route.attempt(&request, &Always).await else { return };
//! assert_eq!(capture.failure.unwrap().cause.word(), "dns");
//! # });
//! ```

pub mod address;
pub mod capture;
mod connector;
pub mod cookies;
mod decoding;
pub mod direct;
mod framing;
mod head;
pub mod limits;
mod link;
mod multiplex;
mod pool;
pub mod proxies;
pub mod redirect;
mod request;
mod resolver;
pub mod route;
mod sharing;
pub mod spool;
mod stream;
mod synthesis;
mod tap;
mod tls;
mod transfer;

pub use address::{AddressPolicy, is_public};
pub use capture::{Capture, CapturedResponse, OwnFailure, Protocol, WireBytes};
pub use cookies::{CookieJar, WithCookies};
pub use direct::{Direct, DirectSettings};
pub use limits::Limits;
pub use proxies::Proxies;
pub use redirect::{redirect_method, redirect_target};
pub use route::{Attempt, AttemptRequest, FetchError, Permission, Route};
