//! Words outside of the body: a reason phrase of the server's own, and fields that carry a message.
//!
//! They are read like a headline. A standard reason phrase says no more than the status, and most fields are no message.

use crate::exchange::Response;

/// How many bytes of a reason phrase or field are read.
const SPOKEN_BYTES_MAX: usize = 300;

/// How many fields are read.
const SPOKEN_FIELDS_MAX: usize = 16;

/// Reason phrases that only repeat the status (RFC 9110, section 15, with usual spellings).
const PLAIN_REASONS: [&str; 24] = [
    "ok",
    "bad request",
    "unauthorized",
    "payment required",
    "forbidden",
    "not found",
    "method not allowed",
    "not acceptable",
    "request timeout",
    "request time-out",
    "conflict",
    "gone",
    "too many requests",
    "unavailable for legal reasons",
    "internal server error",
    "not implemented",
    "bad gateway",
    "service unavailable",
    "service temporarily unavailable",
    "gateway timeout",
    "gateway time-out",
    "error",
    "unknown",
    "",
];

/// Fields that carry a message for people.
const MESSAGES: [&str; 20] = [
    "message",
    "error",
    "error-message",
    "x-message",
    "x-error",
    "x-error-code",
    "x-error-message",
    "x-errormessage",
    "x-error-reason",
    "x-error-detail",
    "x-reason",
    "x-status-reason",
    "x-ms-error-code",
    "x-exception",
    "x-amzn-errortype",
    "x-error-type",
    "x-errortype",
    "x-fault",
    "x-rejection-reason",
    "grpc-message",
];

/// Values by which a field says that what it is named after is so.
const AFFIRMATIONS: [&str; 6] = ["1", "true", "yes", "on", "enabled", "active"];

/// What reason phrase and fields say in words, one after another; a name that is affirmed is a word too.
pub(crate) fn spoken(response: &Response<'_>) -> Vec<String> {
    let mut said = Vec::new();
    let cut = |bytes: &[u8]| String::from_utf8_lossy(&bytes[..bytes.len().min(SPOKEN_BYTES_MAX)]).into_owned();
    let reason = cut(response.reason);
    if !PLAIN_REASONS.contains(&reason.to_ascii_lowercase().as_str()) {
        said.push(reason);
    }
    for (name, value) in response.fields {
        if said.len() > SPOKEN_FIELDS_MAX {
            break;
        }
        let is = |other: &&str| name.eq_ignore_ascii_case(other.as_bytes());
        if MESSAGES.iter().any(is) {
            said.push(cut(value));
        } else if AFFIRMATIONS.iter().any(|yes| value.trim_ascii().eq_ignore_ascii_case(yes.as_bytes())) {
            said.push(cut(name).replace('-', " "));
        }
    }
    said
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_what_says_more_than_the_status_is_read() {
        let fields: [(&[u8], &[u8]); 4] =
            [(b"Message", b"App is starting"), (b"X-Maintenance-Mode", b"1"), (b"Server", b"nginx"), (b"X-Debug", b"0")];
        let response = Response { status: 503, reason: b"Server Too Busy", fields: &fields, body: b"", body_bytes: Some(0) };
        assert_eq!(spoken(&response), ["Server Too Busy", "App is starting", "X Maintenance Mode"]);
        assert!(spoken(&Response { reason: b"Service Unavailable", fields: &[], ..response }).is_empty());
    }
}
