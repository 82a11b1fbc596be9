//! The recording stream: sits above TLS and below HTTP, and notes every byte that passes, with the times that limits are
//! measured from. It changes nothing.

use std::io;
use std::pin::Pin;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::task::{Context, Poll, ready};
use std::time::SystemTime;

use comeback_diagnosis::clock::WallTime;
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::time::Instant;

/// A connection's byte stream, encrypted or not.
pub(crate) trait ByteStream: AsyncRead + AsyncWrite + Send + Unpin {}

impl<S: AsyncRead + AsyncWrite + Send + Unpin> ByteStream for S {}

/// How a stream ended.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum StreamEnd {
    /// The peer closed it in order.
    Closed,
    /// It broke; the system's words.
    Broken(String),
    /// The encryption broke, or the peer refused it; rustls's words.
    Tls(String),
}

/// What passed since the request began.
#[derive(Debug, Default)]
pub(crate) struct Passed {
    /// All bytes written.
    pub(crate) sent: Vec<u8>,
    /// When the first of them was.
    pub(crate) sent_first: Option<(WallTime, Instant)>,
    /// When the last of them was.
    pub(crate) sent_last: Option<Instant>,
    /// Bytes read and not yet taken by the recorder of the response.
    pub(crate) received: Vec<u8>,
    /// How many bytes were read.
    pub(crate) received_bytes: u64,
    /// When the last byte was read; `None` when none was.
    pub(crate) received_last: Option<Instant>,
    /// Set once no more can be read or written.
    pub(crate) ended: Option<StreamEnd>,
}

/// Reads what a [`Tap`] noted.
#[derive(Debug, Clone, Default)]
pub(crate) struct TapReader(Arc<Mutex<Passed>>);

impl TapReader {
    /// The notes, for a moment.
    pub(crate) fn passed(&self) -> MutexGuard<'_, Passed> {
        // The notes are plain values: whoever panicked while holding them left nothing half done.
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Starts the notes of a new request. `false` when the stream is no longer fit for one: it ended, or the peer spoke unasked.
    pub(crate) fn begin(&self) -> bool {
        let mut passed = self.passed();
        if passed.ended.is_some() || !passed.received.is_empty() {
            return false;
        }
        *passed = Passed::default();
        true
    }
}

/// How much is read without letting whoever watches the limits look, in bytes. The protocol's reader skips interim answers in one
/// go: a server that sends them without end would be read without end.
pub(crate) const READ_AT_ONCE_BYTES_MAX: usize = 64 * 1024;

/// A stream with its notes.
pub(crate) struct Tap {
    stream: Box<dyn ByteStream>,
    notes: TapReader,
    /// Whether the bytes are noted, or only their number and times.
    keeps_bytes: bool,
    /// How much had been read, and not taken by the recorder, at the last pause.
    paused_at: usize,
}

impl Tap {
    pub(crate) fn new(stream: Box<dyn ByteStream>) -> (Self, TapReader) {
        let notes = TapReader::default();
        (Self { stream, notes: notes.clone(), keeps_bytes: true, paused_at: 0 }, notes)
    }

    /// A stream whose bytes are no record of anything: HTTP/2 compresses heads and mixes exchanges.
    pub(crate) fn without_bytes(stream: Box<dyn ByteStream>) -> (Self, TapReader) {
        let (tap, notes) = Self::new(stream);
        (Self { keeps_bytes: false, ..tap }, notes)
    }

    /// Whether it is time to let the limits be looked at.
    fn is_pause_due(&mut self) -> bool {
        let unread = self.notes.passed().received.len();
        let is_due = unread >= self.paused_at.saturating_add(READ_AT_ONCE_BYTES_MAX);
        if is_due || unread < self.paused_at {
            self.paused_at = unread;
        }
        is_due
    }

    fn note_error(&self, error: &io::Error) {
        let tls = error.get_ref().and_then(|inner| inner.downcast_ref::<rustls::Error>());
        let end = match tls {
            Some(tls) => StreamEnd::Tls(tls.to_string()),
            // RFC 8446, section 6.1; rustls's own words go on to its manual.
            None if error.kind() == io::ErrorKind::UnexpectedEof => {
                StreamEnd::Broken("it was closed without TLS's farewell".into())
            }
            None => StreamEnd::Broken(error.to_string()),
        };
        self.notes.passed().ended.get_or_insert(end);
    }
}

/// The wall clock, as milliseconds since the epoch; a clock before 1970 reads as 1970.
pub(crate) fn wall_now() -> WallTime {
    let since = SystemTime::now().duration_since(SystemTime::UNIX_EPOCH).unwrap_or_default();
    WallTime(u64::try_from(since.as_millis()).unwrap_or(u64::MAX))
}

impl AsyncRead for Tap {
    fn poll_read(mut self: Pin<&mut Self>, context: &mut Context<'_>, into: &mut ReadBuf<'_>) -> Poll<io::Result<()>> {
        if self.is_pause_due() {
            context.waker().wake_by_ref();
            return Poll::Pending;
        }
        let before = into.filled().len();
        let result = ready!(Pin::new(&mut self.stream).poll_read(context, into));
        match &result {
            Ok(()) => {
                let mut passed = self.notes.passed();
                let fresh = &into.filled()[before..];
                if fresh.is_empty() {
                    passed.ended.get_or_insert(StreamEnd::Closed);
                } else {
                    if self.keeps_bytes {
                        passed.received.extend_from_slice(fresh);
                    }
                    passed.received_bytes += fresh.len() as u64;
                    passed.received_last = Some(Instant::now());
                }
            }
            Err(error) => self.note_error(error),
        }
        Poll::Ready(result)
    }
}

impl AsyncWrite for Tap {
    fn poll_write(mut self: Pin<&mut Self>, context: &mut Context<'_>, bytes: &[u8]) -> Poll<io::Result<usize>> {
        let result = ready!(Pin::new(&mut self.stream).poll_write(context, bytes));
        match &result {
            Ok(0) => {}
            Ok(written) => {
                let mut passed = self.notes.passed();
                let now = Instant::now();
                passed.sent_first.get_or_insert_with(|| (wall_now(), now));
                passed.sent_last = Some(now);
                if self.keeps_bytes {
                    passed.sent.extend_from_slice(&bytes[..*written]);
                }
            }
            Err(error) => self.note_error(error),
        }
        Poll::Ready(result)
    }

    fn poll_flush(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_flush(context)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_shutdown(context)
    }
}
