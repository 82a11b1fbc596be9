//! The request as it is put on the wire: few fields, in a steady order, nothing that pretends to be another program.

use bytes::Bytes;
use comeback_diagnosis::cause::Cause;
use http::header::{self, HeaderMap, HeaderName, HeaderValue};
use http::{Method, Uri, Version};
use http_body_util::Full;
use url::{Position, Url};

use crate::capture::OwnFailure;
use crate::proxies::Proxy;
use crate::route::AttemptRequest;

/// The content codings that can be read.
const ACCEPT_ENCODING: HeaderValue = HeaderValue::from_static("gzip, deflate, br, zstd");

/// The fields that the route sends by itself, in their order. A request's own field replaces the one of its name.
const OWN_FIELDS: [HeaderName; 4] = [header::HOST, header::USER_AGENT, header::ACCEPT, header::ACCEPT_ENCODING];

/// Fields that say where a message ends, or leave HTTP/1.1: they are the connection's business.
const FRAMING_FIELDS: [HeaderName; 5] =
    [header::CONTENT_LENGTH, header::TRANSFER_ENCODING, header::TRAILER, header::UPGRADE, header::EXPECT];

/// Fields that speak of the connection: HTTP/2 has none of them (RFC 9113, section 8.2.2), and Host is its authority.
const CONNECTION_FIELDS: [HeaderName; 5] = [
    header::HOST,
    header::CONNECTION,
    header::TE,
    HeaderName::from_static("keep-alive"),
    HeaderName::from_static("proxy-connection"),
];

/// A request for a stream of HTTP/2.
pub(crate) struct StreamRequest {
    pub(crate) head: http::Request<()>,
    pub(crate) body: Bytes,
}

/// A request for hyper.
pub(crate) type WireRequest = http::Request<Full<Bytes>>;

/// Makes the request for the wire.
pub(crate) fn prepare(request: &AttemptRequest, user_agent: &str) -> Result<WireRequest, OwnFailure> {
    let unsendable = |what: String| OwnFailure::new(Cause::Protocol, format!("The request cannot be sent: {what}."));
    let method = Method::from_bytes(request.method.as_bytes())
        .ok()
        .filter(|method| *method != Method::CONNECT)
        .ok_or_else(|| unsendable(format!("{:?} is not a method that can be used", request.method)))?;
    let target = &request.url[Position::BeforePath..Position::AfterQuery];
    let uri: Uri = target.parse().map_err(|error| unsendable(format!("the URL's path or query is not valid ({error})")))?;
    let mut fields = HeaderMap::new();
    let host = host_field(&request.url).ok_or_else(|| unsendable("the URL has no host".into()))?;
    fields.insert(header::HOST, host);
    let agent = HeaderValue::from_str(user_agent).map_err(|_| unsendable("the User-Agent holds a control character".into()))?;
    fields.insert(header::USER_AGENT, agent);
    fields.insert(header::ACCEPT, HeaderValue::from_static("*/*"));
    fields.insert(header::ACCEPT_ENCODING, ACCEPT_ENCODING);
    add_given(&mut fields, &request.headers).map_err(unsendable)?;
    let mut wire = http::Request::new(Full::new(request.body.clone().unwrap_or_default()));
    *wire.method_mut() = method;
    *wire.uri_mut() = uri;
    *wire.version_mut() = Version::HTTP_11;
    *wire.headers_mut() = fields;
    Ok(wire)
}

/// The same request for HTTP/2.
pub(crate) fn for_stream(wire: &WireRequest, body: Option<&Bytes>) -> Result<StreamRequest, OwnFailure> {
    let unsendable = |what: &str| OwnFailure::new(Cause::Protocol, format!("The request cannot be sent: {what}."));
    let host = wire.headers().get(header::HOST).map(HeaderValue::as_bytes);
    let target = wire.uri().path_and_query().map_or("/", http::uri::PathAndQuery::as_str);
    let uri = Uri::builder().scheme("https").authority(host.unwrap_or_default()).path_and_query(target).build();
    let mut head = http::Request::new(());
    *head.method_mut() = wire.method().clone();
    *head.uri_mut() = uri.map_err(|_| unsendable("its Host field names no host"))?;
    *head.version_mut() = Version::HTTP_2;
    let fields = wire.headers().iter().filter(|(name, _)| !CONNECTION_FIELDS.contains(name));
    head.headers_mut().extend(fields.map(|(name, value)| (name.clone(), value.clone())));
    if let Some(body) = body {
        head.headers_mut().insert(header::CONTENT_LENGTH, HeaderValue::from(body.len()));
    }
    Ok(StreamRequest { head, body: body.cloned().unwrap_or_default() })
}

/// The request as a proxy wants it for an http URL: the whole URL as its target (RFC 9112, section 3.2.2), and who we are to it.
pub(crate) fn by_proxy(mut wire: WireRequest, url: &Url, proxy: Option<&Proxy>) -> WireRequest {
    let Some(proxy) = proxy.filter(|_| url.scheme() == "http") else { return wire };
    if let Ok(target) = url[..Position::AfterQuery].parse() {
        *wire.uri_mut() = target;
    }
    if let Some(value) = &proxy.authorization {
        wire.headers_mut().insert(header::PROXY_AUTHORIZATION, value.clone());
    }
    wire
}

/// `host`, or `host:port` where the port is not the scheme's own.
fn host_field(url: &Url) -> Option<HeaderValue> {
    let host = url.host_str()?;
    let text = url.port().map_or_else(|| host.to_owned(), |port| format!("{host}:{port}"));
    HeaderValue::from_str(&text).ok()
}

fn add_given(fields: &mut HeaderMap, given: &[(String, String)]) -> Result<(), String> {
    let mut replaced: Vec<HeaderName> = Vec::new();
    for (name, value) in given {
        let parsed: HeaderName = name.parse().map_err(|_| format!("{name:?} is not a field name"))?;
        let value = HeaderValue::from_str(value)
            .or_else(|_| HeaderValue::from_bytes(value.as_bytes()))
            .map_err(|_| format!("the value of the field {name} holds a control character"))?;
        if FRAMING_FIELDS.contains(&parsed) {
            continue;
        }
        let is_first = OWN_FIELDS.contains(&parsed) && !replaced.contains(&parsed);
        let room = if is_first {
            replaced.push(parsed.clone());
            fields.try_insert(parsed, value).map(drop)
        } else {
            fields.try_append(parsed, value).map(drop)
        };
        room.map_err(|_| "it has too many fields".to_owned())?;
    }
    Ok(())
}

/// Whether asking twice is as good as asking once (RFC 9110, section 9.2.2).
pub(crate) fn is_idempotent(method: &Method) -> bool {
    [Method::GET, Method::HEAD, Method::OPTIONS, Method::PUT, Method::DELETE, Method::TRACE].contains(method)
}
