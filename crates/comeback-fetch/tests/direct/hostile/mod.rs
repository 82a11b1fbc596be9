//! Hostile servers, as tables: what each does, and how an attempt at it ends.
//!
//! Each row is held to the same promises: the attempt ends, by the name that the row gives; what is recorded stays within the limits;
//! the connection is let go; nothing is left in the spool folder; and once the server has come to its senses, the same route gets a
//! good answer from it, with no byte of the bad one in it. The tables are printed in docs/hostile-servers.md, which is held to them.

mod coded_bodies;
mod cuts;
mod frames;
mod handshakes;
mod heads;
mod lengths;
mod silence;
mod table;

use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU32, Ordering};
use std::time::Duration;

use comeback_diagnosis::cause::Cause;
use comeback_fetch::{AddressPolicy, Capture, Direct, DirectSettings, Limits};
use rustls::pki_types::CertificateDer;
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::Semaphore;
use tokio::task::JoinSet;
use tokio::time::timeout;

use crate::certificates::{AUTHORITY, SERVER, acceptor};
use crate::http2_server::{RawFrames, give, head, serve_all};
use crate::raw_server::{Asker, Step, cause, files_in, follow, response, settings, wire};

/// One way to misbehave.
pub(crate) struct Behaviour {
    /// What the server does: "The server …".
    pub(crate) does: &'static str,
    pub(crate) server: Server,
    pub(crate) ends: Ends,
}

/// How a server speaks.
#[derive(Clone)]
pub(crate) enum Server {
    /// In clear, to a request for `http:`.
    Plain(Vec<Step>),
    /// In clear, to a client that wants TLS.
    Unencrypted(Vec<Step>),
    /// Over TLS, with this certificate, to a client that asks for this host.
    Certified(&'static [u8], &'static str, Vec<Step>),
    /// Over TLS, in frames of HTTP/2.
    Http2(RawFrames),
}

/// How an attempt ends.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Ends {
    /// By an answer that came whole.
    Answered(u16),
    /// By an answer whose head came, and whose body failed for this cause.
    Broken(u16, Cause),
    /// Without an answer.
    Failed(Cause),
}

/// How long any attempt here may take; far more than its limits.
const HANG: Duration = Duration::from_secs(60);
const HEAD_BYTES_MAX: usize = 16 * 1024;
const BODY_BYTES_MAX: usize = 256 * 1024;
/// What may be recorded: a head, a body, as much framing again, and what was read together with the last byte allowed.
const WIRE_BYTES_MAX: usize = HEAD_BYTES_MAX + 2 * BODY_BYTES_MAX + 64 * 1024;
const WELL: &str = "well again";

/// Limits that are soon reached; only where an end by time is due, those of time are short.
fn limits(ends: Ends) -> Limits {
    let limits = Limits {
        head_bytes_max: HEAD_BYTES_MAX,
        header_count_max: 100,
        body_bytes_max: BODY_BYTES_MAX as u64,
        body_memory_bytes_max: 32 * 1024,
        decoded_free_bytes: 64 * 1024,
        decoded_ratio_max: 50,
        ..Limits::default()
    };
    match ends {
        Ends::Failed(Cause::ConnectTimeout) => Limits { connect_ms: 300, exchange_ms: 1_500, ..limits },
        Ends::Failed(Cause::ReadTimeout) => Limits { first_byte_ms: 300, idle_ms: 300, exchange_ms: 1_500, ..limits },
        Ends::Broken(_, Cause::ReadTimeout) => Limits { idle_ms: 300, exchange_ms: 1_500, ..limits },
        Ends::Answered(_) | Ends::Broken(..) | Ends::Failed(_) => limits,
    }
}

/// A hostile server, until it is told to be well.
struct Host {
    address: SocketAddr,
    is_well: Arc<AtomicBool>,
    begun: Arc<AtomicU32>,
    /// Connections that have come to their end.
    ended: Arc<Semaphore>,
}

impl Host {
    async fn start(server: Server) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let (is_well, ended) = (Arc::new(AtomicBool::new(false)), Arc::new(Semaphore::new(0)));
        let begun = Arc::new(AtomicU32::new(0));
        let (well, over, count) = (Arc::clone(&is_well), Arc::clone(&ended), Arc::clone(&begun));
        tokio::spawn(async move {
            loop {
                let (stream, _) = listener.accept().await.unwrap();
                count.fetch_add(1, Ordering::SeqCst);
                let (server, is_well, over) = (server.clone(), Arc::clone(&well), Arc::clone(&over));
                tokio::spawn(async move {
                    if is_well.load(Ordering::SeqCst) {
                        server.be_well(stream).await;
                    } else {
                        server.misbehave(stream, &is_well).await;
                    }
                    over.add_permits(1);
                });
            }
        });
        Self { address, is_well, begun, ended }
    }
}

impl Server {
    async fn misbehave(self, stream: TcpStream, is_well: &AtomicBool) {
        match self {
            Self::Plain(script) | Self::Unencrypted(script) => follow(stream, script, Arc::default()).await,
            Self::Certified(certificate, _, script) => {
                if let Ok(stream) = acceptor(certificate, &["http/1.1"]).accept(stream).await {
                    follow(stream, script, Arc::default()).await;
                }
            }
            Self::Http2(frames) => {
                if let Ok(stream) = acceptor(SERVER, &["h2"]).accept(stream).await {
                    frames.serve(stream, is_well, WELL).await;
                }
            }
        }
    }

