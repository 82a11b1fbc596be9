//! Connections kept for the next request to the same scheme, host and port.
//!
//! Each kept connection is watched by a task of its own, so that it is closed as soon as the peer closes it or its time is over.
//! The lock is held for looking up and never across a wait.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError, Weak};
use std::time::Duration;

use tokio::sync::oneshot;
use tokio::task::JoinHandle;
use url::Url;

use crate::limits::Limits;
use crate::link::Link;

/// Scheme, host and port.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub(crate) struct Origin {
    pub(crate) is_https: bool,
    pub(crate) host: String,
    pub(crate) port: u16,
}

impl Origin {
    /// The origin of an http or https URL.
    pub(crate) fn of(url: &Url) -> Option<Self> {
        let is_https = match url.scheme() {
            "http" => false,
            "https" => true,
            _ => return None,
        };
        Some(Self { is_https, host: url.host_str()?.to_owned(), port: url.port_or_known_default()? })
    }
}

/// A kept connection: dropping `release` ends its keeper, sending on it gets the connection back.
struct Kept {
    number: u64,
    remote: std::net::IpAddr,
    release: oneshot::Sender<()>,
    keeper: JoinHandle<Option<Link>>,
}

#[derive(Default)]
struct Shelf {
    by_origin: HashMap<Origin, Vec<Kept>>,
    count: usize,
    numbers: u64,
}

/// The kept connections.
pub(crate) struct Pool {
    shelf: Arc<Mutex<Shelf>>,
    count_max: usize,
    per_host_max: usize,
    kept_for: Duration,
}

fn locked(shelf: &Mutex<Shelf>) -> MutexGuard<'_, Shelf> {
    // Every change to the shelf is whole before anything can panic.
    shelf.lock().unwrap_or_else(PoisonError::into_inner)
}

impl Pool {
    pub(crate) fn new(limits: &Limits) -> Self {
        Self {
            shelf: Arc::default(),
            count_max: limits.idle_connections_max,
            per_host_max: limits.idle_connections_per_host_max,
            kept_for: Duration::from_millis(limits.idle_connection_ms),
        }
    }

    /// The connection to an origin that was used last and whose address `permitted` accepts.
    pub(crate) async fn take(&self, origin: &Origin, permitted: impl Fn(std::net::IpAddr) -> bool) -> Option<Link> {
        loop {
            let kept = locked(&self.shelf).take(origin, &permitted)?;
            if kept.release.send(()).is_err() {
                continue;
            }
            if let Ok(Some(mut link)) = kept.keeper.await
                && link.is_fit().await
                && link.tap.begin()
            {
                return Some(link);
            }
        }
    }

    /// Keeps a connection, unless its host has enough of them or it cannot serve again.
    pub(crate) async fn put(&self, origin: Origin, mut link: Link) {
        link.is_used = true;
        let spare = if link.is_fit().await { self.shelve(origin, link) } else { Some(link) };
        if let Some(link) = spare {
            link.close().await;
        }
    }

    /// Sets a keeper to a connection; hands it back when there is no room.
    fn shelve(&self, origin: Origin, link: Link) -> Option<Link> {
        let mut shelf = locked(&self.shelf);
        let of_host = shelf.by_origin.get(&origin).map_or(0, Vec::len);
        if self.count_max == 0 || of_host >= self.per_host_max {
            return Some(link);
        }
        if shelf.count >= self.count_max {
            // The host that was just asked is likelier to be asked again than one that has not been for the longest time.
            shelf.remove_oldest();
        }
        shelf.numbers += 1;
        let number = shelf.numbers;
        let (release, released) = oneshot::channel();
        let remote = link.remote.ip();
        let keeper = tokio::spawn(keep(link, self.kept_for, released, Arc::downgrade(&self.shelf), origin.clone(), number));
        shelf.count += 1;
        shelf.by_origin.entry(origin).or_default().push(Kept { number, remote, release, keeper });
        None
    }
}

impl Shelf {
    fn take(&mut self, origin: &Origin, permitted: &impl Fn(std::net::IpAddr) -> bool) -> Option<Kept> {
        let index = self.by_origin.get(origin)?.iter().rposition(|kept| permitted(kept.remote))?;
        self.remove_at(origin, index)
    }

    fn remove(&mut self, origin: &Origin, number: u64) {
        let index = self.by_origin.get(origin).and_then(|kept| kept.iter().position(|one| one.number == number));
        drop(index.and_then(|index| self.remove_at(origin, index)));
    }

    fn remove_oldest(&mut self) {
        let numbered = self.by_origin.iter().flat_map(|(origin, kept)| kept.iter().map(move |one| (one.number, origin)));
        if let Some((number, origin)) =
            numbered.min_by_key(|(number, _)| *number).map(|(number, origin)| (number, origin.clone()))
        {
            self.remove(&origin, number);
        }
    }

    fn remove_at(&mut self, origin: &Origin, index: usize) -> Option<Kept> {
        let of_host = self.by_origin.get_mut(origin)?;
        let kept = of_host.remove(index);
        self.count -= 1;
        if of_host.is_empty() {
            self.by_origin.remove(origin);
        }
        Some(kept)
    }
}

/// Watches a kept connection until it is wanted, closed or too old.
async fn keep(
    mut link: Link,
    kept_for: Duration,
    mut released: oneshot::Receiver<()>,
    shelf: Weak<Mutex<Shelf>>,
    origin: Origin,
    number: u64,
) -> Option<Link> {
    let wanted = tokio::select! {
        biased;
        asked = &mut released => asked.is_ok(),
        () = std::future::poll_fn(|context| link.poll_work(context)) => false,
        () = tokio::time::sleep(kept_for) => false,
    };
    if wanted {
        return Some(link);
    }
    if let Some(shelf) = shelf.upgrade() {
        locked(&shelf).remove(&origin, number);
    }
    link.close().await;
    None
}
