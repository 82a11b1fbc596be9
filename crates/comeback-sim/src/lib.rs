//! The engine of comeback in virtual time, against an invented web.
//!
//! The real engine, governor, diagnosis and commit protocol run under a shell in which time, chance, servers, crashes and the
//! store are invented; a run is named by its `rng_seed`. The checkers watch from outside: they know what the servers said and
//! what was asked, not what the engine thinks.
//!
//! ```
//! use comeback_sim::{Simulator, options::Options};
//! let simulator = Simulator::new();
//! let summary = simulator.run(1, &Options::default()).expect("seed 1 has no finding");
//! assert!(summary.urls > 0 && summary.requests > 0);
//! ```

mod checkers;
mod ended;
mod inbox;
pub mod options;
mod retries;
pub mod scored;
mod shell;
mod simulation;
mod world;

pub use checkers::Finding;
pub use simulation::{Simulator, Summary};
