//! One shell for a page: its steps in order, each with its own output, and an end for whatever is left running.

use std::fs;
use std::io::Read as _;
use std::os::unix::fs::{PermissionsExt as _, symlink};
use std::os::unix::process::CommandExt as _;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::mpsc;
use std::thread;
use std::time::Duration;

use rustix::process::{Pid, Signal, kill_process_group};
use tempfile::TempDir;

use crate::page::{Action, Step};
use crate::root;

/// How long a page may take, in seconds.
const PAGE_SECONDS_MAX: u64 = 300;

/// Folders of the tree that pages name; each is at hand where a page runs.
const FOLDERS: [&str; 3] = ["crates", "corpus", "examples"];

/// Stands for `cargo`: nothing is built anew, what was built is run.
const CARGO: &str = r#"#!/usr/bin/env bash
case "$*" in
    "run --release -- "*) shift 3; exec comeback "$@" ;;
    "run --release --example "*) exec "$EXAMPLES/$4" ;;
    "install --locked --path crates/comeback") exec test -f "$REPO/crates/comeback/Cargo.toml" ;;
    *) echo "the test of the documentation knows no: cargo $*" >&2; exit 101 ;;
esac
"#;

/// Stands for `./test`, which runs this test.
const TEST: &str = r#"#!/usr/bin/env bash
exec test -x "$REPO/test"
"#;

/// How a step ended.
pub(crate) struct Ended {
    pub(crate) code: i32,
    pub(crate) output: String,
}

/// Runs the steps of a page; those that were not reached are missing at the end. What a job in the background prints belongs to the
/// step that started it.
pub(crate) fn run(steps: &[Step]) -> Vec<Ended> {
    let _alone = one_page_at_a_time();
    let folder = TempDir::new().unwrap();
    let place = Place::in_folder(folder.path());
    fs::write(place.steps.join("page"), place.script(steps)).unwrap();
    let mut shell = place.shell().spawn().unwrap();
    await_end(&mut shell);
    let ends = (0..steps.len()).map_while(|number| {
        let code = fs::read_to_string(place.of_step(number, "code")).ok()?;
        let output = fs::read(place.of_step(number, "out")).unwrap();
        Some(Ended { code: code.trim().parse().unwrap(), output: String::from_utf8_lossy(&output).into_owned() })
    });
    ends.collect()
}

/// Pages name ports, so two of them must not run at once, in whatever process and from whatever checkout.
fn one_page_at_a_time() -> fs::File {
    let path = std::env::temp_dir().join("comeback-documentation.lock");
    let file = fs::File::open(&path).or_else(|_| fs::File::create(&path)).unwrap();
    file.lock().unwrap();
    file
}

/// Waits until the shell has closed its stdout, which only it holds, and ends its process group. The shell is awaited last, so that
/// the group's number can't have become another's.
fn await_end(shell: &mut Child) {
    let mut stdout = shell.stdout.take().unwrap();
    let (closed, ended) = mpsc::sync_channel(1);
    let reader = thread::spawn(move || {
        let mut rest = Vec::new();
        stdout.read_to_end(&mut rest).unwrap();
        let _nobody_waits = closed.send(());
    });
    let in_time = ended.recv_timeout(Duration::from_secs(PAGE_SECONDS_MAX)).is_ok();
    let group = Pid::from_child(shell);
    kill_process_group(group, Signal::KILL).unwrap();
    shell.wait().unwrap();
    reader.join().unwrap();
    assert!(in_time, "the page takes more than {PAGE_SECONDS_MAX} s");
}

/// Where cargo builds.
fn target() -> PathBuf {
    Path::new(env!("CARGO_BIN_EXE_comeback")).ancestors().nth(2).unwrap().to_owned()
}

/// The folders of one run.
struct Place {
    /// Where the page's commands begin.
    work: PathBuf,
    /// The steps, their outputs and codes.
    steps: PathBuf,
    /// Programs that stand before all others.
    programs: PathBuf,
    home: PathBuf,
}

