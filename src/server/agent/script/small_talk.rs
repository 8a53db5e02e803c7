//! What people say around their questions.

/// Something that is not a question about the business.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum SmallTalk {
    /// The last answer once more.
    Repeat,
    Greeting,
    Thanks,
    Goodbye,
    Help,
    /// Who or what is speaking.
    Who,
    Yes,
    No,
    /// A person rather than a machine.
    Person,
    /// To leave a message.
    Message,
    /// To be called back.
    CallBack,
    /// Slower, please.
    Slower,
    /// To drop what was begun.
    NeverMind,
}

/// Phrases and what they mean, the surer ones first. They are looked for as whole words.
const PHRASES: &[(SmallTalk, &[&str])] = &[
    (
        SmallTalk::Repeat,
        &["repeat", "say that again", "say it again", "once more", "what did you say", "pardon", "come again"],
    ),
    (
        SmallTalk::Goodbye,
        &["goodbye", "good bye", "bye", "bye bye", "hang up", "that is all", "that's all", "that will be all"],
    ),
    (SmallTalk::NeverMind, &["never mind", "forget it", "cancel that", "leave it", "i changed my mind"]),
    (
        SmallTalk::CallBack,
        &["call me back", "call back", "callback", "ring me back", "ring me", "phone me", "give me a call", "call me"],
    ),
    (
        SmallTalk::Message,
        &["a message", "message for", "tell them", "pass on", "note something down", "write something down"],
    ),
    (
        SmallTalk::Person,
        &[
            "a person",
            "a human",
            "real person",
            "somebody real",
            "someone real",
            "speak to someone",
            "speak to somebody",
            "talk to someone",
            "talk to somebody",
            "your boss",
            "a colleague",
            "an agent",
            "a representative",
            "an operator",
        ],
    ),
    (SmallTalk::Slower, &["slower", "slow down", "too fast", "more slowly", "not so fast"]),
    (SmallTalk::Help, &["help", "what can you do", "what can i ask", "what do you know"]),
    (SmallTalk::Who, &["who are you", "what are you", "your name", "are you a robot", "are you real", "a machine"]),
    (SmallTalk::Thanks, &["thank you", "thanks", "thank"]),
    (SmallTalk::Greeting, &["hello", "hi", "hey", "good morning", "good afternoon", "good evening", "good day"]),
    (
        SmallTalk::Yes,
        &[
            "yes",
            "yeah",
            "yes please",
            "sure",
            "okay",
            "ok",
            "correct",
            "that's right",
            "that is right",
            "right",
            "please do",
        ],
    ),
    (SmallTalk::No, &["no", "nope", "nothing", "no thanks", "no thank you"]),
];

/// How many more words a phrase may have around it; longer speech is about something else.
const WORDS_AROUND: usize = 4;

impl SmallTalk {
    /// What `said` is, if it is one of these.
    pub(super) fn of(said: &str) -> Option<Self> {
        let plain: String = said
            .to_lowercase()
            .chars()
            .map(|char| if char.is_alphanumeric() || char == '\'' { char } else { ' ' })
            .collect();
        let words: Vec<&str> = plain.split_whitespace().collect();
        let holds = |phrase: &&str| {
            let phrase: Vec<&str> = phrase.split(' ').collect();
            words.len() <= phrase.len() + WORDS_AROUND && words.windows(phrase.len()).any(|window| window == phrase)
        };
        PHRASES.iter().find(|(_, phrases)| phrases.iter().any(holds)).map(|(meaning, _)| *meaning)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn finds_the_meaning_in_short_speech_only() {
        for (said, meaning) in [
            ("Hello!", Some(SmallTalk::Greeting)),
            ("could you say that again please", Some(SmallTalk::Repeat)),
            ("okay thanks bye", Some(SmallTalk::Goodbye)),
            ("No, thank you.", Some(SmallTalk::Thanks)),
            ("what's your name", Some(SmallTalk::Who)),
            ("yes", Some(SmallTalk::Yes)),
            ("could you call me back", Some(SmallTalk::CallBack)),
            ("can I leave a message", Some(SmallTalk::Message)),
            ("a person please", Some(SmallTalk::Person)),
            ("you are too fast", Some(SmallTalk::Slower)),
            ("no never mind", Some(SmallTalk::NeverMind)),
            ("history", None),
            ("hi I would like to know what a quartet costs for a wedding", None),
            ("", None),
        ] {
            assert_eq!(SmallTalk::of(said), meaning, "{said}");
        }
    }
}
