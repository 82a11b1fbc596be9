//! `comeback weather` as a user meets it: worlds, URLs, the table at its end, and every way to end it.

#![allow(clippy::unwrap_used, reason = "a failed unwrap is a failed test, in the functions that tests share as well")]

use std::io::{BufRead as _, BufReader, Read as _, Write as _};
use std::net::TcpStream;
use std::os::unix::process::CommandExt as _;
use std::path::Path;
use std::process::{Child, ChildStdout, Command, Output, Stdio};

use rustix::process::{Pid, Signal, kill_process, kill_process_group};
use serde_json::Value;
use tempfile::TempDir;

/// One host in maintenance for as long as a test may take, and a healthy one.
const WORLD: &str = "[[host]]\nname = \"shop\"\nbehaviour = \"maintenance\"\nfor = \"1h\"\n\n[[host]]\nbehaviour = \"healthy\"\n";

/// Asks the healthy host for a page.
const ASK: &str = "curl --silent --output page http://127.0.1.2:$WEATHER_PORT/page/1";

fn command(folder: &Path, arguments: &[&str]) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_comeback"));
    command.arg("weather").args(arguments).current_dir(folder).stdin(Stdio::null());
    command
}

fn run(folder: &Path, arguments: &[&str]) -> Output {
    command(folder, arguments).output().unwrap()
}

fn out(output: &Output) -> String {
    String::from_utf8_lossy(&output.stdout).into_owned()
}

fn err(output: &Output) -> String {
    String::from_utf8_lossy(&output.stderr).into_owned()
}

fn folder_with_world() -> TempDir {
    let folder = TempDir::new().unwrap();
    std::fs::write(folder.path().join("world.toml"), WORLD).unwrap();
    folder
}

/// Asks for a page, and gives the status back.
fn status(address: &str) -> u16 {
    let mut stream = TcpStream::connect(address).unwrap();
    write!(stream, "GET /page/1 HTTP/1.1\r\nHost: {address}\r\nConnection: close\r\n\r\n").unwrap();
    let mut answer = String::new();
    stream.read_to_string(&mut answer).unwrap();
    answer.split(' ').nth(1).unwrap().parse().unwrap()
}

/// A weather under way: the addresses that it said, and the rest of what it will say.
struct Running {
    child: Child,
    output: BufReader<ChildStdout>,
    addresses: Vec<String>,
}

fn start(folder: &Path, arguments: &[&str]) -> Running {
    let mut child = command(folder, arguments).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
    let mut output = BufReader::new(child.stdout.take().unwrap());
    let mut addresses = Vec::new();
    for _ in 0..2 {
        let mut line = String::new();
        output.read_line(&mut line).unwrap();
        addresses.push(line.strip_prefix("http://").unwrap().split(' ').next().unwrap().to_owned());
    }
    // From here on a signal is waited for.
    let mut note = String::new();
    BufReader::new(child.stderr.take().unwrap()).read_line(&mut note).unwrap();
    assert_eq!(note, "Ctrl-C ends it.\n");
    Running { child, output, addresses }
}

impl Running {
    /// Ends it, and gives its code and table.
    fn end(mut self, signal: Signal) -> (i32, String) {
        kill_process(Pid::from_child(&self.child), signal).unwrap();
        let mut table = String::new();
        self.output.read_to_string(&mut table).unwrap();
        (self.child.wait().unwrap().code().unwrap(), table)
    }
}

/// The cells of a row: requests, well, wasted, violations, robots.txt.
fn cells(table: &str, name: &str) -> Vec<u64> {
    let row = table.lines().find(|line| line.split_whitespace().next() == Some(name)).unwrap();
    row.trim_start_matches(name).split_whitespace().filter_map(|cell| cell.parse().ok()).collect()
}

#[test]
fn either_signal_ends_it_with_the_table() {
    let folder = folder_with_world();
    for signal in [Signal::INT, Signal::TERM] {
        let weather = start(folder.path(), &["world.toml"]);
        assert_eq!([status(&weather.addresses[0]), status(&weather.addresses[1])], [503, 200]);
        let (code, table) = weather.end(signal);
        assert_eq!(code, 0, "{table}");
        assert_eq!((cells(&table, "shop"), cells(&table, "healthy")), (vec![1, 0, 1, 0, 0], vec![1, 1, 0, 0, 0]));
        assert!(table.lines().all(|line| line.chars().count() <= 80), "{table}");
    }
}

#[test]
fn a_broken_hold_is_logged_counted_and_ends_with_1() {
    let folder = folder_with_world();
    let weather = start(folder.path(), &["world.toml", "--log", "requests.jsonl"]);
    let log = || -> Vec<Value> {
        let text = std::fs::read_to_string(folder.path().join("requests.jsonl")).unwrap();
        text.lines().map(|line| serde_json::from_str(line).unwrap()).collect()
    };
    // What comes at once after the refusal may have crossed it on the wire; a client that goes on asking has not.
    let mut asked = 0;
    while !log().last().is_some_and(|line| line["hold_broken"] == true) {
        assert_eq!(status(&weather.addresses[0]), 503);
        asked += 1;
    }
    let lines = log();
    assert_eq!(lines.len(), asked);
    let first = &lines[0];
    assert_eq!((&first["name"], &first["status"], &first["path"]), (&"shop".into(), &503.into(), &"/page/1".into()));
    assert_eq!((&first["host"], &first["hold_broken"]), (&weather.addresses[0].as_str().into(), &false.into()));
    let (code, table) = weather.end(Signal::INT);
    assert_eq!((code, cells(&table, "shop")[3]), (1, 1), "{table}");
}

