//! What was said in a call, as far as it was heard: what every answer is made from.
//!
//! It keeps words and what tools gave, not sound; it knows no model and no room.

use std::collections::VecDeque;

use serde_json::Value;

use super::script::Memory;

/// Items that are kept; what is older hardly bears on the next answer, and every item is sent with every turn.
const ITEMS_MAX: usize = 80;

/// One thing that was said or done.
#[derive(Clone, Debug, PartialEq)]
pub(super) enum Item {
    /// The visitor's turn.
    Visitor(String),
    /// What the visitor heard of the assistant's turn.
    Assistant {
        /// The words that were heard, no others.
        text: String,
        /// Whether there would have been more.
        is_interrupted: bool,
    },
    /// A tool that was called, with what it gave once it has finished.
    Tool {
        /// The call.
        call: ToolCall,
        /// What it gave.
        result: Option<Value>,
    },
}

/// A tool call as a model makes it.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct ToolCall {
    /// Unique in the conversation.
    pub(super) id: String,
    /// The tool's name.
    pub(super) name: String,
    /// Its arguments, an object.
    pub(super) arguments: Value,
    /// What the model wants back with the call, word for word; Gemini does.
    pub(super) signatures: Option<Vec<String>>,
}

/// One call's words.
#[derive(Clone, Debug, Default, PartialEq)]
pub(super) struct Conversation {
    items: VecDeque<Item>,
    /// What the script keeps in mind.
    memory: Memory,
}

impl Conversation {
    /// What was said, the oldest first.
    pub(super) fn items(&self) -> impl DoubleEndedIterator<Item = &Item> + ExactSizeIterator {
        self.items.iter()
    }

    /// What the script keeps in mind.
    pub(super) fn memory(&self) -> &Memory {
        &self.memory
    }

    /// Keeps what the script will need to know.
    pub(super) fn remember(&mut self, memory: Memory) {
        self.memory = memory;
    }

    /// The visitor said `text`.
    pub(super) fn visitor_said(&mut self, text: &str) {
        self.push(Item::Visitor(text.to_owned()));
    }

    /// The visitor heard `text`; nothing is kept of an answer that was not heard at all.
    pub(super) fn assistant_said(&mut self, text: &str, is_interrupted: bool) {
        if !text.trim().is_empty() {
            self.push(Item::Assistant { text: text.trim().to_owned(), is_interrupted });
        }
    }

    /// A tool was called.
    pub(super) fn tool_began(&mut self, call: ToolCall) {
        self.push(Item::Tool { call, result: None });
    }

    /// The tool that was called as `id` has finished.
    pub(super) fn tool_ended(&mut self, id: &str, value: Value) {
        let ended = self.items.iter_mut().rev().find_map(|item| match item {
            Item::Tool { call, result } if call.id == id => Some(result),
            Item::Tool { .. } | Item::Visitor(_) | Item::Assistant { .. } => None,
        });
        if let Some(result) = ended {
            *result = Some(value);
        }
    }

    fn push(&mut self, item: Item) {
        self.items.push_back(item);
        while self.items.len() > ITEMS_MAX {
            self.items.pop_front();
        }
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn call(id: &str) -> ToolCall {
        ToolCall { id: id.into(), name: "end_call".into(), arguments: json!({}), signatures: None }
    }

    #[test]
    fn a_tool_gets_its_own_result() {
        let mut conversation = Conversation::default();
        conversation.tool_began(call("a"));
        conversation.tool_began(call("b"));
        conversation.tool_ended("a", json!("done"));
        conversation.tool_ended("elsewhere", json!("lost"));
        let items: Vec<_> = conversation.items().cloned().collect();
        let expected =
            [Item::Tool { call: call("a"), result: Some(json!("done")) }, Item::Tool { call: call("b"), result: None }];
        assert_eq!(items, expected);
    }

    #[test]
    fn only_what_was_heard_and_not_too_much_is_kept() {
        let mut conversation = Conversation::default();
        conversation.assistant_said("  ", true);
        assert_eq!(conversation.items().len(), 0);
        for n in 0..200 {
            conversation.visitor_said(&n.to_string());
        }
        assert_eq!(conversation.items().len(), ITEMS_MAX);
        assert_eq!(conversation.items().next_back(), Some(&Item::Visitor("199".into())));
    }
}
