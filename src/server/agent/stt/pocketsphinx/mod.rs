//! PocketSphinx with two models: a small one of the site's own phrases hears everything; the default one is asked when
//! the small one is not sure, and both are weighed by what the site can answer.
//!
//! `workers` own the decoders, which `model` makes; the first call starts the first of them. Nothing here waits on the
//! conversation's side.

mod model;
mod workers;

use std::{
    sync::{
        Arc, Mutex, MutexGuard, OnceLock, PoisonError,
        atomic::{AtomicBool, Ordering},
        mpsc::{Receiver, Sender, channel},
    },
    time::Duration,
};

use tokio::sync::mpsc;

use self::{
    model::Model,
    workers::{Job, Sound, Workers},
};
use super::{
    Stt, Understood, Utterance, UtteranceId, Words,
    language_model::LanguageModel,
    opinions::{Decision, Heard, Opinions},
    phrases,
};
use crate::{
    domain::faq::Faq,
    server::agent::{audio::SAMPLE_HZ, retrieval::Index},
};

/// Sound that is kept of one utterance: more than the ear makes one of.
const UTTERANCE_SAMPLES_MAX: usize = SAMPLE_HZ * 40;

/// The recogniser of this machine.
pub(in crate::server::agent) struct PocketSphinx {
    model: Arc<LanguageModel>,
    questions: Arc<Index>,
    workers: OnceLock<(Workers, Arc<Workers>)>,
}

impl PocketSphinx {
    /// Whether the models are on this machine.
    pub(in crate::server::agent) fn is_installed() -> bool {
        model::is_installed()
    }

    /// Learns what visitors of this site are likely to say.
    pub(in crate::server::agent) fn new(faq: &Faq) -> Self {
        Self {
            model: Arc::new(phrases::site_model(faq)),
            questions: Arc::new(Index::new(faq)),
            workers: OnceLock::new(),
        }
    }

    /// The threads of the small model, and of the default one.
    fn workers(&self) -> &(Workers, Arc<Workers>) {
        let new = |kind| Workers::new(kind, self.model.clone());
        self.workers.get_or_init(|| (new(Model::Site), Arc::new(new(Model::General))))
    }
}

impl Stt for PocketSphinx {
    fn warm(&self) {
        self.workers().0.ready_one();
    }

    fn begin(&self, id: UtteranceId, words: mpsc::Sender<Words>) -> Box<dyn Utterance> {
        let (site, general) = self.workers();
        let ((to_site, at_site), (to_general, at_general)) = (channel(), channel());
        let case = Arc::new(Case {
            id,
            words,
            opinions: Mutex::default(),
            questions: self.questions.clone(),
            unheard: Mutex::new(Some(at_general)),
            general: general.clone(),
            is_decided: AtomicBool::new(false),
        });
        site.give(Job { sounds: at_site, case });
        Box::new(Pending { sounds: [to_site, to_general], samples_left: UTTERANCE_SAMPLES_MAX })
    }
}

/// An utterance on its way to both models.
struct Pending {
    sounds: [Sender<Sound>; 2],
    samples_left: usize,
}

impl Utterance for Pending {
    fn hear(&mut self, pcm: &[i16]) {
        let Some(left) = self.samples_left.checked_sub(pcm.len()) else { return };
        self.samples_left = left;
        let pcm: Arc<[i16]> = pcm.into();
        for sound in &self.sounds {
            sound.send(Sound::More(pcm.clone())).ok();
        }
    }

    fn flush(&mut self) {
        for sound in &self.sounds {
            sound.send(Sound::Flush).ok();
        }
    }

    fn finish(self: Box<Self>) {
        for sound in &self.sounds {
            sound.send(Sound::End).ok();
        }
    }
}

/// One utterance, seen from both models.
struct Case {
    id: UtteranceId,
    words: mpsc::Sender<Words>,
    opinions: Mutex<Opinions>,
    questions: Arc<Index>,
    /// The sound for the default model, until it is asked.
    unheard: Mutex<Option<Receiver<Sound>>>,
    general: Arc<Workers>,
    is_decided: AtomicBool,
}

impl Case {
    fn on_interim(self: &Arc<Self>, heard: &Heard, speech: Duration, is_probably_over: bool) {
        // Words in mid-speech are worth showing only while there is room for them.
        self.words.try_send(self.words(Understood::SoFar(written(&heard.text)))).ok();
        if locked(&self.opinions).on_interim(heard.score, speech, is_probably_over) {
            self.ask();
        }
    }

    fn on_final(self: &Arc<Self>, kind: Model, heard: Option<Heard>) {
        let decision = match kind {
            Model::Site => locked(&self.opinions).on_site(heard, &self.questions),
            Model::General => locked(&self.opinions).on_general(heard, &self.questions),
        };
        match decision {
            Decision::Words(text) => {
                self.is_decided.store(true, Ordering::Relaxed);
                self.words.blocking_send(self.words(Understood::All(written(&text)))).ok();
            }
            Decision::Ask => self.ask(),
            Decision::Wait => {}
        }
    }

