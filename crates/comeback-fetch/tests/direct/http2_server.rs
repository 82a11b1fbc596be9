//! A server that speaks HTTP/2 over TLS, as a test tells it to.

use std::future::Future;
use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use bytes::Bytes;
use h2::RecvStream;
use h2::server::{Connection, SendResponse};
use http::{HeaderMap, Request, Response};
use tokio::net::{TcpListener, TcpStream};
use tokio_rustls::server::TlsStream;

use crate::certificates::{SERVER, acceptor};

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
