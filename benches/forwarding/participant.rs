//! A participant: LiveKit's own signalling client and one peer connection. It talks when it is told to, and hears
//! everybody.

use std::sync::{Arc, Mutex, PoisonError};

use livekit_protocol::{
    AddTrackRequest, SignalTarget, TrackSource, TrickleRequest, signal_request::Message as Request,
    signal_response::Message as Response,
};
use livekit_signaling::{CLIENT_PROTOCOL_DEFAULT, SignalClient, SignalEvent, SignalEvents, SignalOptions};
use tokio::sync::mpsc::UnboundedReceiver;

use crate::{
    connection::Connection,
    ledger::{Ledger, Stamp},
};

/// The highest protocol with which the data channels are negotiated in band, as the assistant has it.
const PROTOCOL: u32 = 16;
/// The client's name of its track.
const CID: &str = "microphone";
/// How many sections the first offer has to listen on, as LiveKit's JavaScript client makes it.
const LISTENING: u32 = 3;

/// A participant.
pub struct Participant {
    number: u32,
    signal: SignalClient,
    events: SignalEvents,
    connection: Connection,
    /// What the next offer has to bring: sections to listen on, and the track.
    wanted: (u32, bool),
    ledger: Arc<Mutex<Ledger>>,
}

impl Participant {
    /// Joins and announces its track.
    pub async fn join(url: &str, token: &str, number: u32, ledger: Arc<Mutex<Ledger>>) -> anyhow::Result<Self> {
        let mut options = SignalOptions::default();
        options.single_peer_connection = true;
        options.protocol_version = PROTOCOL;
        options.client_protocol = CLIENT_PROTOCOL_DEFAULT;
        options.client_capabilities = Vec::new();
        options.region_failover = false;
        let mut connection = Connection::open().await?;
        let offer = connection.offer(LISTENING, None)?;
        let (signal, _, events) = SignalClient::connect(url, token, options, Some(offer)).await?;
        let init = serde_json::json!({ "candidate": connection.candidate()?, "sdpMid": "0", "sdpMLineIndex": 0 });
        let target = SignalTarget::Publisher as i32;
        let trickle = TrickleRequest { candidate_init: init.to_string(), target, r#final: false };
        signal.send(Request::Trickle(trickle)).await;
        let track = AddTrackRequest { cid: CID.into(), source: TrackSource::Microphone as i32, ..Default::default() };
        signal.send(Request::AddTrack(track)).await;
        Ok(Self { number, signal, events, connection, wanted: (0, false), ledger })
    }

    /// Talks at every beat and listens, until there are no more beats.
    pub async fn run(mut self, mut beats: UnboundedReceiver<()>) -> anyhow::Result<()> {
        let (ledger, number) = (Arc::clone(&self.ledger), self.number);
        let hear = &mut |stamp: Stamp| ledger.lock().unwrap_or_else(PoisonError::into_inner).hear(number, stamp);
        let mut due = self.connection.run(hear)?;
        loop {
            tokio::select! {
                Ok(()) = self.connection.readable() => {
                    self.connection.read(hear)?;
                    continue;
                }
                beat = beats.recv() => {
                    if beat.is_none() {
                        return Ok(());
                    }
                    let stamp = ledger.lock().unwrap_or_else(PoisonError::into_inner).say(number);
                    self.connection.say(stamp);
                }
                Some(SignalEvent::Message(message)) = self.events.recv() => self.take(*message).await?,
                () = tokio::time::sleep_until(due.into()) => {}
            }
            due = self.connection.run(hear)?;
        }
    }

    #[expect(clippy::wildcard_enum_match_arm, reason = "the rest of a foreign enum is not for us")]
    async fn take(&mut self, message: Response) -> anyhow::Result<()> {
        match message {
            Response::Answer(answer) => self.connection.accept_answer(&answer.sdp)?,
            Response::TrackPublished(_) => self.wanted.1 = true,
            // Where the server only wants an offer, one more section makes one: str0m offers nothing that changes nothing.
            Response::MediaSectionsRequirement(more) => self.wanted.0 += more.num_audios.max(1),
            Response::Trickle(trickle) => {
                let init: serde_json::Value = serde_json::from_str(&trickle.candidate_init)?;
                self.connection.add_candidate(init["candidate"].as_str().unwrap_or_default());
            }
            _ => {}
        }
        // One offer at a time.
        if self.wanted != (0, false) && !self.connection.is_offering() {
            let (listening, voice) = std::mem::take(&mut self.wanted);
            let offer = self.connection.offer(listening, voice.then_some(CID))?;
            self.signal.send(Request::Offer(offer)).await;
        }
        Ok(())
    }
}
