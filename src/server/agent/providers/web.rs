//! How providers are reached: one HTTP client, and websockets, with the same trust.

use std::{sync::Arc, time::Duration};

use reqwest::Client;
use secrecy::{ExposeSecret, SecretString};
use tokio::net::TcpStream;
use tokio_tungstenite::{
    Connector, MaybeTlsStream, WebSocketStream, connect_async_tls_with_config,
    tungstenite::{
        client::IntoClientRequest,
        http::{HeaderName, HeaderValue},
    },
};

use super::ProviderError;
use crate::server::tls;

/// How long a connection may take to open.
const CONNECT_TIMEOUT: Duration = Duration::from_secs(3);

/// How long an idle HTTP connection is kept: longer than most answers and questions.
const IDLE_TIMEOUT: Duration = Duration::from_secs(120);

/// A websocket to a provider.
pub(in crate::server::agent) type Socket = WebSocketStream<MaybeTlsStream<TcpStream>>;

/// The way to all providers; its connections are shared by those who share it.
#[derive(Clone, Debug)]
pub(in crate::server::agent) struct Web {
    http: Client,
    tls: Arc<rustls::ClientConfig>,
}

impl Web {
    /// Opens nothing yet; none where the HTTP client cannot be made.
    pub(in crate::server::agent) fn new() -> Option<Self> {
        let http = Client::builder()
            .tls_backend_preconfigured(tls::client_config())
            .connect_timeout(CONNECT_TIMEOUT)
            .pool_idle_timeout(IDLE_TIMEOUT)
            .tcp_nodelay(true)
            .build()
            .inspect_err(|error| tracing::error!(%error, "no HTTP client"))
            .ok()?;
        Some(Self { http, tls: Arc::new(tls::client_config()) })
    }

    /// The HTTP client.
    pub(in crate::server::agent) fn http(&self) -> &Client {
        &self.http
    }

    /// Opens a connection to `url` in the background, which the next request then finds.
    pub(in crate::server::agent) fn warm(&self, url: &str) {
        let request = self.http.head(url).timeout(CONNECT_TIMEOUT);
        tokio::spawn(async move {
            // Whatever it answers: the connection is what is wanted.
            request.send().await.ok();
        });
    }
}

/// A websocket's address and the key to it.
#[derive(Clone, Debug)]
pub(in crate::server::agent) struct Door {
    /// The way there.
    pub(in crate::server::agent) web: Web,
    /// `ws://` or `wss://`.
    pub(in crate::server::agent) url: String,
    /// The header that carries the key.
    pub(in crate::server::agent) header: &'static str,
    /// Its value.
    pub(in crate::server::agent) key: SecretString,
}

impl Door {
    /// Opens it.
    ///
    /// # Errors
    /// A provider that cannot be reached in time, or that refuses.
    pub(in crate::server::agent) async fn open(&self) -> Result<Socket, ProviderError> {
        let mut request = self.url.as_str().into_client_request()?;
        let mut key = HeaderValue::from_str(self.key.expose_secret())
            .map_err(|_| ProviderError::Unreachable("the key has characters that no header can carry".to_owned()))?;
        key.set_sensitive(true);
        request.headers_mut().insert(HeaderName::from_static(self.header), key);
        let connector = Connector::Rustls(self.web.tls.clone());
        let open = connect_async_tls_with_config(request, None, true, Some(connector));
        match tokio::time::timeout(CONNECT_TIMEOUT, open).await {
            Ok(Ok((socket, _))) => Ok(socket),
            Ok(Err(error)) => Err(error.into()),
            Err(_) => Err(ProviderError::TimedOut),
        }
    }
}
