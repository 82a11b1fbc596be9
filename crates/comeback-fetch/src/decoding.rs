//! Takes the content codings off a body (RFC 9110, section 8.4) so that diagnosis can read its beginning, under limits.
//!
//! The recorded bytes stay as they came; of the decoded ones only the beginning is kept, and the rest is only counted. A body
//! that is corrupt, breaks off inside its coding, grows beyond the permitted ratio (a bomb) or is coded more often than permitted
//! ends as the cause `decode`: the answer's size on the wire was within its limit, so it is not `too_large`. The transfer itself
//! goes on, for the record to be whole. A coding that we do not know is no failure: servers put all kinds of words into
//! Content-Encoding, and the body is then read as it is.

use std::io;

use async_compression::codecs::core::util::{PartialBuffer, WriteBuffer};
use async_compression::codecs::zstd::params::DParameter;
use async_compression::codecs::{BrotliDecoder, DecodeV2, DeflateDecoder, GzipDecoder, ZlibDecoder, ZstdDecoder};
use comeback_diagnosis::cause::Cause;
use comeback_diagnosis::exchange::BODY_SEEN_BYTES_MAX;

use crate::capture::OwnFailure;
use crate::limits::Limits;

/// The most that one step of a decoder puts out.
const STEP_BYTES_MAX: usize = 16 * 1024;

/// The largest window of the coding `zstd`, as a power of two: 8 MiB (RFC 9659).
const ZSTD_WINDOW_LOG_MAX: u32 = 23;

/// The content codings that are taken off.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Coding {
    Gzip,
    Deflate,
    Brotli,
    Zstd,
}

impl Coding {
    /// The coding of a Content-Encoding member; `None` for one that changes nothing or is unknown.
    fn from_token(token: &[u8]) -> Option<Self> {
        let is = |name: &str| token.eq_ignore_ascii_case(name.as_bytes());
        match () {
            () if is("gzip") || is("x-gzip") => Some(Self::Gzip),
            () if is("deflate") => Some(Self::Deflate),
            () if is("br") => Some(Self::Brotli),
            () if is("zstd") => Some(Self::Zstd),
            () => None,
        }
    }

    const fn name(self) -> &'static str {
        match self {
            Self::Gzip => "gzip",
            Self::Deflate => "deflate",
            Self::Brotli => "br",
            Self::Zstd => "zstd",
        }
    }

    /// A decoder for a body whose first byte is `first`.
    fn decoder(self, first: u8) -> io::Result<Box<dyn DecodeV2 + Send>> {
        Ok(match self {
            Self::Gzip => Box::new(GzipDecoder::new()),
            // Servers send both forms under this name: with zlib's header, as the standard has it, and without.
            Self::Deflate if first & 0x0f == 8 => Box::new(ZlibDecoder::new()),
            Self::Deflate => Box::new(DeflateDecoder::new()),
            // RFC 7932 reserves this beginning; the decoder would take it for a window of up to 1 GiB.
            Self::Brotli if first & 0x7f == 0x11 => return Err(io::Error::other("its window is larger than permitted")),
            Self::Brotli => Box::new(BrotliDecoder::new()),
            Self::Zstd => Box::new(ZstdDecoder::new_with_params(&[DParameter::window_log_max(ZSTD_WINDOW_LOG_MAX)])),
        })
    }

    /// How a decoder hands out what it still holds once its input is used up: by flushing, since an empty input is an error to it,
    /// or by going on with an empty input.
    const fn drains_by_flush(self) -> bool {
        match self {
            Self::Gzip | Self::Deflate => true,
            Self::Brotli | Self::Zstd => false,
        }
    }

    /// Whether a byte after a finished stream begins another one of the same body (RFC 1952, section 2.2; RFC 8878, section 3.1).
    /// Anything else there is padding, which is passed over as other programs do.
    const fn goes_on_with(self, byte: u8) -> bool {
        match self {
            Self::Gzip => byte == 0x1f,
            Self::Zstd => byte == 0x28 || byte & 0xf0 == 0x50,
            Self::Deflate | Self::Brotli => false,
        }
    }
}

/// How much may come out for what went in.
#[derive(Debug, Clone, Copy)]
struct Allowance {
    payload_bytes: u64,
    ratio_max: u64,
    free_bytes: u64,
}

impl Allowance {
    const fn covers(self, decoded_bytes: u64) -> bool {
        decoded_bytes <= self.free_bytes || decoded_bytes <= self.payload_bytes.saturating_mul(self.ratio_max)
    }
}

/// One coding of the body. Life: without a decoder until its first byte; then decoding, until its stream ends; a further stream
/// of the same body sets it to work again.
struct Layer {
    coding: Coding,
    decoder: Option<Box<dyn DecodeV2 + Send>>,
    ended: bool,
    decoded_bytes: u64,
    step: Vec<u8>,
}

