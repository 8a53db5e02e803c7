//! Taking a message: name, number read back, reason.
//!
//! Pure: what was said goes in; what to ask next, or the whole message, comes out.

use serde_json::{Value, json};

use super::{
    digits::{number, read_back},
    small_talk::SmallTalk,
};

/// How often a number is asked for; after that the message is taken without one.
const NUMBER_TRIES: usize = 3;

/// What people put before their name.
const BEFORE_NAME: &[&str] = &[
    "my name is",
    "the name is",
    "name is",
    "this is",
    "i am",
    "i'm",
    "it is",
    "it's",
    "yes",
    "yeah",
    "sure",
    "okay",
    "ok",
    "hello",
    "hi",
    "uh",
    "um",
    "well",
];

/// Characters of a name that are kept.
const NAME_CHARS: usize = 80;

/// A message that is being taken.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Form {
    name: Option<String>,
    phone: Option<String>,
    reason: Option<String>,
    call_back: bool,
    step: Step,
    number_tries: usize,
}

#[derive(Clone, Debug, PartialEq, Eq)]
enum Step {
    Name,
    Phone,
    /// This number was read back.
    Confirm(String),
    Reason,
}

/// What follows from what was said.
#[derive(Clone, Debug, PartialEq)]
pub(super) enum Next {
    /// Says this, and goes on.
    Ask(String),
    /// Everything is known: the arguments of `take_message`.
    Whole(Value),
    /// They would rather not.
    Dropped,
}

impl Form {
    /// Begins a message, or a wish to be called back.
    pub(super) fn new(call_back: bool) -> Self {
        Self { name: None, phone: None, reason: None, call_back, step: Step::Name, number_tries: 0 }
    }

    /// The question that is open.
    pub(super) fn question(&self) -> String {
        match &self.step {
            Step::Name => "What is your name, please?".to_owned(),
            Step::Phone => "What number can we reach you on? Please say it digit by digit.".to_owned(),
            Step::Confirm(number) => format!("I have {}. Is that right?", read_back(number)),
            Step::Reason => "And what is it about?".to_owned(),
        }
    }

    /// Asks for the number again: the one given could not be used.
    pub(super) fn ask_number_again(&mut self) -> String {
        self.phone = None;
        self.step = Step::Phone;
        "I am sorry, I cannot use that number. Please give me the whole number, with the area code.".to_owned()
    }

    /// Takes the answer to the open question.
    pub(super) fn on(&mut self, said: &str, small_talk: Option<SmallTalk>) -> Next {
        if small_talk == Some(SmallTalk::NeverMind) {
            return Next::Dropped;
        }
        match &self.step {
            Step::Name => self.on_name(said),
            Step::Phone => self.on_phone(said, small_talk),
            Step::Confirm(heard) => {
                let heard = heard.clone();
                self.on_confirm(heard, said, small_talk)
            }
            Step::Reason => {
                self.reason = Some(said.trim().to_owned());
                self.whole()
            }
        }
    }

    fn on_name(&mut self, said: &str) -> Next {
        let name = name(said);
        if name.is_empty() {
            return Next::Ask("Please tell me your name.".to_owned());
        }
        let thanks = format!("Thank you, {name}. ");
        self.name = Some(name);
        self.step = Step::Phone;
        Next::Ask(thanks + &self.question())
    }

    fn on_phone(&mut self, said: &str, small_talk: Option<SmallTalk>) -> Next {
        if let Some(number) = number(said) {
            self.step = Step::Confirm(number);
            return Next::Ask(self.question());
        }
        self.number_tries += 1;
        if small_talk == Some(SmallTalk::No) || self.number_tries >= NUMBER_TRIES {
            return self.ask_reason("All right, without a number. ");
        }
        Next::Ask("I did not get a whole number. Please say it digit by digit, or type it.".to_owned())
    }

    fn on_confirm(&mut self, heard: String, said: &str, small_talk: Option<SmallTalk>) -> Next {
        if let Some(other) = number(said) {
            self.step = Step::Confirm(other);
            return Next::Ask(self.question());
        }
        match small_talk {
            Some(SmallTalk::Yes | SmallTalk::Thanks) => {
                self.phone = Some(heard);
                self.ask_reason("Good. ")
            }
            Some(SmallTalk::No) => {
                self.number_tries += 1;
                if self.number_tries >= NUMBER_TRIES {
                    return self.ask_reason("I am sorry. We will do without the number. ");
                }
                self.step = Step::Phone;
                Next::Ask("I am sorry. Please say the number once more, digit by digit, or type it.".to_owned())
            }
            Some(_) | None => Next::Ask(format!("Please say yes or no. {}", self.question())),
        }
    }

