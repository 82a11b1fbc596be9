//! `comeback explain`: saved responses in, one explanation each out, whatever is among the files.

#![allow(clippy::unwrap_used, reason = "a failed unwrap is a failed test, in the functions that tests share as well")]

use std::io::{Read as _, Write as _};
use std::path::Path;
use std::process::{Command, Output, Stdio};

use serde_json::Value;
use tempfile::TempDir;

const RATE_LIMITED: &str = "HTTP/1.1 429 Too Many Requests\r\nRetry-After: 7\r\nContent-Length: 0\r\n\r\n";
const CHALLENGED: &str =
    "HTTP/1.1 403 Forbidden\r\nServer: cloudflare\r\ncf-mitigated: challenge\r\n\r\n<title>Just a moment...</title>";

fn explain(folder: &Path, arguments: &[&str], input: &str) -> Output {
    let mut command = Command::new(env!("CARGO_BIN_EXE_comeback"));
    command.arg("explain").args(arguments).current_dir(folder);
    let mut child = command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
    // The process may end before it reads.
    let _unread = child.stdin.take().unwrap().write_all(input.as_bytes());
    child.wait_with_output().unwrap()
}

fn folder(files: &[(&str, &[u8])]) -> TempDir {
    let folder = TempDir::new().unwrap();
    for (name, bytes) in files {
        std::fs::write(folder.path().join(name), bytes).unwrap();
    }
    folder
}

fn objects(output: &Output) -> Vec<Value> {
    String::from_utf8_lossy(&output.stdout).lines().map(|line| serde_json::from_str(line).unwrap()).collect()
}

fn text(bytes: &[u8]) -> String {
    String::from_utf8_lossy(bytes).into_owned()
}

#[test]
fn each_file_is_one_object_that_fits_the_schema() {
    let chunked =
        "HTTP/1.1 503 No\r\nTransfer-Encoding: chunked\r\nRetry-After: Wed, 21 Oct 2026 07:28:00 GMT\r\n\r\n2\r\nno\r\n0\r\n\r\n";
    let files: [(&str, &[u8]); 5] = [
        ("limit.http", RATE_LIMITED.as_bytes()),
        ("challenge.http", CHALLENGED.as_bytes()),
        ("page.http", b"HTTP/2 200\n\nhello"),
        ("date.http", chunked.as_bytes()),
        ("odd.http", b"HTTP/1.1 999 \xff\r\nRetry-After: soon\r\nX: \xfe\r\n\r\n\x00\xff"),
    ];
    let folder = folder(&files);
    let names = files.map(|(name, _)| name);
    let output = explain(folder.path(), &[&["--json"], names.as_slice()].concat(), "");
    assert_eq!(output.status.code(), Some(0), "{}", text(&output.stderr));
    let schema =
        std::fs::read_to_string(Path::new(env!("CARGO_MANIFEST_DIR")).join("../../docs/schema/explain.schema.json")).unwrap();
    let schema = jsonschema::validator_for(&serde_json::from_str(&schema).unwrap()).unwrap();
    let objects = objects(&output);
    assert_eq!(objects.iter().map(|object| object["file"].as_str().unwrap()).collect::<Vec<_>>(), names);
    for object in &objects {
        let faults: Vec<String> = schema.iter_errors(object).map(|fault| fault.to_string()).collect();
        assert!(faults.is_empty(), "{object}: {faults:?}");
    }
    assert_eq!((&objects[0]["cause"], &objects[0]["retry_after_s"]), (&"rate_limit".into(), &7.into()));
    assert_eq!((&objects[1]["cause"], &objects[1]["waiting_helps"]), (&"bot_challenge".into(), &false.into()));
    assert_eq!(objects[2]["cause"], "none");
}

#[test]
fn the_schema_refuses_what_the_contract_does_not_know() {
    let schema =
        std::fs::read_to_string(Path::new(env!("CARGO_MANIFEST_DIR")).join("../../docs/schema/explain.schema.json")).unwrap();
    let schema = jsonschema::validator_for(&serde_json::from_str(&schema).unwrap()).unwrap();
    let output = explain(folder(&[]).path(), &["--json", "-"], RATE_LIMITED);
    let good = objects(&output).remove(0);
    assert!(schema.is_valid(&good));
    for (key, value) in
        [("cause", "tired"), ("responder", "server"), ("scope", "site"), ("extra", "field"), ("confidence", "high")]
    {
        let mut bad = good.clone();
        bad[key] = value.into();
        assert!(!schema.is_valid(&bad), "{key}");
    }
}

