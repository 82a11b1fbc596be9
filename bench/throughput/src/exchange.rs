//! One exchange over a bare connection: the request out, the whole response in, both as bytes for the archive.

use std::net::SocketAddr;

use bytes::Bytes;
use http::Request;
use http_body_util::{BodyExt, Empty};
use hyper::client::conn::http1::{SendRequest, handshake};
use hyper_util::rt::TokioIo;
use tokio::net::TcpStream;

use crate::failure::BenchFailure;
use crate::hosts::authority;

/// What is sent as comeback sends it.
const FIELDS: [(&str, &str); 2] = [("Accept", "*/*"), ("Accept-Encoding", "gzip, deflate, br, zstd")];
const USER_AGENT: &str = "probe/0.1.0 (+https://comeback.example)";

/// Opens a connection, worked by a task of its own.
pub(crate) async fn connect(address: SocketAddr) -> Result<SendRequest<Empty<Bytes>>, BenchFailure> {
    let stream = TcpStream::connect(address).await?;
    stream.set_nodelay(true)?;
    let (sender, connection) = handshake(TokioIo::new(stream)).await?;
    tokio::task::spawn_local(connection);
    Ok(sender)
}

/// A request for a URL, by the path alone.
pub(crate) fn request(url: &str) -> Result<Request<Empty<Bytes>>, BenchFailure> {
    let host = authority(url).unwrap_or_default();
    let path = &url[("http://".len() + host.len()).min(url.len())..];
    let mut request = Request::get(path).header("Host", host).header("User-Agent", USER_AGENT);
    for (name, value) in FIELDS {
        request = request.header(name, value);
    }
    Ok(request.body(Empty::new())?)
}

/// Asks, and writes request and response down.
pub(crate) async fn ask(
    sender: &mut SendRequest<Empty<Bytes>>,
    url: &str,
    asked: &mut Vec<u8>,
    answered: &mut Vec<u8>,
) -> Result<usize, BenchFailure> {
    let request = request(url)?;
    asked.clear();
    asked.extend_from_slice(format!("GET {} HTTP/1.1\r\n", request.uri()).as_bytes());
    write_fields(request.headers(), asked);
    sender.ready().await?;
    let response = sender.send_request(request).await?;
    if response.status() != 200 {
        return Err(BenchFailure::Status { status: response.status().as_u16() });
    }
    answered.clear();
    answered.extend_from_slice(b"HTTP/1.1 200 OK\r\n");
    write_fields(response.headers(), answered);
    let head_bytes = answered.len();
    let mut body = response.into_body();
    while let Some(frame) = body.frame().await {
        if let Some(data) = frame?.data_ref() {
            answered.extend_from_slice(data);
        }
    }
    Ok(head_bytes)
}

fn write_fields(fields: &http::HeaderMap, to: &mut Vec<u8>) {
    for (name, value) in fields {
        to.extend_from_slice(name.as_str().as_bytes());
        to.extend_from_slice(b": ");
        to.extend_from_slice(value.as_bytes());
        to.extend_from_slice(b"\r\n");
    }
    to.extend_from_slice(b"\r\n");
}
