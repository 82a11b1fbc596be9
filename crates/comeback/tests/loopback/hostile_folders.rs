//! Folders that can't be a job's, or are another's.

use crate::account::assert_all;
use crate::origin::{origin_of_pages, page};
use crate::program::{Bench, Running};

#[test]
fn folder_with_a_job_is_refused_with_a_hint() {
    let origin = origin_of_pages(page);
    let bench = Bench::new();
    let (ended, _) = bench.fetch(origin.urls(3), "");
    assert_eq!(ended.code, Some(0), "{ended:?}");
    let again = bench.run("fetch urls.txt -o job");
    assert_eq!(again.code, Some(2), "{again:?}");
    assert!(again.stderr.contains("resume"), "{again:?}");
    assert_all(&bench.rows("job"), 3, "fetched/none");
    assert_eq!(origin.pages().len(), 3);
}

#[test]
fn folder_that_cannot_be_made_is_named_in_the_systems_words() {
    let origin = origin_of_pages(page);
    let bench = Bench::new();
    bench.list(origin.urls(1));
    bench.write("file", "in the way");
    let ended = bench.run("fetch urls.txt -o file/job");
    assert_eq!(ended.code, Some(3), "{ended:?}");
    assert_eq!(ended.stderr.matches("Not a directory").count(), 1, "{ended:?}");
    assert_eq!(origin.asked().len(), 0);
}

#[test]
fn folder_that_is_a_file_is_refused() {
    let bench = Bench::new();
    bench.list(["http://127.0.0.1/"]);
    bench.write("job", "in the way");
    let ended = bench.run("fetch urls.txt -o job");
    assert!(matches!(ended.code, Some(2 | 3)), "{ended:?}");
    assert_eq!(std::fs::read(bench.path("job")).unwrap(), b"in the way");
}

#[test]
fn folder_without_a_job_is_no_job() {
    let bench = Bench::new();
    std::fs::create_dir(bench.path("empty")).unwrap();
    for line in ["resume empty", "resume absent", "status absent", "outcomes absent", "inspect absent"] {
        let ended = bench.run(line);
        assert_eq!(ended.code, Some(2), "{line}: {ended:?}");
        assert!(!ended.stderr.is_empty(), "{line}");
    }
    assert!(!bench.path("absent").exists());
}

#[test]
fn job_that_runs_is_not_run_twice() {
    let origin = origin_of_pages(page);
    let bench = Bench::new();
    bench.list(origin.urls(200));
    let process = bench.start("fetch urls.txt -o job --delay 20ms");
    origin.wait_for(20);
    for line in ["resume job", "fetch urls.txt -o job"] {
        let ended = bench.run(line);
        assert_eq!(ended.code, Some(2), "{line}: {ended:?}");
    }
    let ended = process.wait();
    assert_eq!(ended.code, Some(0), "{ended:?}");
    assert_all(&bench.rows("job"), 200, "fetched/none");
    assert_eq!(origin.pages().len(), 200);
}

#[test]
fn shortened_results_stop_the_job_loudly() {
    let origin = origin_of_pages(page);
    let bench = Bench::new();
    bench.list(origin.urls(200));
    let process = bench.start("fetch urls.txt -o job --delay 20ms");
    origin.wait_for(100);
    let ended = process.kill();
    assert_eq!(ended.code, None, "{ended:?}");
    let files = crate::program::files(&bench.path("job").join("warc"), ".warc.gz");
    for file in &files {
        std::fs::OpenOptions::new().write(true).open(file).unwrap().set_len(1).unwrap();
    }
    let ended = Running::spawn(&mut bench.command(["resume", "job"])).wait();
    assert_eq!(ended.code, Some(3), "{ended:?}");
    assert!(ended.stderr.contains("warc"), "the file is named: {ended:?}");
}

#[test]
fn damaged_job_file_is_refused_with_a_sentence() {
    let origin = origin_of_pages(page);
    let bench = Bench::new();
    bench.fetch(origin.urls(1), "");
    bench.write("job/job.toml", "this is = = no TOML");
    for line in ["resume job", "status job"] {
        let ended = bench.run(line);
        assert!(matches!(ended.code, Some(2 | 3)), "{line}: {ended:?}");
        assert!(ended.stderr.contains("job.toml"), "{line}: {ended:?}");
    }
}
