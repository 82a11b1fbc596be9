//! Whole runs against a scripted server on loopback.

use std::io::{BufRead, BufReader, Write};
use std::net::TcpListener;
use std::path::Path;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};

use comeback_archive::{OutcomeRow, rows};
use comeback_driver::error::DriverError;
use comeback_driver::job::{Job, NewJob, RunEnd};
use comeback_driver::settings::Settings;
use comeback_driver::watcher::{Notice, Watcher};
use comeback_engine::diagnosis::cause::Cause;
use comeback_engine::outcome::Outcome;
use comeback_report::progress::{JobState, Progress};

/// A server that answers each request by its number and path, and keeps the paths.
struct Server {
    address: String,
    paths: Arc<Mutex<Vec<String>>>,
}

impl Server {
    fn start(answer: impl Fn(usize, &str) -> String + Send + Sync + 'static) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").expect("a loopback port is free");
        let address = listener.local_addr().expect("the listener is bound").to_string();
        let paths = Arc::new(Mutex::new(Vec::new()));
        let (kept, count, answer) = (Arc::clone(&paths), Arc::new(AtomicUsize::new(0)), Arc::new(answer));
        std::thread::spawn(move || {
            for stream in listener.incoming().map_while(Result::ok) {
                let (kept, count, answer) = (Arc::clone(&kept), Arc::clone(&count), Arc::clone(&answer));
                std::thread::spawn(move || {
                    let mut writer = stream.try_clone().expect("a socket can be cloned");
                    let mut lines = BufReader::new(stream).lines().map_while(Result::ok);
                    while let Some(request) = lines.next() {
                        let path = request.split(' ').nth(1).unwrap_or("").to_owned();
                        for _ in lines.by_ref().take_while(|line| !line.is_empty()) {}
                        let number = if path == "/robots.txt" { 0 } else { count.fetch_add(1, Ordering::SeqCst) };
                        let reply = if path == "/robots.txt" { plain(404, "", "") } else { answer(number, &path) };
                        kept.lock().expect("no thread panics with the lock").push(path);
                        if writer.write_all(reply.as_bytes()).is_err() {
                            return;
                        }
                    }
                });
            }
        });
        Self { address, paths }
    }

    fn page_requests(&self) -> usize {
        self.paths.lock().expect("no thread panics with the lock").iter().filter(|path| *path != "/robots.txt").count()
    }
}

fn plain(status: u16, fields: &str, body: &str) -> String {
    format!("HTTP/1.1 {status} X\r\n{fields}Content-Length: {}\r\n\r\n{body}", body.len())
}

struct Silent;

impl Watcher for Silent {
    fn notice(&self, _notice: Notice) {}
}

fn fetch(dir: &Path, list: &str, settings: Settings) -> Progress {
    let path = dir.join("list.txt");
    std::fs::write(&path, list).expect("the temporary folder is writable");
    let job = Job::create(NewJob { dir: dir.join("out"), lists: vec![path], settings }).expect("the folder is free");
    run(job)
}

fn run(job: Job) -> Progress {
    let watcher: Arc<dyn Watcher> = Arc::new(Silent);
    match job.run(&watcher).expect("nothing is in the way") {
        RunEnd::Done(progress) | RunEnd::Interrupted(progress) => *progress,
    }
}

fn rows_of(dir: &Path, progress: &Progress) -> Vec<OutcomeRow> {
    rows(&dir.join("out"), &progress.files).map(|row| row.expect("committed rows are readable")).collect()
}