/// Takes what a layer puts out.
type Taker<'a> = &'a mut dyn FnMut(&[u8]) -> Result<(), OwnFailure>;

impl Layer {
    const fn new(coding: Coding) -> Self {
        Self { coding, decoder: None, ended: false, decoded_bytes: 0, step: Vec::new() }
    }

    fn corrupt(&self, error: &io::Error) -> OwnFailure {
        OwnFailure::new(Cause::Decode, format!("The body is not valid {}: {error}.", self.coding.name()))
    }

    /// Makes the layer fit for the next input; `false` when there is nothing to do with it.
    fn wake(&mut self, input: &[u8]) -> io::Result<bool> {
        let Some(first) = input.first() else {
            return Ok(self.decoder.is_some() && !self.ended);
        };
        match &mut self.decoder {
            None => self.decoder = Some(self.coding.decoder(*first)?),
            Some(decoder) if self.ended => {
                if !self.coding.goes_on_with(*first) {
                    return Ok(false);
                }
                decoder.reinit()?;
                self.ended = false;
            }
            Some(_) => {}
        }
        Ok(true)
    }

    /// Decodes as far as the input goes.
    fn feed(&mut self, bytes: &[u8], allowance: Allowance, take: Taker<'_>) -> Result<(), OwnFailure> {
        let mut input = PartialBuffer::new(bytes);
        while self.wake(input.unwritten()).map_err(|error| self.corrupt(&error))? {
            let by_flush = self.coding.drains_by_flush() && input.unwritten().is_empty();
            let step = |decoder: &mut dyn DecodeV2, output: &mut WriteBuffer<'_>| {
                if by_flush { decoder.flush(output).map(|_| false) } else { decoder.decode(&mut input, output) }
            };
            let full = self.step(step, allowance, take)?;
            if input.unwritten().is_empty() && !full {
                break;
            }
        }
        Ok(())
    }

    /// The input is over: hands out what is left, and says whether the stream had come to its end.
    fn finish(&mut self, allowance: Allowance, take: Taker<'_>) -> Result<(), OwnFailure> {
        while self.decoder.is_some() && !self.ended {
            let before = self.decoded_bytes;
            self.step(|decoder, output| decoder.finish(output), allowance, take)?;
            if !self.ended && self.decoded_bytes == before {
                return Err(self.corrupt(&io::Error::from(io::ErrorKind::UnexpectedEof)));
            }
        }
        Ok(())
    }

    /// One step of the decoder. Whether it filled its output, so that there may be more.
    fn step(
        &mut self,
        run: impl FnOnce(&mut dyn DecodeV2, &mut WriteBuffer<'_>) -> io::Result<bool>,
        allowance: Allowance,
        take: Taker<'_>,
    ) -> Result<bool, OwnFailure> {
        let Some(decoder) = &mut self.decoder else {
            return Ok(false);
        };
        self.step.resize(STEP_BYTES_MAX, 0);
        let mut output = WriteBuffer::new_initialized(&mut self.step);
        let result = run(decoder.as_mut(), &mut output);
        let (decoded, full) = (output.written(), output.has_no_spare_space());
        self.decoded_bytes += decoded.len() as u64;
        if !allowance.covers(self.decoded_bytes) {
            let detail = format!(
                "The body is a bomb: {} bytes decode to more than {} ({}:1 is permitted).",
                allowance.payload_bytes, self.decoded_bytes, allowance.ratio_max
            );
            return Err(OwnFailure::new(Cause::Decode, detail));
        }
        take(decoded)?;
        match result {
            Ok(ended) => self.ended = ended,
            Err(error) => return Err(self.corrupt(&error)),
        }
        Ok(full)
    }
}

/// A body on its way through its codings.
pub(crate) struct Decoding {
    /// The outermost coding first.
    layers: Vec<Layer>,
    failure: Option<OwnFailure>,
    seen: Vec<u8>,
    allowance: Allowance,
}

