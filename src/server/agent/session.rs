//! One call: it owns the ears, the turns, the answer that is being played and the words on the screen.
//!
//! Everything that happens comes to one task: the room's events, recognised words, answers that are being made, sound that
//! is ready to be heard, and a tick each 20 ms that is the clock of what is played. Engines work elsewhere and are never
//! waited for.

use std::{
    collections::{BTreeMap, HashMap},
    sync::Arc,
    time::{Duration, Instant, SystemTime},
};

use tokio::{
    sync::mpsc,
    time::{MissedTickBehavior, interval},
};
use tokio_util::sync::CancellationToken;

use super::{
    answers::{Answers, Taken},
    attendance::{self, Attendance, Standing},
    audio::recording::Recording,
    commands::{Command, Event},
    conversation::Conversation,
    ear::Ear,
    link::{Closed, Joined, Kind, Order, Presence, RoomEvent},
    listeners::Listeners,
    llm::Llm,
    mouth::Mouth,
    outbox::Outbox,
    patience::{self, Activity, Patience},
    phrases::Phrases,
    reply::{Made, Maker, ToolEnded},
    report::{Account, Reporter},
    script::Then,
    settings::Timings,
    stopwatch::Stopwatch,
    stt::{Attention, Stt, Understood, UtteranceId, Words},
    tools::Mailbox,
    transcript::{Transcripts, Voice},
    tts::Tts,
    turn::{Input, Output, Turns},
    vad::Edge,
};
use crate::domain::call::{AgentState, wire};

/// The clock of what is played.
const FRAME: Duration = Duration::from_millis(20);

/// A chat message is cut here: an answer needs no more of it.
const CHAT_CHARS: usize = 500;

/// Words that may wait to be looked at; interim ones beyond that are dropped.
const QUEUE: usize = 64;

/// What calls are held with; the same for all of them.
#[derive(Clone)]
pub(super) struct Equipment {
    /// Without one, visitors write.
    pub(super) stt: Option<Arc<dyn Stt>>,
    /// Without one, visitors read.
    pub(super) tts: Option<Arc<dyn Tts>>,
    /// What answers.
    pub(super) llm: Arc<dyn Llm>,
    /// What tools act through.
    pub(super) mailbox: Arc<dyn Mailbox>,
    /// What is said first.
    pub(super) greeting: Arc<str>,
    /// What is said without a model.
    pub(super) phrases: Arc<Phrases>,
    /// How long things take.
    pub(super) timings: Timings,
    /// Whether noise is taken out of what is heard.
    pub(super) noise_suppression: bool,
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

/// What somebody's microphone heard before the assistant did: their identity, and the sound, 16 kHz mono.
type Heard = (String, Vec<i16>);

/// One call.
pub(super) struct Session<'a> {
    events: mpsc::Receiver<RoomEvent>,
    outbox: Outbox,
    equipment: Equipment,
    answers: Answers<'a>,
    tools: mpsc::Receiver<ToolEnded>,
    own: Voice,
    start: Instant,
    attendance: Attendance,
    listeners: Listeners,
    /// Whether somebody receives the assistant's track.
    is_received: bool,
    ears: HashMap<String, Ear>,
    turns: Turns,
    patience: Patience,
    /// Utterances in a row of which no word was understood.
    pardons: usize,
    transcripts: Transcripts,
    /// Who was heard last, since when, and their utterance while it goes on.
    talker: Option<Voice>,
    talker_since: Duration,
    utterance: Option<Attention>,
    recordings: (mpsc::Sender<Heard>, mpsc::Receiver<Heard>),
    words: (mpsc::Sender<Words>, mpsc::Receiver<Words>),
    /// Whether nobody was left who could have understood the last utterance.
    is_deaf: bool,
    /// Whether the greeting waits for what the visitor says.
    owes_greeting: bool,
    mouth: Mouth,
    account: Account,
    stopwatch: Stopwatch,
}