    fn ask_reason(&mut self, before: &str) -> Next {
        if self.reason.is_some() {
            return self.whole();
        }
        self.step = Step::Reason;
        Next::Ask(format!("{before}{}", self.question()))
    }

    fn whole(&self) -> Next {
        let mut message = json!({ "name": self.name, "reason": self.reason, "call_back": self.call_back });
        if let Some(phone) = &self.phone {
            message["phone"] = json!(phone);
        }
        Next::Whole(message)
    }
}

/// The name in what was said, without what people put before it.
fn name(said: &str) -> String {
    let mut rest = said.trim().trim_end_matches(['.', '!', '?', ',']).trim();
    while let Some(after) = BEFORE_NAME.iter().find_map(|before| {
        let (head, tail) = rest.split_at_checked(before.len())?;
        let is_word = tail.is_empty() || tail.starts_with([' ', ',', '.']);
        (head.eq_ignore_ascii_case(before) && is_word).then(|| tail.trim_start_matches([' ', ',', '.']))
    }) {
        rest = after;
    }
    rest.chars().take(NAME_CHARS).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    /// What comes of each answer.
    fn taken(call_back: bool, answers: &[&str]) -> Vec<Next> {
        let mut form = Form::new(call_back);
        answers.iter().map(|said| form.on(said, SmallTalk::of(said))).collect()
    }

    fn ask(text: &str) -> Next {
        Next::Ask(text.into())
    }

    #[test]
    fn a_message_is_name_number_and_reason() {
        let all = taken(true, &["Hi, my name is Ada Lovelace.", "0171 555 123", "yes", "A quartet in June"]);
        let expected = [
            ask("Thank you, Ada Lovelace. What number can we reach you on? Please say it digit by digit."),
            ask("I have 0 1 7, 1 5 5, 5 1 2, 3. Is that right?"),
            ask("Good. And what is it about?"),
            Next::Whole(json!({
                "name": "Ada Lovelace", "phone": "0171555123", "reason": "A quartet in June", "call_back": true,
            })),
        ];
        assert_eq!(all, expected);
    }

    #[test]
    fn a_wrong_number_is_corrected_and_a_missing_one_done_without() {
        let all = taken(false, &["Ada", "12345", "no 1 2 3 4 6", "yes please", "x"]);
        assert_eq!(all[2], ask("I have 1 2 3, 4 6. Is that right?"));
        assert_eq!(all[4], Next::Whole(json!({ "name": "Ada", "phone": "12346", "reason": "x", "call_back": false })));
        let all = taken(false, &["Ada", "er", "I do not know", "hmm", "x"]);
        assert_eq!(all[3], ask("All right, without a number. And what is it about?"));
        assert_eq!(all[4], Next::Whole(json!({ "name": "Ada", "reason": "x", "call_back": false })));
        let all = taken(false, &["Ada", "12345", "what", "no", "12345", "no", "12345", "no"]);
        assert_eq!(all[2], ask("Please say yes or no. I have 1 2 3, 4 5. Is that right?"));
        assert_eq!(all[7], ask("I am sorry. We will do without the number. And what is it about?"));
    }

    #[test]
    fn it_can_be_dropped_and_needs_a_name() {
        assert_eq!(taken(false, &["never mind"]), [Next::Dropped]);
        assert_eq!(taken(false, &["hello"]), [ask("Please tell me your name.")]);
        assert_eq!(name("Yes, this is Imani"), "Imani");
        assert_eq!(name("Ian"), "Ian");
    }

    #[test]
    fn a_number_that_cannot_be_used_is_asked_for_again_and_the_reason_is_kept() {
        let mut form = Form::new(true);
        for said in ["Ada", "12345", "yes", "a quartet"] {
            form.on(said, SmallTalk::of(said));
        }
        assert!(form.ask_number_again().contains("area code"));
        form.on("0171 555 123", None);
        let whole = json!({ "name": "Ada", "phone": "0171555123", "reason": "a quartet", "call_back": true });
        assert_eq!(form.on("yes", Some(SmallTalk::Yes)), Next::Whole(whole));
    }
}
