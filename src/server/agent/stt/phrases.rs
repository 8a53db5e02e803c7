//! What visitors of this site are likely to say, in words as they are spoken: the text of the small language model.

use super::language_model::LanguageModel;
use crate::{
    domain::faq::Faq,
    server::agent::{everyday, thesaurus},
};

/// How much more often a question of the site is asked than one of its answers is said back.
const QUESTION_TIMES: f64 = 6.0;
const ANSWER_TIMES: f64 = 0.5;
/// The same for a question in other words: each of them is one of many.
const VARIANT_TIMES: f64 = 1.0;
const COMMON_TIMES: f64 = 2.0;
const NUMBER_TIMES: f64 = 0.2;

/// What people say to any receptionist.
const COMMON: &[&str] = &[
    "hello",
    "hi",
    "hi there",
    "hey",
    "good morning",
    "good afternoon",
    "good evening",
    "how are you",
    "yes",
    "yes please",
    "yeah",
    "no",
    "no thanks",
    "no thank you",
    "okay",
    "sure",
    "all right",
    "that's right",
    "thank you",
    "thanks",
    "thank you very much",
    "thanks a lot",
    "great thank you",
    "goodbye",
    "bye",
    "bye bye",
    "thank you goodbye",
    "okay bye",
    "that is all",
    "that's all thank you",
    "could you repeat that",
    "can you say that again please",
    "say that again",
    "what did you say",
    "sorry",
    "once more please",
    "pardon",
    "slower please",
    "can you speak slower",
    "stop",
    "stop please",
    "wait",
    "wait a moment",
    "hold on",
    "one moment please",
    "never mind",
    "that's enough",
    "help",
    "help me please",
    "what can you do",
    "what can i ask you",
    "who are you",
    "are you a robot",
    "what is your name",
    "can i talk to someone",
    "can i talk to a human",
    "a person please",
    "i want to speak to a person",
    "can you call me back",
    "please call me back",
    "can i leave a message",
    "i would like to leave a message",
    "how much is",
    "how much is it",
    "how much does it cost",
    "how much is a",
    "what is the price of a",
    "what does it cost",
    "what do you charge for a",
    "what would that cost",
    "is that expensive",
    "do you have a discount",
    "can you",
    "could you",
    "do you",
    "do you have",
    "do you offer",
    "do you have anyone free on",
    "are you free on",
    "are you available on",
    "is it possible to",
    "i would like to",
    "i'd like to",
    "we would like to",
    "i want to",
    "i have a question",
    "tell me about",
    "can you tell me",
    "can you tell me about your",
    "i would like to book a",
    "when do we have to",
    "where are you",
    "how do i",
    "how can we",
    "what happens if",
    "what about the",
    "what about a",
    "on monday",
    "on tuesday",
    "on wednesday",
    "on thursday",
    "on friday",
    "on saturday",
    "on sunday",
    "in january",
    "in february",
    "in march",
    "in april",
    "in may",
    "in june",
    "in july",
    "in august",
    "in september",
    "in october",
    "in november",
    "in december",
    "next week",
    "next month",
    "next year",
    "tomorrow",
    "this weekend",
    "my name is",
    "my number is",
    "um",
    "uh",
    "hmm",
];

/// How a question or a wish of any kind begins: by one of these, somebody, and something to do.
const OPENERS: &[&str] =
    &["can", "could", "do", "would", "will", "should", "may", "did", "how can", "where can", "when can", "what can"];
const SUBJECTS: &[&str] = &["you", "we", "i", "somebody", "they"];
const DEEDS: &[&str] = &[
    "have",
    "get",
    "need",
    "want",
    "have to",
    "need to",
    "know",
    "take",
    "bring",
    "come",
    "go",
    "give",
    "tell",
    "ask",
    "pay",
    "book",
    "order",
    "send",
    "find",
    "see",
    "make",
    "do",
    "use",
    "change",
    "keep",
    "help",
    "talk to",
    "speak to",
    "meet",
    "call",
    "wait",
    "start",
    "show",
    "buy",
    "think about",
    "look at",
    "be there",
    "be here",
    "still",
    "also",
];
const DEED_TIMES: f64 = 0.02;

