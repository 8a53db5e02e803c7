//! A message that somebody leaves for the team.

use std::fmt;

use serde::{Deserialize, Serialize};

/// The fewest and the most digits of a number with its country code: the shortest in use, and ITU-T E.164's longest.
const DIGITS: std::ops::RangeInclusive<usize> = 7..=15;

/// A message for the team: who is to be called back, where, and about what.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Message {
    /// The caller's name as they gave it.
    pub name: String,
    /// Where to call back, if they left a number.
    pub phone: Option<PhoneNumber>,
    /// What it is about, in the caller's words.
    pub reason: String,
}

/// A telephone number as ITU-T E.164 writes it: `+`, the country code, the number.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct PhoneNumber(String);

impl PhoneNumber {
    /// The number, `+` first.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl PhoneNumber {
    /// Reads a number as it is dialled in the country of `calling_code`: with or without a zero in front, or with the
    /// country code after `+` or `00`. Without a country, only the latter will do.
    ///
    /// # Errors
    /// What is no number, or lacks a country code.
    pub fn dialled(text: &str, calling_code: Option<&str>) -> Result<Self, BadPhone> {
        let text = text.trim();
        if let Some(international) = text.strip_prefix("00") {
            return Self::try_from(format!("+{international}"));
        }
        match calling_code {
            Some(code) if !text.starts_with('+') => {
                Self::try_from(format!("+{code}{}", text.strip_prefix('0').unwrap_or(text)))
            }
            Some(_) | None => Self::try_from(text),
        }
    }
}

impl TryFrom<&str> for PhoneNumber {
    type Error = BadPhone;

    /// Reads a number; spaces, hyphens, dots and brackets between its digits are left out.
    fn try_from(text: &str) -> Result<Self, BadPhone> {
        let digits = text.trim().strip_prefix('+').ok_or(BadPhone)?;
        let is_between = |c: char| " -.()/".contains(c);
        let digits: String = digits.chars().filter(|c| !is_between(*c)).collect();
        let is_number = digits.bytes().all(|b| b.is_ascii_digit()) && !digits.starts_with('0');
        if is_number && DIGITS.contains(&digits.len()) { Ok(Self(format!("+{digits}"))) } else { Err(BadPhone) }
    }
}

impl TryFrom<String> for PhoneNumber {
    type Error = BadPhone;

    fn try_from(text: String) -> Result<Self, BadPhone> {
        Self::try_from(text.as_str())
    }
}

impl From<PhoneNumber> for String {
    fn from(number: PhoneNumber) -> Self {
        number.0
    }
}

impl fmt::Display for PhoneNumber {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// The text is no telephone number with a country code.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("a telephone number begins with + and the country code, and has 7 to 15 digits")]
pub struct BadPhone;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_are_read_as_people_write_them() {
        for text in ["+4930901820", " +49 (30) 90-18.20 ", "+49 30/901820"] {
            assert_eq!(PhoneNumber::try_from(text).unwrap().as_str(), "+4930901820", "{text}");
        }
    }

    #[test]
    fn numbers_are_completed_by_their_country() {
        for text in ["0171 555123", "171555123", "+49171555123", "0049 171 555 123"] {
            assert_eq!(PhoneNumber::dialled(text, Some("49")).unwrap().as_str(), "+49171555123", "{text}");
        }
        assert_eq!(PhoneNumber::dialled("+44 20 7946 0000", Some("49")).unwrap().as_str(), "+442079460000");
        assert_eq!(PhoneNumber::dialled("0171 555123", None), Err(BadPhone));
        assert_eq!(PhoneNumber::dialled("012", Some("49")), Err(BadPhone));
    }

    #[test]
    fn what_is_no_number_is_refused() {
        let cases = [
            "",
            "030 901820",
            "+",
            "+0493090182",
            "+49",
            "+1555@evil.com",
            "+1555;ext=1",
            "+1234567890123456",
            "+15\r\n550000000",
        ];
        for text in cases {
            assert_eq!(PhoneNumber::try_from(text), Err(BadPhone), "{text:?}");
        }
        assert!(serde_json::from_str::<PhoneNumber>("\"+1x\"").is_err());
    }
}
