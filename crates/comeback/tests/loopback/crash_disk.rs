//! A full disk: one line in the system's words, code 3, and the job goes on once there is room.

use std::fs::File;
use std::io::{ErrorKind, Write as _};
use std::path::{Path, PathBuf};
use std::process::Command;

use crate::account::{assert_all, assert_each_once};
use crate::origin::{Answer, Origin, answer, origin_of_pages, page};
use crate::program::{Bench, Ended, Running};
use crate::records;

const PAGE_BYTES: usize = 64 << 10;

/// A folder with little room: a small file system where those may be mounted, else a limit on each file's size.
enum SmallDisk {
    Mounted(PathBuf),
    Limited(PathBuf, usize),
}

impl SmallDisk {
    fn new(folder: PathBuf, bytes: usize) -> Self {
        std::fs::create_dir(&folder).unwrap();
        let size = format!("size={bytes}");
        let is_mounted = administer(&["mount", "-t", "tmpfs", "-o", &size, "tmpfs", folder.to_str().unwrap()]);
        if is_mounted { Self::Mounted(folder) } else { Self::Limited(folder, bytes) }
    }

    fn folder(&self) -> &Path {
        match self {
            Self::Mounted(folder) | Self::Limited(folder, _) => folder,
        }
    }

    /// What the system says of a write that has no room.
    fn words(&self) -> &'static str {
        match self {
            Self::Mounted(_) => "No space left on device",
            Self::Limited(..) => "File too large",
        }
    }

    /// A command of the binary, with little room.
    fn command(&self, command: Command) -> Command {
        let Self::Limited(_, bytes) = self else { return command };
        let mut limited = Command::new("sh");
        // The unit is 512 bytes; without the trap the limit would end the process by a signal.
        let script = format!("trap '' XFSZ; ulimit -f {}; exec \"$@\"", bytes / 512);
        limited.args(["-c", &script, "sh"]).arg(command.get_program()).args(command.get_args());
        limited.current_dir(command.get_current_dir().unwrap());
        limited
    }

    /// Makes room.
    fn grow(&self) {
        if let Self::Mounted(folder) = self {
            assert!(administer(&["mount", "-o", "remount,size=200m", folder.to_str().unwrap()]));
        }
    }

    /// Lets nothing be written any more, or lets it again; whether that is possible here.
    fn set_read_only(&self, is_read_only: bool) -> bool {
        let options = if is_read_only { "remount,ro" } else { "remount,rw" };
        matches!(self, Self::Mounted(folder) if administer(&["mount", "-o", options, folder.to_str().unwrap()]))
    }

    /// Takes all the room that is left, until the file is removed.
    fn fill(&self) -> PathBuf {
        let path = self.folder().join("filler");
        let mut file = File::create(&path).unwrap();
        for piece in [1 << 20, 1 << 12, 1] {
            let full = std::iter::repeat(vec![0; piece]).find_map(|zeros| file.write_all(&zeros).err()).unwrap();
            assert_eq!(full.kind(), ErrorKind::StorageFull);
        }
        path
    }
}

impl Drop for SmallDisk {
    fn drop(&mut self) {
        if let Self::Mounted(folder) = self {
            // Lazily: whoever still has a file open there is about to end.
            administer(&["umount", "-l", folder.to_str().unwrap()]);
        }
    }
}

/// Runs a command as the administrator, if we are or may be that; whether it succeeded.
fn administer(words: &[&str]) -> bool {
    let succeeds = |command: &mut Command| command.output().is_ok_and(|output| output.status.success());
    succeeds(Command::new(words[0]).args(&words[1..])) || succeeds(Command::new("sudo").arg("-n").args(words))
}

/// The process ended for want of room, and said so once.
#[track_caller]
fn assert_out_of_room(ended: &Ended, words: &str) {
    assert_eq!(ended.code, Some(3), "{ended:?}");
    assert_eq!(ended.stderr.matches("error: ").count(), 1, "{}", ended.stderr);
    assert_eq!(ended.stderr.matches(words).count(), 1, "{}", ended.stderr);
}

/// Pages that don't shrink, each another.
fn origin_of_noise() -> Origin {
    origin_of_pages(|asked| {
        let begin = asked.target.bytes().fold(1_u64, |sum, byte| sum.wrapping_mul(257).wrapping_add(u64::from(byte)));
        let states = std::iter::successors(Some(begin), |state| {
            Some(state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407))
        });
        let body: Vec<u8> = states.skip(1).take(PAGE_BYTES).map(|state| state.to_be_bytes()[0]).collect();
        Answer::Keep(answer("200 OK", "", body))
    })
}

