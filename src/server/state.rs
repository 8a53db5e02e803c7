//! What every request shares.

use std::{
    net::{IpAddr, SocketAddr},
    sync::Arc,
};

use axum::{
    extract::FromRef,
    http::{HeaderMap, HeaderValue, header},
};
use leptos::config::LeptosOptions;

use super::{
    calls::Calls, config::PublicUrl, content::Content, origin::AllowedOrigins, rooms::webhook::Webhooks,
    storage::Storage, visitor::TrustedProxies, worker::http::Workers,
};
use crate::domain::call::Answering;

/// The parts of the server, cheap to clone.
#[derive(Clone)]
pub struct AppState(Arc<Parts>);

/// What [`AppState`] is made of.
pub struct Parts {
    /// The site's address and folders.
    pub site: LeptosOptions,
    /// The address that the server listens at.
    pub address: SocketAddr,
    /// The site's words.
    pub content: Content,
    /// Who answers calls.
    pub answering: Answering,
    /// Whether a page may fetch a ticket before anybody calls.
    pub early_tickets: bool,
    /// Where calls start.
    pub calls: Calls,
    /// The room server's address for browsers; absent where it is our own, reached as the page was.
    pub room_url: Option<PublicUrl>,
    /// Where calls are recorded.
    pub storage: Storage,
    /// Reads what a LiveKit server posts.
    pub webhooks: Webhooks,
    /// What the site's workers need.
    pub workers: Workers,
    /// The proxies that are believed.
    pub proxies: TrustedProxies,
    /// The foreign sites that may ask for calls.
    pub origins: AllowedOrigins,
}

impl From<Parts> for AppState {
    fn from(parts: Parts) -> Self {
        Self(Arc::new(parts))
    }
}

impl AppState {
    /// The site's words.
    pub fn content(&self) -> &Content {
        &self.0.content
    }

    /// Who answers calls.
    pub fn answering(&self) -> Answering {
        self.0.answering
    }

    /// Whether a page may fetch a ticket before anybody calls.
    pub fn early_tickets(&self) -> bool {
        self.0.early_tickets
    }

    /// Where calls start.
    pub fn calls(&self) -> &Calls {
        &self.0.calls
    }

    /// Where calls are recorded.
    pub fn storage(&self) -> &Storage {
        &self.0.storage
    }

    /// Reads what a LiveKit server posts.
    pub fn webhooks(&self) -> &Webhooks {
        &self.0.webhooks
    }

    /// What the site's workers need.
    pub fn workers(&self) -> &Workers {
        &self.0.workers
    }

    /// The proxies that are believed.
    pub fn proxies(&self) -> &TrustedProxies {
        &self.0.proxies
    }

    /// The foreign sites that may ask for calls.
    pub fn origins(&self) -> &AllowedOrigins {
        &self.0.origins
    }

    /// The room server's address for the browser that sent `headers`: the one configured, or the host that the browser
    /// found us at.
    pub fn room_url(&self, peer: IpAddr, headers: &HeaderMap) -> String {
        if let Some(url) = &self.0.room_url {
            return url.as_str().to_owned();
        }
        let scheme = if self.0.proxies.says_tls(peer, headers) { "wss" } else { "ws" };
        match headers.get(header::HOST).and_then(authority) {
            Some(host) => [scheme, "://", host].concat(),
            None => format!("{scheme}://{}", self.0.address),
        }
    }

    /// Whether the browser that sent `headers` speaks TLS with us, or with a proxy that says so.
    pub fn is_tls(&self, peer: IpAddr, headers: &HeaderMap) -> bool {
        self.0.proxies.says_tls(peer, headers)
    }
}

/// A `Host` that is nothing but a host: it goes into headers and JSON as it is.
fn authority(host: &HeaderValue) -> Option<&str> {
    let host = host.to_str().ok()?;
    let clean = |b: u8| b.is_ascii_alphanumeric() || b".-_:[]".contains(&b);
    (!host.is_empty() && host.bytes().all(clean)).then_some(host)
}

impl FromRef<AppState> for LeptosOptions {
    fn from_ref(app: &AppState) -> Self {
        app.0.site.clone()
    }
}
