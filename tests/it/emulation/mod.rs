//! Speech providers on free ports, which speak the protocols that the real ones document, and fail in all their ways.

pub mod deepgram;
pub mod elevenlabs;
pub mod llm;
pub mod openai;

use std::time::Duration;

use axum::{
    Router,
    body::Body,
    http::{StatusCode, header::CONTENT_TYPE},
    response::{IntoResponse, Response},
};
use futures_util::stream;
use tokio::{net::TcpListener, sync::mpsc, task::JoinHandle};

/// The pause between two pieces of a slow answer.
const PAUSE: Duration = Duration::from_millis(10);

/// How long a test waits for what must happen; only a failing one waits so long.
const PATIENCE: Duration = Duration::from_secs(20);

/// How a provider behaves.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Mood {
    Well,
    /// It pauses before each piece of its answer.
    Slow,
    /// It answers with this status.
    Refuses(u16),
    /// It breaks off in the middle of its answer.
    Cuts,
    /// It answers what nobody can understand.
    Malformed,
    /// It takes the question and says nothing.
    Silent,
    /// It gives the first half of its answer and then nothing more.
    Stalls,
    /// It understands everything at once and has nothing to add in the end; for a recogniser.
    Curt,
}

/// What a provider noticed.
#[derive(Clone, Debug, PartialEq)]
pub enum Seen {
    /// A question: what was sent, in the order of the protocol.
    Asked(String),
    /// The sound that was to be recognised, 16 kHz mono.
    Heard(Vec<i16>),
    /// A word that an idle connection is still wanted.
    KeptAlive,
    /// The connection was closed in the midst of an answer.
    Closed,
}

/// A provider that runs.
pub struct Emulation {
    /// Its address, up to and with the version.
    pub url: String,
    /// How long it may be waited for, in milliseconds: soon over where it never answers, and otherwise far more than a
    /// machine that stalls takes.
    pub timeout_ms: u64,
    seen: mpsc::UnboundedReceiver<Seen>,
    task: JoinHandle<()>,
}

/// What its handlers share.
#[derive(Clone)]
struct Stage {
    mood: Mood,
    seen: mpsc::UnboundedSender<Seen>,
}

impl Emulation {
    async fn start(mood: Mood, router: Router<Stage>) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let url = format!("http://{}/v1", listener.local_addr().unwrap());
        let (sender, seen) = mpsc::unbounded_channel();
        let router = router.with_state(Stage { mood, seen: sender });
        let task = tokio::spawn(async move { axum::serve(listener, router).await.unwrap() });
        let timeout_ms = if matches!(mood, Mood::Silent | Mood::Stalls) { 1500 } else { 20_000 };
        Self { url, timeout_ms, seen, task }
    }

    /// The next thing that it noticed.
    pub async fn seen(&mut self) -> Seen {
        tokio::time::timeout(PATIENCE, self.seen.recv()).await.expect("nothing was noticed").unwrap()
    }

    /// All that it noticed until now.
    pub fn all_seen(&mut self) -> Vec<Seen> {
        std::iter::from_fn(|| self.seen.try_recv().ok()).collect()
    }
}

impl Drop for Emulation {
    fn drop(&mut self) {
        self.task.abort();
    }
}

impl Stage {
    fn see(&self, seen: Seen) {
        self.seen.send(seen).ok();
    }

    /// Notices when the answer that is being given is not wanted any more.
    fn answer(&self) -> Answer {
        Answer { stage: self.clone(), is_given: false }
    }
}

/// An answer; dropped before it was given, the other side has closed the connection.
struct Answer {
    stage: Stage,
    is_given: bool,
}

impl Answer {
    fn given(mut self) {
        self.is_given = true;
    }
}

impl Drop for Answer {
    fn drop(&mut self) {
        if !self.is_given {
            self.stage.see(Seen::Closed);
        }
    }
}

/// So many samples that tell where they are.
pub fn ramp(samples: usize) -> Vec<i16> {
    (0..samples).map(|n| (n % 1000) as i16).collect()
}

fn bytes(pcm: &[i16]) -> Vec<u8> {
    pcm.iter().flat_map(|sample| sample.to_le_bytes()).collect()
}

fn pcm(bytes: &[u8]) -> Vec<i16> {
    bytes.chunks_exact(2).map(|pair| i16::from_le_bytes([pair[0], pair[1]])).collect()
}

/// Sound cut where the network cuts it: samples are torn.
fn pieces(sound: &[i16]) -> Vec<Vec<u8>> {
    bytes(sound).chunks(3201).map(<[u8]>::to_vec).collect()
}

/// The answer to a request for sound, as `stage` is in the mood.
async fn sound_response(stage: &Stage, kind: &'static str, sound: &[i16]) -> Response {
    let answer = stage.answer();
    let pieces = pieces(sound);
    let half = pieces.len() / 2;
    let mood = stage.mood;
    match mood {
        Mood::Refuses(status) => {
            answer.given();
            return (StatusCode::from_u16(status).unwrap(), "{\"err_code\":\"no\"}").into_response();
        }
        Mood::Malformed => {
            answer.given();
            return ([(CONTENT_TYPE, "application/json")], "{\"audio\":").into_response();
        }
        Mood::Silent => std::future::pending().await,
        Mood::Well | Mood::Slow | Mood::Cuts | Mood::Stalls | Mood::Curt => {}
    }
    let body = stream::unfold((answer, pieces.into_iter().enumerate()), move |(answer, mut pieces)| async move {
        if mood == Mood::Slow {
            tokio::time::sleep(PAUSE).await;
        }
        match pieces.next() {
            Some((at, _)) if at >= half && mood == Mood::Stalls => std::future::pending().await,
            Some((at, _)) if at >= half && mood == Mood::Cuts => {
                // What was given is on its way only once the server has nothing else to do.
                tokio::time::sleep(PAUSE).await;
                Some((Err(std::io::Error::other("cut")), (answer, pieces)))
            }
            Some((_, piece)) => Some((Ok(piece), (answer, pieces))),
            None => {
                answer.given();
                None
            }
        }
    });
    ([(CONTENT_TYPE, kind)], Body::from_stream(body)).into_response()
}