impl<'a> Session<'a> {
    /// Takes a room that was joined as `identity` and goes on with `conversation`; `is_back` when whoever comes was greeted
    /// before the connection broke. What is heard is told to `reporter`.
    pub(super) fn new(
        joined: Joined,
        presence: &Presence,
        equipment: Equipment,
        conversation: &'a mut Conversation,
        is_back: bool,
        reporter: Option<Arc<dyn Reporter>>,
    ) -> Self {
        let own = Voice { identity: presence.identity.clone(), track: String::new() };
        let (tool_ends, tools) = mpsc::channel(QUEUE);
        let maker = Maker {
            llm: equipment.llm.clone(),
            mailbox: equipment.mailbox.clone(),
            room: joined.room.clone(),
            phrases: equipment.phrases.clone(),
            tools: tool_ends,
        };
        let timings = &equipment.timings;
        let since_epoch = SystemTime::UNIX_EPOCH.elapsed().unwrap_or_default();
        let now_ms = i64::try_from(since_epoch.as_millis()).unwrap_or(i64::MAX);
        Self {
            events: joined.events,
            outbox: Outbox::new(joined.orders),
            answers: Answers::new(maker, conversation),
            tools,
            transcripts: Transcripts::new(format!("{:08x}", rand::random::<u32>())),
            own,
            start: Instant::now(),
            attendance: Attendance::new(is_back),
            listeners: Listeners::default(),
            is_received: false,
            ears: HashMap::new(),
            turns: Turns::new(timings.into()),
            patience: Patience::new(timings.still_there_ms.0, Duration::from_secs(60) * timings.longest_call_minutes),
            pardons: 0,
            talker: None,
            talker_since: Duration::ZERO,
            utterance: None,
            recordings: mpsc::channel(QUEUE),
            words: mpsc::channel(QUEUE),
            is_deaf: false,
            owes_greeting: false,
            mouth: Mouth::new(equipment.tts.clone(), &equipment.phrases.cannot_speak),
            account: Account::new(reporter, joined.room, now_ms),
            stopwatch: Stopwatch::default(),
            equipment,
        }
    }

