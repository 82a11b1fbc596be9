//! The command line as scripts and people meet it: help, usage errors, and the commands around a small finished job.

#![allow(clippy::unwrap_used, reason = "a failed unwrap is a failed test, in the functions that tests share as well")]

use std::io::{BufRead as _, BufReader, Read as _, Write as _};
use std::net::{TcpListener, TcpStream};
use std::path::Path;
use std::process::{Command, Output, Stdio};
use std::thread;

use serde_json::Value;
use tempfile::TempDir;

const COMMANDS: &[&str] = &[
    "fetch",
    "resume",
    "status",
    "outcomes",
    "extract",
    "redrive",
    "report",
    "inspect",
    "config",
    "explain",
    "weather",
    "demo",
    "simulate",
    "completions",
    "manual",
];

fn command(folder: &Path, arguments: &[&str]) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_comeback"));
    command.args(arguments).current_dir(folder).stdin(Stdio::null()).env_remove("COLUMNS");
    for (name, _) in std::env::vars_os().filter(|(name, _)| name.to_string_lossy().starts_with("COMEBACK_")) {
        command.env_remove(name);
    }
    command
}

fn run(folder: &Path, arguments: &[&str]) -> Output {
    command(folder, arguments).output().unwrap()
}

fn code(output: &Output) -> Option<i32> {
    output.status.code()
}

fn out(output: &Output) -> String {
    String::from_utf8_lossy(&output.stdout).into_owned()
}

fn err(output: &Output) -> String {
    String::from_utf8_lossy(&output.stderr).into_owned()
}

/// Serves `/a`, `/b?x=1`, `/b?x=2` and `/big`; everything else is 404.
fn serve() -> String {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = listener.local_addr().unwrap().to_string();
    thread::spawn(move || {
        for stream in listener.incoming().flatten() {
            thread::spawn(move || answer(&stream));
        }
    });
    address
}

fn answer(stream: &TcpStream) -> Option<()> {
    let mut lines = BufReader::new(stream).lines();
    loop {
        let request = lines.next()?.ok()?;
        let path = request.split(' ').nth(1)?.to_owned();
        while !lines.next()?.ok()?.is_empty() {}
        let (status, body) = match path.as_str() {
            "/a" | "/b?x=1" | "/b?x=2" => ("200 OK", format!("page {path}")),
            "/big" => ("200 OK", "x".repeat(1 << 20)),
            _ => ("404 Not Found", "no".to_owned()),
        };
        let head = format!("HTTP/1.1 {status}\r\nContent-Type: text/plain\r\nContent-Length: {}\r\n\r\n", body.len());
        let mut to = stream;
        to.write_all(format!("{head}{body}").as_bytes()).ok()?;
    }
}

/// A finished job in `DIR/job`: three pages, one 404, one host where nothing listens.
fn finished_job(folder: &Path) -> String {
    let address = serve();
    let free = TcpListener::bind("127.0.0.9:0").unwrap().local_addr().unwrap();
    let list = format!(
        "http://{address}/a\nhttp://{address}/b?x=1\nhttp://{address}/b?x=2\nhttp://{address}/a\nhttp://{address}/none\nnonsense\nhttp://{free}/\n"
    );
    std::fs::write(folder.join("urls.txt"), list).unwrap();
    let output = run(folder, &["fetch", "urls.txt", "-o", "job", "--patience", "1s"]);
    assert_eq!(code(&output), Some(1), "{}", err(&output));
    assert!(err(&output).contains("urls.txt:6: "), "{}", err(&output));
    assert!(err(&output).contains("note: no contact is given"), "{}", err(&output));
    let account = out(&output);
    assert!(account.starts_with("5 URLs: 3 fetched, 1 answered, 1 failed, 0 parked\n"), "{account}");
    assert!(account.contains("1 failed  connect_refused\n"), "{account}");
    address
}

#[test]
fn every_help_fits_eighty_columns_and_ends_with_0() {
    let folder = TempDir::new().unwrap();
    let all = COMMANDS.iter().flat_map(|name| [vec![*name, "--help"], vec![*name, "-h"]]);
    for arguments in all.chain([vec!["--help"], vec!["-h"], vec!["help", "fetch"], vec!["--version"]]) {
        let output = run(folder.path(), &arguments);
        assert_eq!(code(&output), Some(0), "{arguments:?}");
        assert!(!output.stdout.is_empty() && output.stderr.is_empty(), "{arguments:?}");
        for line in out(&output).lines() {
            assert!(line.chars().count() <= 80, "{arguments:?}: {line}");
        }
    }
}

