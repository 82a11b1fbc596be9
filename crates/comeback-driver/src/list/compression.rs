//! Compressed lists: gzip with any number of members, zstd with any number of frames, told by their first bytes.
//!
//! One layer is taken off, as a stream, so a list that unpacks to a terabyte costs time and no memory. What it cannot take off it
//! names.

use std::io::{self, BufRead, Read};
use std::path::Path;

use flate2::bufread::MultiGzDecoder;

use super::damage::Damage;

/// The largest window of a zstd frame, as a power of two in bytes: 128 MiB, what the zstd program takes unasked.
pub const ZSTD_WINDOW_LOG_MAX: u32 = 27;

/// How a list is compressed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Packing {
    /// RFC 1952.
    Gzip,
    /// RFC 8878.
    Zstd,
}

/// Openings of streams that are recognised and not taken: the bzip2 and xz formats.
const OTHERS: [(&[u8], &str); 2] = [(b"BZh", "bzip2"), (b"\xfd7zXZ\0", "xz")];

impl Packing {
    const ALL: [Self; 2] = [Self::Gzip, Self::Zstd];

    /// Its name in messages.
    #[must_use]
    pub const fn word(self) -> &'static str {
        match self {
            Self::Gzip => "gzip",
            Self::Zstd => "zstd",
        }
    }

    /// The end of a file's name that promises it.
    const fn name_end(self) -> &'static str {
        match self {
            Self::Gzip => "gz",
            Self::Zstd => "zst",
        }
    }

    const fn opening(self) -> &'static [u8] {
        match self {
            Self::Gzip => b"\x1f\x8b",
            Self::Zstd => b"\x28\xb5\x2f\xfd",
        }
    }

    /// What a file's name promises.
    #[must_use]
    pub fn of_name(path: &Path) -> Option<Self> {
        Self::ALL.into_iter().find(|packing| path.extension().is_some_and(|end| end.eq_ignore_ascii_case(packing.name_end())))
    }

    /// What the first bytes are.
    #[must_use]
    pub fn of_head(head: &[u8]) -> Option<Self> {
        Self::ALL.into_iter().find(|packing| head.starts_with(packing.opening()))
    }

    /// The stream without its compression; what is wrong with it comes as [`Damage`].
    pub(super) fn unpack(self, packed: impl BufRead + Send + 'static) -> io::Result<Box<dyn Read + Send>> {
        Ok(match self {
            Self::Gzip => Box::new(Unpacked { stream: MultiGzDecoder::new(packed), packing: self }),
            Self::Zstd => {
                let mut stream = zstd::stream::read::Decoder::with_buffer(packed)?;
                stream.window_log_max(ZSTD_WINDOW_LOG_MAX)?;
                Box::new(Unpacked { stream, packing: self })
            }
        })
    }
}

/// A compression that is not taken off, by its first bytes.
pub(super) fn other_packing(head: &[u8]) -> Option<&'static str> {
    OTHERS.iter().find(|(opening, _)| head.starts_with(opening)).map(|(_, with)| *with)
}

struct Unpacked<R> {
    stream: R,
    packing: Packing,
}

impl<R: Read> Read for Unpacked<R> {
    fn read(&mut self, into: &mut [u8]) -> io::Result<usize> {
        let with = self.packing.word();
        self.stream.read(into).map_err(|error| {
            // The system's own errors have its number; all others are the decompressor's.
            if error.kind() == io::ErrorKind::Interrupted || error.raw_os_error().is_some() {
                error
            } else if error.kind() == io::ErrorKind::UnexpectedEof {
                io::Error::other(Damage::CutStream { with })
            } else {
                io::Error::other(Damage::BadStream { with, why: error.to_string() })
            }
        })
    }
}
