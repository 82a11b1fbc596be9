//! One HTTP/2 connection (RFC 9113), shared by the attempts at one origin.
//!
//! Life: open, serving as many streams at once as the server permits; then retired (it stood unused, grew too old, or the server
//! said GOAWAY), when no new stream begins and those under way end; then closed. A task of its own works it, since its streams
//! belong to many. It never opens a stream by itself and knows nothing of what is asked.

use std::future::{Future, poll_fn};
use std::net::SocketAddr;
use std::pin::{Pin, pin};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::task::Poll;
use std::time::Duration;

use bytes::Bytes;
use h2::SendStream;
use h2::client::{Connection, ResponseFuture, SendRequest};
use tokio::sync::Notify;
use tokio::time::{Instant, sleep_until, timeout};

use crate::limits::Limits;
use crate::tap::{ByteStream, Tap, TapReader};

/// Streams before the server's settings have come: whoever set the connection up goes ahead, the others wait for the settings.
const FIRST_STREAMS_MAX: usize = 1;
/// Unread bytes of one stream: what the server may send before it is read. A long way times a fast line fits in.
const STREAM_WINDOW_BYTES: u32 = 512 * 1024;
/// Unread bytes of all streams of a connection together.
const CONNECTION_WINDOW_BYTES: u32 = 2 * 1024 * 1024;
/// The standard's own, and least (RFC 9113, section 4.2).
const FRAME_BYTES_MAX: u32 = 16 * 1024;
/// The table of fields that the server may refer back to (RFC 7541); the standard's own size.
const HEADER_TABLE_BYTES: u32 = 4 * 1024;
/// How much larger a head may be than the limit before the whole stream is called broken; up to there it can be told what is wrong.
const HEAD_FACTOR: usize = 4;
/// Streams that were given up and whose late frames are still passed over, and for how long.
const GIVEN_UP_STREAMS_MAX: usize = 64;
const GIVEN_UP_MS_MAX: u64 = 5_000;
/// Streams of one connection that the server may break by violating the protocol.
const BROKEN_STREAMS_MAX: usize = 64;
/// Bytes of an upload that wait in memory to be written, for each stream.
const UPLOAD_BUFFER_BYTES_MAX: usize = 64 * 1024;
/// Bytes of a connection that belong to no answer: settings, pings, resets. More is a flood.
const UNDUE_BYTES_MAX: u64 = 4 * 1024 * 1024;
/// What one frame of data costs beside its payload: its head, and padding (RFC 9113, section 6.1).
const FRAME_COST_BYTES: u64 = 9 + 256;
/// How long a farewell to the server may take.
const FAREWELL_MS_MAX: u64 = 1_000;

/// A connection, from its holders' side. When the last of them lets go, it is closed.
pub(crate) struct Multiplex {
    sender: SendRequest<Bytes>,
    /// The address at the other end.
    pub(crate) remote: SocketAddr,
    /// When what passed on it.
    pub(crate) notes: TapReader,
    ends_at: Instant,
    head_bytes_max: u64,
    standing: Arc<Standing>,
}

/// What holders and the worker tell each other.
#[derive(Default)]
struct Standing {
    streams: Mutex<Streams>,
    /// A stream ended, the server's limit changed, or the connection ended.
    changed: Notify,
    is_retired: AtomicBool,
    is_flooded: AtomicBool,
    retiring: Notify,
    let_go: Notify,
}

/// Its streams.
struct Streams {
    open: usize,
    /// How many at once the server permits.
    permitted: usize,
    /// How many were answered.
    answered: u64,
    /// Since when none is open.
    idle_since: Instant,
    has_ended: bool,
    /// How many bytes may have been read: those that were due, and a bounded number of others.
    due_bytes: u64,
}

impl Default for Streams {
    fn default() -> Self {
        Self {
            open: 0,
            permitted: FIRST_STREAMS_MAX,
            answered: 0,
            idle_since: Instant::now(),
            has_ended: false,
            due_bytes: UNDUE_BYTES_MAX,
        }
    }
}

impl Standing {
    fn streams(&self) -> MutexGuard<'_, Streams> {
        // Every change is whole before anything can panic.
        self.streams.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Room for one stream, until dropped.
pub(crate) struct Room<'a>(&'a Standing);

impl Drop for Room<'_> {
    fn drop(&mut self) {
        let mut streams = self.0.streams();
        streams.open -= 1;
        if streams.open == 0 {
            streams.idle_since = Instant::now();
        }
        drop(streams);
        self.0.changed.notify_one();
    }
}

impl Drop for Multiplex {
    fn drop(&mut self) {
        self.standing.let_go.notify_one();
    }
}

impl Multiplex {
    /// Puts HTTP/2 on a stream. `forget` is called once no new stream is to begin on it.
    pub(crate) async fn open(
        stream: Box<dyn ByteStream>,
        remote: SocketAddr,
        limits: &Limits,
        forget: impl FnOnce() + Send + 'static,
    ) -> Result<Self, h2::Error> {
        let (tap, notes) = Tap::without_bytes(stream);
        let (sender, connection) = builder(limits).handshake(tap).await?;
        let standing = Arc::new(Standing::default());
        let kept_ms = if limits.idle_connections_max == 0 { 0 } else { limits.idle_connection_ms };
        let ends_at = Instant::now() + Duration::from_millis(limits.shared_connection_ms);
        let worker = Worker { connection, standing: Arc::clone(&standing), notes: notes.clone() };
        tokio::spawn(worker.run(Duration::from_millis(kept_ms), ends_at, forget));
        let head_bytes_max = limits.head_bytes_max as u64;
        Ok(Self { sender, remote, notes, ends_at, head_bytes_max, standing })
    }

