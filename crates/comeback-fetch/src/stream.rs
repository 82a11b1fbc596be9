//! One request and its response on a stream of a shared HTTP/2 connection (RFC 9113, section 8): the sibling of what
//! [`transfer`](crate::transfer) does on a connection of one's own, under the same limits.
//!
//! There are no bytes of one exchange to record: heads are synthesised, and the body is recorded without framing.

use std::future::poll_fn;
use std::pin::{Pin, pin};
use std::task::{Context, Poll, ready};

use bytes::Bytes;
use comeback_diagnosis::cause::Cause;
use comeback_diagnosis::clock::WallTime;
use h2::client::ResponseFuture;
use h2::{Reason, RecvStream, SendStream};
use http::HeaderMap;
use tokio::time::{Instant, sleep_until};

use crate::capture::{CapturedResponse, OwnFailure};
use crate::decoding::Decoding;
use crate::limits::Limits;
use crate::multiplex::Multiplex;
use crate::request::StreamRequest;
use crate::route::FetchError;
use crate::spool::WireSink;
use crate::synthesis;
use crate::tap::{StreamEnd, wall_now};
use crate::transfer::{Transfer, head_too_large};

/// The most of an upload that is handed over at once.
const UPLOAD_STEP_BYTES: usize = 16 * 1024;
/// What a field costs beside its name and value (RFC 9113, section 6.5.2).
const FIELD_COST_BYTES: usize = 32;

/// What came of it.
pub(crate) struct Streamed {
    pub(crate) response: Option<CapturedResponse>,
    pub(crate) failure: Option<OwnFailure>,
    pub(crate) request_wire: Vec<u8>,
    pub(crate) sent_first: Option<(WallTime, Instant)>,
    pub(crate) fate: Fate,
}

/// What the server may have done with the request.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Fate {
    /// It has acted on it, or may have.
    Taken,
    /// It says that it has not (RFC 9113, section 8.7), or the request never went out.
    Unprocessed,
    /// The connection ended without a word about it.
    Unanswered,
    /// It has not, and wants to be asked in HTTP/1.1.
    Http1Required,
}

/// How far an exchange is.
#[derive(Default)]
struct Progress {
    sent_last: Option<Instant>,
    received_last: Option<Instant>,
}

/// A request's body on its way.
struct Upload {
    stream: SendStream<Bytes>,
    left: Bytes,
    sent_bytes: usize,
}

impl Upload {
    /// Hands over what the server has room for; whether anything moved. A stream that takes no more shows in the response.
    fn poll(&mut self, context: &mut Context<'_>) -> bool {
        let sent_before = self.sent_bytes;
        while !self.left.is_empty() {
            self.stream.reserve_capacity(self.left.len().min(UPLOAD_STEP_BYTES));
            match self.stream.poll_capacity(context) {
                Poll::Pending => break,
                Poll::Ready(Some(Ok(capacity))) => {
                    let piece = self.left.split_to(capacity.min(self.left.len()));
                    self.sent_bytes += piece.len();
                    if self.stream.send_data(piece, self.left.is_empty()).is_err() {
                        self.left.clear();
                    }
                }
                Poll::Ready(Some(Err(_)) | None) => self.left.clear(),
            }
        }
        self.sent_bytes > sent_before
    }
}

