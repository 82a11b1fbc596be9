//! Cookies (RFC 6265), for the hosts for which the user wants them: a jar, and a route that has one.
//!
//! The jar lives as long as the process: a resumed job begins without cookies. Each registrable domain has a jar of its own, since no
//! cookie crosses from one to another. What can't be used (no text, too long, for another host, for a public suffix) is passed over
//! as if it had not been sent; no cookie fails an exchange.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::{Arc, Mutex, PoisonError};

use cookie_store::{Cookie, CookieStore, RawCookie, StoreAction};
use url::{Host, Url};

use crate::route::{Attempt, AttemptFuture, AttemptRequest, Permission, Route};

/// The longest Set-Cookie value that is taken, in bytes (RFC 6265, section 6.1, wants no less).
pub const COOKIE_BYTES_MAX: usize = 4096;
/// Cookies of one registrable domain; where there are as many, a new one is passed over.
pub const SITE_COOKIES_MAX: usize = 128;
/// What of a jar is sent with one request, in bytes: servers refuse longer heads.
pub const FIELD_BYTES_MAX: usize = 8 * 1024;

/// The cookies of a process.
#[derive(Debug)]
pub struct CookieJar {
    cookies_max: usize,
    sites: Mutex<Sites>,
}

#[derive(Debug, Default)]
struct Sites {
    by_name: BTreeMap<String, Site>,
    /// Counts uses, so that the site that was used longest ago is known.
    uses: u64,
    /// Cookies of all sites.
    count: usize,
}

#[derive(Debug, Default)]
struct Site {
    cookies: CookieStore,
    count: usize,
    used_at: u64,
}

impl CookieJar {
    /// An empty jar for so many cookies, each of at most [`COOKIE_BYTES_MAX`]; beyond that it forgets those of the site that was
    /// asked longest ago.
    #[must_use]
    pub fn new(cookies_max: usize) -> Self {
        Self { cookies_max, sites: Mutex::default() }
    }

    /// The names and values for a request, those of the longest path first (RFC 6265, section 5.4).
    fn pairs_for(&self, url: &Url) -> Vec<(String, String)> {
        let mut sites = self.sites.lock().unwrap_or_else(PoisonError::into_inner);
        let Some(site) = sites.used(&site_name(url), false) else { return Vec::new() };
        let mut cookies = site.cookies.matches(url);
        // The loopback is no secure channel: whoever wants one there speaks https.
        cookies.retain(|cookie| url.scheme() == "https" || cookie.secure() != Some(true));
        cookies.sort_by_key(|cookie| std::cmp::Reverse(cookie.path.as_ref().len()));
        cookies.into_iter().map(|cookie| (cookie.name().to_owned(), cookie.value().to_owned())).collect()
    }

    /// Takes the values of a response's Set-Cookie fields.
    fn take<'a>(&self, url: &Url, values: impl Iterator<Item = &'a [u8]>) {
        let cookies: Vec<RawCookie<'static>> = values.filter_map(|value| usable(value, url)).collect();
        if cookies.is_empty() {
            return;
        }
        let mut sites = self.sites.lock().unwrap_or_else(PoisonError::into_inner);
        let Some(site) = sites.used(&site_name(url), true) else { return };
        let before = site.count;
        cookies.iter().for_each(|cookie| site.take(cookie, url));
        let after = site.count;
        sites.count = sites.count + after - before;
        while sites.count > self.cookies_max && sites.forget_oldest() {}
    }
}

impl Sites {
    /// A site, marked as just used; where it is not known, it is made, if that is wanted.
    fn used(&mut self, name: &str, is_wanted: bool) -> Option<&mut Site> {
        self.uses += 1;
        if is_wanted && !self.by_name.contains_key(name) {
            self.by_name.insert(name.to_owned(), Site::default());
        }
        let site = self.by_name.get_mut(name)?;
        site.used_at = self.uses;
        Some(site)
    }

    fn forget_oldest(&mut self) -> bool {
        let oldest = self.by_name.iter().min_by_key(|(_, site)| site.used_at).map(|(name, _)| name.clone());
        let Some(site) = oldest.and_then(|name| self.by_name.remove(&name)) else { return false };
        self.count -= site.count;
        true
    }
}

