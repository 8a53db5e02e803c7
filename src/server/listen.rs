//! The listener: takes connections, bounds how many there are and how long each may say nothing, and lets those in hand
//! finish when it stops.

use std::{io, net::SocketAddr, pin::pin, sync::Arc, time::Duration};

use axum::body::Body;
use hyper::{Request, body::Incoming, server::conn::http1, service::service_fn};
use hyper_util::rt::{TokioIo, TokioTimer};
use tokio::{
    net::{TcpListener, TcpStream},
    sync::Semaphore,
};
use tokio_util::{sync::CancellationToken, task::TaskTracker};
use tower::Service;

use super::entrance::Entrance;

/// How long a client may take for a request's headers, and a connection may rest between two requests.
const HEADERS_TIMEOUT: Duration = Duration::from_secs(15);
/// How many connections are open at one time; sockets that have become websockets are not counted.
const CONNECTIONS_MAX: usize = 8192;
/// How long to wait where the system has no more sockets.
const NO_SOCKETS: Duration = Duration::from_millis(100);

/// Answers on `listener` until `shutdown`, then until every request in hand is answered.
pub async fn listen(listener: TcpListener, entrance: Entrance, shutdown: CancellationToken) {
    let open = Arc::new(Semaphore::new(CONNECTIONS_MAX));
    let connections = TaskTracker::new();
    loop {
        let accepted = async {
            let place = Arc::clone(&open).acquire_owned().await;
            (place, listener.accept().await)
        };
        let (place, accepted) = tokio::select! {
            accepted = accepted => accepted,
            () = shutdown.cancelled() => break,
        };
        match accepted {
            Ok((stream, peer)) => {
                let served = serve(stream, peer, entrance.clone(), shutdown.clone());
                connections.spawn(async move {
                    served.await;
                    drop(place);
                });
            }
            Err(error) => recover(&error).await,
        }
    }
    connections.close();
    connections.wait().await;
}

async fn serve(stream: TcpStream, peer: SocketAddr, entrance: Entrance, shutdown: CancellationToken) {
    // Answers are small and whole: waiting to fill a packet would only delay them.
    let _ = stream.set_nodelay(true);
    let door = entrance.open(peer);
    let service = service_fn(move |request: Request<Incoming>| door.clone().call(request.map(Body::new)));
    let mut connection = pin!(
        http1::Builder::new()
            .timer(TokioTimer::new())
            .header_read_timeout(HEADERS_TIMEOUT)
            .serve_connection(TokioIo::new(stream), service)
            .with_upgrades()
    );
    // Clients break off as they like.
    tokio::select! {
        _ = connection.as_mut() => {}
        () = shutdown.cancelled() => {
            connection.as_mut().graceful_shutdown();
            let _ = connection.await;
        }
    }
}

/// A connection that ended before it was taken is nothing; a lack of sockets passes.
async fn recover(error: &io::Error) {
    if !matches!(error.kind(), io::ErrorKind::ConnectionAborted | io::ErrorKind::ConnectionReset) {
        tracing::error!(%error, "no connection could be taken");
        tokio::time::sleep(NO_SOCKETS).await;
    }
}
