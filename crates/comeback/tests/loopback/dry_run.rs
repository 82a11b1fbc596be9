//! `fetch --dry-run`: what would be asked of whom, and not a request nor a file of it.

use crate::origin::{Origin, page};
use crate::program::Bench;

/// What lies in the working folder, sorted.
fn folder(bench: &Bench) -> Vec<String> {
    let entries = std::fs::read_dir(bench.path("")).unwrap();
    let mut names: Vec<String> = entries.map(|entry| entry.unwrap().file_name().into_string().unwrap()).collect();
    names.sort();
    names
}

#[test]
fn a_dry_run_asks_nothing_and_leaves_no_trace() {
    let origin = Origin::start_hosts(2, page);
    let bench = Bench::new();
    let table = "[[host]]\npattern = \"127.0.0.2\"\nauth = { bearer = \"hidden\" }\ndelay = \"2s\"\n";
    bench.write("comeback.toml", format!("ignore_robots = [\"127.0.0.1\"]\n{table}"));
    bench.list(origin.urls(3).into_iter().chain([origin.url("/0"), origin.url_of(1, "/"), "no url".to_owned()]));
    let before = folder(&bench);
    let web = origin.url("/sitemap.xml");
    for line in ["fetch urls.txt --dry-run", "fetch urls.txt -o job --dry-run", &format!("fetch urls.txt {web} --dry-run")] {
        let ended = bench.run(line);
        assert_eq!((ended.code, ended.stderr.as_str()), (Some(0), ""), "{line}");
        assert!(ended.stdout.starts_with("4 URLs of 2 hosts would be asked."), "{line}: {}", ended.stdout);
        assert!(ended.stdout.contains("urls.txt:6: not a URL") && ended.stdout.contains("Duplicates, dropped: 1"), "{ended:?}");
        assert!(ended.stdout.contains("robots.txt not asked") && ended.stdout.contains("2s between requests"), "{ended:?}");
        assert!(ended.stdout.contains("Authorization: (not shown)") && !ended.stdout.contains("hidden"), "{ended:?}");
        assert_eq!(ended.stdout.contains(&web), line.contains(&web), "{ended:?}");
    }
    assert_eq!(origin.asked().len(), 0);
    assert_eq!(folder(&bench), before);
}

#[test]
fn a_dry_run_of_standard_input_leaves_no_trace_either() {
    let bench = Bench::new();
    let input = bench.write("input", "{\"url\":\"http://a.example/\",\"method\":\"POST\"}\n{\"url\":5}\n");
    let before = folder(&bench);
    let ended = bench.start_with_input("fetch - -o job --dry-run", &input).wait();
    assert_eq!(ended.code, Some(0), "{ended:?}");
    assert!(ended.stdout.contains("URLs with a method, fields or a body of their own: 1"), "{}", ended.stdout);
    assert!(ended.stdout.contains("standard input:2: "), "{}", ended.stdout);
    assert_eq!(folder(&bench), before);
}

#[test]
fn a_strict_dry_run_says_that_the_job_would_not_begin() {
    let bench = Bench::new();
    bench.list(["http://a.example/", "no url"]);
    let ended = bench.run("fetch urls.txt --dry-run --strict");
    assert_eq!(ended.code, Some(2), "{ended:?}");
    assert!(ended.stdout.contains("urls.txt:2: ") && ended.stderr.contains("--strict allows none"), "{ended:?}");
    bench.list(["http://a.example/"]);
    assert_eq!(bench.run("fetch urls.txt --dry-run --strict").code, Some(0));
}

#[test]
fn a_dry_run_into_a_folder_with_a_job_says_so() {
    let origin = Origin::start_hosts(1, page);
    let bench = Bench::new();
    let (ended, _) = bench.fetch(origin.urls(1), "");
    assert_eq!(ended.code, Some(0), "{ended:?}");
    let ended = bench.run("fetch urls.txt -o job --dry-run");
    assert_eq!(ended.code, Some(2), "{ended:?}");
    assert!(ended.stderr.contains("job holds a job already"), "{}", ended.stderr);
    assert_eq!(bench.run("fetch urls.txt").code, Some(2), "without --dry-run a folder is needed");
}
