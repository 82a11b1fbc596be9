//! `--json`: events on stdout that fit their schema, and nothing else there.

use std::io::{BufRead as _, BufReader};
use std::process::{Child, ChildStdout, Command, Stdio};
use std::sync::atomic::{AtomicBool, Ordering};

use rustix::process::{Pid, Signal, kill_process};
use serde_json::Value;

use crate::contract_schemas::{assert_fits, schema};
use crate::origin::{Answer, Origin, absent, answer, origin_of_pages, page};
use crate::program::{Bench, Ended, Running};

/// The events of a run, each held against the schema.
#[track_caller]
fn events(ended: &Ended) -> Vec<Value> {
    let schema = schema("events.schema.json");
    ended.stdout.lines().map(|line| assert_fits(&schema, line)).collect()
}

fn of_kind<'a>(events: &'a [Value], kind: &str) -> Vec<&'a Value> {
    events.iter().filter(|event| event["event"] == kind).collect()
}

#[test]
fn the_events_of_a_job_fit_their_schema_and_end_with_the_account() {
    let is_held = AtomicBool::new(true);
    let origin = Origin::start_hosts(3, move |asked| match (asked.is_page(), asked.host) {
        (true, 0) => page(asked),
        (true, 1) if is_held.swap(false, Ordering::SeqCst) => {
            Answer::Keep(answer("503 Service Unavailable", "Retry-After: 1\r\n", ""))
        }
        (true, 1) => page(asked),
        (true, _) => Answer::Keep(answer("403 Forbidden", "cf-mitigated: challenge\r\n", "")),
        (false, _) => absent(),
    });
    let bench = Bench::new();
    let mut urls = origin.urls(5);
    urls.extend(
        (1..3)
            .flat_map(|host| (0..4).map(move |number| (host, number)))
            .map(|(host, number)| origin.url_of(host, &format!("/{number}"))),
    );
    urls.push("nonsense".into());
    bench.list(&urls);
    let ended = bench.run("fetch urls.txt -o job --json");
    assert_eq!(ended.code, Some(1), "{ended:?}");
    let events = events(&ended);
    assert_eq!(events.first().map(|event| &event["event"]), Some(&"JobStarted".into()), "{events:#?}");
    let skipped = of_kind(&events, "LineSkipped");
    assert!(skipped.len() == 1 && skipped[0]["line"] == 14 && skipped[0]["list"] == "urls.txt", "{skipped:#?}");
    assert_eq!(of_kind(&events, "IntakeEnded")[0]["urls"], 13);
    let held = of_kind(&events, "HostHeld");
    assert!(held.len() == 1 && held[0]["host"].as_str().unwrap().contains("127.0.0.2"), "{held:#?}");
    assert_eq!(of_kind(&events, "HostRecovered")[0]["host"], held[0]["host"]);
    let settled = of_kind(&events, "HostSettled");
    assert!(settled.len() == 1 && settled[0]["cause"] == "bot_challenge" && settled[0]["outcome"] == "parked", "{settled:#?}");
    assert!(!of_kind(&events, "ProgressMade").is_empty(), "{events:#?}");
    let end = events.last().unwrap();
    let counts = serde_json::json!({"queued": 0, "leased": 0, "fetched": 9, "answered": 0, "failed": 0, "parked": 4});
    assert_eq!(
        (&end["event"], &end["state"], &end["exit_code"], &end["urls"]),
        (&"JobEnded".into(), &"done".into(), &1.into(), &counts)
    );
    assert_eq!((&end["causes"][0]["cause"], &end["causes"][0]["urls"]), (&"bot_challenge".into(), &4.into()));
    let again = bench.run("resume job --json");
    let events = self::events(&again);
    assert_eq!((again.code, &events.last().unwrap()["exit_code"]), (Some(1), &1.into()), "{events:#?}");
}

#[test]
fn an_interrupt_is_an_event_and_the_last_says_how_it_ended() {
    let origin = origin_of_pages(page);
    let bench = Bench::new();
    bench.list(origin.urls(400));
    let process = bench.start("fetch urls.txt -o job --delay 10ms --json");
    origin.wait_for(60);
    process.signal(Signal::INT);
    let ended = process.wait();
    assert_eq!(ended.code, Some(130), "{ended:?}");
    let events = events(&ended);
    assert_eq!(of_kind(&events, "DrainStarted")[0]["by"], "signal");
    let end = events.last().unwrap();
    assert_eq!((&end["event"], &end["state"], &end["exit_code"]), (&"JobEnded".into(), &"stopped".into(), &130.into()));
    assert!(end["urls"]["queued"].as_u64().unwrap() > 0, "{end}");
}

#[test]
fn a_failure_is_the_last_event_and_one_line_on_stderr() {
    let origin = origin_of_pages(|_| Answer::Keep(answer("200 OK", "", vec![b'x'; 64 << 10])));
    let bench = Bench::new();
    bench.list(origin.urls(50));
    let command = bench.command("fetch urls.txt -o job --json --compress none --contact a@example.org".split_whitespace());
    // No file may be longer than this many blocks of 512 bytes; without the trap the limit would end the process by a signal.
    let mut limited = Command::new("sh");
    limited.args(["-c", "trap '' XFSZ; ulimit -f 200; exec \"$@\"", "sh"]).arg(command.get_program()).args(command.get_args());
    let ended = Running::spawn(limited.current_dir(command.get_current_dir().unwrap())).wait();
    assert_eq!(ended.code, Some(3), "{ended:?}");
    assert_eq!(ended.stderr.lines().filter(|line| line.starts_with("error: ")).count(), 1, "{ended:?}");
    let events = events(&ended);
    let end = events.last().unwrap();
    assert_eq!((&end["event"], &end["exit_code"]), (&"JobFailed".into(), &3.into()), "{events:#?}");
    assert!(end["error"].as_str().unwrap().contains("File too large"), "{end}");
}

