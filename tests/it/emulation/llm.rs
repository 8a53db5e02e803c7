//! The three HTTP interfaces of language models, as their documents describe their streams: OpenAI's chat completions,
//! Anthropic's messages, Gemini's `streamGenerateContent`. What they do depends on the caller's last words: some questions
//! are too many, some out of order, some never answered, and some answered with rubbish.

use std::{
    convert::Infallible,
    sync::{
        Arc,
        atomic::{AtomicUsize, Ordering},
    },
    time::Duration,
};

use axum::{
    Router,
    body::{Body, Bytes},
    extract::State,
    http::{HeaderMap, StatusCode, Uri, header},
    response::{IntoResponse, Response},
    routing::post,
};
use futures_util::{Stream, StreamExt, stream};
use serde_json::{Value, json};
use tokio::{net::TcpListener, sync::watch};

/// Far longer than anything here takes; only a failing test waits for it.
const PATIENCE: Duration = Duration::from_secs(20);

/// Whose interface it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Interface {
    OpenAi,
    Anthropic,
    Gemini,
}

impl Interface {
    /// The provider's name in the assistant's file.
    pub fn provider(self) -> &'static str {
        match self {
            Self::OpenAi => "openai",
            Self::Anthropic => "anthropic",
            Self::Gemini => "gemini",
        }
    }

    /// The events of a turn that says these words and then, perhaps, calls a tool.
    fn events(self, words: &[&str], call: Option<(&str, Value)>) -> Vec<String> {
        match self {
            Self::OpenAi => openai(words, call),
            Self::Anthropic => anthropic(words, call),
            Self::Gemini => gemini(words, call),
        }
    }
}

/// A server that stands in for a provider.
pub struct Emulation {
    pub url: String,
    state: Arc<Shared>,
}

struct Shared {
    interface: Interface,
    requests: AtomicUsize,
    /// How many endless answers are being sent.
    endless: watch::Sender<usize>,
}

impl Emulation {
    /// Starts it on a free port; it wants the key `secret-key`.
    pub async fn start(interface: Interface) -> Self {
        let state = Arc::new(Shared { interface, requests: AtomicUsize::new(0), endless: watch::channel(0).0 });
        let app = Router::new().fallback(post(answer)).with_state(state.clone());
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let url = format!("http://{}/v1", listener.local_addr().unwrap());
        tokio::spawn(async move { axum::serve(listener, app).await.unwrap() });
        Self { url, state }
    }

    /// How often it was asked since this was last called.
    pub fn requests(&self) -> usize {
        self.state.requests.swap(0, Ordering::SeqCst)
    }

    /// Waits until so many endless answers are being sent.
    pub async fn endless(&self, count: usize) {
        let mut running = self.state.endless.subscribe();
        let reached = running.wait_for(|now| *now == count);
        tokio::time::timeout(PATIENCE, reached).await.expect("the connection should have changed").unwrap();
    }
}

async fn answer(State(state): State<Arc<Shared>>, uri: Uri, headers: HeaderMap, body: Bytes) -> Response {
    state.requests.fetch_add(1, Ordering::SeqCst);
    let request: Value = serde_json::from_slice(&body).unwrap();
    let key = ["authorization", "x-api-key", "x-goog-api-key"].iter().find_map(|name| headers.get(*name));
    let is_known = key.and_then(|key| key.to_str().ok()).is_some_and(|key| key.ends_with("secret-key"));
    let path = match state.interface {
        Interface::OpenAi => "/v1/chat/completions",
        Interface::Anthropic => "/v1/messages",
        Interface::Gemini => "/v1/models/test-model:streamGenerateContent",
    };
    if !is_known || uri.path() != path {
        return (StatusCode::UNAUTHORIZED, "who are you?").into_response();
    }
    let messages = request["messages"].as_array().or(request["contents"].as_array()).unwrap();
    let last = messages.last().unwrap().to_string();
    let events = |words: &[&str]| state.interface.events(words, None);
    let said = |marker: &str| last.contains(marker);
    if said("jazz trio") {
        return (StatusCode::TOO_MANY_REQUESTS, [(header::RETRY_AFTER, "30")], "{}").into_response();
    }
    if said("string quartet") {
        return (StatusCode::INTERNAL_SERVER_ERROR, "{}").into_response();
    }
    if said("whole evening") {
        std::future::pending::<()>().await;
    }
    if said("outdoors") {
        return sse(stream::iter(vec!["data: {\"choices\": [[[\n\n".to_owned(), "data: }\n\n".to_owned()]))
            .into_response();
    }
    if said("break off") {
        let half = events(&["We play ", "nearly "]).into_iter().take(match state.interface {
            Interface::Anthropic => 4,
            Interface::OpenAi | Interface::Gemini => 2,
        });
        return broken(half.collect()).into_response();
    }
    if said("Go on where you broke off") {
        return sse(stream::iter(events(&["all kinds ", "of music."]))).into_response();
    }
    if said("for ever") {
        let running = Running::begin(state.endless.clone());
        let turn = events(&["I will go on and on and on. ", "And on. "]);
        let last = turn.iter().position(|event| event.contains("And on.")).unwrap();
        let (first, again) = (turn[..=last].to_vec(), turn[last].clone());
        let ticks = tokio::time::interval(Duration::from_millis(200));
        let endless = stream::unfold((ticks, running), move |(mut ticks, running)| {
            let again = again.clone();
            async move {
                ticks.tick().await;
                Some((again, (ticks, running)))
            }
        });
        return sse(stream::iter(first).chain(endless)).into_response();
    }
    if said("kept") {
        return sse(stream::iter(events(&["It is ", "**noted**."]))).into_response();
    }
    if said("write this down") {
        let message = json!({ "name": "Ada", "reason": "a quartet" });
        let events = state.interface.events(&["One moment. "], Some(("take_message", message)));
        return sse(stream::iter(events)).into_response();
    }
    sse(stream::iter(events(&["We can ", "do that ", "for you."]))).into_response()
}

