//! A fetch engine for big URL lists that knows when to come back.
//!
//! This crate is the binary and the facade: the few names that a program needs to run a job, watch it and read its results. The
//! parts behind it are crates of their own. It recognises refusals; it never evades them.
//!
//! ```no_run
//! use std::sync::Arc;
//!
//! use comeback::{Job, NewJob, Notice, Progress, RunEnd, Settings, Watcher};
//!
//! struct Quiet;
//! impl Watcher for Quiet {
//!     fn notice(&self, _notice: Notice) {}
//! }
//!
//! # fn main() -> Result<(), Box<dyn std::error::Error>> {
//! let settings = Settings { contact: Some("bot@example.org".into()), ..Settings::default() };
//! let job = Job::create(NewJob { dir: "results".into(), lists: vec!["urls.txt".into()], settings })?;
//! let dir = job.dir().to_owned();
//! let watcher: Arc<dyn Watcher> = Arc::new(Quiet);
//! match job.run(&watcher)? {
//!     RunEnd::Done(progress) => println!("{} pages", progress.urls.fetched),
//!     RunEnd::Interrupted(_) => println!("to be resumed"),
//! }
//! let committed = Progress::read(&dir)?.map(|progress| progress.files).unwrap_or_default();
//! for row in comeback::rows(&dir, &committed) {
//!     let row = row?;
//!     println!("{} {} {}", row.outcome.word(), row.cause, row.url);
//! }
//! # Ok(())
//! # }
//! ```
//!
//! A saved response is explained without any job:
//!
//! ```
//! use comeback::{Cause, Knowledge, RawResponse, WallTime};
//!
//! let raw = RawResponse::parse(b"HTTP/1.1 429 Too Many Requests\r\nRetry-After: 7\r\n\r\n")?;
//! let explanation = Knowledge::builtin().explain("saved.http", &raw, WallTime(0));
//! assert_eq!(explanation.cause, Cause::RateLimit);
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```

pub mod config;
mod drawing;
pub mod event_stream;
pub mod exit;
pub mod failure;
pub mod job_run;
pub mod notice_queue;
pub mod plan_text;
pub mod progress_display;
mod progress_log;
mod terminal;
pub mod wall_clock;

pub use comeback_archive::{ArchiveError, CapturePlace, OutcomeRow, ResponseParts, Rows, response_parts, rows};
pub use comeback_driver::error::DriverError;
pub use comeback_driver::job::{Job, NewJob, RunEnd};
pub use comeback_driver::putting_back::Redriven;
pub use comeback_driver::settings::{Compression, Settings};
pub use comeback_driver::watcher::{Notice, Watcher};
pub use comeback_engine::diagnosis::cause::Cause;
pub use comeback_engine::diagnosis::clock::WallTime;
pub use comeback_engine::diagnosis::explanation::Explanation;
pub use comeback_engine::diagnosis::knowledge::Knowledge;
pub use comeback_engine::diagnosis::raw_response::RawResponse;
pub use comeback_engine::diagnosis::saved::SavedAnswer;
pub use comeback_engine::diagnosis::term::Term;
pub use comeback_engine::diagnosis::terms::Terms;
pub use comeback_engine::outcome::Outcome;
pub use comeback_report::account::Account;
pub use comeback_report::progress::{JobState, Progress, UrlCounts};
