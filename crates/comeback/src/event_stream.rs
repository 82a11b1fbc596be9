//! A run told to programs: one JSON line on stdout for each event, and nothing else there.
//!
//! Events are derived from the driver's notices. A reader that has gone stops no job: the rest of the events is dropped. It may wait for
//! its reader as long as it likes: it stands behind a [`NoticeQueue`](crate::notice_queue::NoticeQueue).

use std::io::{self, Stdout, Write};
use std::time::Duration;

use comeback_driver::list::BadLine;
use comeback_driver::watcher::Notice;
use comeback_engine::diagnosis::clock::WallTime;
use comeback_report::event::Event;
use comeback_report::status::Status;

use crate::notice_queue::{Listener, NoticedAt};
use crate::wall_clock;

/// Between two `ProgressMade`, at least.
pub const PROGRESS_GAP_MS_MIN: u64 = 1_000;

/// A listener that writes events.
pub struct EventStream<W = Stdout> {
    to: W,
    /// Nobody takes any more.
    is_closed: bool,
    error: Option<io::Error>,
    progress_at: Option<Duration>,
}

impl EventStream {
    /// Writes to stdout.
    #[must_use]
    pub fn on_stdout() -> Self {
        Self::on(io::stdout())
    }
}

impl<W: Write> EventStream<W> {
    const fn on(to: W) -> Self {
        Self { to, is_closed: false, error: None, progress_at: None }
    }

    /// Writes an event that is not the driver's.
    pub fn tell(&mut self, event: &Event) {
        self.write(event, wall_clock::now());
    }

    /// What kept events from being written, if something did other than a reader that has gone.
    #[must_use]
    pub fn into_error(self) -> Option<io::Error> {
        self.error
    }

    fn write(&mut self, event: &Event, now: WallTime) {
        if self.is_closed {
            return;
        }
        if let Err(error) = self.to.write_all(event.to_line(now).as_bytes()).and_then(|()| self.to.flush()) {
            self.is_closed = true;
            self.error = Some(error).filter(|error| error.kind() != io::ErrorKind::BrokenPipe);
        }
    }
}

impl<W: Write + Send + 'static> Listener for EventStream<W> {
    fn notice(&mut self, notice: Notice, at: NoticedAt) {
        if matches!(notice, Notice::ProgressMade(_)) {
            let gap = Duration::from_millis(PROGRESS_GAP_MS_MIN);
            if self.progress_at.is_some_and(|before| at.since_begin.saturating_sub(before) < gap) {
                return;
            }
            self.progress_at = Some(at.since_begin);
        }
        self.write(&event(notice), at.wall);
    }

    fn missed(&mut self, count: u64, at: NoticedAt) {
        self.write(&Event::EventsDropped { events: count }, at.wall);
    }
}

/// The event that a notice is.
fn event(notice: Notice) -> Event {
    match notice {
        Notice::LineSkipped { list, line: BadLine { line, refusal } } => {
            Event::LineSkipped { list: list.display().to_string(), line, why: refusal.to_string() }
        }
        Notice::ListBroken { list, line, damage } => {
            Event::ListBroken { list: list.display().to_string(), line, why: damage.to_string() }
        }
        Notice::ListUnread(list) => Event::ListUnread { why: list.to_string() },
        Notice::ListsFetched { settled, lists, waiting: _ } => Event::ListsFetched { settled, lists },
        Notice::IntakeAdvanced { urls } => Event::IntakeAdvanced { urls },
        Notice::IntakeEnded { urls, duplicates, bad_lines } => Event::IntakeEnded { urls, duplicates, bad_lines },
        Notice::UrlsWoken { count } => Event::UrlsWoken { count },
        Notice::HostHeld { host, cause, because, since, until } => Event::HostHeld { host, cause, because, since, until },
        Notice::HostRecovered { host } => Event::HostRecovered { host },
        Notice::HostSettled { host, outcome, cause, until, evidence } => {
            Event::HostSettled { host, outcome, cause, until, evidence }
        }
        Notice::ProgressMade(progress) => Event::ProgressMade { status: Status::new(&progress.job, Some(&progress), true) },
        Notice::DrainStarted { by, wait_ms_max } => {
            Event::DrainStarted { by: by.word(), wait_s_max: wait_ms_max.div_ceil(1_000) }
        }
    }
}

#[cfg(test)]
mod tests {
    use comeback_archive::TimeText;
    use comeback_report::progress::{JobState, Progress, UrlCounts};

    use super::*;

    fn at(ms: u64) -> NoticedAt {
        NoticedAt { since_begin: Duration::from_millis(ms), wall: WallTime(ms) }
    }

    fn progress() -> Notice {
        Notice::ProgressMade(Box::new(Progress {
            job: "j".into(),
            state: JobState::Running,
            urls: UrlCounts::default(),
            requests: 0,
            robots_requests: 0,
            bytes: 0,
            duplicates: 0,
            bad_lines: 0,
            lists_unread: 0,
            eta_s: None,
            hosts_waiting: Vec::new(),
            files: Vec::new(),
            updated_at: TimeText(WallTime(0)),
        }))
    }

    #[test]
    fn progress_is_told_once_a_second_and_all_else_at_once() {
        let mut stream = EventStream::on(Vec::new());
        for ms in 0..2_500 {
            stream.notice(progress(), at(ms));
            if ms % 500 == 0 {
                stream.notice(Notice::UrlsWoken { count: ms }, at(ms));
            }
        }
        let text = String::from_utf8(stream.to).unwrap();
        assert_eq!((text.matches("ProgressMade").count(), text.matches("UrlsWoken").count()), (3, 5), "{text}");
        assert!(text.contains(r#""status":{"job":"j","state":"running","urls":{"queued":0"#), "{text}");
    }

    #[test]
    fn what_a_slow_reader_missed_is_an_event() {
        let mut stream = EventStream::on(Vec::new());
        stream.missed(7, at(0));
        let text = String::from_utf8(stream.to).unwrap();
        assert!(text.ends_with("\"event\":\"EventsDropped\",\"events\":7}\n"), "{text}");
    }

    struct Gone(io::ErrorKind, usize);

    impl Write for Gone {
        fn write(&mut self, _bytes: &[u8]) -> io::Result<usize> {
            self.1 += 1;
            Err(self.0.into())
        }

        fn flush(&mut self) -> io::Result<()> {
            Ok(())
        }
    }

    #[test]
    fn a_reader_that_has_gone_is_not_asked_again() {
        for (kind, is_error) in [(io::ErrorKind::BrokenPipe, false), (io::ErrorKind::StorageFull, true)] {
            let mut stream = EventStream::on(Gone(kind, 0));
            (0..3).for_each(|count| stream.notice(Notice::UrlsWoken { count }, at(0)));
            assert_eq!((stream.to.1, stream.error.is_some()), (1, is_error), "{kind:?}");
        }
    }
}
