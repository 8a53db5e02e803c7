//! The way in: each connection's requests, first come here.
//!
//! A ticket is answered at once, every other request by the router. What the router adds to a request, layers and
//! lookups that a ticket does not need, is a fifth of what a ticket costs (`benches/token.rs`, with callgrind).

use std::{
    convert::Infallible,
    net::SocketAddr,
    pin::Pin,
    task::{Context, Poll},
};

use axum::{
    Router,
    extract::{ConnectInfo, Request, State},
    http::Method,
    response::Response,
};
use tower::Service;

use super::{calls::http as calls, router::TICKET_PATH, state::AppState};

/// Opens a [`Door`] for each connection.
#[derive(Clone)]
pub struct Entrance {
    app: AppState,
    router: Router,
}

impl Entrance {
    /// Takes the router that answers whatever is not a ticket.
    pub fn new(app: AppState, router: Router) -> Self {
        Self { app, router }
    }

    /// The door for a connection from `peer`.
    pub fn open(&self, peer: SocketAddr) -> Door {
        Door { app: self.app.clone(), router: self.router.clone(), peer }
    }
}

/// One connection's requests, each with the address that it comes from.
#[derive(Clone)]
pub struct Door {
    app: AppState,
    router: Router,
    peer: SocketAddr,
}

impl Service<Request> for Door {
    type Response = Response;
    type Error = Infallible;
    type Future = Pin<Box<dyn Future<Output = Result<Response, Infallible>> + Send>>;

    fn poll_ready(&mut self, _: &mut Context<'_>) -> Poll<Result<(), Infallible>> {
        Poll::Ready(Ok(()))
    }

    fn call(&mut self, mut request: Request) -> Self::Future {
        request.extensions_mut().insert(ConnectInfo(self.peer));
        if request.method() == Method::POST && request.uri().path() == TICKET_PATH {
            let app = self.app.clone();
            return Box::pin(async move { Ok(calls::voice(State(app), request).await) });
        }
        Box::pin(self.router.call(request))
    }
}
