//! What scripts read, held against the documented schemas.

use std::path::Path;

use jsonschema::Validator;
use serde_json::Value;

use crate::account::tally;
use crate::origin::{Answer, Asked, Origin, absent, answer, page};
use crate::program::Bench;

pub(crate) fn schema(name: &str) -> Validator {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../docs/schema").join(name);
    let text = std::fs::read_to_string(&path).unwrap_or_else(|error| panic!("{}: {error}", path.display()));
    jsonschema::validator_for(&serde_json::from_str(&text).unwrap()).unwrap()
}

#[track_caller]
pub(crate) fn assert_fits(schema: &Validator, line: &str) -> Value {
    let value: Value = serde_json::from_str(line).unwrap_or_else(|error| panic!("{error}: {line}"));
    let faults: Vec<String> = schema.iter_errors(&value).map(|fault| format!("{}: {fault}", fault.instance_path())).collect();
    assert!(faults.is_empty(), "{faults:#?}\n{line}");
    value
}

/// Every outcome, on three hosts.
fn mixed(asked: &Asked) -> Answer {
    match (asked.is_page(), asked.host, asked.target.as_str()) {
        (false, _, _) => absent(),
        (true, 1, _) => Answer::Keep(answer("503 Service Unavailable", "Retry-After: 86400\r\n", "")),
        (true, 2, _) => Answer::Close(Vec::new()),
        (true, _, "/404") => absent(),
        (true, _, "/from") => Answer::Keep(answer("301 Moved Permanently", "Location: /to\r\n", "")),
        (true, _, _) => page(asked),
    }
}

#[test]
fn rows_and_status_of_a_finished_job_fit_their_schemas() {
    let origin = Origin::start_hosts(3, mixed);
    let bench = Bench::new();
    let plain = ["/a", "/404", "/from"].map(|path| format!("{{\"url\":\"{}\",\"meta\":{{\"of\":[1,null]}}}}", origin.url(path)));
    let ill = (0..6).map(|number| format!("{{\"url\":\"{}\"}}", origin.url_of(1 + number % 2, &format!("/{number}"))));
    let list: Vec<String> = plain.into_iter().chain(ill).collect();
    bench.write("urls.jsonl", list.join("\n"));
    let ended = bench.run("fetch urls.jsonl -o job --patience 2s");
    assert_eq!(ended.code, Some(1), "{ended:?}");
    let row = schema("outcome-row.schema.json");
    let printed = bench.run("outcomes job --format jsonl").stdout;
    printed.lines().for_each(|line| drop(assert_fits(&row, line)));
    let rows = bench.rows("job");
    let tally = tally(&rows);
    let expected = [("answered/none", 1), ("failed/reset", 3), ("fetched/none", 2)];
    assert!(expected.iter().all(|(ending, count)| tally[*ending] == *count) && rows.len() == 9, "{tally:?}");
    let ended = bench.run("status job --json");
    assert_eq!(ended.code, Some(0), "{ended:?}");
    let status = assert_fits(&schema("status.schema.json"), ended.stdout.trim());
    assert_eq!(status["state"], "done", "{status}");
    let urls = serde_json::json!({"queued": 0, "leased": 0, "fetched": 2, "answered": 1, "failed": 3, "parked": 3});
    assert_eq!(status["urls"], urls);
    assert_eq!(status["hosts_waiting"], serde_json::json!([]));
}