    /// Holds the conversation until it is over.
    pub(super) async fn run(mut self, shutdown: &CancellationToken) -> Outcome {
        self.mouth.set_slow(self.answers.is_slow());
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
                // Nobody would hear an answer that is given before the greeting would be.
                Some((identity, pcm)) = self.recordings.1.recv(), if self.attendance.is_talking() => {
                    let now = self.now();
                    let edges = self.ears.get_mut(&identity).map(|ear| ear.on_recording(&pcm, now));
                    self.on_edges(&identity, edges.unwrap_or_default(), now);
                    None
                }
                Some(words) = self.words.1.recv() => {
                    self.on_words(words);
                    None
                }
                Some(ended) = self.tools.recv() => {
                    self.answers.on_tool(ended);
                    None
                }
                made = self.answers.made() => {
                    self.on_made(made);
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
        match self.attendance.standing() {
            Standing::Done => Outcome::Over,
            Standing::Talking => Outcome::Lost { greeted: true },
            Standing::Ungreeted => Outcome::Lost { greeted: false },
        }
    }

    fn now(&self) -> Duration {
        self.start.elapsed()
    }

    fn on_room(&mut self, event: RoomEvent) {
        let now = self.now();
        match event {
            RoomEvent::Published { track } => {
                self.own.track = track;
                self.on_received(now);
            }
            RoomEvent::Audible => {
                self.is_received = true;
                self.on_received(now);
            }
            // Agents and other machines do not make a call.
            RoomEvent::Arrived { kind: Kind::Agent | Kind::Other, .. } | RoomEvent::Attributes { .. } => {}
            RoomEvent::Arrived { identity, kind: Kind::Person } => {
                self.on_attendance(attendance::Input::Arrived(identity), now);
            }
            RoomEvent::Left { identity } => self.on_left(identity, now),
            RoomEvent::Audio { identity, track, opus, gap } => {
                self.on_audio(&identity, &track, &opus, gap, now);
            }
            RoomEvent::Data { identity, topic, payload } => {
                let is_command = topic == wire::COMMAND_TOPIC && self.attendance.has(&identity);
                if let Some(command) = Command::read(&payload).filter(|_| is_command) {
                    self.obey(command, now);
                }
            }
            RoomEvent::Called { identity, id, method, version } => {
                let answer = Command::called(&method, version).map(|command| {
                    if self.attendance.has(&identity) {
                        self.obey(command, now);
                    }
                    Event::CommandRecognized { command }.json()
                });
                self.outbox.send(Order::Answer { to: identity, id, answer });
            }
            RoomEvent::Recorded { identity, track } => {
                if let Some(ear) = self.ear(&identity) {
                    ear.await_recording(&track, now);
                }
            }
            RoomEvent::Bytes { identity, topic, mime, attributes, bytes } => {
                let ear = self.ears.get_mut(&identity).filter(|_| topic == wire::RECORDING_TOPIC);
                if ear.is_some_and(Ear::takes_recording) {
                    self.on_bytes(identity, mime, &attributes, bytes);
                }
            }
            RoomEvent::Muted { identity } => {
                let edge = self.ears.get_mut(&identity).and_then(|ear| ear.on_muted(now));
                self.on_edges(&identity, edge.into_iter().collect(), now);
            }
            RoomEvent::Text { identity, topic, text, .. } => {
                if topic != wire::CHAT_TOPIC || !self.attendance.has(&identity) {
                    return;
                }
                let text: String = text.trim().chars().take(CHAT_CHARS).collect();
                if !text.is_empty() {
                    self.patience.on(Activity::Writing, now);
                    let written = self.transcripts.visitor_wrote(identity, &text, now);
                    self.account.heard(&written, &self.own.identity, true);
                    self.stopwatch.wrote();
                    self.on_turn(Input::Wrote(text), now);
                }
            }
            RoomEvent::Arrival { identity, arrived } => self.account.arrived(identity, arrived, now),
            RoomEvent::Quality { identity, quality } => {
                if self.attendance.has(&identity) {
                    self.listeners.on_quality(identity.clone(), quality);
                    self.mouth.set_bitrate(self.listeners.bitrate_bps());
                }
                self.account.judged(identity, quality, now);
            }
            RoomEvent::RoundTrip(trip) => self.account.went_round(self.own.identity.clone(), trip, now),
            RoomEvent::Closed(_) => {}
        }
    }

    fn obey(&mut self, command: Command, now: Duration) {
        self.tell(&Event::CommandRecognized { command });
        match command {
            Command::Help => {
                self.patience.on(Activity::Writing, now);
                self.on_turn(Input::Wrote("help".to_owned()), now);
            }
            Command::Clear => {
                self.stop_speaking();
                self.answers.forget();
                self.mouth.set_slow(false);
                self.on_turn(Input::AnswerFinished, now);
            }
        }
    }

    fn tell(&mut self, event: &Event) {
        self.outbox.send(Order::Data { topic: wire::EVENT_TOPIC, payload: event.json().into_bytes() });
    }

    /// The assistant is audible once its track has an id, under which its words are shown, and somebody receives it.
    fn on_received(&mut self, now: Duration) {
        if self.is_received && !self.own.track.is_empty() {
            self.on_attendance(attendance::Input::Audible, now);
        }
    }

    fn on_left(&mut self, identity: String, now: Duration) {
        let edge = self.ears.remove(&identity).and_then(|mut ear| ear.on_muted(now));
        self.on_edges(&identity, edge.into_iter().collect(), now);
        self.listeners.on_left(&identity);
        self.mouth.set_bitrate(self.listeners.bitrate_bps());
        self.on_attendance(attendance::Input::Left(identity), now);
    }

    fn on_audio(&mut self, identity: &str, track: &str, opus: &[u8], gap: bool, now: Duration) {
        let Some(ear) = self.ear(identity) else { return };
        let edges = ear.on_packet(track, opus, gap, now);
        self.on_edges(identity, edges, now);
    }

    /// The ear for somebody who is here as a visitor; none where nobody recognises speech.
    fn ear(&mut self, identity: &str) -> Option<&mut Ear> {
        let stt = self.equipment.stt.as_ref().filter(|_| self.attendance.has(identity))?;
        if !self.ears.contains_key(identity) {
            let ear = Ear::new(self.equipment.noise_suppression)?;
            self.ears.insert(identity.to_owned(), ear);
            stt.warm();
        }
        self.ears.get_mut(identity)
    }

    /// Reads a recording elsewhere, since that takes a while.
    fn on_bytes(&self, identity: String, mime: String, attributes: &BTreeMap<String, String>, bytes: Vec<u8>) {
        let number = |name: &str| attributes.get(name).and_then(|number| number.parse().ok()).unwrap_or_default();
        let recording = Recording { mime, rate_hz: number("sampleRate"), channels: number("channels"), bytes };
        let (recordings, noise_suppression) = (self.recordings.0.clone(), self.equipment.noise_suppression);
        tokio::task::spawn_blocking(move || {
            let pcm = recording.sound(noise_suppression);
            if pcm.is_none() {
                tracing::info!(mime = recording.mime, "a recording from before the call cannot be read");
            }
            let _ = recordings.blocking_send((identity, pcm.unwrap_or_default()));
        });
    }

    /// Hears one person at a time: who begins is heard to the end.
    fn on_edges(&mut self, identity: &str, edges: Vec<Edge>, now: Duration) {
        for edge in edges {
            let is_talker = self.talker.as_ref().is_some_and(|talker| talker.identity == identity);
            match edge {
                Edge::Started { at, pcm } if self.utterance.is_none() => {
                    let track = self.ears.get(identity).map(|ear| ear.track().to_owned()).unwrap_or_default();
                    self.talker = Some(Voice { identity: identity.to_owned(), track });
                    self.talker_since = at;
                    self.on_turn(Input::SpeechStarted { at }, now);
                    self.hear(&pcm, at);
                }
                Edge::Continued { until, pcm } if is_talker => {
                    self.hear(&pcm, until);
                    self.on_turn(Input::SpeechGoesOn { until }, now);
                }
                Edge::Ended { at } if is_talker => {
                    self.transcripts.visitor_ended(at);
                    self.stopwatch.silent(at);
                    self.on_turn(Input::SpeechEnded { at }, now);
                }
                Edge::Started { .. } | Edge::Continued { .. } | Edge::Ended { .. } => {}
            }
        }
    }

    fn hear(&mut self, pcm: &[i16], until: Duration) {
        if let Some(utterance) = &mut self.utterance {
            utterance.hear(pcm, until);
        }
    }

    fn on_words(&mut self, Words { utterance, understood }: Words) {
        let now = self.now();
        self.is_deaf = understood == Understood::Lost;
        let (text, is_final) = match understood {
            Understood::SoFar(text) => (text, false),
            Understood::All(text) => (text, true),
            Understood::Lost => (String::new(), true),
        };
        if !text.is_empty() {
            self.pardons = 0;
        }
        let orders = self.transcripts.visitor_said(utterance, &text, is_final, now);
        self.show_words(orders);
        if is_final {
            self.stopwatch.words(now);
            if !text.is_empty() {
                let identity = self.talker.as_ref().map(|talker| talker.identity.clone()).unwrap_or_default();
                self.tell(&Event::TranscriptionReady { identity: &identity, text: &text });
            }
        }
        self.on_turn(if is_final { Input::Words { utterance, text } } else { Input::Guess { utterance, text } }, now);
    }

    /// Speaks what was made of the answer.
    fn on_made(&mut self, made: Made) {
        self.answers.on_made(&made);
        match made {
            Made::Text(text) => {
                self.stopwatch.said(self.now());
                self.mouth.write(&text);
            }
            Made::End(then) => self.mouth.end(then),
            Made::Failed => {
                self.mouth.write(&self.equipment.phrases.cannot_answer);
                self.mouth.end(Then::Listen);
            }
            // The rest of the answer that says so is slow already.
            Made::Remember(memory) => self.mouth.set_slow(memory.is_slow),
            Made::ToolBegan(_) => {}
        }
    }

    /// Plays the next 20 ms and looks at the clock.
    fn on_tick(&mut self) -> Option<Outcome> {
        let now = self.now();
        let identities: Vec<String> = self.ears.keys().cloned().collect();
        for identity in identities {
            let edges = self.ears.get_mut(&identity).map(|ear| ear.on_tick(now));
            self.on_edges(&identity, edges.unwrap_or_default(), now);
        }
        self.on_turn(Input::Tick, now);
        self.greet(now);
        self.play(now);
        self.be_patient(now);
        self.on_attendance(attendance::Input::Tick, now)
    }

    fn be_patient(&mut self, now: Duration) {
        let activity = if self.turns.is_visitor_speaking() {
            Activity::Talk
        } else if self.turns.is_quiet() && self.attendance.is_talking() {
            Activity::Silence
        } else {
            Activity::Busy
        };
        let phrases = self.equipment.phrases.clone();
        match self.patience.on(activity, now) {
            Some(patience::Output::AskStillThere) => self.speak_up(&phrases.still_there, Then::Listen, now),
            Some(patience::Output::HangUp) => self.speak_up(&phrases.nobody_there, Then::Leave, now),
            Some(patience::Output::TimeIsUp) => self.speak_up(&phrases.time_is_up, Then::Leave, now),
            None => {}
        }
    }

    fn play(&mut self, now: Duration) {
        let uttered = self.mouth.tick();
        if uttered.is_first {
            self.answers.on_first_sound();
            self.tell(&Event::TtsReady {});
            if let Some(laps) = self.stopwatch.sounded(now) {
                self.account.answered(self.own.identity.clone(), laps, now);
            }
            self.on_turn(Input::AnswerStarted, now);
        }
        if let Some(frame) = uttered.frame {
            self.outbox.send(frame);
        }
        if !uttered.heard.is_empty() {
            self.answers.on_heard(&uttered.heard);
            let orders = self.transcripts.agent_said(&self.own, &uttered.heard, now);
            self.show_words(orders);
        }
        if let Some(then) = uttered.over {
            self.answers.on_over();
            let orders = self.transcripts.agent_finished(&self.own, now);
            self.show_words(orders);
            self.on_turn(Input::AnswerFinished, now);
            if then == Then::Leave {
                self.on_attendance(attendance::Input::SaidGoodbye, now);
            }
        }
    }

    /// Tells who is there, and does what follows; gives the outcome of a call that is over.
    fn on_attendance(&mut self, input: attendance::Input, now: Duration) -> Option<Outcome> {
        match self.attendance.on(input, now)? {
            attendance::Output::Greet => {
                self.owes_greeting = true;
                self.greet(now);
                // Whoever speaks already is listened to, and shall see it: front ends give up on an assistant that is
                // not ready in time.
                if self.owes_greeting {
                    self.show(AgentState::Listening);
                }
            }
            attendance::Output::GreetAgain => {
                self.speak_up(&self.equipment.phrases.clone().line_dropped, Then::Listen, now);
            }
            attendance::Output::Hush => {
                self.stop_speaking();
                self.on_turn(Input::AnswerFinished, now);
            }
            attendance::Output::Leave => return Some(Outcome::Over),
        }
        None
    }

    /// Greets, unless the visitor has begun before: they are answered then, and greeted only if there was nothing to answer.
    fn greet(&mut self, now: Duration) {
        let is_first = self.turns.is_quiet() && !self.ears.values().any(Ear::awaits_recording);
        if is_first && std::mem::take(&mut self.owes_greeting) {
            self.speak_up(&self.equipment.greeting.clone(), Then::Listen, now);
        }
    }

    /// Says something that was not asked for.
    fn speak_up(&mut self, text: &str, then: Then, now: Duration) {
        self.on_turn(Input::Greet, now);
        self.say(text, then);
    }

    /// Tells the turns, and does what they say.
    fn on_turn(&mut self, input: Input, now: Duration) {
        for output in self.turns.on(input, now) {
            match output {
                Output::Show(state) => self.show(state),
                Output::Listen(utterance) => self.listen(utterance),
                Output::Flush => {
                    if let Some(utterance) = &mut self.utterance {
                        utterance.flush();
                    }
                }
                Output::Finish => {
                    if let Some(utterance) = self.utterance.take() {
                        utterance.finish();
                    }
                }
                Output::Pause => self.mouth.pause(),
                Output::Resume => self.mouth.resume(),
                Output::Cancel | Output::Discard => self.stop_speaking(),
                Output::Prepare(said) => {
                    self.stop_speaking();
                    self.stopwatch.asked(self.now());
                    self.answers.prepare(&said);
                    self.mouth.begin();
                    self.mouth.hold();
                }
                Output::Answer(said) => {
                    self.owes_greeting = false;
                    self.answer(&said);
                }
                Output::AskAgain => {
                    self.owes_greeting = false;
                    self.pardons += 1;
                    let phrases = self.equipment.phrases.clone();
                    let text = match self.pardons {
                        _ if self.is_deaf => &phrases.cannot_hear,
                        1 => &phrases.pardon,
                        _ => &phrases.pardon_again,
                    };
                    self.say(text, Then::Listen);
                }
            }
        }
    }

    fn listen(&mut self, id: UtteranceId) {
        if let Some(talker) = self.talker.clone() {
            self.transcripts.visitor_begins(id, talker, self.talker_since);
        }
        self.utterance = self.equipment.stt.as_ref().map(|stt| Attention::new(stt.begin(id, self.words.0.clone())));
    }

    fn show(&mut self, state: AgentState) {
        let attributes = BTreeMap::from([(wire::AGENT_STATE.to_owned(), state.as_str().to_owned())]);
        self.outbox.send(Order::Attributes(attributes));
    }

    fn answer(&mut self, said: &str) {
        match self.answers.take(said) {
            Taken::Prepared => self.mouth.release(),
            Taken::Begun => {
                self.stopwatch.asked(self.now());
                self.stop_sound();
                self.mouth.begin();
            }
        }
    }

    fn say(&mut self, text: &str, then: Then) {
        self.stop_speaking();
        self.mouth.say(text, then);
    }

    /// Silence, at once; the words that were heard stay as they are.
    fn stop_speaking(&mut self) {
        self.answers.give_up();
        self.stop_sound();
    }

    fn stop_sound(&mut self) {
        self.mouth.stop();
        let now = self.now();
        let orders = self.transcripts.agent_cut(&self.own, now);
        self.show_words(orders);
    }

    /// Shows words in the room, and tells the record of them.
    fn show_words(&mut self, orders: Vec<Order>) {
        for order in &orders {
            if let Order::Transcript(words) = order {
                self.account.heard(words, &self.own.identity, false);
            }
        }
        self.outbox.send_all(orders);
    }
}
