//! A visitor whose every packet a test writes and reads, and the assistant that serves the room.

use std::sync::Arc;

use frontdesk::server::agent::{AgentHost, Summons};
use livekit_protocol::{
    self as lk,
    participant_info::{Kind, State},
};
use tokio::{sync::mpsc, task::JoinHandle};
use tokio_util::sync::CancellationToken;

use crate::{
    agent::{Notebook, config, settings},
    room_server::RoomServer,
    sfu_participant::{Participant, Path},
};

/// A visit.
pub struct Visit {
    _server: RoomServer,
    /// The visitor, `ada`.
    pub visitor: Participant,
    /// The track of the visitor's microphone, which was recorded before.
    pub track: String,
    /// The assistant's identity.
    pub agent: String,
    host: JoinHandle<()>,
    shutdown: CancellationToken,
}

impl Visit {
    /// Begins one on `server`; the assistant comes once the visitor's microphone is on.
    pub async fn start(server: RoomServer) -> Self {
        let (settings, keys) = settings();
        let host = AgentHost::new(config(settings, keys, Arc::new(Notebook::default())), server.link()).unwrap();
        let (summons, summoned) = mpsc::channel(1);
        let shutdown = CancellationToken::new();
        let host = tokio::spawn(host.run(summoned, shutdown.clone()));
        let room = format!("support-{:x}", rand::random::<u64>());
        let visitor = Participant::join(server.url(), &server.token(&room, "ada"), Path::V0).await;
        let track = visitor.publish_recorded().await.sid;
        summons.send(Summons::to(&room)).await.unwrap();
        let is_here = |who: &lk::ParticipantInfo| who.kind() == Kind::Agent && who.state() == State::Active;
        let agent = visitor.await_update(is_here).await.identity;
        Self { _server: server, visitor, track, agent, host, shutdown }
    }

    /// Sends `value` to the assistant.
    pub fn send(&self, value: lk::data_packet::Value) {
        let destination_identities = vec![self.agent.clone()];
        self.visitor.send(lk::DataPacket { destination_identities, value: Some(value), ..Default::default() });
    }

    /// Ends it.
    pub async fn end(self) {
        self.shutdown.cancel();
        self.host.await.unwrap();
    }
}
