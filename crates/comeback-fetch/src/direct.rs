//! The direct route: from this machine to the host, HTTP/1.1 over TCP or TLS.

use std::path::PathBuf;
use std::sync::atomic::AtomicBool;

use comeback_diagnosis::cause::Cause;
use rustls::pki_types::CertificateDer;
use tokio::time::{Duration, Instant};

use crate::address::AddressPolicy;
use crate::capture::{Capture, OwnFailure};
use crate::connector::{Connector, Unconnected};
use crate::limits::{HEADER_COUNT_CAP, Limits};
use crate::link::Link;
use crate::pool::{Origin, Pool};
use crate::request;
use crate::resolver::Resolver;
use crate::route::{Attempt, AttemptFuture, AttemptRequest, FetchError, Permission, Route};
use crate::tap::wall_now;
use crate::tls;
use crate::transfer::{Received, Transfer};

/// The protocol of this route.
const PROTOCOL: &str = "HTTP/1.1";

/// What the direct route needs to know.
#[derive(Debug, Clone)]
pub struct DirectSettings {
    /// What an attempt may cost.
    pub limits: Limits,
    /// Which addresses may be connected to.
    pub address_policy: AddressPolicy,
    /// Where long responses are spooled: `DIR/state/spool`. It must exist when the first long response comes.
    pub spool_dir: PathBuf,
    /// The User-Agent field's value: who is asking, truthfully.
    pub user_agent: String,
    /// Certificate authorities to trust beside the machine's own.
    pub extra_roots: Vec<CertificateDer<'static>>,
}

/// The direct route. It keeps connections, so one value serves a whole process; it lives in a tokio runtime with I/O and time.
pub struct Direct {
    limits: Limits,
    address_policy: AddressPolicy,
    spool_dir: PathBuf,
    user_agent: String,
    connector: Connector,
    pool: Pool,
}

impl std::fmt::Debug for Direct {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter.debug_struct("Direct").field("limits", &self.limits).finish_non_exhaustive()
    }
}

impl Direct {
    /// A direct route. This reads the machine's trust store and resolver settings.
    ///
    /// # Errors
    /// TLS or name lookup cannot be set up.
    pub fn new(settings: DirectSettings) -> Result<Self, FetchError> {
        let DirectSettings { mut limits, address_policy, spool_dir, user_agent, extra_roots } = settings;
        limits.header_count_max = limits.header_count_max.min(HEADER_COUNT_CAP);
        let connector = Connector {
            limits: limits.clone(),
            policy: address_policy.clone(),
            resolver: Resolver::new(limits.dns_lookups_max)?,
            tls: tls::client_config(&extra_roots)?,
            is_v6_mute: AtomicBool::new(false),
        };
        let pool = Pool::new(&limits);
        Ok(Self { limits, address_policy, spool_dir, user_agent, connector, pool })
    }

    async fn run(&self, asked: &AttemptRequest, permission: &dyn Permission) -> Result<Attempt, FetchError> {
        let started = Instant::now();
        let ends_at = started + Duration::from_millis(self.limits.exchange_ms);
        let wire = match request::prepare(asked, &self.user_agent) {
            Ok(wire) => wire,
            Err(failure) => return Ok(unsent(started, Unconnected { failure, remote: None })),
        };
        let Some(origin) = Origin::of(&asked.url) else {
            let failure = OwnFailure::new(Cause::Protocol, format!("The scheme {} is not HTTP.", asked.url.scheme()));
            return Ok(unsent(started, Unconnected { failure, remote: None }));
        };
        let is_permitted = |address| self.address_policy.refusal(address, asked.from_public_redirect).is_none();
        let kept = self.pool.take(&origin, is_permitted).await;
        let transfer = Transfer { limits: &self.limits, spool_dir: &self.spool_dir, permission, ends_at };
        let mut stale: Option<Capture> = None;
        let mut at_hand = kept;
        loop {
            let mut link = match at_hand.take() {
                Some(link) => link,
                None => match self.connector.connect(&asked.url, asked.from_public_redirect, ends_at).await {
                    Ok(link) => link,
                    Err(unconnected) => return Ok(unrepeated(stale, unconnected, started)),
                },
            };
            if !permission.still_granted() {
                self.pool.put(origin, link).await;
                return Ok(stale.map_or(Attempt::Recalled, Attempt::Ended));
            }
            let received = transfer.run(&mut link, wire.clone()).await?;
            let is_unsent = link.tap.passed().sent.is_empty();
            // RFC 9112, section 9.3.1: a kept connection may be closed while a request is on its way, and the server has then not
            // seen it. A fresh connection is never repeated, so this happens at most once.
            let is_stale = link.is_used && received.is_unanswered && (is_unsent || request::is_idempotent(wire.method()));
            let is_link_fit = received.is_link_fit;
            let capture = ended(started, &link, received);
            self.done_with(origin.clone(), link, is_link_fit).await;
            if !is_stale {
                return Ok(Attempt::Ended(capture));
            }
            stale = Some(capture);
        }
    }

    /// Keeps a connection for the next request, or closes it.
    async fn done_with(&self, origin: Origin, link: Link, is_fit: bool) {
        if is_fit { self.pool.put(origin, link).await } else { link.close().await }
    }
}

impl Route for Direct {
    fn attempt<'a>(&'a self, request: &'a AttemptRequest, permission: &'a dyn Permission) -> AttemptFuture<'a> {
        Box::pin(async move { self.run(request, permission).await.unwrap_or_else(Attempt::Stopped) })
    }
}

/// An attempt that ended before anything was sent.
fn unsent(started: Instant, unconnected: Unconnected) -> Attempt {
    Attempt::Ended(Capture {
        sent_at: None,
        ended_at: wall_now(),
        elapsed_ms: ms_since(started),
        remote: unconnected.remote,
        request_wire: Vec::new(),
        response: None,
        failure: Some(unconnected.failure),
        protocol: PROTOCOL,
    })
}

/// An attempt without a connection: the first, or the one to repeat a request on that went out on a stale connection.
fn unrepeated(stale: Option<Capture>, unconnected: Unconnected, started: Instant) -> Attempt {
    match stale {
        None => unsent(started, unconnected),
        Some(capture) => Attempt::Ended(Capture { failure: Some(unconnected.failure), ended_at: wall_now(), ..capture }),
    }
}

/// The capture of an attempt that had a connection.
fn ended(started: Instant, link: &Link, received: Received) -> Capture {
    let mut passed = link.tap.passed();
    let (sent_at, since) = passed.sent_first.map_or((None, started), |(wall, at)| (Some(wall), at));
    Capture {
        sent_at,
        ended_at: wall_now(),
        elapsed_ms: ms_since(since),
        remote: Some(link.remote),
        request_wire: std::mem::take(&mut passed.sent),
        response: received.response,
        failure: received.failure,
        protocol: PROTOCOL,
    }
}

fn ms_since(instant: Instant) -> u64 {
    u64::try_from(instant.elapsed().as_millis()).unwrap_or(u64::MAX)
}
