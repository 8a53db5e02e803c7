//! The assistant in a room: it greets, answers what is written and what is said, and stops when it is spoken to.

use std::{
    collections::BTreeMap,
    path::Path,
    sync::{
        Arc, Mutex,
        atomic::{AtomicBool, Ordering},
    },
    time::Duration,
};

use async_trait::async_trait;
use frontdesk::{
    domain::{
        faq::Faq,
        record::{Report, RoomLife, Told},
        transcript::Speaker,
    },
    server::agent::{
        AgentConfig, AgentHost, Keys, Mailbox, MailboxError, Reporter, Settings, SpokenMessage, Summons,
        link::{Joined, Kind, Order, Presence, RoomEvent},
        speech,
    },
};
use opus_rs::{Application, OpusDecoder, OpusEncoder};
use tokio::sync::mpsc;
use tokio_util::sync::CancellationToken;

use crate::{
    emulation::{Mood, deepgram, elevenlabs, openai},
    room_server::RoomServer,
};

/// Far longer than anything here takes; only a failing test waits for it.
const PATIENCE: Duration = Duration::from_secs(30);

/// An assistant that knows what the program comes with, and leaves messages at `mailbox`.
pub fn config(settings: Settings, keys: Keys, mailbox: Arc<Notebook>) -> AgentConfig {
    AgentConfig { settings, keys, faq: Faq::parse(include_str!("../../content/faq.md")).unwrap(), mailbox }
}

/// What the file says that comes with the program.
pub fn settings() -> (Settings, Keys) {
    Settings::load(Path::new("content/assistant.toml"), |_| None).unwrap()
}

/// Keeps what is left at it.
#[derive(Default)]
pub struct Notebook(Mutex<Vec<SpokenMessage>>);

#[async_trait]
impl Mailbox for Notebook {
    async fn take(&self, _room: Option<&RoomLife>, message: SpokenMessage) -> Result<(), MailboxError> {
        self.0.lock().unwrap().push(message);
        Ok(())
    }
}

/// Listens to nothing.
struct Nobody;

impl Reporter for Nobody {
    fn report(&self, _report: Report) {}
}

/// Breaks the session that tells it of a visitor's words, once.
#[derive(Default)]
struct Trap(AtomicBool);

impl Reporter for Trap {
    fn report(&self, report: Report) {
        let is_visitor = matches!(&report.what, Told::Segment(words) if words.speaker == Speaker::Visitor);
        assert!(!is_visitor || self.0.swap(true, Ordering::Relaxed), "a session that breaks down");
    }
}

/// Somebody who calls, and the assistant that serves the room.
pub struct Call {
    _server: RoomServer,
    mail: Arc<Notebook>,
    caller: Joined,
    shutdown: CancellationToken,
    host: tokio::task::JoinHandle<()>,
    states: Vec<String>,
    speech: String,
    /// By id: who spoke, the text, whether it is final.
    segments: BTreeMap<String, (String, String, bool)>,
    /// What the assistant was heard to say, 16 kHz mono.
    sound: Vec<i16>,
    decoder: OpusDecoder,
}

impl Call {
    async fn start() -> Self {
        let (settings, keys) = settings();
        Self::with(settings, keys).await
    }

    /// A call of the assistant that the file describes, with a key for everybody.
    async fn start_with(file: &Path) -> Self {
        let (settings, keys) = Settings::load(file, |_| Some("key".to_owned())).unwrap();
        Self::with(settings, keys).await
    }

    /// Begins a call with such an assistant.
    pub async fn with(settings: Settings, keys: Keys) -> Self {
        Self::told_to(Arc::new(Nobody), settings, keys).await
    }

