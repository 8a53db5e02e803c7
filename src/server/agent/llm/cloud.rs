//! Claude, Gemini, OpenAI and whatever speaks as it does, through `genai`.
//!
//! It turns a conversation into the provider's request and its stream into pieces; it decides nothing.

use std::{sync::Arc, time::Duration};

use futures_util::{StreamExt, TryStreamExt, future, stream, stream::BoxStream};
use genai::{
    Client, ModelIden, ServiceTarget,
    adapter::AdapterKind,
    chat::{
        ChatMessage, ChatOptions, ChatRequest, ChatStreamEvent, Tool, ToolCall as GenaiCall, ToolChoice, ToolResponse,
    },
    resolver::{AuthData, Endpoint},
};
use secrecy::{ExposeSecret, SecretString};
use serde_json::json;

use super::{Llm, LlmError, Piece, Prompt, settings::CloudChoice};
use crate::server::agent::{
    conversation::{Conversation, Item, ToolCall},
    tools::{ToolSchema, schemas},
};

/// Words in one turn: more than anybody wants to hear.
const TOKENS_MAX: u32 = 400;

/// A stream that is silent for this long in mid-sentence has broken.
const SILENCE_MAX: Duration = Duration::from_secs(5);

/// What the visitor says before the conversation's first words; some interfaces want a person to speak first.
const HELLO: &str = "(The caller is on the line.)";

/// What takes up a turn that broke off; a request ends with somebody else's words than the model's.
const GO_ON: &str = "(Go on where you broke off.)";

/// What a model is told of a tool that has not finished.
const RUNNING: &str = "still running";

/// Who answers.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in crate::server::agent) enum Provider {
    /// Claude.
    Anthropic,
    /// Gemini.
    Gemini,
    /// OpenAI, and servers that speak as it does.
    OpenAi,
}

impl Provider {
    fn adapter(self) -> AdapterKind {
        match self {
            Self::Anthropic => AdapterKind::Anthropic,
            Self::Gemini => AdapterKind::Gemini,
            Self::OpenAi => AdapterKind::OpenAI,
        }
    }

    fn url(self) -> &'static str {
        match self {
            Self::Anthropic => "https://api.anthropic.com/v1/",
            Self::Gemini => "https://generativelanguage.googleapis.com/v1beta/",
            Self::OpenAi => "https://api.openai.com/v1/",
        }
    }

    /// The fast ones: on the telephone a second counts for more than depth.
    fn model(self) -> &'static str {
        match self {
            Self::Anthropic => "claude-haiku-4-5",
            Self::Gemini => "gemini-flash-latest",
            Self::OpenAi => "gpt-5-mini",
        }
    }

    /// The provider's name in the assistant's file.
    pub(in crate::server::agent) fn as_str(self) -> &'static str {
        match self {
            Self::Anthropic => "anthropic",
            Self::Gemini => "gemini",
            Self::OpenAi => "openai",
        }
    }

    /// The variable that each provider's own libraries read.
    pub(in crate::server::agent) fn key_env(self) -> &'static str {
        match self {
            Self::Anthropic => "ANTHROPIC_API_KEY",
            Self::Gemini => "GEMINI_API_KEY",
            Self::OpenAi => "OPENAI_API_KEY",
        }
    }
}

/// A model behind an HTTP interface.
pub(in crate::server::agent) struct Cloud {
    name: String,
    client: Client,
    target: ServiceTarget,
    instructions: Arc<str>,
}

impl Cloud {
    /// Takes what the assistant's file says, the key (none where the server wants none) and what the model is told first.
    pub(in crate::server::agent) fn new(
        provider: Provider,
        choice: &CloudChoice,
        key: Option<&SecretString>,
        http: reqwest::Client,
        instructions: Arc<str>,
    ) -> Result<Self, LlmError> {
        let model = choice.model.clone().unwrap_or_else(|| provider.model().to_owned());
        let url = choice.url.as_ref().map_or_else(|| provider.url().to_owned(), |url| url.with_slash());
        let auth = AuthData::Key(key.map(|key| key.expose_secret().to_owned()).unwrap_or_default());
        let target = ServiceTarget {
            endpoint: Endpoint::from_owned(url),
            auth,
            model: ModelIden::new(provider.adapter(), model.clone()),
        };
        let failed = |error: genai::Error| LlmError::Failed { model: model.clone(), reason: brief(&error) };
        let client = Client::builder().with_reqwest(http).build().map_err(failed)?;
        Ok(Self { name: model, client, target, instructions })
    }
}

impl Llm for Cloud {
    fn name(&self) -> &str {
        &self.name
    }