impl Site {
    fn take(&mut self, cookie: &RawCookie<'static>, url: &Url) {
        let Ok(cookie) = Cookie::try_from_raw_cookie(cookie, url) else { return };
        if self.count >= SITE_COOKIES_MAX {
            self.drop_expired();
        }
        let domain = cookie.domain.as_cow().unwrap_or_default();
        if self.count >= SITE_COOKIES_MAX && !self.cookies.contains(&domain, cookie.path.as_ref(), cookie.name()) {
            return;
        }
        match self.cookies.insert(cookie.into_owned(), url) {
            Ok(StoreAction::Inserted) => self.count += 1,
            Ok(StoreAction::ExpiredExisting) => self.drop_expired(),
            Ok(StoreAction::UpdatedExisting) | Err(_) => {}
        }
    }

    fn drop_expired(&mut self) {
        let expired = self.cookies.iter_any().filter(|cookie| cookie.is_expired());
        let places: Vec<(String, String, String)> =
            expired.map(|cookie| (String::from(&cookie.domain), String::from(&cookie.path), cookie.name().to_owned())).collect();
        for (domain, path, name) in places {
            self.count -= usize::from(self.cookies.remove(&domain, &path, &name).is_some());
        }
    }
}

/// The registrable domain of a URL's host, or the host itself: no cookie is for more than that.
fn site_name(url: &Url) -> String {
    let whole = url.host_str().unwrap_or_default();
    match url.host() {
        Some(Host::Domain(name)) => psl::domain_str(name).unwrap_or(whole).to_owned(),
        Some(Host::Ipv4(_) | Host::Ipv6(_)) | None => whole.to_owned(),
    }
}

/// A Set-Cookie value that can be kept and sent back; `None` for any other.
fn usable(value: &[u8], url: &Url) -> Option<RawCookie<'static>> {
    let text = std::str::from_utf8(value).ok().filter(|text| text.len() <= COOKIE_BYTES_MAX)?;
    // One of these in a request's field would make the request one that cannot be sent.
    if text.chars().any(char::is_control) {
        return None;
    }
    let mut cookie = RawCookie::parse(text.to_owned()).ok()?;
    // What is set in the clear can be read in the clear (RFC 6265bis, section 5.7).
    if cookie.secure() == Some(true) && url.scheme() != "https" {
        return None;
    }
    let domain = cookie.domain().map(|domain| domain.trim_start_matches('.').to_ascii_lowercase());
    if let Some(domain) = domain.filter(|domain| psl::suffix_str(domain) == Some(domain)) {
        // RFC 6265, section 5.3, step 5: a public suffix speaks for itself at most.
        if url.host_str() != Some(&domain) {
            return None;
        }
        cookie.unset_domain();
    }
    Some(cookie)
}

/// A route whose requests to some hosts carry a jar's cookies, and whose responses from them fill it.
pub struct WithCookies {
    route: Arc<dyn Route>,
    jar: CookieJar,
    takes_part: Box<TakesPart>,
}

/// Whether a host takes part.
type TakesPart = dyn Fn(&Url) -> bool + Send + Sync;

impl WithCookies {
    /// Adds a jar to a route, for the URLs whose hosts take part: others neither send nor set a cookie.
    pub fn new(route: Arc<dyn Route>, jar: CookieJar, takes_part: impl Fn(&Url) -> bool + Send + Sync + 'static) -> Self {
        Self { route, jar, takes_part: Box::new(takes_part) }
    }

    async fn run(&self, request: &AttemptRequest, permission: &dyn Permission) -> Attempt {
        let mut request = request.clone();
        self.add_to(&mut request);
        let attempt = self.route.attempt(&request, permission).await;
        if let Attempt::Ended(capture) = &attempt
            && let Some(response) = &capture.response
        {
            let set = response.fields.iter().filter(|(name, _)| name.eq_ignore_ascii_case(b"set-cookie"));
            self.jar.take(&request.url, set.map(|(_, value)| value.as_slice()));
        }
        attempt
    }