    async fn told_to(reporter: Arc<dyn Reporter>, settings: Settings, keys: Keys) -> Self {
        let server = RoomServer::embedded().await;
        let link = server.link();
        let shutdown = CancellationToken::new();
        let (starts, rooms) = mpsc::channel(1);
        let mail = Arc::new(Notebook::default());
        let host = AgentHost::new(config(settings, keys, mail.clone()), link.clone()).unwrap();
        let host = tokio::spawn(host.reporting_to(reporter).run(rooms, shutdown.clone()));
        let room = format!("support-{:x}", rand::random::<u64>());
        let presence = Presence {
            room: room.clone(),
            identity: "ada".into(),
            name: "Ada".into(),
            kind: Kind::Person,
            attributes: BTreeMap::new(),
        };
        let caller = link.join(&presence).await.unwrap();
        starts.send(Summons::to(room)).await.unwrap();
        let (states, segments) = (Vec::new(), BTreeMap::new());
        let decoder = OpusDecoder::new(16_000, 1).unwrap();
        Self {
            _server: server,
            mail,
            caller,
            shutdown,
            host,
            states,
            speech: String::new(),
            segments,
            sound: Vec::new(),
            decoder,
        }
    }

    /// Waits for what `wanted` gives something for.
    async fn until<T>(&mut self, wanted: impl Fn(&RoomEvent, &Self) -> Option<T>) -> T {
        let deadline = tokio::time::Instant::now() + PATIENCE;
        loop {
            let event = tokio::time::timeout_at(deadline, self.caller.events.recv()).await;
            let event = event
                .unwrap_or_else(|_| panic!("waited in vain; heard {:?}, states {:?}", self.segments, self.states))
                .unwrap();
            self.note(&event);
            if let Some(found) = wanted(&event, self) {
                return found;
            }
        }
    }

    #[expect(clippy::wildcard_enum_match_arm, reason = "the rest of a foreign enum is not for us")]
    fn note(&mut self, event: &RoomEvent) {
        match event {
            RoomEvent::Attributes { attributes, .. } => {
                let state = attributes.get("lk.agent.state").cloned().unwrap_or_default();
                if self.states.last() != Some(&state) {
                    self.states.push(state);
                }
                self.speech = attributes.get("frontdesk.speech").cloned().unwrap_or_default();
            }
            RoomEvent::Text { identity, topic, attributes, text } => {
                assert_eq!(topic, "lk.transcription");
                let segment = attributes["lk.segment_id"].clone();
                let is_final = attributes["lk.transcription_final"] == "true";
                let speaker = if identity == "ada" { "ada" } else { "assistant" };
                self.segments.insert(segment, (speaker.into(), text.clone(), is_final));
            }
            RoomEvent::Audio { opus, .. } => {
                let mut samples = [0.0; 1920];
                let length = self.decoder.decode(opus, samples.len(), &mut samples).unwrap();
                self.sound.extend(samples[..length].iter().map(|sample| (sample * 32_768.0) as i16));
            }
            _ => {}
        }
    }

    /// Says `text`, in another voice than the assistant's, at the pace of speech.
    fn say(&self, text: &str) {
        let pcm = flite("rms", text).unwrap();
        let orders = self.caller.orders.clone();
        tokio::spawn(async move {
            let mut encoder = OpusEncoder::new(16_000, 1, Application::Voip).unwrap();
            encoder.bitrate_bps = 24_000;
            let mut frames = tokio::time::interval(Duration::from_millis(20));
            let mut packet = [0; 1275];
            for (n, frame) in (0..).zip(pcm.chunks_exact(320)) {
                frames.tick().await;
                let length = encoder.encode_i16(frame, 320, &mut packet).unwrap();
                orders.send(Order::Audio { time: n * 960, opus: packet[..length].to_vec() }).await.unwrap();
            }
        });
    }

    /// Waits for a final segment of `speaker` that holds `part`; gives its text.
    pub async fn hear(&mut self, speaker: &str, part: &str) -> String {
        self.until(|_, call| {
            let found = call.segments.values().find(|(who, text, done)| who == speaker && *done && text.contains(part));
            found.map(|(_, text, _)| text.clone())
        })
        .await
    }

    /// Waits for one more of those.
    pub async fn hear_again(&mut self, speaker: &str, part: &str) {
        let is_such = |(who, text, done): &&(String, String, bool)| who == speaker && *done && text.contains(part);
        let before = self.segments.values().filter(is_such).count();
        self.until(|_, call| (call.segments.values().filter(is_such).count() > before).then_some(())).await;
    }

