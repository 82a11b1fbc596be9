//! From an origin to a connection: name lookup, the address policy, TCP, TLS, HTTP, all within one limit.

use std::io;
use std::net::{IpAddr, SocketAddr};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use comeback_diagnosis::cause::Cause;
use rustix::io::Errno;
use rustls::pki_types::ServerName;
use tokio::net::TcpStream;
use tokio::time::{Instant, timeout_at};
use tokio_rustls::TlsConnector;
use tokio_rustls::client::TlsStream;
use url::{Host, Url};

use crate::address::{AddressClass, AddressPolicy};
use crate::capture::OwnFailure;
use crate::limits::Limits;
use crate::proxies::{Proxies, Proxy, TunnelRefusal};
use crate::resolver::Resolver;
use crate::tap::ByteStream;
use crate::tls::{self, ALPN_HTTP2, ClientConfigs};

/// The longest that one address may keep the next one of the same name waiting.
const ADDRESS_TRY_MS_MAX: u64 = 3_000;

/// Makes connections.
pub(crate) struct Connector {
    pub(crate) proxies: Proxies,
    pub(crate) limits: Limits,
    pub(crate) policy: AddressPolicy,
    pub(crate) resolver: Resolver,
    pub(crate) tls: ClientConfigs,
    /// Whether IPv6 last went unanswered where IPv4 was answered: then IPv4 is tried first, so that a network without a working
    /// IPv6 costs one wait and not one for each connection.
    pub(crate) is_v6_mute: AtomicBool,
}

/// A byte stream to a host, and what is spoken on it.
pub(crate) struct Connected {
    pub(crate) stream: Box<dyn ByteStream>,
    pub(crate) remote: SocketAddr,
    pub(crate) is_http2: bool,
}

/// What may be offered to the host.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Offer {
    /// HTTP/2 where it is encrypted, and HTTP/1.1.
    Any,
    /// HTTP/1.1 only: the host asked for it.
    Http1,
}

/// No connection came about: why, and the last address that was tried.
#[derive(Debug, Clone)]
pub(crate) struct Unconnected {
    pub(crate) failure: OwnFailure,
    pub(crate) remote: Option<SocketAddr>,
    /// The system's number for it where this machine has no descriptor left: that is nobody's fault out there.
    pub(crate) exhausted: Option<i32>,
}

impl Unconnected {
    pub(crate) const fn of(failure: OwnFailure, remote: Option<SocketAddr>) -> Self {
        Self { failure, remote, exhausted: None }
    }

    fn new(cause: Cause, detail: String) -> Self {
        Self::of(OwnFailure::new(cause, detail), None)
    }
}

impl Connector {
    /// A connection to a URL's host, by `ends_at` at the latest.
    pub(crate) async fn connect(
        &self,
        url: &Url,
        offer: Offer,
        from_public_redirect: bool,
        ends_at: Instant,
    ) -> Result<Connected, Unconnected> {
        let limit_ms = self.limits.connect_ms;
        let ends_at = ends_at.min(Instant::now() + Duration::from_millis(limit_ms));
        let (Some(host), Some(port)) = (url.host(), url.port_or_known_default()) else {
            return Err(Unconnected::new(Cause::Protocol, "The URL has no host.".into()));
        };
        if let Some(proxy) = self.proxies.of(url) {
            return self.connect_by(&proxy, url, offer, from_public_redirect, ends_at).await;
        }
        let looked_up = timeout_at(ends_at, self.resolver.addresses(&host)).await;
        let addresses = looked_up
            .map_err(|_| Unconnected::new(Cause::Dns, format!("The lookup of {host} did not end within {limit_ms} ms.")))?
            .map_err(|failure| Unconnected::of(failure, None))?;
        let targets = self.permitted(&host, &addresses, port, from_public_redirect)?;
        let (stream, remote) = self.connect_any(&targets, ends_at).await?;
        if url.scheme() != "https" {
            return Ok(Connected { stream: Box::new(stream), remote, is_http2: false });
        }
        let encrypted = self.encrypt(stream, &host, offer, ends_at).await;
        let stream = encrypted.map_err(|failure| Unconnected::of(failure, Some(remote)))?;
        let is_http2 = stream.get_ref().1.alpn_protocol() == Some(ALPN_HTTP2);
        Ok(Connected { stream: Box::new(stream), remote, is_http2 })
    }