#[test]
fn every_url_of_a_healthy_host_is_fetched_once() {
    let dir = tempfile::tempdir().unwrap();
    let server = Server::start(|_, path| if path == "/7" { plain(404, "", "gone") } else { plain(200, "", "page") });
    let list: String = (0..300).map(|page| format!("http://{}/{page}\n", server.address)).collect();
    let progress = fetch(dir.path(), &format!("{list}http://{}/1#again\nnonsense\n", server.address), Settings::default());
    assert_eq!(progress.state, JobState::Done);
    assert_eq!((progress.urls.fetched, progress.urls.answered, progress.urls.all()), (299, 1, 300));
    assert_eq!((progress.duplicates, progress.bad_lines, server.page_requests()), (1, 1, 300));
    let rows = rows_of(dir.path(), &progress);
    assert_eq!(rows.len(), 300);
    assert!(rows.iter().all(|row| row.attempts == 1 && row.requests == 1 && row.warc.is_some()));
    let again = run(Job::open(&dir.path().join("out")).unwrap());
    assert_eq!((again.state, again.urls), (JobState::Done, progress.urls));
    assert_eq!(server.page_requests(), 300);
}

#[test]
fn a_hold_is_the_hosts_and_ends_with_one_probe() {
    let dir = tempfile::tempdir().unwrap();
    let server =
        Server::start(|number, _| if number < 1 { plain(503, "Retry-After: 1\r\n", "") } else { plain(200, "", "page") });
    let list: String = (0..40).map(|page| format!("http://{}/{page}\n", server.address)).collect();
    let progress = fetch(dir.path(), &list, Settings::default());
    assert_eq!((progress.urls.fetched, server.page_requests()), (40, 41));
}

#[test]
fn a_parked_url_is_woken_when_its_time_has_come() {
    let dir = tempfile::tempdir().unwrap();
    let server =
        Server::start(|number, _| if number < 1 { plain(503, "Retry-After: 2\r\n", "") } else { plain(200, "", "page") });
    let settings = Settings { patience_ms: 1_000, ..Settings::default() };
    let list = format!("http://{0}/a\nhttp://{0}/b\n", server.address);
    let first = fetch(dir.path(), &list, settings);
    assert_eq!((first.urls.parked, server.page_requests()), (2, 1));
    let rows = rows_of(dir.path(), &first);
    assert!(rows.iter().all(|row| row.outcome == Outcome::Parked && row.until.is_some()), "{rows:?}");
    // That the time comes is what is tested here: resume until it has.
    let mut progress = run(Job::open(&dir.path().join("out")).unwrap());
    while progress.urls.parked > 0 {
        progress = run(Job::open(&dir.path().join("out")).unwrap());
    }
    assert_eq!((progress.urls.fetched, progress.urls.all(), server.page_requests()), (2, 2, 3));
    assert_eq!(rows_of(dir.path(), &progress).len(), 2);
}

#[test]
fn redirects_are_followed_under_the_other_hosts_clock() {
    let dir = tempfile::tempdir().unwrap();
    let there =
        Server::start(|number, _| if number < 1 { plain(503, "Retry-After: 1\r\n", "") } else { plain(200, "", "there") });
    let target = there.address.clone();
    let here = Server::start(move |_, path| plain(302, &format!("Location: http://{target}{path}\r\n"), ""));
    let list: String = (0..5).map(|page| format!("http://{}/{page}\n", here.address)).collect();
    let progress = fetch(dir.path(), &list, Settings::default());
    assert_eq!((progress.urls.fetched, here.page_requests(), there.page_requests()), (5, 5, 6));
    let rows = rows_of(dir.path(), &progress);
    assert!(rows.iter().all(|row| row.cause == Cause::None && row.bytes == 5), "{rows:?}");
}

#[test]
fn a_folder_with_a_job_is_refused() {
    let dir = tempfile::tempdir().unwrap();
    fetch(dir.path(), "", Settings::default());
    let again = Job::create(NewJob {
        dir: dir.path().join("out"),
        lists: vec![dir.path().join("list.txt")],
        settings: Settings::default(),
    });
    assert!(again.is_err_and(|error| error.is_usage() && error.hint().is_some_and(|hint| hint.contains("resume"))));
}