#[test]
fn a_reader_that_goes_away_stops_no_job() {
    let origin = origin_of_pages(page);
    let bench = Bench::new();
    let urls = origin.urls(50);
    bench.list(&urls);
    let mut command = bench.command(["fetch", "urls.txt", "-o", "job", "--json"]);
    let mut child = command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::null()).spawn().unwrap();
    let mut first = String::new();
    // The pipe is closed with the reader, at the end of this line.
    BufReader::new(child.stdout.take().unwrap()).read_line(&mut first).unwrap();
    assert!(first.contains("JobStarted"), "{first}");
    assert_eq!(child.wait().unwrap().code(), Some(0));
    assert_eq!(bench.rows("job").len(), urls.len());
}

#[test]
fn the_status_of_an_event_is_the_status_of_the_command() {
    let folder = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("../../docs/schema");
    let read = |name: &str| -> Value { serde_json::from_str(&std::fs::read_to_string(folder.join(name)).unwrap()).unwrap() };
    let (events, status) = (read("events.schema.json"), read("status.schema.json"));
    let told = &events["$defs"]["status"];
    assert_eq!((&told["properties"], &told["required"]), (&status["properties"], &status["required"]));
    for name in ["cause", "count", "time"] {
        assert_eq!(events["$defs"][name], status["$defs"][name], "{name}");
    }
}

#[test]
fn what_becomes_of_lists_on_the_web_fits_the_schema() {
    let origin = origin_of_pages(|asked| match asked.target.as_str() {
        "/list.txt" => Answer::Keep(answer("200 OK", "", "nonsense\n")),
        _ => absent(),
    });
    let ended = Bench::new().run(&format!("fetch {} {} -o job --json", origin.url("/list.txt"), origin.url("/gone.xml")));
    assert_eq!(ended.code, Some(1), "{ended:?}");
    let events = events(&ended);
    let unread = of_kind(&events, "ListUnread");
    assert!(unread.len() == 1 && unread[0]["why"].as_str().unwrap().contains("/gone.xml: "), "{unread:#?}");
    let fetched = of_kind(&events, "ListsFetched");
    assert!(fetched.iter().all(|event| event["lists"] == 2), "{fetched:#?}");
    assert_eq!(fetched.last().unwrap()["settled"], 2);
    assert_eq!(of_kind(&events, "LineSkipped")[0]["list"], origin.url("/list.txt"));
    assert_eq!(events.last().unwrap()["lists_unread"], 1);
}

/// Bad lines enough to fill a pipe that nobody reads, whose size is 64 KiB mostly, and the line behind it.
const BAD_LINES: usize = 10_000;

/// A run with more events than its reader, who takes none, has room for.
fn with_unread_events(bench: &Bench, origin: &Origin, options: &str) -> (Child, ChildStdout) {
    bench.list((0..BAD_LINES).map(|_| "nonsense".to_owned()).chain(origin.urls(50)));
    let mut command = bench.command(format!("fetch urls.txt -o job --json {options}").split_whitespace());
    let mut child = command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::null()).spawn().unwrap();
    let unread = child.stdout.take().unwrap();
    (child, unread)
}

/// `fetch --json | less` stood still once the pipe was full: whoever committed waited for the pager.
#[test]
fn a_reader_that_takes_nothing_holds_up_no_job_and_is_told_what_it_missed() {
    let (origin, bench) = (origin_of_pages(page), Bench::new());
    let (mut child, unread) = with_unread_events(&bench, &origin, "");
    // All pages, and the rules for robots.
    origin.wait_for(51);
    let events: Vec<Value> = {
        let schema = schema("events.schema.json");
        BufReader::new(unread).lines().map(|line| assert_fits(&schema, &line.unwrap())).collect()
    };
    assert_eq!(child.wait().unwrap().code(), Some(0));
    let dropped: u64 = of_kind(&events, "EventsDropped").iter().map(|event| event["events"].as_u64().unwrap()).sum();
    let skipped = of_kind(&events, "LineSkipped").len() as u64;
    assert!(dropped > 0 && skipped > 0 && (BAD_LINES as u64..BAD_LINES as u64 + 10).contains(&(dropped + skipped)), "{dropped}");
    assert_eq!(events.last().unwrap()["event"], "JobEnded");
}

/// It took no Ctrl-C either.
#[test]
fn an_interrupt_ends_a_run_whose_reader_takes_nothing() {
    let (origin, bench) = (origin_of_pages(page), Bench::new());
    let (mut child, _unread) = with_unread_events(&bench, &origin, "--delay 100ms");
    origin.wait_for(5);
    kill_process(Pid::from_child(&child), Signal::INT).unwrap();
    assert_eq!(child.wait().unwrap().code(), Some(130));
    assert!(!bench.rows("job").is_empty());
}