/// How often a word that everybody uses is said: without them, what is said about anything else would be taken for the
/// site's own words.
const EVERYDAY_TIMES: f64 = 0.2;

/// Days of the month, as in a date.
const ORDINALS: &[&str] = &[
    "first",
    "second",
    "third",
    "fourth",
    "fifth",
    "sixth",
    "seventh",
    "eighth",
    "ninth",
    "tenth",
    "eleventh",
    "twelfth",
    "thirteenth",
    "fourteenth",
    "fifteenth",
    "sixteenth",
    "seventeenth",
    "eighteenth",
    "nineteenth",
    "twentieth",
    "twenty first",
    "twenty second",
    "twenty third",
    "twenty fourth",
    "twenty fifth",
    "twenty sixth",
    "twenty seventh",
    "twenty eighth",
    "twenty ninth",
    "thirtieth",
    "thirty first",
];

const MONTHS: &[&str] = &[
    "january",
    "february",
    "march",
    "april",
    "may",
    "june",
    "july",
    "august",
    "september",
    "october",
    "november",
    "december",
];

const DAYS: &[&str] = &["monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday"];

const SMALL: &[&str] = &[
    "zero",
    "one",
    "two",
    "three",
    "four",
    "five",
    "six",
    "seven",
    "eight",
    "nine",
    "ten",
    "eleven",
    "twelve",
    "thirteen",
    "fourteen",
    "fifteen",
    "sixteen",
    "seventeen",
    "eighteen",
    "nineteen",
];

/// Who asks for themselves and who for others.
const PRONOUNS: &[(&str, &str)] = &[("we", "i"), ("i", "we"), ("our", "my"), ("my", "our"), ("us", "me")];

const TENS: &[&str] = &["", "", "twenty", "thirty", "forty", "fifty", "sixty", "seventy", "eighty", "ninety"];

/// The small model of a site: its questions, its answers, what is said to any receptionist, and dates.
pub(super) fn site_model(faq: &Faq) -> LanguageModel {
    let mut model = LanguageModel::default();
    for entry in &faq.entries {
        let question = spoken(&entry.question);
        variants(&question).iter().for_each(|variant| model.add(variant, VARIANT_TIMES));
        model.add(&question, QUESTION_TIMES);
        for sentence in entry.answer.split_inclusive(['.', '?', '!', '\n']) {
            let words = spoken(sentence);
            if !words.is_empty() {
                model.add(&words, ANSWER_TIMES);
            }
        }
    }
    for phrase in COMMON {
        model.add(&spoken(phrase), COMMON_TIMES);
    }
    for opener in OPENERS {
        for deed in DEEDS {
            SUBJECTS.iter().for_each(|who| model.add(&spoken(&format!("{opener} {who} {deed}")), DEED_TIMES));
        }
    }
    for word in everyday::words() {
        model.add_word(word, EVERYDAY_TIMES);
    }
    for (n, day) in ORDINALS.iter().enumerate() {
        let month = MONTHS[n % MONTHS.len()];
        model.add(&spoken(&format!("on the {day} of {month}")), 1.0);
        model.add(&spoken(&format!("are you free on the {day} of {}", MONTHS[(n + 5) % MONTHS.len()])), 1.0);
    }
    for number in SMALL.iter().chain(&TENS[2..]) {
        model.add(&spoken(number), NUMBER_TIMES);
    }
    model
}

/// A question with one of its words replaced, by each that may stand there.
fn variants(question: &[String]) -> Vec<Vec<String>> {
    let mut variants = Vec::new();
    for (at, word) in question.iter().enumerate() {
        let pronouns = PRONOUNS.iter().filter(|(one, _)| one == word).map(|(_, other)| *other);
        for other in pronouns.chain(thesaurus::synonyms(word)) {
            let mut variant = question.to_vec();
            other.clone_into(&mut variant[at]);
            variants.push(variant);
        }
    }
    variants
}

