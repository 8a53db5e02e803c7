//! One call: it owns the ears, the turns, the answer that is being played and the words on the screen.
//!
//! Everything that happens comes to one task: the room's events, recognised words, sentences that are ready to be
//! heard, and a tick each 20 ms that is the clock of what is played. Engines work elsewhere and are never waited for.

use std::{
    collections::{BTreeMap, BTreeSet, HashMap},
    sync::Arc,
    time::{Duration, Instant},
};

use tokio::{
    sync::mpsc,
    time::{MissedTickBehavior, interval},
};
use tokio_util::sync::CancellationToken;

use super::{
    ear::Ear,
    link::{Closed, Joined, Kind, Order, RoomEvent},
    mouth::Mouth,
    outbox::Outbox,
    script::{Brain, Then},
    stt::{Stt, Utterance, UtteranceId, Words},
    transcript::{Transcripts, Voice},
    tts::Tts,
    turn::{Input, Output, Timings, Turns},
    vad::Edge,
};
use crate::domain::call::AgentState;

/// The attribute that front ends read the assistant's state from.
pub(super) const STATE_ATTRIBUTE: &str = "lk.agent.state";

/// The topic of chat messages.
const CHAT_TOPIC: &str = "lk.chat";

/// The clock of what is played.
const FRAME: Duration = Duration::from_millis(20);

/// How long it waits for somebody to come.
const NOBODY: Duration = Duration::from_secs(30);

/// How long it waits for somebody to come back: a reload of the page, a change of network.
const DEPARTED: Duration = Duration::from_secs(15);

/// How long after somebody came their browser should be receiving the assistant, if the server does not tell.
const AUDIBLE_AFTER: Duration = Duration::from_millis(700);

/// How long its last words may take to leave the listener's buffer.
const FAREWELL: Duration = Duration::from_millis(800);

/// A chat message is cut here: an answer needs no more of it.
const CHAT_CHARS: usize = 500;

/// Words that may wait to be looked at; interim ones beyond that are dropped.
const QUEUE: usize = 64;

/// The engines of this machine; those that are missing leave the call to text.
#[derive(Clone)]
pub(super) struct Engines {
    pub(super) stt: Option<Arc<dyn Stt>>,
    pub(super) tts: Option<Arc<dyn Tts>>,
}

/// How a session ended.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Outcome {
    /// The call is over.
    Over,
    /// The connection broke.
    Lost {
        /// Whether somebody was greeted by then.
        greeted: bool,
    },
}

/// Where the visitor is.
#[derive(Clone, Copy, Debug)]
enum Attendance {
    /// Nobody came yet.
    Awaited { since: Duration },
    /// Somebody is here, and may not hear us yet.
    Arriving { since: Duration },
    /// Somebody is here and was greeted.
    Here,
    /// Everybody has left.
    Departed { since: Duration },
    /// The assistant has said goodbye and leaves at this time.
    Leaving { at: Duration },
}

/// One call.
pub(super) struct Session<'a> {
    events: mpsc::Receiver<RoomEvent>,
    outbox: Outbox,
    engines: Engines,
    brain: &'a mut dyn Brain,
    own: Voice,
    is_back: bool,
    start: Instant,
    attendance: Attendance,
    is_audible: bool,
    visitors: BTreeSet<String>,
    ears: HashMap<String, Ear>,
    turns: Turns,
    transcripts: Transcripts,
    /// Who was heard last, and their utterance while it goes on.
    talker: Option<Voice>,
    utterance: Option<Box<dyn Utterance>>,
    words: (mpsc::Sender<Words>, mpsc::Receiver<Words>),
    mouth: Mouth,
}

