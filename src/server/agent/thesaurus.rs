//! Words that mean the same to somebody who asks, and the stems that their forms share. Pure; it knows neither questions nor
//! sound.

/// Other words for the same thing, by stem: the right-hand one stands for both.
const SAME: &[(&str, &str)] = &[
    ("price", "cost"),
    ("much", "cost"),
    ("expensive", "cost"),
    ("charge", "cost"),
    ("fee", "cost"),
    ("rate", "cost"),
    ("available", "free"),
    ("availability", "free"),
    ("outside", "outdoor"),
    ("garden", "outdoor"),
    ("rain", "outdoor"),
    ("reserve", "book"),
    ("advance", "early"),
    ("ahead", "early"),
    ("soon", "early"),
    ("piece", "song"),
    ("playlist", "song"),
    ("favourite", "wish"),
    ("favorite", "wish"),
    ("select", "choose"),
    ("pick", "choose"),
    ("human", "person"),
    ("someone", "person"),
    ("somebody", "person"),
    ("staff", "person"),
    ("talk", "speak"),
    ("marry", "wedding"),
    ("marriage", "wedding"),
    ("bride", "wedding"),
    ("groom", "wedding"),
    ("church", "ceremony"),
    ("town", "city"),
    ("electricity", "power"),
    ("terrace", "outdoor"),
    ("colleague", "person"),
    ("employee", "person"),
    ("decide", "choose"),
    ("cancellation", "cancel"),
    ("distance", "travel"),
    ("drive", "travel"),
    ("come", "travel"),
    ("refund", "cancel"),
    ("invoice", "pay"),
    ("payment", "pay"),
    ("deposit", "pay"),
    ("listen", "hear"),
    ("recording", "hear"),
    ("sample", "hear"),
    ("space", "site"),
    ("room", "site"),
    ("equipment", "site"),
    ("require", "need"),
    ("kind", "kinds"),
    ("type", "kinds"),
    ("style", "kinds"),
    ("genre", "kinds"),
    ("sort", "kinds"),
    ("fourteenth", "14th"),
];

/// The stem of a small-lettered word, the same for all words of one meaning.
pub(super) fn stem(word: &str) -> String {
    let word = word.strip_suffix("'s").unwrap_or(word);
    let singular = word.strip_suffix("ies").map(|rest| format!("{rest}y"));
    let word = singular.as_deref().unwrap_or(word);
    let short = ["ings", "ing", "ed", "es", "s"].into_iter().find_map(|ending| {
        let rest = word.strip_suffix(ending)?;
        (rest.chars().count() >= 3 && !rest.ends_with('s')).then_some(rest)
    });
    let stem = short.unwrap_or(word);
    let stem = bare(stem);
    let same = SAME.iter().find(|(word, _)| bare(word) == stem);
    same.map_or(stem, |(_, same)| bare(same)).to_owned()
}

/// A word without the letters at its end that some of its forms lack, or have twice.
fn bare(word: &str) -> &str {
    if word.chars().count() <= 3 {
        return word;
    }
    let word = word.trim_end_matches('e');
    let mut ending = word.chars().rev();
    match (ending.next(), ending.next()) {
        (Some(last), before) if before == Some(last) && !"aeious".contains(last) => {
            &word[..word.len() - last.len_utf8()]
        }
        (Some(_) | None, _) => word,
    }
}

/// Other words for the same as `word`.
pub(super) fn synonyms(word: &str) -> impl Iterator<Item = &'static str> {
    let (word, meaning) = (word.to_owned(), stem(word));
    let pairs = SAME.iter().filter(move |(_, same)| bare(same) == meaning);
    pairs.map(|(other, _)| *other).filter(move |other| *other != word)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn forms_and_synonyms_have_one_stem() {
        for (word, other) in [
            ("songs", "pieces"),
            ("pick", "choose"),
            ("free", "available"),
            ("site", "space"),
            ("cancelling", "cancel"),
        ] {
            assert_eq!(stem(word), stem(other), "{word}");
        }
        assert_ne!(stem("song"), stem("choose"));
    }

    #[test]
    fn a_words_synonyms_are_not_itself() {
        let others: Vec<_> = synonyms("choose").collect();
        assert!(others.contains(&"pick") && others.contains(&"select") && !others.contains(&"choose"), "{others:?}");
        assert_eq!(synonyms("rehearsal").count(), 0);
    }
}
