//! What the TLS tests share: certificates (made by tests/certificates/make.sh), servers' settings, and a route that trusts them.

use std::sync::Arc;

use comeback_fetch::{AddressPolicy, Direct, DirectSettings, Limits};
use rustls::pki_types::{CertificateDer, PrivateKeyDer, PrivatePkcs8KeyDer};
use tokio_rustls::TlsAcceptor;

use crate::raw_server::{Asker, settings};

pub(crate) const AUTHORITY: &[u8] = include_bytes!("../certificates/authority.der");
pub(crate) const SERVER: &[u8] = include_bytes!("../certificates/server.der");
pub(crate) const EXPIRED: &[u8] = include_bytes!("../certificates/expired.der");
const KEY: &[u8] = include_bytes!("../certificates/server.key.der");

/// The server's side of TLS, with a certificate and the protocols that it offers.
pub(crate) fn acceptor(certificate: &'static [u8], protocols: &[&str]) -> TlsAcceptor {
    let key = PrivateKeyDer::Pkcs8(PrivatePkcs8KeyDer::from(KEY.to_vec()));
    let mut config = rustls::ServerConfig::builder_with_provider(Arc::new(rustls::crypto::ring::default_provider()))
        .with_safe_default_protocol_versions()
        .unwrap()
        .with_no_client_auth()
        .with_single_cert(vec![CertificateDer::from(certificate)], key)
        .unwrap();
    config.alpn_protocols = protocols.iter().map(|name| name.as_bytes().to_vec()).collect();
    TlsAcceptor::from(Arc::new(config))
}

pub(crate) fn trusting_asker() -> Asker {
    trusting_asker_limited(Limits::default())
}

pub(crate) fn trusting_asker_limited(limits: Limits) -> Asker {
    let spool = tempfile::tempdir().unwrap();
    let base = settings(limits, AddressPolicy::fetch(), spool.path());
    let route = Direct::new(DirectSettings { extra_roots: vec![CertificateDer::from(AUTHORITY)], ..base }).unwrap();
    Asker { route, spool }
}
