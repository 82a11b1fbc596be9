//! Which HTTP/2 connection serves which origin, and who sets one up.
//!
//! What a host speaks shows in the TLS handshake. Until then, whoever comes first connects and the others wait for what comes of
//! it, so that no herd of connections is opened where one will do. An origin that speaks HTTP/1.1 is remembered, and nobody waits
//! there. Connections are never shared between origins, though the standard would permit it (RFC 9113, section 9.1.1): a host's
//! clock and its certificate are its own.

use std::collections::HashMap;
use std::net::IpAddr;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use comeback_diagnosis::cause::Cause;
use tokio::sync::watch;
use tokio::time::{Instant, timeout_at};

use crate::capture::OwnFailure;
use crate::connector::{Offer, Unconnected};
use crate::limits::Limits;
use crate::multiplex::Multiplex;
use crate::pool::Origin;

/// Origins whose protocol is remembered. One that is forgotten costs its next attempts a wait for one another.
const ORIGINS_KNOWN_MAX: usize = 4_096;

/// What came of setting up a connection: nothing to say, or why it failed.
type Outcome = Option<Result<(), Unconnected>>;

/// What is known of an origin.
#[derive(Clone)]
enum Known {
    Connecting(watch::Receiver<Outcome>),
    Shared(Arc<Multiplex>),
    Alone(Offer),
}

#[derive(Default)]
struct Board {
    by_origin: HashMap<Origin, (u64, Known)>,
    numbers: u64,
}

/// The origins' board.
pub(crate) struct Sharing {
    board: Arc<Mutex<Board>>,
    connections_max: usize,
}

/// How an attempt gets its connection.
pub(crate) enum Turn {
    /// On this connection.
    Shared(Arc<Multiplex>),
    /// By setting one up for all.
    Lead(Lead),
    /// By setting one up for itself.
    Alone(Offer),
    /// Not at all: the one that all waited for did not come about.
    Failed(Unconnected),
}

/// The duty to tell those who wait what came of connecting. Dropped, it passes to the next of them.
pub(crate) struct Lead {
    board: Arc<Mutex<Board>>,
    origin: Origin,
    number: u64,
    outcome: watch::Sender<Outcome>,
    connections_max: usize,
}

fn locked(board: &Mutex<Board>) -> MutexGuard<'_, Board> {
    // Every change to the board is whole before anything can panic.
    board.lock().unwrap_or_else(PoisonError::into_inner)
}

impl Sharing {
    pub(crate) fn new(limits: &Limits) -> Self {
        Self { board: Arc::default(), connections_max: limits.idle_connections_max.max(1) }
    }

    /// An attempt's turn at an origin; `permitted` is asked of the address of a connection that is there.
    pub(crate) async fn turn(&self, origin: &Origin, permitted: impl Fn(IpAddr) -> bool, ends_at: Instant) -> Turn {
        if !origin.is_https {
            return Turn::Alone(Offer::Http1);
        }
        loop {
            let known = locked(&self.board).known(origin);
            let mut waiting = match known {
                Ok(Known::Alone(offer)) => return Turn::Alone(offer),
                Ok(Known::Shared(multiplex)) if !permitted(multiplex.remote.ip()) => return Turn::Alone(Offer::Any),
                Ok(Known::Shared(multiplex)) => return Turn::Shared(multiplex),
                Ok(Known::Connecting(outcome)) => outcome,
                Err((number, outcome)) => return Turn::Lead(self.lead(origin, number, outcome)),
            };
            match timeout_at(ends_at, waiting.wait_for(Option::is_some)).await {
                Ok(Ok(outcome)) => {
                    // An address that was refused to one may be permitted to another, who then asks for itself.
                    if let Some(Err(unconnected)) = outcome.as_ref()
                        && unconnected.failure.cause != Cause::AddressRefused
                    {
                        return Turn::Failed(unconnected.clone());
                    }
                }
                // Whoever was to tell was cut.
                Ok(Err(_)) => {}
                Err(_) => {
                    let detail = "Another attempt was still connecting to the host when the time was over.";
                    let failure = OwnFailure::new(Cause::ConnectTimeout, detail);
                    return Turn::Failed(Unconnected::of(failure, None));
                }
            }
        }
    }

