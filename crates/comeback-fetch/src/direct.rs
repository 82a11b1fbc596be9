//! The direct route: from this machine to the host over TCP or TLS, in HTTP/1.1 or, where the host offers it, HTTP/2.

use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::AtomicBool;

use comeback_diagnosis::cause::Cause;
use rustls::pki_types::CertificateDer;
use tokio::time::{Duration, Instant, timeout_at};

use crate::address::AddressPolicy;
use crate::capture::{Capture, OwnFailure, Protocol};
use crate::connector::{Connected, Connector, Offer, Unconnected};
use crate::limits::{HEADER_COUNT_CAP, Limits};
use crate::link::Link;
use crate::multiplex::Multiplex;
use crate::pool::{Origin, Pool};
use crate::proxies::Proxies;
use crate::request::{self, WireRequest};
use crate::resolver::Resolver;
use crate::route::{Attempt, AttemptFuture, AttemptRequest, FetchError, Permission, Route};
use crate::sharing::{Sharing, Turn};
use crate::stream::{Fate, Streamed};
use crate::tap::wall_now;
use crate::tls;
use crate::transfer::{Received, Transfer};

/// How often a request that the server has not processed is repeated at once (RFC 9113, section 8.7).
const UNPROCESSED_REPEATS_MAX: u8 = 2;

/// What the direct route needs to know.
#[derive(Debug)]
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
    /// The user's forward proxies.
    pub proxies: Proxies,
}

