//! The tables as a page of the documentation, docs/hostile-servers.md, which is held to them.

use std::fmt::Write as _;
use std::path::Path;

use super::{Behaviour, Ends, coded_bodies, frames, handshakes, heads, lengths, silence};

/// Where a table begins on the page, up to its name; and where it ends.
const OPENING: &str = "<!-- table: ";
const END: &str = "<!-- end -->";

/// The behaviours that issue and page promise, at least.
const BEHAVIOURS_MIN: usize = 100;

async fn tables() -> Vec<(&'static str, Vec<Behaviour>)> {
    vec![
        ("no http", heads::no_http()),
        ("heads without end", heads::endless()),
        ("lenient heads", heads::lenient()),
        ("lengths", lengths::stated()),
        ("chunks", lengths::chunked()),
        ("bombs", coded_bodies::bombs().await),
        ("broken codings", coded_bodies::broken().await),
        ("early ends", silence::closing()),
        ("waits", silence::waiting()),
        ("handshakes", handshakes::unfinished()),
        ("untrustworthy", handshakes::finished()),
        ("floods of frames", frames::floods()),
        ("heads in frames", frames::heads()),
        ("misplaced frames", frames::misplaced()),
        ("ended streams", frames::ended()),
    ]
}

fn printed(table: &[Behaviour]) -> String {
    let mut text = "| the server … | the attempt ends as |\n|---|---|\n".to_owned();
    for Behaviour { does, ends, server: _ } in table {
        let ends = match ends {
            Ends::Answered(status) => format!("an answer, {status}"),
            Ends::Broken(status, cause) => format!("`{cause}`, with the {status} kept as far as it came"),
            Ends::Failed(cause) => format!("`{cause}`"),
        };
        writeln!(text, "| {does} | {ends} |").unwrap();
    }
    text
}

#[tokio::test]
async fn the_page_is_what_the_tables_say() {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../docs/hostile-servers.md");
    let page = std::fs::read_to_string(&path).unwrap();
    let tables = tables().await;
    let mut pieces = page.split(OPENING);
    let mut renewed = pieces.next().unwrap().to_owned();
    let mut named = Vec::new();
    for piece in pieces {
        let (name, rest) = piece.split_once(" -->").unwrap();
        let (_, after) = rest.split_once(END).unwrap();
        let (_, table) = tables.iter().find(|(known, _)| *known == name).expect("the page names a table that there is");
        named.push(name);
        write!(renewed, "{OPENING}{name} -->\n\n{}\n{END}{after}", printed(table)).unwrap();
    }
    assert_eq!(named, tables.iter().map(|(name, _)| *name).collect::<Vec<_>>(), "each table is on the page, once");
    if std::env::var_os("COMEBACK_TEST_BLESS").is_some() {
        std::fs::write(&path, &renewed).unwrap();
    } else {
        assert!(page == renewed, "a table is another; COMEBACK_TEST_BLESS=1 writes it anew");
    }
    assert!(tables.iter().map(|(_, table)| table.len()).sum::<usize>() >= BEHAVIOURS_MIN);
}