    fn words(&self, understood: Understood) -> Words {
        Words { utterance: self.id, understood }
    }

    fn ask(self: &Arc<Self>) {
        if let Some(sounds) = locked(&self.unheard).take() {
            self.general.give(Job { sounds, case: self.clone() });
        }
    }
}

fn locked<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

/// What a model understood, as one writes it.
fn written(text: &str) -> String {
    let mut written = String::new();
    for (n, word) in text.split_whitespace().enumerate() {
        if n > 0 {
            written.push(' ');
        }
        let is_name = word == "i" || word.starts_with("i'") || phrases::is_name(word);
        let mut chars = word.chars();
        match chars.next() {
            Some(first) if n == 0 || is_name => {
                written.extend(first.to_uppercase());
                written.push_str(chars.as_str());
            }
            Some(_) | None => written.push_str(word),
        }
    }
    written
}

#[cfg(test)]
mod tests {
    use std::process::Command;

    use super::*;

    #[test]
    fn words_are_written_as_one_writes() {
        assert_eq!(written("can i come on sunday in june"), "Can I come on Sunday in June");
        assert_eq!(written(""), "");
    }

    #[test]
    fn no_more_of_an_utterance_is_kept_than_the_ear_makes() {
        let ((to_site, at_site), (to_general, _)) = (channel(), channel());
        let mut pending = Pending { sounds: [to_site, to_general], samples_left: UTTERANCE_SAMPLES_MAX };
        for _ in 0..3000 {
            pending.hear(&[1; 320]);
        }
        let sounds = at_site.try_iter();
        let kept: usize = sounds.map(|sound| if let Sound::More(pcm) = sound { pcm.len() } else { 0 }).sum();
        assert_eq!(kept, UTTERANCE_SAMPLES_MAX);
    }

    /// What flite says in `voice`; none without flite.
    fn said(voice: &str, text: &str) -> Option<Vec<i16>> {
        let output = Command::new("flite").args(["-voice", voice, "-t", text, "-o", "/dev/stdout"]).output().ok()?;
        Some(output.stdout.get(44..)?.chunks_exact(2).map(|pair| i16::from_le_bytes([pair[0], pair[1]])).collect())
    }

    /// Words of `spoken` that `heard` has wrong: the edit distance.
    fn errors(spoken: &[String], heard: &[String]) -> usize {
        let mut row: Vec<usize> = (0..=heard.len()).collect();
        for (i, word) in spoken.iter().enumerate() {
            let mut before = row[0];
            row[0] = i + 1;
            for (j, other) in heard.iter().enumerate() {
                let best = (before + usize::from(word != other)).min(row[j] + 1).min(row[j + 1] + 1);
                before = std::mem::replace(&mut row[j + 1], best);
            }
        }
        row[heard.len()]
    }

    #[test]
    fn the_sites_own_questions_are_understood() {
        let faq = Faq::parse(include_str!("../../../../../content/faq.md")).unwrap();
        if !PocketSphinx::is_installed() || said("slt", "hello").is_none() {
            eprintln!("SKIPPED: recognition is not tested, since pocketsphinx-en-us or flite is missing");
            return;
        }
        let engine = PocketSphinx::new(&faq);
        for voice in ["slt", "rms", "awb", "kal16"] {
            let (mut count, mut wrong, mut early) = (0, 0, 0);
            for entry in &faq.entries {
                let Some(pcm) = said(voice, &entry.question) else { continue };
                let (words, mut heard) = mpsc::channel(64);
                let mut utterance = engine.begin(UtteranceId(1), words);
                pcm.chunks(320).for_each(|frame| utterance.hear(frame));
                utterance.flush();
                let start = std::time::Instant::now();
                utterance.finish();
                let mut so_far = String::new();
                let text = loop {
                    let words = heard.blocking_recv().unwrap();
                    assert_eq!(words.utterance, UtteranceId(1));
                    match words.understood {
                        Understood::SoFar(text) => so_far = text,
                        Understood::All(text) => break text,
                        Understood::Lost => panic!("{voice}: {} is lost", entry.question),
                    }
                };
                early += usize::from(so_far == text);
                let spoken = phrases::spoken(&entry.question);
                let errors = errors(&spoken, &phrases::spoken(&text));
                (count, wrong) = (count + spoken.len(), wrong + errors);
                if errors > 0 {
                    eprintln!("{voice}: {} -> {text} ({:?})", entry.question, start.elapsed());
                }
            }
            eprintln!("{voice}: {:.1} % of {count} words wrong", 100.0 * wrong as f64 / count as f64);
            // An answer can be prepared for what is understood when the utterance is probably over.
            assert!(early * 3 >= faq.entries.len() * 2, "{voice}: {early}");
            assert!(wrong * 10 <= count, "{voice}: {wrong} of {count} words wrong");
        }
    }
}
