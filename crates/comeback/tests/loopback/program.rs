//! The binary under test, run in a folder of its own with a limit on how long it may take.
//!
//! Whoever waits here waits for an event: the end of the process, or a line that it wrote. The limits are there to turn a hang
//! into a failed test that says so.

use std::ffi::OsStr;
use std::fs::File;
use std::io::{BufRead as _, BufReader, Read as _};
use std::os::unix::process::ExitStatusExt as _;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, ExitStatus, Stdio};
use std::sync::mpsc::{Receiver, RecvTimeoutError, SyncSender, sync_channel};
use std::sync::{Arc, Condvar, Mutex};
use std::thread;
use std::time::Duration;

use rustix::process::{Pid, Signal, kill_process};
use tempfile::TempDir;

use crate::account::Row;

/// How long any run of the binary may take; far more than each needs.
const RUN_LIMIT: Duration = Duration::from_secs(120);

/// A working folder: lists, jobs and whatever else a test needs on disk; removed with the test.
pub(crate) struct Bench {
    folder: TempDir,
}

impl Bench {
    pub(crate) fn new() -> Self {
        Self { folder: TempDir::new().unwrap() }
    }

    pub(crate) fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    /// Writes a file.
    pub(crate) fn write(&self, name: &str, bytes: impl AsRef<[u8]>) -> PathBuf {
        let path = self.path(name);
        std::fs::write(&path, bytes).unwrap();
        path
    }

    /// Writes a list of URLs, one a line.
    pub(crate) fn list(&self, urls: impl IntoIterator<Item = impl AsRef<str>>) {
        let lines: String = urls.into_iter().map(|url| format!("{}\n", url.as_ref())).collect();
        self.write("urls.txt", lines);
    }

    /// The binary with arguments, in this folder, without the user's settings.
    pub(crate) fn command(&self, arguments: impl IntoIterator<Item = impl AsRef<OsStr>>) -> Command {
        let mut command = Command::new(env!("CARGO_BIN_EXE_comeback"));
        command.args(arguments).current_dir(self.folder.path());
        for (name, _) in std::env::vars_os() {
            let word = name.to_string_lossy().to_ascii_uppercase();
            if word.starts_with("COMEBACK_") || word.ends_with("_PROXY") {
                command.env_remove(name);
            }
        }
        command
    }

    /// Starts the binary with the words of a line as its arguments.
    pub(crate) fn start(&self, line: &str) -> Running {
        Running::spawn(&mut self.command(line.split_whitespace()))
    }

    /// Starts it with a file as its standard input.
    pub(crate) fn start_with_input(&self, line: &str, input: &Path) -> Running {
        Running::spawn_with(&mut self.command(line.split_whitespace()), Stdio::from(File::open(input).unwrap()))
    }

    /// Runs the binary with the words of a line as its arguments.
    pub(crate) fn run(&self, line: &str) -> Ended {
        self.start(line).wait()
    }

    /// Writes a list, fetches it into `job`, and reads its account.
    pub(crate) fn fetch(&self, urls: impl IntoIterator<Item = impl AsRef<str>>, options: &str) -> (Ended, Vec<Row>) {
        self.list(urls);
        let ended = self.run(&format!("fetch urls.txt -o job {options}"));
        let rows = self.rows("job");
        (ended, rows)
    }

    /// The rows of a job, as `comeback outcomes` prints them; each is held to its contract.
    pub(crate) fn rows(&self, dir: &str) -> Vec<Row> {
        let ended = self.run(&format!("outcomes {dir} --format jsonl"));
        assert_eq!(ended.code, Some(0), "{ended:?}");
        Row::of_lines(&ended.stdout)
    }
}

/// What a process left behind.
#[derive(Debug)]
pub(crate) struct Ended {
    /// Its exit code; `None` when a signal ended it.
    pub(crate) code: Option<i32>,
    /// The signal that ended it.
    pub(crate) signal: Option<i32>,
    pub(crate) stdout: String,
    pub(crate) stderr: String,
}

/// A started process; killed when dropped.
pub(crate) struct Running {
    pid: Pid,
    stderr: Arc<Said>,
    end: Receiver<Ended>,
    has_ended: bool,
}

/// What a process has written to stderr so far, and whether it may write more.
#[derive(Default)]
struct Said {
    text: Mutex<(String, bool)>,
    changed: Condvar,
}

impl Running {
    pub(crate) fn spawn(command: &mut Command) -> Self {
        Self::spawn_with(command, Stdio::null())
    }

    fn spawn_with(command: &mut Command, stdin: Stdio) -> Self {
        let spawned = command.stdin(stdin).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn();
        let child = spawned.unwrap_or_else(|error| panic!("{:?} can't be started: {error}", command.get_program()));
        Self::of(child)
    }

