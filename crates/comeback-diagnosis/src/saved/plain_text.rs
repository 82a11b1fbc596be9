//! The text of a saved file with its oddities undone: UTF-16 as some shells write it, CR alone as line end.
//!
//! It changes nothing else: a body may be anything.

use std::borrow::Cow;

/// How many bytes are looked at to learn which line ends a file has.
const LINE_END_SEEN_BYTES_MAX: usize = 64 * 1024;

/// The bytes, or what they mean in UTF-8 with LF.
pub(super) fn of(bytes: &[u8]) -> Cow<'_, [u8]> {
    let text = match bytes {
        [0xff, 0xfe, rest @ ..] => Cow::Owned(utf_16(rest, u16::from_le_bytes)),
        [0xfe, 0xff, rest @ ..] => Cow::Owned(utf_16(rest, u16::from_be_bytes)),
        _ => Cow::Borrowed(bytes),
    };
    if has_cr_alone(&text) {
        return Cow::Owned(text.iter().map(|byte| if *byte == b'\r' { b'\n' } else { *byte }).collect());
    }
    text
}

/// PowerShell's `>` writes UTF-16; what is no character becomes U+FFFD.
fn utf_16(bytes: &[u8], unit: fn([u8; 2]) -> u16) -> Vec<u8> {
    let units = bytes.chunks_exact(2).map(|pair| unit([pair[0], pair[1]]));
    char::decode_utf16(units).map(|character| character.unwrap_or(char::REPLACEMENT_CHARACTER)).collect::<String>().into_bytes()
}

fn has_cr_alone(text: &[u8]) -> bool {
    let seen = &text[..text.len().min(LINE_END_SEEN_BYTES_MAX)];
    seen.contains(&b'\r') && !seen.contains(&b'\n')
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn oddities_are_undone_and_nothing_else() {
        assert_eq!(of(b"A\r\nB\r\x00\xff"), Cow::Borrowed(b"A\r\nB\r\x00\xff"));
        assert_eq!(of(b"A\rB\r\rC").as_ref(), b"A\nB\n\nC");
        assert_eq!(of(b"\xff\xfeH\0\r\0\n\0\x00\xd8!").as_ref(), "H\r\n\u{fffd}".as_bytes());
        assert_eq!(of(b"\xfe\xff\0H\0I").as_ref(), b"HI");
    }
}
