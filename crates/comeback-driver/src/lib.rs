//! The tokio shell around the engine: partitions, routes, store and archive joined.
//!
//! A [`job::Job`] is a folder that this process owns; running it reads the lists into host batches ([`list`]), recovers what the
//! last commit left, and drives one engine for each partition until every URL is settled. What happens is told to a
//! [`watcher::Watcher`]; how it failed as a whole is an [`error::DriverError`].

mod archiving;
mod clock;
mod committer;
pub mod dry_run;
pub mod error;
pub mod farewell;
mod fetched_list;
pub mod gathering;
mod host_news;
pub mod inspect;
mod intake;
pub mod job;
pub mod list;
mod partition;
mod post;
pub mod putting_back;
mod recording;
mod recovery;
mod run;
pub mod settings;
mod signals;
pub mod single_request;
mod unindexed;
mod visiting;
pub mod watcher;
