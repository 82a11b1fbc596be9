//! A real server as a child process, in a folder of its own, on a free loopback port.

use std::net::{Ipv4Addr, SocketAddr, TcpListener, TcpStream};
use std::path::Path;
use std::process::Command;
use std::time::Duration;

use rustix::process::Signal;
use tempfile::TempDir;

use crate::program::Running;

/// How often a server is started anew when another process took its port first.
const STARTS_MAX: usize = 5;
/// How often a starting server is tried, and the time between two tries: 20 seconds in all.
const TRIES_MAX: usize = 400;
const TRY_GAP: Duration = Duration::from_millis(50);

/// A server that answers on its port.
pub(crate) struct ServerProcess {
    process: Running,
    folder: TempDir,
    address: SocketAddr,
}

impl ServerProcess {
    /// Starts a server. `command` makes its command line for a folder and a port, and writes its configuration there.
    pub(crate) fn start(program: &str, command: impl Fn(&Path, u16) -> Command) -> Self {
        for _ in 0..STARTS_MAX {
            let folder = TempDir::new().unwrap();
            let port = free_port();
            let command = &mut command(folder.path(), port);
            // Servers live in sbin, which is not on every user's path.
            let path = format!("{}:/usr/sbin:/sbin", std::env::var("PATH").unwrap_or_default());
            let is_there = path.split(':').any(|place| Path::new(place).join(program).exists());
            assert!(is_there, "the server `{program}` is not installed; ./test installs it");
            let mut process = Running::spawn(command.env("PATH", path));
            let address = SocketAddr::from((Ipv4Addr::LOCALHOST, port));
            if answers(&mut process, address) {
                return Self { process, folder, address };
            }
        }
        panic!("`{program}` did not start {STARTS_MAX} times")
    }

    pub(crate) fn address(&self) -> SocketAddr {
        self.address
    }

    pub(crate) fn folder(&self) -> &Path {
        self.folder.path()
    }

    /// A URL of it.
    pub(crate) fn url(&self, path: &str) -> String {
        format!("http://{}{path}", self.address)
    }

    /// Numbered URLs of it: `/0`, `/1` and so on.
    pub(crate) fn urls(&self, count: usize) -> Vec<String> {
        (0..count).map(|number| self.url(&format!("/{number}"))).collect()
    }
}

impl Drop for ServerProcess {
    fn drop(&mut self) {
        // Asked politely, it ends its own children too.
        self.process.signal(Signal::TERM);
        if self.process.ended_within(Duration::from_secs(10)).is_none() {
            self.process.signal(Signal::KILL);
        }
    }
}

/// A port that nothing listens on, at this moment at least.
pub(crate) fn free_port() -> u16 {
    TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).unwrap().local_addr().unwrap().port()
}

/// Waits until the port answers; false, with its words on stderr, when the server ended instead.
fn answers(process: &mut Running, address: SocketAddr) -> bool {
    for _ in 0..TRIES_MAX {
        if TcpStream::connect(address).is_ok() {
            // It may be another process that took the port; then the server will have ended.
            return process.ended_within(Duration::ZERO).is_none();
        }
        if let Some(ended) = process.ended_within(TRY_GAP) {
            eprintln!("{ended:?}");
            return false;
        }
    }
    panic!("the server at {address} did not answer")
}
