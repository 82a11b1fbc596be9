//! Too few descriptors: the machine's trouble, which is told once in its own words, and for which no host is blamed.

use std::process::Command;

use crate::account::{assert_all, assert_each_once, tally};
use crate::origin::{Answer, Asked, Origin, absent, page};
use crate::program::{Bench, Running};

const HOSTS: u8 = 120;

/// The binary with at most so many descriptors.
fn limited(bench: &Bench, arguments: &[&str], descriptors: u32) -> Command {
    let command = bench.command(arguments);
    let mut limited = Command::new("sh");
    limited
        .args(["-c", &format!("ulimit -n {descriptors}; exec \"$@\""), "sh"])
        .arg(command.get_program())
        .args(command.get_args());
    limited.current_dir(command.get_current_dir().unwrap());
    limited
}

#[test]
fn job_without_descriptors_blames_nobody_and_goes_on_later() {
    let mut words = Vec::new();
    for descriptors in [30, 60, 90] {
        // The rules for robots come late, so that all hosts are connected to at once.
        let origin =
            Origin::start_hosts(HOSTS, |asked: &Asked| if asked.is_page() { page(asked) } else { Answer::Stall(Vec::new()) });
        let urls: Vec<String> = (0..usize::from(HOSTS)).map(|host| origin.url_of(host, "/page")).collect();
        let bench = Bench::new();
        bench.list(&urls);
        bench.write("comeback.toml", "partitions = 1\n");
        let ended =
            Running::spawn(&mut limited(&bench, &["fetch", "urls.txt", "-o", "job", "--timeout", "20s"], descriptors)).wait();
        assert_eq!(ended.code, Some(3), "{descriptors}: {ended:?}");
        assert_eq!(ended.stderr.matches("Too many open files").count(), 1, "{ended:?}");
        assert_eq!(ended.stderr.matches("error: ").count(), 1, "{ended:?}");
        words.push(ended.stderr);
    }
    assert!(words.iter().any(|said| said.contains("cannot open a connection")), "{words:?}");
}

#[test]
fn job_goes_on_once_there_are_descriptors() {
    let origin = Origin::start_hosts(HOSTS, |asked: &Asked| if asked.is_page() { page(asked) } else { absent() });
    let urls: Vec<String> = (0..usize::from(HOSTS) * 5)
        .map(|number| origin.url_of(number % usize::from(HOSTS), &format!("/page/{number}")))
        .collect();
    let bench = Bench::new();
    bench.list(&urls);
    bench.write("comeback.toml", "partitions = 1\n");
    let ended = Running::spawn(&mut limited(&bench, &["fetch", "urls.txt", "-o", "job"], 70)).wait();
    let rows = bench.rows("job");
    assert!(tally(&rows).keys().all(|ending| ending == "fetched/none"), "a host was blamed: {:?}", tally(&rows));
    // Where hosts answer fast, so many may be enough.
    assert!(matches!(ended.code, Some(0 | 3)), "{ended:?}");
    let ended = bench.run("resume job");
    assert_eq!(ended.code, Some(0), "{ended:?}");
    let rows = bench.rows("job");
    assert_each_once(&rows, &urls);
    assert_all(&rows, urls.len(), "fetched/none");
}
