//! Taking chunked framing off (RFC 9112, section 7.1).

/// The chunks' data joined, and whether the framing was whole; the data is what came before it broke.
pub(crate) fn without_chunks(framed: &[u8]) -> (Vec<u8>, Result<(), &'static str>) {
    let mut data = Vec::with_capacity(framed.len());
    let mut rest = framed;
    loop {
        let Some(line_end) = rest.iter().position(|byte| *byte == b'\n') else {
            return (data, Err("it ends before its last chunk"));
        };
        let line = &rest[..line_end];
        rest = &rest[line_end + 1..];
        let size_text = line.split(|byte| *byte == b';').next().unwrap_or(line).trim_ascii();
        let Some(size) = chunk_size(size_text) else {
            return (data, Err("a chunk's size is no hexadecimal number"));
        };
        if size == 0 {
            return (data, Ok(()));
        }
        let Some(chunk) = rest.get(..size) else {
            data.extend_from_slice(rest);
            return (data, Err("it ends within a chunk"));
        };
        data.extend_from_slice(chunk);
        rest = &rest[size..];
        rest = rest.strip_prefix(b"\r").unwrap_or(rest);
        match rest.strip_prefix(b"\n") {
            Some(after) => rest = after,
            None if rest.is_empty() => return (data, Err("it ends before its last chunk")),
            None => return (data, Err("a chunk is longer than its size")),
        }
    }
}

fn chunk_size(text: &[u8]) -> Option<usize> {
    // `from_str_radix` would take a sign.
    if text.is_empty() || !text.iter().all(u8::is_ascii_hexdigit) {
        return None;
    }
    usize::from_str_radix(std::str::from_utf8(text).ok()?, 16).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn chunks_are_joined_and_extensions_and_trailers_dropped() {
        let framed = b"5\r\nhello\r\n06;x=y\r\n world\r\n0\r\nTrailer: z\r\n\r\n";
        assert_eq!(without_chunks(framed), (b"hello world".to_vec(), Ok(())));
    }

    #[test]
    fn broken_framing_yields_what_came_before() {
        assert_eq!(without_chunks(b"5\r\nhel"), (b"hel".to_vec(), Err("it ends within a chunk")));
        assert_eq!(without_chunks(b"5\r\nhello"), (b"hello".to_vec(), Err("it ends before its last chunk")));
        assert_eq!(without_chunks(b"5\r\nhello world"), (b"hello".to_vec(), Err("a chunk is longer than its size")));
        assert_eq!(without_chunks(b"+5\r\nhello"), (Vec::new(), Err("a chunk's size is no hexadecimal number")));
        assert_eq!(without_chunks(b"ffffffffffffffffff\r\n"), (Vec::new(), Err("a chunk's size is no hexadecimal number")));
        assert_eq!(without_chunks(b""), (Vec::new(), Err("it ends before its last chunk")));
    }
}
