//! The task around the machine: what helpers say and looks show go in; LiveKit is asked for what comes out.

use std::{
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering},
    },
    time::{Duration, Instant},
};

use livekit_api::services::{agent_dispatch::AgentDispatchClient, room::RoomClient};
use livekit_protocol::{CreateAgentDispatchRequest, participant_info::State};
use serde::{Deserialize, Serialize};
use tokio::{
    sync::mpsc,
    time::{MissedTickBehavior, interval},
};
use tokio_util::sync::CancellationToken;

use super::{Helper, Input, Output, Present, Relief};
use crate::{
    domain::record::{MemberKind, StandingRoom},
    server::{
        agent::{self, Summons, Whereabouts},
        rooms::{RoomsError, is_support, livekit::member_kind},
    },
};

/// How often the clock is looked at.
const TICK: Duration = Duration::from_millis(250);

/// What a dispatch says of its call, as JSON in the job's metadata.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct JobNote {
    /// Whether the visitor was talking with an assistant that is lost.
    pub is_back: bool,
}

/// Where those who serve rooms say so.
#[derive(Clone)]
pub struct Helpers {
    inputs: mpsc::UnboundedSender<Input>,
    workers: Arc<AtomicU64>,
}

/// One helper's way of saying where it is; dropped, the helper is lost.
pub struct Post {
    helper: Helper,
    inputs: mpsc::UnboundedSender<Input>,
}

impl Helpers {
    /// The post of a worker that has connected.
    pub fn worker(&self) -> Post {
        self.post(Helper::Worker(self.workers.fetch_add(1, Ordering::Relaxed)))
    }

    /// Where the assistant of this process says where it is.
    pub fn own(&self) -> mpsc::UnboundedSender<Whereabouts> {
        let (told, mut whereabouts) = mpsc::unbounded_channel();
        let post = self.post(Helper::Own);
        tokio::spawn(async move {
            while let Some(whereabouts) = whereabouts.recv().await {
                post.is_now(whereabouts);
            }
        });
        told
    }

    /// A visitor has a ticket for `room`.
    pub(in crate::server::rooms) fn expect(&self, room: &str) {
        let _ = self.inputs.send(Input::Expected(room.to_owned()));
    }

    /// These rooms stand.
    pub(in crate::server::rooms) fn standing(&self, standing: &[StandingRoom]) {
        let rooms = standing.iter().filter(|standing| is_support(&standing.room.name));
        let rooms = rooms.map(|standing| {
            let mut there = Present::default();
            for member in &standing.members {
                there.add(member.kind, &member.identity);
            }
            (standing.room.name.clone(), there)
        });
        let _ = self.inputs.send(Input::Standing(rooms.collect()));
    }

    fn post(&self, helper: Helper) -> Post {
        Post { helper, inputs: self.inputs.clone() }
    }
}

impl Post {
    /// It can take calls, or cannot any more.
    pub fn takes_calls(&self, can: bool) {
        let _ = self.inputs.send(Input::Takes(self.helper, can));
    }

    /// It is somewhere else than before.
    pub fn is_now(&self, whereabouts: Whereabouts) {
        let _ = self.inputs.send(match whereabouts {
            Whereabouts::In { room, identity } => Input::In(self.helper, room, identity),
            Whereabouts::Out { room } => Input::Out(self.helper, room),
        });
    }
}

impl Drop for Post {
    fn drop(&mut self) {
        let _ = self.inputs.send(Input::Gone(self.helper));
    }
}

impl Present {
    fn add(&mut self, kind: MemberKind, identity: &str) {
        match kind {
            MemberKind::Person => self.has_person = true,
            MemberKind::Assistant => self.assistants.push(identity.to_owned()),
            MemberKind::Machine => {}
        }
    }
}

/// LiveKit's administration, as far as it is needed here.
#[derive(Clone)]
pub(in crate::server::rooms) struct LiveKit {
    pub(in crate::server::rooms) rooms: Arc<RoomClient>,
    pub(in crate::server::rooms) dispatches: Arc<AgentDispatchClient>,
}

