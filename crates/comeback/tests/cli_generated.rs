//! What is generated from the command line's definition, as its readers take it: the shells, and the manual's formatter.

#![allow(clippy::unwrap_used, reason = "a failed unwrap is a failed test, in the functions that tests share as well")]

use std::fs;
use std::io;
use std::process::{Command, Output};

use tempfile::TempDir;

const COMEBACK: &str = env!("CARGO_BIN_EXE_comeback");

/// The commands' names, as `--help` lists them.
fn commands() -> Vec<String> {
    let help = text(&Command::new(COMEBACK).arg("--help").output().unwrap());
    let (_, listed) = help.split_once("Commands:\n").unwrap();
    let (listed, _) = listed.split_once("\n\n").unwrap();
    let named = listed.lines().filter(|line| !line.starts_with("    "));
    named.map(|line| line.split_whitespace().next().unwrap().to_owned()).filter(|name| name != "help").collect()
}

fn text(output: &Output) -> String {
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    String::from_utf8(output.stdout.clone()).unwrap()
}

fn script(shell: &str) -> String {
    text(&Command::new(COMEBACK).args(["completions", shell]).output().unwrap())
}

/// What bash offers for the last of some words.
fn offered(words: &str) -> Vec<String> {
    let asked = format!(
        "set -eu; eval \"$(\"$0\" completions bash)\"; COMP_WORDS=(comeback {words}); \
         COMP_CWORD=$((${{#COMP_WORDS[@]}} - 1)); _comeback comeback \"${{COMP_WORDS[COMP_CWORD]}}\" \"${{COMP_WORDS[COMP_CWORD - 1]}}\"; \
         printf '%s\\n' \"${{COMPREPLY[@]}}\""
    );
    let output = Command::new("bash").args(["--norc", "-c", &asked, COMEBACK]).output().unwrap();
    assert!(output.stderr.is_empty(), "{}", String::from_utf8_lossy(&output.stderr));
    text(&output).lines().map(str::to_owned).collect()
}

#[test]
fn bash_completes_commands_and_flags() {
    assert_eq!(offered("fe"), ["fetch"]);
    assert_eq!(offered("fetch --pat"), ["--patience"]);
    assert_eq!(offered("completions po"), ["powershell"]);
}

#[test]
fn every_shell_has_a_script_with_every_command() {
    for shell in ["bash", "zsh", "fish", "elvish", "powershell"] {
        let script = script(shell);
        for command in commands() {
            assert!(script.contains(&command), "{shell}: {command}");
        }
    }
}

#[test]
fn each_command_has_its_page_in_the_manual() {
    let folder = TempDir::new().unwrap();
    let pages = folder.path().join("pages");
    text(&Command::new(COMEBACK).arg("manual").arg(&pages).output().unwrap());
    let mut expected: Vec<String> = commands().iter().map(|command| format!("comeback-{command}.1")).collect();
    expected.push("comeback.1".to_owned());
    expected.sort();
    let mut found: Vec<_> =
        fs::read_dir(&pages).unwrap().map(|entry| entry.unwrap().file_name().into_string().unwrap()).collect();
    found.sort();
    assert_eq!(found, expected);
    let whole = text(&Command::new(COMEBACK).arg("manual").output().unwrap());
    assert_eq!(whole, fs::read_to_string(pages.join("comeback.1")).unwrap());
    for name in found {
        let page = fs::read_to_string(pages.join(&name)).unwrap();
        for part in [".TH ", ".SH NAME", ".SH SYNOPSIS", ".SH DESCRIPTION"] {
            assert!(page.contains(part), "{name}: {part}");
        }
        // The formatter itself judges, on a machine that has it.
        match Command::new("groff").args(["-man", "-Tutf8", "-ww", "-z"]).arg(pages.join(&name)).output() {
            Ok(judged) => assert_eq!(String::from_utf8_lossy(&judged.stderr), "", "{name}"),
            Err(absent) => assert_eq!(absent.kind(), io::ErrorKind::NotFound),
        }
    }
}
