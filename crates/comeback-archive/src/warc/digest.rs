//! Digests as WARC writes them: `sha1:` and base32, the form that every index of the field uses.

use std::fs::File;
use std::io::Read;

use data_encoding::BASE32;
use sha1::{Digest, Sha1};

use super::capture::Wire;
use crate::error::ArchiveError;

/// How much of a file is in memory at once.
const PIECE_BYTES: usize = 64 * 1024;

/// A SHA-1 digest.
pub(crate) type Sha1Bytes = [u8; 20];

/// The digests of a response's block and of its payload.
pub(crate) struct WireDigests {
    pub(crate) block: Sha1Bytes,
    pub(crate) payload: Sha1Bytes,
}

pub(crate) fn sha1(bytes: &[u8]) -> Sha1Bytes {
    Sha1::digest(bytes).into()
}

pub(crate) fn labelled(digest: &Sha1Bytes) -> String {
    format!("sha1:{}", BASE32.encode(digest))
}

/// Digests a response in one pass. The payload is what follows the head, as it came: `warcio check` and the indexes digest
/// a chunked body with its framing, although the standard's words (section 5.9) would take it off.
pub(crate) fn digest_wire(wire: &Wire<'_>, head_bytes: usize) -> Result<WireDigests, ArchiveError> {
    let mut block = Sha1::new();
    let mut payload = Sha1::new();
    let mut head_left = head_bytes;
    for_each_piece(wire, |piece| {
        block.update(piece);
        let skipped = head_left.min(piece.len());
        head_left -= skipped;
        payload.update(&piece[skipped..]);
        Ok(())
    })?;
    Ok(WireDigests { block: block.finalize().into(), payload: payload.finalize().into() })
}

/// Hands on the wire's bytes in order, a piece at a time.
pub(crate) fn for_each_piece(
    wire: &Wire<'_>,
    mut take: impl FnMut(&[u8]) -> Result<(), ArchiveError>,
) -> Result<(), ArchiveError> {
    take(wire.memory)?;
    let Some(source) = wire.file else {
        return Ok(());
    };
    let mut file = File::open(source.path).map_err(|error| ArchiveError::system("open", source.path, error))?.take(source.bytes);
    let mut buffer = vec![0; PIECE_BYTES];
    while file.limit() > 0 {
        match file.read(&mut buffer) {
            Ok(0) => return Err(ArchiveError::WireFileShort { path: source.path.to_owned(), missing: file.limit() }),
            Ok(count) => take(&buffer[..count])?,
            Err(error) if error.kind() == std::io::ErrorKind::Interrupted => {}
            Err(error) => return Err(ArchiveError::system("read", source.path, error)),
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn digest_has_the_form_of_the_field() {
        assert_eq!(labelled(&sha1(b"")), "sha1:3I42H3S6NNFQ2MSVX7XZKYAYSCX5QBYJ");
    }
}