impl Place {
    fn in_folder(folder: &Path) -> Self {
        let [work, steps, programs, home] = ["work", "steps", "programs", "home"].map(|name| folder.join(name));
        for made in [&work, &steps, &programs, &home] {
            fs::create_dir(made).unwrap();
        }
        for name in FOLDERS.into_iter().filter(|name| root().join(name).is_dir()) {
            symlink(root().join(name), work.join(name)).unwrap();
        }
        // Node looks for packages beside the script; `./test` has put them below the target folder.
        symlink(target().join("tools/node/node_modules"), work.join("node_modules")).unwrap();
        symlink(env!("CARGO_BIN_EXE_comeback"), programs.join("comeback")).unwrap();
        for (path, text) in [(programs.join("cargo"), CARGO), (work.join("test"), TEST)] {
            fs::write(&path, text).unwrap();
            fs::set_permissions(&path, fs::Permissions::from_mode(0o755)).unwrap();
        }
        Self { work, steps, programs, home }
    }

    fn of_step(&self, number: usize, what: &str) -> PathBuf {
        self.steps.join(format!("{number}.{what}"))
    }

    /// One line a step. Each is read into the shell itself, so that folders, variables and jobs carry over; it finds in `$?` how the
    /// step before it ended, and an empty standard input.
    fn script(&self, steps: &[Step]) -> String {
        let mut script = "__code=0\n".to_owned();
        for (number, step) in steps.iter().enumerate() {
            let [body, content, out, code] = ["sh", "content", "out", "code"].map(|what| self.of_step(number, what));
            let command = match &step.action {
                Action::Run { command, output: _ } => command.clone(),
                Action::Write { name, content: text } => {
                    fs::write(&content, text).unwrap();
                    format!("mkdir -p \"$(dirname '{name}')\" && cp '{}' '{name}'", content.display())
                }
            };
            fs::write(&body, format!("{command}\n")).unwrap();
            script.push_str(&format!(
                "(exit $__code); . {} >{} 2>&1 </dev/null; __code=$?; echo $__code >{}\n",
                body.display(),
                out.display(),
                code.display()
            ));
        }
        script
    }

    fn shell(&self) -> Command {
        let examples = Path::new(env!("CARGO_BIN_EXE_comeback")).with_file_name("examples");
        let path = std::env::join_paths(
            [self.programs.clone()].into_iter().chain(std::env::split_paths(&std::env::var_os("PATH").unwrap())),
        );
        let mut shell = Command::new("bash");
        shell.args(["--norc", "--noprofile"]).arg(self.steps.join("page")).current_dir(&self.work).process_group(0);
        shell.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::null());
        shell.env_clear().env("PATH", path.unwrap()).env("HOME", &self.home).env("TMPDIR", &self.home);
        shell.env("LANG", "C.UTF-8").env("TZ", "UTC").env("REPO", root()).env("EXAMPLES", examples);
        shell
    }
}

#[test]
fn folders_variables_codes_and_jobs_carry_over() {
    let commands = [
        "mkdir a; cd a; b=1; false",
        "echo $? $b",
        "sleep 1000 &",
        "basename \"$PWD\"; kill $!; wait $!",
        "cat",
        "exit 7",
        "echo unreached",
    ];
    let steps = commands.map(|command| Step { line: 0, action: Action::Run { command: command.to_owned(), output: 0..0 } });
    let ended: Vec<_> = run(&steps).into_iter().map(|Ended { code, output }| (code, output)).collect();
    let expected = [(1, ""), (0, "1 1\n"), (0, ""), (143, "a\n"), (0, "")].map(|(code, output)| (code, output.to_owned()));
    assert_eq!(ended, expected);
}

#[test]
fn what_is_left_running_is_ended() {
    let folder = TempDir::new().unwrap();
    let pipe = folder.path().join("pipe");
    assert!(Command::new("mkfifo").arg(&pipe).status().unwrap().success());
    // It ends when the last process that could write is gone.
    let reader = thread::spawn({
        let pipe = pipe.clone();
        move || fs::read_to_string(pipe).unwrap()
    });
    let command = format!("(echo begun; sleep 1000) >{} &", pipe.display());
    run(&[Step { line: 0, action: Action::Run { command, output: 0..0 } }]);
    assert!(["begun\n", ""].contains(&reader.join().unwrap().as_str()));
}
