//! The little of JSON that the browser needs: flat objects, written and read. A whole reader would weigh as much as the
//! panel's views.

use std::{iter::Peekable, str::Chars};

/// The members of an object that are texts or whole numbers; all others are passed over unread.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Object {
    texts: Vec<(String, String)>,
    numbers: Vec<(String, u64)>,
}

impl Object {
    /// Reads an object. What is passed over is not checked.
    pub fn parse(text: &str) -> Option<Self> {
        let mut object = Self::default();
        let mut input = Reader(text.chars().peekable());
        input.expect('{')?;
        if input.expect('}').is_some() {
            return Some(object);
        }
        loop {
            input.expect('"')?;
            let name = input.text()?;
            input.expect(':')?;
            match input.value()? {
                Value::Text(value) => object.texts.push((name, value)),
                Value::Number(value) => object.numbers.push((name, value)),
                Value::Other => {}
            }
            if input.expect(',').is_none() {
                return input.expect('}').map(|()| object);
            }
        }
    }

    /// The text called `name`.
    pub fn text(&self, name: &str) -> Option<&str> {
        self.texts.iter().rfind(|(known, _)| known == name).map(|(_, value)| value.as_str())
    }

    /// The whole number called `name`.
    pub fn number(&self, name: &str) -> Option<u64> {
        self.numbers.iter().rfind(|(known, _)| known == name).map(|(_, value)| *value)
    }
}

/// Writes an object of texts.
pub fn object(members: &[(&str, &str)]) -> String {
    let mut out = String::from("{");
    for (name, value) in members {
        for (text, after) in [(name, ':'), (value, ',')] {
            out.push('"');
            for letter in text.chars() {
                match letter {
                    '"' | '\\' => out.extend(['\\', letter]),
                    '\0'..='\x1f' => {
                        const HEX: [char; 16] =
                            ['0', '1', '2', '3', '4', '5', '6', '7', '8', '9', 'a', 'b', 'c', 'd', 'e', 'f'];
                        let code = letter as usize;
                        out.extend(['\\', 'u', '0', '0', HEX[code >> 4], HEX[code & 15]]);
                    }
                    _ => out.push(letter),
                }
            }
            out.extend(['"', after]);
        }
    }
    if !members.is_empty() {
        out.pop();
    }
    out.push('}');
    out
}

enum Value {
    Text(String),
    Number(u64),
    Other,
}

struct Reader<'a>(Peekable<Chars<'a>>);

impl Reader<'_> {
    /// Takes `letter`, where it is what comes next after blanks.
    fn expect(&mut self, letter: char) -> Option<()> {
        while self.0.next_if(|blank| matches!(blank, ' ' | '\t' | '\r' | '\n')).is_some() {}
        self.0.next_if_eq(&letter).map(|_| ())
    }

    fn value(&mut self) -> Option<Value> {
        if self.expect('"').is_some() {
            return self.text().map(Value::Text);
        }
        let mut depth = 0_u32;
        let mut word = String::new();
        loop {
            match *self.0.peek()? {
                ',' | '}' | ']' if depth == 0 => break,
                '{' | '[' => depth += 1,
                '}' | ']' => depth -= 1,
                '"' => {
                    self.0.next();
                    self.text()?;
                    continue;
                }
                letter => word.push(letter),
            }
            self.0.next();
        }
        Some(word.trim_end().parse().map_or(Value::Other, Value::Number))
    }

    /// The rest of a text whose opening quote is taken.
    fn text(&mut self) -> Option<String> {
        let mut text = String::new();
        loop {
            let letter = match self.0.next()? {
                '"' => return Some(text),
                '\\' => match self.0.next()? {
                    'b' => '\u{8}',
                    'f' => '\u{c}',
                    'n' => '\n',
                    'r' => '\r',
                    't' => '\t',
                    'u' => self.escaped()?,
                    letter => letter,
                },
                letter => letter,
            };
            text.push(letter);
        }
    }

    /// Four digits, and four more where they are the first half of a letter.
    fn escaped(&mut self) -> Option<char> {
        let high = self.digits()?;
        if !(0xd800..0xdc00).contains(&high) {
            return char::from_u32(high);
        }
        self.0.next_if_eq(&'\\')?;
        self.0.next_if_eq(&'u')?;
        let low = self.digits()?.checked_sub(0xdc00)?;
        char::from_u32(0x1_0000 + ((high - 0xd800) << 10) + low)
    }

    fn digits(&mut self) -> Option<u32> {
        (0..4).try_fold(0, |code, _| Some(code * 16 + self.0.next()?.to_digit(16)?))
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn reads_what_serde_writes(
            text in any::<String>(), number in any::<u64>(), other in "\\PC{0,20}", flag in any::<bool>()
        ) {
            let nested = serde_json::json!({ "n": [1, { "t": other.clone() }], "}": other, "no": [] });
            let all = serde_json::json!({ "a": text, "flag": flag, "nested": nested, "b": number, "null": null, "f": 1.5 });
            for written in [all.to_string(), serde_json::to_string_pretty(&all).unwrap()] {
                let read = Object::parse(&written).unwrap();
                prop_assert_eq!(read.text("a"), Some(text.as_str()));
                prop_assert_eq!(read.number("b"), Some(number));
                for other in ["flag", "nested", "null", "f", "n", "c"] {
                    prop_assert_eq!((read.text(other), read.number(other)), (None, None));
                }
            }
        }

        #[test]
        fn writes_what_serde_reads(name in any::<String>(), value in any::<String>(), other in any::<String>()) {
            let other_name = format!("{name}2");
            let written = object(&[(&name, &value), (&other_name, &other)]);
            let read: serde_json::Value = serde_json::from_str(&written).unwrap();
            prop_assert_eq!(read, serde_json::json!({ name: value, other_name: other }));
        }

        #[test]
        fn reads_anything_without_harm(text in "[{}\\[\\]\":,\\\\u0-9a-f \\PC]{0,40}") {
            Object::parse(&text);
        }
    }

    #[test]
    fn reads_escapes() {
        let read = Object::parse(r#"{ "a" : "\"\\\/\b\f\n\r\t\u20ac\ud834\udd1e" , "b":7 }"#).unwrap();
        assert_eq!(read.text("a"), Some("\"\\/\u{8}\u{c}\n\r\t\u{20ac}\u{1d11e}"));
        assert_eq!(read.number("b"), Some(7));
    }

    #[test]
    fn an_empty_object_is_one() {
        assert_eq!(Object::parse(" { } "), Some(Object::default()));
        assert_eq!(object(&[]), "{}");
    }

    #[test]
    fn what_is_no_object_is_none() {
        for text in ["", "[]", "{", "{\"a\"}", "{\"a\":", "{\"a\":\"", "{\"a\":1", "{\"a\":\"\\ud834\"}", "{a:1}", "1"]
        {
            assert_eq!(Object::parse(text), None, "{text}");
        }
    }
}
