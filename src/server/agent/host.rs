//! Which rooms the assistant is in: one task for each call, the engines shared by all.

use std::{
    collections::{BTreeMap, HashMap},
    panic::AssertUnwindSafe,
    sync::Arc,
    time::{Duration, Instant},
};

use futures_util::FutureExt;
use secrecy::ExposeSecret;
use tokio::{
    sync::mpsc,
    task::{Id, JoinError, JoinSet},
};
use tokio_util::sync::CancellationToken;

use super::{
    conversation::Conversation,
    link::{self, Joined, Kind, Link, Presence},
    llm::{self, LlmError},
    report::Reporter,
    session::{Equipment, Outcome, Session},
    settings::{Keys, Settings},
    stt::{self, Stt},
    summons::{Summons, Whereabouts},
    tools::Mailbox,
    tts::{self, FliteVoice, Tts, TtsSetting},
};
use crate::domain::{
    call::{AgentState, wire},
    faq::Faq,
};

/// How often it tries to get into a room, and the first wait between two tries; it doubles.
const TRIES: u32 = 6;
const FIRST_WAIT: Duration = Duration::from_millis(250);

/// Calls at once; beyond this many the machine could not keep up with their sound.
const CALLS_MAX: usize = 100;

/// How often in a row a room may be lost, the wait after the first time, which doubles, and how long a session lasts that
/// was none of that row.
const LOSSES_MAX: u32 = 4;
const LOSS_WAIT: Duration = Duration::from_millis(500);
const STEADY: Duration = Duration::from_secs(60);

/// What the assistant is, what it knows, and what it may use.
#[derive(Clone)]
pub struct AgentConfig {
    /// What its file says.
    pub settings: Settings,
    /// The keys that the file asks for.
    pub keys: Keys,
    /// The questions that it answers.
    pub faq: Faq,
    /// Where it leaves messages.
    pub mailbox: Arc<dyn Mailbox>,
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
    Speech { hears: recognisers(config).is_some(), speaks: voices(config).is_some() }
}

/// The recognisers that the settings name, and behind them what this machine has.
fn recognisers(config: &AgentConfig) -> Option<Arc<dyn Stt>> {
    // Which keys there are was looked at when the settings were read.
    let named = config.settings.stt.iter().filter_map(|ear| ear.clone().with_key(&|name| key(config, name)).ok());
    stt::engine(&named.collect::<Vec<_>>(), &config.faq)
}

/// The voices that the settings name, and behind them flite.
fn voices(config: &AgentConfig) -> Option<Arc<dyn Tts>> {
    let settings = &config.settings;
    let named = settings.tts.iter().filter_map(|voice| voice.clone().with_key(&|name| key(config, name)).ok());
    let mut voices: Vec<_> = named.collect();
    if !voices.iter().any(|voice| matches!(voice, TtsSetting::Flite(_))) {
        voices.push(TtsSetting::Flite(FliteVoice { voice: settings.voice.as_str().to_owned() }));
    }
    tts::engine(&voices, &settings.phrases.cannot_speak)
}

fn key(config: &AgentConfig, name: &str) -> Option<String> {
    config.keys.get(name).map(|key| key.expose_secret().to_owned())
}

/// The assistant, ready to join rooms.
pub struct AgentHost {
    link: Link,
    name: String,
    speech: Speech,
    equipment: Equipment,
    reporter: Option<Arc<dyn Reporter>>,
    whereabouts: Option<mpsc::UnboundedSender<Whereabouts>>,
}

impl AgentHost {
    /// Takes what the assistant is and where its rooms are.
    ///
    /// # Errors
    /// A model that cannot be set up.
    pub fn new(config: AgentConfig, link: Link) -> Result<Self, LlmError> {
        let (stt, tts) = (recognisers(&config), voices(&config));
        let speech = Speech { hears: stt.is_some(), speaks: tts.is_some() };
        let AgentConfig { settings, keys, faq, mailbox } = config;
        let equipment = Equipment {
            stt,
            tts,
            llm: llm::open(&settings, &keys, &faq)?,
            mailbox,
            greeting: settings.greeting.as_str().into(),
            phrases: Arc::new(settings.phrases),
            timings: settings.timings,
            noise_suppression: settings.noise_suppression,
        };
        Ok(Self { link, name: settings.name.as_str().to_owned(), speech, equipment, reporter: None, whereabouts: None })
    }