#[test]
fn outcomes_are_filtered_by_outcome_cause_and_host() {
    let origin = Origin::start_hosts(3, mixed);
    let bench = Bench::new();
    let urls = [origin.url("/a"), origin.url("/404"), origin.url_of(1, "/x"), origin.url_of(2, "/y")];
    let (ended, rows) = bench.fetch(&urls, "--patience 1s");
    assert_eq!((ended.code, rows.len()), (Some(1), 4), "{ended:?}");
    let count = |options: &str| bench.run(&format!("outcomes job --format jsonl {options}")).stdout.lines().count();
    assert_eq!(count("--outcome fetched"), 1);
    assert_eq!(count("--outcome parked"), 1);
    assert_eq!(count("--cause reset"), 1);
    assert_eq!(count("--cause none"), 2);
    assert_eq!(count("--host 127.0.0.1"), 2);
    assert_eq!(count("--host 127.0.0.* --outcome failed"), 1);
    assert_eq!(count("--host *.example.org"), 0);
    let csv = bench.run("outcomes job --format csv").stdout;
    assert_eq!(csv.lines().count(), 5, "a line of names, and one for each URL: {csv}");
    assert!(csv.starts_with("url,host,outcome,cause,status"), "{csv}");
    let table = bench.run("outcomes job --format table").stdout;
    assert!(urls.iter().all(|url| table.contains(url)), "{table}");
}

#[test]
fn status_of_a_running_job_fits_its_schema() {
    let origin = Origin::start_hosts(2, |asked| match (asked.is_page(), asked.host) {
        (false, _) => absent(),
        (true, 1) => Answer::Keep(answer("503 Service Unavailable", "Retry-After: 60\r\n", "")),
        (true, _) => page(asked),
    });
    let mut urls = origin.urls(300);
    urls.extend((0..5).map(|number| origin.url_of(1, &format!("/{number}"))));
    let bench = Bench::new();
    bench.list(&urls);
    let process = bench.start("fetch urls.txt -o job --delay 20ms");
    let schema = schema("status.schema.json");
    let mut waiting = None;
    for requests in (20..280).step_by(20) {
        origin.wait_for(requests);
        let ended = bench.run("status job --json");
        // Before the first commit there is nothing to read yet.
        if ended.code == Some(0) && !ended.stdout.trim().is_empty() {
            let status = assert_fits(&schema, ended.stdout.trim());
            if status["hosts_waiting"].as_array().is_some_and(|hosts| !hosts.is_empty()) {
                waiting = Some(status);
                break;
            }
        }
    }
    let status = waiting.expect("the host that is held was never shown as waiting");
    assert_eq!(status["state"], "running", "{status}");
    let host = &status["hosts_waiting"][0];
    assert!(host["host"].as_str().unwrap().contains("127.0.0.2"), "{status}");
    assert_eq!(host["queued"], 5, "{status}");
    assert!(host["until"].is_string() && host["because"].as_str().is_some_and(|because| !because.is_empty()), "{status}");
    let ended = process.kill();
    assert!(!ended.stderr.contains("panicked"), "{ended:?}");
}

#[test]
fn explanations_fit_their_schema() {
    let bench = Bench::new();
    let answers = [
        answer("503 Service Unavailable", "Retry-After: 5\r\n", ""),
        answer("200 OK", "", "a page"),
        answer("403 Forbidden", "cf-mitigated: challenge\r\n", ""),
        answer("429 Too Many Requests", "Retry-After: Wed, 21 Oct 2015 07:28:00 GMT\r\n", ""),
        b"HTTP/2 502\nserver: envoy\n\nupstream connect error or disconnect/reset before headers.".to_vec(),
    ];
    let names: Vec<String> = (0..answers.len()).map(|number| format!("{number}.http")).collect();
    for (name, answer) in names.iter().zip(&answers) {
        bench.write(name, answer);
    }
    let ended = bench.run(&format!("explain --json {}", names.join(" ")));
    assert_eq!(ended.code, Some(0), "{ended:?}");
    let schema = schema("explain.schema.json");
    let values: Vec<Value> = ended.stdout.lines().map(|line| assert_fits(&schema, line)).collect();
    let files: Vec<&str> = values.iter().map(|value| value["file"].as_str().unwrap()).collect();
    assert_eq!(files, names, "one object a line, in the order given");
    assert_eq!(values[0]["retry_after_s"], 5);
    assert_eq!(values[2]["cause"], "bot_challenge");
}