impl Decoding {
    /// For a body with these Content-Encoding values, in their order.
    pub(crate) fn new<'a>(content_encodings: impl Iterator<Item = &'a [u8]>, limits: &Limits) -> Self {
        let tokens = content_encodings.flat_map(|value| value.split(|byte| *byte == b','));
        let mut codings: Vec<Coding> = tokens.filter_map(|token| Coding::from_token(token.trim_ascii())).collect();
        // The one that was applied last is taken off first.
        codings.reverse();
        let (count, most) = (codings.len(), limits.decode_layers_max);
        let failure = (count > most).then(|| {
            OwnFailure::new(Cause::Decode, format!("The body is coded {count} times over; at most {most} are taken off."))
        });
        let allowance =
            Allowance { payload_bytes: 0, ratio_max: limits.decoded_ratio_max, free_bytes: limits.decoded_free_bytes };
        Self { layers: codings.into_iter().map(Layer::new).collect(), failure, seen: Vec::new(), allowance }
    }

    /// Takes the next bytes of the payload. After a failure they are passed over.
    pub(crate) fn feed(&mut self, payload: &[u8]) {
        self.allowance.payload_bytes += payload.len() as u64;
        if self.failure.is_none() {
            self.failure = feed(&mut self.layers, payload, self.allowance, &mut self.seen).err();
        }
    }

    /// The end of the body: its decoded beginning, and what went wrong. A body that did not come whole is not blamed for breaking
    /// off inside its coding.
    pub(crate) fn finish(mut self, whole: bool) -> (Vec<u8>, Option<OwnFailure>) {
        if whole && self.failure.is_none() {
            self.failure = finish(&mut self.layers, self.allowance, &mut self.seen).err();
        }
        (self.seen, self.failure)
    }
}

/// Passes bytes through layers, outermost first, to the kept beginning.
fn feed(layers: &mut [Layer], bytes: &[u8], allowance: Allowance, seen: &mut Vec<u8>) -> Result<(), OwnFailure> {
    match layers.split_first_mut() {
        Some((layer, inner)) => layer.feed(bytes, allowance, &mut |decoded| feed(inner, decoded, allowance, seen)),
        None => {
            let room = BODY_SEEN_BYTES_MAX - seen.len();
            seen.extend_from_slice(&bytes[..bytes.len().min(room)]);
            Ok(())
        }
    }
}

/// Ends layers one after the other, outermost first.
fn finish(layers: &mut [Layer], allowance: Allowance, seen: &mut Vec<u8>) -> Result<(), OwnFailure> {
    match layers.split_first_mut() {
        Some((layer, inner)) => {
            layer.finish(allowance, &mut |decoded| feed(inner, decoded, allowance, seen))?;
            finish(inner, allowance, seen)
        }
        None => Ok(()),
    }
}

#[cfg(test)]
mod tests {
    use flate2::Compression;
    use flate2::write::GzEncoder;
    use proptest::prelude::*;
    use std::io::Write;

    use super::*;

    fn decode(coding: &str, pieces: &[&[u8]]) -> (Vec<u8>, Option<OwnFailure>) {
        let mut decoding = Decoding::new(std::iter::once(coding.as_bytes()), &Limits::default());
        for piece in pieces {
            decoding.feed(piece);
        }
        decoding.finish(true)
    }

    fn gzipped(bytes: &[u8]) -> Vec<u8> {
        let mut encoder = GzEncoder::new(Vec::new(), Compression::fast());
        encoder.write_all(bytes).unwrap();
        encoder.finish().unwrap()
    }

    #[test]
    fn allowance_is_free_at_first_and_a_ratio_then() {
        let allowance = Allowance { payload_bytes: 10, ratio_max: 200, free_bytes: 1_000 };
        assert!(allowance.covers(2_000) && !allowance.covers(2_001));
        assert!(Allowance { payload_bytes: 1, ..allowance }.covers(1_000));
        assert!(!Allowance { payload_bytes: 1, ..allowance }.covers(1_001));
    }

    proptest! {
        #[test]
        fn any_bytes_under_any_coding_end_without_a_panic(
            coding in prop::sample::select(vec!["gzip", "deflate", "br", "zstd", "gzip, br", "zstd, deflate"]),
            bytes in prop::collection::vec(any::<u8>(), 0..600),
        ) {
            let (seen, failure) = decode(coding, &[&bytes]);
            prop_assert!(seen.len() <= BODY_SEEN_BYTES_MAX);
            prop_assert!(failure.is_none_or(|failure| failure.cause == Cause::Decode));
        }

        #[test]
        fn a_damaged_byte_is_found_or_harmless(
            bytes in prop::collection::vec(any::<u8>(), 1..3_000),
            at in any::<prop::sample::Index>(),
            damage in 1_u8..,
        ) {
            let mut body = gzipped(&bytes);
            let at = at.index(body.len());
            body[at] ^= damage;
            let (seen, failure) = decode("gzip", &[&body]);
            prop_assert!(failure.is_some() || seen == bytes);
        }

        #[test]
        fn it_does_not_matter_where_a_body_is_cut(
            bytes in prop::collection::vec(any::<u8>(), 0..3_000),
            cut in any::<prop::sample::Index>(),
        ) {
            let body = gzipped(&gzipped(&bytes));
            let (before, after) = body.split_at(cut.index(body.len()));
            prop_assert_eq!(decode("gzip, gzip", &[before, after]), (bytes, None));
        }
    }
}
