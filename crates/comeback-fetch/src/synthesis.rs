//! Heads in the form of HTTP/1.1 for exchanges over HTTP/2, whose own heads are compressed and have no text.
//!
//! The record of such an exchange is marked as having a synthesised head. Names are in lower case, as they were sent; the response
//! has no reason phrase, since HTTP/2 has none (RFC 9113, section 8.3.2).

use http::HeaderMap;

/// The request's head: its target in origin form, its authority as Host.
pub(crate) fn request_head(request: &http::Request<()>) -> Vec<u8> {
    let target = request.uri().path_and_query().map_or("/", http::uri::PathAndQuery::as_str);
    let authority = request.uri().authority().map_or("", http::uri::Authority::as_str);
    let mut head = format!("{} {target} HTTP/1.1\r\nhost: {authority}\r\n", request.method()).into_bytes();
    write_fields(&mut head, request.headers());
    head.extend_from_slice(b"\r\n");
    head
}

/// The response's head.
pub(crate) fn response_head(status: u16, fields: &HeaderMap) -> Vec<u8> {
    let mut head = format!("HTTP/1.1 {status} \r\n").into_bytes();
    write_fields(&mut head, fields);
    head.extend_from_slice(b"\r\n");
    head
}

/// Name and value of each field.
pub(crate) fn pairs(fields: &HeaderMap) -> Vec<(Vec<u8>, Vec<u8>)> {
    fields.iter().map(|(name, value)| (name.as_str().as_bytes().to_vec(), value.as_bytes().to_vec())).collect()
}

fn write_fields(into: &mut Vec<u8>, fields: &HeaderMap) {
    for (name, value) in fields {
        into.extend_from_slice(name.as_str().as_bytes());
        into.extend_from_slice(b": ");
        into.extend_from_slice(value.as_bytes());
        into.extend_from_slice(b"\r\n");
    }
}