impl Transfer<'_> {
    /// Sends a request on a new stream and takes the response. There must be room for the stream.
    pub(crate) async fn run_stream(&self, multiplex: &Multiplex, request: StreamRequest) -> Result<Streamed, FetchError> {
        let StreamRequest { head, body } = request;
        let mut request_wire = synthesis::request_head(&head);
        let received_before = multiplex.notes.passed().received_bytes;
        let (answer, stream) = match multiplex.send(head, body.is_empty()) {
            Ok(handed) => handed,
            Err(error) => {
                multiplex.retire();
                let (failure, _) = failure(&error, multiplex, "the head of the answer", self.limits);
                let (response, failure) = (None, Some(failure));
                return Ok(Streamed { response, failure, request_wire: Vec::new(), sent_first: None, fate: Fate::Unprocessed });
            }
        };
        let now = Instant::now();
        self.permission.sent();
        let sent_first = Some((wall_now(), now));
        let mut progress = Progress { sent_last: Some(now), received_last: None };
        let mut upload = Upload { stream, left: body.clone(), sent_bytes: 0 };
        let (response, failure, fate) = match self.head(answer, &mut upload, &mut progress).await {
            Ok(Ok(answer)) => {
                multiplex.note_answer();
                let (response, failure) = self.record_stream(multiplex, answer, &mut upload, &mut progress).await?;
                (response, failure, Fate::Taken)
            }
            Ok(Err(error)) => {
                let (failure, fate) = failure(&error, multiplex, "the head of the answer", self.limits);
                if !error.is_reset() {
                    multiplex.retire();
                }
                (None, Some(failure), fate)
            }
            Err(cut) => (None, Some(cut), Fate::Taken),
        };
        let is_mute = multiplex.notes.passed().received_bytes == received_before;
        if is_mute && failure.is_some() {
            // Whatever the reason, others had better not wait on it too.
            multiplex.retire();
        }
        request_wire.extend_from_slice(&body[..upload.sent_bytes.min(body.len())]);
        Ok(Streamed { response, failure, request_wire, sent_first, fate })
    }

    /// Waits for the head of the final response.
    async fn head(
        &self,
        mut answer: ResponseFuture,
        upload: &mut Upload,
        progress: &mut Progress,
    ) -> Result<Result<http::Response<RecvStream>, h2::Error>, OwnFailure> {
        let mut interim_bytes = 0;
        let answered = self.step(upload, progress, |context, progress| {
            while let Poll::Ready(Some(interim)) = answer.poll_informational(context) {
                match interim {
                    Ok(interim) => interim_bytes += head_bytes(interim.headers()),
                    Err(error) => return Poll::Ready(Ok(Err(error))),
                }
                progress.received_last = Some(Instant::now());
                if interim_bytes > self.limits.head_bytes_max {
                    return Poll::Ready(Err(head_too_large(self.limits)));
                }
            }
            Pin::new(&mut answer).poll(context).map(Ok)
        });
        let answered = answered.await?;
        progress.received_last = Some(Instant::now());
        Ok(answered)
    }

    /// Records a response whose head is there.
    async fn record_stream(
        &self,
        multiplex: &Multiplex,
        answer: http::Response<RecvStream>,
        upload: &mut Upload,
        progress: &mut Progress,
    ) -> Result<(Option<CapturedResponse>, Option<OwnFailure>), FetchError> {
        let (parts, body) = answer.into_parts();
        if head_bytes(&parts.headers) > self.limits.head_bytes_max || parts.headers.len() > self.limits.header_count_max {
            return Ok((None, Some(head_too_large(self.limits))));
        }
        let status = parts.status.as_u16();
        let head = synthesis::response_head(status, &parts.headers);
        let codings = parts.headers.get_all(http::header::CONTENT_ENCODING).iter().map(http::HeaderValue::as_bytes);
        let mut recording = StreamRecording {
            sink: WireSink::new(self.spool_dir, self.limits.body_memory_bytes_max),
            decoding: Decoding::new(codings, self.limits),
            body_bytes: 0,
            trailers: Vec::new(),
        };
        recording.sink.write(&head).await?;
        let most = self.limits.body_bytes_max;
        let declared = declared_bytes(&parts.headers).filter(|_| !body.is_end_stream()).unwrap_or(0);
        let failure = if declared > most {
            let detail = format!("The body is declared to be {declared} bytes long; the limit is {most}.");
            Some(OwnFailure::new(Cause::TooLarge, detail))
        } else {
            self.stream_body(multiplex, body, upload, progress, &mut recording).await?
        };
        let complete = failure.is_none();
        let StreamRecording { sink, decoding, body_bytes, trailers } = recording;
        let (body_seen, undecoded) = decoding.finish(complete);
        let response = CapturedResponse {
            status,
            reason: Vec::new(),
            fields: synthesis::pairs(&parts.headers),
            head_bytes: head.len(),
            wire: sink.finish().await?,
            chunked: false,
            trailers,
            body_seen,
            body_bytes,
            complete,
        };
        Ok((Some(response), failure.or(undecoded)))
    }

    /// Takes a body to its end; why it did not get there.
    async fn stream_body(
        &self,
        multiplex: &Multiplex,
        mut body: RecvStream,
        upload: &mut Upload,
        progress: &mut Progress,
        recording: &mut StreamRecording,
    ) -> Result<Option<OwnFailure>, FetchError> {
        let most = self.limits.body_bytes_max;
        let broken = |error: &h2::Error| failure(error, multiplex, "the body", self.limits).0;
        loop {
            let frame = self.step(upload, progress, |context, _| body.poll_data(context).map(Ok)).await;
            let payload = match frame {
                Ok(Some(Ok(payload))) => payload,
                Ok(Some(Err(error))) => return Ok(Some(broken(&error))),
                Ok(None) => break,
                Err(cut) => return Ok(Some(cut)),
            };
            progress.received_last = Some(Instant::now());
            multiplex.note_payload(payload.len());
            // It fails only where the stream is over, which the next step tells.
            drop(body.flow_control().release_capacity(payload.len()));
            recording.body_bytes += payload.len() as u64;
            recording.decoding.feed(&payload);
            recording.sink.write(&payload).await?;
            if recording.body_bytes > most {
                return Ok(Some(OwnFailure::new(Cause::TooLarge, format!("The body is longer than the limit of {most} bytes."))));
            }
        }
        match self.step(upload, progress, |context, _| body.poll_trailers(context).map(Ok)).await {
            Ok(Ok(trailers)) => recording.trailers = trailers.as_ref().map(synthesis::pairs).unwrap_or_default(),
            Ok(Err(error)) => return Ok(Some(broken(&error))),
            Err(cut) => return Ok(Some(cut)),
        }
        Ok(None)
    }

    /// Waits for one step of the response while the upload goes on, within the limits of time.
    async fn step<T>(
        &self,
        upload: &mut Upload,
        progress: &mut Progress,
        mut step: impl FnMut(&mut Context<'_>, &mut Progress) -> Poll<Result<T, OwnFailure>>,
    ) -> Result<T, OwnFailure> {
        let since = Instant::now();
        let mut timer = pin!(sleep_until(self.ends_at));
        poll_fn(|context| {
            if upload.poll(context) {
                progress.sent_last = Some(Instant::now());
            }
            if let Poll::Ready(output) = step(context, progress) {
                return Poll::Ready(output);
            }
            let (at, sentence) = self.limit(since, progress.sent_last, progress.received_last);
            if at != timer.deadline() {
                timer.as_mut().reset(at);
            }
            ready!(timer.as_mut().poll(context));
            Poll::Ready(Err(OwnFailure::new(Cause::ReadTimeout, sentence())))
        })
        .await
    }
}

