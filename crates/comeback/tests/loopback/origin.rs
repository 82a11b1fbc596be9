//! A scripted origin: logs every request, and answers as a closure says, down to the byte.
//!
//! It listens on one or several loopback addresses, one host each. It is plain threads and sockets, and it has no opinion about
//! HTTP: whatever the closure returns goes out.

use std::io::{BufRead as _, BufReader, Read as _, Write as _};
use std::net::{Ipv4Addr, Shutdown, SocketAddr, TcpListener, TcpStream};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Condvar, Mutex};
use std::thread;
use std::time::{Duration, Instant};

/// How long a test may wait for requests to arrive.
const WAIT_LIMIT: Duration = Duration::from_secs(60);
/// The longest head of a request that is read, in bytes.
const HEAD_BYTES_MAX: usize = 1 << 20;

/// A request, as it arrived.
#[derive(Debug, Clone)]
pub(crate) struct Asked {
    /// When its head was complete, since the origin's start.
    pub(crate) at: Duration,
    /// The host that was asked, from 0.
    pub(crate) host: usize,
    /// How many requests were asked before, of all hosts.
    pub(crate) number: usize,
    pub(crate) method: String,
    /// Path and query.
    pub(crate) target: String,
    /// The head, with its empty line.
    pub(crate) head: Vec<u8>,
    pub(crate) body: Vec<u8>,
}

impl Asked {
    /// Whether it is for a page, not for the rules for robots.
    pub(crate) fn is_page(&self) -> bool {
        self.target != "/robots.txt"
    }
}

/// What to answer.
pub(crate) enum Answer {
    /// These bytes; the connection stays.
    Keep(Vec<u8>),
    /// These bytes, then the end of the connection.
    Close(Vec<u8>),
    /// These bytes, then silence for as long as the client stays.
    Stall(Vec<u8>),
    /// The first bytes, then the second over and over for as long as the client stays.
    Endless(Vec<u8>, Vec<u8>),
}

/// A running origin. Its threads end with the test's process.
pub(crate) struct Origin {
    addresses: Vec<SocketAddr>,
    log: Arc<Log>,
}

struct Log {
    begun: Instant,
    asked: Mutex<Vec<Asked>>,
    changed: Condvar,
    endless_bytes: AtomicUsize,
}

impl Origin {
    /// An origin with one host, 127.0.0.1.
    pub(crate) fn start(answer: impl Fn(&Asked) -> Answer + Send + Sync + 'static) -> Self {
        Self::start_hosts(1, answer)
    }

    /// An origin with several hosts, 127.0.0.1, 127.0.0.2 and so on.
    pub(crate) fn start_hosts(hosts: u8, answer: impl Fn(&Asked) -> Answer + Send + Sync + 'static) -> Self {
        let log = Arc::new(Log {
            begun: Instant::now(),
            asked: Mutex::default(),
            changed: Condvar::new(),
            endless_bytes: AtomicUsize::new(0),
        });
        let answer = Arc::new(answer);
        let addresses = (0..hosts).map(|host| {
            let listener = TcpListener::bind((Ipv4Addr::new(127, 0, 0, host + 1), 0)).unwrap();
            let address = listener.local_addr().unwrap();
            let (log, answer) = (Arc::clone(&log), Arc::clone(&answer));
            thread::spawn(move || {
                for stream in listener.incoming() {
                    let (log, answer) = (Arc::clone(&log), Arc::clone(&answer));
                    let stream = stream.unwrap();
                    // A client that breaks off ends its connection's thread, and nothing else.
                    thread::spawn(move || serve(stream, usize::from(host), &log, &*answer));
                }
            });
            address
        });
        Self { addresses: addresses.collect(), log }
    }

    /// The address of a host.
    pub(crate) fn address(&self, host: usize) -> SocketAddr {
        self.addresses[host]
    }

    /// A URL of the first host.
    pub(crate) fn url(&self, path: &str) -> String {
        self.url_of(0, path)
    }

    /// A URL of a host.
    pub(crate) fn url_of(&self, host: usize, path: &str) -> String {
        format!("http://{}{path}", self.addresses[host])
    }

    /// Numbered URLs of the first host: `/0`, `/1` and so on.
    pub(crate) fn urls(&self, count: usize) -> Vec<String> {
        (0..count).map(|number| self.url(&format!("/{number}"))).collect()
    }

    /// The time since its start, as its log has it.
    pub(crate) fn now(&self) -> Duration {
        self.log.begun.elapsed()
    }

    /// All requests so far.
    pub(crate) fn asked(&self) -> Vec<Asked> {
        self.log.asked.lock().unwrap().clone()
    }

