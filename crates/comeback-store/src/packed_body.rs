//! How bodies of batches lie in the database: compressed, for the URLs of one host have much in common.
//!
//! Versions before wrote them as they came. These began with a format byte of theirs, which was never that of a zstd frame, so that what
//! begins like a frame is one.

use std::cell::RefCell;
use std::io;

/// The first four bytes of a zstd frame (RFC 8878, section 3.1.1).
const FRAME_BEGINNING: [u8; 4] = [0x28, 0xb5, 0x2f, 0xfd];
/// A level at which a batch costs about as much as to write it.
const ZSTD_LEVEL: i32 = 1;
/// The longest body that is unpacked, in bytes: 256 requests with bodies as long as a line of a list may be.
const BODY_BYTES_MAX: usize = 1 << 29;

thread_local! {
    /// What unpacking needs beside the body, in each thread that reads: to make it anew costs more than to unpack a small batch.
    static UNPACKER: RefCell<Option<zstd::bulk::Decompressor<'static>>> = const { RefCell::new(None) };
}

/// Packs bodies, one after another.
pub(crate) struct Packer(zstd::bulk::Compressor<'static>);

impl Packer {
    pub(crate) fn new() -> io::Result<Self> {
        zstd::bulk::Compressor::new(ZSTD_LEVEL).map(Self)
    }

    pub(crate) fn pack(&mut self, body: &[u8]) -> io::Result<Vec<u8>> {
        self.0.compress(body)
    }
}

/// A body as it was given, whichever version wrote it.
pub(crate) fn unpack(stored: &[u8]) -> io::Result<Vec<u8>> {
    if !stored.starts_with(&FRAME_BEGINNING) {
        return Ok(stored.to_vec());
    }
    let said = zstd::zstd_safe::get_frame_content_size(stored).ok().flatten();
    let bytes = said.and_then(|bytes| usize::try_from(bytes).ok()).filter(|bytes| *bytes <= BODY_BYTES_MAX);
    let bytes = bytes.ok_or(io::ErrorKind::InvalidData)?;
    UNPACKER.with_borrow_mut(|unpacker| match unpacker {
        Some(unpacker) => unpacker.decompress(stored, bytes),
        None => unpacker.insert(zstd::bulk::Decompressor::new()?).decompress(stored, bytes),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn bodies_read_back_packed_or_not() {
        let mut packer = Packer::new().unwrap();
        for body in [b"".to_vec(), b"\x01urls ".repeat(500), FRAME_BEGINNING.to_vec()] {
            let packed = packer.pack(&body).unwrap();
            assert_eq!(unpack(&packed).unwrap(), body);
        }
        assert_eq!(unpack(b"\x01as it came").unwrap(), b"\x01as it came");
        assert!(unpack(&FRAME_BEGINNING).is_err());
    }
}
