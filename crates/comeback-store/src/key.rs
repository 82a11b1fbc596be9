//! Keys of the database: partition, then place, both big-endian, so that byte order is the order of places.

use std::ops::RangeInclusive;

use comeback_engine::ids::PartitionId;

/// A partition's number and a place in it.
pub(crate) type Key = [u8; 10];

pub(crate) fn key(partition: PartitionId, place: u64) -> Key {
    let mut key = [0; 10];
    key[..2].copy_from_slice(&partition.0.to_be_bytes());
    key[2..].copy_from_slice(&place.to_be_bytes());
    key
}

/// All keys of a partition from a place on.
pub(crate) fn keys_from(partition: PartitionId, from: u64) -> RangeInclusive<Key> {
    key(partition, from)..=key(partition, u64::MAX)
}

/// The place in a key; `None` for bytes that are no key.
pub(crate) fn place_of(key: &[u8]) -> Option<u64> {
    let place = key.get(2..)?.try_into().ok()?;
    Some(u64::from_be_bytes(place))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn byte_order_is_the_order_of_places() {
        let keys = [(0, 255), (0, 256), (0, u64::MAX), (1, 0), (255, 9), (256, 1)].map(|(partition, place)| {
            assert_eq!(place_of(&key(PartitionId(partition), place)), Some(place));
            key(PartitionId(partition), place)
        });
        assert!(keys.is_sorted());
    }

    #[test]
    fn other_bytes_are_no_key() {
        assert_eq!(place_of(b""), None);
        assert_eq!(place_of(b"12345678901"), None);
    }
}
