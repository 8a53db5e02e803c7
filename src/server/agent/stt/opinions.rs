//! Which of two models is believed: the small one of the site's own phrases at once when it is sure, otherwise whichever
//! fits the sound better. Pure: scores go in, decisions come out.

use std::time::Duration;

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

    /// The small model has finished.
    pub(super) fn on_site(&mut self, heard: Option<Heard>) -> Decision {
        if let Some(sure) = heard.as_ref().filter(|heard| heard.score >= SURE_SCORE) {
            return Decision::Words(sure.text.clone());
        }
        self.site = Some(heard);
        match self.best() {
            Some(words) => Decision::Words(words),
            None if self.has_asked => Decision::Wait,
            None => {
                self.has_asked = true;
                Decision::Ask
            }
        }
    }

    /// The large model has finished, or has given up.
    pub(super) fn on_general(&mut self, heard: Option<Heard>) -> Decision {
        self.general = Some(heard);
        self.best().map_or(Decision::Wait, Decision::Words)
    }

    /// Whether the small model has finished, and the words wait for the large one alone.
    pub(super) fn is_waiting(&self) -> bool {
        self.site.is_some()
    }

    fn best(&self) -> Option<String> {
        let (site, general) = (self.site.as_ref()?, self.general.as_ref()?);
        let best = match (site, general) {
            (Some(site), Some(general)) if site.score - FLATTERY < general.score => Some(general),
            (Some(site), _) => Some(site),
            (None, general) => general.as_ref(),
        };
        Some(best.map(|heard| heard.text.clone()).unwrap_or_default())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn heard(text: &str, score: f64) -> Option<Heard> {
        Some(Heard { text: text.into(), score })
    }

    fn words(text: &str) -> Decision {
        Decision::Words(text.into())
    }

    #[test]
    fn the_small_model_is_believed_when_it_is_sure() {
        assert_eq!(Opinions::default().on_site(heard("a quartet", -20.0)), words("a quartet"));
    }

    #[test]
    fn the_better_fit_wins_otherwise() {
        for (general, best) in [(-35.0, "france"), (-46.0, "france"), (-48.0, "transfer")] {
            let mut opinions = Opinions::default();
            assert_eq!(opinions.on_site(heard("transfer", -45.0)), Decision::Ask);
            assert!(opinions.is_waiting());
            assert_eq!(opinions.on_general(heard("france", general)), words(best));
        }
        let mut opinions = Opinions::default();
        assert_eq!(opinions.on_site(None), Decision::Ask);
        assert_eq!(opinions.on_general(None), words(""));
    }

    #[test]
    fn the_large_model_is_asked_once_and_early_if_need_be() {
        let mut opinions = Opinions::default();
        assert!(!opinions.on_interim(-45.0, Duration::from_millis(600), false));
        assert!(!opinions.on_interim(-39.0, Duration::from_millis(1500), false));
        assert!(opinions.on_interim(-45.0, Duration::from_millis(1800), false));
        assert!(!opinions.on_interim(-45.0, Duration::from_millis(2100), false));
        assert_eq!(opinions.on_general(heard("france", -30.0)), Decision::Wait);
        assert_eq!(opinions.on_site(heard("transfer", -45.0)), words("france"));
        let mut late = Opinions::default();
        assert!(late.on_interim(-45.0, Duration::from_millis(1800), false));
        assert_eq!(late.on_site(heard("transfer", -45.0)), Decision::Wait);
        let mut over = Opinions::default();
        assert!(!over.on_interim(-35.0, Duration::from_millis(600), true));
        assert!(over.on_interim(-37.0, Duration::from_millis(600), true));
    }
}
