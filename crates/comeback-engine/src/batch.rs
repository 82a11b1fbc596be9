//! Host batches: up to 256 URLs of one host, the unit of storage.
//!
//! A batch has a head (what the index needs), a body (the URLs) and, once touched, a progress (which URLs are settled, and
//! what is known of those that are not). The body is never changed; the progress lives in commits.

use std::collections::BTreeMap;

use comeback_diagnosis::cause::Cause;
use comeback_diagnosis::clock::WallTime;
use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};

use crate::host_key::HostKey;
use crate::ids::JobId;
use crate::outcome::CapturePlace;
use crate::seed_url::SeedUrl;
use crate::store::StoredBatch;

/// How many URLs a batch holds at most; an index into it fits a byte.
pub const BATCH_URLS_MAX: usize = 256;

/// What the frontier's index needs of a batch.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct BatchHead {
    /// Whose URLs they are.
    pub job: JobId,
    /// Which host they are on.
    pub host: HostKey,
    /// How many there are: 1 to [`BATCH_URLS_MAX`].
    pub count: u16,
    /// Whether only a list from a public address named them: as after a redirect from one, private addresses are refused.
    pub from_public: bool,
}

/// A head as it was before lists came from the web.
#[derive(Deserialize)]
struct HeadWithoutOrigin {
    job: JobId,
    host: HostKey,
    count: u16,
}

/// A batch or commit that cannot be read back: the store's content is damaged, or from a newer version.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("the {what} in the store cannot be read: {why}")]
pub struct Unreadable {
    /// What was read: `batch head`, `batch body`, `log record`.
    pub what: &'static str,
    /// What the decoder says.
    pub why: String,
}

/// The first byte of a stored batch's body.
const FORMAT: u8 = 1;
/// The first byte of a stored batch's head.
const HEAD_FORMAT: u8 = 2;
/// The first byte of a head that does not say who named its URLs.
const HEAD_FORMAT_WITHOUT_ORIGIN: u8 = 1;

/// Encodes a value for the store: a format byte, then postcard.
pub(crate) fn encode_as<T: Serialize>(format: u8, value: &T) -> Vec<u8> {
    postcard::to_extend(value, vec![format])
        .expect("encoding into a growing buffer meets no limit, and our types have known lengths")
}

/// Decodes what [`encode_as`] wrote in this format; any other is refused.
pub(crate) fn decode<T: DeserializeOwned>(format: u8, what: &'static str, bytes: &[u8]) -> Result<T, Unreadable> {
    match bytes.split_first() {
        Some((said, rest)) if *said == format => {
            postcard::from_bytes(rest).map_err(|error| Unreadable { what, why: error.to_string() })
        }
        other => {
            Err(Unreadable { what, why: format!("its format byte is {:?}, known is {format}", other.map(|(said, _)| said)) })
        }
    }
}

impl BatchHead {
    /// The batch as the store keeps it.
    ///
    /// # Panics
    /// When there are no URLs, or more than [`BATCH_URLS_MAX`].
    #[must_use]
    pub fn store(job: JobId, host: HostKey, from_public: bool, urls: &[SeedUrl]) -> StoredBatch {
        assert!(!urls.is_empty() && urls.len() <= BATCH_URLS_MAX, "a batch holds 1 to {BATCH_URLS_MAX} URLs");
        let count = u16::try_from(urls.len()).expect("256 fits a u16");
        let head = Self { job, host, count, from_public };
        StoredBatch { head: encode_as(HEAD_FORMAT, &head), body: encode_as(FORMAT, &urls) }
    }

    /// Reads a stored head.
    ///
    /// # Errors
    /// When it is damaged.
    pub fn read(bytes: &[u8]) -> Result<Self, Unreadable> {
        if bytes.first() == Some(&HEAD_FORMAT_WITHOUT_ORIGIN) {
            let HeadWithoutOrigin { job, host, count } = decode(HEAD_FORMAT_WITHOUT_ORIGIN, "batch head", bytes)?;
            return Ok(Self { job, host, count, from_public: false });
        }
        decode(HEAD_FORMAT, "batch head", bytes)
    }
}

