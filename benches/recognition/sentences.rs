//! What callers say: questions of this site in many words, and everything else.
//!
//! Nothing is tuned by those that are held out.

/// A sentence, in words as they are spoken.
#[derive(Clone, Copy, Debug)]
pub struct Sentence {
    /// What is said.
    pub said: &'static str,
    /// The question of `content/faq.md` that it asks; none if it asks something else, or nothing.
    pub asks: Option<&'static str>,
    /// Whether it is held out.
    pub is_held_out: bool,
}

/// All of them.
pub fn all() -> Vec<Sentence> {
    let questions = |list: &[(&'static str, &[&'static str])], is_held_out| -> Vec<Sentence> {
        let each = list.iter().flat_map(|(asks, said)| said.iter().map(move |said| (said, Some(*asks))));
        each.map(|(said, asks)| Sentence { said, asks, is_held_out }).collect()
    };
    let rest = |list: &[&'static str], is_held_out| -> Vec<Sentence> {
        list.iter().map(|said| Sentence { said, asks: None, is_held_out }).collect()
    };
    [questions(QUESTIONS, false), questions(HELD_OUT, true), rest(OTHER, false), rest(OTHER_HELD_OUT, true)].concat()
}

const QUARTET: &str = "What does a string quartet cost?";
const FREE: &str = "Are you free on the 14th of June?";
const KINDS: &str = "What kinds of music do you offer?";
const TRIO: &str = "What does a jazz trio cost?";
const DJ: &str = "How much is a DJ for the whole evening?";
const TRAVEL: &str = "How far do you travel?";
const EARLY: &str = "How early should we book?";
const SONGS: &str = "Can we choose the songs?";
const WEDDING: &str = "Can you play at our wedding ceremony?";
const SITE: &str = "What do you need on site?";
const OUTDOORS: &str = "Can you play outdoors?";
const PAY: &str = "How do we pay?";
const CANCEL: &str = "What happens if we have to cancel?";
const HEAR: &str = "Where can we hear you play?";
const PERSON: &str = "Can I speak to a person?";

const QUESTIONS: &[(&str, &[&str])] = &[
    (
        QUARTET,
        &[
            "what does a string quartet cost",
            "how much is a quartet for three hours",
            "what do you charge for a quartet",
        ],
    ),
    (
        FREE,
        &[
            "are you free on the fourteenth of june",
            "are you available on the fourteenth of june",
            "is anybody free on june the fourteenth",
        ],
    ),
    (
        KINDS,
        &["what kinds of music do you offer", "what kind of music do you play", "which types of music can we have"],
    ),
    (TRIO, &["what does a jazz trio cost", "how much is the jazz trio", "what is the price of a jazz trio"]),
    (DJ, &["how much is a dj for the whole evening", "what does a dj cost", "can you tell me the price of a dj"]),
    (TRAVEL, &["how far do you travel", "do you travel to other cities", "how far away can you come"]),
    (
        EARLY,
        &[
            "how early should we book",
            "how far ahead do we have to book",
            "how soon should i book for a saturday in summer",
        ],
    ),
    (SONGS, &["can we choose the songs", "can i pick the songs myself", "do you play our favourite songs"]),
    (
        WEDDING,
        &[
            "can you play at our wedding ceremony",
            "do you play during the ceremony",
            "would you play for the entrance at our wedding",
        ],
    ),
    (SITE, &["what do you need on site", "how much space do you need", "do you need a power outlet"]),
    (OUTDOORS, &["can you play outdoors", "can you play outside in the garden", "do you play outdoors in october"]),
    (PAY, &["how do we pay", "do we have to pay a deposit", "can i pay by bank transfer"]),
    (
        CANCEL,
        &["what happens if we have to cancel", "can we cancel the booking", "do i get my deposit back if i cancel"],
    ),
    (
        HEAR,
        &[
            "where can we hear you play",
            "do you have recordings that i can listen to",
            "can i come to an open rehearsal",
        ],
    ),
    (PERSON, &["can i speak to a person", "i would like to talk to a human", "can somebody from your team talk to me"]),
];

const HELD_OUT: &[(&str, &[&str])] = &[
    (QUARTET, &["could you tell me what a string quartet would cost us"]),
    (FREE, &["do you have a group free on the fourteenth of june"]),
    (KINDS, &["tell me what sorts of music you have"]),
    (TRIO, &["how expensive is a jazz trio with a singer"]),
    (DJ, &["what would a dj until two in the morning cost"]),
    (TRAVEL, &["do you charge for travel outside the city"]),
    (EARLY, &["when should we book for a wedding in summer"]),
    (SONGS, &["is there a list of songs that we can choose from"]),
    (WEDDING, &["can you play when the guests arrive for the ceremony"]),
    (SITE, &["what do you need from us at the place"]),
    (OUTDOORS, &["is it possible to play outdoors when it rains"]),
    (PAY, &["when do we have to pay the rest"]),
    (CANCEL, &["what if we need to cancel eight weeks before"]),
    (HEAR, &["where can i listen to your recordings"]),
    (PERSON, &["please let me speak to a real person"]),
];

const OTHER: &[&str] = &[
    "hello",
    "good morning",
    "could you repeat that please",
    "can you speak a little slower",
    "thank you very much",
    "that is all thank you goodbye",
    "i would like to leave a message",
    "please call me back tomorrow morning",
    "my name is peter johnson",
    "my name is sarah miller",
    "this is michael brown speaking",
    "my number is five five five one two three four",
    "you can reach me at two zero seven nine four six zero one",
    "my telephone number is zero one seven one five five three two",
    "it is about my daughter's birthday party in september",
    "i am calling because we want to change the date",
    "we are getting married next year in the spring",
    "there will be about eighty guests",
    "the party is on the third of october",
    "i need to speak about the contract that you sent",
    "can you send me the offer by mail",
    "do you sell tickets for concerts",
    "what is the weather like tomorrow",
    "do you teach the piano to children",
    "yes please",
    "no thank you",
    "i have changed my mind",
    "wait a moment please",
    "who am i talking to",
    "what can you do for me",
];

const OTHER_HELD_OUT: &[&str] = &[
    "good evening i have a question",
    "please say that again",
    "my name is david wilson",
    "my number is eight three one six two nine four",
    "we would like to change the time of our event",
    "there is a problem with my last invoice",
    "my husband will be fifty in november",
    "how long have you been in business",
    "never mind i will call again later",
    "that sounds good thank you",
];
