//! The room server alone, on free ports of the loopback.

use std::{
    net::SocketAddr,
    time::{Duration, SystemTime},
};

use frontdesk::server::{
    install_crypto,
    origin::AllowedOrigins,
    sfu::{self, Sfu, SfuConfig},
    token::{ApiKey, Claims, VideoGrants},
};
use secrecy::SecretString;
use tokio::{net::TcpListener, task::JoinHandle};
use tokio_util::sync::CancellationToken;

/// A running room server; it stops when this is dropped.
pub struct Host {
    /// Its administration.
    pub sfu: Sfu,
    /// Where its signalling listens.
    pub address: SocketAddr,
    /// Stops it.
    pub stop: CancellationToken,
    key: ApiKey,
    serving: Option<JoinHandle<()>>,
}

impl Host {
    /// Starts one that every page may use.
    pub async fn start() -> Self {
        Self::with_origins(None).await
    }

    /// Starts one that pages of these origins may use.
    pub async fn with_origins(origins: Option<AllowedOrigins>) -> Self {
        Self::with(SfuConfig { origins, ..SfuConfig::default() }).await
    }

    /// Starts one with these settings but for its ports.
    pub async fn with(config: SfuConfig) -> Self {
        Self::at("127.0.0.1:0".parse().unwrap(), config).await
    }

    /// Starts one whose signalling listens there.
    pub async fn at(address: SocketAddr, config: SfuConfig) -> Self {
        install_crypto();
        let key = ApiKey::new("key", SecretString::from("a secret for the room server's tests"));
        let stop = CancellationToken::new();
        let config = SfuConfig { udp: "127.0.0.1:0".parse().unwrap(), ..config };
        let sfu = sfu::start(config, key.clone(), stop.clone()).await.unwrap();
        let listener = TcpListener::bind(address).await.unwrap();
        let address = listener.local_addr().unwrap();
        let router = sfu.router();
        let serving = tokio::spawn(async move { drop(axum::serve(listener, router).await) });
        Self { sfu, address, stop, key, serving: Some(serving) }
    }

    /// Waits until it has stopped and its port is free.
    pub async fn stopped(&mut self) {
        if let Some(serving) = self.serving.take() {
            serving.abort();
            let _ = serving.await;
        }
    }

    /// The address for LiveKit's clients.
    pub fn url(&self) -> String {
        format!("ws://{}", self.address)
    }

    /// A token for `identity` in `room`.
    pub fn token(&self, room: &str, identity: &str) -> String {
        self.mint(claims(room, identity))
    }

    /// A token with these claims, valid for an hour.
    pub fn mint(&self, claims: Claims) -> String {
        self.mint_at(claims, unix_now())
    }

    /// A token with these claims, valid for an hour from `from`.
    pub fn mint_at(&self, claims: Claims, from: Duration) -> String {
        self.key.mint(claims, from, Duration::from_secs(3600)).unwrap()
    }
}

impl Drop for Host {
    fn drop(&mut self) {
        self.stop.cancel();
    }
}

/// The claims of somebody who may join a room and change its own metadata.
pub fn claims(room: &str, identity: &str) -> Claims {
    let video =
        VideoGrants { room: room.into(), room_join: true, can_update_own_metadata: Some(true), ..Default::default() };
    Claims { identity: identity.into(), video, ..Default::default() }
}

/// The time since the Unix epoch.
pub fn unix_now() -> Duration {
    SystemTime::now().duration_since(SystemTime::UNIX_EPOCH).unwrap()
}