    /// The requests for pages so far.
    pub(crate) fn pages(&self) -> Vec<Asked> {
        self.asked().into_iter().filter(Asked::is_page).collect()
    }

    /// How often a path was asked for.
    pub(crate) fn count(&self, target: &str) -> usize {
        self.asked().iter().filter(|asked| asked.target == target).count()
    }

    /// How much of endless answers clients and the sockets between have taken, in bytes.
    pub(crate) fn endless_bytes(&self) -> usize {
        self.log.endless_bytes.load(Ordering::SeqCst)
    }

    /// Waits until a number of requests have arrived in all.
    #[track_caller]
    pub(crate) fn wait_for(&self, requests: usize) {
        let asked = self.log.asked.lock().unwrap();
        let (asked, timeout) = self.log.changed.wait_timeout_while(asked, WAIT_LIMIT, |asked| asked.len() < requests).unwrap();
        assert!(!timeout.timed_out(), "only {} of {requests} requests arrived", asked.len());
    }

    /// Waits until a number of requests have arrived in all, or a time has passed; whether they have.
    pub(crate) fn reaches(&self, requests: usize, limit: Duration) -> bool {
        let asked = self.log.asked.lock().unwrap();
        let (asked, _) = self.log.changed.wait_timeout_while(asked, limit, |asked| asked.len() < requests).unwrap();
        asked.len() >= requests
    }
}

fn serve(stream: TcpStream, host: usize, log: &Log, answer: &(dyn Fn(&Asked) -> Answer + Send + Sync)) -> Option<()> {
    let mut writer = stream.try_clone().ok()?;
    let mut reader = BufReader::new(stream);
    loop {
        let asked = log.receive(&mut reader, host)?;
        match answer(&asked) {
            Answer::Keep(bytes) => writer.write_all(&bytes).ok()?,
            Answer::Close(bytes) => {
                writer.write_all(&bytes).ok()?;
                writer.shutdown(Shutdown::Both).ok()?;
                return None;
            }
            Answer::Stall(bytes) => {
                writer.write_all(&bytes).ok()?;
                // The client's end of the connection is the only thing that still comes.
                reader.read_to_end(&mut Vec::new()).ok()?;
                return None;
            }
            Answer::Endless(first, again) => {
                writer.write_all(&first).ok()?;
                loop {
                    writer.write_all(&again).ok()?;
                    log.endless_bytes.fetch_add(again.len(), Ordering::SeqCst);
                }
            }
        }
    }
}

impl Log {
    fn receive(&self, reader: &mut BufReader<TcpStream>, host: usize) -> Option<Asked> {
        let mut head = Vec::new();
        while !head.ends_with(b"\r\n\r\n") {
            let length = head.len();
            if reader.by_ref().take(HEAD_BYTES_MAX as u64).read_until(b'\n', &mut head).ok()? == 0 || length > HEAD_BYTES_MAX {
                return None;
            }
        }
        let text = String::from_utf8_lossy(&head).into_owned();
        let mut words = text.split_ascii_whitespace().map(str::to_owned);
        let (method, target) = (words.next()?, words.next()?);
        let length = text
            .to_ascii_lowercase()
            .split_once("content-length:")
            .map_or(0, |(_, rest)| rest.lines().next().unwrap_or("").trim().parse().unwrap());
        let mut body = vec![0; length];
        reader.read_exact(&mut body).ok()?;
        let mut asked = self.asked.lock().unwrap();
        let request = Asked { at: self.begun.elapsed(), host, number: asked.len(), method, target, head, body };
        asked.push(request.clone());
        drop(asked);
        self.changed.notify_all();
        Some(request)
    }
}

/// An answer with a body and its length.
pub(crate) fn answer(status: &str, fields: &str, body: impl AsRef<[u8]>) -> Vec<u8> {
    let body = body.as_ref();
    let mut bytes = format!("HTTP/1.1 {status}\r\n{fields}Content-Length: {}\r\n\r\n", body.len()).into_bytes();
    bytes.extend_from_slice(body);
    bytes
}

/// A page that names its target.
pub(crate) fn page(asked: &Asked) -> Answer {
    Answer::Keep(answer("200 OK", "Content-Type: text/plain\r\n", format!("this is {}\n", asked.target)))
}

/// No such page; what `/robots.txt` gets here mostly.
pub(crate) fn absent() -> Answer {
    Answer::Keep(answer("404 Not Found", "", "no such page\n"))
}

/// An origin whose pages answer as the closure says, and which has no rules for robots.
pub(crate) fn origin_of_pages(pages: impl Fn(&Asked) -> Answer + Send + Sync + 'static) -> Origin {
    Origin::start(move |asked| if asked.is_page() { pages(asked) } else { absent() })
}