    fn reply(&self, prompt: Prompt) -> BoxStream<'static, Result<Piece, LlmError>> {
        let request = request(&self.instructions, &prompt.conversation);
        let options = ChatOptions::default()
            .with_max_tokens(TOKENS_MAX)
            .with_capture_tool_calls(true)
            .with_stream_read_timeout(SILENCE_MAX)
            .with_tool_choice(if prompt.may_call { ToolChoice::Auto } else { ToolChoice::None });
        let (client, target, model) = (self.client.clone(), self.target.clone(), self.name.clone());
        let failed = move |error: genai::Error| LlmError::Failed { model: model.clone(), reason: brief(&error) };
        let failed_later = failed.clone();
        let events = async move {
            let response = client.exec_chat_stream(target, request, Some(&options)).await.map_err(failed)?;
            Ok(response.stream.map_err(failed_later))
        };
        stream::once(events)
            .try_flatten()
            .map_ok(|event| stream::iter(pieces(event).into_iter().map(Ok)))
            .try_flatten()
            // One failure ends the turn, whatever the interface still sends.
            .scan(false, |has_failed, piece| {
                let piece = (!*has_failed).then_some(piece);
                *has_failed |= matches!(piece, Some(Err(_)));
                future::ready(piece)
            })
            .boxed()
    }
}

/// What an event of the interface's stream says. Calls are taken whole, at the end.
fn pieces(event: ChatStreamEvent) -> Vec<Piece> {
    match event {
        ChatStreamEvent::Chunk(chunk) => vec![Piece::Text(chunk.content)],
        ChatStreamEvent::End(end) => {
            let calls = end.captured_into_tool_calls().unwrap_or_default();
            calls.into_iter().map(|call| Piece::Call(ours(call))).collect()
        }
        ChatStreamEvent::Start
        | ChatStreamEvent::ReasoningChunk(_)
        | ChatStreamEvent::ThoughtSignatureChunk(_)
        | ChatStreamEvent::ToolCallChunk(_)
        | ChatStreamEvent::Heartbeat => Vec::new(),
    }
}

fn ours(call: GenaiCall) -> ToolCall {
    ToolCall { id: call.call_id, name: call.fn_name, arguments: call.fn_arguments, signatures: call.thought_signatures }
}

/// The provider's request: the instructions, the conversation, the tools.
fn request(instructions: &str, conversation: &Conversation) -> ChatRequest {
    let mut messages = Vec::new();
    if !matches!(conversation.items().next(), Some(Item::Visitor(_))) {
        messages.push(ChatMessage::user(HELLO));
    }
    for item in conversation.items() {
        match item {
            Item::Visitor(text) => messages.push(ChatMessage::user(text.as_str())),
            Item::Assistant { text, is_interrupted: false } => messages.push(ChatMessage::assistant(text.as_str())),
            Item::Assistant { text, is_interrupted: true } => {
                messages.push(ChatMessage::assistant(format!("{text} [interrupted]")));
            }
            Item::Tool { call, result } => {
                let result = result.clone().unwrap_or_else(|| json!({ "status": RUNNING }));
                messages.push(ChatMessage::from(vec![GenaiCall {
                    call_id: call.id.clone(),
                    fn_name: call.name.clone(),
                    fn_arguments: call.arguments.clone(),
                    thought_signatures: call.signatures.clone(),
                }]));
                let response = ToolResponse::new(call.id.clone(), result.to_string()).with_fn_name(call.name.clone());
                messages.push(ChatMessage::from(response));
            }
        }
    }
    if matches!(conversation.items().next_back(), Some(Item::Assistant { .. })) {
        messages.push(ChatMessage::user(GO_ON));
    }
    let tools = schemas().map(|ToolSchema { name, description, parameters }| {
        Tool::new(name).with_description(description).with_schema(parameters)
    });
    ChatRequest::new(messages).with_system(instructions).with_tools(tools)
}

/// What went wrong, without the request's words or headers: they are the caller's, and hold the key.
#[expect(clippy::wildcard_enum_match_arm, reason = "a foreign enum whose other variants may quote the request")]
fn brief(error: &genai::Error) -> String {
    use genai::Error;
    match error {
        Error::HttpError { status, .. } => format!("HTTP {status}"),
        Error::WebStream { cause, .. } => {
            cause.lines().next().unwrap_or("the stream broke").chars().take(200).collect()
        }
        Error::WebModelCall { webc_error, .. } | Error::WebAdapterCall { webc_error, .. } => web(webc_error),
        Error::StreamParse { .. } => "a stream that cannot be read".to_owned(),
        Error::ChatResponse { .. } => "an error in mid-stream".to_owned(),
        _ => "a request that cannot be made or read".to_owned(),
    }
}

#[expect(clippy::wildcard_enum_match_arm, reason = "a foreign enum whose other variants may quote the request")]
fn web(error: &genai::webc::Error) -> String {
    use genai::webc::Error;
    match error {
        Error::ResponseFailedStatus { status, .. } => format!("HTTP {status}"),
        Error::Reqwest(error) if error.is_timeout() => "no answer in time".to_owned(),
        Error::Reqwest(error) if error.is_connect() => "no connection".to_owned(),
        _ => "a broken connection".to_owned(),
    }
}
