//! The server: HTTP, tokens, rooms, the assistant.

pub mod token;

use axum::Router;
use leptos::prelude::*;
use leptos_axum::{LeptosRoutes, generate_route_list};

use crate::app::{App, shell};

/// Serves until Ctrl-C.
///
/// # Errors
/// Configuration that cannot be read, or an address that cannot be bound.
pub async fn run() -> anyhow::Result<()> {
    jsonwebtoken::crypto::aws_lc::DEFAULT_PROVIDER
        .install_default()
        .map_err(|_| anyhow::anyhow!("the crypto provider is already installed"))?;
    tracing_subscriber::fmt().with_writer(std::io::stderr).init();
    let options = get_configuration(Some("Leptos.toml"))?.leptos_options;
    let listener = tokio::net::TcpListener::bind(options.site_addr).await?;
    let app = Router::new()
        .leptos_routes(&options, generate_route_list(App), shell)
        .fallback_service(tower_http::services::ServeDir::new(&*options.site_root))
        .with_state(options);
    axum::serve(listener, app).await?;
    Ok(())
}
