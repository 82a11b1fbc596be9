//! What disks do to programs, for tests of what must survive it.
//!
//! [`power::Disk`] leaves a folder as it may be found after power failed at this moment. [`refusals::Refusals`] is loaded into a process
//! and kills it at a write, or refuses what it asks. Neither knows what the files mean, and nothing that is shipped depends on them.

pub mod chance;
mod file_image;
pub mod power;
pub mod refusals;
