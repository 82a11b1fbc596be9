//! One honest request for one URL that a person names, to be explained: no job, no retry, no redirect followed, nothing kept.
//!
//! It is what `curl URL` would be, sent as `fetch` sends it: the same User-Agent, fields, limits and rules for addresses. robots.txt
//! is not asked, since a person asks and not a robot; whoever has more than one URL makes a job.

use comeback_diagnosis::diagnosis::Evidence;
use comeback_diagnosis::explanation::Explanation;
use comeback_diagnosis::history::History;
use comeback_diagnosis::knowledge::Knowledge;
use comeback_fetch::{Attempt, AttemptRequest, Capture, Permission, redirect_target};
use url::Url;

use crate::error::DriverError;
use crate::job::SPOOL_PATH;
use crate::run::direct_route;
use crate::settings::Settings;

/// A person waits for the answer, so nothing takes the leave back.
struct Always;

impl Permission for Always {
    fn still_granted(&self) -> bool {
        true
    }

    fn sent(&self) {}
}

/// Asks for the URL once and explains what came. It blocks until the answer is there, and must not be called from a runtime.
///
/// # Errors
/// The machine is at fault: no runtime, no room for a long body, no way to set up TLS or name lookup.
pub fn explain_url(knowledge: &Knowledge, settings: &Settings, url: &Url) -> Result<Explanation, DriverError> {
    let folder = tempfile::tempdir().map_err(|error| DriverError::system("make a folder in", std::env::temp_dir(), error))?;
    let spool = folder.path().join(SPOOL_PATH);
    std::fs::create_dir_all(&spool).map_err(|error| DriverError::system("make the folder", spool, error))?;
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build();
    let runtime = runtime.map_err(|error| DriverError::system("start the runtime for", folder.path(), error))?;
    let request = AttemptRequest {
        url: url.clone(),
        method: METHOD.into(),
        headers: settings.fields_for(url),
        body: None,
        from_public_redirect: false,
    };
    // The route belongs to the runtime: it is made and dropped inside of it.
    let attempt = runtime.block_on(async {
        let route = direct_route(folder.path(), settings)?;
        Ok::<_, DriverError>(route.attempt(&request, &Always).await)
    })?;
    match attempt {
        Attempt::Ended(capture) => Ok(explained(knowledge, url, &capture)),
        Attempt::Recalled => Ok(knowledge.unread(url.as_str(), "nothing was sent", "try again")),
        Attempt::Stopped(error) => Err(error.into()),
    }
}

/// The method of a request that only looks.
const METHOD: &str = "GET";

fn explained(knowledge: &Knowledge, url: &Url, capture: &Capture) -> Explanation {
    let fields = capture.borrowed_fields();
    let exchange = capture.exchange(METHOD, url.as_str(), &fields);
    let status = capture.response.as_ref().map_or(0, |response| response.status);
    let mut explanation = knowledge.explanation(url.as_str(), status, knowledge.diagnose(&exchange, &History::default()));
    if let Some(target) = redirect_target(capture, url) {
        let what = target.map_or_else(|why| why, |target| format!("it leads to {}, which was not asked", shown(&target)));
        explanation.evidence.push(Evidence { what, weight: 0.0 });
    }
    explanation
}

/// A redirect's target without user and password.
fn shown(url: &Url) -> String {
    let mut shown = url.clone();
    // Neither fails for a URL with a host, and one without has neither.
    let _none = shown.set_username("");
    let _none = shown.set_password(None);
    shown.into()
}