    /// Waits until the assistant is in this state.
    pub async fn is(&mut self, state: &str) {
        if self.states.last().is_none_or(|last| last != state) {
            self.until(|_, call| call.states.last().is_some_and(|last| last == state).then_some(())).await;
        }
    }

    /// The messages that were taken.
    pub fn messages(&self) -> Vec<SpokenMessage> {
        self.mail.0.lock().unwrap().clone()
    }

    pub async fn write(&self, text: &str) {
        let stream = format!("chat-{:x}", rand::random::<u64>());
        for order in [
            Order::OpenText { stream: stream.clone(), topic: "lk.chat", attributes: BTreeMap::new(), sender: None },
            Order::WriteText { stream: stream.clone(), text: text.into() },
            Order::CloseText { stream, attributes: BTreeMap::new() },
        ] {
            self.caller.orders.send(order).await.unwrap();
        }
    }

    pub async fn end(self) {
        self.shutdown.cancel();
        self.host.await.unwrap();
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn greets_at_once_and_answers_what_is_written() {
    let mut call = Call::start().await;
    call.hear("assistant", "How can I help with your event?").await;
    call.write("What does a jazz trio cost?").await;
    let answer = call.hear("assistant", "A jazz trio").await;
    assert!(answer.contains("1,200 euros"), "{answer}");
    call.until(|_, call| {
        let is_over = call.states == ["initializing", "speaking", "listening", "thinking", "speaking", "listening"];
        is_over.then_some(())
    })
    .await;
    assert!(["voice", "text"].contains(&&*call.speech));
    call.end().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn takes_a_message_with_its_number_read_back() {
    let mut call = Call::start().await;
    call.hear("assistant", "How can I help").await;
    for (said, answer) in [
        ("could you call me back please", "What is your name"),
        ("My name is Ada Lovelace.", "Thank you, Ada Lovelace."),
        ("0171 555 123", "I have 0 1 7, 1 5 5, 5 1 2, 3."),
        ("yes", "what is it about"),
        ("A quartet on the 14th of June.", "I have written that down"),
    ] {
        call.write(said).await;
        call.hear("assistant", answer).await;
    }
    let message = SpokenMessage {
        name: "Ada Lovelace".into(),
        phone: Some("0171555123".into()),
        reason: "A quartet on the 14th of June.".into(),
        call_back: true,
    };
    assert_eq!(call.messages(), [message]);
    call.end().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn comes_back_and_apologises_after_it_broke_down() {
    let (settings, keys) = settings();
    let mut call = Call::told_to(Arc::new(Trap::default()), settings, keys).await;
    call.hear("assistant", "How can I help").await;
    call.write("What does a jazz trio cost?").await;
    call.hear("assistant", "I am sorry, the line dropped").await;
    call.write("What does a jazz trio cost?").await;
    call.hear("assistant", "1,200 euros").await;
    let greetings = call.segments.values().filter(|(_, text, _)| text.contains("How can I help")).count();
    assert_eq!(greetings, 1);
    call.end().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn says_goodbye_and_leaves() {
    let mut call = Call::start().await;
    call.hear("assistant", "How can I help").await;
    call.write("goodbye").await;
    call.hear("assistant", "Goodbye.").await;
    call.until(|event, _| matches!(event, RoomEvent::Left { .. }).then_some(())).await;
    call.end().await;
}

/// What flite says, 16 kHz mono; none without flite.
pub fn flite(voice: &str, text: &str) -> Option<Vec<i16>> {
    let args = ["-voice", voice, "-t", text, "-o", "/dev/stdout"];
    let output = std::process::Command::new("flite").args(args).output().ok()?;
    Some(output.stdout.get(44..)?.chunks_exact(2).map(|pair| i16::from_le_bytes([pair[0], pair[1]])).collect())
}

/// Whether this machine can speak and hear; says loudly what is left out where it cannot.
pub fn has_voice(test: &str) -> bool {
    let speech = {
        let (settings, keys) = settings();
        speech(&config(settings, keys, Arc::default()))
    };
    if !(speech.hears && speech.speaks) {
        eprintln!("SKIPPED: {test}: this machine lacks flite, or pocketsphinx-en-us, or the feature `pocketsphinx`");
    }
    speech.hears && speech.speaks
}

#[cfg(feature = "pocketsphinx")]
fn recognised(pcm: &[i16]) -> String {
    let models = "/usr/share/pocketsphinx/model/en-us";
    let (hmm, lm) = (format!("{models}/en-us"), format!("{models}/en-us.lm.bin"));
    let dict = format!("{models}/cmudict-en-us.dict");
    let args = ["it", "-hmm", &hmm, "-lm", &lm, "-dict", &dict, "-logfn", "/dev/null"];
    let decoder = pocketsphinx::PsDecoder::init(pocketsphinx::CmdLn::init(true, &args).unwrap());
    decoder.start_utt(None).unwrap();
    decoder.process_raw(pcm, false, true).unwrap();
    decoder.end_utt().unwrap();
    decoder.get_hyp().map(|(text, ..)| text).unwrap_or_default()
}

#[cfg(feature = "pocketsphinx")]
#[tokio::test(flavor = "multi_thread")]
async fn answers_aloud_what_is_asked_aloud() {
    if !has_voice("answers_aloud_what_is_asked_aloud") {
        return;
    }
    let mut call = Call::start().await;
    call.hear("assistant", "How can I help").await;
    call.sound.clear();
    call.say("What does a string quartet cost?");
    assert_eq!(call.hear("ada", "quartet").await, "What does a string quartet cost");
    let answer = call.hear("assistant", "1,450 euros").await;
    assert!(answer.starts_with("A quartet for three hours"), "{answer}");
    let sound = std::mem::take(&mut call.sound);
    let heard = tokio::task::spawn_blocking(move || recognised(&sound)).await.unwrap();
    for word in ["three hours", "travel", "city"] {
        assert!(heard.contains(word), "{heard}");
    }
    assert_eq!(call.speech, "voice");
    call.end().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn stops_when_it_is_spoken_to() {
    if !has_voice("stops_when_it_is_spoken_to") {
        return;
    }
    let mut call = Call::start().await;
    call.hear("assistant", "How can I help").await;
    call.sound.clear();
    call.write("How much is a DJ for the whole evening?").await;
    call.until(|_, call| (call.sound.len() > 16_000).then_some(())).await;
    call.say("What does a jazz trio cost?");
    let cut = call.hear("assistant", "A DJ").await;
    assert!(!cut.contains("guests"), "{cut}");
    let answer = call.hear("assistant", "A jazz trio").await;
    assert!(answer.contains("1,200 euros"), "{answer}");
    call.end().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_call_goes_on_while_its_providers_fail() {
    if flite("rms", "hello").is_none() {
        eprintln!("SKIPPED: a_call_goes_on_while_its_providers_fail: nobody speaks without flite");
        return;
    }
    let (deaf, hears) = (deepgram::start(Mood::Cuts).await, openai::start(Mood::Well).await);
    let (hoarse, speaks) = (elevenlabs::start(Mood::Cuts).await, deepgram::start(Mood::Well).await);
    let choice =
        |list: &str, provider: &str, url: &str| format!("[[{list}]]\nprovider = \"{provider}\"\nurl = \"{url}\"\n\n");
    let file = std::env::temp_dir().join(format!("frontdesk-assistant-{:x}.toml", rand::random::<u64>()));
    let text = [
        include_str!("../../content/assistant.toml").to_owned() + "\n",
        choice("stt", "deepgram", &deaf.url),
        choice("stt", "openai", &hears.url),
        choice("tts", "elevenlabs", &hoarse.url),
        choice("tts", "deepgram", &speaks.url),
    ];
    std::fs::write(&file, text.concat()).unwrap();
    let mut call = Call::start_with(&file).await;
    std::fs::remove_file(file).unwrap();
    call.hear("assistant", "How can I help with your event?").await;
    assert!(!call.sound.is_empty());
    call.say("Whatever is said, a provider hears what it wants.");
    assert_eq!(call.hear("ada", "DJ").await, openai::WORDS);
    let answer = call.hear("assistant", "A DJ").await;
    assert!(answer.contains("euros"), "{answer}");
    call.end().await;
}