    /// A connection by a proxy: to it, where the URL is http, and through it, where it is https. Names are the proxy's to resolve; an
    /// address that is refused is refused here.
    async fn connect_by(
        &self,
        proxy: &Proxy,
        url: &Url,
        offer: Offer,
        from_public_redirect: bool,
        ends_at: Instant,
    ) -> Result<Connected, Unconnected> {
        let fault = |what: String| Unconnected::new(Cause::EgressFault, format!("{} {what}.", capitalised(&proxy.shown())));
        let (Some(host), Some(port)) = (url.host(), url.port_or_known_default()) else {
            return Err(Unconnected::new(Cause::Protocol, "The URL has no host.".into()));
        };
        let literal = match host {
            Host::Ipv4(address) => Some(IpAddr::V4(address)),
            Host::Ipv6(address) => Some(IpAddr::V6(address)),
            Host::Domain(_) => None,
        };
        if let Some(address) = literal {
            self.permitted(&host, &[address], port, from_public_redirect)?;
        }
        if from_public_redirect && is_inner_name(&host) {
            let detail = format!("{host} is a name of inner networks, and a public page redirected there: not asked of a proxy.");
            return Err(Unconnected::new(Cause::AddressRefused, detail));
        }
        let proxy_host = proxy.host().map_err(|error| fault(format!("has no usable name ({error})")))?;
        let proxy_host = match &proxy_host {
            Host::Domain(name) => Host::Domain(name.as_str()),
            Host::Ipv4(address) => Host::Ipv4(*address),
            Host::Ipv6(address) => Host::Ipv6(*address),
        };
        let late = |_| fault("did not answer in time".to_owned());
        let addresses = timeout_at(ends_at, self.resolver.addresses(&proxy_host)).await.map_err(late)?;
        let addresses = addresses.map_err(|failure| fault(format!("was not found: {}", failure.detail)))?;
        let targets: Vec<SocketAddr> = addresses.into_iter().map(|address| SocketAddr::new(address, proxy.port)).collect();
        let connected = self.connect_any(&targets, ends_at).await;
        let (mut stream, remote) =
            connected.map_err(|unconnected| fault(format!("could not be connected to: {}", unconnected.failure.detail)))?;
        if url.scheme() != "https" {
            return Ok(Connected { stream: Box::new(stream), remote, is_http2: false });
        }
        let name = host.to_string();
        let tunnel = proxy.tunnel(&mut stream, &name, port);
        timeout_at(ends_at, tunnel).await.map_err(late)?.map_err(|refusal| match refusal {
            TunnelRefusal::Proxy(what) => fault(what),
            TunnelRefusal::Host(what) => {
                Unconnected::new(Cause::ConnectRefused, format!("{} {what}.", capitalised(&proxy.shown())))
            }
        })?;
        let stream = self.encrypt(stream, &host, offer, ends_at).await;
        let stream = stream.map_err(|failure| Unconnected::of(failure, None))?;
        let is_http2 = stream.get_ref().1.alpn_protocol() == Some(ALPN_HTTP2);
        Ok(Connected { stream: Box::new(stream), remote, is_http2 })
    }

    /// The addresses that may be connected to, and that there is time for.
    fn permitted(
        &self,
        host: &Host<&str>,
        addresses: &[IpAddr],
        port: u16,
        from_public_redirect: bool,
    ) -> Result<Vec<SocketAddr>, Unconnected> {
        let mut refused: Option<(IpAddr, AddressClass)> = None;
        let mut targets = Vec::new();
        for address in addresses {
            match self.policy.refusal(*address, from_public_redirect) {
                None => targets.push(SocketAddr::new(*address, port)),
                Some(class) => refused = Some((*address, class)),
            }
        }
        if self.is_v6_mute.load(Ordering::Relaxed) {
            targets.sort_by_key(SocketAddr::is_ipv6);
        }
        targets.truncate(self.limits.addresses_tried_max.max(1));
        match (targets.is_empty(), refused) {
            (false, _) => Ok(targets),
            (true, None) => Err(Unconnected::new(Cause::Dns, format!("The name {host} has no address."))),
            (true, Some((address, class))) => {
                let why = if from_public_redirect { ", and a public page redirected there" } else { "" };
                let detail = format!("{host} is at {address}, {class}{why}: not connected.");
                Err(Unconnected::of(OwnFailure::new(Cause::AddressRefused, detail), Some(SocketAddr::new(address, port))))
            }
        }
    }