    async fn be_well(self, stream: TcpStream) {
        let answer = format!("HTTP/1.1 200 OK\r\nContent-Length: {}\r\n\r\n{WELL}", WELL.len());
        let script = vec![Step::ReadHead, Step::Write(answer.into())];
        match self {
            Self::Plain(_) => follow(stream, script, Arc::default()).await,
            Self::Unencrypted(_) | Self::Certified(..) => {
                if let Ok(stream) = acceptor(SERVER, &["http/1.1"]).accept(stream).await {
                    follow(stream, script, Arc::default()).await;
                }
            }
            Self::Http2(_) => {
                if let Ok(stream) = acceptor(SERVER, &["h2"]).accept(stream).await {
                    let connection = h2::server::handshake(stream).await.unwrap();
                    serve_all(connection, |(_, mut respond)| async move { give(&mut respond, head(200, &[]), WELL) }).await;
                }
            }
        }
    }

    fn url(&self, address: SocketAddr, is_well: bool) -> String {
        let port = address.port();
        match self {
            Self::Plain(_) => format!("http://127.0.0.1:{port}/page"),
            Self::Certified(_, host, _) if !is_well => format!("https://{host}:{port}/page"),
            Self::Unencrypted(_) | Self::Certified(..) | Self::Http2(_) => format!("https://localhost:{port}/page"),
        }
    }
}

fn asker(ends: Ends) -> Asker {
    let spool = tempfile::tempdir().unwrap();
    let base = settings(limits(ends), AddressPolicy::fetch(), spool.path());
    let route = Direct::new(DirectSettings { extra_roots: vec![CertificateDer::from(AUTHORITY)], ..base }).unwrap();
    Asker { route, spool }
}

/// How an attempt did end.
fn end_of(capture: &Capture) -> Ends {
    match &capture.response {
        Some(response) if cause(capture) == Cause::None => Ends::Answered(response.status),
        Some(response) => Ends::Broken(response.status, cause(capture)),
        None => Ends::Failed(cause(capture)),
    }
}

/// Holds each row of a table to its end and to what all promise.
async fn hold_to(table: Vec<Behaviour>) {
    let mut rows = JoinSet::new();
    for behaviour in table {
        rows.spawn(async move {
            let does = behaviour.does;
            let wrong = timeout(HANG, wrong_with(behaviour)).await;
            wrong.unwrap_or_else(|_| Some("a hang".to_owned())).map(|wrong| format!("The server {does}: {wrong}"))
        });
    }
    let wrong: Vec<String> = rows.join_all().await.into_iter().flatten().collect();
    assert!(wrong.is_empty(), "{wrong:#?}");
}

/// What is not as promised, if something is not.
async fn wrong_with(Behaviour { does: _, server, ends }: Behaviour) -> Option<String> {
    let host = Host::start(server.clone()).await;
    let asker = asker(ends);
    let capture = asker.get(server.url(host.address, false)).await;
    let ended = end_of(&capture);
    if ended != ends {
        return Some(format!("{ended:?} instead of {ends:?}: {:?}", capture.failure));
    }
    if capture.response.is_some() {
        let recorded = wire(&capture).len();
        if recorded > WIRE_BYTES_MAX {
            return Some(format!("{recorded} bytes are recorded"));
        }
        if response(&capture).complete != matches!(ends, Ends::Answered(_) | Ends::Broken(_, Cause::Decode)) {
            return Some("the record says otherwise whether it is whole".to_owned());
        }
    }
    drop(capture);
    if files_in(asker.spool.path()) > 0 {
        return Some("a file is left in the spool folder".to_owned());
    }
    host.is_well.store(true, Ordering::SeqCst);
    let mut again = asker.get(server.url(host.address, true)).await;
    if matches!(server, Server::Http2(_)) && again.response.is_none() {
        // A stream was given up; that its connection is good for nothing may show with the next.
        again = asker.get(server.url(host.address, true)).await;
    }
    let body = again.response.as_ref().map(|response| response.body_seen.as_slice());
    if body != Some(WELL.as_bytes()) {
        return Some(format!("no good answer after it: {:?}, {:?}", again.failure, body.map(String::from_utf8_lossy)));
    }
    drop(asker);
    // The script of each connection goes on until its client is gone.
    let begun = host.begun.load(Ordering::SeqCst);
    host.ended.acquire_many(begun).await.unwrap().forget();
    None
}

/// Answers with these bytes and closes.
fn says(bytes: impl AsRef<[u8]>) -> Vec<Step> {
    vec![Step::ReadHead, Step::Write(bytes.as_ref().to_vec())]
}

/// Answers with these bytes and says no more, but stays.
fn stays(bytes: impl AsRef<[u8]>) -> Vec<Step> {
    [says(bytes), vec![Step::Stall]].concat()
}

/// Answers with the first bytes, and then with the others over and over.
fn floods(first: impl AsRef<[u8]>, again: impl AsRef<[u8]>) -> Vec<Step> {
    [says(first), vec![Step::WriteForEver(again.as_ref().repeat(1 + 4096 / again.as_ref().len()))]].concat()
}

/// Answers with the first bytes, and then with the others now and then, without end.
fn drips(first: impl AsRef<[u8]>, again: impl AsRef<[u8]>) -> Vec<Step> {
    [says(first), vec![Step::Drip(again.as_ref().to_vec())]].concat()
}

/// A table in clear.
fn plain(rows: impl IntoIterator<Item = (&'static str, Vec<Step>, Ends)>) -> Vec<Behaviour> {
    rows.into_iter().map(|(does, script, ends)| Behaviour { does, server: Server::Plain(script), ends }).collect()
}
