//! Hosts on sockets: takes connections, asks the host what becomes of each request, and does it.
//!
//! HTTP/1.1 without encryption. Clients are not trusted: heads, connections and waits have limits, and whatever a client sends ends
//! at worst its own connection.

use std::convert::Infallible;
use std::io;
use std::num::NonZeroU32;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll, ready};
use std::time::{Duration, Instant, SystemTime};

use bytes::Bytes;
use http::header::{CONTENT_TYPE, DATE};
use http::{HeaderValue, Request, Response};
use http_body_util::{Either, Full};
use httpdate::fmt_http_date;
use hyper::body::{Body, Frame, Incoming, SizeHint};
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper_util::rt::{TokioIo, TokioTimer};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::Semaphore;
use tokio::time::{Sleep, sleep};

use crate::behaviour::{Answer, Body as Content, Reaction};
use crate::host::Host;
use crate::request_log::RequestLog;

/// The most connections of one host at a time; further ones wait.
const CONNECTIONS_PER_HOST_MAX: usize = 1_024;

/// The largest head of a request, in bytes.
const HEAD_BYTES_MAX: usize = 32 << 10;

/// The most fields of a request.
const FIELDS_MAX: usize = 100;

/// How long a head may take, and a connection be idle.
const HEAD_WAIT_MAX: Duration = Duration::from_secs(30);

/// How long a host that never answers is silent before it closes the connection.
const SILENCE_MAX: Duration = Duration::from_secs(3_600);

/// How long to wait when the system has no further connection to give.
const EXHAUSTED_WAIT: Duration = Duration::from_millis(100);

/// Pieces of a slow body that come in a second, where it has enough bytes.
const PIECES_PER_SECOND: u32 = 10;

/// What all hosts of a weather share.
#[derive(Debug)]
pub(crate) struct Shared {
    pub(crate) began: Instant,
    pub(crate) log: Option<RequestLog>,
}

/// The client gets no answer; hyper closes the connection.
#[derive(Debug, thiserror::Error)]
#[error("the host gives no answer")]
struct NoAnswer;

/// Takes the connections of one host, as long as the runtime lasts.
pub(crate) async fn listen(listener: TcpListener, host: Arc<Host>, shared: Arc<Shared>) {
    let places = Arc::new(Semaphore::new(CONNECTIONS_PER_HOST_MAX));
    loop {
        let Ok(place) = Arc::clone(&places).acquire_owned().await else { return };
        let Ok((stream, _)) = listener.accept().await else {
            sleep(EXHAUSTED_WAIT).await;
            continue;
        };
        let (host, shared) = (Arc::clone(&host), Arc::clone(&shared));
        tokio::spawn(async move {
            // However a client ends its connection, it is its own affair.
            let _ended = converse(stream, host, shared).await;
            drop(place);
        });
    }
}

async fn converse(stream: TcpStream, host: Arc<Host>, shared: Arc<Shared>) -> Result<(), hyper::Error> {
    // An answer waits for nothing; where the system refuses that, it is only later.
    let _refused: io::Result<()> = stream.set_nodelay(true);
    let service = service_fn(move |request| answer(request, Arc::clone(&host), Arc::clone(&shared)));
    http1::Builder::new()
        .timer(TokioTimer::new())
        .header_read_timeout(HEAD_WAIT_MAX)
        .max_buf_size(HEAD_BYTES_MAX)
        .max_headers(FIELDS_MAX)
        // The host's own clock may be wrong; see `dated`.
        .auto_date_header(false)
        .serve_connection(TokioIo::new(stream), service)
        .await
}

type Page = Either<Full<Bytes>, Drip>;

async fn answer(request: Request<Incoming>, host: Arc<Host>, shared: Arc<Shared>) -> Result<Response<Page>, NoAnswer> {
    let (now, wall) = (shared.began.elapsed(), SystemTime::now());
    let (reaction, judgement) = host.receive(now, wall, request.uri().path());
    if let Some(log) = &shared.log {
        let path = request.uri().path_and_query().map_or("*", http::uri::PathAndQuery::as_str);
        log.write(&host, (request.method().as_str(), path), judgement, now, wall);
    }
    match reaction {
        Reaction::Answer(answer) => {
            sleep(answer.delay).await;
            Ok(response(answer, host.wall(SystemTime::now())))
        }
        Reaction::Silence => {
            sleep(SILENCE_MAX).await;
            Err(NoAnswer)
        }
        Reaction::Hangup => Err(NoAnswer),
    }
}

fn response(answer: Answer, wall: SystemTime) -> Response<Page> {
    let Answer { status, fields, body, delay: _, bytes_per_second, is_well: _, hold: _ } = answer;
    let (kind, text) = match body {
        // The host has written its pages before they come here.
        Content::Page => ("text/html; charset=utf-8", String::new()),
        Content::Html(text) => ("text/html; charset=utf-8", text),
        Content::Text(text) => ("text/plain; charset=utf-8", text),
    };
    let body = match bytes_per_second {
        Some(pace) => Either::Right(Drip::new(text.into(), pace)),
        None => Either::Left(Full::new(text.into())),
    };
    let mut response = Response::new(body);
    *response.status_mut() = status;
    response.headers_mut().insert(CONTENT_TYPE, HeaderValue::from_static(kind));
    if let Some(date) = dated(wall) {
        response.headers_mut().insert(DATE, date);
    }
    for (name, value) in fields {
        response.headers_mut().append(name, value);
    }
    response
}

/// A time as a date, where dates reach.
fn dated(wall: SystemTime) -> Option<HeaderValue> {
    let since = wall.duration_since(SystemTime::UNIX_EPOCH).ok()?;
    // The year 9999 is the last that has a date (RFC 9110, section 5.6.7).
    (since.as_secs() < 253_402_300_800).then(|| HeaderValue::from_str(&fmt_http_date(wall)).ok()).flatten()
}

/// A body that comes piece by piece.
struct Drip {
    left: Bytes,
    piece_bytes: usize,
    gap: Duration,
    until: Pin<Box<Sleep>>,
}

impl Drip {
    fn new(left: Bytes, bytes_per_second: NonZeroU32) -> Self {
        let piece = (bytes_per_second.get() / PIECES_PER_SECOND).max(1);
        let gap = Duration::from_secs_f64(f64::from(piece) / f64::from(bytes_per_second.get()));
        Self { left, piece_bytes: usize::try_from(piece).unwrap_or(usize::MAX), gap, until: Box::pin(sleep(gap)) }
    }
}

impl Body for Drip {
    type Data = Bytes;
    type Error = Infallible;

    fn poll_frame(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Option<Result<Frame<Bytes>, Infallible>>> {
        if self.left.is_empty() {
            return Poll::Ready(None);
        }
        ready!(self.until.as_mut().poll(context));
        let next = Instant::now() + self.gap;
        self.until.as_mut().reset(next.into());
        let piece = self.piece_bytes.min(self.left.len());
        Poll::Ready(Some(Ok(Frame::data(self.left.split_to(piece)))))
    }

    fn is_end_stream(&self) -> bool {
        self.left.is_empty()
    }

    fn size_hint(&self) -> SizeHint {
        SizeHint::with_exact(self.left.len() as u64)
    }
}
