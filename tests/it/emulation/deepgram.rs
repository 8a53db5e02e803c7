//! Deepgram: `POST /v1/speak`, and the socket `/v1/listen`.

use axum::{
    Json, Router,
    extract::{
        RawQuery, State, WebSocketUpgrade,
        ws::{Message, WebSocket},
    },
    http::{HeaderMap, StatusCode},
    response::{IntoResponse, Response},
    routing::{get, post},
};
use serde_json::{Value, json};

use super::{Emulation, Mood, PAUSE, Seen, Stage, pcm, ramp, sound_response};

/// What it says, whatever it is asked to say.
pub fn speech() -> Vec<i16> {
    ramp(8000)
}

/// What it understands, whatever it hears.
pub const WORDS: &str = "What does a jazz trio cost?";

pub async fn start(mood: Mood) -> Emulation {
    let router = Router::new().route("/v1/speak", post(speak)).route("/v1/listen", get(listen));
    Emulation::start(mood, router).await
}

async fn speak(
    State(stage): State<Stage>,
    RawQuery(query): RawQuery,
    headers: HeaderMap,
    Json(body): Json<Value>,
) -> Response {
    let key = headers["authorization"].to_str().unwrap();
    stage.see(Seen::Asked(format!("{key} {} {}", query.unwrap(), body["text"].as_str().unwrap())));
    sound_response(&stage, "audio/l16;rate=16000", &speech()).await
}

async fn listen(
    State(stage): State<Stage>,
    RawQuery(query): RawQuery,
    headers: HeaderMap,
    upgrade: WebSocketUpgrade,
) -> Response {
    let key = headers["authorization"].to_str().unwrap();
    stage.see(Seen::Asked(format!("{key} {}", query.unwrap())));
    if let Mood::Refuses(status) = stage.mood {
        return StatusCode::from_u16(status).unwrap().into_response();
    }
    upgrade.on_upgrade(|socket| async { hear(socket, stage).await })
}

fn results(words: &str, is_final: bool, from_finalize: bool) -> Message {
    let message = json!({
        "type": "Results", "channel_index": [0, 1], "duration": 1.0, "start": 0.0, "is_final": is_final,
        "speech_final": is_final, "from_finalize": from_finalize,
        "channel": { "alternatives": [{ "transcript": words, "confidence": 0.99, "words": [] }] },
        "metadata": { "request_id": "0", "model_uuid": "0" },
    });
    Message::text(message.to_string())
}

/// One socket's life: an utterance after the other.
async fn hear(mut socket: WebSocket, stage: Stage) {
    let mut sound = Vec::new();
    let mut answer = stage.answer();
    answer.is_given = true;
    while let Some(Ok(message)) = socket.recv().await {
        match message {
            Message::Binary(bytes) => {
                answer.is_given = false;
                let is_first = sound.is_empty();
                sound.extend(pcm(&bytes));
                if is_first && !matches!(stage.mood, Mood::Silent | Mood::Malformed) {
                    let started = json!({ "type": "SpeechStarted", "channel": [0], "timestamp": 0.1 });
                    socket.send(Message::text(started.to_string())).await.ok();
                    let is_final = stage.mood == Mood::Curt;
                    let words = if is_final { WORDS } else { "What does" };
                    socket.send(results(words, is_final, false)).await.ok();
                }
            }
            Message::Text(text) => match serde_json::from_str::<Value>(&text).unwrap()["type"].as_str().unwrap() {
                "KeepAlive" => stage.see(Seen::KeptAlive),
                "Finalize" => {
                    stage.see(Seen::Heard(std::mem::take(&mut sound)));
                    match stage.mood {
                        Mood::Silent | Mood::Stalls | Mood::Curt => continue,
                        Mood::Malformed => {
                            socket.send(Message::text("{\"type\":\"Results\"}")).await.ok();
                            continue;
                        }
                        Mood::Slow => tokio::time::sleep(PAUSE).await,
                        Mood::Well | Mood::Cuts | Mood::Refuses(_) => {}
                    }
                    socket.send(results("What does a jazz trio", true, false)).await.ok();
                    if stage.mood == Mood::Cuts {
                        return;
                    }
                    answer.is_given = true;
                    socket.send(results("cost?", true, true)).await.ok();
                }
                "CloseStream" if stage.mood != Mood::Silent => {
                    answer.is_given = true;
                    socket.send(results(WORDS, true, false)).await.ok();
                    let metadata = json!({ "type": "Metadata", "request_id": "0", "channels": 1, "duration": 1.0 });
                    socket.send(Message::text(metadata.to_string())).await.ok();
                    return;
                }
                "CloseStream" => {}
                other => panic!("no such message: {other}"),
            },
            Message::Close(_) | Message::Ping(_) | Message::Pong(_) => {}
        }
    }
}
