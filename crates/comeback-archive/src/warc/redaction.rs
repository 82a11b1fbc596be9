//! Taking secrets out of what is archived of a request. Here redaction wins over exactness.
//!
//! Redacted are the values of the fields whose names say that they carry credentials ([`is_secret_field`]), and user-info in the
//! request's target. Bodies and all other fields stay as sent: whoever puts a secret there is not protected by this module.

use std::borrow::Cow;

use comeback_engine::secret_field::is_secret_field;

/// What stands in a request record in place of a secret.
pub const REDACTED: &str = "[redacted]";

/// A request's bytes without its secrets.
pub(crate) fn redact_request(wire: &[u8]) -> Vec<u8> {
    let mut redacted = Vec::with_capacity(wire.len());
    let mut rest = wire;
    let mut is_first = true;
    let mut is_secret = false;
    while !rest.is_empty() {
        let line_bytes = rest.iter().position(|byte| *byte == b'\n').map_or(rest.len(), |at| at + 1);
        let (line, after) = rest.split_at(line_bytes);
        let (content, ending) = split_ending(line);
        let is_continuation = !is_first && matches!(content.first(), Some(b' ' | b'\t'));
        if content.is_empty() {
            redacted.extend_from_slice(rest);
            return redacted;
        }
        if is_first {
            redacted.extend_from_slice(&redact_request_line(content));
        } else if is_continuation {
            // A continuation (obs-fold) of a secret is a secret; the value's place is taken already.
            if is_secret {
                rest = after;
                continue;
            }
            redacted.extend_from_slice(content);
        } else {
            let colon = content.iter().position(|byte| *byte == b':');
            let secret_colon = colon.filter(|at| is_secret_field(&String::from_utf8_lossy(&content[..*at])));
            is_secret = secret_colon.is_some();
            match secret_colon {
                Some(at) => {
                    redacted.extend_from_slice(&content[..=at]);
                    redacted.push(b' ');
                    redacted.extend_from_slice(REDACTED.as_bytes());
                }
                None => redacted.extend_from_slice(content),
            }
        }
        redacted.extend_from_slice(ending);
        is_first = false;
        rest = after;
    }
    redacted
}

/// A URI without its user-info. The record's target stays a valid URI, so nothing stands in its place.
pub(crate) fn without_user_info(uri: &str) -> Cow<'_, str> {
    match user_info(uri.as_bytes()) {
        Some((start, end)) => Cow::Owned(format!("{}{}", &uri[..start], &uri[end + 1..])),
        None => Cow::Borrowed(uri),
    }
}

fn redact_request_line(line: &[u8]) -> Cow<'_, [u8]> {
    match user_info(line) {
        Some((start, end)) => Cow::Owned([&line[..start], REDACTED.as_bytes(), &line[end..]].concat()),
        None => Cow::Borrowed(line),
    }
}

/// Where user-info begins and its `@` stands, after the first `://`; `None` when there is no user-info.
fn user_info(bytes: &[u8]) -> Option<(usize, usize)> {
    let start = bytes.windows(3).position(|window| window == b"://")? + 3;
    let authority = bytes[start..].split(|byte| matches!(byte, b'/' | b'?' | b'#' | b' ' | b'\\')).next()?;
    // A `://` in a query is no authority: only the target's own beginning counts.
    if bytes[..start].contains(&b'?') {
        return None;
    }
    authority.iter().rposition(|byte| *byte == b'@').map(|at| (start, start + at))
}

fn split_ending(line: &[u8]) -> (&[u8], &[u8]) {
    let content = line.strip_suffix(b"\n").unwrap_or(line);
    let content = content.strip_suffix(b"\r").unwrap_or(content);
    line.split_at(content.len())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn secrets_leave_the_request_and_all_else_stays() {
        let wire = b"GET /a?b=c HTTP/1.1\r\nHost: a\r\nCOOKIE: s=1; t=2\r\nauthorization:Basic x\r\n more\r\nX: y\r\n z\r\n\
            Proxy-Authorization: t\r\n\r\nCookie: in the body\r\n";
        let expected = "GET /a?b=c HTTP/1.1\r\nHost: a\r\nCOOKIE: [redacted]\r\nauthorization: [redacted]\r\nX: y\r\n z\r\n\
            Proxy-Authorization: [redacted]\r\n\r\nCookie: in the body\r\n";
        assert_eq!(String::from_utf8(redact_request(wire)).unwrap(), expected);
    }

    #[test]
    fn a_services_own_key_is_a_secret() {
        let wire = b"GET / HTTP/1.1\r\nx-api-key: k\r\nAccept: */*\r\nX-Amz-Security-Token: t\r\n\r\n";
        let expected = "GET / HTTP/1.1\r\nx-api-key: [redacted]\r\nAccept: */*\r\nX-Amz-Security-Token: [redacted]\r\n\r\n";
        assert_eq!(String::from_utf8(redact_request(wire)).unwrap(), expected);
    }

    #[test]
    fn user_info_leaves_target_and_uri() {
        assert_eq!(redact_request(b"GET http://u:p@a/ HTTP/1.1\r\n\r\n"), b"GET http://[redacted]@a/ HTTP/1.1\r\n\r\n");
        assert_eq!(without_user_info("https://u:p@ss@a:1/x@y"), "https://a:1/x@y");
        assert_eq!(without_user_info("https://a/x@y?z=http://u@b/"), "https://a/x@y?z=http://u@b/");
        assert_eq!(redact_request(b"GET /r?to=http://u@b/ HTTP/1.1\r\n\r\n"), b"GET /r?to=http://u@b/ HTTP/1.1\r\n\r\n");
    }

    #[test]
    fn torn_request_is_taken_as_it_is() {
        assert_eq!(redact_request(b""), b"");
        assert_eq!(redact_request(b"GET / HT"), b"GET / HT");
        assert_eq!(redact_request(b"GET / HTTP/1.1\r\nCookie: a"), b"GET / HTTP/1.1\r\nCookie: [redacted]");
    }
}
