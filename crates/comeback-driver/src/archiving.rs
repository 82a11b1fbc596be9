//! The archive of a run: what it is told at the beginning, and its index at the end. Captures themselves are recorded by `recording`.

use std::path::Path;

use comeback_archive::{ArchiveSettings, Compression as WarcCompression, IndexEnd, write_index};

use crate::error::DriverError;
use crate::job::RunEnd;
use crate::settings::{Compression, Settings};
use crate::signals::Signals;

/// What the archive is to know of a job's settings.
pub(crate) fn archive_settings(settings: &Settings) -> ArchiveSettings {
    let robots_policy = if settings.ignore_robots.is_empty() {
        ArchiveSettings::default().robots_policy
    } else {
        format!("obeyed (RFC 9309), but not asked of hosts that match: {}", settings.ignore_robots.join(", "))
    };
    ArchiveSettings {
        compression: match settings.compress {
            Compression::Gzip => WarcCompression::Gzip,
            Compression::Zstd => WarcCompression::Zstd,
            Compression::None => WarcCompression::None,
        },
        file_bytes_max: settings.file_bytes_max,
        robots_policy,
        operator: settings.contact.clone(),
        ..ArchiveSettings::default()
    }
}

/// Brings the index of captures up to date where the job is done. A signal from now on leaves it to the next `resume`.
pub(crate) fn with_index(dir: &Path, end: RunEnd, signals: &Signals) -> Result<RunEnd, DriverError> {
    let progress = match end {
        RunEnd::Done(progress) => progress,
        RunEnd::Interrupted(_) => return Ok(end),
    };
    let before = signals.count();
    match write_index(dir, &progress.files, &|| signals.count() > before)? {
        IndexEnd::Complete => Ok(RunEnd::Done(progress)),
        IndexEnd::Stopped => Ok(RunEnd::Interrupted(progress)),
    }
}
