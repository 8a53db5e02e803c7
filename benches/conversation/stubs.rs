//! Providers that take a known time: a recogniser, a model and a voice, behind the protocols of real ones.

use std::{net::SocketAddr, time::Duration};

use axum::{
    Json, Router,
    body::Body,
    extract::{
        WebSocketUpgrade,
        ws::{Message, WebSocket},
    },
    http::header::CONTENT_TYPE,
    response::{IntoResponse, Response},
    routing::{any, post},
};
use serde_json::{Value, json};
use tokio::{net::TcpListener, time::sleep};

/// How long the recogniser takes from the request for its words to them.
const STT: Duration = Duration::from_millis(50);
/// How long the model takes to its first words.
const LLM: Duration = Duration::from_millis(100);
/// How long the voice takes to its first sound.
const TTS: Duration = Duration::from_millis(50);

/// What is understood, whatever is said.
const WORDS: &str = "What does a jazz trio cost?";
/// What the model answers, five seconds of sound and more.
const ANSWER: &str =
    "A trio for three hours costs twelve hundred euros. A singer is three hundred more, and we bring all else.";

/// Sound for each character of a text, at 16 kHz: the pace of speech.
const SAMPLES_A_CHAR: usize = 16_000 * 6 / 100;

/// Starts all three on one free port; gives the address.
///
/// # Errors
/// No port.
pub async fn start() -> std::io::Result<SocketAddr> {
    let router = Router::new()
        .route("/v1/listen", any(|upgrade: WebSocketUpgrade| async { upgrade.on_upgrade(listen) }))
        .route("/v1/chat/completions", post(chat))
        .route("/v1/speak", post(speak).head(any(|| async {})));
    let listener = TcpListener::bind("127.0.0.1:0").await?;
    let address = listener.local_addr()?;
    tokio::spawn(axum::serve(listener, router).into_future());
    Ok(address)
}

/// The assistant's settings that name them, for a file of its own.
pub fn settings(address: SocketAddr) -> String {
    format!(
        "[[stt]]\nprovider = \"deepgram\"\nurl = \"http://{address}/v1\"\n\n\
         [[tts]]\nprovider = \"deepgram\"\nurl = \"http://{address}/v1\"\n\n\
         [[llm]]\nprovider = \"openai\"\nmodel = \"stub\"\nurl = \"http://{address}/v1\"\n"
    )
}

/// Deepgram's socket: `Finalize` is answered with the words.
async fn listen(mut socket: WebSocket) {
    while let Some(Ok(message)) = socket.recv().await {
        let Message::Text(text) = message else { continue };
        let is_finalize = text.contains("Finalize");
        if !is_finalize && !text.contains("CloseStream") {
            continue;
        }
        sleep(STT).await;
        let results = json!({
            "type": "Results", "is_final": true, "speech_final": true, "from_finalize": is_finalize,
            "channel": { "alternatives": [{ "transcript": WORDS, "confidence": 0.99, "words": [] }] },
        });
        if socket.send(Message::text(results.to_string())).await.is_err() || !is_finalize {
            return;
        }
    }
}

/// OpenAI's chat completions, streamed.
async fn chat() -> Response {
    sleep(LLM).await;
    let chunk = |delta: Value, reason: Value| {
        let choice = json!({ "index": 0, "delta": delta, "finish_reason": reason });
        let chunk =
            json!({ "id": "c", "object": "chat.completion.chunk", "created": 1, "model": "stub", "choices": [choice] });
        format!("data: {chunk}\n\n")
    };
    let words = ANSWER.split_inclusive(' ').map(|word| chunk(json!({ "content": word }), Value::Null));
    let end = [chunk(json!({}), json!("stop")), "data: [DONE]\n\n".to_owned()];
    ([(CONTENT_TYPE, "text/event-stream")], Body::from(words.chain(end).collect::<String>())).into_response()
}

/// Deepgram's voice: a tone as long as the text.
async fn speak(Json(body): Json<Value>) -> Response {
    sleep(TTS).await;
    let samples = body["text"].as_str().unwrap_or_default().len() * SAMPLES_A_CHAR;
    let tone = |n: usize| ((n as f32 * 440.0 * std::f32::consts::TAU / 16_000.0).sin() * 8000.0) as i16;
    let sound: Vec<u8> = (0..samples).flat_map(|n| tone(n).to_le_bytes()).collect();
    ([(CONTENT_TYPE, "audio/l16;rate=16000")], sound).into_response()
}