impl<'a> Session<'a> {
    /// Takes a room that was joined as `identity`; `is_back` when whoever comes was greeted before the connection broke.
    pub(super) fn new(
        joined: Joined,
        engines: Engines,
        brain: &'a mut dyn Brain,
        identity: &str,
        is_back: bool,
    ) -> Self {
        let own = Voice { identity: identity.to_owned(), track: String::new() };
        let mouth = Mouth::new(engines.tts.clone());
        Self {
            events: joined.events,
            outbox: Outbox::new(joined.orders),
            engines,
            brain,
            transcripts: Transcripts::new(format!("{:08x}", rand::random::<u32>())),
            own,
            is_back,
            start: Instant::now(),
            attendance: Attendance::Awaited { since: Duration::ZERO },
            is_audible: false,
            visitors: BTreeSet::new(),
            ears: HashMap::new(),
            turns: Turns::new(Timings::default()),
            talker: None,
            utterance: None,
            words: mpsc::channel(QUEUE),
            mouth,
        }
    }

    /// Holds the conversation until it is over.
    pub(super) async fn run(mut self, shutdown: &CancellationToken) -> Outcome {
        let mut ticks = interval(FRAME);
        // After a stall the listener's buffer is refilled at once.
        ticks.set_missed_tick_behavior(MissedTickBehavior::Burst);
        let outcome = loop {
            let over = tokio::select! {
                biased;
                () = shutdown.cancelled() => Some(Outcome::Over),
                _ = ticks.tick() => self.on_tick(),
                event = self.events.recv() => match event {
                    Some(RoomEvent::Closed(Closed::Lost)) | None => Some(self.lost()),
                    Some(RoomEvent::Closed(Closed::Ended)) => Some(Outcome::Over),
                    Some(event) => {
                        self.on_room(event);
                        None
                    }
                },
                Some(words) = self.words.1.recv() => {
                    self.on_words(words);
                    None
                }
                Some(spoken) = self.mouth.spoken() => {
                    self.mouth.on_spoken(spoken);
                    None
                }
            };
            if let Some(outcome) = over {
                break outcome;
            }
            if self.outbox.is_blocked() {
                tracing::warn!("the room takes no orders any more");
                break self.lost();
            }
        };
        self.stop_speaking();
        // The last sound fades out.
        self.outbox.send_all(self.mouth.tick().frame);
        self.outbox.send(Order::Leave);
        outcome
    }

    /// The room is gone: the end of a call that was over, and a mishap otherwise.
    fn lost(&self) -> Outcome {
        match self.attendance {
            Attendance::Leaving { .. } => Outcome::Over,
            Attendance::Here | Attendance::Departed { .. } => Outcome::Lost { greeted: true },
            Attendance::Awaited { .. } | Attendance::Arriving { .. } => Outcome::Lost { greeted: self.is_back },
        }
    }

    fn now(&self) -> Duration {
        self.start.elapsed()
    }

    fn on_room(&mut self, event: RoomEvent) {
        let now = self.now();
        match event {
            RoomEvent::Published { track } => self.own.track = track,
            RoomEvent::Audible => self.is_audible = true,
            // Agents and other machines do not make a call.
            RoomEvent::Arrived { kind: Kind::Agent | Kind::Other, .. } | RoomEvent::Attributes { .. } => {}
            RoomEvent::Arrived { identity, kind: Kind::Person } => {
                self.visitors.insert(identity);
                match self.attendance {
                    Attendance::Awaited { .. } => self.attendance = Attendance::Arriving { since: now },
                    Attendance::Departed { .. } => self.attendance = Attendance::Here,
                    Attendance::Arriving { .. } | Attendance::Here | Attendance::Leaving { .. } => {}
                }
            }
            RoomEvent::Left { identity } => self.on_left(&identity, now),
            RoomEvent::Audio { identity, track, opus, gap } => {
                if self.engines.stt.is_some() && self.visitors.contains(&identity) {
                    self.on_audio(&identity, &track, &opus, gap, now);
                }
            }
            RoomEvent::Muted { identity } => {
                let edge = self.ears.get_mut(&identity).and_then(|ear| ear.on_muted(now));
                self.on_edges(&identity, edge.into_iter().collect(), now);
            }
            RoomEvent::Text { identity, topic, text, .. } => {
                if topic != CHAT_TOPIC || !self.visitors.contains(&identity) {
                    return;
                }
                let text: String = text.trim().chars().take(CHAT_CHARS).collect();
                if !text.is_empty() {
                    self.on_turn(Input::Wrote(text), now);
                }
            }
            RoomEvent::Closed(_) => {}
        }
    }