    /// Puts the jar's cookies behind those that the user gives, in one field (RFC 6265, section 5.4); a cookie of the user's is
    /// stronger than the jar's of its name.
    fn add_to(&self, request: &mut AttemptRequest) {
        let kept = self.jar.pairs_for(&request.url);
        if kept.is_empty() {
            return;
        }
        let is_cookie = |name: &str| name.eq_ignore_ascii_case("cookie");
        let given = request.headers.iter().filter(|(name, _)| is_cookie(name)).flat_map(|(_, value)| value.split(';'));
        let mut crumbs: Vec<String> = given.map(|crumb| crumb.trim().to_owned()).filter(|crumb| !crumb.is_empty()).collect();
        let name_of = |crumb: &str| crumb.split('=').next().unwrap_or_default().to_owned();
        let names: BTreeSet<String> = crumbs.iter().map(|crumb| name_of(crumb)).collect();
        let mut bytes: usize = crumbs.iter().map(|crumb| crumb.len() + 2).sum();
        for (name, value) in kept.into_iter().filter(|(name, _)| !names.contains(name)) {
            bytes += name.len() + value.len() + 3;
            if bytes <= FIELD_BYTES_MAX {
                crumbs.push(format!("{name}={value}"));
            }
        }
        request.headers.retain(|(name, _)| !is_cookie(name));
        request.headers.push(("Cookie".to_owned(), crumbs.join("; ")));
    }
}