/// Reads a stored body.
///
/// # Errors
/// When it is damaged.
pub fn read_body(bytes: &[u8]) -> Result<Vec<SeedUrl>, Unreadable> {
    decode(FORMAT, "batch body", bytes)
}

/// Which URLs of a batch are settled: one bit each.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct SettledBits([u64; 4]);

impl SettledBits {
    /// All of them.
    pub const ALL: Self = Self([u64::MAX; 4]);

    /// Unmarks all that another marks.
    pub fn remove_all(&mut self, other: Self) {
        self.0.iter_mut().zip(other.0).for_each(|(word, other)| *word &= !other);
    }

    /// Whether a URL is settled.
    #[must_use]
    pub fn contains(&self, index: u8) -> bool {
        self.0[usize::from(index / 64)] & (1 << (index % 64)) != 0
    }

    /// Marks a URL as settled; says whether it was not before.
    pub fn insert(&mut self, index: u8) -> bool {
        let fresh = !self.contains(index);
        self.0[usize::from(index / 64)] |= 1 << (index % 64);
        fresh
    }

    /// Unmarks what lies at or above an index.
    #[must_use]
    pub fn below(mut self, count: u16) -> Self {
        (0..=u8::MAX).filter(|index| u16::from(*index) >= count).for_each(|index| {
            self.0[usize::from(index / 64)] &= !(1 << (index % 64));
        });
        self
    }

    /// How many are settled.
    #[must_use]
    pub fn count(&self) -> u16 {
        self.0.iter().map(|word| word.count_ones()).sum::<u32>().try_into().expect("at most 256 bits are set")
    }
}

/// What is known of an unsettled URL that has been asked.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
pub struct UrlProgress {
    /// All requests made for it.
    pub requests: u32,
    /// Failures that happened while its host was answering others.
    pub failures: u32,
    /// Failures charged to it.
    pub charged: u32,
    /// When its first request was sent.
    pub first_at: Option<WallTime>,
    /// How its last request ended.
    pub last: Option<LastAnswer>,
}

/// How the last request for a URL ended.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct LastAnswer {
    /// The status; `None` when nobody answered.
    pub status: Option<u16>,
    /// What diagnosis said.
    pub cause: Cause,
    /// The payload's length in bytes.
    pub bytes: u64,
    /// Where its capture lies.
    pub capture: Option<CapturePlace>,
    /// The facts, for people.
    pub evidence: Vec<String>,
}

/// How far a batch has come.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
pub struct BatchProgress {
    /// Which URLs are settled.
    pub settled: SettledBits,
    /// What is known of URLs that have been asked and are not settled.
    pub asked: BTreeMap<u8, UrlProgress>,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_stored_batch_reads_back() {
        let urls = vec![SeedUrl::get("http://a/1"), SeedUrl { meta: Some("{\"n\":1}".into()), ..SeedUrl::get("http://a/2") }];
        let host = HostKey::of(&"http://a/".parse().unwrap()).unwrap();
        let stored = BatchHead::store(JobId(7), host.clone(), true, &urls);
        assert_eq!(BatchHead::read(&stored.head).unwrap(), BatchHead { job: JobId(7), host, count: 2, from_public: true });
        assert_eq!(read_body(&stored.body).unwrap(), urls);
    }

    /// Stores of earlier versions hold such heads: the format byte, job 1, the host key with its length, 3 URLs.
    #[test]
    fn a_head_of_the_first_format_reads_as_the_users_own() {
        let host = HostKey::of(&"http://a/".parse().unwrap()).unwrap();
        let stored = b"\x01\x01\x0bhttp://a:80\x03";
        assert_eq!(BatchHead::read(stored).unwrap(), BatchHead { job: JobId(1), host, count: 3, from_public: false });
    }

    #[test]
    fn damage_is_an_error() {
        assert!(BatchHead::read(&[]).is_err());
        assert!(BatchHead::read(&[9, 1, 2]).is_err());
        assert!(read_body(&[FORMAT, 0xff, 0xff, 0xff]).is_err());
    }

    #[test]
    fn each_of_256_urls_has_its_own_bit() {
        let mut bits = SettledBits::default();
        for index in 0..=u8::MAX {
            assert!(bits.insert(index));
            assert!(!bits.insert(index));
        }
        assert_eq!(bits.count(), 256);
    }
}
