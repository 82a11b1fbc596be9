//! SIGINT and SIGTERM, counted: the first asks to stop, the second to stop at once.

use std::io;

use tokio::signal::unix::{SignalKind, signal};
use tokio::sync::watch;

/// How often the process was asked to stop; can be looked at from any thread, and awaited.
#[derive(Debug, Clone)]
pub(crate) struct Signals {
    count: watch::Receiver<u32>,
    /// How many have been waited for.
    seen: u32,
}

impl Signals {
    /// Begins to listen; from now on neither signal ends the process by itself. Needs the runtime's context.
    pub(crate) fn listen() -> io::Result<Self> {
        let mut interrupt = signal(SignalKind::interrupt())?;
        let mut terminate = signal(SignalKind::terminate())?;
        let (counter, count) = watch::channel(0);
        tokio::spawn(async move {
            loop {
                tokio::select! {
                    _ = interrupt.recv() => {}
                    _ = terminate.recv() => {}
                }
                counter.send_modify(|count| *count += 1);
            }
        });
        Ok(Self { count, seen: 0 })
    }

    /// Whether one has come.
    pub(crate) fn has_come(&self) -> bool {
        self.count() > 0
    }

    /// How many have come.
    pub(crate) fn count(&self) -> u32 {
        *self.count.borrow()
    }

    /// Waits for the next one that was not waited for yet; two that came together are two.
    pub(crate) async fn next(&mut self) {
        let seen = self.seen;
        if self.count.wait_for(|count| *count > seen).await.is_err() {
            // The listener lives as long as the runtime, so this wait ends with it.
            std::future::pending::<()>().await;
        }
        self.seen += 1;
    }
}
