//! One request and its response over one connection: drives hyper, measures limits, records the bytes.
//!
//! hyper says when a head or a body is over and hands out the payload; the bytes of the record come from the recording stream.

use std::future::{Future, poll_fn};
use std::path::Path;
use std::pin::pin;
use std::task::{Poll, ready};
use std::time::Duration;

use comeback_diagnosis::cause::Cause;
use hyper::body::{Body, Incoming};
use tokio::time::{Instant, sleep_until};

use crate::capture::{CapturedResponse, OwnFailure};
use crate::decoding::Decoding;
use crate::framing::{Chunks, Framing};
use crate::head::{Head, final_head};
use crate::limits::Limits;
use crate::link::Link;
use crate::request::WireRequest;
use crate::route::{FetchError, Permission};
use crate::spool::WireSink;
use crate::tap::{READ_AT_ONCE_BYTES_MAX, StreamEnd};

/// How much of an answer that is not HTTP is quoted.
const QUOTED_BYTES_MAX: usize = 32;

/// What the transfer goes by.
pub(crate) struct Transfer<'a> {
    pub(crate) limits: &'a Limits,
    pub(crate) spool_dir: &'a Path,
    pub(crate) permission: &'a dyn Permission,
    /// When the whole attempt must be over.
    pub(crate) ends_at: Instant,
}

/// What came of it.
pub(crate) struct Received {
    pub(crate) response: Option<CapturedResponse>,
    pub(crate) failure: Option<OwnFailure>,
    /// Whether the connection stands where a next request could begin.
    pub(crate) is_link_fit: bool,
    /// Whether the connection ended without a byte of a response.
    pub(crate) is_unanswered: bool,
}

/// What the next bytes are waited for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Part {
    Head,
    Body,
}

