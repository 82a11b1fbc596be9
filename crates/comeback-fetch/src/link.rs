//! One connection to a host: hyper's two halves and the notes of the recording stream, driven by whoever holds it.
//!
//! No task runs a link behind its holder's back: dropping it closes the connection.

use std::future::{Future, poll_fn};
use std::net::SocketAddr;
use std::pin::Pin;
use std::task::{Context, Poll};

use bytes::Bytes;
use http_body_util::Full;
use hyper::client::conn::http1;
use hyper_util::rt::TokioIo;

use crate::limits::Limits;
use crate::tap::{ByteStream, Tap, TapReader};

/// The least that hyper's buffer takes.
const HYPER_BUFFER_BYTES_MIN: usize = 8 * 1024;

type Connection = http1::Connection<TokioIo<Tap>, Full<Bytes>>;

/// A connection. Life: fresh, then for each request busy and fit again, or spent.
pub(crate) struct Link {
    /// Where requests go in.
    pub(crate) sender: http1::SendRequest<Full<Bytes>>,
    /// `None` once hyper is through with it.
    connection: Option<Box<Connection>>,
    /// What passed on it.
    pub(crate) tap: TapReader,
    /// The address at the other end.
    pub(crate) remote: SocketAddr,
    /// Whether it has served a request before.
    pub(crate) is_used: bool,
}

impl Link {
    /// Puts HTTP/1.1 on a stream.
    pub(crate) async fn open(stream: Box<dyn ByteStream>, remote: SocketAddr, limits: &Limits) -> hyper::Result<Self> {
        let (tap, notes) = Tap::new(stream);
        let (sender, connection) = http1::Builder::new()
            .title_case_headers(true)
            .allow_obsolete_multiline_headers_in_responses(true)
            .allow_spaces_after_header_name_in_responses(true)
            .ignore_invalid_headers_in_responses(true)
            .max_headers(limits.header_count_max)
            .max_header_size(limits.head_bytes_max)
            .max_buf_size(limits.head_bytes_max.max(HYPER_BUFFER_BYTES_MIN))
            .handshake(TokioIo::new(tap))
            .await?;
        Ok(Self { sender, connection: Some(Box::new(connection)), tap: notes, remote, is_used: false })
    }

    /// Lets the connection do its work; ready once it is through. Its error is not asked for: whoever waits for a response gets
    /// it, and the notes tell how the stream ended.
    pub(crate) fn poll_work(&mut self, context: &mut Context<'_>) -> Poll<()> {
        let Some(connection) = &mut self.connection else {
            return Poll::Ready(());
        };
        match Pin::new(connection.as_mut()).poll(context) {
            Poll::Pending => Poll::Pending,
            Poll::Ready(_) => {
                self.connection = None;
                Poll::Ready(())
            }
        }
    }

    /// Whether another request can go out at once.
    pub(crate) async fn is_fit(&mut self) -> bool {
        // Twice, since the work of the first round may be what makes the second one ready.
        for _ in 0..2 {
            poll_fn(|context| Poll::Ready(self.poll_work(context))).await.is_ready();
        }
        self.connection.is_some() && self.sender.is_ready()
    }

    /// Says farewell (TLS's close_notify and TCP's FIN) as far as that needs no waiting, and closes.
    pub(crate) async fn close(self) {
        let Self { sender, connection, .. } = self;
        drop(sender);
        if let Some(mut connection) = connection {
            poll_fn(|context| Poll::Ready(Pin::new(connection.as_mut()).poll(context).is_ready())).await;
        }
    }
}
