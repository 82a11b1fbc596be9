//! A full disk: one line in the system's words, code 3, and the job goes on once there is room.

use std::path::{Path, PathBuf};
use std::process::Command;

use crate::account::{assert_all, assert_each_once};
use crate::origin::{Answer, Origin, answer, origin_of_pages};
use crate::program::{Bench, Ended, Running};
use crate::records;

const URLS: usize = 120;
/// Room for the beginning of the job only.
const ROOM_BYTES: usize = 3 << 20;
const PAGE_BYTES: usize = 64 << 10;

/// A folder with little room: a small file system where those may be mounted, else a limit on each file's size.
enum SmallDisk {
    Mounted(PathBuf),
    Limited(PathBuf),
}

impl SmallDisk {
    fn new(folder: PathBuf) -> Self {
        std::fs::create_dir(&folder).unwrap();
        let mut mount = Command::new("mount");
        mount.args(["-t", "tmpfs", "-o", &format!("size={ROOM_BYTES}"), "tmpfs"]).arg(&folder);
        if mount.output().is_ok_and(|output| output.status.success()) { Self::Mounted(folder) } else { Self::Limited(folder) }
    }

    fn folder(&self) -> &Path {
        match self {
            Self::Mounted(folder) | Self::Limited(folder) => folder,
        }
    }

    /// What the system says of a write that has no room.
    fn words(&self) -> &'static str {
        match self {
            Self::Mounted(_) => "No space left on device",
            Self::Limited(_) => "File too large",
        }
    }

    /// Runs a command of the binary with little room.
    fn run(&self, command: Command) -> Ended {
        let mut command = command;
        if let Self::Limited(_) = self {
            let mut limited = Command::new("sh");
            // The unit is 512 bytes; without the trap the limit would end the process by a signal.
            let script = format!("trap '' XFSZ; ulimit -f {}; exec \"$@\"", ROOM_BYTES / 512);
            limited.args(["-c", &script, "sh"]).arg(command.get_program()).args(command.get_args());
            limited.current_dir(command.get_current_dir().unwrap());
            command = limited;
        }
        Running::spawn(&mut command).wait()
    }

    /// Makes room.
    fn grow(&self) {
        if let Self::Mounted(folder) = self {
            let grown = Command::new("mount").args(["-o", "remount,size=200m"]).arg(folder).status().unwrap();
            assert!(grown.success());
        }
    }
}

impl Drop for SmallDisk {
    fn drop(&mut self) {
        if let Self::Mounted(folder) = self {
            // Lazily: whoever still has a file open there is about to end.
            let _ = Command::new("umount").arg("-l").arg(folder).status();
        }
    }
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

#[test]
fn full_disk_ends_with_its_own_words_and_the_job_goes_on_later() {
    let origin = origin_of_noise();
    let urls = origin.urls(URLS);
    let bench = Bench::new();
    bench.list(&urls);
    let disk = SmallDisk::new(bench.path("disk"));
    let job = disk.folder().join("job");
    let ended = disk.run(bench.command(["fetch", "urls.txt", "-o", job.to_str().unwrap()]));
    assert_eq!(ended.code, Some(3), "{ended:?}");
    assert_eq!(ended.stderr.matches(disk.words()).count(), 1, "{}", ended.stderr);
    disk.grow();
    // With so little room the job may not even have begun.
    let goes_on = if job.join("job.toml").exists() { vec!["resume"] } else { vec!["fetch", "urls.txt", "-o"] };
    let ended = Running::spawn(&mut bench.command(goes_on.into_iter().chain([job.to_str().unwrap()]))).wait();
    assert_eq!(ended.code, Some(0), "{ended:?}");
    let rows = bench.rows(job.to_str().unwrap());
    assert_each_once(&rows, &urls);
    assert_all(&rows, URLS, "fetched/none");
    records::assert_valid(&job);
}
