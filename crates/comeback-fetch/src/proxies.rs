//! Forward proxies that the user's environment names, and the tunnel through one.
//!
//! `http_proxy`, `https_proxy`, `all_proxy` and `no_proxy`, also in upper case, mean what they mean to other programs. A proxy is the
//! user's own way out, never a way round a refusal: what it does itself (it is away, it refuses us) is an egress's fault, not the site's.
//! Proxies that speak HTTP are supported; another kind is an error, so that nobody goes out by another way than they think.

use http::HeaderValue;
use hyper_util::client::proxy::matcher::{Intercept, Matcher};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;
use url::{Host, Position, Url};

use crate::route::FetchError;

/// The longest head of an answer to CONNECT that is read, in bytes.
const TUNNEL_HEAD_BYTES_MAX: usize = 16 * 1024;

/// Which proxy is for which URL.
#[derive(Debug, Default)]
pub struct Proxies {
    matcher: Option<Matcher>,
}

/// A proxy for one URL.
#[derive(Debug, Clone)]
pub(crate) struct Proxy {
    pub(crate) host: String,
    pub(crate) port: u16,
    /// What it wants to know of us; a secret.
    pub(crate) authorization: Option<HeaderValue>,
}

impl Proxies {
    /// Reads the variables of an environment. An empty value is none; lower case goes before upper case.
    ///
    /// # Errors
    /// A variable names something else than an HTTP proxy.
    ///
    /// ```
    /// use comeback_fetch::Proxies;
    /// let named = |name: &str, value: &str| (name.to_owned(), value.to_owned());
    /// assert!(Proxies::from_variables([named("http_proxy", "http://127.0.0.1:3128")]).is_ok());
    /// assert!(Proxies::from_variables([named("ALL_PROXY", "socks5://127.0.0.1:1080")]).is_err());
    /// ```
    pub fn from_variables(variables: impl IntoIterator<Item = (String, String)>) -> Result<Self, FetchError> {
        let variables: Vec<(String, String)> = variables.into_iter().filter(|(_, value)| !value.trim().is_empty()).collect();
        let value = |lower: &str| -> Option<(&str, &str)> {
            let named = |name: &str| variables.iter().find(|(other, _)| other == name);
            let (name, value) = named(lower).or_else(|| named(&lower.to_ascii_uppercase()))?;
            Some((name, value.trim()))
        };
        let mut builder = Matcher::builder();
        let mut is_any = false;
        for (lower, set) in [("http_proxy", 0), ("https_proxy", 1), ("all_proxy", 2)] {
            let Some((variable, value)) = value(lower) else { continue };
            let proxy = checked(variable, value)?;
            is_any = true;
            builder = match set {
                0 => builder.http(proxy),
                1 => builder.https(proxy),
                _ => builder.all(proxy),
            };
        }
        if let Some((_, value)) = value("no_proxy") {
            builder = builder.no(value.to_owned());
        }
        Ok(Self { matcher: is_any.then(|| builder.build()) })
    }

    /// The proxy for a URL, where there is one.
    pub(crate) fn of(&self, url: &Url) -> Option<Proxy> {
        let destination = url[..Position::BeforePath].parse().ok()?;
        let found: Intercept = self.matcher.as_ref()?.intercept(&destination)?;
        let uri = found.uri();
        let authorization = found.basic_auth().map(|value| {
            let mut value = value.clone();
            value.set_sensitive(true);
            value
        });
        Some(Proxy { host: uri.host()?.to_owned(), port: uri.port_u16().unwrap_or(80), authorization })
    }
}

/// A proxy's URL as the matcher reads it. What it would pass over in silence is refused: nobody goes out by another way than they think.
fn checked(variable: &str, value: &str) -> Result<String, FetchError> {
    let text = if value.contains("://") { value.to_owned() } else { format!("http://{value}") };
    let url = Url::parse(&text).ok().filter(|url| url.scheme() == "http" && url.host().is_some()).map(String::from);
    let is_taken = |url: &String| {
        let any = http::Uri::from_static("http://any.example");
        Matcher::builder().all(url.clone()).build().intercept(&any).is_some_and(|found| found.uri().host().is_some())
    };
    url.filter(is_taken).ok_or_else(|| FetchError::Proxy { variable: variable.to_owned() })
}

impl Proxy {
    /// How it is called in messages: without secrets.
    pub(crate) fn shown(&self) -> String {
        format!("the proxy {}:{}", self.host, self.port)
    }

    /// Its host, for a lookup.
    pub(crate) fn host(&self) -> Result<Host<String>, url::ParseError> {
        Host::parse(&self.host)
    }

