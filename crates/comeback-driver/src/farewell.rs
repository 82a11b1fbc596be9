//! What is still to be done after a run, while the process goes on to hear Ctrl-C.
//!
//! A run that has listened for signals leaves the process deaf to them: nothing would end a last write that nobody reads.

use std::future::pending;
use std::thread;
use std::time::Duration;

use tokio::sync::oneshot;
use tokio::time::sleep;

use crate::signals::Signals;

/// Does something that may take for ever, on a thread of its own; `None` when it was not done before a signal came (SIGINT or
/// SIGTERM), or within so many milliseconds, or when it panicked. The thread is then left to the end of the process.
pub fn unless_stopped<T: Send + 'static>(wait_ms_max: Option<u64>, work: impl FnOnce() -> T + Send + 'static) -> Option<T> {
    let Ok(runtime) = tokio::runtime::Builder::new_current_thread().enable_all().build() else {
        // Without a runtime there was no run, so nothing has made the process deaf.
        return Some(work());
    };
    runtime.block_on(async {
        let Ok(mut signals) = Signals::listen() else { return Some(work()) };
        let (sender, done) = oneshot::channel();
        thread::spawn(move || drop(sender.send(work())));
        let limit = async {
            match wait_ms_max {
                Some(wait_ms) => sleep(Duration::from_millis(wait_ms)).await,
                None => pending().await,
            }
        };
        tokio::select! {
            biased;
            done = done => done.ok(),
            () = signals.next() => None,
            () = limit => None,
        }
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_done_in_time_is_handed_over() {
        assert_eq!(unless_stopped(None, || 7), Some(7));
    }

    #[test]
    fn what_takes_for_ever_is_left() {
        assert_eq!(
            unless_stopped(Some(10), || loop {
                thread::park();
            }),
            None::<()>
        );
    }
}
