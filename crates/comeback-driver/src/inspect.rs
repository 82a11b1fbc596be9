//! A job's engine state as text, from its store: what `comeback inspect` prints.

use std::fmt::Write;
use std::path::Path;

use comeback_engine::engine::Engine;
use comeback_engine::ids::PartitionId;
use comeback_engine::input::Input;
use comeback_store::FjallStore;

use crate::clock::Clock;
use crate::error::DriverError;
use crate::intake::Intake;
use crate::job::{Job, STORE_PATH};
use crate::recovery::{open_batches, read_state};
use crate::run::engine_config;

/// The store's cache for one reading, in bytes.
const CACHE_BYTES: u64 = 16 << 20;

/// Renders the state of each partition that has something to show, as a run would find it now. Nothing is changed.
///
/// # Errors
/// There is no job, another process runs it, or the store cannot be read.
pub fn render(dir: &Path) -> Result<String, DriverError> {
    let job = Job::open(dir)?;
    let settings = &job.file().settings;
    let store = FjallStore::open(&dir.join(STORE_PATH), CACHE_BYTES)?;
    let intake = Intake::read(&store, settings)?;
    let clock = Clock::start();
    let mut text = String::new();
    let mut line = |words: String| writeln!(text, "{words}").expect("writing into a String does not fail");
    let progress = if intake.is_done { "done" } else { "not done" };
    line(format!(
        "{}: intake {progress}, {} URLs, {} duplicates, {} bad lines, {} lists unread",
        job.file().job,
        intake.urls,
        intake.duplicates,
        intake.bad_lines,
        intake.lists_unread
    ));
    for number in 0..settings.partitions {
        let id = PartitionId(number);
        let (state, last) = read_state(&store, &intake, id)?;
        let now = clock.now();
        let mut engine = Engine::new(engine_config(settings, id), state.tally, state.hosts.values().cloned());
        let open = open_batches(&store, id, &state)?;
        if open.is_empty() && state.tally.settled() == 0 {
            continue;
        }
        for (batch, head, progress) in open {
            engine.handle(now, Input::BatchIndexed { batch, head, progress });
        }
        line(format!("log at record {last}, batches below {} done, {} parked batches", state.low_water, state.parked.len()));
        for file in &state.files {
            line(format!("file {}: {} bytes committed", file.path, file.bytes));
        }
        line(engine.render(now));
    }
    Ok(text)
}