#[test]
fn each_command_has_its_place_in_the_documentation() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("../..");
    let front = std::fs::read_to_string(root.join("README.md")).unwrap();
    for command in COMMANDS {
        assert!(front.contains(&format!("\n| `{command}")), "README.md has no row for {command}");
    }
    let document = std::fs::read_to_string(root.join("docs/commands.md")).unwrap();
    let told = document.lines().filter_map(|line| line.strip_prefix("$ comeback ")?.strip_suffix(" --help"));
    assert_eq!(told.collect::<Vec<_>>(), COMMANDS);
}

#[test]
fn usage_errors_end_with_2_and_one_sentence_with_a_hint() {
    let folder = TempDir::new().unwrap();
    let folder = folder.path();
    std::fs::write(folder.join("urls.txt"), "http://127.0.0.1:9/\n").unwrap();
    std::fs::write(folder.join("bad.toml"), "patience = \"1m\"\npatiense = \"1m\"\n").unwrap();
    let cases: &[(&[&str], &str)] = &[
        (&[], "Usage: comeback"),
        (&["fletch"], "fetch"),
        (&["fetch", "urls.txt"], "--output"),
        (&["fetch", "-o", "job"], "LIST"),
        (&["fetch", "absent.txt", "-o", "job"], "absent.txt: No such file or directory"),
        (&["fetch", "urls.txt", "-o", "job", "--delay", "5"], "hint: a duration is"),
        (&["fetch", "urls.txt", "-o", "job", "--body-max", "64MB"], "hint: a size is"),
        (&["fetch", "urls.txt", "-o", "job", "--attempts", "0"], "1 to 32"),
        (&["fetch", "urls.txt", "-o", "job", "--compress", "lz4"], "gzip, zstd, none"),
        (&["fetch", "urls.txt", "-o", "job", "--config", "bad.toml"], "bad.toml:2: unknown key `patiense`\nhint: did you mean"),
        (&["resume", "."], "holds no job\nhint: begin one"),
        (&["status", "absent"], "holds no job\nhint: begin one"),
        (&["outcomes", ".", "--outcome", "lost"], "hint: the known ones: fetched, answered, failed, parked"),
        (&["outcomes", ".", "--cause", "tired"], "hint: the known ones: overload, "),
        (&["outcomes", ".", "--host", "http://a.example/"], "is not a host pattern\nhint: a pattern is"),
        (&["simulate", "--seeds", "0"], "--seeds"),
        (&["demo", "urls.txt"], "urls.txt exists already\nhint: name a folder that is new"),
    ];
    for (arguments, said) in cases {
        let output = run(folder, arguments);
        assert_eq!(code(&output), Some(2), "{arguments:?}: {}", err(&output));
        assert!(err(&output).contains(said), "{arguments:?}: {}", err(&output));
        assert!(output.stdout.is_empty(), "{arguments:?}");
    }
    assert!(!folder.join("job").exists(), "a usage error leaves nothing behind");
}

#[test]
fn config_names_the_origin_of_each_value() {
    let folder = TempDir::new().unwrap();
    std::fs::write(folder.path().join("comeback.toml"), "\nper_host = 3\n").unwrap();
    let mut command = command(folder.path(), &["config", "--patience", "5m", "--header", "X-Api-Key: 42"]);
    let table = out(&command.env("COMEBACK_DELAY", "2s").output().unwrap());
    let origin =
        |key: &str| table.lines().find(|line| line.starts_with(key)).unwrap().split_whitespace().last().unwrap().to_owned();
    assert_eq!(origin("patience"), "--patience");
    assert_eq!(origin("delay"), "COMEBACK_DELAY");
    assert_eq!(origin("per_host"), "comeback.toml:2");
    assert_eq!(origin("attempts"), "default");
    assert!(!table.contains("42"), "{table}");
}

