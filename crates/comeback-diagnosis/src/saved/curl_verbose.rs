//! What `curl -v` prints, as people paste it: `*` for its own words, `>` for what it sent, `<` for what it got, and the body
//! without a mark.
//!
//! Of several hops the last is taken. A paste that lost its end is read as far as it goes.

use crate::raw_response::{is_status_line, next_line};

/// What curl writes right behind a body that ends without a line end.
const CONNECTION_NOTE: &[u8] = b"* Connection #";

/// The last response of such a paste, as raw bytes; `None` where there is none.
pub(super) fn raw(text: &[u8]) -> Option<Vec<u8>> {
    let (mut raw, mut is_in_head, mut rest) = (None, false, text);
    while !rest.is_empty() {
        let (line, after) = next_line(rest);
        rest = after;
        match Line::of(line) {
            Line::Got(got) if is_status_line(got) => {
                let mut head = got.to_vec();
                head.push(b'\n');
                (raw, is_in_head) = (Some(head), true);
            }
            Line::Got(got) if is_in_head => {
                push(&mut raw, got);
                is_in_head = !got.is_empty();
            }
            // With -i the head is there twice: a line without a mark inside of it is the copy.
            Line::Body(body) if !is_in_head => push(&mut raw, body),
            Line::Got(_) | Line::Body(_) | Line::Other => {}
        }
    }
    raw
}

fn push(raw: &mut Option<Vec<u8>>, line: &[u8]) {
    if let Some(raw) = raw {
        raw.extend_from_slice(line);
        raw.push(b'\n');
    }
}

/// A line by its mark.
enum Line<'a> {
    /// A part of the head that came.
    Got(&'a [u8]),
    /// Of the body, as far as one can tell.
    Body(&'a [u8]),
    /// What was sent, and what curl says of itself.
    Other,
}

impl<'a> Line<'a> {
    fn of(line: &'a [u8]) -> Self {
        match line {
            [b'<', b' ', got @ ..] => Self::Got(got.trim_ascii()),
            [b'<'] => Self::Got(b""),
            [b'*' | b'>' | b'{' | b'}', b' ', ..] | [b'*' | b'>'] => Self::Other,
            _ if is_meter(line) => Self::Other,
            _ => Self::Body(body_part(line)),
        }
    }
}

/// The line without what curl wrote behind the body's end.
fn body_part(line: &[u8]) -> &[u8] {
    let note = line.windows(CONNECTION_NOTE.len()).position(|window| window == CONNECTION_NOTE);
    note.map_or(line, |start| &line[..start])
}

/// A row of the progress meter: its heading, or numbers and times alone.
fn is_meter(line: &[u8]) -> bool {
    let is_number = |word: &[u8]| word.iter().all(|byte| byte.is_ascii_digit() || matches!(byte, b':' | b'-' | b'k' | b'M'));
    let mut words = line.split(u8::is_ascii_whitespace).filter(|word| !word.is_empty());
    line.trim_ascii_start().starts_with(b"% Total")
        || line.trim_ascii_start().starts_with(b"Dload")
        || (line.len() > METER_BYTES_MIN && words.all(is_number))
}

/// A row of the meter is a full line of the terminal.
const METER_BYTES_MIN: usize = 60;

#[cfg(test)]
mod tests {
    use super::*;

    fn text(paste: &str) -> Option<String> {
        raw(paste.as_bytes()).map(|raw| String::from_utf8(raw).unwrap())
    }

    #[test]
    fn a_paste_is_its_last_response() {
        let paste = "* Trying 192.0.2.1:80...\n> GET / HTTP/1.1\n> Host: a.example\n>\n< HTTP/1.1 301 Moved\n< Location: /b\n<\n\
                     * Ignoring the response-body\n* Issue another request to this URL: 'https://a.example/b'\n> GET /b HTTP/2\n>\n\
                     < HTTP/2 503 \n< retry-after: 5\n< \n{ [5 bytes data]\n<p>later</p>\n* Connection #0 to host a.example left intact\n";
        assert_eq!(text(paste).unwrap(), "HTTP/2 503\nretry-after: 5\n\n<p>later</p>\n");
    }

    #[test]
    fn notes_behind_the_body_and_the_meter_are_left_out() {
        let meter = "  % Total    % Received % Xferd  Average Speed   Time    Time     Time  Current\n\
                     100   162  100   162    0     0   1054      0 --:--:-- --:--:-- --:--:--  1058\n";
        let paste = format!("{meter}< HTTP/1.1 503 No\n<\n</html>* Connection #0 to host a left intact");
        assert_eq!(text(&paste).unwrap(), "HTTP/1.1 503 No\n\n</html>\n");
    }

    #[test]
    fn the_copy_of_the_head_that_i_adds_is_left_out() {
        assert_eq!(
            text("< HTTP/1.1 503 No\nHTTP/1.1 503 No\n< A: 1\nA: 1\n<\n\nbody\n").unwrap(),
            "HTTP/1.1 503 No\nA: 1\n\n\nbody\n"
        );
    }

    #[test]
    fn a_paste_that_was_cut_is_read_as_far_as_it_goes() {
        assert_eq!(text("< HTTP/2 429\n< retry-af").unwrap(), "HTTP/2 429\nretry-af\n");
        assert_eq!(text("< server: nginx\n<\nbody"), None);
        assert_eq!(text("<html>\n< HTTP\n"), None);
    }
}
