//! Prints how well diagnosis does on the labelled answers: `cargo run --release -p corpus [-- --misses] [FOLDER]`.

use std::path::PathBuf;
use std::process::ExitCode;

use comeback_diagnosis::knowledge::Knowledge;
use corpus::answer::{Answer, FOLDS};
use corpus::calibration::bins;
use corpus::error::CorpusError;
use corpus::score::{Ground, Judged, Score};

fn main() -> ExitCode {
    match run() {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("error: {error}");
            ExitCode::FAILURE
        }
    }
}

fn run() -> Result<(), CorpusError> {
    let mut wants_misses = false;
    let mut folder = PathBuf::from(concat!(env!("CARGO_MANIFEST_DIR"), "/answers"));
    for word in std::env::args().skip(1) {
        match word.as_str() {
            "--misses" => wants_misses = true,
            _ => folder = PathBuf::from(word),
        }
    }
    let answers = Answer::read_all(&folder)?;
    let knowledge = Knowledge::builtin();
    let judged: Vec<Judged<'_>> = answers.iter().map(|answer| Judged::of(answer, &knowledge)).collect();
    for fold in 0..FOLDS {
        let part: Vec<_> = judged.iter().filter(|one| one.answer.fold() == fold).copied().collect();
        println!("fold {fold}\n{}", Score::of(&part));
    }
    println!("all\n{}", Score::of(&judged));
    println!("calibration: confidence, share that names the very label, answers");
    for bin in bins(&judged).iter().filter(|bin| bin.count > 0) {
        println!("  {:.2}  {:.2}  {}", bin.mean(bin.confidence), bin.mean(bin.right), bin.count);
    }
    for ground in [Ground::Product, Ground::Common, Ground::Status] {
        let part: Vec<_> = judged.iter().filter(|one| one.ground == ground).copied().collect();
        println!("resting on {ground:?}");
        for bin in bins(&part).iter().filter(|bin| bin.count > 0) {
            println!("  {:.2}  {:.2}  {}", bin.mean(bin.confidence), bin.mean(bin.right), bin.count);
        }
    }
    if wants_misses {
        for one in judged.iter().filter(|one| !one.cause_is_right()) {
            let Judged { answer, said, confidence, ground: _ } = one;
            let Answer { status, gold, id, product, .. } = answer;
            println!("fold {}: {status} {gold} said {said} {confidence:.2} {id} [{product}]", answer.fold());
            for fact in answer.diagnosed(&knowledge).evidence.iter().filter(|fact| fact.weight != 0.0) {
                println!("    {:.2} {}", fact.weight, fact.what);
            }
        }
    }
    Ok(())
}
