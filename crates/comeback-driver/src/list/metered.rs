//! A source that counts lines and bytes, and lends a reader only so much at a time.
//!
//! The readers of CSV and XML hold a whole record or tag while they read it, and would hold a gigabyte if one were never closed.
//! Here each gets an allowance before each step; where it is spent, reading fails with [`Damage::TooLong`].

use std::io::{self, BufRead, Read};

use super::Position;
use super::damage::Damage;

/// A source with a position and an allowance.
pub(super) struct Metered<R> {
    source: R,
    position: Position,
    left: usize,
}

impl<R: BufRead> Metered<R> {
    pub(super) fn new(source: R) -> Self {
        Self { source, position: Position::default(), left: usize::MAX }
    }

    /// Line ends and bytes that were taken.
    pub(super) fn position(&self) -> Position {
        self.position
    }

    /// Grants the next step this many bytes.
    pub(super) fn allow(&mut self, bytes: usize) {
        self.left = bytes;
    }
}

impl<R: BufRead> BufRead for Metered<R> {
    fn fill_buf(&mut self) -> io::Result<&[u8]> {
        let piece = self.source.fill_buf()?;
        if self.left == 0 && !piece.is_empty() {
            return Err(io::Error::other(Damage::TooLong));
        }
        Ok(&piece[..piece.len().min(self.left)])
    }

    fn consume(&mut self, count: usize) {
        // What was lent is still there, so this asks nothing of the source.
        let taken = self.source.fill_buf().map_or(&[][..], |piece| &piece[..count.min(piece.len())]);
        self.position.line += taken.iter().map(|byte| u64::from(*byte == b'\n')).sum::<u64>();
        self.position.offset += count as u64;
        self.left -= count.min(self.left);
        self.source.consume(count);
    }
}

impl<R: BufRead> Read for Metered<R> {
    fn read(&mut self, into: &mut [u8]) -> io::Result<usize> {
        let piece = self.fill_buf()?;
        let count = piece.len().min(into.len());
        into[..count].copy_from_slice(&piece[..count]);
        self.consume(count);
        Ok(count)
    }
}
