//! The log of requests: one JSON object a line, whole lines only, each written as soon as its request has come.
//!
//! It says what the host decided; whether the client stayed to hear it is not known here.

use std::fs::File;
use std::io::{self, Write as _};
use std::path::{Path, PathBuf};
use std::sync::{Mutex, PoisonError};
use std::time::{Duration, SystemTime};

use serde::Serialize;

use crate::error::WeatherError;
use crate::host::{Host, Judgement};

/// A file that takes lines until it refuses one.
#[derive(Debug)]
pub(crate) struct RequestLog {
    path: PathBuf,
    file: Mutex<Result<File, io::Error>>,
}

#[derive(Serialize)]
struct Line<'a> {
    time: String,
    at_ms: u64,
    host: String,
    name: &'a str,
    method: &'a str,
    path: &'a str,
    status: Option<u16>,
    well: bool,
    robots: bool,
    hold_broken: bool,
}

impl RequestLog {
    /// Begins a file; one that is there is overwritten.
    pub(crate) fn create(path: &Path) -> Result<Self, WeatherError> {
        match File::create(path) {
            Ok(file) => Ok(Self { path: path.to_owned(), file: Mutex::new(Ok(file)) }),
            Err(source) => Err(WeatherError::Log { path: path.to_owned(), source }),
        }
    }

    /// Writes a request down. The first refusal of the system is kept for [`Self::close`]; nothing is written after it.
    pub(crate) fn write(&self, host: &Host, request: (&str, &str), judgement: Judgement, now: Duration, wall: SystemTime) {
        let Judgement { status, is_robots, is_well, hold_broken } = judgement;
        let line = Line {
            time: jiff::Timestamp::try_from(wall).map(|time| format!("{time:.3}")).unwrap_or_default(),
            at_ms: u64::try_from(now.as_millis()).unwrap_or(u64::MAX),
            host: host.address.to_string(),
            name: &host.name,
            method: request.0,
            path: request.1,
            status: status.map(|status| status.as_u16()),
            well: is_well,
            robots: is_robots,
            hold_broken,
        };
        let mut text = serde_json::to_vec(&line).expect("texts, numbers and switches have a JSON form");
        text.push(b'\n');
        let mut file = self.file.lock().unwrap_or_else(PoisonError::into_inner);
        if let Ok(open) = file.as_mut()
            && let Err(error) = open.write_all(&text)
        {
            *file = Err(error);
        }
    }

    /// Whether all lines were taken.
    pub(crate) fn close(&self) -> Result<(), WeatherError> {
        let mut file = self.file.lock().unwrap_or_else(PoisonError::into_inner);
        match file.as_mut() {
            Ok(_) => Ok(()),
            Err(error) => {
                let source = std::mem::replace(error, io::Error::other("told already"));
                Err(WeatherError::Log { path: self.path.clone(), source })
            }
        }
    }
}