/// What to go on with: with so little room the job may not even have begun.
fn going_on(bench: &Bench, job: &str) -> Command {
    let is_begun = Path::new(job).join("job.toml").exists();
    if is_begun { bench.command(["resume", job]) } else { bench.command(["fetch", "urls.txt", "-o", job, "--delay", "10ms"]) }
}

#[test]
fn full_disk_ends_with_its_own_words_and_the_job_goes_on_later() {
    for bytes in [16 << 10, 128 << 10, 1 << 20] {
        let origin = origin_of_noise();
        let urls = origin.urls(50);
        let bench = Bench::new();
        bench.list(&urls);
        let disk = SmallDisk::new(bench.path("disk"), bytes);
        let job = disk.folder().join("job").to_str().unwrap().to_owned();
        let ended = Running::spawn(&mut disk.command(going_on(&bench, &job))).wait();
        assert_out_of_room(&ended, disk.words());
        disk.grow();
        let ended = Running::spawn(&mut going_on(&bench, &job)).wait();
        assert_eq!(ended.code, Some(0), "{bytes} bytes at first: {ended:?}");
        let rows = bench.rows(&job);
        assert_each_once(&rows, &urls);
        assert_all(&rows, urls.len(), "fetched/none");
        records::assert_valid(Path::new(&job));
    }
}

#[test]
fn what_was_committed_before_the_disk_was_full_stays() {
    let origin = origin_of_noise();
    let urls = origin.urls(250);
    let bench = Bench::new();
    bench.list(&urls);
    let disk = SmallDisk::new(bench.path("disk"), 12 << 20);
    let job = disk.folder().join("job").to_str().unwrap().to_owned();
    let ended = Running::spawn(&mut disk.command(going_on(&bench, &job))).wait();
    assert_out_of_room(&ended, disk.words());
    let committed = bench.rows(&job);
    assert!(!committed.is_empty(), "nothing was committed in two seconds");
    disk.grow();
    let ended = Running::spawn(&mut going_on(&bench, &job)).wait();
    assert_eq!(ended.code, Some(0), "{ended:?}");
    let rows = bench.rows(&job);
    assert_each_once(&rows, &urls);
    assert!(committed.iter().all(|row| rows.contains(row)), "a committed row was changed");
    records::assert_valid(Path::new(&job));
}

#[test]
fn disk_filled_by_others_stops_the_job_wherever_it_is() {
    let origin = origin_of_pages(page);
    let urls = origin.urls(300);
    let bench = Bench::new();
    bench.list(&urls);
    let disk = SmallDisk::new(bench.path("disk"), 16 << 20);
    if let SmallDisk::Limited(..) = disk {
        println!("no file system may be mounted here, and without one no disk can be filled");
        return;
    }
    let job = disk.folder().join("job").to_str().unwrap().to_owned();
    for requests in [1, 7, 40, 60] {
        let before = origin.asked().len();
        let process = Running::spawn(&mut going_on(&bench, &job));
        origin.wait_for(before + requests);
        let filler = disk.fill();
        let ended = process.wait();
        std::fs::remove_file(filler).unwrap();
        assert_out_of_room(&ended, disk.words());
    }
    let ended = Running::spawn(&mut going_on(&bench, &job)).wait();
    assert_eq!(ended.code, Some(0), "{ended:?}");
    let rows = bench.rows(&job);
    assert_each_once(&rows, &urls);
    assert_all(&rows, urls.len(), "fetched/none");
    records::assert_valid(Path::new(&job));
}

/// What a file system does that has found an error. A kernel refuses to do it by order while files are open, so the process finds it
/// so; what it does when that happens beneath it is tried in `crash_writes`.
#[test]
fn read_only_disk_is_named_and_the_job_goes_on_later() {
    let origin = origin_of_pages(page);
    let urls = origin.urls(60);
    let bench = Bench::new();
    bench.list(&urls);
    let disk = SmallDisk::new(bench.path("disk"), 64 << 20);
    let job = disk.folder().join("job").to_str().unwrap().to_owned();
    let process = Running::spawn(&mut going_on(&bench, &job));
    origin.wait_for(20);
    process.kill();
    if !disk.set_read_only(true) {
        println!("no file system may be mounted here");
        return;
    }
    assert_out_of_room(&Running::spawn(&mut going_on(&bench, &job)).wait(), "Read-only file system");
    assert!(disk.set_read_only(false));
    let ended = Running::spawn(&mut going_on(&bench, &job)).wait();
    assert_eq!(ended.code, Some(0), "{ended:?}");
    assert_each_once(&bench.rows(&job), &urls);
}