    /// Tells `reporter` what is heard in its calls.
    pub fn reporting_to(self, reporter: Arc<dyn Reporter>) -> Self {
        Self { reporter: Some(reporter), ..self }
    }

    /// Tells `whereabouts` which rooms it comes to and leaves.
    pub fn telling(self, whereabouts: mpsc::UnboundedSender<Whereabouts>) -> Self {
        Self { whereabouts: Some(whereabouts), ..self }
    }

    /// Goes where `summons` call it, until they end and its calls with them, or until `shutdown`, when it leaves them all.
    pub async fn run(self, mut summons: mpsc::Receiver<Summons>, shutdown: CancellationToken) {
        let host = Arc::new(self);
        let mut calls = Calls::default();
        loop {
            tokio::select! {
                // A room's call that is over does not stand in the way of its next.
                biased;
                () = shutdown.cancelled() => break,
                room = calls.one_ended() => host.tell(Whereabouts::Out { room }),
                next = summons.recv() => match next {
                    Some(summons) => {
                        let room = summons.room.clone();
                        let call = host.clone().answer(summons, shutdown.child_token());
                        if !calls.begin(room.clone(), call) {
                            host.tell(Whereabouts::Out { room });
                        }
                    }
                    None => break,
                },
            }
        }
        while !calls.is_empty() {
            let room = calls.one_ended().await;
            host.tell(Whereabouts::Out { room });
        }
    }

    fn tell(&self, whereabouts: Whereabouts) {
        if let Some(told) = &self.whereabouts {
            let _ = told.send(whereabouts);
        }
    }

    /// One call, until it is over or the summons are withdrawn.
    async fn answer(self: Arc<Self>, summons: Summons, stop: CancellationToken) {
        let mut call = std::pin::pin!(self.call(&summons, &stop));
        tokio::select! {
            () = &mut call => {}
            () = summons.until.cancelled() => {
                stop.cancel();
                call.await;
            }
        }
    }

    /// One call, from joining to leaving; joins again when the connection breaks, or the session itself does.
    async fn call(&self, summons: &Summons, shutdown: &CancellationToken) {
        let room = summons.room.as_str();
        if let Some(tts) = &self.equipment.tts {
            tts.warm();
        }
        let mut conversation = Conversation::default();
        let mut is_back = summons.is_back;
        let mut losses = Losses::default();
        loop {
            let presence = self.presence(summons);
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
            self.tell(Whereabouts::In { room: room.to_owned(), identity: presence.identity.clone() });
            let (equipment, reporter) = (self.equipment.clone(), self.reporter.clone());
            let session = Session::new(joined, &presence, equipment, &mut conversation, is_back, reporter);
            let start = Instant::now();
            let outcome = AssertUnwindSafe(session.run(shutdown)).catch_unwind().await;
            let outcome = outcome.unwrap_or_else(|_| {
                tracing::error!(room, "a session broke down");
                Outcome::Lost { greeted: is_back || conversation.items().len() > 0 }
            });
            let Outcome::Lost { greeted } = outcome else { break };
            let Some(wait) = losses.lost_after(start.elapsed()) else {
                tracing::error!(
                    room,
                    losses = LOSSES_MAX,
                    "the assistant gives up a room that it loses again and again"
                );
                break;
            };
            tracing::warn!(room, ?wait, "the assistant lost the room and joins again");
            is_back = greeted;
            tokio::select! {
                () = shutdown.cancelled() => break,
                () = tokio::time::sleep(wait) => {}
            }
        }
        tracing::info!(room, "the assistant has left the room");
    }