impl Route for WithCookies {
    fn attempt<'a>(&'a self, request: &'a AttemptRequest, permission: &'a dyn Permission) -> AttemptFuture<'a> {
        if (self.takes_part)(&request.url) {
            Box::pin(self.run(request, permission))
        } else {
            self.route.attempt(request, permission)
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn url(text: &str) -> Url {
        text.parse().unwrap()
    }

    /// What a request to `to` carries when `from` set these.
    fn sent(set: &[&str], from: &str, to: &str) -> String {
        let jar = CookieJar::new(1_000);
        jar.take(&url(from), set.iter().map(|value| value.as_bytes()));
        shown(&jar, to)
    }

    fn shown(jar: &CookieJar, to: &str) -> String {
        jar.pairs_for(&url(to)).into_iter().map(|(name, value)| format!("{name}={value}")).collect::<Vec<_>>().join("; ")
    }

    #[test]
    fn a_cookie_goes_back_to_its_host_and_path() {
        let set = ["a=1; Path=/docs", "b=2", "c=\"quoted\"; Path=/"];
        let from = "http://x.example/docs/one/page";
        assert_eq!(sent(&set, from, "http://x.example/docs/one/other"), "b=2; a=1; c=\"quoted\"");
        assert_eq!(sent(&set, from, "http://x.example/"), "c=\"quoted\"");
        assert_eq!(sent(&set, from, "http://x.example/docsy"), "c=\"quoted\"");
        assert_eq!(sent(&set, from, "http://y.example/docs/one/page"), "");
        assert_eq!(sent(&["a=1"], "http://a.x.example/", "http://b.x.example/"), "", "host-only");
    }

    #[test]
    fn a_domain_reaches_its_hosts_and_no_others() {
        let set = ["a=1; Domain=.Shop.example.org"];
        assert_eq!(sent(&set, "http://www.shop.example.org/", "http://img.shop.example.org/"), "a=1");
        assert_eq!(sent(&set, "http://www.shop.example.org/", "http://example.org/"), "");
        assert_eq!(sent(&set, "http://www.example.org/", "http://www.shop.example.org/"), "", "not its own domain");
        assert_eq!(sent(&["a=1; Domain=0.0.1"], "http://127.0.0.1/", "http://127.0.0.1/"), "", "an address has no domain");
        assert_eq!(sent(&["a=1"], "http://[::1]:8080/", "http://[::1]/"), "a=1", "ports are no boundary");
    }

    #[test]
    fn a_public_suffix_can_not_be_set_for_all_its_sites() {
        for suffix in ["org", ".co.uk", "CO.UK", "github.io", "com."] {
            let set = format!("a=1; Domain={suffix}");
            let host = format!("http://evil.{}/", suffix.trim_matches('.'));
            assert_eq!(sent(&[&set], &host, &host), "", "{suffix}");
        }
        assert_eq!(sent(&["a=1; Domain=github.io"], "http://github.io/", "http://github.io/"), "a=1");
        assert_eq!(sent(&["a=1; Domain=github.io"], "http://github.io/", "http://evil.github.io/"), "");
    }

    #[test]
    fn secure_cookies_come_and_go_over_tls_only() {
        let secure = ["a=1; Secure; HttpOnly"];
        assert_eq!(sent(&secure, "https://x.example/", "https://x.example/"), "a=1");
        assert_eq!(sent(&secure, "https://x.example/", "http://x.example/"), "");
        assert_eq!(sent(&secure, "https://127.0.0.1/", "http://127.0.0.1/"), "");
        assert_eq!(sent(&secure, "http://x.example/", "https://x.example/"), "");
    }

    #[test]
    fn an_expired_cookie_is_gone() {
        let past = "a=1; Expires=Thu, 01 Jan 1970 00:00:00 GMT";
        for end in ["a=; Max-Age=0", past, "a=1; Max-Age=-1"] {
            assert_eq!(sent(&["a=1", "b=2", end], "http://x.example/", "http://x.example/"), "b=2", "{end}");
        }
        let far = "a=1; Max-Age=99999999999999999999";
        assert_eq!(sent(&[far], "http://x.example/", "http://x.example/"), "a=1");
    }

    #[test]
    fn nonsense_sets_nothing_and_harms_nothing() {
        let long = format!("a={}", "x".repeat(COOKIE_BYTES_MAX));
        let jar = CookieJar::new(1_000);
        let values: [&[u8]; 8] =
            [b"", b"no equals sign", b"=", b"a=1\x01", b"a=\xff", long.as_bytes(), b"a=1; Domain=\xf0\x9f\x8d\xaa..", b";;;"];
        jar.take(&url("http://x.example/"), values.into_iter());
        assert_eq!(shown(&jar, "http://x.example/"), "");
    }

    #[test]
    fn a_site_and_the_jar_have_a_most() {
        let jar = CookieJar::new(SITE_COOKIES_MAX + 1);
        let many: Vec<String> = (0..SITE_COOKIES_MAX + 9).map(|number| format!("c{number}=1")).collect();
        jar.take(&url("http://x.example/"), many.iter().map(String::as_bytes));
        let kept = jar.pairs_for(&url("http://x.example/"));
        assert_eq!(kept.len(), SITE_COOKIES_MAX);
        let update = format!("{}=2", kept[0].0);
        jar.take(&url("http://x.example/"), [update.as_bytes()].into_iter());
        assert!(shown(&jar, "http://x.example/").contains(&update), "one that is there can still change");
        jar.take(&url("http://x.example/"), [format!("{}=; Max-Age=0", kept[1].0).as_bytes(), b"new=1"].into_iter());
        assert!(shown(&jar, "http://x.example/").contains("new=1"), "an end makes room");
        jar.take(&url("http://y.example/"), [b"a=1".as_slice()].into_iter());
        jar.take(&url("http://z.example/"), [b"a=1".as_slice()].into_iter());
        assert_eq!(shown(&jar, "http://x.example/"), "", "the one used longest ago is forgotten");
        assert_eq!(shown(&jar, "http://z.example/"), "a=1");
    }

    proptest::proptest! {
        #[test]
        fn no_bytes_make_it_panic(values in proptest::collection::vec("[ -~=;,\u{0}\u{e9}]{0,60}", 0..8), to in "[a-z.]{1,12}") {
            let jar = CookieJar::new(4);
            let Ok(url) = format!("http://{to}/a/b").parse::<Url>() else { return Ok(()) };
            jar.take(&url, values.iter().map(String::as_bytes));
            proptest::prop_assert!(jar.pairs_for(&url).len() <= 8);
        }
    }
}
