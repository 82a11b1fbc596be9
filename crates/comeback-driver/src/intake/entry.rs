//! An entry of a list on its way to its batch, as bytes: what grouping and dropping need, without a second look at the URL.

use comeback_engine::host_key::HostKey;
use comeback_engine::seed_url::{SeedUrl, UrlKey, UrlRefusal, canonical};
use serde::{Deserialize, Serialize};

use crate::error::DriverError;

/// One entry.
#[derive(Debug, PartialEq, Serialize, Deserialize)]
pub(super) struct Entry {
    pub(super) host: HostKey,
    /// Whether a list from a public address named it.
    pub(super) from_public: bool,
    /// Its identity, where that is not at hand: the URL is not in its canonical form, or the request is none of GET alone.
    key: Option<u128>,
    given: String,
    /// All but the URL, where it is not a plain GET.
    more: Option<Box<SeedUrl>>,
}

impl Entry {
    /// The entry of a seed URL; `None` where it has no host.
    pub(super) fn of(seed: SeedUrl, from_public: bool) -> Result<Option<Self>, UrlRefusal> {
        let url = canonical(&seed.given)?;
        let Some(host) = HostKey::of(&url) else { return Ok(None) };
        let is_plain = seed.method == "GET" && seed.headers.is_empty() && seed.body.is_none() && seed.meta.is_none();
        let key = (!is_plain || url.as_str() != seed.given).then(|| seed.key_of(&url).0);
        let (given, more) = if is_plain { (seed.given, None) } else { (String::new(), Some(Box::new(seed))) };
        Ok(Some(Self { host, from_public, key, given, more }))
    }

    /// Its identity within the job.
    pub(super) fn key(&self) -> UrlKey {
        self.key.map_or_else(|| UrlKey::of_request("GET", &self.given, None), UrlKey)
    }

    /// The seed URL again.
    pub(super) fn into_seed(self) -> (HostKey, SeedUrl) {
        (self.host, self.more.map_or_else(|| SeedUrl::get(self.given), |seed| *seed))
    }

    /// Writes it behind others.
    pub(super) fn append_to(&self, bytes: &mut Vec<u8>) {
        let before = std::mem::take(bytes);
        *bytes = postcard::to_extend(self, before).expect("encoding into a growing buffer meets no limit");
    }

    /// Reads the first of some; gives what is left of them.
    pub(super) fn take_from(bytes: &[u8]) -> Result<(Self, &[u8]), DriverError> {
        postcard::take_from_bytes(bytes).map_err(|error| DriverError::damaged_runs(error.to_string()))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn entries_read_back_with_the_identity_that_they_had() {
        let plain = SeedUrl::get("http://a.example/x");
        let fragment = SeedUrl::get("HTTP://A.example/x#top");
        let post = SeedUrl { method: "POST".into(), body: Some(b"x".to_vec()), ..plain.clone() };
        let mut bytes = Vec::new();
        for seed in [&plain, &fragment, &post] {
            Entry::of(seed.clone(), true).unwrap().unwrap().append_to(&mut bytes);
        }
        let mut rest = bytes.as_slice();
        for seed in [plain, fragment, post] {
            let (entry, after) = Entry::take_from(rest).unwrap();
            rest = after;
            assert_eq!(entry.key(), seed.key().unwrap());
            assert!(entry.from_public);
            assert_eq!(entry.into_seed().1, seed);
        }
        assert!(rest.is_empty());
        assert!(Entry::take_from(&bytes[..bytes.len() - 1]).is_ok() && Entry::take_from(&[0xff]).is_err());
    }
}
