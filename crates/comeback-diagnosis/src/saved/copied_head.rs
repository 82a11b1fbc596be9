//! Heads that lost their status line or gained an indent: what browsers' developer tools copy, and what `wget -S` prints.

use crate::raw_response::{is_status_line, next_line};

/// How many lines a head may have.
const LINES_MAX: usize = 2_000;

/// The response as raw bytes; `None` where the text has neither form.
pub(super) fn raw(text: &[u8]) -> Option<Vec<u8>> {
    pseudo_field(text).or_else(|| indented(text))
}

/// HTTP/2 has no status line: tools write `:status: 503` or `status: 503` as the first line, and the fields below.
fn pseudo_field(text: &[u8]) -> Option<Vec<u8>> {
    let (line, rest) = next_line(text.trim_ascii_start());
    let line = line.strip_prefix(b":").unwrap_or(line);
    let (name, value) = line.split_at_checked(STATUS_FIELD.len())?;
    if !name.eq_ignore_ascii_case(STATUS_FIELD) {
        return None;
    }
    let digits = value.trim_ascii().get(..3).filter(|digits| digits.iter().all(u8::is_ascii_digit))?;
    Some([b"HTTP/2 ", digits, b"\n", rest].concat())
}

const STATUS_FIELD: &[u8] = b"status:";

/// `wget -S` indents each head and puts its own words around it; the last one is taken. It shows no body.
fn indented(text: &[u8]) -> Option<Vec<u8>> {
    let (mut raw, mut margin, mut rest): (Option<Vec<u8>>, usize, &[u8]) = (None, 0, text);
    for _ in 0..LINES_MAX {
        let (line, after) = next_line(rest);
        let content = line.trim_ascii();
        let blanks = line.iter().take_while(|byte| matches!(byte, b' ' | b'\t')).count();
        if blanks > 0 && is_status_line(content) {
            margin = blanks;
            raw = Some([content, b"\n"].concat());
        } else if blanks >= margin
            && margin > 0
            && !content.is_empty()
            && let Some(raw) = &mut raw
        {
            raw.extend_from_slice(&line[margin..]);
            raw.push(b'\n');
        } else {
            margin = 0;
        }
        if after.is_empty() {
            break;
        }
        rest = after;
    }
    raw
}

#[cfg(test)]
mod tests {
    use super::*;

    fn text(paste: &str) -> Option<String> {
        raw(paste.as_bytes()).map(|raw| String::from_utf8(raw).unwrap())
    }

    #[test]
    fn a_status_in_a_field_is_a_status_line() {
        assert_eq!(text(":status: 503\nserver: a\n\nbody").unwrap(), "HTTP/2 503\nserver: a\n\nbody");
        assert_eq!(text("Status: 429 Too Many\r\nServer: a\r\n").unwrap(), "HTTP/2 429\nServer: a\r\n");
        assert_eq!(text("status: okay"), None);
        assert_eq!(text("state: 503"), None);
    }

    #[test]
    fn an_indented_head_is_taken_out_of_its_surroundings() {
        let log = "--2026-11-24 00:00:00--  http://a.example/\nHTTP request sent, awaiting response... \n  HTTP/1.1 302 Found\n  \
                   Location: /b\nLocation: /b [following]\n  HTTP/1.1 503 No\n  Retry-After: 5\n   folded\n2026-11-24 00:00:01 ERROR 503: No.\n";
        assert_eq!(text(log).unwrap(), "HTTP/1.1 503 No\nRetry-After: 5\n folded\n");
        assert_eq!(text("<pre>\nHTTP/1.1 503 No\n</pre>"), None);
    }
}