/// Begins; where this process has an assistant of its own, it is sent for by `own`.
pub(in crate::server::rooms) fn start(
    livekit: LiveKit,
    own: Option<mpsc::Sender<Summons>>,
    shutdown: CancellationToken,
) -> Helpers {
    let (inputs, heard) = mpsc::unbounded_channel();
    let task = Task { livekit, relief: Relief::new(own.is_some()), own, inputs: inputs.clone(), start: Instant::now() };
    tokio::spawn(async move {
        tokio::select! {
            () = task.run(heard) => {}
            () = shutdown.cancelled() => {}
        }
    });
    Helpers { inputs, workers: Arc::default() }
}

struct Task {
    livekit: LiveKit,
    relief: Relief,
    own: Option<mpsc::Sender<Summons>>,
    inputs: mpsc::UnboundedSender<Input>,
    start: Instant,
}

impl Task {
    async fn run(mut self, mut heard: mpsc::UnboundedReceiver<Input>) {
        let mut ticks = interval(TICK);
        ticks.set_missed_tick_behavior(MissedTickBehavior::Delay);
        loop {
            let input = tokio::select! {
                input = heard.recv() => match input {
                    Some(input) => input,
                    None => return,
                },
                _ = ticks.tick() => Input::Tick,
            };
            for output in self.relief.on(input, self.start.elapsed()) {
                self.act(output);
            }
        }
    }

    /// Does it, or has it done in the background: nobody waits for LiveKit here.
    fn act(&self, output: Output) {
        match output {
            Output::Come { room, is_back } => {
                let summons = Summons { is_back, ..Summons::to(&room) };
                if self.own.as_ref().is_some_and(|own| own.try_send(summons).is_err()) {
                    tracing::error!(room, "no assistant could be sent: too many rooms wait for theirs");
                }
            }
            Output::Dispatch { room, is_back } => drop(tokio::spawn(self.livekit.clone().dispatch(room, is_back))),
            Output::Look(room) => {
                let (livekit, inputs) = (self.livekit.clone(), self.inputs.clone());
                tokio::spawn(async move {
                    let there = livekit.look(&room).await;
                    let _ = inputs.send(Input::Looked(room, there));
                });
            }
            Output::Remove { room, identity } => drop(tokio::spawn(self.livekit.clone().remove(room, identity))),
        }
    }
}

impl LiveKit {
    async fn dispatch(self, room: String, is_back: bool) {
        let metadata = serde_json::to_string(&JobNote { is_back }).unwrap_or_default();
        let agent_name = agent::DISPATCH_NAME.to_owned();
        let request = CreateAgentDispatchRequest { agent_name, room, metadata, ..Default::default() };
        let room = request.room.clone();
        match self.dispatches.create_dispatch(request).await {
            Ok(_) => tracing::info!(room, is_back, "a worker was asked for"),
            Err(error) => tracing::error!(room, %error, "no worker could be asked for"),
        }
    }

    /// Who is in a room; nobody, where there is no such room.
    async fn look(&self, room: &str) -> Option<Present> {
        match self.rooms.list_participants(room).await.map_err(RoomsError::from) {
            Ok(participants) => {
                let mut there = Present::default();
                for who in participants.iter().filter(|who| who.state() != State::Disconnected) {
                    there.add(member_kind(who), &who.identity);
                }
                Some(there)
            }
            Err(RoomsError::NotFound) => Some(Present::default()),
            Err(RoomsError::Failed(error)) => {
                tracing::debug!(room, error, "a room without an assistant could not be looked at");
                None
            }
        }
    }

    async fn remove(self, room: String, identity: String) {
        match self.rooms.remove_participant(&room, &identity).await.map_err(RoomsError::from) {
            Ok(()) | Err(RoomsError::NotFound) => {}
            Err(RoomsError::Failed(error)) => tracing::warn!(room, error, "a lost assistant is shown for a while"),
        }
    }
}
