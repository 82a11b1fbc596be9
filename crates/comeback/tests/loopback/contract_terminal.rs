//! Progress on a real pseudo-terminal, which `script` (package bsdutils) makes.

use std::process::Command;
use std::sync::atomic::{AtomicBool, Ordering};

use crate::origin::{Answer, Origin, absent, answer, page};
use crate::program::{Bench, Ended, Running};

/// Runs `fetch` on a terminal with these settings of the environment. Its stdout and stderr are the terminal's.
fn fetch_on_terminal(bench: &Bench, environment: &[(&str, &str)]) -> Ended {
    let command = bench.command(["fetch"]);
    let line = format!("{} fetch urls.txt -o job --contact a@example.org", command.get_program().to_str().unwrap());
    let mut script = Command::new("script");
    script.args(["-q", "-e", "-c", &line, "/dev/null"]).current_dir(command.get_current_dir().unwrap());
    for name in ["NO_COLOR", "LC_ALL", "LC_CTYPE", "LANG"] {
        script.env_remove(name);
    }
    script.envs(environment.iter().copied());
    Running::spawn(&mut script).wait()
}

/// Pages, and a host that holds us off for two seconds.
fn origin() -> Origin {
    let is_held = AtomicBool::new(true);
    Origin::start_hosts(2, move |asked| match (asked.is_page(), asked.host) {
        (false, _) => absent(),
        (true, 1) if is_held.swap(false, Ordering::SeqCst) => {
            Answer::Keep(answer("503 Service Unavailable", "Retry-After: 2\r\n", ""))
        }
        (true, _) => page(asked),
    })
}

fn list(bench: &Bench, origin: &Origin) {
    let held = (0..3).map(|number| origin.url_of(1, &format!("/{number}")));
    bench.list(origin.urls(20).into_iter().chain(held));
}

#[test]
fn a_terminal_is_drawn_in_place_and_left_tidy() {
    let (origin, bench) = (origin(), Bench::new());
    list(&bench, &origin);
    let ended = fetch_on_terminal(&bench, &[("TERM", "xterm"), ("LANG", "C.UTF-8")]);
    assert_eq!(ended.code, Some(0), "{ended:?}");
    let shown = &ended.stdout;
    for words in ["█", "of 23 URLs", "20 fetched", "1 host waits:", "http://127.0.0.2:", "\u{1b}[32m"] {
        assert!(shown.contains(words), "{words}: {shown:?}");
    }
    let (_, end) = shown.rsplit_once("\u{1b}[J").unwrap();
    assert!(end.starts_with("23 URLs: 23 fetched, 0 answered, 0 failed, 0 parked\r\n"), "{end:?}");
}

#[test]
fn colour_and_cursor_movements_are_left_out_where_they_are_not_wanted() {
    let (origin, bench) = (origin(), Bench::new());
    list(&bench, &origin);
    let ended = fetch_on_terminal(&bench, &[("TERM", "xterm"), ("NO_COLOR", "1"), ("LANG", "C")]);
    assert_eq!(ended.code, Some(0), "{ended:?}");
    assert!(ended.stdout.contains("\u{1b}[J") && ended.stdout.contains("[####"), "{ended:?}");
    assert!(ended.stdout.is_ascii() && !ended.stdout.contains("\u{1b}[3") && !ended.stdout.contains("\u{1b}[2m"), "{ended:?}");
    let (origin, bench) = (self::origin(), Bench::new());
    list(&bench, &origin);
    let ended = fetch_on_terminal(&bench, &[("TERM", "dumb"), ("LANG", "C.UTF-8")]);
    assert_eq!(ended.code, Some(0), "{ended:?}");
    assert!(!ended.stdout.contains('\u{1b}') && ended.stdout.contains("23 URLs: 23 fetched"), "{ended:?}");
}
