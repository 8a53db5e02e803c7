//! What the assistant can do beside talking: the same tools for every model and for the script.
//!
//! A caller is a stranger: nothing here reads what others have left. Tools act through a [`Mailbox`].

use std::sync::Arc;

use async_trait::async_trait;
use serde::Deserialize;
use serde_json::{Value, json};

use super::conversation::ToolCall;
use crate::domain::record::RoomLife;

/// Where messages are left: it stands between the assistant and whatever keeps them.
#[async_trait]
pub trait Mailbox: Send + Sync {
    /// Keeps a message that was left in `room`; in none that is known where it is absent.
    ///
    /// # Errors
    /// A message that could not be kept.
    async fn take(&self, room: Option<&RoomLife>, message: SpokenMessage) -> Result<(), MailboxError>;
}

/// A message that a caller has left.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct SpokenMessage {
    /// Who left it, as they gave their name.
    pub name: String,
    /// Where they can be called, in the digits that they gave, perhaps with a leading `+`.
    #[serde(default)]
    pub phone: Option<String>,
    /// What it is about.
    pub reason: String,
    /// Whether they asked to be called back.
    #[serde(default)]
    pub call_back: bool,
}

/// A message that could not be kept.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum MailboxError {
    /// A field that cannot be used, to be asked for again.
    #[error("{field}: {reason}")]
    Field {
        /// The field's name.
        field: &'static str,
        /// What is wrong with it.
        reason: String,
    },
    /// Nothing can be kept now.
    #[error("messages cannot be kept now")]
    Unavailable,
}

/// A tool with its arguments.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Tool {
    /// Keeps a message.
    TakeMessage(SpokenMessage),
    /// Ends the call once everything was said.
    EndCall,
}

/// The name of the tool that keeps a message.
pub(super) const TAKE_MESSAGE: &str = "take_message";

/// The name of the tool that ends the call.
pub(super) const END_CALL: &str = "end_call";

/// A tool as models are told of it.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct ToolSchema {
    pub(super) name: &'static str,
    pub(super) description: &'static str,
    /// JSON Schema of its arguments.
    pub(super) parameters: Value,
}

/// Every tool.
pub(super) fn schemas() -> [ToolSchema; 2] {
    let text = |description: &str| json!({ "type": "string", "description": description });
    [
        ToolSchema {
            name: TAKE_MESSAGE,
            description: "Keeps a message for the team, or a wish to be called back. Read the phone number back to the \
                          caller, digit by digit, and wait for their yes before you call this.",
            parameters: json!({
                "type": "object",
                "properties": {
                    "name": text("The caller's name"),
                    "phone": text("The caller's phone number, digits only, with a leading + if they gave the country"),
                    "reason": text("What it is about, in one or two sentences"),
                    "call_back": { "type": "boolean", "description": "Whether they want to be called back" },
                },
                "required": ["name", "reason"],
                "additionalProperties": false,
            }),
        },
        ToolSchema {
            name: END_CALL,
            description: "Ends the call. Say goodbye first, and call this only when the caller has nothing more to say.",
            parameters: json!({ "type": "object", "properties": {}, "additionalProperties": false }),
        },
    ]
}

impl Tool {
    /// Reads a call.
    ///
    /// # Errors
    /// What a model can mend: an unknown tool, arguments that do not fit.
    pub(super) fn of(call: &ToolCall) -> Result<Self, String> {
        match &*call.name {
            TAKE_MESSAGE => {
                serde_json::from_value(call.arguments.clone()).map(Self::TakeMessage).map_err(|error| error.to_string())
            }
            END_CALL => Ok(Self::EndCall),
            other => Err(format!("there is no tool `{other}`")),
        }
    }

    /// Runs it for the call in `room`; gives what a model is told.
    pub(super) async fn run(self, mailbox: &Arc<dyn Mailbox>, room: Option<&RoomLife>) -> Value {
        match self {
            Self::TakeMessage(message) => match mailbox.take(room, message).await {
                Ok(()) => json!({ "status": "kept" }),
                Err(error) => refusal(&error.to_string()),
            },
            Self::EndCall => json!({ "status": "ending" }),
        }
    }
}

/// What a model is told of a call that did nothing.
pub(super) fn refusal(reason: &str) -> Value {
    json!({ "status": "failed", "reason": reason })
}

/// Whether a tool's result says that it did what it was called for.
pub(super) fn has_worked(result: &Value) -> bool {
    result["status"] != "failed"
}

#[cfg(test)]
mod tests {
    use super::*;

    fn call(name: &str, arguments: Value) -> ToolCall {
        ToolCall { id: "1".into(), name: name.into(), arguments, signatures: None }
    }

    #[test]
    fn arguments_are_read_strictly() {
        let tool = Tool::of(&call(TAKE_MESSAGE, json!({ "name": "Ada", "reason": "a quartet", "phone": "+49171" })));
        let message = SpokenMessage {
            name: "Ada".into(),
            phone: Some("+49171".into()),
            reason: "a quartet".into(),
            call_back: false,
        };
        assert_eq!(tool, Ok(Tool::TakeMessage(message)));
        assert_eq!(Tool::of(&call(END_CALL, json!({}))), Ok(Tool::EndCall));
        for (name, arguments, reason) in [
            (TAKE_MESSAGE, json!({ "name": "Ada" }), "missing field `reason`"),
            (TAKE_MESSAGE, json!({ "name": 7, "reason": "x" }), "invalid type"),
            (TAKE_MESSAGE, json!({ "name": "A", "reason": "x", "to": "b" }), "unknown field `to`"),
            ("transfer_money", json!({}), "there is no tool `transfer_money`"),
        ] {
            let refusal = Tool::of(&call(name, arguments)).unwrap_err();
            assert!(refusal.contains(reason), "{refusal}");
        }
    }

    #[test]
    fn every_schema_is_a_tool_and_names_its_required_arguments() {
        for schema in schemas() {
            let mut arguments = serde_json::Map::new();
            for name in schema.parameters["required"].as_array().into_iter().flatten() {
                arguments.insert(name.as_str().unwrap().to_owned(), json!("x"));
            }
            assert!(Tool::of(&call(schema.name, Value::Object(arguments))).is_ok(), "{}", schema.name);
        }
    }
}