#[test]
fn a_command_runs_while_the_world_is_up_and_ends_it() {
    let folder = folder_with_world();
    let output = run(folder.path(), &["world.toml", "--", "sh", "-c", "echo port $WEATHER_PORT; exit 7"]);
    assert_eq!(output.status.code(), Some(0), "{}", err(&output));
    let text = out(&output);
    let port = text.lines().next().unwrap().split([':', ' ']).find(|word| word.parse::<u16>().is_ok()).unwrap().to_owned();
    assert!(text.contains(&format!("\nport {port}\n")) && text.contains("\nall hosts "), "{text}");
    assert_eq!(err(&output), "note: sh ended with exit status: 7\n");
}

/// As a terminal does, which tells everyone in it.
#[test]
fn a_signal_to_both_ends_the_command_and_the_weather() {
    let folder = folder_with_world();
    let mut command = command(folder.path(), &["world.toml", "--", "sh", "-c", "echo up; exec sleep 1000"]);
    let mut child = command.process_group(0).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
    let mut output = BufReader::new(child.stdout.take().unwrap());
    let mut said = String::new();
    while !said.ends_with("up\n") {
        assert_ne!(output.read_line(&mut said).unwrap(), 0, "{said}");
    }
    kill_process_group(Pid::from_child(&child), Signal::INT).unwrap();
    let mut table = String::new();
    output.read_to_string(&mut table).unwrap();
    assert!(table.contains("all hosts "), "{table}");
    assert_eq!(child.wait().unwrap().code(), Some(0));
}

#[test]
fn a_full_disk_is_told_after_the_table() {
    let folder = folder_with_world();
    let output = run(folder.path(), &["world.toml", "--log", "/dev/full", "--", "sh", "-c", ASK]);
    assert_eq!(output.status.code(), Some(3), "{}", err(&output));
    assert_eq!(cells(&out(&output), "healthy"), [1, 1, 0, 0, 0]);
    assert!(err(&output).ends_with("/dev/full: No space left on device (os error 28)\n"), "{}", err(&output));
}

#[test]
fn it_ends_by_itself_after_its_time() {
    let folder = folder_with_world();
    let output = run(folder.path(), &["world.toml", "--for", "1ms"]);
    assert_eq!((output.status.code(), err(&output)), (Some(0), String::new()));
    assert_eq!(cells(&out(&output), "healthy"), [0; 5]);
}

#[test]
fn every_world_fits_eighty_columns() {
    let folder = TempDir::new().unwrap();
    let list = out(&run(folder.path(), &["--list"]));
    for name in list.lines().filter_map(|line| line.split(' ').next()) {
        let text = out(&run(folder.path(), &[name, "--for", "1ms"]));
        for line in text.lines().chain(list.lines()) {
            assert!(line.chars().count() <= 80, "{name}: {line}");
        }
    }
}

#[test]
fn worlds_are_listed_shown_and_read_again() {
    let folder = TempDir::new().unwrap();
    let list = out(&run(folder.path(), &["--list"]));
    for line in list.lines() {
        let name = line.split(' ').next().unwrap();
        let shown = run(folder.path(), &["--show", name]);
        std::fs::write(folder.path().join("copy.toml"), shown.stdout).unwrap();
        let of = |world: &str| out(&run(folder.path(), &[world, "--port", "8503", "--urls", "3"]));
        assert!(of(name).starts_with("http://127.0.1.1:8503/page/1\nhttp://127.0.1.1:8503/page/2\n"));
        assert_eq!(of(name), of("copy.toml"));
    }
    assert!(list.contains("demo ") && list.contains("all "), "{list}");
}

#[test]
fn every_world_of_the_comparison_is_read() {
    let folder = TempDir::new().unwrap();
    let worlds = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../bench/behaviour/worlds");
    for world in std::fs::read_dir(worlds).unwrap() {
        let path = world.unwrap().path();
        let output = run(folder.path(), &[path.to_str().unwrap(), "--port", "8503", "--urls", "1"]);
        assert!(output.status.success(), "{}", err(&output));
    }
}

#[test]
fn usage_errors_end_with_2_and_say_what_is_wrong() {
    let folder = TempDir::new().unwrap();
    let folder = folder.path();
    std::fs::write(folder.join("bad.toml"), "[[host]]\nbehaviour = \"slow\"\nfrist_byte = \"1s\"\n").unwrap();
    let taken = std::net::TcpListener::bind("127.0.1.1:0").unwrap();
    let port = taken.local_addr().unwrap().port().to_string();
    let cases: [(&[&str], &str); 8] = [
        (&["storm"], "`storm` is no built-in world\nhint: the known ones: all, demo, limits"),
        (&["absent.toml"], "absent.toml: No such file or directory"),
        (&["bad.toml"], "error: bad.toml:3: unknown key `frist_byte`, expected"),
        (&["--urls", "3"], "--port"),
        (&["--port", "0"], "--port"),
        (&["--for", "5"], "is not a duration"),
        (&["--", "no-such-program-anywhere"], "cannot run no-such-program-anywhere: No such file"),
        (&["--port", &port], "cannot listen on 127.0.1.1:"),
    ];
    for (arguments, said) in cases {
        let output = run(folder, arguments);
        assert_eq!(output.status.code(), Some(2), "{arguments:?}: {}", err(&output));
        assert!(err(&output).contains(said), "{arguments:?}: {}", err(&output));
    }
    let output = run(folder, &["--log", "no/folder.jsonl"]);
    assert_eq!(output.status.code(), Some(3), "{}", err(&output));
}
