//! The fuzz targets, briefly, on random bytes and on what their readers look for.

use comeback_diagnosis::knowledge::Knowledge;
use fuzz::readers;
use pieces::PIECES;
use proptest::prelude::*;

mod pieces;

fn input() -> impl Strategy<Value = Vec<u8>> {
    let piece = prop_oneof![
        proptest::sample::select(PIECES.as_slice()).prop_map(|piece| piece.as_bytes().to_vec()),
        proptest::collection::vec(any::<u8>(), 0..40),
    ];
    proptest::collection::vec(piece, 0..40).prop_map(|pieces| pieces.concat())
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 512, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn readers_of_fields_and_responses_take_anything(bytes in input()) {
        readers::retry_after(&bytes);
        readers::rate_limit(&bytes);
        readers::raw_response(&bytes);
    }

    #[test]
    fn readers_of_saved_files_take_anything(bytes in input()) {
        readers::curl_paste(&bytes);
        readers::har(&bytes);
    }
}

#[test]
fn the_matcher_takes_anything() {
    let knowledge = Knowledge::builtin();
    proptest!(ProptestConfig { cases: 512, failure_persistence: None, ..ProptestConfig::default() }, |(bytes in input())| {
        readers::matcher(&knowledge, &bytes);
    });
}
