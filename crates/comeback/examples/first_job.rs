//! A first job, whole: a small server on loopback that misbehaves on purpose, a list of 60 URLs, and the job that fetches them
//! with the same progress, account and exit code as the command line.
//!
//! `cargo run --release --example first_job`
//!
//! Three hosts: one that works (and has one page missing), one in maintenance for three seconds, and one that turns robots away.
//! The last one's URLs are parked after a single request, so the exit code is 1.

use std::io::{self, BufRead as _, BufReader, Write as _};
use std::net::{TcpListener, TcpStream};
use std::path::Path;
use std::process::ExitCode;
use std::sync::{Arc, Mutex, PoisonError};
use std::thread;
use std::time::{Duration, Instant};

use comeback::exit::Exit;
use comeback::failure::Failure;
use comeback::{Job, NewJob, Settings, job_run};

/// How long the host in maintenance stays there, from its first request on.
const MAINTENANCE: Duration = Duration::from_secs(3);

/// How many lines a request may have.
const REQUEST_LINES_MAX: usize = 100;

#[derive(Clone, Copy)]
enum Host {
    Works,
    InMaintenance,
    TurnsRobotsAway,
}

/// What the server remembers.
#[derive(Default)]
struct Server {
    maintenance_begun: Mutex<Option<Instant>>,
}

fn main() -> ExitCode {
    match fetch_all() {
        Ok(exit) => exit.into(),
        Err(failure) => {
            eprintln!("error: {failure}");
            failure.exit().into()
        }
    }
}

fn fetch_all() -> Result<Exit, Failure> {
    let folder = std::env::temp_dir().join(format!("comeback-first-job-{}", std::process::id()));
    let refused = |source| Failure::System { action: "prepare", path: folder.clone(), source };
    std::fs::create_dir_all(&folder).map_err(refused)?;
    let list = folder.join("urls.txt");
    write_list(&list).map_err(refused)?;

    let settings = Settings { contact: Some("https://example.org/about-this-bot".into()), ..Settings::default() };
    let job = Job::create(NewJob { dir: folder.join("results"), lists: vec![list], settings })?;
    job_run::run_and_tell(job)
}

/// Starts the three hosts and writes the list of their pages.
fn write_list(list: &Path) -> io::Result<()> {
    let server = Arc::new(Server::default());
    let hosts = [("127.0.0.1", Host::Works, 40), ("127.0.0.2", Host::InMaintenance, 12), ("127.0.0.3", Host::TurnsRobotsAway, 8)];
    let mut lines = String::new();
    for (address, host, pages) in hosts {
        let listener = TcpListener::bind((address, 0))?;
        let port = listener.local_addr()?.port();
        lines.extend((1..=pages).map(|page| format!("http://{address}:{port}/page/{page}\n")));
        let server = Arc::clone(&server);
        thread::spawn(move || listen(&listener, host, &server));
    }
    std::fs::write(list, lines)
}

fn listen(listener: &TcpListener, host: Host, server: &Arc<Server>) {
    for stream in listener.incoming().flatten() {
        let server = Arc::clone(server);
        thread::spawn(move || serve(&stream, host, &server));
    }
}

/// Answers requests on one connection until the client leaves or sends something odd.
fn serve(stream: &TcpStream, host: Host, server: &Server) -> Option<()> {
    let mut lines = BufReader::new(stream).lines();
    loop {
        let request = lines.next()?.ok()?;
        let path = request.split(' ').nth(1)?.to_owned();
        let fields = lines.by_ref().take(REQUEST_LINES_MAX).take_while(|line| line.as_ref().is_ok_and(|line| !line.is_empty()));
        fields.count();
        let mut to = stream;
        to.write_all(server.answer(host, &path).as_bytes()).ok()?;
    }
}

impl Server {
    fn answer(&self, host: Host, path: &str) -> String {
        match host {
            Host::InMaintenance if self.is_in_maintenance() => {
                response("503 Service Unavailable", "Retry-After: 3\r\n", "Down for maintenance, back in a moment.")
            }
            Host::TurnsRobotsAway if path != "/robots.txt" => {
                response("403 Forbidden", "Server: cloudflare\r\ncf-mitigated: challenge\r\n", "<title>Just a moment...</title>")
            }
            Host::Works | Host::InMaintenance | Host::TurnsRobotsAway => match path {
                "/robots.txt" | "/page/13" => response("404 Not Found", "", "Not here."),
                page => response("200 OK", "", &format!("<h1>{page}</h1>")),
            },
        }
    }

    fn is_in_maintenance(&self) -> bool {
        let mut begun = self.maintenance_begun.lock().unwrap_or_else(PoisonError::into_inner);
        begun.get_or_insert_with(Instant::now).elapsed() < MAINTENANCE
    }
}

fn response(status: &str, fields: &str, body: &str) -> String {
    format!("HTTP/1.1 {status}\r\nContent-Type: text/html\r\n{fields}Content-Length: {}\r\n\r\n{body}", body.len())
}
