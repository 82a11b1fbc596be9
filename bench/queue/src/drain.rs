//! One list taken in and drained in one process, each half measured by itself.

use std::fs;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::mpsc::{Receiver, RecvTimeoutError, sync_channel};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use comeback_driver::job::{Job, NewJob, RunEnd};
use comeback_driver::settings::Settings;
use comeback_driver::watcher::{Notice, Watcher};
use comeback_report::progress::Progress;
use rustix::process::{Signal, getpid, kill_process};

use crate::Setup;
use crate::failure::BenchFailure;
use crate::shape::Spread;
use crate::stub::Stub;
use crate::typical::{self, Made};
use crate::usage::{self, Moment, Span};

/// Between two looks at the disk, in milliseconds.
const DISK_GAP_MS: u64 = 200;

/// What was used when the lists had been read.
#[derive(Debug, Clone, Copy)]
struct AfterIntake {
    moment: Moment,
    memory_peak_bytes: u64,
    disk_bytes: u64,
    disk_peak_bytes: u64,
}

/// Measures at the end of intake.
#[derive(Debug)]
struct Measuring {
    state: PathBuf,
    stops_after_intake: bool,
    disk_peak_bytes: AtomicU64,
    after_intake: Mutex<Option<AfterIntake>>,
}

impl Measuring {
    fn of(dir: &Path, stops_after_intake: bool) -> Self {
        Self { state: dir.join("state"), stops_after_intake, disk_peak_bytes: AtomicU64::new(0), after_intake: Mutex::new(None) }
    }

    /// Looks at the disk until it is told that all is over; files come and go meanwhile.
    fn watch_disk(&self, over: &Receiver<()>) {
        while over.recv_timeout(Duration::from_millis(DISK_GAP_MS)) == Err(RecvTimeoutError::Timeout) {
            let bytes = usage::disk_bytes(&self.state).unwrap_or(0);
            self.disk_peak_bytes.fetch_max(bytes, Ordering::AcqRel);
        }
    }
}

impl Watcher for Measuring {
    fn notice(&self, notice: Notice) {
        if let Notice::IntakeEnded { .. } = notice {
            let moment = Moment::now();
            let disk_bytes = usage::disk_bytes(&self.state).unwrap_or(0);
            let measured = AfterIntake {
                moment,
                memory_peak_bytes: usage::memory_peak_bytes().unwrap_or(0),
                disk_bytes,
                disk_peak_bytes: self.disk_peak_bytes.swap(0, Ordering::AcqRel).max(disk_bytes),
            };
            // Without the system's leave the peak of the drain is that of both.
            let _ = usage::forget_memory();
            *self.after_intake.lock().unwrap_or_else(PoisonError::into_inner) = Some(measured);
            if self.stops_after_intake {
                // A process may always send a signal to itself.
                let _ = kill_process(getpid(), Signal::TERM);
            }
        }
    }
}

/// Makes a list and a job of it.
pub(crate) fn prepare(setup: &Setup) -> Result<(Job, PathBuf, Made), BenchFailure> {
    let Setup { urls, shape, memory, dir, intake_only: _ } = setup;
    if dir.exists() {
        fs::remove_dir_all(dir)?;
    }
    fs::create_dir_all(dir)?;
    let list = dir.join("list.txt.zst");
    let made = typical::write(&list, &Spread::new(*shape, *urls), *urls)?;
    let job_dir = dir.join("job");
    let settings = Settings { memory_bytes: memory << 20, ..Settings::default() };
    let job = Job::create(NewJob { dir: job_dir.clone(), lists: vec![list], settings })?;
    Ok((job, job_dir, made))
}

/// Prints what a URL cost.
pub(crate) fn measure(setup: &Setup) -> Result<(), BenchFailure> {
    let (job, dir, made) = prepare(setup)?;
    let measuring = Arc::new(Measuring::of(&dir, setup.intake_only));
    let watching = Arc::clone(&measuring);
    // Nothing is sent: its end is the word.
    let (over, is_over) = sync_channel(0);
    let disk = std::thread::spawn(move || watching.watch_disk(&is_over));
    usage::forget_memory()?;
    let begun = Moment::now();
    let watcher: Arc<dyn Watcher> = Arc::clone(&measuring) as Arc<dyn Watcher>;
    let end = job.run_over(Arc::new(Stub::default()), &watcher)?;
    let ended = Moment::now();
    drop(over);
    let (RunEnd::Done(progress) | RunEnd::Interrupted(progress)) = end;
    check(setup, made, &progress)?;
    let after_intake = *measuring.after_intake.lock().unwrap_or_else(PoisonError::into_inner);
    let Some(after_intake) = after_intake else {
        return Err(BenchFailure::Account { what: "intake did not end".into() });
    };
    // The disk's watcher only looks; that it ended badly changes no figure of these.
    let _ = disk.join();
    print_beginning(setup, made, after_intake, begun);
    if !setup.intake_only {
        print_half(setup, "drain", after_intake.moment.until(ended), usage::memory_peak_bytes()?);
        let last = measuring.disk_peak_bytes.load(Ordering::Acquire);
        println!("  disk in drain: {:.1} bytes a URL at its peak (state, without rows)", per(last, setup.urls));
    }
    fs::remove_dir_all(&setup.dir)?;
    Ok(())
}

/// Each URL has one outcome, and each repeated line was dropped: else the figures are of something else.
fn check(setup: &Setup, made: Made, progress: &Progress) -> Result<(), BenchFailure> {
    let wanted = (setup.urls, made.duplicates);
    let urls = if setup.intake_only { progress.urls.all() } else { progress.urls.fetched };
    let found = (urls, progress.duplicates);
    if found == wanted {
        return Ok(());
    }
    Err(BenchFailure::Account { what: format!("{found:?} URLs and lines dropped, wanted {wanted:?}") })
}

fn print_beginning(setup: &Setup, made: Made, after: AfterIntake, begun: Moment) {
    let urls = setup.urls;
    println!("{urls} URLs, {:?}, --memory {} MiB; a line is {} bytes long", setup.shape, setup.memory, made.bytes / made.lines);
    print_half(setup, "intake", begun.until(after.moment), after.memory_peak_bytes);
    let (disk, peak) = (per(after.disk_bytes, urls), per(after.disk_peak_bytes, urls));
    println!("  disk after intake: {disk:.1} bytes a URL; {peak:.1} at its peak");
}

fn print_half(setup: &Setup, name: &str, span: Span, memory: u64) {
    let urls = setup.urls;
    println!(
        "  {name}: {:.1} s, {:.0} URLs/s, {:.2} us of processor a URL, {} MiB resident, {:.1} bytes a URL beyond --memory",
        span.wall.as_secs_f64(),
        urls as f64 / span.wall.as_secs_f64(),
        span.processor.as_secs_f64() * 1e6 / urls as f64,
        memory >> 20,
        per(memory.saturating_sub(setup.memory << 20), urls),
    );
}

fn per(bytes: u64, urls: u64) -> f64 {
    bytes as f64 / urls as f64
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::shape::Shape;

    #[test]
    fn a_small_list_of_each_shape_is_drained_and_adds_up() {
        for shape in [Shape::FewHosts, Shape::ManyHosts] {
            let dir = tempfile::tempdir().unwrap();
            let dir = dir.path().join("queue");
            measure(&Setup { urls: 2_000, shape, memory: 64, dir, intake_only: false }).unwrap();
        }
    }
}
