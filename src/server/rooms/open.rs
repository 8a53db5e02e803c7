//! Opening the rooms that the settings name: the one place that knows which server carries them.

use std::{net::SocketAddr, path::Path, sync::Arc};

use axum::Router;
use tokio::sync::mpsc;
use tokio_util::{sync::CancellationToken, task::TaskTracker};

use super::{Helpers, RoomFacts, Rooms, embedded::EmbeddedRooms, livekit::LiveKitRooms};
use crate::server::{
    agent::Summons,
    config::{PublicUrl, RoomServer, reachable},
    keys::{self, KeyError},
    origin::AllowedOrigins,
    sfu::{self, SfuConfig},
    token::ApiKey,
};

/// Rooms that are open for business.
pub struct OpenRooms {
    /// Their administration.
    pub rooms: Arc<dyn Rooms>,
    /// The key that their tokens are signed with.
    pub key: ApiKey,
    /// Where the assistant connects, `ws://` or `wss://`.
    pub url: String,
    /// The server's address for browsers; absent where it is our own, reached as the page is.
    pub public_url: Option<PublicUrl>,
    /// The routes that carry them, where the server is our own.
    pub router: Option<Router>,
    /// Summons of this process's assistant to the rooms that need one.
    pub starts: mpsc::Receiver<Summons>,
    /// Where the assistants of a LiveKit server's rooms say where they are.
    pub helpers: Option<Helpers>,
    /// What happens in the rooms of calls, where the server is our own; a LiveKit server tells by webhooks.
    pub facts: Option<RoomFacts>,
    /// What goes on in this process until the rooms are closed and everybody in them has been told.
    pub tasks: TaskTracker,
}

/// Why there are no rooms.
#[derive(Debug, thiserror::Error)]
pub enum OpenError {
    /// The embedded server has no key.
    #[error(transparent)]
    Key(#[from] KeyError),
    /// The embedded server cannot have its UDP address.
    #[error("cannot take media at {address} (FRONTDESK_UDP_ADDR): {source}")]
    Media {
        /// The address.
        address: SocketAddr,
        /// What the system says.
        source: std::io::Error,
    },
}

/// Opens the rooms of `server`. An embedded one keeps its key in `data_dir`, is reached at `site`, serves
/// pages of its own and of `origins`, and ends with `shutdown`. `has_assistant` says whether this process has one, which
/// serves a LiveKit server's rooms where no worker does.
///
/// # Errors
/// A key or a UDP address that an embedded server cannot have.
pub async fn open(
    server: RoomServer,
    data_dir: &Path,
    site: SocketAddr,
    origins: AllowedOrigins,
    has_assistant: bool,
    shutdown: CancellationToken,
) -> Result<OpenRooms, OpenError> {
    match server {
        RoomServer::LiveKit { url, key } => {
            let (rooms, helpers, starts) = LiveKitRooms::new(&url, &key, has_assistant, shutdown);
            let address = url.as_str().to_owned();
            Ok(OpenRooms {
                rooms: Arc::new(rooms),
                key,
                url: address,
                public_url: Some(url),
                router: None,
                starts,
                helpers: Some(helpers),
                facts: None,
                tasks: TaskTracker::new(),
            })
        }
        RoomServer::Embedded { key, udp, announce, webhooks } => {
            let key = key.map_or_else(|| keys::load_or_make(data_dir), Ok)?;
            let config = SfuConfig { udp, announce, origins: Some(origins), webhooks, faults: false };
            let sfu = sfu::start(config, key.clone(), shutdown.clone())
                .await
                .map_err(|source| OpenError::Media { address: udp, source })?;
            let (router, tasks) = (Some(sfu.router()), sfu.tasks().clone());
            let facts = Some(RoomFacts::new(sfu.events()));
            let (rooms, starts) = EmbeddedRooms::new(sfu, shutdown);
            let url = format!("ws://{}", reachable(site));
            Ok(OpenRooms {
                rooms: Arc::new(rooms),
                key,
                url,
                public_url: None,
                router,
                starts,
                helpers: None,
                facts,
                tasks,
            })
        }
    }
}