/// A store that was removed or cut was taken for a new one: all results were deleted, and everything was asked again.
#[test]
fn a_store_that_knows_less_than_was_published_stops_the_run() {
    let dir = tempfile::tempdir().unwrap();
    let server = Server::start(|_, _| plain(200, "", "page"));
    let progress = fetch(dir.path(), &format!("http://{}/a\n", server.address), Settings::default());
    std::fs::remove_dir_all(dir.path().join("out/state/store")).unwrap();
    let error = run_error(Job::open(&dir.path().join("out")).unwrap());
    assert!(!error.is_usage() && error.hint().is_some(), "{error}");
    assert_eq!((server.page_requests(), rows_of(dir.path(), &progress).len()), (1, 1));
}

/// The committer's thread ended without a word when it could not publish at first, and the run waited for ever.
#[test]
fn a_first_publish_that_fails_ends_the_run() {
    let dir = tempfile::tempdir().unwrap();
    let server = Server::start(|_, _| plain(200, "", "page"));
    let list = dir.path().join("list.txt");
    std::fs::write(&list, format!("http://{}/a\n", server.address)).unwrap();
    let job = Job::create(NewJob { dir: dir.path().join("out"), lists: vec![list], settings: Settings::default() }).unwrap();
    struct Blocking(std::path::PathBuf);
    impl Watcher for Blocking {
        fn notice(&self, notice: Notice) {
            if matches!(notice, Notice::IntakeEnded { .. }) {
                std::fs::create_dir(self.0.join("state/progress.json.new")).unwrap();
            }
        }
    }
    let watcher: Arc<dyn Watcher> = Arc::new(Blocking(dir.path().join("out")));
    assert!(job.run(&watcher).is_err_and(|error| !error.is_usage()));
}

#[test]
fn a_job_file_out_of_range_or_of_other_partitions_is_refused() {
    let dir = tempfile::tempdir().unwrap();
    fetch(dir.path(), "http://127.0.0.1:9/a\n", Settings { patience_ms: 1, ..Settings::default() });
    let path = dir.path().join("out/job.toml");
    let text = std::fs::read_to_string(&path).unwrap();
    for (from, to) in [("partitions = 64", "partitions = 0"), ("concurrency = 256", "concurrency = 0")] {
        assert!(text.contains(from), "{text}");
        std::fs::write(&path, text.replace(from, to)).unwrap();
        assert!(Job::open(&dir.path().join("out")).is_err());
    }
    std::fs::write(&path, text.replace("partitions = 64", "partitions = 3")).unwrap();
    let error = run_error(Job::open(&dir.path().join("out")).unwrap());
    assert!(error.to_string().contains("64 partitions"), "{error}");
}

#[test]
fn folders_that_are_no_jobs_are_left_alone() {
    let dir = tempfile::tempdir().unwrap();
    let mine = dir.path().join("out/state/store/mine");
    std::fs::create_dir_all(&mine).unwrap();
    let list = dir.path().join("list.txt");
    std::fs::write(&list, "").unwrap();
    let refused = Job::create(NewJob { dir: dir.path().join("out"), lists: vec![list], settings: Settings::default() });
    assert!(refused.is_err_and(|error| error.is_usage() && error.hint().is_some()) && mine.exists());
}

#[test]
fn a_folder_with_leftovers_of_results_is_taken_over() {
    let dir = tempfile::tempdir().unwrap();
    let server = Server::start(|_, _| plain(200, "", "page"));
    for leftover in ["out/warc/p000-0001.warc.gz", "out/outcomes/p000-0001.jsonl", "out/state/progress.json"] {
        let path = dir.path().join(leftover);
        std::fs::create_dir_all(path.parent().unwrap()).unwrap();
        std::fs::write(&path, "half").unwrap();
    }
    let progress = fetch(dir.path(), &format!("http://{}/a\n", server.address), Settings::default());
    assert_eq!((progress.urls.fetched, rows_of(dir.path(), &progress).len()), (1, 1));
    assert!(
        !dir.path().join("out/outcomes/p000-0001.jsonl").exists() || progress.files.iter().any(|file| file.path.contains("p000"))
    );
}

fn run_error(job: Job) -> DriverError {
    let watcher: Arc<dyn Watcher> = Arc::new(Silent);
    job.run(&watcher).expect_err("the run cannot go on")
}