/// The direct route. It keeps connections, so one value serves a whole process; it lives in a tokio runtime with I/O and time.
pub struct Direct {
    limits: Limits,
    address_policy: AddressPolicy,
    spool_dir: PathBuf,
    user_agent: String,
    connector: Connector,
    pool: Pool,
    sharing: Sharing,
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
        let DirectSettings { mut limits, address_policy, spool_dir, user_agent, extra_roots, proxies } = settings;
        limits.header_count_max = limits.header_count_max.min(HEADER_COUNT_CAP);
        let connector = Connector {
            proxies,
            limits: limits.clone(),
            policy: address_policy.clone(),
            resolver: Resolver::new(limits.dns_lookups_max)?,
            tls: tls::client_configs(&extra_roots)?,
            is_v6_mute: AtomicBool::new(false),
        };
        let (pool, sharing) = (Pool::new(&limits), Sharing::new(&limits));
        Ok(Self { limits, address_policy, spool_dir, user_agent, connector, pool, sharing })
    }

    async fn run(&self, asked: &AttemptRequest, permission: &dyn Permission) -> Result<Attempt, FetchError> {
        let started = Instant::now();
        let ends_at = started + Duration::from_millis(self.limits.exchange_ms);
        let proxy = self.connector.proxies.of(&asked.url);
        let wire = match request::prepare(asked, &self.user_agent) {
            Ok(wire) => request::by_proxy(wire, &asked.url, proxy.as_ref()),
            Err(failure) => return Ok(unsent(started, Unconnected::of(failure, None))),
        };
        let Some(origin) = Origin::of(&asked.url) else {
            let failure = OwnFailure::new(Cause::Protocol, format!("The scheme {} is not HTTP.", asked.url.scheme()));
            return Ok(unsent(started, Unconnected::of(failure, None)));
        };
        let transfer = Transfer { limits: &self.limits, spool_dir: &self.spool_dir, permission, ends_at };
        let is_proxied = proxy.is_some();
        let mut attempt = Trying {
            asked,
            is_proxied,
            wire,
            origin,
            transfer,
            started,
            earlier: None,
            is_repeat: false,
            repeats: 0,
            has_been_stale: false,
        };
        loop {
            let way = match self.way(&attempt).await {
                Ok(way) => way,
                Err(Unconnected { exhausted: Some(number), .. }) => {
                    return Err(FetchError::Descriptors { source: std::io::Error::from_raw_os_error(number) });
                }
                Err(unconnected) => return Ok(unrepeated(attempt.earlier, unconnected, started)),
            };
            let ended = match way {
                Way::Alone(link) => self.ask_alone(&mut attempt, *link).await?,
                Way::Shared(multiplex) => self.ask_shared(&mut attempt, &multiplex).await?,
            };
            if let Some(ended) = ended {
                return Ok(ended);
            }
        }
    }

    /// A connection: a kept one, a shared one, or a fresh one.
    async fn way(&self, attempt: &Trying<'_>) -> Result<Way, Unconnected> {
        let Trying { asked, origin, transfer, .. } = attempt;
        let is_permitted = |address| self.address_policy.refusal(address, asked.from_public_redirect).is_none();
        // A fresh connection is what a repeat is for: nothing is repeated on a kept one.
        if !attempt.is_repeat
            && let Some(link) = self.pool.take(origin, is_permitted).await
        {
            return Ok(Way::Alone(Box::new(link)));
        }
        let (lead, offer) = match self.sharing.turn(origin, is_permitted, transfer.ends_at).await {
            Turn::Shared(multiplex) => return Ok(Way::Shared(multiplex)),
            Turn::Failed(unconnected) => return Err(unconnected),
            Turn::Lead(lead) => (Some(lead), Offer::Any),
            Turn::Alone(offer) => (None, offer),
        };
        let way = self.connect(attempt, offer).await;
        match (&way, lead) {
            (Ok(Way::Alone(_)), Some(lead)) => lead.alone(),
            (Ok(Way::Shared(multiplex)), Some(lead)) => lead.share(multiplex),
            (Err(unconnected), Some(lead)) => lead.fail(unconnected),
            (Ok(_) | Err(_), None) => {}
        }
        way
    }

    async fn connect(&self, attempt: &Trying<'_>, offer: Offer) -> Result<Way, Unconnected> {
        let Trying { asked, origin, transfer, .. } = attempt;
        let connected = self.connector.connect(&asked.url, offer, asked.from_public_redirect, transfer.ends_at).await?;
        let Connected { stream, remote, is_http2 } = connected;
        let unopened = |why: String, is_broken: bool| {
            let cause = if is_broken { Cause::Reset } else { Cause::Protocol };
            Unconnected::of(OwnFailure::new(cause, format!("HTTP could not be started: {why}.")), Some(remote))
        };
        if is_http2 {
            let opened = Multiplex::open(stream, remote, &self.limits, self.sharing.forgetting(origin)).await;
            return opened
                .map(|opened| Way::Shared(Arc::new(opened)))
                .map_err(|error| unopened(error.to_string(), error.is_io()));
        }
        let opened = Link::open(stream, remote, &self.limits).await;
        opened.map(|link| Way::Alone(Box::new(link))).map_err(|error| unopened(error.to_string(), false))
    }

    /// Asks on a connection of one's own; `None` when the request is to be repeated.
    async fn ask_alone(&self, attempt: &mut Trying<'_>, mut link: Link) -> Result<Option<Attempt>, FetchError> {
        if !attempt.transfer.permission.still_granted() {
            self.pool.put(attempt.origin.clone(), link).await;
            return Ok(Some(attempt.recalled()));
        }
        let received = attempt.transfer.run(&mut link, attempt.wire.clone()).await?;
        let is_unsent = link.tap.passed().sent.is_empty();
        // RFC 9112, section 9.3.1: a kept connection may be closed while a request is on its way, and the server has then not
        // seen it. A fresh connection is never repeated, so this happens at most once.
        let is_repeatable = is_unsent || request::is_idempotent(attempt.wire.method());
        let is_stale = link.is_used && received.is_unanswered && is_repeatable;
        let is_link_fit = received.is_link_fit;
        let capture = ended(attempt.started, &link, received);
        if is_link_fit {
            self.pool.put(attempt.origin.clone(), link).await;
        } else {
            link.close().await;
        }
        Ok(attempt.end_unless(is_stale, capture))
    }

    /// Asks on a stream of a shared connection; `None` when the request is to be repeated.
    async fn ask_shared(&self, attempt: &mut Trying<'_>, multiplex: &Multiplex) -> Result<Option<Attempt>, FetchError> {
        let request = match request::for_stream(&attempt.wire, attempt.asked.body.as_ref()) {
            Ok(request) => request,
            Err(failure) => return Ok(Some(unsent(attempt.started, Unconnected::of(failure, None)))),
        };
        let remote = Some(multiplex.remote);
        let Ok(room) = timeout_at(attempt.transfer.ends_at, multiplex.room()).await else {
            // A server that permits none would let everyone wait.
            multiplex.retire();
            let detail = format!("No stream of the connection was free within {} ms.", self.limits.exchange_ms);
            let unconnected = Unconnected::of(OwnFailure::new(Cause::ConnectTimeout, detail), remote);
            return Ok(Some(unrepeated(attempt.earlier.take(), unconnected, attempt.started)));
        };
        let Some(_room) = room else {
            let failure = OwnFailure::new(Cause::Reset, "The server closes its connections before a request can be sent.");
            let is_repeated = attempt.may_repeat();
            return Ok(
                (!is_repeated).then(|| unrepeated(attempt.earlier.take(), Unconnected::of(failure, remote), attempt.started))
            );
        };
        if !attempt.transfer.permission.still_granted() {
            return Ok(Some(attempt.recalled()));
        }
        let was_used = multiplex.has_answered();
        let streamed = attempt.transfer.run_stream(multiplex, request).await?;
        let is_repeated = match streamed.fate {
            Fate::Taken => false,
            Fate::Unprocessed => attempt.may_repeat(),
            Fate::Unanswered => {
                let is_first = !std::mem::replace(&mut attempt.has_been_stale, true);
                was_used && is_first && request::is_idempotent(attempt.wire.method())
            }
            Fate::Http1Required => {
                self.sharing.note_http1(&attempt.origin);
                attempt.may_repeat()
            }
        };
        let capture = streamed_capture(attempt.started, multiplex, streamed);
        Ok(attempt.end_unless(is_repeated, capture))
    }
}

