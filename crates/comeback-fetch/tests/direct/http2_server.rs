//! A server that speaks HTTP/2 over TLS, as a test tells it to.

use std::future::Future;
use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};

use bytes::Bytes;
use h2::RecvStream;
use h2::server::{Connection, SendResponse};
use http::{HeaderMap, Request, Response};
use tokio::io::{AsyncRead, AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::{TcpListener, TcpStream};
use tokio_rustls::server::TlsStream;

use crate::certificates::{SERVER, acceptor};

/// Kinds of frames (RFC 9113, section 6).
pub(crate) const DATA: u8 = 0;
pub(crate) const HEADERS: u8 = 1;
pub(crate) const PRIORITY: u8 = 2;
pub(crate) const RST_STREAM: u8 = 3;
pub(crate) const SETTINGS: u8 = 4;
pub(crate) const PUSH_PROMISE: u8 = 5;
pub(crate) const PING: u8 = 6;
pub(crate) const GOAWAY: u8 = 7;
pub(crate) const WINDOW_UPDATE: u8 = 8;
pub(crate) const CONTINUATION: u8 = 9;
/// Their flags.
pub(crate) const END_STREAM: u8 = 1;
pub(crate) const END_HEADERS: u8 = 4;
pub(crate) const PADDED: u8 = 8;
/// `:status: 200` by the static table (RFC 7541, appendix A).
pub(crate) const STATUS_200: u8 = 0x88;

pub(crate) type Stream = TlsStream<TcpStream>;

/// A server that counts its connections.
pub(crate) struct Http2Server {
    pub(crate) address: SocketAddr,
    connections: Arc<AtomicUsize>,
}

/// A request as it came.
pub(crate) type Asked = (Request<RecvStream>, SendResponse<Bytes>);

impl Http2Server {
    /// Hands each encrypted connection, with its number from 0, to `serve`.
    pub(crate) async fn start<F>(protocols: &[&str], serve: impl Fn(usize, Stream) -> F + Send + 'static) -> Self
    where
        F: Future<Output = ()> + Send + 'static,
    {
        let acceptor = acceptor(SERVER, protocols);
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let connections = Arc::new(AtomicUsize::new(0));
        let count = Arc::clone(&connections);
        tokio::spawn(async move {
            loop {
                let (stream, _) = listener.accept().await.unwrap();
                let number = count.fetch_add(1, Ordering::SeqCst);
                if let Ok(stream) = acceptor.accept(stream).await {
                    tokio::spawn(serve(number, stream));
                }
            }
        });
        Self { address, connections }
    }

    /// Hands each HTTP/2 connection, with its number from 0, to `serve`.
    pub(crate) async fn speaking<F>(serve: impl Fn(usize, Connection<Stream, Bytes>) -> F + Clone + Send + 'static) -> Self
    where
        F: Future<Output = ()> + Send + 'static,
    {
        Self::start(&["h2", "http/1.1"], move |number, stream| {
            let serve = serve.clone();
            async move {
                if let Ok(connection) = h2::server::handshake(stream).await {
                    serve(number, connection).await;
                }
            }
        })
        .await
    }

    /// Answers each request by `answer`, all of a connection at once.
    pub(crate) async fn answering<F>(answer: impl Fn(Asked) -> F + Clone + Send + 'static) -> Self
    where
        F: Future<Output = ()> + Send + 'static,
    {
        Self::speaking(move |_, connection| serve_all(connection, answer.clone())).await
    }

    pub(crate) fn url(&self, path: &str) -> String {
        format!("https://localhost:{}{path}", self.address.port())
    }

    pub(crate) fn connections(&self) -> usize {
        self.connections.load(Ordering::SeqCst)
    }
}

/// Answers each request of a connection by `answer`, until it ends.
pub(crate) async fn serve_all<F>(mut connection: Connection<Stream, Bytes>, answer: impl Fn(Asked) -> F)
where
    F: Future<Output = ()> + Send + 'static,
{
    while let Some(Ok(asked)) = connection.accept().await {
        tokio::spawn(answer(asked));
    }
}

/// Works a connection until its end, whatever comes.
pub(crate) async fn run(mut connection: Connection<Stream, Bytes>) {
    while let Some(Ok(asked)) = connection.accept().await {
        // Held, so that it is not refused.
        std::mem::forget(asked);
    }
}

/// A head with fields.
pub(crate) fn head(status: u16, fields: &[(&'static str, &str)]) -> Response<()> {
    let mut head = Response::new(());
    *head.status_mut() = status.try_into().unwrap();
    for (name, value) in fields {
        head.headers_mut().append(*name, value.parse().unwrap());
    }
    head
}

/// Answers with a head and a body.
pub(crate) fn give(respond: &mut SendResponse<Bytes>, head: Response<()>, body: impl Into<Bytes>) {
    let body = body.into();
    let mut stream = respond.send_response(head, body.is_empty()).unwrap();
    if !body.is_empty() {
        stream.send_data(body, true).unwrap();
    }
}

/// Answers with a head, a body and trailers.
pub(crate) fn give_with_trailers(
    respond: &mut SendResponse<Bytes>,
    head: Response<()>,
    body: &'static [u8],
    trailers: HeaderMap,
) {
    let mut stream = respond.send_response(head, false).unwrap();
    stream.send_data(Bytes::from_static(body), false).unwrap();
    stream.send_trailers(trailers).unwrap();
}

/// A frame (RFC 9113, section 4.1).
pub(crate) fn frame(kind: u8, flags: u8, stream: u32, payload: &[u8]) -> Vec<u8> {
    let length = u32::try_from(payload.len()).unwrap().to_be_bytes();
    [&length[1..], &[kind, flags], &stream.to_be_bytes(), payload].concat()
}

/// Answers by frames of one's own making.
#[derive(Clone)]
pub(crate) struct RawFrames {
    /// The payload of the settings that come before all else.
    pub(crate) settings: Vec<u8>,
    /// What each request gets, once; written for stream 1.
    pub(crate) once: Vec<u8>,
    /// What the first request gets then, for as long as the client stays.
    pub(crate) over_and_over: Vec<u8>,
}

impl RawFrames {
    /// Serves a connection until the client is gone. Once it is told to be well, further requests get a page.
    pub(crate) async fn serve(self, stream: Stream, is_well: &AtomicBool, page: &str) {
        let (mut reading, mut writing) = tokio::io::split(stream);
        let mut read = Vec::new();
        writing.write_all(&frame(SETTINGS, 0, 0, &self.settings)).await.ok();
        writing.flush().await.ok();
        while let Some(number) = next_request(&mut reading, &mut read).await {
            let frames = if is_well.load(Ordering::SeqCst) {
                [frame(HEADERS, END_HEADERS, 1, &[STATUS_200]), frame(DATA, END_STREAM, 1, page.as_bytes())].concat()
            } else {
                self.once.clone()
            };
            writing.write_all(&on_stream(number, frames)).await.ok();
            writing.flush().await.ok();
            if !self.over_and_over.is_empty() {
                // What the client answers to a flood must be read, or it could not go on.
                let mut rest = [0; 4096];
                let flood = async { while writing.write_all(&self.over_and_over).await.is_ok() {} };
                let drain = async { while matches!(reading.read(&mut rest).await, Ok(count) if count > 0) {} };
                tokio::join!(flood, drain);
                return;
            }
        }
    }
}

/// Reads until the head of a request has come whole; its stream, or `None` when the client goes before.
pub(crate) async fn next_request(stream: &mut (impl AsyncRead + Unpin), read: &mut Vec<u8>) -> Option<u32> {
    loop {
        if read.starts_with(PREFACE) {
            read.drain(..PREFACE.len());
        }
        while let Some((kind, number, length)) = frame_head(read).filter(|(_, _, length)| read.len() >= *length) {
            read.drain(..length);
            if kind == HEADERS {
                return Some(number);
            }
        }
        if !matches!(stream.read_buf(read).await, Ok(count) if count > 0) {
            return None;
        }
    }
}

/// What a client begins with (RFC 9113, section 3.4).
const PREFACE: &[u8] = b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n";

/// Kind, stream and whole length of the frame that begins here.
fn frame_head(bytes: &[u8]) -> Option<(u8, u32, usize)> {
    let [high, middle, low, kind, _flags, number @ ..]: [u8; 9] = bytes.get(..9)?.try_into().unwrap();
    let length = usize::try_from(u32::from_be_bytes([0, high, middle, low])).unwrap();
    Some((kind, u32::from_be_bytes(number), 9 + length))
}

/// Frames of stream 1, for another stream.
fn on_stream(number: u32, mut frames: Vec<u8>) -> Vec<u8> {
    let mut at = 0;
    while let Some((_, stream, length)) = frames.get(at..).and_then(frame_head) {
        if stream == 1 {
            frames[at + 5..at + 9].copy_from_slice(&number.to_be_bytes());
        }
        at += length;
    }
    frames
}
