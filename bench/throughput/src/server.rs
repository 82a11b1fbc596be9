//! The server: one process, every address of 127.0.0.0/8, a page for each path that ends with a number.
//!
//! It does as little as it can, since it shares the machine with those that are measured.

use std::io::Write;
use std::net::{Ipv4Addr, SocketAddr};
use std::sync::Arc;

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpSocket, TcpStream};

use crate::failure::BenchFailure;
use crate::pages::{PAGE_BYTES, Pages};

const BACKLOG: u32 = 16_384;
const REQUEST_BYTES_MAX: usize = 16 * 1024;
const NOT_FOUND: &[u8] = b"HTTP/1.1 404 Not Found\r\nContent-Length: 0\r\n\r\n";

/// Serves until it is killed.
pub(crate) fn serve() -> Result<(), BenchFailure> {
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build()?;
    runtime.block_on(async {
        let pages = Arc::new(Pages::new());
        let socket = TcpSocket::new_v4()?;
        socket.set_reuseaddr(true)?;
        // All of 127.0.0.0/8 by one socket; whoever does not come from there is turned away.
        socket.bind(SocketAddr::from((Ipv4Addr::UNSPECIFIED, 0)))?;
        let listener = socket.listen(BACKLOG)?;
        println!("{}", listener.local_addr()?.port());
        std::io::stdout().flush()?;
        loop {
            let (stream, peer) = listener.accept().await?;
            if peer.ip().is_loopback() {
                stream.set_nodelay(true)?;
                tokio::spawn(answer(stream, Arc::clone(&pages)));
            }
        }
    })
}

/// Answers on one connection until it ends.
async fn answer(mut stream: TcpStream, pages: Arc<Pages>) {
    let mut asked = Vec::new();
    let mut said = Vec::new();
    loop {
        match stream.read_buf(&mut asked).await {
            Ok(0) | Err(_) => return,
            Ok(_) => {}
        }
        if asked.ends_with(b"\r\n\r\n") {
            said.clear();
            match number(&asked) {
                Some(number) => page(&pages, number, &mut said),
                None => said.extend_from_slice(NOT_FOUND),
            }
            asked.clear();
            if stream.write_all(&said).await.is_err() {
                return;
            }
        } else if asked.len() > REQUEST_BYTES_MAX {
            return;
        }
    }
}

fn page(pages: &Pages, number: u64, to: &mut Vec<u8>) {
    to.extend_from_slice(b"HTTP/1.1 200 OK\r\nServer: throughput\r\nDate: Tue, 24 Nov 2026 03:00:00 GMT\r\n");
    to.extend_from_slice(b"Content-Type: text/html; charset=utf-8\r\nCache-Control: max-age=600\r\nVary: Accept-Encoding\r\n");
    to.extend_from_slice(format!("ETag: \"{number:x}\"\r\nContent-Length: {PAGE_BYTES}\r\n\r\n").as_bytes());
    pages.append(number, to);
}

/// The number before `.html` in a request line.
fn number(asked: &[u8]) -> Option<u64> {
    let line = asked.split(|byte| *byte == b'\r').next()?;
    let path = line.strip_suffix(b" HTTP/1.1")?.strip_suffix(b".html")?;
    let digits = path.rsplit(|byte| !byte.is_ascii_digit()).next()?;
    std::str::from_utf8(digits).ok()?.parse().ok()
}
