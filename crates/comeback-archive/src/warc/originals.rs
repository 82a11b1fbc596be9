//! The payloads that a revisit record may refer to: a bounded memory of what this partition wrote lately.
//!
//! An entry is made after its record was appended. A partition's commit covers all that it appended before, so a committed
//! revisit never refers to an original that recovery cut away. The memory is not persisted: after a restart payloads are
//! written anew, which costs space and nothing else.

use std::collections::{HashMap, VecDeque};

use comeback_engine::outcome::CapturePlace;

use super::digest::Sha1Bytes;

/// The longest target URI that is remembered, in bytes; it bounds the memory together with the count.
const URI_BYTES_MAX: usize = 2048;

/// What makes two payloads the same for us. Framing is part of it, since payloads are digested as they came.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(crate) struct PayloadKey {
    pub(crate) digest: Sha1Bytes,
    pub(crate) bytes: u64,
    pub(crate) is_chunked: bool,
}

/// A response record with a whole payload.
#[derive(Debug, Clone)]
pub(crate) struct Original {
    pub(crate) record_id: String,
    pub(crate) target_uri: String,
    pub(crate) date: String,
    pub(crate) place: CapturePlace,
}

/// The memory: at most `count_max` originals, the oldest forgotten first.
pub(crate) struct Originals {
    count_max: usize,
    by_key: HashMap<PayloadKey, Original>,
    oldest_first: VecDeque<PayloadKey>,
}

impl Originals {
    pub(crate) fn new(count_max: usize) -> Self {
        Self { count_max, by_key: HashMap::new(), oldest_first: VecDeque::new() }
    }

    pub(crate) fn find(&self, key: &PayloadKey) -> Option<&Original> {
        self.by_key.get(key)
    }

    pub(crate) fn remember(&mut self, key: PayloadKey, original: Original) {
        if self.count_max == 0 || original.target_uri.len() > URI_BYTES_MAX || self.by_key.contains_key(&key) {
            return;
        }
        while self.by_key.len() >= self.count_max {
            let oldest = self.oldest_first.pop_front().expect("each remembered key stands in the queue once");
            self.by_key.remove(&oldest);
        }
        self.oldest_first.push_back(key);
        self.by_key.insert(key, original);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn key(number: u8) -> PayloadKey {
        PayloadKey { digest: [number; 20], bytes: 1, is_chunked: false }
    }

    fn original(target_uri: &str) -> Original {
        let place = CapturePlace { file: "warc/p000-0001.warc.gz".into(), offset: 0, length: 1 };
        Original { record_id: String::new(), target_uri: target_uri.into(), date: String::new(), place }
    }

    #[test]
    fn oldest_is_forgotten_first() {
        let mut originals = Originals::new(2);
        for number in 1..=3 {
            originals.remember(key(number), original("http://a/"));
            originals.remember(key(number), original("http://b/"));
        }
        assert!(originals.find(&key(1)).is_none());
        assert_eq!(originals.find(&key(2)).unwrap().target_uri, "http://a/");
        assert!(originals.find(&key(3)).is_some());
    }

    #[test]
    fn nothing_is_remembered_beyond_the_limits() {
        let mut none = Originals::new(0);
        none.remember(key(1), original("http://a/"));
        assert!(none.find(&key(1)).is_none());
        let mut originals = Originals::new(2);
        originals.remember(key(1), original(&"x".repeat(URI_BYTES_MAX + 1)));
        assert!(originals.find(&key(1)).is_none());
    }
}