/// Whether a word is always written with a capital: a month or a day. May is not, which is a verb more often.
pub(super) fn is_name(word: &str) -> bool {
    word != "may" && MONTHS.contains(&word) || DAYS.contains(&word)
}

/// The words of `text` as they are spoken: small letters, numbers in words, no punctuation.
pub(super) fn spoken(text: &str) -> Vec<String> {
    let mut words = Vec::new();
    for token in
        text.to_lowercase().replace(['’', '‘'], "'").split(|char: char| char.is_whitespace() || "-/".contains(char))
    {
        let token = token.trim_matches(|char: char| !char.is_alphanumeric());
        let digits: String = token.chars().filter(char::is_ascii_digit).collect();
        let tail = token.trim_start_matches(|char: char| char.is_ascii_digit() || ",.".contains(char));
        match digits.parse::<u32>() {
            Ok(day @ 1..=31) if ["st", "nd", "rd", "th"].contains(&tail) => {
                words.extend(ORDINALS[day as usize - 1].split(' ').map(str::to_owned));
            }
            Ok(number) if tail.is_empty() => words.extend(number_words(number)),
            Ok(_) | Err(_) => {
                let word: String = token.chars().filter(|char| char.is_alphanumeric() || *char == '\'').collect();
                if !word.is_empty() {
                    words.push(word);
                }
            }
        }
    }
    words
}

fn number_words(number: u32) -> Vec<String> {
    let word = |list: &[&str], at: u32| list[at as usize].to_owned();
    match number {
        0..20 => vec![word(SMALL, number)],
        20..100 => {
            let mut words = vec![word(TENS, number / 10)];
            if !number.is_multiple_of(10) {
                words.push(word(SMALL, number % 10));
            }
            words
        }
        100..1000 => above(number, 100, "hundred"),
        1000..1_000_000 => above(number, 1000, "thousand"),
        1_000_000.. => number.to_string().chars().filter_map(|digit| Some(word(SMALL, digit.to_digit(10)?))).collect(),
    }
}

fn above(number: u32, unit: u32, name: &str) -> Vec<String> {
    let mut words = number_words(number / unit);
    words.push(name.to_owned());
    if !number.is_multiple_of(unit) {
        words.extend(number_words(number % unit));
    }
    words
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn text_becomes_what_is_said() {
        for (text, said) in [
            ("Are you free on the 14th of June?", "are you free on the fourteenth of june"),
            ("It is 1,450 euros.", "it is one thousand four hundred fifty euros"),
            ("A ready-made dance, 21st and 31st", "a ready made dance twenty first and thirty first"),
            ("What’s up? 20, 21, 300, 5,019", "what's up twenty twenty one three hundred five thousand nineteen"),
            ("DJs!", "djs"),
        ] {
            assert_eq!(spoken(text).join(" "), said);
        }
    }

    #[test]
    fn a_question_is_asked_in_other_words() {
        let variants: Vec<_> =
            variants(&spoken("Can we choose the songs?")).iter().map(|variant| variant.join(" ")).collect();
        for variant in ["can i choose the songs", "can we pick the songs", "can we choose the piece"] {
            assert!(variants.iter().any(|known| known == variant), "{variant}: {variants:?}");
        }
        assert!(variants.iter().all(|variant| variant.split(' ').count() == 5));
    }

    #[test]
    fn the_model_holds_what_the_site_asks() {
        let faq = Faq::parse(include_str!("../../../../content/faq.md")).unwrap();
        let vocabulary = site_model(&faq).vocabulary();
        for word in ["quartet", "fourteenth", "euros", "goodbye", "december", "what's"] {
            assert_eq!(vocabulary.contains(word), word != "what's", "{word}");
        }
    }
}
