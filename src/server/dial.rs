//! Opening websockets to other servers of ours, with a token.

use std::{sync::Arc, time::Duration};

use secrecy::{ExposeSecret, SecretString};
use tokio::net::TcpStream;
use tokio_tungstenite::{
    Connector, MaybeTlsStream, WebSocketStream, connect_async_tls_with_config,
    tungstenite::{
        Error,
        client::IntoClientRequest,
        http::{HeaderValue, header},
    },
};

use super::tls;

/// How long opening one may take.
const OPEN: Duration = Duration::from_secs(5);

/// A websocket that this program opened.
pub type Socket = WebSocketStream<MaybeTlsStream<TcpStream>>;

/// Why there is no websocket.
#[derive(Debug, thiserror::Error)]
pub enum DialError {
    /// It was refused, or nobody is there.
    #[error(transparent)]
    Failed(#[from] Error),
    /// It took too long.
    #[error("no answer in {} s", OPEN.as_secs())]
    TimedOut,
}

/// Opens `url` (`ws://` or `wss://`) for the bearer of `token`.
///
/// # Errors
/// A server that cannot be reached in time, or that refuses.
pub async fn dial(url: &str, token: &SecretString) -> Result<Socket, DialError> {
    let mut request = url.into_client_request()?;
    let mut bearer = HeaderValue::from_str(&format!("Bearer {}", token.expose_secret())).map_err(Error::from)?;
    bearer.set_sensitive(true);
    request.headers_mut().insert(header::AUTHORIZATION, bearer);
    let connector = Connector::Rustls(Arc::new(tls::client_config()));
    let open = connect_async_tls_with_config(request, None, true, Some(connector));
    let (socket, _) = tokio::time::timeout(OPEN, open).await.map_err(|_| DialError::TimedOut)??;
    Ok(socket)
}