/// Scripts count lines: a file that can't be read has its line as well, and so has one that holds no response.
#[test]
fn every_file_has_its_line_whatever_is_in_it() {
    let folder = folder(&[
        ("a.http", RATE_LIMITED.as_bytes()),
        ("b.png", b"\x89PNG\r\n"),
        ("c.http", CHALLENGED.as_bytes()),
        ("empty", b""),
        ("body.html", b"<html>503</html>"),
    ]);
    let named = ["a.http", "b.png", "absent", "empty", ".", "body.html", "c.http"];
    let output = explain(folder.path(), &[&["--json"], named.as_slice()].concat(), "");
    assert_eq!(output.status.code(), Some(2));
    let objects = objects(&output);
    let lines: Vec<_> = objects.iter().map(|object| (object["file"].as_str().unwrap(), object["status"].as_u64())).collect();
    let statuses = [429, 0, 0, 0, 0, 0, 403];
    assert_eq!(lines, named.into_iter().zip(statuses.map(Some)).collect::<Vec<_>>());
    for object in objects.iter().filter(|object| object["status"] == 0) {
        assert_eq!(object["cause"], "unknown", "{object}");
        assert!(object["evidence"][0]["what"].as_str().is_some_and(|what| !what.is_empty()), "{object}");
    }
    let errors = text(&output.stderr);
    assert_eq!(errors.matches("error: ").count(), 2, "only what can't be read is an error: {errors}");
    for named in ["absent: this is no file here", ".: Is a directory"] {
        assert!(errors.contains(&format!("error: {named}")), "{named}: {errors}");
    }
}

#[test]
fn a_file_without_a_response_is_told_what_is_missing() {
    let output = explain(folder(&[("body.html", b"<html>503</html>")]).path(), &["body.html"], "");
    assert_eq!(output.status.code(), Some(0), "{}", text(&output.stderr));
    let said = text(&output.stdout);
    assert!(said.starts_with("body.html: no response, unknown"), "{said}");
    assert!(said.contains("\n  advice   Save the response with its head"), "{said}");
}

#[test]
fn pastes_and_har_files_are_read() {
    let har = r#"{"log":{"entries":[
        {"request":{"method":"GET","url":"https://a.example/x"},"response":{"status":429,"headers":[{"name":"Retry-After","value":"9"}]}},
        {"request":{"method":"GET","url":"https://a.example/y"},"response":{"status":0}}]}}"#;
    let mut gzip = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::default());
    gzip.write_all(b"<title>Just a moment...</title>").unwrap();
    let head = b"HTTP/1.1 403 Forbidden\r\nServer: cloudflare\r\ncf-mitigated: challenge\r\nContent-Encoding: gzip\r\n\r\n";
    let compressed = [head.as_slice(), &gzip.finish().unwrap()].concat();
    let folder = folder(&[
        ("paste.txt", b"$ curl -v a\n> GET / HTTP/2\n>\n< HTTP/2 302 \n< location: /b\n<\n> GET /b HTTP/2\n>\n< HTTP/2 429 \n< retry-after: 9\n<\n"),
        ("utf16.txt", b"\xff\xfeH\0T\0T\0P\0/\x001\0.\x001\0 \x004\x002\x009\0\r\0\n\0\r\0\n\0"),
        ("page.har", har.as_bytes()),
        ("gzip.http", &compressed),
    ]);
    let output = explain(folder.path(), &["--json", "paste.txt", "utf16.txt", "page.har", "gzip.http"], "");
    assert_eq!(output.status.code(), Some(0), "{}", text(&output.stderr));
    let objects = objects(&output);
    let files: Vec<_> =
        objects.iter().map(|object| (object["file"].as_str().unwrap(), object["status"].as_u64().unwrap())).collect();
    assert_eq!(files, [("paste.txt", 429), ("utf16.txt", 429), ("page.har#1", 429), ("page.har#2", 0), ("gzip.http", 403)]);
    assert_eq!((&objects[0]["retry_after_s"], &objects[2]["retry_after_s"]), (&9.into(), &9.into()));
    assert!(objects[2]["evidence"].to_string().contains("asked: GET https://a.example/x"), "{}", objects[2]);
    assert!(!objects[4]["evidence"].to_string().contains("compressed"), "{}", objects[4]);
}

