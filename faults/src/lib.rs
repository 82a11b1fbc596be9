//! What disks do to programs, for tests of what must survive it.
//!
//! [`power::Disk`] leaves a folder as it may be found after power failed at this moment. It knows nothing of what the files mean, and
//! nothing that is shipped depends on it.

pub mod chance;
mod file_image;
pub mod power;