/// Counts an answer for as long as it is being sent.
struct Running(watch::Sender<usize>);

impl Running {
    fn begin(count: watch::Sender<usize>) -> Self {
        count.send_modify(|count| *count += 1);
        Self(count)
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        self.0.send_modify(|count| *count -= 1);
    }
}

fn sse(events: impl Stream<Item = String> + Send + 'static) -> impl IntoResponse {
    let body = Body::from_stream(events.map(Ok::<_, Infallible>));
    ([(header::CONTENT_TYPE, "text/event-stream")], body)
}

/// Events after which the connection breaks.
fn broken(events: Vec<String>) -> impl IntoResponse {
    let end = stream::once(async {
        // What was sent so far arrives before the connection is reset.
        tokio::task::yield_now().await;
        Err(std::io::Error::other("cut"))
    });
    let body = Body::from_stream(stream::iter(events).map(Ok).chain(end));
    ([(header::CONTENT_TYPE, "text/event-stream")], body)
}

fn data(value: &Value) -> String {
    format!("data: {value}\n\n")
}

fn openai(words: &[&str], call: Option<(&str, Value)>) -> Vec<String> {
    let chunk = |delta: Value, reason: Value| {
        data(&json!({
            "id": "c", "object": "chat.completion.chunk", "created": 1, "model": "test-model",
            "choices": [{ "index": 0, "delta": delta, "finish_reason": reason }],
        }))
    };
    let mut events: Vec<_> = words.iter().map(|word| chunk(json!({ "content": word }), Value::Null)).collect();
    let mut reason = "stop";
    if let Some((name, arguments)) = call {
        reason = "tool_calls";
        let arguments = arguments.to_string();
        let (head, tail) = arguments.split_at(5);
        let begin =
            json!({ "index": 0, "id": "call_1", "type": "function", "function": { "name": name, "arguments": head } });
        events.push(chunk(json!({ "tool_calls": [begin] }), Value::Null));
        let more = json!({ "index": 0, "function": { "arguments": tail } });
        events.push(chunk(json!({ "tool_calls": [more] }), Value::Null));
    }
    events.push(chunk(json!({}), json!(reason)));
    events.push("data: [DONE]\n\n".to_owned());
    events
}

fn anthropic(words: &[&str], call: Option<(&str, Value)>) -> Vec<String> {
    let event = |value: Value| format!("event: {}\n{}", value["type"].as_str().unwrap(), data(&value));
    let usage = json!({ "input_tokens": 1, "output_tokens": 1 });
    let message = json!({ "id": "m", "type": "message", "role": "assistant", "model": "test-model", "content": [], "usage": usage });
    let mut events = vec![
        event(json!({ "type": "message_start", "message": message })),
        event(json!({ "type": "content_block_start", "index": 0, "content_block": { "type": "text", "text": "" } })),
    ];
    for word in words {
        let delta = json!({ "type": "text_delta", "text": word });
        events.push(event(json!({ "type": "content_block_delta", "index": 0, "delta": delta })));
    }
    events.push(event(json!({ "type": "content_block_stop", "index": 0 })));
    let mut reason = "end_turn";
    if let Some((name, arguments)) = call {
        reason = "tool_use";
        let block = json!({ "type": "tool_use", "id": "toolu_1", "name": name, "input": {} });
        events.push(event(json!({ "type": "content_block_start", "index": 1, "content_block": block })));
        let arguments = arguments.to_string();
        let (head, tail) = arguments.split_at(5);
        for part in [head, tail] {
            let delta = json!({ "type": "input_json_delta", "partial_json": part });
            events.push(event(json!({ "type": "content_block_delta", "index": 1, "delta": delta })));
        }
        events.push(event(json!({ "type": "content_block_stop", "index": 1 })));
    }
    events.push(event(json!({ "type": "message_delta", "delta": { "stop_reason": reason }, "usage": usage })));
    events.push(event(json!({ "type": "message_stop" })));
    events
}

fn gemini(words: &[&str], call: Option<(&str, Value)>) -> Vec<String> {
    let chunk = |part: Value, reason: Value| {
        data(&json!({
            "candidates": [{ "content": { "parts": [part], "role": "model" }, "finishReason": reason, "index": 0 }],
            "usageMetadata": { "promptTokenCount": 1, "candidatesTokenCount": 1, "totalTokenCount": 2 },
            "modelVersion": "test-model",
        }))
    };
    let mut events: Vec<_> = words.iter().map(|word| chunk(json!({ "text": word }), Value::Null)).collect();
    if let Some((name, arguments)) = call {
        events.push(chunk(json!({ "functionCall": { "name": name, "args": arguments } }), Value::Null));
    }
    events.push(chunk(json!({ "text": "" }), json!("STOP")));
    events
}
