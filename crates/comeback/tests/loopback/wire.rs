//! A bare socket: what a server sends, byte for byte, without a client's opinion in between.

use std::io::{Read as _, Write as _};
use std::net::{Shutdown, SocketAddr, TcpStream};
use std::time::Duration;

/// How long a server may take for one answer.
const ANSWER_LIMIT: Duration = Duration::from_secs(20);

/// Sends a request's bytes, says that no more will come, and returns all that the server sends until it closes.
pub(crate) fn exchange(address: SocketAddr, request: &[u8]) -> Vec<u8> {
    let mut stream = send(address, request);
    stream.shutdown(Shutdown::Write).unwrap();
    read_all(&mut stream)
}

/// Asks for a path with a plain GET that wants the connection closed, and returns all that the server sends.
pub(crate) fn ask(address: SocketAddr, target: &str) -> Vec<u8> {
    read_all(&mut send(address, format!("GET {target} HTTP/1.1\r\nHost: {address}\r\nConnection: close\r\n\r\n").as_bytes()))
}

/// Sends a request's bytes and keeps the connection.
pub(crate) fn send(address: SocketAddr, request: &[u8]) -> TcpStream {
    let mut stream = TcpStream::connect(address).unwrap();
    stream.set_read_timeout(Some(ANSWER_LIMIT)).unwrap();
    stream.write_all(request).unwrap();
    stream
}

fn read_all(stream: &mut TcpStream) -> Vec<u8> {
    let mut bytes = Vec::new();
    stream.read_to_end(&mut bytes).unwrap();
    bytes
}

/// A response with the value of its Date field taken out: it is another second's in each answer.
pub(crate) fn without_date(response: &[u8]) -> Vec<u8> {
    let from = response.windows(8).position(|window| window == b"\r\nDate: ").expect("a real server states its Date") + 8;
    let to = from + response[from..].iter().position(|byte| *byte == b'\r').unwrap();
    [&response[..from], &response[to..]].concat()
}