/// A connection to ask on.
enum Way {
    Alone(Box<Link>),
    Shared(Arc<Multiplex>),
}

/// An attempt under way.
struct Trying<'a> {
    asked: &'a AttemptRequest,
    /// Whether a proxy is asked for it: then nobody here knows the host's address.
    is_proxied: bool,
    wire: WireRequest,
    origin: Origin,
    transfer: Transfer<'a>,
    started: Instant,
    /// What was captured of a request that is being repeated.
    earlier: Option<Capture>,
    is_repeat: bool,
    repeats: u8,
    has_been_stale: bool,
}

impl Trying<'_> {
    /// Whether a request that the server has not processed may be sent once more; this counts it.
    fn may_repeat(&mut self) -> bool {
        self.repeats += 1;
        self.repeats <= UNPROCESSED_REPEATS_MAX
    }

    /// The end of an attempt whose permission was taken back: unless something was sent before, nothing was.
    fn recalled(&mut self) -> Attempt {
        self.earlier.take().map_or(Attempt::Recalled, Attempt::Ended)
    }

    fn end_unless(&mut self, is_repeated: bool, capture: Capture) -> Option<Attempt> {
        let capture = if self.is_proxied { by_proxy(capture, self.asked.url.scheme() == "http") } else { capture };
        if !is_repeated {
            return Some(Attempt::Ended(capture));
        }
        self.is_repeat = true;
        if capture.sent_at.is_some() {
            self.earlier = Some(capture);
        }
        None
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
        protocol: Protocol::Http1,
    })
}

/// An attempt without a connection: the first, or the one to repeat a request on that went out on a stale connection.
fn unrepeated(stale: Option<Capture>, unconnected: Unconnected, started: Instant) -> Attempt {
    match stale {
        None => unsent(started, unconnected),
        Some(capture) => Attempt::Ended(Capture { failure: Some(unconnected.failure), ended_at: wall_now(), ..capture }),
    }
}

/// The capture of an attempt by a proxy: the address is the proxy's, and so is a demand for credentials (RFC 9110, section 15.5.8),
/// unless it came through a tunnel.
fn by_proxy(capture: Capture, is_answered_by_it: bool) -> Capture {
    let status = capture.response.as_ref().map(|response| response.status);
    let refused = || OwnFailure::new(Cause::EgressFault, "The proxy wants credentials that the environment does not give.");
    let failure = capture.failure.or_else(|| (is_answered_by_it && status == Some(407)).then(refused));
    Capture { remote: None, failure, ..capture }
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
        protocol: Protocol::Http1,
    }
}

/// The capture of an attempt on a shared connection.
fn streamed_capture(started: Instant, multiplex: &Multiplex, streamed: Streamed) -> Capture {
    let (sent_at, since) = streamed.sent_first.map_or((None, started), |(wall, at)| (Some(wall), at));
    Capture {
        sent_at,
        ended_at: wall_now(),
        elapsed_ms: ms_since(since),
        remote: Some(multiplex.remote),
        request_wire: streamed.request_wire,
        response: streamed.response,
        failure: streamed.failure,
        protocol: Protocol::Http2,
    }
}

fn ms_since(instant: Instant) -> u64 {
    u64::try_from(instant.elapsed().as_millis()).unwrap_or(u64::MAX)
}