#[test]
fn a_finished_job_is_told_again_by_every_reader() {
    let folder = TempDir::new().unwrap();
    let folder = folder.path();
    let address = finished_job(folder);

    let resumed = run(folder, &["resume", "job"]);
    assert_eq!(code(&resumed), Some(1), "{}", err(&resumed));
    assert!(out(&resumed).starts_with("5 URLs: 3 fetched, 1 answered, 1 failed, 0 parked\n"), "{}", out(&resumed));

    let again = run(folder, &["fetch", "urls.txt", "-o", "job"]);
    assert_eq!(code(&again), Some(2));
    assert!(err(&again).contains("hint: go on with `comeback resume job`"), "{}", err(&again));

    let status: Value = serde_json::from_str(&out(&run(folder, &["status", "job", "--json"]))).unwrap();
    assert_eq!((&status["state"], &status["urls"]["fetched"], &status["requests"]), (&"done".into(), &3.into(), &4.into()));
    assert!(out(&run(folder, &["status", "job"])).contains("5 of 5 URLs settled"));

    let rows = |arguments: &[&str]| out(&run(folder, &[&["outcomes", "job"], arguments].concat()));
    assert_eq!(rows(&[]).lines().count(), 5);
    assert_eq!(rows(&["--outcome", "fetched", "--outcome", "answered"]).lines().count(), 4);
    assert_eq!(rows(&["--cause", "connect_refused"]).lines().count(), 1);
    assert_eq!(rows(&["--host", "127.0.0.9"]).lines().count(), 1);
    assert_eq!(rows(&["--host", "*.example"]), "");
    assert_eq!(rows(&["--format", "csv"]).matches("\r\n").count(), 6);
    assert!(rows(&["--format", "table", "--outcome", "answered"]).contains(&format!("http://{address}/none\n")));

    let report = out(&run(folder, &["report", "job"]));
    assert!(report.contains("1 duplicate dropped, 1 bad line skipped\n"), "{report}");
    assert!(report.contains("  1  failed by connect_refused, 1 host\n"), "{report}");
    let inspected = run(folder, &["inspect", "job"]);
    assert_eq!(code(&inspected), Some(0), "{}", err(&inspected));
    assert!(out(&inspected).contains("intake done, 5 URLs"), "{}", out(&inspected));
}

/// The bug: with its progress.json gone, a job with results was told as one without any, and the exit code was 0.
#[test]
fn progress_that_is_gone_or_damaged_is_told_and_written_anew() {
    let folder = TempDir::new().unwrap();
    let folder = folder.path();
    finished_job(folder);
    let path = folder.join("job/state/progress.json");
    let damages: [(&dyn Fn(), &str); 2] = [
        (&|| std::fs::remove_file(&path).unwrap(), "progress.json is missing, though the job has results\n"),
        (&|| std::fs::write(&path, "{\"job\":").unwrap(), "progress.json cannot be read: "),
    ];
    for (damage, said) in damages {
        damage();
        for command in ["outcomes", "status", "report", "extract"] {
            let output = run(folder, &[command, "job"]);
            assert_eq!((code(&output), out(&output)), (Some(3), String::new()), "{command}");
            assert!(err(&output).contains(said), "{command}: {}", err(&output));
            assert!(err(&output).ends_with("\nhint: `comeback resume DIR` writes it anew\n"), "{command}: {}", err(&output));
            assert_eq!(err(&output).lines().count(), 2, "{command}: {}", err(&output));
        }
        assert_eq!(code(&run(folder, &["resume", "job"])), Some(1));
        assert_eq!(out(&run(folder, &["outcomes", "job"])).lines().count(), 5);
    }
}

#[test]
fn pages_come_out_as_files_or_one_to_stdout() {
    let folder = TempDir::new().unwrap();
    let folder = folder.path();
    let address = finished_job(folder);

    let all = run(folder, &["extract", "job"]);
    assert_eq!((code(&all), out(&all)), (Some(0), String::new()), "{}", err(&all));
    let index = std::fs::read_to_string(folder.join("job/pages/index.jsonl")).unwrap();
    let lines: Vec<Value> = index.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    assert_eq!(lines.len(), 3);
    for line in &lines {
        let page = std::fs::read_to_string(folder.join("job/pages").join(line["file"].as_str().unwrap())).unwrap();
        let url = line["url"].as_str().unwrap();
        assert_eq!(format!("http://{address}{}", page.strip_prefix("page ").unwrap()), url);
        assert!(line["file"].as_str().unwrap().ends_with(".txt"), "{line}");
    }

    let url = format!("http://{address}/b?x=2");
    assert_eq!(run(folder, &["extract", "job", &url]).stdout, b"page /b?x=2");
    let absent = run(folder, &["extract", "job", "http://absent.example/"]);
    assert_eq!(code(&absent), Some(2));
    assert!(err(&absent).contains("hint: "), "{}", err(&absent));
    let some = run(folder, &["extract", "job", &url, "http://absent.example/", "-o", "some"]);
    assert_eq!(code(&some), Some(1), "{}", err(&some));
    assert_eq!(std::fs::read_to_string(folder.join("some/index.jsonl")).unwrap().lines().count(), 1);
}

