//! Rows as Parquet, read by DuckDB: the same account as in JSONL, in types that need no parsing. DuckDB is asked through Python.

use std::path::Path;
use std::process::Stdio;

use serde_json::{Value, json};

use crate::account::Row;
use crate::origin::{Answer, Asked, absent, answer, origin_of_pages, page};
use crate::program::{Bench, tool};

/// Prints what DuckDB answers to a query as JSON; times as milliseconds, so that nobody's time zone plays a part.
const ASK: &str = "
import duckdb, json, sys
print(json.dumps(duckdb.sql(sys.argv[1]).fetchall()))
";

#[track_caller]
fn asked(file: &Path, query: &str) -> Value {
    let query = query.replace("ROWS", &format!("'{}'", file.display()));
    let (is_well, said) = tool("python3", ["-c", ASK, &query], "pip: duckdb");
    assert!(is_well, "{said}");
    serde_json::from_str(&said).unwrap()
}

/// Writes the rows of `job` as Parquet, with more words on the command line.
fn parquet(bench: &Bench, words: &str) -> std::path::PathBuf {
    let file = bench.path("outcomes.parquet");
    let mut command = bench.command(format!("outcomes job --format parquet {words}").split_whitespace());
    let status = command.stdout(Stdio::from(std::fs::File::create(&file).unwrap())).status().unwrap();
    assert!(status.success());
    file
}

/// Pages of every outcome.
fn site(asked: &Asked) -> Answer {
    match asked.target.as_str() {
        "/gone" => absent(),
        "/broken" => Answer::Keep(answer("500 Internal Server Error", "", "broken\n")),
        "/paid" => Answer::Keep(answer("402 Payment Required", "", "pay\n")),
        _ => page(asked),
    }
}

fn expected(row: &Row) -> Value {
    let time = |time: Option<jiff::Timestamp>| time.map(|time| time.as_millisecond());
    let place = row.warc.as_ref().map(|place| json!({"file": place.file, "offset": place.offset, "length": place.length}));
    json!([
        row.url,
        row.host,
        row.outcome,
        row.cause,
        row.status,
        row.attempts,
        row.requests,
        row.route,
        row.bytes,
        time(row.first_at),
        time(Some(row.settled_at)),
        time(row.until),
        row.credits,
        row.evidence,
        place,
        (!row.meta.is_null()).then(|| row.meta["a"].as_str())
    ])
}

#[test]
fn duckdb_reads_the_same_account() {
    let origin = origin_of_pages(site);
    let bench = Bench::new();
    let mut list: Vec<String> = origin.urls(20).into_iter().map(|url| json!({"url": url}).to_string()).collect();
    list.extend(["/gone", "/broken", "/paid"].map(|path| json!({"url": origin.url(path), "meta": {"a": path}}).to_string()));
    list.push(json!({"url": "http://127.0.0.1:1/", "meta": null}).to_string());
    bench.write("urls.jsonl", list.join("\n"));
    let ended = bench.run("fetch urls.jsonl -o job --patience 1s");
    assert_eq!(ended.code, Some(1), "{ended:?}");
    let mut rows = bench.rows("job");
    rows.sort_by(|one, other| one.url.cmp(&other.url));
    let file = parquet(&bench, "");
    let found = asked(
        &file,
        "SELECT url, host, outcome, cause, status, attempts, requests, route, bytes, epoch_ms(first_at), epoch_ms(settled_at), \
         epoch_ms(until), credits, evidence, warc, meta ->> 'a' FROM ROWS ORDER BY url",
    );
    assert_eq!(found, rows.iter().map(expected).collect::<Value>());
    let types = asked(&file, "SELECT column_name, column_type FROM (DESCRIBE SELECT * FROM ROWS)");
    for named in [
        ["url", "VARCHAR"],
        ["status", "INTEGER"],
        ["first_at", "TIMESTAMP WITH TIME ZONE"],
        ["evidence", "VARCHAR[]"],
        ["warc", "STRUCT(file VARCHAR, \"offset\" BIGINT, length BIGINT)"],
    ] {
        assert!(types.as_array().unwrap().contains(&json!(named)), "{named:?} in {types}");
    }
}

#[test]
fn filters_choose_rows_of_parquet_too_and_none_is_a_file_all_the_same() {
    let origin = origin_of_pages(site);
    let bench = Bench::new();
    let (_, rows) = bench.fetch(["/gone", "/1", "/2"].map(|path| origin.url(path)), "");
    assert_eq!(rows.len(), 3);
    assert_eq!(asked(&parquet(&bench, "--outcome answered"), "SELECT url FROM ROWS"), json!([[origin.url("/gone")]]));
    assert_eq!(asked(&parquet(&bench, "--outcome failed"), "SELECT url FROM ROWS"), json!([]));
}