    fn lead(&self, origin: &Origin, number: u64, outcome: watch::Sender<Outcome>) -> Lead {
        let board = Arc::clone(&self.board);
        Lead { board, origin: origin.clone(), number, outcome, connections_max: self.connections_max }
    }

    /// Notes that an origin is to be spoken to in HTTP/1.1.
    pub(crate) fn note_http1(&self, origin: &Origin) {
        locked(&self.board).learn(origin.clone(), Known::Alone(Offer::Http1));
    }

    /// What a shared connection calls when no new stream is to begin on it.
    pub(crate) fn forgetting(&self, origin: &Origin) -> impl FnOnce() + Send + 'static {
        let (board, origin) = (Arc::downgrade(&self.board), origin.clone());
        move || {
            if let Some(board) = board.upgrade() {
                // Dropped after the lock is let go.
                let _unfit = locked(&board).remove_unfit(&origin);
            }
        }
    }
}

impl Lead {
    /// The host speaks HTTP/1.1: everyone connects for themselves.
    pub(crate) fn alone(self) {
        locked(&self.board).learn(self.origin.clone(), Known::Alone(Offer::Any));
        self.outcome.send_replace(Some(Ok(())));
    }

    /// Here is the connection for all.
    pub(crate) fn share(self, multiplex: &Arc<Multiplex>) {
        let spare = {
            let mut board = locked(&self.board);
            board.learn(self.origin.clone(), Known::Shared(Arc::clone(multiplex)));
            board.remove_spare(self.connections_max)
        };
        drop(spare);
        self.outcome.send_replace(Some(Ok(())));
    }

    /// Nothing came of it.
    pub(crate) fn fail(self, unconnected: &Unconnected) {
        self.outcome.send_replace(Some(Err(unconnected.clone())));
    }
}

impl Drop for Lead {
    fn drop(&mut self) {
        let mut board = locked(&self.board);
        if board
            .by_origin
            .get(&self.origin)
            .is_some_and(|(number, known)| *number == self.number && matches!(known, Known::Connecting(_)))
        {
            board.by_origin.remove(&self.origin);
        }
    }
}

impl Board {
    /// What is known of an origin and still holds; where nothing is, whoever asks is noted as the one to connect.
    fn known(&mut self, origin: &Origin) -> Result<Known, (u64, watch::Sender<Outcome>)> {
        drop(self.remove_unfit(origin));
        if let Some((_, known)) = self.by_origin.get(origin) {
            return Ok(known.clone());
        }
        let (sender, receiver) = watch::channel(None);
        Err((self.learn(origin.clone(), Known::Connecting(receiver)), sender))
    }

    fn remove_unfit(&mut self, origin: &Origin) -> Option<(u64, Known)> {
        let is_unfit = match self.by_origin.get(origin) {
            Some((_, Known::Shared(multiplex))) => !multiplex.is_fit(),
            Some((_, Known::Connecting(_) | Known::Alone(_))) | None => false,
        };
        if is_unfit { self.by_origin.remove(origin) } else { None }
    }

    fn learn(&mut self, origin: Origin, known: Known) -> u64 {
        if self.by_origin.len() >= ORIGINS_KNOWN_MAX && !self.by_origin.contains_key(&origin) {
            self.remove_oldest(|known| matches!(known, Known::Alone(_)));
        }
        self.numbers += 1;
        self.by_origin.insert(origin, (self.numbers, known));
        self.numbers
    }

    /// The connection that was made first of those that stand unused, where there are more than permitted.
    fn remove_spare(&mut self, connections_max: usize) -> Option<(u64, Known)> {
        let shared = self.by_origin.values().filter(|(_, known)| matches!(known, Known::Shared(_))).count();
        if shared <= connections_max {
            return None;
        }
        self.remove_oldest(|known| matches!(known, Known::Shared(multiplex) if multiplex.is_idle()))
    }

    fn remove_oldest(&mut self, is_meant: impl Fn(&Known) -> bool) -> Option<(u64, Known)> {
        let meant = self.by_origin.iter().filter(|(_, (_, known))| is_meant(known));
        let origin = meant.min_by_key(|(_, (number, _))| *number).map(|(origin, _)| origin.clone())?;
        self.by_origin.remove(&origin)
    }
}
