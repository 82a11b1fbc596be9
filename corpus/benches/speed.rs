//! What diagnosis costs: `cargo bench -p corpus`.
//!
//! A healthy answer is what is diagnosed a billion times, so its price is the one that counts; it is shown beside a plain scan of the
//! same bytes. The same is asked of ten times the signatures, all with phrases, fields and structures of their own.

use std::hint::black_box;
use std::path::Path;

use comeback_diagnosis::clock::WallTime;
use comeback_diagnosis::exchange::{Exchange, Response};
use comeback_diagnosis::history::History;
use comeback_diagnosis::knowledge::{Knowledge, KnowledgeFiles};
use criterion::{Criterion, Throughput, criterion_group, criterion_main};
use toml::{Table, Value};

/// Fields of an ordinary page behind a protection service.
const FIELDS: [(&[u8], &[u8]); 12] = [
    (b"Date", b"Mon, 23 Nov 2026 19:24:32 GMT"),
    (b"Content-Type", b"text/html; charset=utf-8"),
    (b"Connection", b"keep-alive"),
    (b"CF-RAY", b"9e24df94789d780f-MAD"),
    (b"CF-Cache-Status", b"DYNAMIC"),
    (b"Server", b"cloudflare"),
    (b"Set-Cookie", b"session=1234567890; Path=/; Secure; HttpOnly"),
    (b"Cache-Control", b"max-age=600"),
    (b"ETag", b"\"5f3c-1a2b\""),
    (b"Vary", b"Accept-Encoding"),
    (b"Strict-Transport-Security", b"max-age=31536000"),
    (b"Content-Security-Policy", b"default-src 'self' https://challenges.cloudflare.com"),
];

/// An ordinary page of this length.
fn page(bytes: usize) -> Vec<u8> {
    let mut page =
        b"<!DOCTYPE html><html><head><title>Garden shop</title></head><body><nav><a href=\"/\">Home</a></nav>".to_vec();
    let words = b"<p class=\"text\">Most orchids die of kindness. Water when the roots turn silver, and let the pot drain.</p>\n";
    page.extend(words.iter().cycle().take(bytes.saturating_sub(page.len())));
    page
}

fn diagnose(knowledge: &Knowledge, status: u16, body: &[u8]) -> bool {
    let response = Response { status, reason: b"OK", fields: &FIELDS, body, body_bytes: u64::try_from(body.len()).ok() };
    let exchange = Exchange {
        method: "GET",
        url: "https://example.org/",
        response: Some(response),
        failure: None,
        received_at: WallTime(1_795_464_000_000),
        elapsed_ms: 20,
    };
    knowledge.diagnose(&exchange, &History::default()).retry_after.is_some()
}

/// The knowledge as it is compiled in, and as if each signature were there `times` times, each time about something else.
fn knowledge(times: usize) -> Knowledge {
    let folder = Path::new(concat!(env!("CARGO_MANIFEST_DIR"), "/../crates/comeback-diagnosis/knowledge"));
    let read = |name: &str| std::fs::read_to_string(folder.join(name)).expect("the knowledge is there");
    let (mut signatures, mut languages) = (Vec::new(), Vec::new());
    for (kind, files) in [("signatures", &mut signatures), ("languages", &mut languages)] {
        for entry in std::fs::read_dir(folder.join(kind)).expect("the folder is there") {
            let name = entry.expect("a file").file_name().to_string_lossy().into_owned();
            let text = read(&format!("{kind}/{name}"));
            for number in 1..times {
                let table: Table = text.parse().expect("TOML");
                let mut file = Value::Table(table);
                vary(&mut file, number);
                files.push((format!("{number}-{name}"), toml::to_string(&file).expect("TOML")));
            }
            files.push((name, text));
        }
    }
    let files = KnowledgeFiles {
        causes: &read("causes.toml"),
        statuses: &read("statuses.toml"),
        situations: &read("situations.toml"),
        languages: &borrowed(&languages),
        signatures: &borrowed(&signatures),
    };
    Knowledge::parse(&files).expect("knowledge")
}

fn borrowed(files: &[(String, String)]) -> Vec<(&str, &str)> {
    files.iter().map(|(name, text)| (name.as_str(), text.as_str())).collect()
}

/// A file about something else: names of signatures and languages, phrases and fields are made new.
fn vary(file: &mut Value, number: usize) {
    for key in ["presence", "language", "wording"] {
        if let Some(value) = file.get_mut(key) {
            renew(value, number);
        }
    }
    for signature in file.get_mut("signature").and_then(Value::as_array_mut).into_iter().flatten() {
        let table = signature.as_table_mut().expect("a signature is a table");
        let new_name = format!("{}-{number}", table["name"].as_str().expect("a name"));
        table.insert("name".into(), Value::String(new_name));
        let conditions = table.get_mut("when").and_then(Value::as_table_mut).expect("conditions");
        for (key, value) in conditions.iter_mut() {
            if !matches!(key.as_str(), "status" | "form") {
                renew(value, number);
            }
        }
    }
}

fn renew(value: &mut Value, number: usize) {
    match value {
        Value::String(text) => *text = format!("{number}{text}{number}"),
        Value::Array(values) => values.iter_mut().for_each(|value| renew(value, number)),
        Value::Table(table) => table.iter_mut().for_each(|(_, value)| renew(value, number)),
        Value::Integer(_) | Value::Float(_) | Value::Boolean(_) | Value::Datetime(_) => {}
    }
}

fn healthy(criterion: &mut Criterion) {
    let (once, tenfold) = (knowledge(1), knowledge(10));
    let mut group = criterion.benchmark_group("healthy-200");
    group.bench_function("fields-only", |bencher| bencher.iter(|| diagnose(&once, 200, black_box(b""))));
    group.bench_function("fields-only-tenfold-knowledge", |bencher| bencher.iter(|| diagnose(&tenfold, 200, black_box(b""))));
    for kilobytes in [10, 64] {
        let body = page(kilobytes * 1_024);
        group.throughput(Throughput::Bytes(u64::try_from(body.len()).expect("a length")));
        group.bench_function(format!("plain-scan-{kilobytes}k"), |bencher| {
            let scan =
                aho_corasick::AhoCorasick::builder().ascii_case_insensitive(true).build(["<title>just a moment", "captcha"]);
            let scan = scan.expect("two phrases");
            bencher.iter(|| scan.find_overlapping_iter(black_box(&body)).count());
        });
        group.bench_function(format!("{kilobytes}k"), |bencher| bencher.iter(|| diagnose(&once, 200, black_box(&body))));
        group.bench_function(format!("{kilobytes}k-tenfold-knowledge"), |bencher| {
            bencher.iter(|| diagnose(&tenfold, 200, black_box(&body)));
        });
    }
    group.finish();
}

fn refusal(criterion: &mut Criterion) {
    let (once, tenfold) = (knowledge(1), knowledge(10));
    let short = b"<html><head><title>503 Service Temporarily Unavailable</title></head><body><h1>Back soon</h1></body></html>";
    let mut group = criterion.benchmark_group("refusal-503");
    for (name, body) in [("short", short.to_vec()), ("64k", page(64 * 1_024))] {
        group.bench_function(name, |bencher| bencher.iter(|| diagnose(&once, 503, black_box(&body))));
        group.bench_function(format!("{name}-tenfold-knowledge"), |bencher| {
            bencher.iter(|| diagnose(&tenfold, 503, black_box(&body)));
        });
    }
    group.finish();
}

criterion_group!(speed, healthy, refusal);
criterion_main!(speed);
