//! What is configured for the hosts of a pattern: whom it reaches, and whom it does not.

use crate::account::assert_all;
use crate::origin::{Answer, Asked, Origin, absent, answer, page};
use crate::program::{Bench, Running, files, tool};

/// The value of a request's field, if it was there.
fn field(asked: &Asked, name: &str) -> Option<String> {
    let head = String::from_utf8_lossy(&asked.head).into_owned();
    let lines = head.lines().filter_map(|line| line.split_once(':'));
    let mut values = lines.filter(|(found, _)| found.eq_ignore_ascii_case(name)).map(|(_, value)| value.trim().to_owned());
    let value = values.next();
    assert_eq!(values.next(), None, "{name} is there twice");
    value
}

/// Two hosts, the first of which sends its page `/there` on to the second.
fn two_hosts() -> Origin {
    // The second host's port is known only when both listen, so the first names it by what it was asked for.
    Origin::start_hosts(2, |asked| match asked.target.split_once("?to=") {
        _ if !asked.is_page() => absent(),
        Some((_, port)) => {
            let location = format!("Location: http://127.0.0.2:{port}/landed\r\n");
            Answer::Keep(answer("302 Found", &location, "elsewhere\n"))
        }
        None => page(asked),
    })
}

const TABLES: &str = r#"
header = ["X-Note: general"]

[[host]]
pattern = "127.*"
headers = ["X-Note: loopback"]

[[host]]
pattern = "127.0.0.1"
headers = ["X-Team: data"]
auth = { basic_env = "SITE_LOGIN" }

[[host]]
pattern = "127.0.0.2"
auth = { bearer = "second-secret" }
"#;

#[test]
fn each_host_gets_its_own_fields_over_redirects_too() {
    let origin = two_hosts();
    let bench = Bench::new();
    bench.write("comeback.toml", TABLES);
    bench.list([origin.url(&format!("/there?to={}", origin.address(1).port())), origin.url_of(1, "/listed")]);
    let mut command = bench.command(["fetch", "urls.txt", "-o", "job"]);
    let ended = Running::spawn(command.env("SITE_LOGIN", "me:open-sesame")).wait();
    assert_eq!(ended.code, Some(0), "{ended:?}");
    assert_all(&bench.rows("job"), 2, "fetched/none");
    let asked = origin.asked();
    assert_eq!(asked.len(), 5, "two robots.txt, three pages");
    for asked in &asked {
        let (auth, team) = if asked.host == 0 {
            ("Basic bWU6b3Blbi1zZXNhbWU=", Some("data".to_owned()))
        } else {
            ("Bearer second-secret", None)
        };
        assert_eq!(field(asked, "Authorization").as_deref(), Some(auth), "{} of host {}", asked.target, asked.host);
        assert_eq!(field(asked, "X-Team"), team);
        assert_eq!(field(asked, "X-Note").as_deref(), Some("loopback"));
    }
    let archived: String = files(&bench.path("job/warc"), ".warc.gz")
        .iter()
        .map(|file| tool("gzip", ["-dc".as_ref(), file.as_os_str()], "gzip").1)
        .collect();
    assert!(archived.contains("uthorization: [redacted]") && archived.contains("data"), "{archived}");
    assert!(!archived.contains("second-secret") && !archived.contains("bWU6b3Blbi1zZXNhbWU"), "{archived}");
    for command in ["config", "inspect job", "status job", "report job"] {
        let shown = Running::spawn(bench.command(command.split_whitespace()).env("SITE_LOGIN", "me:open-sesame")).wait();
        assert_eq!(shown.code.map(|code| code > 1), Some(false), "{command}: {shown:?}");
        assert!(!shown.stdout.contains("sesame") && !shown.stdout.contains("second-secret"), "{command}: {}", shown.stdout);
    }
}

#[test]
fn a_resumed_job_keeps_its_tables_without_file_and_variable() {
    let origin = two_hosts();
    let bench = Bench::new();
    bench.write("comeback.toml", TABLES);
    bench.list(origin.urls(200));
    let mut command = bench.command(["fetch", "urls.txt", "-o", "job", "--delay", "10ms", "--deadline", "300ms"]);
    let stopped = Running::spawn(command.env("SITE_LOGIN", "me:open-sesame")).wait();
    assert_eq!(stopped.code, Some(130), "{stopped:?}");
    std::fs::remove_file(bench.path("comeback.toml")).unwrap();
    let before = origin.asked().len();
    let stopped = bench.run("resume job");
    assert!(matches!(stopped.code, Some(0 | 130)), "{stopped:?}");
    let asked = origin.asked();
    assert!(asked.len() > before);
    assert!(asked.iter().all(|asked| field(asked, "Authorization").as_deref() == Some("Basic bWU6b3Blbi1zZXNhbWU=")));
}

