//! From a route's capture to what the engine and the archive take.

use comeback_archive::{ArchiveError, CaptureRecord, PartitionFiles, ResponseBlock, Truncation, Wire};
use comeback_engine::diagnosis::cause::Cause;
use comeback_engine::diagnosis::diagnosis::Diagnosis;
use comeback_engine::diagnosis::exchange::Exchange;
use comeback_engine::diagnosis::rate_limit::Allowance;
use comeback_engine::outcome::CapturePlace;
use comeback_engine::seed_url::canonical;
use comeback_engine::visit::{Redirect, Visit, VisitReport};
use comeback_fetch::{Capture, CapturedResponse, WireBytes, is_public, redirect_method, redirect_target};
use serde::Serialize;
use url::{Host, Url};

/// What the engine is told of a capture; where it lies is filled in by whoever archives it.
pub(crate) fn report(visit: &Visit, capture: &Capture, exchange: &Exchange<'_>, diagnosis: Diagnosis) -> VisitReport {
    let response = capture.response.as_ref();
    VisitReport {
        status: response.map(|response| response.status),
        diagnosis,
        address: capture.remote.map(|remote| remote.ip()),
        sent_at: capture.sent_at.unwrap_or(capture.ended_at),
        elapsed_ms: capture.elapsed_ms,
        bytes: response.map_or(0, |response| response.body_bytes),
        allowance: exchange.response.and_then(|response| Allowance::read(&response, exchange.received_at)),
        capture: None,
        redirect: redirect(visit, capture),
        robots_text: response.filter(|_| visit.robots).map(|response| response.body_seen.clone()),
    }
}

fn redirect(visit: &Visit, capture: &Capture) -> Option<Result<Redirect, String>> {
    if capture.failure.is_some() {
        return None;
    }
    let target = redirect_target(capture, &visit.url)?;
    let status = capture.response.as_ref().map_or(0, |response| response.status);
    let becomes_get = redirect_method(status, &visit.method) != visit.method;
    // By a proxy, the address is the proxy's to know; an address in the URL is known all the same.
    let from_public = match (capture.remote, visit.url.host()) {
        (Some(remote), _) => is_public(remote.ip()),
        (None, Some(Host::Ipv4(address))) => is_public(address.into()),
        (None, Some(Host::Ipv6(address))) => is_public(address.into()),
        (None, Some(Host::Domain(_)) | None) => true,
    };
    let without_credentials = |mut target: Url| {
        // Credentials in a redirect are the server's business with others; they are not sent.
        let _ = (target.set_username(""), target.set_password(None));
        target
    };
    let checked = |target: Url| match canonical(without_credentials(target).as_str()) {
        Ok(url) => Ok(Redirect { url, becomes_get, from_public }),
        Err(refusal) => Err(format!("the redirect cannot be followed: {refusal}")),
    };
    Some(target.and_then(checked))
}

/// The diagnosis, and what the other records cannot hold, as the WARC's metadata record has it.
pub(crate) fn metadata(visit: &Visit, capture: &Capture, diagnosis: &Diagnosis) -> Vec<(String, String)> {
    let Diagnosis { cause, responder, product, scope, waiting_helps, confidence, retry_after, evidence, remedy: _ } = diagnosis;
    let mut pairs = vec![
        ("comeback-visit".to_owned(), if visit.robots { "robots.txt" } else { "page" }.to_owned()),
        ("comeback-cause".to_owned(), cause.word().to_owned()),
        ("comeback-responder".to_owned(), word(responder)),
        ("comeback-scope".to_owned(), word(scope)),
        ("comeback-confidence".to_owned(), format!("{confidence:.2}")),
    ];
    let mut add = |name: &str, value: Option<String>| pairs.extend(value.map(|value| (name.to_owned(), value)));
    add("comeback-product", product.clone());
    add("comeback-waiting-helps", waiting_helps.map(|helps| helps.to_string()));
    add("comeback-retry-after-ms", retry_after.and_then(|said| said.delay_ms).map(|delay_ms| delay_ms.to_string()));
    for fact in evidence {
        add("comeback-evidence", Some(format!("{} (weight {:.2})", fact.what, fact.weight)));
    }
    if capture.protocol.has_synthesised_heads() && capture.sent_at.is_some() {
        add("comeback-heads", Some(format!("synthesised from {}", capture.protocol)));
    }
    for (name, value) in capture.response.iter().flat_map(|response| &response.trailers) {
        let (name, value) = (String::from_utf8_lossy(name), String::from_utf8_lossy(value));
        add("comeback-trailer", Some(format!("{name}: {value}")));
    }
    pairs
}

/// The word of an enum that serde knows by name.
fn word(value: &impl Serialize) -> String {
    match serde_json::to_value(value) {
        Ok(serde_json::Value::String(word)) => word,
        Ok(other) => other.to_string(),
        Err(error) => error.to_string(),
    }
}

/// Writes a capture to a partition's files; one without any bytes of the wire has nothing to archive.
pub(crate) fn archive(
    files: &mut PartitionFiles,
    url: &str,
    capture: &Capture,
    metadata: &[(String, String)],
) -> Result<Option<CapturePlace>, ArchiveError> {
    if capture.request_wire.is_empty() && capture.response.as_ref().is_some_and(|response| response.wire.is_empty()) {
        return Ok(None);
    }
    files.append_capture(&CaptureRecord {
        target_uri: url,
        request_wire: &capture.request_wire,
        response: capture.response.as_ref().map(|response| block(response, capture)),
        ip: capture.remote.map(|remote| remote.ip()),
        protocol: Some(capture.protocol.alpn_name()),
        sent_at: capture.sent_at.unwrap_or(capture.ended_at),
        metadata,
    })
}

fn block<'a>(response: &'a CapturedResponse, capture: &Capture) -> ResponseBlock<'a> {
    let wire = match &response.wire {
        WireBytes::Memory(bytes) => Wire::memory(bytes),
        WireBytes::Spool(file) => Wire::file(file.path(), file.bytes()),
    };
    let truncated = (!response.complete).then(|| match capture.failure.as_ref().map(|failure| failure.cause) {
        Some(Cause::TooLarge) => Truncation::Length,
        Some(Cause::ReadTimeout) => Truncation::Time,
        Some(Cause::Reset) => Truncation::Disconnect,
        Some(_) | None => Truncation::Unspecified,
    });
    ResponseBlock { head_bytes: response.head_bytes, wire, chunked: response.chunked, truncated }
}