#[test]
fn what_is_no_file_is_told_what_explain_reads() {
    let folder = folder(&[]);
    for (argument, why) in [(".", "Is a directory"), ("absent.http", "No such file"), ("saved/503", "No such file")] {
        let output = explain(folder.path(), &[argument], "");
        assert_eq!((output.status.code(), output.stdout.len()), (Some(2), 0), "{argument}");
        let said = text(&output.stderr);
        assert!(said.starts_with(&format!("error: {argument}: {why}")), "{said}");
        let hint = "\nhint: explain reads saved raw responses; `curl -i URL > page.http` saves one\n";
        assert!(said.ends_with(hint) && said.lines().count() == 2, "{said}");
    }
}

#[test]
fn a_code_or_term_has_its_page() {
    let folder = folder(&[]);
    for (arguments, title) in [
        (["503"].as_slice(), "503 Service Unavailable\n"),
        (&["Service Unavailable"], "503 Service Unavailable\n"),
        (&["too", "many", "requests"], "429 Too Many Requests\n"),
        (&["rate_limit"], "Rate limit\n"),
        (&["418"], "Status 418\n"),
    ] {
        let output = explain(folder.path(), arguments, "");
        assert_eq!(output.status.code(), Some(0), "{arguments:?}: {}", text(&output.stderr));
        let page = text(&output.stdout);
        assert!(page.starts_with(title), "{arguments:?}: {page}");
        assert!(page.lines().all(|line| line.chars().count() <= 80), "{page}");
    }
    let output = explain(folder.path(), &["503", "429", "absent.http"], "");
    assert_eq!(output.status.code(), Some(2));
    assert!(text(&output.stdout).contains("\n429 Too Many Requests\n"), "the pages before the fault are there");
}

#[test]
fn an_unknown_term_names_the_nearest() {
    let folder = folder(&[]);
    let output = explain(folder.path(), &["backof"], "");
    assert_eq!((output.status.code(), output.stdout.len()), (Some(2), 0));
    let said = text(&output.stderr);
    assert_eq!(
        said,
        "error: backof: this is no file here, and no code or term that is known\nhint: there is `comeback explain backoff`\n"
    );
}

#[test]
fn a_file_comes_before_a_term() {
    let folder = folder(&[("503", RATE_LIMITED.as_bytes())]);
    let output = explain(folder.path(), &["--json", "503", "502"], "");
    let objects = objects(&output);
    assert_eq!((&objects[0]["file"], &objects[0]["status"]), (&"503".into(), &429.into()));
    assert_eq!(objects[1]["term"], "502");
}

#[test]
fn a_term_is_one_object_that_fits_its_schema() {
    let schema =
        std::fs::read_to_string(Path::new(env!("CARGO_MANIFEST_DIR")).join("../../docs/schema/term.schema.json")).unwrap();
    let schema = jsonschema::validator_for(&serde_json::from_str(&schema).unwrap()).unwrap();
    let output = explain(folder(&[]).path(), &["--json", "503", "jitter", "418", "robots.txt"], "");
    assert_eq!(output.status.code(), Some(0), "{}", text(&output.stderr));
    let objects = objects(&output);
    assert_eq!(objects.len(), 4);
    for object in &objects {
        let faults: Vec<String> = schema.iter_errors(object).map(|fault| fault.to_string()).collect();
        assert!(faults.is_empty(), "{object}: {faults:?}");
    }
}

#[test]
fn standard_input_is_a_dash() {
    let output = explain(folder(&[]).path(), &["--json", "-"], CHALLENGED);
    assert_eq!(objects(&output)[0]["file"], "-");
    let output = explain(folder(&[]).path(), &["-"], CHALLENGED);
    let text = text(&output.stdout);
    assert!(text.starts_with("-: 403, bot_challenge (confidence ") && text.contains("\n  waiting  does not help\n"), "{text}");
}