    fn on_left(&mut self, identity: &str, now: Duration) {
        let edge = self.ears.remove(identity).and_then(|mut ear| ear.on_muted(now));
        self.on_edges(identity, edge.into_iter().collect(), now);
        if !self.visitors.remove(identity) || !self.visitors.is_empty() {
            return;
        }
        match self.attendance {
            Attendance::Arriving { .. } => self.attendance = Attendance::Awaited { since: now },
            Attendance::Here => {
                self.attendance = Attendance::Departed { since: now };
                self.stop_speaking();
                self.on_turn(Input::AnswerFinished, now);
            }
            Attendance::Awaited { .. } | Attendance::Departed { .. } | Attendance::Leaving { .. } => {}
        }
    }

    fn on_audio(&mut self, identity: &str, track: &str, opus: &[u8], gap: bool, now: Duration) {
        if !self.ears.contains_key(identity) {
            let Some(ear) = Ear::new() else { return };
            self.ears.insert(identity.to_owned(), ear);
            if let Some(stt) = &self.engines.stt {
                stt.warm();
            }
        }
        let Some(ear) = self.ears.get_mut(identity) else { return };
        let edges = ear.on_packet(track, opus, gap, now);
        self.on_edges(identity, edges, now);
    }

    /// Hears one person at a time: who begins is heard to the end.
    fn on_edges(&mut self, identity: &str, edges: Vec<Edge>, now: Duration) {
        for edge in edges {
            let is_talker = self.talker.as_ref().is_some_and(|talker| talker.identity == identity);
            match edge {
                Edge::Started { at, pcm } if self.utterance.is_none() => {
                    let track = self.ears.get(identity).map(|ear| ear.track().to_owned()).unwrap_or_default();
                    self.talker = Some(Voice { identity: identity.to_owned(), track });
                    self.on_turn(Input::SpeechStarted { at }, now);
                    self.hear(&pcm);
                }
                Edge::Continued { until, pcm } if is_talker => {
                    self.hear(&pcm);
                    self.on_turn(Input::SpeechGoesOn { until }, now);
                }
                Edge::Ended { at } if is_talker => self.on_turn(Input::SpeechEnded { at }, now),
                Edge::Started { .. } | Edge::Continued { .. } | Edge::Ended { .. } => {}
            }
        }
    }

    fn hear(&mut self, pcm: &[i16]) {
        if let Some(utterance) = &mut self.utterance {
            utterance.hear(pcm);
        }
    }

    fn on_words(&mut self, Words { utterance, text, is_final }: Words) {
        let now = self.now();
        let orders = self.transcripts.visitor_said(utterance, &text, is_final, now);
        self.outbox.send_all(orders);
        if is_final {
            self.on_turn(Input::Words { utterance, text }, now);
        }
    }

    /// Plays the next 20 ms and looks at the clock.
    fn on_tick(&mut self) -> Option<Outcome> {
        let now = self.now();
        let identities: Vec<String> = self.ears.keys().cloned().collect();
        for identity in identities {
            let edge = self.ears.get_mut(&identity).and_then(|ear| ear.on_tick(now));
            self.on_edges(&identity, edge.into_iter().collect(), now);
        }
        self.on_turn(Input::Tick, now);
        self.play(now);
        self.on_attendance(now)
    }

