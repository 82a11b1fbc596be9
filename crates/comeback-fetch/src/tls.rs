//! TLS for the direct route: rustls with one named crypto provider, the machine's own trust store, Mozilla's where there is none.

use std::sync::Arc;

use rustls::pki_types::CertificateDer;
use rustls::{CertificateError, ClientConfig, Error, RootCertStore};

use crate::route::FetchError;

/// HTTP/2 by its ALPN name (RFC 9113, section 3.2).
pub(crate) const ALPN_HTTP2: &[u8] = b"h2";
const ALPN_HTTP1: &[u8] = b"http/1.1";

/// Where the environment may name a trust store.
const TRUST_STORE_VARIABLES: [&str; 2] = ["SSL_CERT_FILE", "SSL_CERT_DIR"];

/// The client settings that all connections share: what is offered by ALPN differs.
pub(crate) struct ClientConfigs {
    /// Offers HTTP/2 and HTTP/1.1.
    pub(crate) any: Arc<ClientConfig>,
    /// Offers HTTP/1.1 only.
    pub(crate) http1: Arc<ClientConfig>,
}

/// The settings, with the machine's trust store and what the caller adds to it.
pub(crate) fn client_configs(extra_roots: &[CertificateDer<'static>]) -> Result<ClientConfigs, FetchError> {
    let mut roots = RootCertStore::empty();
    // Single certificates that cannot be read leave the others standing.
    roots.add_parsable_certificates(rustls_native_certs::load_native_certs().certs);
    if roots.is_empty() {
        if let Some(variable) = TRUST_STORE_VARIABLES.into_iter().find(|variable| std::env::var_os(variable).is_some()) {
            return Err(FetchError::TrustStore { variable });
        }
        roots.extend(webpki_roots::TLS_SERVER_ROOTS.iter().cloned());
    }
    for root in extra_roots {
        roots.add(root.clone())?;
    }
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let builder = ClientConfig::builder_with_provider(provider).with_safe_default_protocol_versions()?;
    let mut config = builder.with_root_certificates(roots).with_no_client_auth();
    config.alpn_protocols = vec![ALPN_HTTP1.to_vec()];
    let mut any = config.clone();
    any.alpn_protocols.insert(0, ALPN_HTTP2.to_vec());
    Ok(ClientConfigs { any: Arc::new(any), http1: Arc::new(config) })
}

/// Why a handshake failed, in words for people.
#[allow(clippy::wildcard_enum_match_arm, reason = "rustls's errors are not our enum, and grow")]
pub(crate) fn words(error: &Error) -> String {
    match error {
        Error::InvalidCertificate(certificate) => match certificate {
            CertificateError::UnknownIssuer => "no authority that this machine trusts has signed the certificate".into(),
            CertificateError::Expired | CertificateError::ExpiredContext { .. } => "the certificate has expired".into(),
            CertificateError::NotValidYet | CertificateError::NotValidYetContext { .. } => {
                "the certificate is not valid yet".into()
            }
            CertificateError::NotValidForName | CertificateError::NotValidForNameContext { .. } => {
                "the certificate is for another name".into()
            }
            CertificateError::Revoked => "the certificate was revoked".into(),
            // What a certificate that signs itself mostly is; the library has no name of its own for it.
            CertificateError::Other(inner) if inner.to_string() == "CaUsedAsEndEntity" => {
                "the certificate is an authority's, not a host's".into()
            }
            other => format!("the certificate is not valid ({other})"),
        },
        Error::AlertReceived(alert) => format!("the server refused with the alert {alert:?}"),
        Error::InvalidMessage(_) => "the server does not speak TLS at this port".into(),
        other => other.to_string(),
    }
}