#[test]
fn all_pages_are_written_for_a_browser() {
    let folder = folder(&[("kept.txt", b"mine")]);
    for _ in 0..2 {
        let output = explain(folder.path(), &["--html", "."], "");
        assert_eq!(output.status.code(), Some(0), "{}", text(&output.stderr));
        assert!(text(&output.stdout).ends_with(" pages; begin with ./index.html\n"), "{}", text(&output.stdout));
    }
    let page = |name: &str| std::fs::read_to_string(folder.path().join(name)).unwrap();
    assert!(page("index.html").contains("<a href=\"503.html\">503 Service Unavailable</a>"));
    assert!(page("503.html").contains("<h1>503 Service Unavailable</h1>") && !page("style.css").is_empty());
    assert_eq!(page("kept.txt"), "mine");
    let output = explain(folder.path(), &["--html", "kept.txt/below"], "");
    assert_eq!(output.status.code(), Some(3));
    assert!(text(&output.stderr).contains("kept.txt/below: Not a directory"), "{}", text(&output.stderr));
    assert_eq!(explain(folder.path(), &["--html", "pages", "503"], "").status.code(), Some(2));
}

/// Answers one request with these bytes, and hands back the request.
fn served_once(answer: &'static str) -> (String, std::thread::JoinHandle<String>) {
    let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let url = format!("http://{}/page?q=1", listener.local_addr().unwrap());
    let request = std::thread::spawn(move || {
        let (mut stream, _) = listener.accept().unwrap();
        let mut request = Vec::new();
        while !request.ends_with(b"\r\n\r\n") {
            let mut byte = [0];
            stream.read_exact(&mut byte).unwrap();
            request.push(byte[0]);
        }
        stream.write_all(answer.as_bytes()).unwrap();
        String::from_utf8(request).unwrap()
    });
    (url, request)
}

#[test]
fn a_url_is_asked_once_and_honestly() {
    let folder = folder(&[("comeback.toml", b"contact = \"bot@example.org\"\n")]);
    let (url, request) = served_once(RATE_LIMITED);
    let output = explain(folder.path(), &["--json", &url], "");
    assert_eq!(output.status.code(), Some(0), "{}", text(&output.stderr));
    let object = objects(&output).remove(0);
    assert_eq!((&object["file"], &object["status"], &object["cause"]), (&url.into(), &429.into(), &"rate_limit".into()));
    let request = request.join().unwrap();
    assert!(request.starts_with("GET /page?q=1 HTTP/1.1\r\n"), "the page itself, not robots.txt: {request}");
    assert!(request.contains("bot@example.org"), "{request}");
}

#[test]
fn a_redirect_is_told_and_not_followed() {
    let (url, request) = served_once("HTTP/1.1 302 Found\r\nLocation: /elsewhere\r\nContent-Length: 0\r\n\r\n");
    let said = text(&explain(folder(&[]).path(), &[&url], "").stdout);
    assert!(request.join().unwrap().starts_with("GET /page"));
    assert!(said.contains(": 302, none ") && said.contains("/elsewhere, which was not asked"), "{said}");
}

#[test]
fn a_url_that_nobody_answers_has_its_cause() {
    let free = std::net::TcpListener::bind("127.0.0.9:0").unwrap().local_addr().unwrap();
    let output = explain(folder(&[]).path(), &["--json", &format!("http://{free}/")], "");
    assert_eq!(output.status.code(), Some(0), "{}", text(&output.stderr));
    let object = objects(&output).remove(0);
    assert_eq!(
        (&object["status"], &object["cause"], &object["responder"]),
        (&0.into(), &"connect_refused".into(), &"nobody".into())
    );
    let output = explain(folder(&[]).path(), &["ftp://a.example/"], "");
    assert_eq!((output.status.code(), output.stdout.len()), (Some(2), 0));
    assert!(text(&output.stderr).starts_with("error: ftp://a.example/: "), "{}", text(&output.stderr));
}

/// A date without the response's own Date means what it meant when the response was saved, not what it means today.
#[test]
fn a_date_is_read_against_the_time_when_the_file_was_written() {
    let folder = folder(&[("old.http", b"HTTP/1.1 503 No\r\nRetry-After: Tue, 01 Jan 2019 00:02:00 GMT\r\n\r\n")]);
    let written = std::time::UNIX_EPOCH + std::time::Duration::from_secs(1_546_300_800); // 2019-01-01 00:00:00
    std::fs::File::options().write(true).open(folder.path().join("old.http")).unwrap().set_modified(written).unwrap();
    let object = objects(&explain(folder.path(), &["--json", "old.http"], "")).remove(0);
    assert_eq!((&object["retry_after_kind"], &object["retry_after_s"]), (&"date".into(), &120.into()));
}