    /// Tries addresses in turn.
    async fn connect_any(&self, targets: &[SocketAddr], ends_at: Instant) -> Result<(TcpStream, SocketAddr), Unconnected> {
        let mut unanswered_v6 = false;
        let mut last = Unconnected::new(Cause::ConnectTimeout, "No address was tried.".into());
        for (index, target) in targets.iter().enumerate() {
            let is_last = index + 1 == targets.len();
            let share_ends_at = Instant::now() + Duration::from_millis(ADDRESS_TRY_MS_MAX);
            let try_ends_at = if is_last { ends_at } else { ends_at.min(share_ends_at) };
            let failure = match timeout_at(try_ends_at, TcpStream::connect(target)).await {
                Ok(Ok(stream)) => {
                    // Requests are written in one go; waiting to join small ones would only delay them.
                    drop(stream.set_nodelay(true));
                    if target.is_ipv6() || unanswered_v6 {
                        self.is_v6_mute.store(unanswered_v6, Ordering::Relaxed);
                    }
                    return Ok((stream, *target));
                }
                Ok(Err(error)) if is_exhausted(&error) => {
                    let failure = refusal(*target, &error);
                    return Err(Unconnected { failure, remote: None, exhausted: error.raw_os_error() });
                }
                Ok(Err(error)) => refusal(*target, &error),
                Err(_) => OwnFailure::new(
                    Cause::ConnectTimeout,
                    format!("{target} did not take the connection within {} ms.", self.limits.connect_ms),
                ),
            };
            unanswered_v6 |= target.is_ipv6() && failure.cause == Cause::ConnectTimeout;
            last = Unconnected::of(failure, Some(*target));
        }
        Err(last)
    }

    async fn encrypt(
        &self,
        stream: TcpStream,
        host: &Host<&str>,
        offer: Offer,
        ends_at: Instant,
    ) -> Result<TlsStream<TcpStream>, OwnFailure> {
        let name = match host {
            Host::Domain(name) => ServerName::try_from((*name).to_owned())
                .map_err(|_| OwnFailure::new(Cause::Tls, format!("{name} is not a name that a certificate can be for.")))?,
            Host::Ipv4(address) => ServerName::from(IpAddr::V4(*address)),
            Host::Ipv6(address) => ServerName::from(IpAddr::V6(*address)),
        };
        let config = match offer {
            Offer::Any => &self.tls.any,
            Offer::Http1 => &self.tls.http1,
        };
        let handshake = TlsConnector::from(Arc::clone(config)).connect(name, stream);
        match timeout_at(ends_at, handshake).await {
            Ok(Ok(stream)) => Ok(stream),
            Ok(Err(error)) => {
                let inner = error.get_ref().and_then(|inner| inner.downcast_ref::<rustls::Error>());
                let words = inner.map_or_else(|| format!("the connection broke ({error})"), tls::words);
                let is_lasting = matches!(inner, Some(rustls::Error::InvalidCertificate(_)));
                Err(OwnFailure::new(Cause::Tls, format!("No trustworthy connection to {host}: {words}.")).lasting_if(is_lasting))
            }
            Err(_) => Err(OwnFailure::new(
                Cause::ConnectTimeout,
                format!("{host} took the connection but did not finish the TLS handshake within {} ms.", self.limits.connect_ms),
            )),
        }
    }
}

/// Whether a name means this machine or an inner network (RFC 6761, section 6.3; RFC 6762, section 3; names without a dot).
fn is_inner_name(host: &Host<&str>) -> bool {
    let Host::Domain(name) = host else { return false };
    let name = name.trim_end_matches('.').to_ascii_lowercase();
    let endings = [".localhost", ".local", ".internal", ".home.arpa"];
    !name.contains('.') || endings.iter().any(|ending| name.ends_with(ending))
}

/// A sentence begins with it.
fn capitalised(text: &str) -> String {
    let mut characters = text.chars();
    characters.next().map(|first| first.to_uppercase().chain(characters).collect()).unwrap_or_default()
}

/// Whether this process, or this machine, has no descriptor left.
fn is_exhausted(error: &io::Error) -> bool {
    let numbers = [Errno::MFILE, Errno::NFILE].map(|number| Some(number.raw_os_error()));
    numbers.contains(&error.raw_os_error())
}

/// A connection that the system refused to make. An unreachable host or network is like one that does not answer.
#[allow(clippy::wildcard_enum_match_arm, reason = "the system's errors are not our enum, and grow")]
fn refusal(target: SocketAddr, error: &io::Error) -> OwnFailure {
    let cause = match error.kind() {
        io::ErrorKind::TimedOut | io::ErrorKind::HostUnreachable | io::ErrorKind::NetworkUnreachable => Cause::ConnectTimeout,
        _ => Cause::ConnectRefused,
    };
    OwnFailure::new(cause, format!("{target} could not be connected to: {error}."))
}
