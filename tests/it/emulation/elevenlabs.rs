//! ElevenLabs: the socket `/v1/text-to-speech/{voice}/multi-stream-input`.

use axum::{
    Router,
    extract::{
        Path, RawQuery, State, WebSocketUpgrade,
        ws::{Message, WebSocket},
    },
    http::{HeaderMap, StatusCode},
    response::{IntoResponse, Response},
    routing::get,
};
use base64::{Engine, engine::general_purpose::STANDARD};
use serde_json::{Value, json};

use super::{Emulation, Mood, PAUSE, Seen, Stage, pieces, ramp};

/// What it says, whatever it is asked to say.
pub fn speech() -> Vec<i16> {
    ramp(8000)
}

pub async fn start(mood: Mood) -> Emulation {
    let router = Router::new().route("/v1/text-to-speech/{voice}/multi-stream-input", get(open));
    Emulation::start(mood, router).await
}

async fn open(
    State(stage): State<Stage>,
    Path(voice): Path<String>,
    RawQuery(query): RawQuery,
    headers: HeaderMap,
    upgrade: WebSocketUpgrade,
) -> Response {
    let key = headers["xi-api-key"].to_str().unwrap();
    stage.see(Seen::Asked(format!("{key} {voice} {}", query.unwrap())));
    if let Mood::Refuses(status) = stage.mood {
        return StatusCode::from_u16(status).unwrap().into_response();
    }
    upgrade.on_upgrade(|socket| async { speak(socket, stage).await })
}

/// One socket's life: a context after the other, each opened, written, flushed and closed.
async fn speak(mut socket: WebSocket, stage: Stage) {
    let mut opened = None;
    while let Some(Ok(message)) = socket.recv().await {
        let Message::Text(text) = message else { continue };
        let message: Value = serde_json::from_str(&text).unwrap();
        let context = message["context_id"].as_str().unwrap().to_owned();
        if message["text"] == " " {
            opened = Some(context);
        } else if message["flush"] == true {
            assert_eq!(opened.as_ref(), Some(&context));
            stage.see(Seen::Asked(message["text"].as_str().unwrap().to_owned()));
            if say(&mut socket, &stage, &context).await.is_none() {
                return;
            }
        } else if message["close_context"] == true {
            assert_eq!(opened.take(), Some(context.clone()));
            let last = json!({ "audio": null, "isFinal": true, "contextId": context });
            socket.send(Message::text(last.to_string())).await.ok();
        }
    }
}

/// Speaks; none where the connection ends with it.
async fn say(socket: &mut WebSocket, stage: &Stage, context: &str) -> Option<()> {
    let pieces = pieces(&speech());
    let half = pieces.len() / 2;
    for (at, piece) in pieces.iter().enumerate() {
        match stage.mood {
            Mood::Cuts if at == half => return None,
            Mood::Silent => return closed(socket, stage).await,
            Mood::Stalls if at == half => return closed(socket, stage).await,
            Mood::Slow => tokio::time::sleep(PAUSE).await,
            Mood::Malformed => {
                socket.send(Message::text("{\"audio\":\"?\"}")).await.ok()?;
                continue;
            }
            Mood::Well | Mood::Curt | Mood::Cuts | Mood::Stalls | Mood::Refuses(_) => {}
        }
        // The name of the context comes in both spellings.
        let name = if at % 2 == 0 { "contextId" } else { "context_id" };
        let message = json!({ "audio": STANDARD.encode(piece), "isFinal": null, name: context });
        socket.send(Message::text(message.to_string())).await.ok()?;
    }
    Some(())
}

/// Says nothing until the connection is closed.
async fn closed(socket: &mut WebSocket, stage: &Stage) -> Option<()> {
    while let Some(Ok(_)) = socket.recv().await {}
    stage.see(Seen::Closed);
    None
}