    fn play(&mut self, now: Duration) {
        let uttered = self.mouth.tick();
        if uttered.is_first {
            self.on_turn(Input::AnswerStarted, now);
        }
        if let Some(frame) = uttered.frame {
            self.outbox.send(frame);
        }
        if !uttered.heard.is_empty() {
            let orders = self.transcripts.agent_said(&self.own, &uttered.heard, now);
            self.outbox.send_all(orders);
        }
        if let Some(then) = uttered.over {
            let orders = self.transcripts.agent_finished(&self.own, now);
            self.outbox.send_all(orders);
            self.on_turn(Input::AnswerFinished, now);
            if then == Then::Leave {
                self.attendance = Attendance::Leaving { at: now + FAREWELL };
            }
        }
    }

    fn on_attendance(&mut self, now: Duration) -> Option<Outcome> {
        match self.attendance {
            Attendance::Awaited { since } if now.saturating_sub(since) >= NOBODY => Some(Outcome::Over),
            Attendance::Departed { since } if now.saturating_sub(since) >= DEPARTED => Some(Outcome::Over),
            Attendance::Leaving { at } if now >= at => Some(Outcome::Over),
            Attendance::Arriving { since } => {
                let waited = now.saturating_sub(since);
                let is_ready = self.is_audible && !self.own.track.is_empty();
                if is_ready || waited >= AUDIBLE_AFTER {
                    self.attendance = Attendance::Here;
                    let text = if self.is_back {
                        "I am sorry, the line dropped for a moment. Where were we?".to_owned()
                    } else {
                        self.brain.greeting()
                    };
                    self.on_turn(Input::Greet, now);
                    self.say(text, Then::Listen);
                }
                None
            }
            Attendance::Awaited { .. }
            | Attendance::Departed { .. }
            | Attendance::Leaving { .. }
            | Attendance::Here => None,
        }
    }

    /// Tells the turns, and does what they say.
    fn on_turn(&mut self, input: Input, now: Duration) {
        for output in self.turns.on(input, now) {
            match output {
                Output::Show(state) => self.show(state),
                Output::Listen(utterance) => self.listen(utterance),
                Output::Finish => {
                    if let Some(utterance) = self.utterance.take() {
                        utterance.finish();
                    }
                }
                Output::Pause => self.mouth.pause(),
                Output::Resume => self.mouth.resume(),
                Output::Cancel => self.stop_speaking(),
                Output::Answer(said) => self.answer(&said),
                Output::AskAgain => {
                    let text = self.brain.pardon();
                    self.say(text, Then::Listen);
                }
            }
        }
    }

    fn listen(&mut self, id: UtteranceId) {
        if let Some(talker) = self.talker.clone() {
            self.transcripts.visitor_begins(id, talker);
        }
        self.utterance = self.engines.stt.as_ref().map(|stt| stt.begin(id, self.words.0.clone()));
    }

    fn show(&mut self, state: AgentState) {
        let attributes = BTreeMap::from([(STATE_ATTRIBUTE.to_owned(), state_name(state).to_owned())]);
        self.outbox.send(Order::Attributes(attributes));
    }

    fn answer(&mut self, said: &str) {
        let answer = self.brain.answer(said);
        self.say(answer.text, answer.then);
    }

    fn say(&mut self, text: String, then: Then) {
        self.stop_speaking();
        self.mouth.say(text, then);
    }

    /// Silence, at once; the words that were heard stay as they are.
    fn stop_speaking(&mut self) {
        self.mouth.stop();
        let now = self.now();
        let orders = self.transcripts.agent_cut(&self.own, now);
        self.outbox.send_all(orders);
    }
}

/// The state as LiveKit's front ends spell it.
pub(super) fn state_name(state: AgentState) -> &'static str {
    match state {
        AgentState::Initializing => "initializing",
        AgentState::Idle => "idle",
        AgentState::Listening => "listening",
        AgentState::Thinking => "thinking",
        AgentState::Speaking => "speaking",
    }
}
