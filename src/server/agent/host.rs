//! Which rooms the assistant is in: one task for each call, the engines shared by all.

use std::{collections::BTreeMap, sync::Arc, time::Duration};

use tokio::{sync::mpsc, task::JoinSet};
use tokio_util::sync::CancellationToken;

use super::{
    link::{JoinError, Joined, Kind, Link, Presence},
    script::{Knowledge, Script},
    session::{Engines, Outcome, Session},
    stt,
    tts::flite::Flite,
};
use crate::domain::{
    call::{AgentState, wire},
    faq::Faq,
};

/// How often it tries to get into a room, and the first wait between two tries; it doubles.
const TRIES: u32 = 6;
const FIRST_WAIT: Duration = Duration::from_millis(250);

/// How the assistant presents itself, and what it knows.
#[derive(Clone, Debug)]
pub struct AgentConfig {
    /// The name that visitors see.
    pub name: String,
    /// What it says first.
    pub greeting: String,
    /// flite's voice, one that `flite -lv` lists.
    pub voice: String,
    /// The questions that it answers.
    pub faq: Faq,
}

/// What the engines on this machine make possible.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Speech {
    /// Speech is recognised.
    pub hears: bool,
    /// Answers are spoken.
    pub speaks: bool,
}

/// Looks for the speech engines; quick, and starts none of them.
pub fn speech(config: &AgentConfig) -> Speech {
    Speech { hears: stt::of_this_machine(&config.faq).is_some(), speaks: Flite::is_installed() }
}

/// The assistant, ready to join rooms.
pub struct AgentHost {
    link: Link,
    name: String,
    speech: Speech,
    engines: Engines,
    knowledge: Arc<Knowledge>,
}

impl AgentHost {
    /// Takes what the assistant is and where its rooms are.
    pub fn new(config: AgentConfig, link: Link) -> Self {
        let speech = speech(&config);
        let engines = Engines {
            stt: stt::of_this_machine(&config.faq),
            tts: speech.speaks.then(|| Arc::new(Flite::new(config.voice)) as Arc<_>),
        };
        let knowledge = Arc::new(Knowledge::new(config.faq, config.greeting));
        Self { link, name: config.name, speech, engines, knowledge }
    }

    /// Joins each room that `starts` names, until `shutdown`; then leaves them all.
    pub async fn run(self, mut starts: mpsc::Receiver<String>, shutdown: CancellationToken) {
        let host = Arc::new(self);
        let mut calls = JoinSet::new();
        loop {
            tokio::select! {
                () = shutdown.cancelled() => break,
                Some(_) = calls.join_next() => {}
                room = starts.recv() => match room {
                    Some(room) => {
                        let (host, shutdown) = (host.clone(), shutdown.clone());
                        calls.spawn(async move { host.call(room, shutdown).await });
                    }
                    None => break,
                },
            }
        }
        while calls.join_next().await.is_some() {}
    }

    /// One call, from joining to leaving; joins again when the connection breaks.
    async fn call(&self, room: String, shutdown: CancellationToken) {
        let mut script = Script::new(self.knowledge.clone());
        let mut is_back = false;
        loop {
            let presence = self.presence(&room);
            let joined = tokio::select! {
                () = shutdown.cancelled() => return,
                joined = self.join(&presence) => joined,
            };
            let joined = match joined {
                Ok(joined) => joined,
                Err(error) => {
                    tracing::error!(room, %error, "the assistant cannot join");
                    return;
                }
            };
            tracing::info!(room, "the assistant is in the room");
            let session = Session::new(joined, self.engines.clone(), &mut script, &presence.identity, is_back);
            match session.run(&shutdown).await {
                Outcome::Over => break,
                Outcome::Lost => {
                    tracing::warn!(room, "the assistant lost the room and joins again");
                    is_back = true;
                }
            }
        }
        tracing::info!(room, "the assistant has left the room");
    }

    async fn join(&self, presence: &Presence) -> Result<Joined, JoinError> {
        let mut wait = FIRST_WAIT;
        for _ in 1..TRIES {
            match self.link.join(presence).await {
                Ok(joined) => return Ok(joined),
                Err(error) => tracing::debug!(%error, "joining failed, trying again"),
            }
            tokio::time::sleep(wait).await;
            wait *= 2;
        }
        self.link.join(presence).await
    }

    /// A fresh identity each time: a second join with the same one would throw the first out.
    fn presence(&self, room: &str) -> Presence {
        let speech = if self.speech.hears && self.speech.speaks { "voice" } else { "text" };
        Presence {
            room: room.to_owned(),
            identity: format!("agent-{:032x}", rand::random::<u128>()),
            name: self.name.clone(),
            kind: Kind::Agent,
            attributes: BTreeMap::from([
                (wire::AGENT_STATE.to_owned(), AgentState::Initializing.as_str().to_owned()),
                (wire::SPEECH.to_owned(), speech.to_owned()),
            ]),
        }
    }
}
