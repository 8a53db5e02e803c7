//! The words of the site around the call button, as `content/site.toml` holds them. Knows nothing of files or markup.

use serde::Deserialize;

/// One business's page.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Site {
    /// The business's name.
    pub name: String,
    /// One or two sentences for search engines.
    pub description: String,
    /// What the panel offers to ask before a call.
    pub opening_questions: Vec<String>,
    /// The top of the page.
    pub hero: Hero,
    /// What speaks for the business.
    pub facts: Vec<Fact>,
    /// What it sells.
    pub services: Vec<Service>,
    /// How one comes to it, in order.
    pub steps: Vec<Step>,
    /// What a customer said.
    pub quote: Quote,
    /// How to reach people.
    pub contact: Contact,
    /// Who is answerable.
    pub imprint: Imprint,
}

/// The top of the page.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Hero {
    /// The line above the title.
    pub eyebrow: String,
    /// The page's one big sentence.
    pub title: String,
    /// What the business does, in two lines.
    pub lead: String,
}

/// A number and what it counts.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Fact {
    /// The number, as it is written.
    pub value: String,
    /// What it counts.
    pub label: String,
}

/// Something one can book.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Service {
    /// Its name.
    pub name: String,
    /// The drawing beside it.
    pub art: Art,
    /// Its price, as it is written.
    pub price: String,
    /// What the price covers.
    pub unit: String,
    /// What it is.
    pub text: String,
    /// The occasions it is for.
    pub suits: String,
}

/// A drawing that the page knows.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Art {
    /// Four strings, one of them plucked.
    Strings,
    /// Piano keys.
    Keys,
    /// A turntable.
    Decks,
    /// Waves under a stage light.
    Waves,
}

/// One step towards a booking.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Step {
    /// What happens.
    pub title: String,
    /// What that means.
    pub text: String,
}

/// What a customer said.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Quote {
    /// The words.
    pub text: String,
    /// Whose they are.
    pub who: String,
}

/// How to reach people.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Contact {
    /// When somebody answers.
    pub lead: String,
    /// A telephone number, written for people.
    pub phone: String,
    /// An e-mail address.
    pub email: String,
    /// The postal address, line by line.
    pub address: Vec<String>,
    /// Where one can come by.
    pub hall: String,
}

/// Who is answerable for the page.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Imprint {
    /// The lines that the law asks for.
    pub lines: Vec<String>,
    /// What becomes of the visitor's data.
    pub privacy: String,
}
