//! Which of two models is believed: the small one of the site's own phrases at once when it is sure, otherwise whichever
//! fits the sound better, unless the other one makes a question of it that the site answers. Pure: scores go in, decisions
//! come out.

use std::time::Duration;

use crate::server::agent::retrieval::{Fit, Index};

/// The small model is believed at this score and above. A score is that of the path for each 10 ms; on flite's voices
/// through Opus the site's own questions scored -16 to -35 when they were understood, other sentences -40 to -53.
const SURE_SCORE: f64 = -36.0;

/// By how much the small model has to fit better: it knows few words, and each of them is likely to it. Of 0 to 4, this had
/// the fewest errors in the sentences of benches/recognition that are not held out.
const FLATTERY: f64 = 2.0;

/// Below this in mid-speech the large model begins to listen too, so as to be ready at the end.
const STRUGGLING_SCORE: f64 = -40.0;

/// Before this much speech a score says nothing.
const TELLING_AFTER: Duration = Duration::from_millis(1200);

/// What a model understood, and how well it fits.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Heard {
    pub(super) text: String,
    pub(super) score: f64,
}

/// What is to be done about an utterance.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Decision {
    /// These are its words.
    Words(String),
    /// The large model has to be asked.
    Ask,
    /// The other model has not finished.
    Wait,
}

/// What both models said of one utterance, as far as they did.
#[derive(Debug, Default)]
pub(super) struct Opinions {
    site: Option<Option<Heard>>,
    general: Option<Option<Heard>>,
    has_asked: bool,
}

impl Opinions {
    /// The small model's score in mid-speech, or when the utterance `is_probably_over`; whether the large one has to be
    /// asked now.
    pub(super) fn on_interim(&mut self, score: f64, speech: Duration, is_probably_over: bool) -> bool {
        let enough = if is_probably_over { SURE_SCORE } else { STRUGGLING_SCORE };
        let is_struggling = (is_probably_over || speech >= TELLING_AFTER) && score < enough;
        let must_ask = is_struggling && !self.has_asked;
        self.has_asked |= must_ask;
        must_ask
    }

    /// The small model has finished; `questions` are the site's.
    pub(super) fn on_site(&mut self, heard: Option<Heard>, questions: &Index) -> Decision {
        if let Some(sure) = heard.as_ref().filter(|heard| heard.score >= SURE_SCORE) {
            return Decision::Words(sure.text.clone());
        }
        self.site = Some(heard);
        match self.best(questions) {
            Some(words) => Decision::Words(words),
            None if self.has_asked => Decision::Wait,
            None => {
                self.has_asked = true;
                Decision::Ask
            }
        }
    }

    /// The large model has finished, or has given up.
    pub(super) fn on_general(&mut self, heard: Option<Heard>, questions: &Index) -> Decision {
        self.general = Some(heard);
        self.best(questions).map_or(Decision::Wait, Decision::Words)
    }

    /// Whether the small model has finished, and the words wait for the large one alone.
    pub(super) fn is_waiting(&self) -> bool {
        self.site.is_some()
    }

    fn best(&self, questions: &Index) -> Option<String> {
        let (site, general) = (self.site.as_ref()?, self.general.as_ref()?);
        let best = match (site, general) {
            (Some(site), Some(general)) => Some(better(site, general, questions)),
            (site, general) => site.as_ref().or(general.as_ref()),
        };
        Some(best.map(|heard| heard.text.clone()).unwrap_or_default())
    }
}

/// Whichever fits the sound better; but the other where it is a question that the site answers, and the better one points
/// to the same answer, only with too many words that do not belong there: those were misheard.
fn better<'a>(site: &'a Heard, general: &'a Heard, questions: &Index) -> &'a Heard {
    let (best, other) = if site.score - FLATTERY < general.score { (general, site) } else { (site, general) };
    match (questions.closest(&best.text), questions.closest(&other.text)) {
        (Some(Fit { entry, is_answer: false }), Some(fit)) if fit.is_answer && fit.entry == entry => other,
        _ => best,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::faq::Faq;

    fn questions() -> Index {
        Index::new(&Faq::parse(include_str!("../../../../content/faq.md")).unwrap())
    }

    fn heard(text: &str, score: f64) -> Option<Heard> {
        Some(Heard { text: text.into(), score })
    }

    fn words(text: &str) -> Decision {
        Decision::Words(text.into())
    }

    #[test]
    fn the_small_model_is_believed_when_it_is_sure() {
        assert_eq!(Opinions::default().on_site(heard("a quartet", -20.0), &questions()), words("a quartet"));
    }

    #[test]
    fn the_better_fit_wins_otherwise() {
        for (general, best) in [(-35.0, "france"), (-46.0, "france"), (-50.0, "transfer")] {
            let mut opinions = Opinions::default();
            assert_eq!(opinions.on_site(heard("transfer", -45.0), &questions()), Decision::Ask);
            assert!(opinions.is_waiting());
            assert_eq!(opinions.on_general(heard("france", general), &questions()), words(best));
        }
        let mut opinions = Opinions::default();
        assert_eq!(opinions.on_site(None, &questions()), Decision::Ask);
        assert_eq!(opinions.on_general(None, &questions()), words(""));
    }

    #[test]
    fn the_large_model_is_asked_once_and_early_if_need_be() {
        let mut opinions = Opinions::default();
        assert!(!opinions.on_interim(-45.0, Duration::from_millis(600), false));
        assert!(!opinions.on_interim(-39.0, Duration::from_millis(1500), false));
        assert!(opinions.on_interim(-45.0, Duration::from_millis(1800), false));
        assert!(!opinions.on_interim(-45.0, Duration::from_millis(2100), false));
        assert_eq!(opinions.on_general(heard("france", -30.0), &questions()), Decision::Wait);
        assert_eq!(opinions.on_site(heard("transfer", -45.0), &questions()), words("france"));
        let mut late = Opinions::default();
        assert!(late.on_interim(-45.0, Duration::from_millis(1800), false));
        assert_eq!(late.on_site(heard("transfer", -45.0), &questions()), Decision::Wait);
        let mut over = Opinions::default();
        assert!(!over.on_interim(-35.0, Duration::from_millis(600), true));
        assert!(over.on_interim(-37.0, Duration::from_millis(600), true));
    }

    #[test]
    fn what_the_site_answers_is_believed_where_both_point_there() {
        for (general, best) in [
            ("can i get my money back when i can sell", "can i get nine back when bye cancel"),
            ("can i get my money back when i travel", "can i get my money back when i travel"),
            ("have you got a dog", "have you got a dog"),
        ] {
            let mut opinions = Opinions::default();
            assert_eq!(
                opinions.on_site(heard("can i get nine back when bye cancel", -44.0), &questions()),
                Decision::Ask
            );
            assert_eq!(opinions.on_general(heard(general, -40.0), &questions()), words(best), "{general}");
        }
    }
}
