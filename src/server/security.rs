//! The security headers of pages and files.
//!
//! Scripts run from our own files and from the page's one inline script, which carries the answer's nonce; WebAssembly
//! may compile. Style attributes are allowed, since the server renders some; inline `<style>` needs the nonce too.

use std::{fmt::Write, net::SocketAddr};

use axum::{
    extract::{ConnectInfo, Request, State},
    http::{HeaderName, HeaderValue, header},
    middleware::Next,
    response::Response,
};
use leptos::{nonce::use_nonce, prelude::use_context};
use leptos_axum::ResponseOptions;

use super::state::AppState;

/// The headers that never vary.
const FIXED: [(HeaderName, HeaderValue); 5] = [
    (header::X_CONTENT_TYPE_OPTIONS, HeaderValue::from_static("nosniff")),
    (header::REFERRER_POLICY, HeaderValue::from_static("strict-origin-when-cross-origin")),
    (HeaderName::from_static("cross-origin-opener-policy"), HeaderValue::from_static("same-origin")),
    (HeaderName::from_static("cross-origin-resource-policy"), HeaderValue::from_static("same-origin")),
    (
        HeaderName::from_static("permissions-policy"),
        HeaderValue::from_static(
            "microphone=(self), speaker-selection=(self), camera=(), display-capture=(), geolocation=(), payment=(), usb=()",
        ),
    ),
];

/// Two years, what browsers' preload lists ask for.
const HSTS: HeaderValue = HeaderValue::from_static("max-age=63072000; includeSubDomains");

/// Adds the headers that every page and file has.
pub async fn headers(State(app): State<AppState>, request: Request, next: Next) -> Response {
    let peer = request.extensions().get::<ConnectInfo<SocketAddr>>().map(|ConnectInfo(peer)| peer.ip());
    let tls = peer.is_some_and(|peer| app.is_tls(peer, request.headers()));
    let mut response = next.run(request).await;
    let headers = response.headers_mut();
    for (name, value) in FIXED {
        headers.insert(name, value);
    }
    if tls {
        headers.insert(header::STRICT_TRANSPORT_SECURITY, HSTS);
    }
    response
}

/// Gives the page that is rendered here its Content-Security-Policy, with the nonce of its inline script.
pub fn page_policy(app: &AppState) {
    let (Some(nonce), Some(response)) = (use_nonce(), use_context::<ResponseOptions>()) else { return };
    let room_url = use_context::<axum::http::request::Parts>().map(|parts| {
        let peer = parts.extensions.get::<ConnectInfo<SocketAddr>>().map(|ConnectInfo(peer)| peer.ip());
        app.room_url(peer.unwrap_or(std::net::Ipv4Addr::UNSPECIFIED.into()), &parts.headers)
    });
    let Ok(policy) = HeaderValue::from_str(&policy(&nonce, &room_url.unwrap_or_default(), app.origins().iter())) else {
        return;
    };
    response.insert_header(header::CONTENT_SECURITY_POLICY, policy);
}

/// Writes the policy of a page whose inline script has `nonce`, whose calls go to `room_url`, and which `embedders` may
/// put in a frame.
fn policy<'a>(nonce: &str, room_url: &str, embedders: impl Iterator<Item = &'a str>) -> String {
    // The client asks the same server over HTTP why a socket failed.
    let room_http = room_url.replacen("ws", "http", 1);
    let mut policy = format!(
        "default-src 'self'; script-src 'self' 'nonce-{nonce}' 'wasm-unsafe-eval'; style-src 'self' 'nonce-{nonce}'; \
         style-src-attr 'unsafe-inline'; img-src 'self' data:; media-src 'self' blob:; \
         connect-src 'self' {room_url} {room_http}; object-src 'none'; base-uri 'none'; form-action 'self'; \
         frame-ancestors 'self'"
    );
    for embedder in embedders {
        let _ = write!(policy, " {embedder}");
    }
    policy
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_policy_in_full() {
        let written = policy("n0", "wss://rooms.example", ["https://shop.example"].into_iter());
        assert_eq!(
            written,
            "default-src 'self'; script-src 'self' 'nonce-n0' 'wasm-unsafe-eval'; style-src 'self' 'nonce-n0'; \
             style-src-attr 'unsafe-inline'; img-src 'self' data:; media-src 'self' blob:; \
             connect-src 'self' wss://rooms.example https://rooms.example; object-src 'none'; base-uri 'none'; \
             form-action 'self'; frame-ancestors 'self' https://shop.example"
        );
    }
}