    async fn join(&self, presence: &Presence) -> Result<Joined, link::JoinError> {
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

    /// Its identity is a fresh one each time, unless one is expected: a second join with the same one throws the first out.
    fn presence(&self, summons: &Summons) -> Presence {
        let fresh = || format!("agent-{:032x}", rand::random::<u128>());
        let speech = if self.speech.hears && self.speech.speaks { "voice" } else { "text" };
        Presence {
            room: summons.room.clone(),
            identity: summons.identity.clone().unwrap_or_else(fresh),
            name: self.name.clone(),
            kind: Kind::Agent,
            attributes: BTreeMap::from([
                (wire::AGENT_STATE.to_owned(), AgentState::Initializing.as_str().to_owned()),
                (wire::SPEECH.to_owned(), speech.to_owned()),
            ]),
        }
    }
}

/// The calls that go on, one for each room.
#[derive(Default)]
struct Calls {
    tasks: JoinSet<()>,
    rooms: HashMap<Id, String>,
}

impl Calls {
    /// Begins a room's call, unless the room has one or there are too many; whether it has one.
    fn begin(&mut self, room: String, call: impl Future<Output = ()> + Send + 'static) -> bool {
        if self.rooms.values().any(|known| *known == room) {
            tracing::debug!(room, "the assistant is there already, or on its way");
        } else if self.tasks.len() >= CALLS_MAX {
            tracing::error!(room, calls = CALLS_MAX, "too many calls: the assistant does not come");
            return false;
        } else {
            let id = self.tasks.spawn(call).id();
            self.rooms.insert(id, room);
        }
        true
    }

    fn is_empty(&self) -> bool {
        self.tasks.is_empty()
    }

    /// Waits until a call has ended, and gives its room; for ever where there is none.
    async fn one_ended(&mut self) -> String {
        match self.tasks.join_next_with_id().await {
            Some(ended) => self.on_ended(ended),
            None => std::future::pending().await,
        }
    }

    fn on_ended(&mut self, ended: Result<(Id, ()), JoinError>) -> String {
        let id = match &ended {
            Ok((id, ())) => *id,
            Err(error) => error.id(),
        };
        let room = self.rooms.remove(&id).unwrap_or_default();
        if let Err(error) = ended {
            tracing::error!(room, %error, "a call broke down");
        }
        room
    }
}

/// How often in a row the room was lost.
#[derive(Debug, Default)]
struct Losses(u32);

impl Losses {
    /// The room was lost after `lasted`; how long to wait before joining again, if there is any point in it.
    fn lost_after(&mut self, lasted: Duration) -> Option<Duration> {
        self.0 = if lasted >= STEADY { 1 } else { self.0 + 1 };
        (self.0 <= LOSSES_MAX).then(|| LOSS_WAIT * 2u32.pow(self.0 - 1))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn a_room_has_one_call_at_a_time_even_after_one_broke_down() {
        let (begun, mut names) = mpsc::unbounded_channel();
        let mut calls = Calls::default();
        let begin = |calls: &mut Calls, name: &'static str, breaks: bool| {
            let begun = begun.clone();
            calls.begin("support-1".into(), async move {
                begun.send(name).unwrap();
                assert!(!breaks, "a call that breaks down");
            });
        };
        begin(&mut calls, "first", true);
        begin(&mut calls, "refused", false);
        calls.one_ended().await;
        begin(&mut calls, "second", false);
        calls.one_ended().await;
        assert!(calls.rooms.is_empty());
        let begun: Vec<_> = std::iter::from_fn(|| names.try_recv().ok()).collect();
        assert_eq!(begun, ["first", "second"]);
    }

    #[tokio::test]
    async fn there_are_so_many_calls_at_once() {
        let mut calls = Calls::default();
        for n in 0..CALLS_MAX + 5 {
            calls.begin(format!("support-{n}"), std::future::pending());
        }
        assert_eq!(calls.tasks.len(), CALLS_MAX);
    }

    #[test]
    fn a_room_that_is_lost_again_and_again_is_given_up() {
        let mut losses = Losses::default();
        let waits: Vec<_> = (0..5).map(|_| losses.lost_after(Duration::from_secs(1))).collect();
        let expected = [Some(500), Some(1000), Some(2000), Some(4000), None];
        assert_eq!(waits, expected.map(|ms| ms.map(Duration::from_millis)));
    }

    #[test]
    fn a_session_that_lasted_begins_anew() {
        let mut losses = Losses::default();
        let waits = [1, 1, 60, 1].map(|seconds| losses.lost_after(Duration::from_secs(seconds)));
        assert_eq!(waits, [500, 1000, 500, 1000].map(|ms| Some(Duration::from_millis(ms))));
    }
}
