//! Every route.

use axum::{
    Router,
    extract::{FromRef, Request, State},
    http::{HeaderValue, StatusCode, header},
    middleware::{self, Next},
    response::{IntoResponse, Response},
    routing::{get, post},
};
use leptos::{prelude::provide_context, server_fn::ServerFn};
use leptos_axum::{LeptosRoutes, generate_route_list_with_exclusions, render_app_to_stream_with_context};
use tower_http::{compression::CompressionLayer, services::ServeDir};

use super::{
    calls::http as calls, error::ApiError, record::http as record, security, state::AppState, worker::http as worker,
};
use crate::{
    api::call::RequestCall,
    app::{App, shell},
    domain::call::Opening,
};

/// Where a ticket is asked for; `entrance` answers its POST before it comes here.
pub const TICKET_PATH: &str = "/api/voice/token";

/// Where a LiveKit server posts what happens in its rooms.
pub const WEBHOOK_PATH: &str = "/api/livekit/webhook";

/// Where workers keep their lines.
pub const WORKERS_PATH: &str = "/api/workers";

/// Every route of the server. `rooms` are those of the embedded room server, where it is the one in use.
pub fn router(app: AppState, rooms: Option<Router>) -> Router {
    leptos::server_fn::axum::register_explicit::<RequestCall>();
    let calls = Router::new()
        .route(TICKET_PATH, post(calls::voice).options(calls::preflight))
        .route("/api/token", post(calls::standard).options(calls::preflight))
        .route(RequestCall::PATH, post(calls::server_function).options(calls::preflight))
        .route(WEBHOOK_PATH, post(record::webhook))
        .route(WORKERS_PATH, get(worker::line))
        .route("/healthz", get(|| async { "ok" }))
        .route("/readyz", get(record::ready))
        .method_not_allowed_fallback(|| async { ApiError::MethodNotAllowed })
        .with_state(app.clone());
    calls.merge(rooms.unwrap_or_default()).merge(pages(app))
}

/// The site: pages, the files that they load, and the page for everything that is not there.
fn pages(app: AppState) -> Router {
    let context = {
        let app = app.clone();
        move || page_context(&app)
    };
    let site = leptos::config::LeptosOptions::from_ref(&app);
    let files = |folder: &str| ServeDir::new(folder).precompressed_br().precompressed_gzip();
    let not_found = get(not_found).with_state(app.clone());
    // The server function has its route above, behind the gate.
    let routes = generate_route_list_with_exclusions(App, Some(vec![RequestCall::PATH.to_owned()]));
    Router::new()
        .leptos_routes_with_context(&app, routes, context, shell)
        .nest_service(
            &format!("/{}", site.site_pkg_dir),
            files(&format!("{}/{}", site.site_root, site.site_pkg_dir)).fallback(not_found.clone()),
        )
        .route("/api/{*rest}", axum::routing::any(|| async { ApiError::NotFound }))
        .fallback_service(files(&site.site_root).append_index_html_on_directories(false).fallback(not_found))
        // Pages differ by their nonce, so that they are packed as they go; files come packed from the build.
        .layer(CompressionLayer::new())
        .layer(middleware::from_fn(caching))
        .layer(middleware::from_fn_with_state(app.clone(), security::headers))
        .with_state(app)
}

/// What a page is given before it is rendered: the site's words and the policy of its scripts.
fn page_context(app: &AppState) {
    provide_context(app.content().site.clone());
    provide_context(app.content().faq.clone());
    provide_context(app.answering());
    provide_context(Opening {
        business: app.content().site.name.clone(),
        questions: app.content().site.opening_questions.clone(),
        answering: app.answering(),
        early: app.early_tickets(),
    });
    security::page_policy(app);
}

/// The site's own page for an address where nothing is.
async fn not_found(State(app): State<AppState>, request: Request) -> Response {
    let render = render_app_to_stream_with_context(move || page_context(&app), shell);
    let mut response = render(request).await.into_response();
    *response.status_mut() = StatusCode::NOT_FOUND;
    response
}

/// Files are asked for again at each visit and answered with 304, unless their address carries a version (`?v=`);
/// pages are never kept, since each has its own nonce.
async fn caching(request: Request, next: Next) -> Response {
    let versioned = request.uri().query().is_some_and(|query| query.starts_with("v="));
    let mut response = next.run(request).await;
    let page =
        response.headers().get(header::CONTENT_TYPE).is_some_and(|kind| kind.as_bytes().starts_with(b"text/html"));
    let policy = match response.status() {
        StatusCode::OK | StatusCode::NOT_MODIFIED if versioned && !page => "public, max-age=31536000, immutable",
        StatusCode::OK | StatusCode::NOT_MODIFIED if !page => "no-cache",
        _ => "no-store",
    };
    response.headers_mut().entry(header::CACHE_CONTROL).or_insert(HeaderValue::from_static(policy));
    response
}
