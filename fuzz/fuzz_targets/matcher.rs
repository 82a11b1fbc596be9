//! Fuzzes `readers::matcher`.
#![cfg_attr(fuzzing, no_main)]

#[cfg(fuzzing)]
thread_local!(static KNOWLEDGE: comeback_diagnosis::knowledge::Knowledge = comeback_diagnosis::knowledge::Knowledge::builtin());

#[cfg(fuzzing)]
libfuzzer_sys::fuzz_target!(|bytes: &[u8]| KNOWLEDGE.with(|knowledge| fuzz::readers::matcher(knowledge, bytes)));

#[cfg(not(fuzzing))]
fn main() -> std::process::ExitCode {
    let knowledge = comeback_diagnosis::knowledge::Knowledge::builtin();
    fuzz::replay::files(|bytes| fuzz::readers::matcher(&knowledge, bytes))
}
