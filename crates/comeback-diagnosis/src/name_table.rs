//! What hangs on a name, in any ASCII case, found at the same price however many names there are.
//!
//! A table of its own: the standard's hash map draws its seed by chance, and a search tree costs more with each name. It is built
//! once from knowledge; strangers only look names up, so that none of them can crowd a bucket.

use std::collections::BTreeMap;

/// The longest name that is known.
pub(crate) const NAME_BYTES_MAX: usize = 128;

/// Buckets for each name: most are empty or hold one.
const BUCKETS_A_NAME: usize = 4;

/// Names in lower case, each with what hangs on it.
#[derive(Debug, Clone)]
pub(crate) struct NameTable<T> {
    /// As many buckets as a power of two.
    buckets: Vec<Vec<(String, T)>>,
}

impl<T> NameTable<T> {
    /// The table of these names, which are in lower case.
    pub(crate) fn of(names: BTreeMap<String, T>) -> Self {
        let count = (names.len() * BUCKETS_A_NAME).next_power_of_two();
        let mut buckets = Vec::with_capacity(count);
        buckets.resize_with(count, Vec::new);
        let mut table = Self { buckets };
        for (name, hanging) in names {
            let place = table.place(name.as_bytes());
            table.buckets[place].push((name, hanging));
        }
        table
    }

    /// What hangs on a name, in any ASCII case.
    pub(crate) fn get(&self, name: &[u8]) -> Option<&T> {
        if name.len() > NAME_BYTES_MAX {
            return None;
        }
        let is_it = |(known, _): &&(String, T)| known.as_bytes().eq_ignore_ascii_case(name);
        self.buckets[self.place(name)].iter().find(is_it).map(|(_, hanging)| hanging)
    }

    /// The bucket of a name: FNV-1a over its bytes in lower case.
    fn place(&self, name: &[u8]) -> usize {
        let mix = |hash: u64, byte: &u8| (hash ^ u64::from(byte.to_ascii_lowercase())).wrapping_mul(0x0100_0000_01b3);
        let hash = name.iter().fold(0xcbf2_9ce4_8422_2325, mix);
        let mask = self.buckets.len() - 1;
        usize::try_from(hash >> 32).unwrap_or_default() & mask
    }
}

impl<T> Default for NameTable<T> {
    fn default() -> Self {
        Self::of(BTreeMap::new())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_found_in_any_case_and_nothing_else_is() {
        let names = (0..500).map(|number| (format!("x-name-{number}"), number));
        let table = NameTable::of(names.collect());
        assert!((0..500).all(|number| table.get(format!("X-Name-{number}").as_bytes()) == Some(&number)));
        for other in ["", "x-name", "x-name-500", &"x".repeat(NAME_BYTES_MAX + 1)] {
            assert_eq!(table.get(other.as_bytes()), None);
        }
        assert_eq!(NameTable::<u8>::default().get(b"x"), None);
    }
}
