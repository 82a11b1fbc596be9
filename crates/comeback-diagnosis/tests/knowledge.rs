//! The knowledge is whole: every file is listed, every fact has a source, every signature fires on its example and not on its
//! counter-example.

use std::collections::BTreeSet;

use comeback_diagnosis::cause::Cause;
use comeback_diagnosis::clock::WallTime;
use comeback_diagnosis::diagnosis::{Remedy, Responder};
use comeback_diagnosis::error::DiagnosisError;
use comeback_diagnosis::exchange::BODY_SEEN_BYTES_MAX;
use comeback_diagnosis::knowledge::{Knowledge, KnowledgeFiles};
use comeback_diagnosis::raw_response::RawResponse;
use comeback_diagnosis::signature::Signature;

fn signatures(knowledge: &Knowledge) -> impl Iterator<Item = (Option<&str>, &Signature)> {
    knowledge.products().flat_map(|file| file.signature.iter().map(|signature| (file.product.as_deref(), signature)))
}

fn names_fired(knowledge: &Knowledge, saved: &str) -> Vec<String> {
    let raw = RawResponse::parse(saved.as_bytes()).expect("examples are responses");
    let fields = raw.borrowed_fields();
    let response = raw.exchange(&fields, WallTime(0)).response.expect("a response");
    knowledge.fired(&response).into_iter().map(|(_, signature)| signature.name.clone()).collect()
}

#[test]
#[expect(clippy::disallowed_methods, reason = "only a test can compare the list with the folder")]
fn every_file_of_signatures_and_languages_is_compiled_in() {
    let count = |folder: &str| {
        let folder = format!("{}/knowledge/{folder}", env!("CARGO_MANIFEST_DIR"));
        std::fs::read_dir(folder).expect("the folder is there").count()
    };
    assert_eq!(Knowledge::builtin().products().count(), count("signatures") + count("languages"));
}

#[test]
fn every_signature_has_a_name_of_its_own_a_source_and_a_weight() {
    let knowledge = Knowledge::builtin();
    let mut names = BTreeSet::new();
    for (_, signature) in signatures(&knowledge) {
        assert!(names.insert(&signature.name), "{} is there twice", signature.name);
        assert!(!signature.source.is_empty() && !signature.says.is_empty(), "{} has no source", signature.name);
        assert!(signature.weight > 0.0 && signature.weight <= 1.0, "{} weighs {}", signature.name, signature.weight);
        assert!(!signature.when.status.is_empty(), "{} names no status", signature.name);
    }
}

#[test]
fn no_signature_fires_on_a_phrase_in_a_long_page() {
    let knowledge = Knowledge::builtin();
    for (_, signature) in signatures(&knowledge) {
        let when = &signature.when;
        let has_phrases = [&when.all_phrases, &when.any_phrase, &when.all_words, &when.wording].iter().any(|any| !any.is_empty());
        let is_short = [when.body_bytes_max, when.text_bytes_max].into_iter().flatten().any(|max| max < BODY_SEEN_BYTES_MAX);
        assert!(!has_phrases || is_short, "{} searches bodies of any length", signature.name);
        let has_fields = when.limit_spent || [&when.fields, &when.any_field].iter().any(|any| !any.is_empty());
        let has_anchor = has_phrases || has_fields || when.page.is_some() || !when.any_reason.is_empty();
        assert!(has_anchor, "{} rests on the status alone", signature.name);
    }
}

#[test]
fn every_signature_fires_on_its_example_and_not_on_its_counter_example() {
    let knowledge = Knowledge::builtin();
    for (_, signature) in signatures(&knowledge) {
        assert!(names_fired(&knowledge, &signature.example).contains(&signature.name), "{} is silent", signature.name);
        assert!(!names_fired(&knowledge, &signature.counter_example).contains(&signature.name), "{} misfires", signature.name);
    }
}

#[test]
fn every_example_is_explained_by_its_own_cause_and_product() {
    let knowledge = Knowledge::builtin();
    let mut wrong = Vec::new();
    for (product, signature) in signatures(&knowledge) {
        let raw = RawResponse::parse(signature.example.as_bytes()).expect("examples are responses");
        let explanation = knowledge.explain("example", &raw, WallTime(0));
        if signature.cause.is_some_and(|cause| cause != explanation.cause) {
            wrong.push((&signature.name, explanation.cause));
        }
        if let Some(product) = product {
            assert_eq!(explanation.product.as_deref(), Some(product), "{}", signature.name);
            assert_ne!(explanation.responder, Responder::Unknown, "{}", signature.name);
        }
        assert!(explanation.evidence.iter().any(|fact| fact.what == signature.says), "{}", signature.name);
    }
    assert_eq!(wrong, []);
}

#[test]
fn refusals_of_robots_are_parked_and_trouble_is_waited_for() {
    let knowledge = Knowledge::builtin();
    for cause in Cause::ALL {
        let facts = knowledge.cause(cause);
        assert!(!facts.sources.is_empty() && !facts.meaning.is_empty(), "{cause} has no source");
        assert!(facts.advice.ends_with('.'), "the advice for {cause} is no sentence");
        let waits = matches!(facts.remedy, Remedy::Wait | Remedy::SlowDown);
        assert!(!(waits && facts.waiting_helps == Some(false)), "{cause} is waited for in vain");
    }
    for cause in [Cause::BotChallenge, Cause::WafBlock, Cause::SoftBlock, Cause::IpBan, Cause::GeoBlock, Cause::LoginWall] {
        assert_eq!((knowledge.cause(cause).remedy, knowledge.cause(cause).waiting_helps), (Remedy::Park, Some(false)), "{cause}");
    }
}

#[test]
fn a_response_never_names_a_cause_of_our_side_a_route_or_a_provider() {
    let own = [
        "dns",
        "connect_refused",
        "connect_timeout",
        "tls",
        "reset",
        "read_timeout",
        "protocol",
        "too_large",
        "decode",
        "redirect",
        "address_refused",
        "egress_fault",
        "browser_fault",
        "provider_rate_limit",
        "provider_credits",
        "provider_overload",
        "provider_fault",
        "budget",
    ];
    let knowledge = Knowledge::builtin();
    for cause in own.map(|word| Cause::from_word(word).expect("a cause")) {
        assert!(signatures(&knowledge).all(|(_, signature)| signature.cause != Some(cause)), "a signature names {cause}");
        assert!((100..=999).all(|status| knowledge.status(status).cause != cause), "a status names {cause}");
    }
}

#[test]
fn a_broken_file_is_named() {
    let whole = KnowledgeFiles {
        causes: include_str!("../knowledge/causes.toml"),
        statuses: include_str!("../knowledge/statuses.toml"),
        situations: include_str!("../knowledge/situations.toml"),
        languages: &[],
        signatures: &[],
    };
    assert!(Knowledge::parse(&whole).is_ok());
    let mine = &[("mine.toml", "responder = 'proxy'")];
    let odd = &[("odd.toml", "language = 'Odd'\nwording.tls = ['a']")];
    for (broken, name) in [
        (KnowledgeFiles { causes: "", ..whole }, "causes.toml"),
        (KnowledgeFiles { statuses: "status = []", ..whole }, "statuses.toml"),
        (KnowledgeFiles { situations: "situation = 1", ..whole }, "situations.toml"),
        (KnowledgeFiles { languages: odd, ..whole }, "odd.toml"),
        (KnowledgeFiles { signatures: mine, ..whole }, "mine.toml"),
    ] {
        let error = Knowledge::parse(&broken).expect_err("a broken file");
        assert!(matches!(&error, DiagnosisError::Knowledge { file, .. } if file == name), "{error}");
    }
}
