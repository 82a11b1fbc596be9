//! Where a redirect leads, and by which method. Following it is a new attempt, for the engine to schedule under its host's clock.

use url::Url;

use crate::capture::Capture;

/// The URL that a redirect names (RFC 9110, section 15.4: 301, 302, 303, 307 and 308 with a Location), resolved against the URL
/// that was asked; `None` when the answer is no redirect. Where the Location cannot be followed, a sentence says why.
#[must_use]
pub fn redirect_target(capture: &Capture, base: &Url) -> Option<Result<Url, String>> {
    let response = capture.response.as_ref()?;
    if !matches!(response.status, 301 | 302 | 303 | 307 | 308) {
        return None;
    }
    let location = response.field("location")?;
    Some(resolve(&String::from_utf8_lossy(location), base))
}

fn resolve(location: &str, base: &Url) -> Result<Url, String> {
    if location.is_empty() {
        return Err("the Location field is empty".into());
    }
    let target = base.join(location).map_err(|error| format!("the Location field is not a URL: {error}"))?;
    if !matches!(target.scheme(), "http" | "https") {
        return Err(format!("the redirect leads to the scheme {}; only http and https are fetched", target.scheme()));
    }
    Ok(target)
}

/// The method to go on with after a redirect: 303 turns everything but HEAD into GET, 301 and 302 turn POST into GET (RFC 9110,
/// sections 15.4.2 to 15.4.4); otherwise it stays. Where it becomes GET, the request's body is dropped.
///
/// ```
/// use comeback_fetch::redirect_method;
/// assert_eq!(redirect_method(302, "POST"), "GET");
/// assert_eq!(redirect_method(307, "POST"), "POST");
/// assert_eq!(redirect_method(303, "HEAD"), "HEAD");
/// ```
#[must_use]
pub fn redirect_method(status: u16, method: &str) -> &str {
    match (status, method) {
        (303, "HEAD") => "HEAD",
        (303, _) | (301 | 302, "POST") => "GET",
        _ => method,
    }
}
