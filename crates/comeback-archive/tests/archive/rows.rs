//! Claims about outcome rows.

use std::fs;

use comeback_archive::{ArchiveError, CapturePlace, Compression, FileLength, OutcomeRow, RowFacts, rows};
use comeback_engine::diagnosis::cause::Cause;
use comeback_engine::diagnosis::clock::WallTime;
use comeback_engine::host_key::HostKey;
use comeback_engine::outcome::{Outcome, Settlement};

use crate::exchanges::{Job, SENT_AT, commit};

fn settlement() -> Settlement {
    Settlement {
        outcome: Outcome::Fetched,
        cause: Cause::None,
        status: Some(200),
        attempts: 1,
        requests: 2,
        first_at: Some(SENT_AT),
        settled_at: SENT_AT.plus_ms(877),
        until: None,
        evidence: Vec::new(),
    }
}

pub(crate) fn row(given: &str) -> OutcomeRow {
    OutcomeRow::new(&settlement(), RowFacts { given, ..RowFacts::default() })
}

#[test]
fn row_is_the_documented_line() {
    let host = HostKey::of(&"http://example.org/".parse().unwrap()).unwrap();
    let facts = RowFacts {
        given: "HTTP://Example.org/#top",
        host: Some(&host),
        meta: Some("{\"b\": 1e400, \"a\": \"é\"}"),
        route: Some("direct"),
        body_bytes: 17,
        credits: 0,
        warc: Some(CapturePlace { file: "warc/p007-0001.warc.gz".into(), offset: 5, length: 6 }),
    };
    let line = OutcomeRow::new(&settlement(), facts).to_line();
    let expected = concat!(
        r#"{"url":"HTTP://Example.org/#top","host":"http://example.org:80","outcome":"fetched","cause":"none","status":200,"#,
        r#""attempts":1,"requests":2,"route":"direct","bytes":17,"first_at":"2026-11-23T21:00:00.123Z","#,
        r#""settled_at":"2026-11-23T21:00:01.000Z","until":null,"credits":0,"evidence":[],"#,
        r#""warc":{"file":"warc/p007-0001.warc.gz","offset":5,"length":6},"meta":{"b": 1e400, "a": "é"}}"#,
        "\n"
    );
    assert_eq!(String::from_utf8(line).unwrap(), expected);
}

#[test]
fn row_of_a_url_settled_unasked_has_nulls() {
    let settlement = Settlement {
        outcome: Outcome::Parked,
        cause: Cause::BotChallenge,
        status: None,
        attempts: 0,
        requests: 0,
        first_at: None,
        settled_at: SENT_AT,
        until: Some(WallTime(SENT_AT.0 + 60_000)),
        evidence: vec!["the host said \"no\"".into()],
    };
    let line = OutcomeRow::new(&settlement, RowFacts { given: "http://a/", ..RowFacts::default() }).to_line();
    let expected = concat!(
        r#"{"url":"http://a/","host":null,"outcome":"parked","cause":"bot_challenge","status":null,"attempts":0,"requests":0,"#,
        r#""route":null,"bytes":0,"first_at":null,"settled_at":"2026-11-23T21:00:00.123Z","until":"2026-11-23T21:01:00.123Z","#,
        r#""credits":0,"evidence":["the host said \"no\""],"warc":null,"meta":null}"#,
        "\n"
    );
    assert_eq!(String::from_utf8(line).unwrap(), expected);
}

#[test]
fn rows_read_back_as_written_and_never_beyond_the_commit() {
    let mut job = Job::new(Compression::Gzip);
    job.settings.file_bytes_max = 600;
    let mut files = job.open(&[]);
    let mut written = Vec::new();
    for number in 0..10 {
        let facts = RowFacts { given: "http://a/\u{1f40c}", meta: Some("[1, null]"), body_bytes: number, ..RowFacts::default() };
        written.push(OutcomeRow::new(&settlement(), facts));
        files.append_row(&written[written.len() - 1]).unwrap();
    }
    let committed = commit(&mut files);
    assert!(committed.len() > 1);
    files.append_row(&row("http://uncommitted/")).unwrap();
    files.write_out().unwrap();
    // Lengths of WARC files are passed over.
    let warc = FileLength { path: "warc/p007-0001.warc.gz".into(), bytes: 1 };
    let lengths: Vec<FileLength> = std::iter::once(warc).chain(committed).collect();
    let read: Vec<OutcomeRow> = rows(job.dir.path(), &lengths).map(Result::unwrap).collect();
    assert_eq!(read, written);
}

#[test]
fn broken_row_is_an_error_with_its_place_and_ends_the_reading() {
    let job = Job::new(Compression::Gzip);
    fs::create_dir(job.path("outcomes")).unwrap();
    let line = String::from_utf8(row("http://a/").to_line()).unwrap();
    let path = "outcomes/p000-0001.jsonl".to_owned();
    for (broken, why) in [("{}\n", "missing field"), ("{", "does not end"), (&line[..line.len() - 1], "does not end")] {
        let text = format!("{line}{broken}");
        fs::write(job.path(&path), &text).unwrap();
        let lengths = [FileLength { path: path.clone(), bytes: text.len() as u64 }];
        let read: Vec<_> = rows(job.dir.path(), &lengths).collect();
        assert_eq!(read.len(), 2, "{broken}");
        let error = read[1].as_ref().unwrap_err();
        assert!(matches!(error, ArchiveError::RowUnreadable { offset, .. } if *offset == line.len() as u64), "{error}");
        assert!(error.to_string().contains(why), "{error}");
    }
}