/// A response being recorded.
struct StreamRecording {
    sink: WireSink,
    decoding: Decoding,
    body_bytes: u64,
    trailers: Vec<(Vec<u8>, Vec<u8>)>,
}

/// The size of a head as HTTP/2 counts it.
fn head_bytes(fields: &HeaderMap) -> usize {
    fields.iter().map(|(name, value)| name.as_str().len() + value.len() + FIELD_COST_BYTES).sum()
}

fn declared_bytes(fields: &HeaderMap) -> Option<u64> {
    fields.get(http::header::CONTENT_LENGTH)?.to_str().ok()?.parse().ok()
}

/// What an error of HTTP/2 means, and what it says of the request where no answer has begun.
fn failure(error: &h2::Error, multiplex: &Multiplex, place: &str, limits: &Limits) -> (OwnFailure, Fate) {
    let reason = error.reason();
    if error.is_remote() {
        let name = reason.map_or_else(String::new, |reason| format!("{reason:?}"));
        let fate = match reason {
            Some(Reason::HTTP_1_1_REQUIRED) => Fate::Http1Required,
            Some(Reason::REFUSED_STREAM) if error.is_reset() => Fate::Unprocessed,
            // h2 gives it to streams that the server names as unprocessed, and to no others.
            _ if error.is_go_away() => Fate::Unprocessed,
            _ => Fate::Taken,
        };
        let detail = match reason {
            _ if error.is_go_away() => format!("The server is closing the connection (GOAWAY, {name})."),
            Some(Reason::ENHANCE_YOUR_CALM) => {
                format!("The server reset the stream within {place} because it is asked too much ({name}).")
            }
            Some(_) | None => format!("The server reset the stream within {place} ({name})."),
        };
        return (OwnFailure::new(Cause::Reset, detail), fate);
    }
    if multiplex.is_flooded() {
        let detail = "The server sent more than HTTP/2 needs beside its answers: settings, pings or resets without end.";
        return (OwnFailure::new(Cause::Protocol, detail), Fate::Taken);
    }
    if error.is_io() {
        let failure = match &multiplex.notes.passed().ended {
            Some(StreamEnd::Closed) | None => {
                OwnFailure::new(Cause::Reset, format!("The server closed the connection within {place}."))
            }
            Some(StreamEnd::Broken(words)) => {
                OwnFailure::new(Cause::Reset, format!("The connection broke within {place}: {words}."))
            }
            Some(StreamEnd::Tls(words)) => OwnFailure::new(Cause::Tls, format!("The encryption broke within {place}: {words}.")),
        };
        return (failure, Fate::Unanswered);
    }
    let most = limits.head_bytes_max;
    let detail = format!(
        "The answer is not valid HTTP/2 within {place} ({error}), or its head goes far beyond the limit of {most} bytes."
    );
    (OwnFailure::new(Cause::Protocol, detail), Fate::Taken)
}
