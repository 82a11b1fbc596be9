//! The head of a response, read from the recorded bytes: status, reason and fields in their order and case.
//!
//! hyper decides whether the bytes are HTTP and regroups the fields; this reads the same bytes again and keeps them as they
//! are. It is as lenient as hyper is set to be: bare LF, folded lines, blanks before the colon, unreadable lines skipped.

/// A response's head.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Head {
    pub(crate) status: u16,
    pub(crate) reason: Vec<u8>,
    pub(crate) fields: Vec<(Vec<u8>, Vec<u8>)>,
}

/// The final response's head, and where it lies in the bytes; heads of informational responses before it are passed over
/// (RFC 9110, section 15.2), but for a 101, which ends HTTP. `None` when no final head is there, or it cannot be read.
pub(crate) fn final_head(bytes: &[u8]) -> Option<(Head, std::ops::Range<usize>)> {
    let mut start = 0;
    loop {
        // Empty lines before a status line are not part of it (RFC 9112, section 2.2).
        start += bytes[start..].iter().take_while(|byte| matches!(byte, b'\r' | b'\n')).count();
        let end = start + head_length(&bytes[start..])?;
        let head = parse(&bytes[start..end])?;
        if head.status >= 200 || head.status == 101 {
            return Some((head, start..end));
        }
        start = end;
    }
}

/// The length of a head with its empty line.
fn head_length(bytes: &[u8]) -> Option<usize> {
    let mut length = 0;
    for line in bytes.split_inclusive(|byte| *byte == b'\n') {
        length += line.len();
        if matches!(line, b"\r\n" | b"\n") {
            return Some(length);
        }
    }
    None
}

fn parse(head: &[u8]) -> Option<Head> {
    let mut lines = head.split(|byte| *byte == b'\n').map(|line| line.strip_suffix(b"\r").unwrap_or(line));
    let (status, reason) = status_line(lines.next()?)?;
    let mut fields: Vec<(Vec<u8>, Vec<u8>)> = Vec::new();
    for line in lines.take_while(|line| !line.is_empty()) {
        if matches!(line[0], b' ' | b'\t') {
            // A folded line goes on with the value before it (RFC 9112, section 5.2).
            if let Some((_, value)) = fields.last_mut() {
                value.push(b' ');
                value.extend_from_slice(line.trim_ascii());
            }
        } else if let Some(colon) = line.iter().position(|byte| *byte == b':') {
            fields.push((line[..colon].trim_ascii().to_vec(), line[colon + 1..].trim_ascii().to_vec()));
        }
    }
    Some(Head { status, reason, fields })
}

fn status_line(line: &[u8]) -> Option<(u16, Vec<u8>)> {
    let after_version = &line[line.iter().position(|byte| *byte == b' ')?..];
    let code = after_version.trim_ascii_start();
    let digits = code.get(..3)?;
    let status = std::str::from_utf8(digits).ok()?.parse().ok()?;
    Some((status, code[3..].trim_ascii().to_vec()))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(bytes: &[u8]) -> (Head, std::ops::Range<usize>) {
        final_head(bytes).unwrap()
    }

    #[test]
    fn fields_keep_order_case_and_duplicates() {
        let (head, range) = read(b"HTTP/1.1 200 Very OK\r\nX-B:  1 \r\nset-COOKIE: a=b\r\nx-b: 2\r\n\r\nbody");
        assert_eq!((head.status, head.reason.as_slice()), (200, &b"Very OK"[..]));
        let names: Vec<_> = head.fields.iter().map(|(name, value)| (name.as_slice(), value.as_slice())).collect();
        assert_eq!(names, [(&b"X-B"[..], &b"1"[..]), (b"set-COOKIE", b"a=b"), (b"x-b", b"2")]);
        assert_eq!(range.end, b"HTTP/1.1 200 Very OK\r\nX-B:  1 \r\nset-COOKIE: a=b\r\nx-b: 2\r\n\r\n".len());
    }

    #[test]
    fn informational_heads_are_passed_over() {
        let early = b"HTTP/1.1 103 Early Hints\r\nLink: </a>\r\n\r\n";
        let bytes = [&early[..], b"HTTP/1.1 404\r\n\r\n"].concat();
        let (head, range) = read(&bytes);
        assert_eq!((head.status, head.reason.is_empty(), range.start), (404, true, early.len()));
        assert_eq!(read(b"HTTP/1.1 101 Switching Protocols\r\n\r\n").0.status, 101);
    }

    #[test]
    fn lenient_heads_are_read() {
        let (head, _) = read(b"\r\nHTTP/1.1 200 OK\nFolded: a\n b\nSpaced : c\nno colon\n\nrest");
        assert_eq!(head.fields, [(b"Folded".to_vec(), b"a b".to_vec()), (b"Spaced".to_vec(), b"c".to_vec())]);
    }

    #[test]
    fn unfinished_heads_are_none() {
        for bytes in [&b""[..], b"HTTP/1.1 200 OK\r\n", b"HTTP/1.1 103 Early\r\n\r\n", b"HTTP/1.1 2\r\n\r\n", b"\n\n", b"x\n\n"] {
            assert_eq!(final_head(bytes), None, "{bytes:?}");
        }
    }

    proptest::proptest! {
        #[test]
        fn any_bytes_are_read_without_a_panic(bytes in "(HTTP/1.1 [0-9]{1,4})?[\\x00-\\x7f\r\n: ]{0,80}(\r\n\r\n)?") {
            if let Some((_, place)) = final_head(bytes.as_bytes()) {
                proptest::prop_assert!(place.end <= bytes.len());
            }
        }
    }
}
