//! The line between a run and whoever shows it. A reader that takes nothing (a pager, a terminal that was stopped) keeps neither the
//! run nor Ctrl-C waiting: a thread of its own waits for it here.
//!
//! Life story of a notice: it is put in line with its time, and told in order. Of those that say how far something is, only the latest
//! of a kind waits. The others are told each, as long as something is taken: where the line is full, whoever has something to tell waits
//! a moment for room. Where nothing was taken in that moment, notices are dropped, and counted where they are missing, until something is.
//!
//! It does not know what notices look like; that is the [`Listener`]'s.

use std::collections::VecDeque;
use std::panic::resume_unwind;
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::thread::{self, JoinHandle};
use std::time::{Duration, Instant};

use comeback_driver::watcher::{Notice, Watcher};
use comeback_engine::diagnosis::clock::WallTime;

use crate::wall_clock;

/// Notices in line, those of progress apart.
pub const NOTICES_MAX: usize = 4_096;
/// How long the run waits for room in the line before it takes the reader for one that takes nothing.
pub const ROOM_WAIT_MS_MAX: u64 = 1_000;

/// When a notice was given.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct NoticedAt {
    /// Since the run began.
    pub since_begin: Duration,
    /// By the clock on the wall.
    pub wall: WallTime,
}

/// Tells people or programs what happens in a run. It may be slow, or never return.
pub trait Listener: Send + 'static {
    /// Takes one notice.
    fn notice(&mut self, notice: Notice, at: NoticedAt);

    /// So many notices are missing at this place.
    fn missed(&mut self, count: u64, at: NoticedAt);
}

/// A watcher that never waits for its listener, but for a moment.
pub struct NoticeQueue<L> {
    begun: Instant,
    line: Arc<Line>,
    /// `None` once ended.
    teller: Mutex<Option<JoinHandle<L>>>,
}

#[derive(Default)]
struct Line {
    waiting: Mutex<Waiting>,
    changed: Condvar,
}

#[derive(Default)]
struct Waiting {
    items: VecDeque<(Item, NoticedAt)>,
    /// The line was full for so long that nobody waits for room, until something is taken.
    is_stalled: bool,
    is_over: bool,
}

enum Item {
    Notice(Box<Notice>),
    Missed(u64),
}

impl Item {
    fn is_progress(&self) -> bool {
        match self {
            Self::Notice(notice) => is_progress(notice),
            Self::Missed(_) => false,
        }
    }
}

/// Whether a notice says how far something is, so that a later one takes its place.
const fn is_progress(notice: &Notice) -> bool {
    match notice {
        Notice::ProgressMade(_) | Notice::IntakeAdvanced { .. } | Notice::ListsFetched { .. } => true,
        Notice::LineSkipped { .. }
        | Notice::ListBroken { .. }
        | Notice::ListUnread(_)
        | Notice::IntakeEnded { .. }
        | Notice::UrlsWoken { .. }
        | Notice::HostHeld { .. }
        | Notice::HostRecovered { .. }
        | Notice::HostSettled { .. }
        | Notice::DrainStarted { .. } => false,
    }
}

impl<L: Listener> NoticeQueue<L> {
    /// Begins to tell a listener.
    #[must_use]
    pub fn start(listener: L) -> Self {
        let line = Arc::new(Line::default());
        let told = Arc::clone(&line);
        let teller = thread::spawn(move || told.tell(listener));
        Self { begun: Instant::now(), line, teller: Mutex::new(Some(teller)) }
    }

    /// Waits until all that is in line has been told, and gives the listener back; `None` when it was given back before.
    #[must_use]
    pub fn end(&self) -> Option<L> {
        self.line.waiting().is_over = true;
        self.line.changed.notify_all();
        let teller = self.teller.lock().unwrap_or_else(PoisonError::into_inner).take()?;
        Some(teller.join().unwrap_or_else(|panic| resume_unwind(panic)))
    }
}

impl<L: Listener> Watcher for NoticeQueue<L> {
    fn notice(&self, notice: Notice) {
        let at = NoticedAt { since_begin: self.begun.elapsed(), wall: wall_clock::now() };
        self.line.put(notice, at);
    }
}

impl Line {
    fn waiting(&self) -> MutexGuard<'_, Waiting> {
        // Every change to the line is whole before anything can panic.
        self.waiting.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn put(&self, notice: Notice, at: NoticedAt) {
        let mut waiting = self.waiting();
        if is_progress(&notice) {
            waiting.replace_progress(&notice);
        } else if waiting.is_full() {
            waiting = self.make_room(waiting);
            if waiting.is_full() {
                waiting.miss(at);
                return;
            }
        }
        waiting.items.push_back((Item::Notice(Box::new(notice)), at));
        drop(waiting);
        self.changed.notify_all();
    }