impl Transfer<'_> {
    /// Sends the request and takes the response.
    pub(crate) async fn run(&self, link: &mut Link, request: WireRequest) -> Result<Received, FetchError> {
        let answer = link.sender.send_request(request);
        let failure = match self.drive(link, Part::Head, answer).await {
            Ok(Ok(answer)) => return self.record(link, answer).await,
            Ok(Err(error)) => failure(&error, link, Part::Head, self.limits),
            Err(cut) => cut,
        };
        let passed = link.tap.passed();
        let is_over = passed.ended.is_some() || passed.sent.is_empty();
        let is_unanswered = passed.received_last.is_none() && is_over;
        Ok(Received { response: None, failure: Some(failure), is_link_fit: false, is_unanswered })
    }

    /// Records a response whose head is there.
    async fn record(&self, link: &mut Link, answer: http::Response<Incoming>) -> Result<Received, FetchError> {
        let begun = std::mem::take(&mut link.tap.passed().received);
        let found = final_head(&begun).filter(|(head, _)| head.status == answer.status().as_u16());
        let Some((head, place)) = found else {
            let failure = OwnFailure::new(Cause::Protocol, "The head of the answer can be read in more than one way.");
            return Ok(Received { response: None, failure: Some(failure), is_link_fit: false, is_unanswered: false });
        };
        let mut recording = Recording {
            sink: WireSink::new(self.spool_dir, self.limits.body_memory_bytes_max),
            framing: framing(&answer),
            decoding: Decoding::new(head.values("content-encoding"), self.limits),
            framed_bytes: 0,
            body_bytes: 0,
            is_followed: false,
        };
        let head_bytes = place.len();
        recording.sink.write(&begun[place.clone()]).await?;
        recording.take_wire(&begun[place.end..]).await?;
        let most = self.limits.body_bytes_max;
        let declared = answer.body().size_hint().exact().unwrap_or(0);
        let failure = if head.status == 101 {
            Some(OwnFailure::new(Cause::Protocol, "The server changed to another protocol, unasked (101)."))
        } else if declared > most {
            // What came with the head is all that is taken: reading on would cost the server a transfer for nothing.
            recording.take_payload(&begun[place.end..]);
            let detail = format!("The body is declared to be {declared} bytes long; the limit is {most}.");
            Some(OwnFailure::new(Cause::TooLarge, detail))
        } else {
            self.body(link, answer.into_body(), &mut recording).await?
        };
        let Recording { sink, framing, decoding, body_bytes, is_followed, .. } = recording;
        let complete = failure.is_none();
        let (body_seen, undecoded) = decoding.finish(complete);
        let response = CapturedResponse {
            status: head.status,
            reason: head.reason,
            fields: head.fields,
            head_bytes,
            wire: sink.finish().await?,
            chunked: framing.is_chunked(),
            trailers: Vec::new(),
            body_seen,
            body_bytes,
            complete,
        };
        let is_link_fit = complete && framing.is_done() && !is_followed;
        Ok(Received { response: Some(response), failure: failure.or(undecoded), is_link_fit, is_unanswered: false })
    }

    /// Takes a body to its end; why it did not get there.
    async fn body(&self, link: &mut Link, body: Incoming, recording: &mut Recording) -> Result<Option<OwnFailure>, FetchError> {
        let most = self.limits.body_bytes_max;
        let (mut body, tap) = (pin!(body), link.tap.clone());
        loop {
            // hyper may read framing without end before it hands out a byte; `None` is so much of it that it is to be recorded.
            let step = poll_fn(|context| match body.as_mut().poll_frame(context) {
                Poll::Ready(frame) => Poll::Ready(Some(frame)),
                Poll::Pending if tap.passed().received.len() >= READ_AT_ONCE_BYTES_MAX => Poll::Ready(None),
                Poll::Pending => Poll::Pending,
            });
            let frame = self.drive(link, Part::Body, step).await;
            let fresh = std::mem::take(&mut link.tap.passed().received);
            recording.take_wire(&fresh).await?;
            match frame {
                Ok(None) => {}
                Ok(Some(None)) => return Ok(None),
                Ok(Some(Some(Ok(frame)))) => {
                    if let Ok(payload) = frame.into_data() {
                        recording.take_payload(&payload);
                    }
                }
                Ok(Some(Some(Err(error)))) => return Ok(Some(failure(&error, link, Part::Body, self.limits))),
                Err(cut) => return Ok(Some(cut)),
            }
            if recording.body_bytes > most {
                return Ok(Some(OwnFailure::new(Cause::TooLarge, format!("The body is longer than the limit of {most} bytes."))));
            }
            // Chunk framing is not counted as body, but it must not be without end either.
            if recording.framed_bytes.saturating_sub(recording.body_bytes) > most {
                let detail = format!("The framing of the body's chunks is longer than the limit of {most} bytes.");
                return Ok(Some(OwnFailure::new(Cause::TooLarge, detail)));
            }
        }
    }

    /// Waits for one step of the response while the connection works, within the limits of time and of the head.
    async fn drive<T>(&self, link: &mut Link, part: Part, step: impl Future<Output = T>) -> Result<T, OwnFailure> {
        let since = Instant::now();
        let mut step = pin!(step);
        let mut timer = pin!(sleep_until(self.ends_at));
        poll_fn(|context| {
            let had_sent = link.tap.passed().sent_first.is_some();
            // Whether the connection is through shows in the step, which it wakes.
            let _ = link.poll_work(context);
            let (has_sent, unread_bytes) = {
                let passed = link.tap.passed();
                (passed.sent_first.is_some(), passed.received.len())
            };
            if has_sent && !had_sent {
                self.permission.sent();
            }
            if let Poll::Ready(output) = step.as_mut().poll(context) {
                return Poll::Ready(Ok(output));
            }
            if part == Part::Head && unread_bytes > self.limits.head_bytes_max {
                return Poll::Ready(Err(head_too_large(self.limits)));
            }
            // What arrived may have put off the limit, or put a nearer one in its place.
            let (sent_last, received_last) = {
                let passed = link.tap.passed();
                (passed.sent_last, passed.received_last)
            };
            let (at, sentence) = self.limit(since, sent_last, received_last);
            if at != timer.deadline() {
                timer.as_mut().reset(at);
            }
            ready!(timer.as_mut().poll(context));
            Poll::Ready(Err(OwnFailure::new(Cause::ReadTimeout, sentence())))
        })
        .await
    }

    /// The limit of time that is nearest, and the sentence for when it is reached.
    pub(crate) fn limit(
        &self,
        since: Instant,
        sent_last: Option<Instant>,
        received_last: Option<Instant>,
    ) -> (Instant, impl FnOnce() -> String + use<>) {
        let (first_byte_ms, idle_ms, exchange_ms) = (self.limits.first_byte_ms, self.limits.idle_ms, self.limits.exchange_ms);
        let has_begun = received_last.is_some();
        let wait_ms = if has_begun { idle_ms } else { first_byte_ms };
        let last = received_last.or(sent_last).map_or(since, |last| last.max(since));
        let quiet_until = last + Duration::from_millis(wait_ms);
        let is_quiet = quiet_until < self.ends_at;
        let sentence = move || match (is_quiet, has_begun) {
            (true, false) => format!("No answer came within {first_byte_ms} ms."),
            (true, true) => format!("The answer stopped coming for {idle_ms} ms."),
            (false, _) => format!("The exchange did not end within {exchange_ms} ms."),
        };
        (quiet_until.min(self.ends_at), sentence)
    }
}

