//! A URL as the user gave it, with what belongs to it.

use serde::{Deserialize, Serialize};
use url::Url;
use xxhash_rust::xxh3::Xxh3;

/// The longest URL that is taken, in bytes.
pub const URL_BYTES_MAX: usize = 16 * 1024;

/// A URL given by the user, with the request to make and what to carry through to its outcome row.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct SeedUrl {
    /// The input string, unchanged; rows report it.
    pub given: String,
    /// The request's method; `GET` unless the list says otherwise.
    pub method: String,
    /// Fields for this URL's requests.
    pub headers: Vec<(String, String)>,
    /// The request's body.
    pub body: Option<Vec<u8>>,
    /// The list's `meta` for this URL, as JSON text, carried through unread.
    pub meta: Option<String>,
}

/// Identity of a seed URL: a 128-bit hash of its method, canonical URL and body.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct UrlKey(pub u128);

/// Why a string is not a URL that can be fetched.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum UrlRefusal {
    /// Longer than [`URL_BYTES_MAX`].
    #[error("the URL is {bytes} bytes long; the limit is {URL_BYTES_MAX}")]
    TooLong {
        /// Its length.
        bytes: usize,
    },
    /// Not a URL at all.
    #[error("not a URL: {why}")]
    Unreadable {
        /// What the URL standard's parser says.
        why: String,
    },
    /// A scheme other than http and https.
    #[error("the scheme is {scheme}; only http and https are fetched")]
    Scheme {
        /// The scheme found.
        scheme: String,
    },
    /// A user name or password inside: it would end up in rows and logs.
    #[error("the URL holds a user name or a password; give them as a header, for example Authorization")]
    Credentials,
    /// NUL or another control character inside.
    #[error("the URL contains a control character")]
    ControlCharacter,
}

impl SeedUrl {
    /// A plain GET of a URL.
    #[must_use]
    pub fn get(given: impl Into<String>) -> Self {
        Self { given: given.into(), method: "GET".into(), headers: Vec::new(), body: None, meta: None }
    }

    /// The URL's identity within a job.
    ///
    /// # Errors
    /// Those of [`canonical`].
    pub fn key(&self) -> Result<UrlKey, UrlRefusal> {
        Ok(self.key_of(&canonical(&self.given)?))
    }

    /// The URL's identity within a job, where its canonical form is at hand.
    #[must_use]
    pub fn key_of(&self, canonical: &Url) -> UrlKey {
        UrlKey::of_request(&self.method, canonical.as_str(), self.body.as_deref())
    }
}

impl UrlKey {
    /// The identity of a request for a canonical URL.
    #[must_use]
    pub fn of_request(method: &str, canonical: &str, body: Option<&[u8]>) -> Self {
        let mut hash = Xxh3::new();
        hash.update(method.as_bytes());
        hash.update(b" ");
        hash.update(canonical.as_bytes());
        if let Some(body) = body {
            hash.update(b"\n");
            hash.update(body);
        }
        Self(hash.digest128())
    }
}

/// The canonical form that is asked and compared: as the URL standard serialises it, without its fragment.
///
/// # Errors
/// Says why the string is not a URL that can be fetched.
///
/// ```
/// use comeback_engine::seed_url::canonical;
/// assert_eq!(canonical("HTTP://Example.org:80/a/../b#top").unwrap().as_str(), "http://example.org/b");
/// assert!(canonical("ftp://example.org/").is_err());
/// ```
pub fn canonical(given: &str) -> Result<Url, UrlRefusal> {
    if given.len() > URL_BYTES_MAX {
        return Err(UrlRefusal::TooLong { bytes: given.len() });
    }
    let is_plain = given.bytes().all(|byte| matches!(byte, b' '..=b'~'));
    if !is_plain && given.chars().any(|character| character.is_control()) {
        return Err(UrlRefusal::ControlCharacter);
    }
    let mut url = Url::parse(given).map_err(|error| UrlRefusal::Unreadable { why: error.to_string() })?;
    if !matches!(url.scheme(), "http" | "https") {
        return Err(UrlRefusal::Scheme { scheme: url.scheme().to_owned() });
    }
    if !url.username().is_empty() || url.password().is_some() {
        return Err(UrlRefusal::Credentials);
    }
    url.set_fragment(None);
    Ok(url)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn same_page_has_the_same_key() {
        let one = SeedUrl::get("http://EXAMPLE.org").key().unwrap();
        let other = SeedUrl::get("http://example.org/#part").key().unwrap();
        assert_eq!(one, other);
    }

    #[test]
    fn method_and_body_are_part_of_the_key() {
        let get = SeedUrl::get("http://example.org/");
        let post = SeedUrl { method: "POST".into(), ..get.clone() };
        let with_body = SeedUrl { body: Some(b"x".to_vec()), ..post.clone() };
        assert_ne!(get.key(), post.key());
        assert_ne!(post.key(), with_body.key());
    }

    #[test]
    fn refusals_name_their_reason() {
        assert_eq!(canonical("mailto:a@b"), Err(UrlRefusal::Scheme { scheme: "mailto".into() }));
        assert_eq!(canonical("http://me:secret@a/"), Err(UrlRefusal::Credentials));
        assert_eq!(canonical("http://a/\0"), Err(UrlRefusal::ControlCharacter));
        assert!(matches!(canonical(&format!("http://a/{}", "x".repeat(100_000))), Err(UrlRefusal::TooLong { .. })));
        assert!(matches!(canonical("example.org"), Err(UrlRefusal::Unreadable { .. })));
    }
}
