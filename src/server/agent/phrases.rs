//! What the assistant says when no model is asked, in whatever language the operator writes it.

use serde::Deserialize;

/// Sentences for the moments around a conversation.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Phrases {
    /// Speech was heard, but no word understood.
    pub pardon: String,
    /// The same once more.
    pub pardon_again: String,
    /// The line dropped and is back.
    pub line_dropped: String,
    /// A tool takes its time.
    pub one_moment: String,
    /// Nobody has said anything for a while.
    pub still_there: String,
    /// Nobody is there any more.
    pub nobody_there: String,
    /// The call has reached its longest.
    pub time_is_up: String,
    /// Nothing can answer.
    pub cannot_answer: String,
    /// Nothing recognises speech any more.
    pub cannot_hear: String,
    /// No voice speaks any more; said all the same, by a voice that was kept for it if there is one.
    pub cannot_speak: String,
    /// The end.
    pub goodbye: String,
}

impl Default for Phrases {
    fn default() -> Self {
        Self {
            pardon: "Sorry, I did not catch that. Could you say it again?".into(),
            pardon_again: "I still cannot understand you. You can also type your question.".into(),
            line_dropped: "I am sorry, the line dropped for a moment. Where were we?".into(),
            one_moment: "One moment, please.".into(),
            still_there: "Are you still there?".into(),
            nobody_there: "I cannot hear anybody, so I will hang up now. Call again any time. Goodbye.".into(),
            time_is_up: "I am sorry, our time is up. Please call again if there is more. Goodbye.".into(),
            cannot_answer: "I am sorry, something is wrong on our side, and I cannot answer that now.".into(),
            cannot_hear: "I am sorry, I cannot hear you at the moment. You can write to me here.".into(),
            cannot_speak: "I am sorry, my voice is failing me. You can read my answers here.".into(),
            goodbye: "Goodbye.".into(),
        }
    }
}