#[test]
fn a_hosts_own_delay_spaces_its_requests_and_nobody_elses() {
    let origin = two_hosts();
    let bench = Bench::new();
    bench.write("comeback.toml", "delay = \"1s\"\n[[host]]\npattern = \"127.0.0.2\"\ndelay = \"0s\"\n");
    let slow = (0..3).map(|number| origin.url(&format!("/{number}")));
    let quick = (0..40).map(|number| origin.url_of(1, &format!("/{number}")));
    let (ended, rows) = bench.fetch(slow.chain(quick), "");
    assert_eq!(ended.code, Some(0), "{ended:?}");
    assert_all(&rows, 43, "fetched/none");
    let asked = origin.asked();
    let of = |host: usize| asked.iter().filter(move |asked| asked.host == host).map(|asked| asked.at).collect::<Vec<_>>();
    let slow = of(0);
    assert!(slow.windows(2).all(|pair| (pair[1] - pair[0]).as_millis() >= 900), "{slow:?}");
    assert!(of(1).last() < slow.last(), "the other host was done before");
}

#[test]
fn a_variable_that_is_not_set_ends_the_command_before_anything_is_made() {
    let bench = Bench::new();
    bench.write("comeback.toml", TABLES);
    bench.list(["http://127.0.0.1:9/"]);
    let ended = bench.run("fetch urls.txt -o job");
    assert_eq!(ended.code, Some(2), "{ended:?}");
    assert!(ended.stderr.contains("comeback.toml:11: the variable SITE_LOGIN is not set"), "{}", ended.stderr);
    assert!(!bench.path("job").exists());
}

#[test]
fn cookies_go_back_to_the_hosts_whose_table_says_so() {
    let origin = Origin::start_hosts(2, |asked| {
        let body = format!("this is {}\n", asked.target);
        let set = format!("Set-Cookie: visit={}; Path=/\r\nSet-Cookie: mine=theirs\r\n", asked.target.trim_start_matches('/'));
        if asked.is_page() { Answer::Keep(answer("200 OK", &set, body)) } else { absent() }
    });
    let bench = Bench::new();
    let tables = "[[host]]\npattern = \"127.0.0.1\"\ncookies = true\nheaders = [\"Cookie: mine=ours\"]\nper_host = 1\n";
    bench.write("comeback.toml", tables);
    let urls = (0..4).flat_map(|number| [0, 1].map(|host| origin.url_of(host, &format!("/{number}"))));
    let (ended, rows) = bench.fetch(urls, "");
    assert_eq!(ended.code, Some(0), "{ended:?}");
    assert_all(&rows, 8, "fetched/none");
    let pages = origin.pages();
    let of = |host: usize| pages.iter().filter(move |asked| asked.host == host);
    let mut last = None;
    for asked in of(0) {
        let expected = last.map_or_else(|| "mine=ours".to_owned(), |visit| format!("mine=ours; visit={visit}"));
        assert_eq!(field(asked, "Cookie"), Some(expected), "{}", asked.target);
        last = Some(asked.target.trim_start_matches('/').to_owned());
    }
    assert!(of(1).all(|asked| field(asked, "Cookie").is_none()), "a host without a table keeps none");
    let archived: String = files(&bench.path("job/warc"), ".warc.gz")
        .iter()
        .map(|file| tool("gzip", ["-dc".as_ref(), file.as_os_str()], "gzip").1)
        .collect();
    assert!(archived.contains("Set-Cookie: visit="), "a response is archived as it came");
    assert!(!archived.contains("mine=ours"), "{archived}");
}

/// What we send must stay within what servers take, however many cookies a host sets.
#[test]
fn cookies_by_the_thousand_are_kept_within_their_limits() {
    let set: String = (0..900).map(|number| format!("Set-Cookie: c{number}={}; Path=/\r\n", "x".repeat(100))).collect();
    let origin = Origin::start(move |asked| {
        let fields = set.replace(": c", &format!(": c{}-", asked.number));
        if asked.is_page() { Answer::Keep(answer("200 OK", &fields, "a page\n")) } else { absent() }
    });
    let bench = Bench::new();
    bench.write("comeback.toml", "[[host]]\npattern = \"127.0.0.1\"\ncookies = true\nper_host = 1\n");
    let (ended, rows) = bench.fetch(origin.urls(10), "");
    assert_eq!(ended.code, Some(0), "{ended:?}");
    assert_all(&rows, 10, "fetched/none");
    let sent: Vec<usize> = origin.pages().iter().map(|asked| field(asked, "Cookie").map_or(0, |value| value.len())).collect();
    assert_eq!(sent[0], 0);
    assert!(sent[1..].iter().all(|bytes| (1..=8 * 1024).contains(bytes)), "{sent:?}");
}
