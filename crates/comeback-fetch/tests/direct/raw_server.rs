//! A server on loopback that follows a script for each connection, and a route to ask it with. It knows no HTTP beyond where a
//! request without body ends.

use std::net::SocketAddr;
use std::path::Path;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use comeback_diagnosis::cause::Cause;
use comeback_fetch::{
    AddressPolicy, Attempt, AttemptRequest, Capture, CapturedResponse, Direct, DirectSettings, Limits, Permission, Proxies, Route,
};
use std::io::Read;
use tempfile::TempDir;
use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt};
use tokio::net::TcpListener;
use tokio::sync::Semaphore;

/// Between two drops of a server that drips.
const DROP_GAP: Duration = Duration::from_millis(20);

/// One thing that a server does with a connection. After the last one it closes.
#[derive(Debug, Clone)]
pub(crate) enum Step {
    /// Reads until the empty line.
    ReadHead,
    /// Reads so many bytes.
    ReadBytes(usize),
    Write(Vec<u8>),
    /// Answers with the last head that this connection read as the body.
    Echo,
    /// Writes the same bytes until the client is gone.
    WriteForEver(Vec<u8>),
    /// Writes one byte after the other until the client is gone.
    Trickle(u8),
    /// Writes the same bytes now and then until the client is gone.
    Drip(Vec<u8>),
    /// Does nothing until the client is gone.
    Stall,
}

/// A script for each connection, in the order they come; further connections get none and are closed.
pub(crate) struct RawServer {
    pub(crate) address: SocketAddr,
    requests: Arc<Mutex<Vec<Vec<u8>>>>,
    connections: Arc<AtomicUsize>,
    ended: Arc<Semaphore>,
}

impl RawServer {
    pub(crate) async fn start(scripts: Vec<Vec<Step>>) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let requests = Arc::new(Mutex::new(Vec::new()));
        let connections = Arc::new(AtomicUsize::new(0));
        let ended = Arc::new(Semaphore::new(0));
        let (log, count, over) = (Arc::clone(&requests), Arc::clone(&connections), Arc::clone(&ended));
        tokio::spawn(async move {
            let mut scripts = scripts.into_iter();
            loop {
                let (stream, _) = listener.accept().await.unwrap();
                count.fetch_add(1, Ordering::SeqCst);
                let following = follow(stream, scripts.next().unwrap_or_default(), Arc::clone(&log));
                let over = Arc::clone(&over);
                tokio::spawn(async move {
                    following.await;
                    over.add_permits(1);
                });
            }
        });
        Self { address, requests, connections, ended }
    }

    /// One connection that answers one request with these bytes and is closed.
    pub(crate) async fn answering(bytes: impl AsRef<[u8]>) -> Self {
        Self::start(vec![vec![Step::ReadHead, Step::Write(bytes.as_ref().to_vec())]]).await
    }

    /// One connection that answers and stays open.
    pub(crate) async fn answering_and_staying(bytes: impl AsRef<[u8]>) -> Self {
        Self::start(vec![vec![Step::ReadHead, Step::Write(bytes.as_ref().to_vec()), Step::Stall]]).await
    }

    pub(crate) fn url(&self) -> String {
        format!("http://{}/page?q=1", self.address)
    }

    /// The bytes that were read, by connection and step.
    pub(crate) fn requests(&self) -> Vec<Vec<u8>> {
        self.requests.lock().unwrap().clone()
    }

    /// Waits until so many more connections have come to their end.
    pub(crate) async fn connections_ended(&self, count: u32) {
        self.ended.acquire_many(count).await.unwrap().forget();
    }

    pub(crate) fn connections(&self) -> usize {
        self.connections.load(Ordering::SeqCst)
    }
}

