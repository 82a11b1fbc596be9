//! A route that answers at once: 404 to robots.txt, a small page to all else. It keeps no bytes, so nothing is archived.

use std::sync::OnceLock;
use std::time::Instant;

use comeback_diagnosis::clock::WallTime;
use comeback_fetch::route::AttemptFuture;
use comeback_fetch::{Attempt, AttemptRequest, Capture, CapturedResponse, Permission, Protocol, Route, WireBytes};

const PAGE: &[u8] = b"<!doctype html><title>A page</title><p>With a text, as pages have it.";

/// The route, and when it was asked first.
#[derive(Debug, Default)]
pub(crate) struct Stub {
    pub(crate) first_asked: OnceLock<Instant>,
}

impl Route for Stub {
    fn attempt<'a>(&'a self, request: &'a AttemptRequest, permission: &'a dyn Permission) -> AttemptFuture<'a> {
        Box::pin(async move {
            self.first_asked.get_or_init(Instant::now);
            if !permission.still_granted() {
                return Attempt::Recalled;
            }
            permission.sent();
            let is_robots = request.url.path() == "/robots.txt";
            let body = if is_robots { &[] } else { PAGE };
            let response = CapturedResponse {
                status: if is_robots { 404 } else { 200 },
                reason: b"OK".to_vec(),
                fields: vec![(b"Content-Type".to_vec(), b"text/html".to_vec())],
                head_bytes: 0,
                wire: WireBytes::Memory(Vec::new()),
                chunked: false,
                trailers: Vec::new(),
                body_seen: body.to_vec(),
                body_bytes: body.len() as u64,
                complete: true,
            };
            let now = wall_now();
            Attempt::Ended(Capture {
                sent_at: Some(now),
                ended_at: now,
                elapsed_ms: 0,
                remote: None,
                request_wire: Vec::new(),
                response: Some(response),
                failure: None,
                protocol: Protocol::Http1,
            })
        })
    }
}

fn wall_now() -> WallTime {
    let since = std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH).unwrap_or_default();
    WallTime(u64::try_from(since.as_millis()).unwrap_or(u64::MAX))
}