    /// Asks for a tunnel to a host (RFC 9110, section 9.3.6).
    pub(crate) async fn tunnel(&self, stream: &mut TcpStream, host: &str, port: u16) -> Result<(), TunnelRefusal> {
        let mut request = format!("CONNECT {host}:{port} HTTP/1.1\r\nHost: {host}:{port}\r\n").into_bytes();
        if let Some(value) = &self.authorization {
            request.extend_from_slice(b"Proxy-Authorization: ");
            request.extend_from_slice(value.as_bytes());
            request.extend_from_slice(b"\r\n");
        }
        request.extend_from_slice(b"\r\n");
        let broke = |error: std::io::Error| TunnelRefusal::Proxy(format!("broke off ({error})"));
        stream.write_all(&request).await.map_err(broke)?;
        // Byte by byte: what follows the head belongs to the tunnel.
        let mut head = Vec::new();
        while !head.ends_with(b"\r\n\r\n") {
            if head.len() == TUNNEL_HEAD_BYTES_MAX {
                return Err(TunnelRefusal::Proxy("answered with an endless head".into()));
            }
            head.push(stream.read_u8().await.map_err(broke)?);
        }
        let line = head.split(|byte| *byte == b'\r').next().unwrap_or_default();
        let status = line.split(|byte| *byte == b' ').nth(1).unwrap_or_default();
        let said = String::from_utf8_lossy(status).escape_debug().to_string();
        match status {
            [b'2', _, _] => Ok(()),
            // The proxy tells of the host: it has no way to it (RFC 9110, sections 15.6.3 to 15.6.5).
            b"502" | b"503" | b"504" => Err(TunnelRefusal::Host(format!("found no way to {host}:{port} ({said})"))),
            _ => Err(TunnelRefusal::Proxy(format!("refused the tunnel to {host}:{port} with {said}"))),
        }
    }
}

/// Why there is no tunnel, in words that go on after the proxy's name.
#[derive(Debug)]
pub(crate) enum TunnelRefusal {
    /// The proxy is at fault, or wants something of us.
    Proxy(String),
    /// The host cannot be reached from the proxy.
    Host(String),
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of(variables: &[(&str, &str)], url: &str) -> Option<String> {
        let variables = variables.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned()));
        let proxies = Proxies::from_variables(variables).unwrap();
        proxies.of(&url.parse().unwrap()).map(|proxy| format!("{}:{}", proxy.host, proxy.port))
    }

    #[test]
    fn variables_mean_what_they_mean_to_others() {
        let variables = [
            ("http_proxy", "http://p.example:3128"),
            ("NO_PROXY", "127.0.0.0/8,.local.example"),
            ("HTTPS_PROXY", "q.example:8080"),
        ];
        assert_eq!(of(&variables, "http://a.example/x").as_deref(), Some("p.example:3128"));
        assert_eq!(of(&variables, "https://a.example:444/x").as_deref(), Some("q.example:8080"));
        assert_eq!(of(&variables, "http://127.0.0.1:80/"), None);
        assert_eq!(of(&variables, "http://host.local.example/"), None);
        assert_eq!(of(&[("all_proxy", "http://r.example")], "https://a.example/").as_deref(), Some("r.example:80"));
        assert_eq!(of(&[("http_proxy", " ")], "http://a.example/"), None);
        assert_eq!(of(&[], "http://a.example/"), None);
    }

    #[test]
    fn what_is_no_http_proxy_is_refused_with_its_variable() {
        for value in ["socks5://127.0.0.1:1080", "https://p.example", "http://", "::", "http://a b.example"] {
            let error = Proxies::from_variables([("HTTPS_PROXY".to_owned(), value.to_owned())]).unwrap_err();
            assert!(error.to_string().contains("HTTPS_PROXY"), "{error}");
        }
    }

    /// A password with a character that the matcher does not take made it forget the proxy, and everything went out directly.
    #[test]
    fn no_proxy_is_forgotten_for_the_form_of_its_url() {
        for value in ["http://user:p^ss|@p.example:3128", "http://user:p\u{e4}ss@p.example:3128"] {
            assert_eq!(of(&[("http_proxy", value)], "http://a.example/").as_deref(), Some("p.example:3128"), "{value}");
        }
        assert_eq!(
            of(&[("http_proxy", "http://pr\u{f6}xy.example")], "http://a.example/").as_deref(),
            Some("xn--prxy-6qa.example:80")
        );
    }

    #[test]
    fn secrets_are_not_shown() {
        let variables = [("http_proxy".to_owned(), "http://user:secret@p.example:3128".to_owned())];
        let proxies = Proxies::from_variables(variables).unwrap();
        let proxy = proxies.of(&"http://a.example/".parse().unwrap()).unwrap();
        assert_eq!(proxy.shown(), "the proxy p.example:3128");
        assert!(!format!("{proxies:?} {proxy:?}").contains("secret"));
        assert!(proxy.authorization.is_some_and(|value| value.is_sensitive()));
    }
}
