//! A source of which only so much is read: what is beyond ends the list as [`Damage::TooMuch`], and nothing is left out silently.

use std::io::{self, Read};

use super::damage::Damage;

/// The beginning of a source.
pub(super) struct Capped<R> {
    source: R,
    bytes_max: u64,
    left: u64,
}

impl<R> Capped<R> {
    pub(super) fn new(source: R, bytes_max: u64) -> Self {
        Self { source, bytes_max, left: bytes_max }
    }
}

impl<R: Read> Read for Capped<R> {
    fn read(&mut self, into: &mut [u8]) -> io::Result<usize> {
        if self.left > 0 {
            let room = usize::try_from(self.left).unwrap_or(usize::MAX).min(into.len());
            let count = self.source.read(&mut into[..room])?;
            self.left -= count as u64;
            return Ok(count);
        }
        // A list that ends just here is whole.
        match self.source.read(&mut [0])? {
            0 => Ok(0),
            _ => Err(io::Error::other(Damage::TooMuch { bytes_max: self.bytes_max })),
        }
    }
}