/// A response being recorded.
struct Recording {
    sink: WireSink,
    framing: Framing,
    decoding: Decoding,
    /// Bytes of the body as on the wire.
    framed_bytes: u64,
    /// Bytes of the payload.
    body_bytes: u64,
    /// Whether bytes came after the response's end.
    is_followed: bool,
}

impl Recording {
    async fn take_wire(&mut self, bytes: &[u8]) -> Result<(), FetchError> {
        let used = self.framing.advance(bytes);
        self.is_followed |= used < bytes.len();
        self.framed_bytes += used as u64;
        self.sink.write(&bytes[..used]).await
    }

    fn take_payload(&mut self, payload: &[u8]) {
        self.body_bytes += payload.len() as u64;
        self.decoding.feed(payload);
    }
}

impl Head {
    /// All values of a field.
    fn values<'a>(&'a self, name: &'static str) -> impl Iterator<Item = &'a [u8]> {
        let named = self.fields.iter().filter(move |(field, _)| field.eq_ignore_ascii_case(name.as_bytes()));
        named.map(|(_, value)| value.as_slice())
    }
}

/// How hyper reads the body's end; only how long the chunks' framing is must be found out besides.
fn framing(answer: &http::Response<Incoming>) -> Framing {
    let body = answer.body();
    match body.size_hint().exact() {
        Some(length) => Framing::Length(length),
        None if is_chunked(answer.headers()) => Framing::Chunked(Chunks::default()),
        None => Framing::Close,
    }
}

/// Whether the last transfer coding is `chunked` (RFC 9112, section 6.3).
fn is_chunked(fields: &http::HeaderMap) -> bool {
    let last_line = fields.get_all(http::header::TRANSFER_ENCODING).iter().next_back();
    let last = last_line.and_then(|value| value.as_bytes().rsplit(|byte| *byte == b',').next());
    last.is_some_and(|coding| coding.trim_ascii().eq_ignore_ascii_case(b"chunked"))
}

/// What an error of hyper means, with what the stream shows.
fn failure(error: &hyper::Error, link: &Link, part: Part, limits: &Limits) -> OwnFailure {
    let passed = link.tap.passed();
    let place = match part {
        Part::Head => "the head of the answer",
        Part::Body => "the body",
    };
    if error.is_parse() {
        return unreadable(error, &passed.received, limits);
    }
    let has_begun = passed.received_last.is_some();
    match &passed.ended {
        Some(StreamEnd::Closed) if has_begun => {
            OwnFailure::new(Cause::Reset, format!("The server closed the connection within {place}."))
        }
        Some(StreamEnd::Closed) => OwnFailure::new(Cause::Reset, "The server closed the connection without an answer."),
        Some(StreamEnd::Broken(words)) => OwnFailure::new(Cause::Reset, format!("The connection broke within {place}: {words}.")),
        Some(StreamEnd::Tls(words)) => OwnFailure::new(Cause::Tls, format!("The encryption broke within {place}: {words}.")),
        None => OwnFailure::new(Cause::Protocol, format!("The answer is not valid HTTP within {place}: {error}.")),
    }
}

/// A head that hyper refused: one with too many bytes or fields (hyper does not tell a client so), or no HTTP.
fn unreadable(error: &hyper::Error, received: &[u8], limits: &Limits) -> OwnFailure {
    let field_lines = received.iter().filter(|byte| **byte == b'\n').count();
    let is_large = received.len() >= limits.head_bytes_max || field_lines > limits.header_count_max;
    if is_large && received.starts_with(b"HTTP/") {
        return head_too_large(limits);
    }
    let quote = String::from_utf8_lossy(&received[..received.len().min(QUOTED_BYTES_MAX)]);
    OwnFailure::new(Cause::Protocol, format!("The answer is not valid HTTP ({error}); it begins with {quote:?}."))
}

pub(crate) fn head_too_large(limits: &Limits) -> OwnFailure {
    let (bytes, count) = (limits.head_bytes_max, limits.header_count_max);
    OwnFailure::new(Cause::TooLarge, format!("The head of the answer exceeds the limit of {bytes} bytes or {count} fields."))
}
