//! Trust for the connections that the server opens itself.

use std::sync::Arc;

use rustls::{ClientConfig, RootCertStore};

/// Trust in the usual authorities, on ring: the provider that LiveKit's client of the room service brings.
pub fn client_config() -> ClientConfig {
    let mut roots = RootCertStore::empty();
    roots.extend(webpki_roots::TLS_SERVER_ROOTS.iter().cloned());
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    ClientConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()
        .expect("ring supports the default TLS versions")
        .with_root_certificates(roots)
        .with_no_client_auth()
}