    /// Waits a moment for room, unless that was in vain before.
    fn make_room<'a>(&self, waiting: MutexGuard<'a, Waiting>) -> MutexGuard<'a, Waiting> {
        if waiting.is_stalled {
            return waiting;
        }
        let moment = Duration::from_millis(ROOM_WAIT_MS_MAX);
        let waited = self.changed.wait_timeout_while(waiting, moment, |waiting| waiting.is_full());
        let (mut waiting, _) = waited.unwrap_or_else(PoisonError::into_inner);
        waiting.is_stalled = waiting.is_full();
        waiting
    }

    /// Tells what is in line, until it is over.
    fn tell<L: Listener>(&self, mut listener: L) -> L {
        while let Some((item, at)) = self.next() {
            match item {
                Item::Notice(notice) => listener.notice(*notice, at),
                Item::Missed(count) => listener.missed(count, at),
            }
            self.waiting().is_stalled = false;
        }
        listener
    }

    fn next(&self) -> Option<(Item, NoticedAt)> {
        let waiting = self.waiting();
        let waited = self.changed.wait_while(waiting, |waiting| waiting.items.is_empty() && !waiting.is_over);
        let next = waited.unwrap_or_else(PoisonError::into_inner).items.pop_front();
        self.changed.notify_all();
        next
    }
}

impl Waiting {
    fn is_full(&self) -> bool {
        self.items.len() >= NOTICES_MAX
    }

    fn replace_progress(&mut self, by: &Notice) {
        let kind = std::mem::discriminant(by);
        self.items.retain(|(item, _)| match item {
            Item::Notice(notice) => std::mem::discriminant(&**notice) != kind,
            Item::Missed(_) => true,
        });
    }

    /// Counts a notice that is dropped, where it is missing.
    fn miss(&mut self, at: NoticedAt) {
        match self.items.iter_mut().rev().find(|(item, _)| !item.is_progress()) {
            Some((Item::Missed(count), _)) => *count += 1,
            Some((Item::Notice(_), _)) | None => self.items.push_back((Item::Missed(1), at)),
        }
    }
}

#[cfg(test)]
mod tests {
    use std::sync::mpsc::{Receiver, SyncSender, sync_channel};

    use super::*;

    /// Says that it was told something, and waits to be let go on; what it was told, in words.
    struct Slow {
        told: Vec<String>,
        is_told: SyncSender<()>,
        may_go_on: Receiver<()>,
    }

    impl Slow {
        fn tell(&mut self, words: String) {
            self.told.push(words);
            self.is_told.send(()).unwrap();
            // Nobody holds it up any more.
            let _ = self.may_go_on.recv();
        }
    }

    impl Listener for Slow {
        fn notice(&mut self, notice: Notice, _at: NoticedAt) {
            if let Notice::UrlsWoken { count } = notice {
                self.tell(count.to_string());
            } else if let Notice::IntakeAdvanced { urls } = notice {
                self.tell(format!("{urls} URLs"));
            }
        }

        fn missed(&mut self, count: u64, _at: NoticedAt) {
            self.tell(format!("{count} missed"));
        }
    }

    /// A queue whose listener has been told `0` and does not return.
    fn stalled() -> (NoticeQueue<Slow>, Receiver<()>, SyncSender<()>) {
        let (is_told, told) = sync_channel(NOTICES_MAX * 2);
        let (go_on, may_go_on) = sync_channel(1);
        let queue = NoticeQueue::start(Slow { told: Vec::new(), is_told, may_go_on });
        queue.notice(Notice::UrlsWoken { count: 0 });
        told.recv().unwrap();
        (queue, told, go_on)
    }

    #[test]
    fn of_progress_only_the_latest_waits_for_a_slow_listener() {
        let (queue, _told, go_on) = stalled();
        for urls in 1..=100_000 {
            queue.notice(Notice::IntakeAdvanced { urls });
        }
        queue.notice(Notice::UrlsWoken { count: 7 });
        drop(go_on);
        assert_eq!(queue.end().unwrap().told, ["0", "100000 URLs", "7"]);
        assert!(queue.end().is_none());
    }

    /// `fetch --json | less` stood still, and took no Ctrl-C, once the pipe was full: the run waited in a write.
    #[test]
    fn what_finds_no_room_is_counted_where_it_is_missing() {
        let (queue, told, go_on) = stalled();
        let full = NOTICES_MAX as u64;
        for count in 1..=full + 5 {
            queue.notice(Notice::UrlsWoken { count });
            queue.notice(Notice::IntakeAdvanced { urls: count });
        }
        go_on.send(()).unwrap();
        told.recv().unwrap();
        go_on.send(()).unwrap();
        told.recv().unwrap();
        // Two were taken, and so there is room for one beside the count.
        queue.notice(Notice::UrlsWoken { count: 99_999 });
        drop(go_on);
        let told = queue.end().unwrap().told;
        let numbers = |range: std::ops::RangeInclusive<u64>| range.map(|number| number.to_string()).collect::<Vec<_>>();
        let is_progress = |words: &&String| words.ends_with("URLs");
        assert_eq!(told.iter().filter(is_progress).count(), 1, "the latest");
        let others: Vec<&String> = told.iter().filter(|words| !is_progress(words)).collect();
        let missed = others.iter().position(|words| words.ends_with("missed")).unwrap();
        let lost: u64 = others[missed].trim_end_matches(" missed").parse().unwrap();
        assert!(others[..missed].iter().copied().eq(&numbers(0..=full + 5 - lost)), "{told:?}");
        assert_eq!(others[missed + 1..], ["99999"]);
        assert!((5..=6).contains(&lost), "{lost}");
    }
}
