//! The figures that the project promises hold on the material that is kept here.

use std::collections::BTreeSet;
use std::path::Path;

use comeback_diagnosis::cause::Cause;
use comeback_diagnosis::family::Family;
use comeback_diagnosis::knowledge::Knowledge;
use corpus::answer::Answer;
use corpus::score::{Judged, Score};

fn answers() -> Vec<Answer> {
    Answer::read_all(Path::new(concat!(env!("CARGO_MANIFEST_DIR"), "/answers"))).expect("the answers are readable")
}

fn judged<'a>(answers: &'a [Answer], knowledge: &Knowledge) -> Vec<Judged<'a>> {
    answers.iter().map(|answer| Judged::of(answer, knowledge)).collect()
}

#[test]
fn every_answer_has_a_name_a_source_and_a_label_that_a_response_can_have() {
    let mut names = BTreeSet::new();
    for answer in answers() {
        assert!(!answer.source.is_empty() && (100..=999).contains(&answer.status), "{}", answer.id);
        assert!(answer.gold.family() != Family::OwnSide, "{}", answer.id);
        assert!(answer.gold == Cause::Unknown || !answer.twins.contains(&answer.gold), "{}", answer.id);
        assert!(names.insert((answer.id, answer.product, answer.gold)), "an answer is there twice");
    }
}

#[test]
fn no_harmless_answer_is_called_a_block_or_a_rate() {
    let (answers, knowledge) = (answers(), Knowledge::builtin());
    let score = Score::of(&judged(&answers, &knowledge));
    assert_eq!(score.false_alarms.hits, 0, "{score}");
    assert_eq!(score.trouble_called_block.hits, 0, "{score}");
}

#[test]
fn diagnosis_is_as_good_as_it_was() {
    let (answers, knowledge) = (answers(), Knowledge::builtin());
    let score = Score::of(&judged(&answers, &knowledge));
    let at_least = |share: corpus::score::Share, least: f64| share.ratio().is_some_and(|ratio| ratio >= least);
    assert!(at_least(score.family, 0.97) && at_least(score.cause, 0.96) && at_least(score.blocks_found, 0.95), "{score}");
    // Confidences are those of answers that no rule was written for, so these here, which are known, are right more often than said.
    assert!(score.calibration_error < 0.1, "{score}");
}
