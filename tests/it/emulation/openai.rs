//! OpenAI: `POST /v1/audio/speech` and `POST /v1/audio/transcriptions`.

use axum::{
    Json, Router,
    body::Bytes,
    extract::State,
    http::{HeaderMap, StatusCode, header::CONTENT_TYPE},
    response::{IntoResponse, Response},
    routing::{any, post},
};
use serde_json::{Value, json};

use super::{Emulation, Mood, PAUSE, Seen, Stage, pcm, ramp, sound_response};

/// Samples at 24 kHz of what it says, whatever it is asked to say.
pub const SPEECH_SAMPLES: usize = 12_000;

/// What it understands, whatever it hears.
pub const WORDS: &str = "What does a DJ cost?";

pub async fn start(mood: Mood) -> Emulation {
    let router = Router::new()
        .route("/v1/audio/speech", post(speak).head(any(|| async {})))
        .route("/v1/audio/transcriptions", post(transcribe).head(any(|| async {})));
    Emulation::start(mood, router).await
}

async fn speak(State(stage): State<Stage>, headers: HeaderMap, Json(body): Json<Value>) -> Response {
    let key = headers["authorization"].to_str().unwrap();
    let fields = ["model", "voice", "response_format", "input"].map(|name| body[name].as_str().unwrap());
    stage.see(Seen::Asked(format!("{key} {}", fields.join(" "))));
    sound_response(&stage, "audio/pcm", &ramp(SPEECH_SAMPLES)).await
}

async fn transcribe(State(stage): State<Stage>, headers: HeaderMap, body: Bytes) -> Response {
    let key = headers["authorization"].to_str().unwrap();
    let (fields, file) = form(headers[CONTENT_TYPE].to_str().unwrap(), &body);
    stage.see(Seen::Asked(format!("{key} {fields}")));
    assert_eq!((&file[..4], &file[8..16]), (&b"RIFF"[..], &b"WAVEfmt "[..]));
    stage.see(Seen::Heard(pcm(&file[44..])));
    let answer = stage.answer();
    match stage.mood {
        Mood::Silent | Mood::Stalls => std::future::pending().await,
        Mood::Slow => tokio::time::sleep(PAUSE).await,
        Mood::Well | Mood::Curt | Mood::Cuts | Mood::Malformed | Mood::Refuses(_) => {}
    }
    answer.given();
    match stage.mood {
        Mood::Refuses(status) => (StatusCode::from_u16(status).unwrap(), "{\"error\":{}}").into_response(),
        Mood::Malformed => Json(json!({ "words": [] })).into_response(),
        Mood::Cuts => {
            let parts = [Ok("{\"text\":"), Err(std::io::Error::other("cut"))];
            axum::body::Body::from_stream(futures_util::stream::iter(parts)).into_response()
        }
        Mood::Well | Mood::Slow | Mood::Curt | Mood::Silent | Mood::Stalls => {
            Json(json!({ "text": format!(" {WORDS}"), "usage": { "type": "tokens" } })).into_response()
        }
    }
}

/// The fields of a form as `name=value`, and its file.
fn form(kind: &str, body: &[u8]) -> (String, Vec<u8>) {
    let boundary = format!("--{}", kind.split_once("boundary=").unwrap().1);
    let find = |from: usize, what: &[u8]| {
        body[from..].windows(what.len()).position(|window| window == what).map(|at| from + at)
    };
    let (mut fields, mut file) = (Vec::new(), Vec::new());
    let mut at = boundary.len();
    while let Some(end) = find(at, boundary.as_bytes()) {
        let start = find(at, b"\r\n\r\n").unwrap() + 4;
        let head = String::from_utf8_lossy(&body[at..start]).into_owned();
        let value = &body[start..end - 2];
        let name = head.split("name=\"").nth(1).unwrap().split('"').next().unwrap().to_owned();
        if head.contains("filename=") {
            file = value.to_vec();
        } else {
            fields.push(format!("{name}={}", String::from_utf8_lossy(value)));
        }
        at = end + boundary.len();
    }
    (fields.join(" "), file)
}