#[test]
fn a_reader_that_leaves_early_is_no_error() {
    let folder = TempDir::new().unwrap();
    let folder = folder.path();
    let address = serve();
    std::fs::write(folder.join("urls.txt"), format!("http://{address}/big\n")).unwrap();
    assert_eq!(code(&run(folder, &["fetch", "urls.txt", "-o", "job"])), Some(0));
    let url = format!("http://{address}/big");
    let mut child = command(folder, &["extract", "job", &url]).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
    // More than a pipe holds is on its way when its reader goes.
    let mut first = [0];
    let mut stdout = child.stdout.take().unwrap();
    stdout.read_exact(&mut first).unwrap();
    drop(stdout);
    let output = child.wait_with_output().unwrap();
    assert_eq!((code(&output), err(&output)), (Some(0), String::new()));
}

#[test]
fn a_list_comes_from_standard_input_too() {
    let folder = TempDir::new().unwrap();
    let folder = folder.path();
    let url = format!("http://{}/a", serve());
    let mut command = command(folder, &["fetch", "-", "-o", "job", "--contact", "bot@example.org"]);
    let mut child = command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
    child.stdin.take().unwrap().write_all(format!("{url}\n").as_bytes()).unwrap();
    let output = child.wait_with_output().unwrap();
    assert_eq!(code(&output), Some(0), "{}", err(&output));
    assert!(!err(&output).contains("no contact"), "{}", err(&output));
    assert!(out(&output).starts_with("1 URL: 1 fetched, 0 answered, 0 failed, 0 parked\n"), "{}", out(&output));
}

#[test]
fn strict_makes_a_bad_line_a_usage_error() {
    let folder = TempDir::new().unwrap();
    let folder = folder.path();
    std::fs::write(folder.join("urls.txt"), "nonsense\n").unwrap();
    let output = run(folder, &["fetch", "urls.txt", "-o", "job", "--strict"]);
    assert_eq!(code(&output), Some(2), "{}", err(&output));
    assert!(err(&output).contains("urls.txt:1: ") && err(&output).contains("--strict allows none"), "{}", err(&output));
}

#[test]
fn simulated_runs_are_summed_up() {
    let folder = TempDir::new().unwrap();
    let output = run(folder.path(), &["simulate", "--seeds", "20", "--first-seed", "100"]);
    assert_eq!(code(&output), Some(0), "{}", out(&output));
    assert!(
        out(&output).starts_with("20 runs from rng_seed 100: ") && out(&output).ends_with("0 findings\n"),
        "{}",
        out(&output)
    );
}

#[test]
fn scored_runs_are_a_table_of_80_columns_with_targets() {
    let folder = TempDir::new().unwrap();
    for world in ["challenge", "shedding", "mix"] {
        let output = run(folder.path(), &["simulate", "--world", world, "--seeds", "2"]);
        let text = out(&output);
        assert_eq!(code(&output), Some(0), "{text}");
        assert!(text.starts_with("2 runs of each world from rng_seed 0\n") && text.contains("\nbehaviour "), "{text}");
        assert!(text.contains("   met\n") || text.contains("   missed\n  missed: "), "{text}");
        assert!(text.lines().all(|line| line.chars().count() <= 80), "{text}");
    }
}

#[test]
fn an_unknown_world_is_told_with_the_known_ones() {
    let folder = TempDir::new().unwrap();
    let output = run(folder.path(), &["simulate", "--world", "atlantis"]);
    assert_eq!(code(&output), Some(2), "{}", err(&output));
    assert!(err(&output).contains("atlantis") && err(&output).contains("leaky-bucket, "), "{}", err(&output));
}