    /// Whether a new stream may begin on it.
    pub(crate) fn is_fit(&self) -> bool {
        let is_over = self.standing.is_retired.load(Ordering::Acquire) || Instant::now() >= self.ends_at;
        !is_over && !self.standing.streams().has_ended
    }

    /// Whether no stream is open.
    pub(crate) fn is_idle(&self) -> bool {
        self.standing.streams().open == 0
    }

    /// Whether it has served before.
    pub(crate) fn has_answered(&self) -> bool {
        self.standing.streams().answered > 0
    }

    /// Whether it was cut because the server sent too much that belongs to no answer.
    pub(crate) fn is_flooded(&self) -> bool {
        self.standing.is_flooded.load(Ordering::Acquire)
    }

    /// Lets no new stream begin.
    pub(crate) fn retire(&self) {
        self.standing.is_retired.store(true, Ordering::Release);
        self.standing.retiring.notify_one();
    }

    /// Waits until the server permits one more stream; `None` when the connection has ended.
    pub(crate) async fn room(&self) -> Option<Room<'_>> {
        loop {
            let mut changed = pin!(self.standing.changed.notified());
            changed.as_mut().enable();
            {
                let mut streams = self.standing.streams();
                if streams.has_ended {
                    return None;
                }
                if streams.open < self.sender.current_max_send_streams() {
                    streams.open += 1;
                    // A head may come compressed or not, and what was under way for a stream that is given up still comes.
                    streams.due_bytes += 2 * self.head_bytes_max + u64::from(STREAM_WINDOW_BYTES);
                    return Some(Room(&self.standing));
                }
            }
            changed.await;
        }
    }

    /// Hands a request to the connection. There must be room for it.
    pub(crate) fn send(&self, head: http::Request<()>, is_whole: bool) -> Result<(ResponseFuture, SendStream<Bytes>), h2::Error> {
        self.sender.clone().send_request(head, is_whole)
    }

    /// Notes that a response has begun.
    pub(crate) fn note_answer(&self) {
        self.standing.streams().answered += 1;
    }

    /// Notes that a frame of data was taken.
    pub(crate) fn note_payload(&self, bytes: usize) {
        self.standing.streams().due_bytes += bytes as u64 + FRAME_COST_BYTES;
    }
}

fn builder(limits: &Limits) -> h2::client::Builder {
    let head_bytes_max = limits.head_bytes_max.saturating_mul(HEAD_FACTOR);
    let mut builder = h2::client::Builder::new();
    builder
        .enable_push(false)
        .initial_max_send_streams(FIRST_STREAMS_MAX)
        .initial_window_size(STREAM_WINDOW_BYTES)
        .initial_connection_window_size(CONNECTION_WINDOW_BYTES)
        .max_frame_size(FRAME_BYTES_MAX)
        .header_table_size(HEADER_TABLE_BYTES)
        .max_header_list_size(u32::try_from(head_bytes_max).unwrap_or(u32::MAX))
        .max_concurrent_reset_streams(GIVEN_UP_STREAMS_MAX)
        .reset_stream_duration(Duration::from_millis(GIVEN_UP_MS_MAX))
        .max_local_error_reset_streams(Some(BROKEN_STREAMS_MAX))
        .max_send_buffer_size(UPLOAD_BUFFER_BYTES_MAX);
    builder
}

/// Works a connection.
struct Worker {
    connection: Connection<Tap, Bytes>,
    standing: Arc<Standing>,
    notes: TapReader,
}

impl Worker {
    async fn run(mut self, kept_for: Duration, ends_at: Instant, forget: impl FnOnce()) {
        let standing = Arc::clone(&self.standing);
        let is_over = tokio::select! {
            biased;
            () = self.work() => true,
            () = standing.retiring.notified() => false,
            () = standing.let_go.notified() => {
                // Whoever let go is gone; the wait below must see it too.
                standing.let_go.notify_one();
                false
            }
            () = unused(&standing, kept_for, ends_at) => false,
        };
        standing.is_retired.store(true, Ordering::Release);
        forget();
        if !is_over {
            tokio::select! {
                biased;
                () = self.work() => {}
                () = standing.let_go.notified() => {
                    // h2 says GOAWAY and closes once nobody holds a stream.
                    drop(timeout(Duration::from_millis(FAREWELL_MS_MAX), self.work()).await);
                }
            }
        }
        drop(self);
        standing.streams().has_ended = true;
        standing.changed.notify_waiters();
    }

    /// Lets the connection work until its end.
    async fn work(&mut self) {
        poll_fn(|context| {
            let polled = Pin::new(&mut self.connection).poll(context);
            let permitted = self.connection.max_concurrent_send_streams();
            let (has_changed, due_bytes) = {
                let mut streams = self.standing.streams();
                (std::mem::replace(&mut streams.permitted, permitted) != permitted, streams.due_bytes)
            };
            if has_changed {
                self.standing.changed.notify_waiters();
            }
            let is_flooded = self.notes.passed().received_bytes > due_bytes;
            if is_flooded {
                self.standing.is_flooded.store(true, Ordering::Release);
            }
            if polled.is_ready() || is_flooded { Poll::Ready(()) } else { Poll::Pending }
        })
        .await;
    }
}

/// Waits until the connection stood unused for long enough, or is too old.
async fn unused(standing: &Standing, kept_for: Duration, ends_at: Instant) {
    loop {
        let now = Instant::now();
        let until = {
            let streams = standing.streams();
            if streams.open == 0 { streams.idle_since + kept_for } else { now + kept_for.max(Duration::from_millis(1)) }
        };
        let until = until.min(ends_at);
        if until <= now {
            return;
        }
        sleep_until(until).await;
    }
}
