//! Where a response ends in the recorded bytes (RFC 9112, section 6.3). hyper reads ahead and keeps to itself how far the
//! response went; this finds the same place, so that no byte of anything else is recorded. It does not decode.

/// How a body's end is known, and how much of it is still to come.
#[derive(Debug)]
pub(crate) enum Framing {
    /// So many bytes more.
    Length(u64),
    /// Chunks.
    Chunked(Chunks),
    /// The connection's end.
    Close,
}

impl Framing {
    /// Goes over the next bytes of the body; how many of them belong to it.
    pub(crate) fn advance(&mut self, bytes: &[u8]) -> usize {
        match self {
            Self::Length(left) => {
                let used = usize::try_from(*left).unwrap_or(usize::MAX).min(bytes.len());
                *left -= used as u64;
                used
            }
            Self::Chunked(chunks) => chunks.advance(bytes),
            Self::Close => bytes.len(),
        }
    }

    /// Whether the end was reached; where the connection's end is the body's, its framing never says so.
    pub(crate) fn is_done(&self) -> bool {
        match self {
            Self::Length(left) => *left == 0,
            Self::Chunked(chunks) => matches!(chunks.place, Place::Done),
            Self::Close => false,
        }
    }

    /// Whether the body comes in chunks.
    pub(crate) const fn is_chunked(&self) -> bool {
        matches!(self, Self::Chunked(_))
    }
}

/// A chunked body, as far as it was read.
#[derive(Debug, Default)]
pub(crate) struct Chunks {
    place: Place,
}

/// Where in a chunked body the next byte stands.
#[derive(Debug, Clone, Copy, Default)]
enum Place {
    /// In the digits of a chunk's size, read so far as `size`.
    #[default]
    SizeStart,
    Size(u64),
    /// After the digits: extensions, up to the line's end.
    Extension(u64),
    /// In a chunk's data.
    Data(u64),
    /// Between a chunk's data and the next size.
    DataEnd,
    /// In the trailer section, at a line with so far nothing but CR (`true`), or with something (`false`).
    Trailer {
        line_empty: bool,
    },
    Done,
}

impl Chunks {
    fn advance(&mut self, bytes: &[u8]) -> usize {
        let mut at = 0;
        while at < bytes.len() {
            match self.place {
                Place::Done => break,
                Place::Data(left) => {
                    let used = usize::try_from(left).unwrap_or(usize::MAX).min(bytes.len() - at);
                    at += used;
                    let left = left - used as u64;
                    self.place = if left == 0 { Place::DataEnd } else { Place::Data(left) };
                }
                Place::SizeStart | Place::Size(_) | Place::Extension(_) | Place::DataEnd | Place::Trailer { .. } => {
                    self.place = self.place.after(bytes[at]);
                    at += 1;
                }
            }
        }
        at
    }
}

impl Place {
    /// The place after one byte of chunk framing.
    fn after(self, byte: u8) -> Self {
        match (self, byte) {
            (Self::SizeStart, _) => Self::Size(0).after(byte),
            (Self::Size(0) | Self::Extension(0), b'\n') => Self::Trailer { line_empty: true },
            (Self::Size(size) | Self::Extension(size), b'\n') => Self::Data(size),
            (Self::Size(size), _) => match char::from(byte).to_digit(16) {
                Some(digit) => Self::Size(size.saturating_mul(16).saturating_add(u64::from(digit))),
                None => Self::Extension(size),
            },
            (Self::DataEnd, b'\n') => Self::SizeStart,
            (Self::Trailer { line_empty: true }, b'\n') => Self::Done,
            (Self::Trailer { line_empty: false }, b'\n') => Self::Trailer { line_empty: true },
            (Self::Trailer { line_empty }, _) => Self::Trailer { line_empty: line_empty && byte == b'\r' },
            (Self::Extension(_) | Self::DataEnd | Self::Data(_) | Self::Done, _) => self,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const BODY: &[u8] = b"5;name=\"a b\"\r\nhello\r\n00A \r\n0123\n56789\r\n0;last\r\nX-Sum: 1\r\nY:\r\n\r\n";

    #[test]
    fn chunked_body_ends_after_its_trailers() {
        let mut framing = Framing::Chunked(Chunks::default());
        let bytes = [BODY, b"HTTP/1.1 200 OK"].concat();
        assert_eq!(framing.advance(&bytes), BODY.len());
        assert!(framing.is_done());
    }

    #[test]
    fn chunked_body_ends_at_the_same_place_however_it_is_cut() {
        for cut in 0..BODY.len() {
            let mut framing = Framing::Chunked(Chunks::default());
            assert_eq!(framing.advance(&BODY[..cut]), cut);
            assert!(!framing.is_done(), "{cut}");
            let rest = [&BODY[cut..], b"more"].concat();
            assert_eq!(framing.advance(&rest), BODY.len() - cut);
            assert!(framing.is_done());
        }
    }

    #[test]
    fn length_ends_where_it_says() {
        let mut framing = Framing::Length(3);
        assert_eq!(framing.advance(b"ab"), 2);
        assert_eq!(framing.advance(b"cd"), 1);
        assert!(framing.is_done());
        assert!(Framing::Length(0).is_done());
    }

    proptest::proptest! {
        #[test]
        fn any_bytes_are_gone_over_without_a_panic(bytes in proptest::collection::vec(proptest::prelude::any::<u8>(), 0..200)) {
            let mut framing = Framing::Chunked(Chunks::default());
            let used = framing.advance(&bytes);
            proptest::prop_assert!(used == bytes.len() || framing.is_done());
        }
    }
}
