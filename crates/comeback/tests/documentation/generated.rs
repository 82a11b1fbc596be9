//! Sections of the documentation that are written from the program: what it knows of causes, and its settings.
//!
//! A section stands between `<!-- generated: NAME -->` and `<!-- end -->`; the prose around it is a person's.

use std::fmt::Write as _;
use std::process::Command;

use comeback::config::{Key, KeyKind};
use comeback::{Cause, Knowledge};
use comeback_engine::diagnosis::cause_facts::WhoPays;
use comeback_engine::diagnosis::diagnosis::{Remedy, Scope};

/// The opening of a section, up to its name.
const OPENING: &str = "<!-- generated: ";

/// The end of a section.
const END: &str = "<!-- end -->";

/// Where each family of causes begins in [`Cause::ALL`], and what is common to it.
const FAMILIES: [(Cause, &str, &str); 5] = [
    (
        Cause::Overload,
        "The server is in trouble, or wants fewer requests",
        "Mostly a matter of time: comeback waits, asks more slowly, and probes.",
    ),
    (
        Cause::BotChallenge,
        "The site turns robots away",
        "Waiting does not help. comeback park the URL after one request and tries no way round it.",
    ),
    (Cause::Dns, "No whole answer came", "What went wrong on our side of the wire, or on the way."),
    (Cause::EgressFault, "A route failed", "The site is not to blame, and neither is the URL."),
    (Cause::Budget, "The rest", "What is nobody's failure, or cannot be told."),
];

type Writer = fn() -> String;

/// The sections and what writes them.
const SECTIONS: [(&str, Writer); 2] = [("causes", causes), ("settings", settings)];

/// A page with its generated sections as the program would write them today.
pub(crate) fn renewed(text: &str) -> String {
    let mut pieces = text.split(OPENING);
    let mut page = pieces.next().unwrap().to_owned();
    for piece in pieces {
        let (name, rest) = piece.split_once(" -->").unwrap();
        let (_, after) = rest.split_once(END).unwrap();
        let (_, write) = SECTIONS.iter().find(|(known, _)| *known == name).expect("a section has its writer");
        let content = write();
        write!(page, "{OPENING}{name} -->\n\n{content}\n{END}{after}").unwrap();
    }
    page
}

fn settings() -> String {
    let help = Command::new(env!("CARGO_BIN_EXE_comeback")).args(["config", "--help"]).output().unwrap();
    let help = String::from_utf8(help.stdout).unwrap();
    let flags: Vec<_> = help.split_whitespace().filter(|word| word.starts_with("--")).collect();
    let mut table = "| key | flag | kind | default | what it is |\n|---|---|---|---|---|\n".to_owned();
    for key in Key::ALL {
        let (name, flag, kind, meaning) = (key.name(), key.flag(), kind_words(key.kind()), key.meaning());
        let flag = if flags.contains(&flag.as_str()) { format!("`{flag}`") } else { String::new() };
        let default = key.default_value().map_or_else(|| "none".to_owned(), |value| format!("`{value}`"));
        writeln!(table, "| `{name}` | {flag} | {kind} | {default} | {meaning} |").unwrap();
    }
    // It would change with each release.
    table.replace(concat!("comeback/", env!("CARGO_PKG_VERSION")), "comeback/VERSION")
}

/// How a value of a kind is called in the page's own words.
const fn kind_words(kind: KeyKind) -> &'static str {
    match kind {
        KeyKind::Duration => "duration",
        KeyKind::Size => "size",
        KeyKind::Count => "number",
        KeyKind::Text => "text",
        KeyKind::Switch => "true or false",
        KeyKind::List { separator: _ } => "list",
    }
}

fn causes() -> String {
    let knowledge = Knowledge::builtin();
    let mut text = String::new();
    for cause in Cause::ALL {
        if let Some((_, title, common)) = FAMILIES.iter().find(|(first, _, _)| *first == cause) {
            let space = if text.is_empty() { "" } else { "\n" };
            write!(text, "{space}## {title}\n\n{common}\n").unwrap();
        }
        let facts = knowledge.cause(cause);
        let helps = match facts.waiting_helps {
            Some(true) => "Waiting helps",
            Some(false) => "Waiting does not help",
            None => "Nobody can say whether waiting helps",
        };
        write!(text, "\n### {cause}\n\n{} {helps}; {}.\n\n", facts.meaning, scope_words(facts.scope)).unwrap();
        writeln!(text, "- What comeback does: {}; {}.", remedy_words(facts.remedy), charge_words(facts.who_pays)).unwrap();
        writeln!(text, "- What you can do: {}", facts.advice).unwrap();
    }
    text
}

const fn scope_words(scope: Scope) -> &'static str {
    match scope {
        Scope::Url => "it speaks for the URL alone",
        Scope::Path => "it speaks for all URLs below a path",
        Scope::Host => "it speaks for the whole host",
        Scope::Group => "it speaks for all hosts of one server or edge",
        Scope::Account => "it speaks for your account at a provider",
        Scope::Unknown => "for what it speaks is not known",
    }
}

const fn remedy_words(remedy: Remedy) -> &'static str {
    match remedy {
        Remedy::Accept => "take the answer as final",
        Remedy::Wait => "wait, and ask again",
        Remedy::SlowDown => "wait, and ask more slowly",
        Remedy::Park => "park the URL",
        Remedy::GiveUp => "give the URL up",
    }
}

const fn charge_words(who_pays: WhoPays) -> &'static str {
    match who_pays {
        WhoPays::Host => "the host's patience runs, and no attempt of the URL is charged",
        WhoPays::Url => "an attempt of the URL is charged",
        WhoPays::Route => "the route is charged, not the URL",
        WhoPays::Nobody => "nobody is charged",
    }
}

#[test]
fn a_section_is_renewed_and_the_prose_around_it_is_not() {
    let page = format!("# A\n\nbefore\n\n{OPENING}settings -->\nold\n{END}\n\nafter\n");
    let renewed = renewed(&page);
    assert!(renewed.starts_with("# A\n\nbefore\n\n<!-- generated: settings -->\n\n| key |"), "{renewed}");
    assert!(renewed.ends_with(" |\n\n<!-- end -->\n\nafter\n") && !renewed.contains("old"), "{renewed}");
    assert!(renewed.contains("| `per_host` | `--per-host` | number | `16` |"), "{renewed}");
    assert!(renewed.contains("| `partitions` |  | number | `64` |"), "{renewed}");
}
