//! Phone numbers as people say them: digit by digit, in pairs, "double five".

/// The shortest number that somebody can be called on.
const DIGITS_MIN: usize = 5;

/// The longest number there is (E.164).
const DIGITS_MAX: usize = 15;

/// Digits in a group, as they are read back.
const GROUP: usize = 3;

/// Words for digits, and how recognisers mishear them.
const DIGITS: &[(&str, char)] = &[
    ("zero", '0'),
    ("oh", '0'),
    ("o", '0'),
    ("nought", '0'),
    ("null", '0'),
    ("one", '1'),
    ("won", '1'),
    ("two", '2'),
    ("to", '2'),
    ("too", '2'),
    ("three", '3'),
    ("four", '4'),
    ("for", '4'),
    ("five", '5'),
    ("six", '6'),
    ("seven", '7'),
    ("eight", '8'),
    ("ate", '8'),
    ("nine", '9'),
];

/// Words that also mean something else; alone they are no digits.
const AMBIGUOUS: &[&str] = &["oh", "o", "won", "to", "too", "for", "ate", "one", "null"];

const TEENS: &[&str] =
    &["ten", "eleven", "twelve", "thirteen", "fourteen", "fifteen", "sixteen", "seventeen", "eighteen", "nineteen"];

const TENS: &[&str] = &["twenty", "thirty", "forty", "fifty", "sixty", "seventy", "eighty", "ninety"];

/// The number that `said` holds, in digits with perhaps a leading `+`; none if it holds no whole number.
pub(super) fn number(said: &str) -> Option<String> {
    let plain: String = said.to_lowercase().chars().map(|char| if char == '-' { ' ' } else { char }).collect();
    let words: Vec<&str> = plain
        .split_whitespace()
        .map(|word| word.trim_matches(|char: char| !char.is_alphanumeric() && char != '+'))
        .filter(|word| !word.is_empty())
        .collect();
    let mut number = String::new();
    let mut is_sure = false;
    let mut at = 0;
    while let Some(word) = words.get(at) {
        let next = words.get(at + 1).copied().unwrap_or_default();
        at += 1;
        if *word == "plus" && number.is_empty() {
            number.push('+');
        } else if let (Some(times), Some(digit)) = (times(word), digit(next)) {
            number.extend(std::iter::repeat_n(digit, times));
            at += 1;
        } else if let Some(tens) = TENS.iter().position(|tens| tens == word) {
            number.push_str(&(tens + 2).to_string());
            match digit(next).filter(|digit| *digit != '0') {
                Some(unit) => {
                    number.push(unit);
                    at += 1;
                }
                None => number.push('0'),
            }
            is_sure = true;
        } else if let Some(teen) = TEENS.iter().position(|teen| teen == word) {
            number.push_str(&(teen + 10).to_string());
            is_sure = true;
        } else if let Some(digit) = digit(word) {
            number.push(digit);
            is_sure |= !AMBIGUOUS.contains(word);
        } else if word.chars().all(|char| char.is_ascii_digit() || "+()/.".contains(char)) {
            let is_first = number.is_empty();
            number.extend(word.chars().filter(|char| char.is_ascii_digit() || *char == '+' && is_first));
            is_sure = true;
        }
    }
    let digits = number.chars().filter(char::is_ascii_digit).count();
    (is_sure && (DIGITS_MIN..=DIGITS_MAX).contains(&digits)).then_some(number)
}

/// The number as it is read back, digit by digit in groups.
pub(super) fn read_back(number: &str) -> String {
    let digits: Vec<char> = number.chars().filter(char::is_ascii_digit).collect();
    let groups = digits.chunks(GROUP).map(|group| group.iter().map(char::to_string).collect::<Vec<_>>().join(" "));
    let plus = if number.starts_with('+') { "plus " } else { "" };
    format!("{plus}{}", groups.collect::<Vec<_>>().join(", "))
}

fn digit(word: &str) -> Option<char> {
    let single = || word.chars().next().filter(|char| word.len() == 1 && char.is_ascii_digit());
    DIGITS.iter().find(|(name, _)| *name == word).map(|(_, digit)| *digit).or_else(single)
}

fn times(word: &str) -> Option<usize> {
    match word {
        "double" => Some(2),
        "triple" | "treble" => Some(3),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_are_understood_as_they_are_said() {
        for (said, expected) in [
            ("zero one seven one five five five one two three", Some("0171555123")),
            ("it's oh one seven one, double five triple two", Some("017155222")),
            ("plus four nine one seven one fifty five twelve thirty", Some("+49171551230")),
            ("0171 555-123", Some("0171555123")),
            ("+49 (171) 555 123", Some("+49171555123")),
            ("my number is seven two for to eight nine", Some("724289")),
            ("oh it is for two people to come", None),
            ("one two three", None),
            ("oh for one to", None),
            ("12345678901234567890", None),
            ("", None),
        ] {
            assert_eq!(number(said).as_deref(), expected, "{said}");
        }
    }

    #[test]
    fn it_is_read_back_in_groups() {
        assert_eq!(read_back("+49171555"), "plus 4 9 1, 7 1 5, 5 5");
        assert_eq!(read_back("01715"), "0 1 7, 1 5");
    }
}