    fn of(mut child: Child) -> Self {
        let pid = Pid::from_child(&child);
        let stderr = Arc::new(Said::default());
        let said = Arc::clone(&stderr);
        let pipe = child.stderr.take().unwrap();
        let listener = thread::spawn(move || said.listen(BufReader::new(pipe)));
        let (sender, end) = sync_channel(1);
        let heard = Arc::clone(&stderr);
        thread::spawn(move || {
            let mut stdout = Vec::new();
            child.stdout.take().unwrap().read_to_end(&mut stdout).unwrap();
            listener.join().unwrap();
            let status = child.wait().unwrap();
            report(&sender, status, &stdout, &heard);
        });
        Self { pid, stderr, end, has_ended: false }
    }

    /// Its number in the system.
    pub(crate) fn id(&self) -> u32 {
        self.pid.as_raw_nonzero().get().unsigned_abs()
    }

    /// Sends a signal.
    pub(crate) fn signal(&self, signal: Signal) {
        kill_process(self.pid, signal).unwrap();
    }

    /// Waits until stderr holds a phrase; false when the process ended without saying it.
    pub(crate) fn says(&self, phrase: &str) -> bool {
        let text = self.stderr.text.lock().unwrap();
        let waits = |(text, is_over): &mut (String, bool)| !text.contains(phrase) && !*is_over;
        let (text, timeout) = self.stderr.changed.wait_timeout_while(text, RUN_LIMIT, waits).unwrap();
        assert!(!timeout.timed_out(), "{phrase:?} was not said within {RUN_LIMIT:?}, but: {}", text.0);
        text.0.contains(phrase)
    }

    /// What it left behind, if it ended within a time.
    pub(crate) fn ended_within(&mut self, time: Duration) -> Option<Ended> {
        match self.end.recv_timeout(time) {
            Ok(ended) => {
                self.has_ended = true;
                assert!(!ended.stderr.contains("panicked"), "{}", ended.stderr);
                Some(ended)
            }
            Err(RecvTimeoutError::Timeout) => None,
            Err(RecvTimeoutError::Disconnected) => panic!("the process was waited for twice"),
        }
    }

    /// Waits for its end.
    pub(crate) fn wait(mut self) -> Ended {
        self.ended_within(RUN_LIMIT).unwrap_or_else(|| panic!("still running after {RUN_LIMIT:?}: a hang"))
    }

    /// Kills it, as a power cut would, and waits for its end.
    pub(crate) fn kill(self) -> Ended {
        // It may have ended by itself this very moment; then there is nobody to kill.
        let _ = kill_process(self.pid, Signal::KILL);
        self.wait()
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        if !self.has_ended {
            let _ = kill_process(self.pid, Signal::KILL);
        }
    }
}

impl Said {
    fn listen(&self, mut pipe: BufReader<impl std::io::Read>) {
        let mut piece = Vec::new();
        // A progress line is rewritten with carriage returns, so lines are no unit here: take what comes.
        while let Ok(bytes) = pipe.fill_buf().map(<[u8]>::to_vec) {
            if bytes.is_empty() {
                break;
            }
            pipe.consume(bytes.len());
            piece.extend_from_slice(&bytes);
            self.text.lock().unwrap().0 = String::from_utf8_lossy(&piece).into_owned();
            self.changed.notify_all();
        }
        self.text.lock().unwrap().1 = true;
        self.changed.notify_all();
    }
}

fn report(sender: &SyncSender<Ended>, status: ExitStatus, stdout: &[u8], stderr: &Said) {
    let stdout = String::from_utf8_lossy(stdout).into_owned();
    let stderr = stderr.text.lock().unwrap().0.clone();
    // Nobody may be waiting any more.
    let _ = sender.send(Ended { code: status.code(), signal: status.signal(), stdout, stderr });
}

/// Runs a tool that the tests need beside the servers, and returns what it says.
pub(crate) fn tool(name: &str, arguments: impl IntoIterator<Item = impl AsRef<OsStr>>, package: &str) -> (bool, String) {
    let output = Command::new(name).args(arguments).stdin(Stdio::null()).output();
    let output =
        output.unwrap_or_else(|error| panic!("the command `{name}` ({package}) can't be run: {error}; ./test installs it"));
    let said = format!("{}{}", String::from_utf8_lossy(&output.stdout), String::from_utf8_lossy(&output.stderr));
    (output.status.success(), said)
}

/// The files of a folder whose names end so, sorted.
pub(crate) fn files(folder: &Path, ending: &str) -> Vec<PathBuf> {
    let entries = std::fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path());
    let mut files: Vec<PathBuf> = entries.filter(|path| path.to_string_lossy().ends_with(ending)).collect();
    files.sort();
    files
}