pub(crate) async fn follow(
    mut stream: impl AsyncRead + AsyncWrite + Unpin,
    script: Vec<Step>,
    requests: Arc<Mutex<Vec<Vec<u8>>>>,
) {
    let mut last = Vec::new();
    for step in script {
        match step {
            Step::ReadHead => {
                let mut read = Vec::new();
                while !read.ends_with(b"\r\n\r\n") {
                    match stream.read_u8().await {
                        Ok(byte) => read.push(byte),
                        Err(_) => return,
                    }
                }
                last.clone_from(&read);
                requests.lock().unwrap().push(read);
            }
            Step::ReadBytes(count) => {
                let mut read = vec![0; count];
                if stream.read_exact(&mut read).await.is_err() {
                    return;
                }
                requests.lock().unwrap().push(read);
            }
            Step::Write(bytes) => {
                if stream.write_all(&bytes).await.is_err() {
                    return;
                }
                stream.flush().await.ok();
            }
            Step::Echo => {
                let head = format!("HTTP/1.1 200 OK\r\nContent-Length: {}\r\n\r\n", last.len());
                if stream.write_all(&[head.as_bytes(), &last].concat()).await.is_err() {
                    return;
                }
            }
            Step::WriteForEver(bytes) => while stream.write_all(&bytes).await.is_ok() {},
            Step::Trickle(byte) => {
                while stream.write_u8(byte).await.is_ok() && stream.flush().await.is_ok() {
                    tokio::task::yield_now().await;
                }
            }
            Step::Drip(bytes) => {
                let mut drops = tokio::time::interval(DROP_GAP);
                while stream.write_all(&bytes).await.is_ok() && stream.flush().await.is_ok() {
                    drops.tick().await;
                }
            }
            Step::Stall => {
                let mut rest = [0; 256];
                while !matches!(stream.read(&mut rest).await, Ok(0) | Err(_)) {}
            }
        }
    }
    stream.shutdown().await.ok();
}

/// A route with its spool folder.
pub(crate) struct Asker {
    pub(crate) route: Direct,
    pub(crate) spool: TempDir,
}

impl Asker {
    pub(crate) fn new() -> Self {
        Self::with(Limits::default(), AddressPolicy::fetch())
    }

    pub(crate) fn limited(limits: Limits) -> Self {
        Self::with(limits, AddressPolicy::fetch())
    }

    pub(crate) fn with(limits: Limits, address_policy: AddressPolicy) -> Self {
        let spool = tempfile::tempdir().unwrap();
        let settings = settings(limits, address_policy, spool.path());
        Self { route: Direct::new(settings).unwrap(), spool }
    }

    pub(crate) async fn ask(&self, request: &AttemptRequest) -> Capture {
        capture(self.route.attempt(request, &Granted::default()).await)
    }

    pub(crate) async fn get(&self, url: impl AsRef<str>) -> Capture {
        self.ask(&get(url)).await
    }
}

pub(crate) fn settings(limits: Limits, address_policy: AddressPolicy, spool: &Path) -> DirectSettings {
    DirectSettings {
        limits,
        address_policy,
        spool_dir: spool.to_owned(),
        user_agent: "comeback-tests/0".into(),
        extra_roots: Vec::new(),
        proxies: Proxies::default(),
    }
}

pub(crate) fn get(url: impl AsRef<str>) -> AttemptRequest {
    request("GET", url)
}

pub(crate) fn request(method: &str, url: impl AsRef<str>) -> AttemptRequest {
    AttemptRequest {
        url: url.as_ref().parse().unwrap(),
        method: method.into(),
        headers: Vec::new(),
        body: None,
        from_public_redirect: false,
    }
}

pub(crate) fn capture(attempt: Attempt) -> Capture {
    match attempt {
        Attempt::Ended(capture) => capture,
        Attempt::Recalled | Attempt::Stopped(_) => unreachable!("expected a capture: {attempt:?}"),
    }
}

pub(crate) fn response(capture: &Capture) -> &CapturedResponse {
    capture.response.as_ref().unwrap()
}

/// The cause of the failure on our side.
pub(crate) fn cause(capture: &Capture) -> Cause {
    capture.failure.as_ref().map_or(Cause::None, |failure| failure.cause)
}

pub(crate) fn detail(capture: &Capture) -> &str {
    capture.failure.as_ref().map_or("", |failure| failure.detail.as_str())
}

/// The recorded bytes of the response.
pub(crate) fn wire(capture: &Capture) -> Vec<u8> {
    let mut bytes = Vec::new();
    response(capture).wire.reader().unwrap().read_to_end(&mut bytes).unwrap();
    bytes
}

pub(crate) fn files_in(folder: &Path) -> usize {
    std::fs::read_dir(folder).unwrap().count()
}

/// A permission that can be taken back, and counts what was sent under it.
#[derive(Default)]
pub(crate) struct Granted {
    pub(crate) is_recalled: AtomicBool,
    pub(crate) sent: AtomicUsize,
}

impl Permission for Granted {
    fn still_granted(&self) -> bool {
        !self.is_recalled.load(Ordering::SeqCst)
    }

    fn sent(&self) {
        self.sent.fetch_add(1, Ordering::SeqCst);
    }
}
