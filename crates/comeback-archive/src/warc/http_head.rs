//! What WARC readers take for an HTTP message: the words it may begin with, and where its head ends.
//!
//! A record of type `request`, `response` or `revisit` whose block a reader cannot parse makes the rest of the file unreadable
//! to it (warcio stops there). Such bytes are kept in a `metadata` record instead. This is not an HTTP parser.

/// The beginnings of a status line that readers know.
const VERSIONS: [&[u8]; 2] = [b"HTTP/1.0", b"HTTP/1.1"];
/// The methods that readers know.
const METHODS: [&[u8]; 9] = [b"GET", b"HEAD", b"POST", b"PUT", b"DELETE", b"TRACE", b"OPTIONS", b"CONNECT", b"PATCH"];

/// Whether readers take these bytes for a response.
pub(crate) fn is_response(bytes: &[u8]) -> bool {
    VERSIONS.iter().any(|version| starts_with_ignoring_case(bytes, version))
}

/// Whether readers take these bytes for a request.
pub(crate) fn is_request(bytes: &[u8]) -> bool {
    METHODS.iter().any(|method| starts_with_ignoring_case(bytes, method))
}

/// Where readers see the head end: after the first line that is blank. `None` when there is none.
pub(crate) fn head_end(bytes: &[u8]) -> Option<usize> {
    let mut end = 0;
    for line in bytes.split_inclusive(|byte| *byte == b'\n') {
        end += line.len();
        if line.ends_with(b"\n") && line.iter().all(|byte| is_blank(*byte)) {
            return Some(end);
        }
    }
    None
}

fn is_blank(byte: u8) -> bool {
    matches!(byte, b' ' | b'\t'..=b'\r' | 0x1c..=0x1f)
}

fn starts_with_ignoring_case(bytes: &[u8], start: &[u8]) -> bool {
    bytes.get(..start.len()).is_some_and(|found| found.eq_ignore_ascii_case(start))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn head_ends_after_the_first_blank_line() {
        assert_eq!(head_end(b"HTTP/1.1 200 OK\r\nA: b\r\n\r\nbody\r\n\r\n"), Some(25));
        assert_eq!(head_end(b"HTTP/1.1 200 OK\n\nbody"), Some(17));
        assert_eq!(head_end(b"HTTP/1.1 200 OK\r\n  \r\nbody"), Some(21));
        assert_eq!(head_end(b"HTTP/1.1 200 OK\r\nA: b\r\n"), None);
    }

    #[test]
    fn only_http_1_is_taken_for_a_response() {
        assert!(is_response(b"HTTP/1.1 200 OK\r\n\r\n"));
        assert!(is_response(b"http/1.0 200"));
        assert!(!is_response(b"HTTP/2 200\r\n"));
        assert!(!is_response(b"SSH-2.0-OpenSSH"));
        assert!(!is_response(b"HT"));
    }
}
