//! A source whose first bytes were looked at, and are still to be read.

use std::io::{self, BufRead, BufReader, Read};

use super::form::HEAD_BYTES_MAX;

/// The source, its head first.
pub(super) struct Peeked<R> {
    head: Vec<u8>,
    taken: usize,
    /// What came instead of further bytes while the head was read; it is told in its place.
    failed: Option<io::Error>,
    rest: BufReader<R>,
}

impl<R: Read> Peeked<R> {
    /// Reads the first [`HEAD_BYTES_MAX`] bytes, or as many as there are.
    pub(super) fn new(mut source: R) -> Self {
        let mut head = Vec::with_capacity(HEAD_BYTES_MAX);
        let failed = source.by_ref().take(HEAD_BYTES_MAX as u64).read_to_end(&mut head).err();
        Self { head, taken: 0, failed, rest: BufReader::new(source) }
    }

    /// The first bytes.
    pub(super) fn head(&self) -> &[u8] {
        &self.head
    }

    /// What failed before there was any first byte.
    pub(super) fn failed_at_once(&mut self) -> Option<io::Error> {
        if self.head.is_empty() { self.failed.take() } else { None }
    }
}

impl<R: Read> BufRead for Peeked<R> {
    fn fill_buf(&mut self) -> io::Result<&[u8]> {
        if self.taken < self.head.len() {
            return Ok(&self.head[self.taken..]);
        }
        match self.failed.take() {
            Some(error) => Err(error),
            None => self.rest.fill_buf(),
        }
    }

    fn consume(&mut self, count: usize) {
        let of_head = count.min(self.head.len() - self.taken);
        self.taken += of_head;
        if count > of_head {
            self.rest.consume(count - of_head);
        }
    }
}

impl<R: Read> Read for Peeked<R> {
    fn read(&mut self, into: &mut [u8]) -> io::Result<usize> {
        let piece = self.fill_buf()?;
        let count = piece.len().min(into.len());
        into[..count].copy_from_slice(&piece[..count]);
        self.consume(count);
        Ok(count)
    }
}
