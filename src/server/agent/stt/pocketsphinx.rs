//! PocketSphinx with two models: a small one of the site's own phrases hears everything; the default one is asked when
//! the small one is not sure.
//!
//! Decoders are heavy and not shareable, so a few threads own them and are lent to utterances; the first call starts the
//! first of them. Nothing here waits on the conversation's side.

use std::{
    collections::BTreeSet,
    fmt::Write as _,
    fs, io,
    os::unix::fs::DirBuilderExt,
    path::{Path, PathBuf},
    sync::{
        Arc, Mutex, MutexGuard, OnceLock, PoisonError,
        atomic::{AtomicBool, AtomicUsize, Ordering},
        mpsc::{Receiver, Sender, SyncSender, channel, sync_channel},
    },
    thread,
    time::{Duration, Instant},
};

use pocketsphinx::{CmdLn, PsDecoder};
use tokio::sync::mpsc;

use super::{
    Stt, Utterance, UtteranceId, Words,
    language_model::LanguageModel,
    opinions::{Decision, Heard, Opinions},
    phrases,
};
use crate::{domain::faq::Faq, server::agent::audio::SAMPLE_HZ};

/// Where Debian's `pocketsphinx-en-us` puts the models.
const MODELS: &str = "/usr/share/pocketsphinx/model/en-us";

/// Decoders of each model at most: utterances that can be recognised at the same moment.
const DECODERS_MAX: usize = 4;

/// One pass over the sound: the words are there 1-100 ms after its end, and not 150-500. It costs the small model
/// nothing in accuracy. Both models are searched alike, or their scores could not be compared.
const ONE_PASS: [&str; 6] = ["-fwdflat", "no", "-bestpath", "no", "-maxhmmpf", "3000"];

/// How long the default model may keep everybody waiting after the end of the speech.
const PATIENCE: Duration = Duration::from_secs(2);

/// Utterances that may wait for a decoder of each model; beyond this many nobody would wait for the words.
const JOBS_MAX: usize = 32;

/// Sound that is kept of one utterance: more than the ear makes one of.
const UTTERANCE_SAMPLES_MAX: usize = SAMPLE_HZ * 40;

/// Sound between two looks at what was understood so far.
const INTERIM_SAMPLES: usize = SAMPLE_HZ * 3 / 10;

/// The recogniser of this machine.
pub(in crate::server::agent) struct PocketSphinx {
    model: Arc<LanguageModel>,
    workers: OnceLock<(Workers, Arc<Workers>)>,
}

impl PocketSphinx {
    /// Whether the models are on this machine.
    pub(in crate::server::agent) fn is_installed() -> bool {
        Path::new(MODELS).join("en-us.lm.bin").is_file()
    }

    /// Learns what visitors of this site are likely to say.
    pub(in crate::server::agent) fn new(faq: &Faq) -> Self {
        Self { model: Arc::new(phrases::site_model(faq)), workers: OnceLock::new() }
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

    fn finish(self: Box<Self>) {
        for sound in &self.sounds {
            sound.send(Sound::End).ok();
        }
    }
}

enum Sound {
    More(Arc<[i16]>),
    End,
}

struct Job {
    sounds: Receiver<Sound>,
    case: Arc<Case>,
}

/// One of the two models.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Model {
    Site,
    General,
}

/// One utterance, seen from both models.
struct Case {
    id: UtteranceId,
    words: mpsc::Sender<Words>,
    opinions: Mutex<Opinions>,
    /// The sound for the default model, until it is asked.
    unheard: Mutex<Option<Receiver<Sound>>>,
    general: Arc<Workers>,
    is_decided: AtomicBool,
}

impl Case {
    fn on_interim(self: &Arc<Self>, heard: &Heard, speech: Duration) {
        // Words in mid-speech are worth showing only while there is room for them.
        self.words.try_send(self.words(&heard.text, false)).ok();
        if locked(&self.opinions).on_interim(heard.score, speech) {
            self.ask();
        }
    }

    fn on_final(self: &Arc<Self>, kind: Model, heard: Option<Heard>) {
        let decision = match kind {
            Model::Site => locked(&self.opinions).on_site(heard),
            Model::General => locked(&self.opinions).on_general(heard),
        };
        match decision {
            Decision::Words(text) => {
                self.is_decided.store(true, Ordering::Relaxed);
                self.words.blocking_send(self.words(&text, true)).ok();
            }
            Decision::Ask => self.ask(),
            Decision::Wait => {}
        }
    }

    fn words(&self, text: &str, is_final: bool) -> Words {
        Words { utterance: self.id, text: written(text), is_final }
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

/// The threads that own the decoders of one model, as many as utterances were ever recognised at once.
struct Workers {
    kind: Model,
    model: Arc<LanguageModel>,
    queue: SyncSender<Job>,
    jobs: Arc<Mutex<Receiver<Job>>>,
    /// Threads without a job, those that still load their model included.
    idle: Arc<AtomicUsize>,
    started: AtomicUsize,
    max: usize,
}

impl Workers {
    fn new(kind: Model, model: Arc<LanguageModel>) -> Self {
        let (queue, jobs) = sync_channel(JOBS_MAX);
        let max = thread::available_parallelism().map_or(1, usize::from).min(DECODERS_MAX);
        Self {
            kind,
            model,
            queue,
            jobs: Arc::new(Mutex::new(jobs)),
            idle: Arc::default(),
            started: AtomicUsize::new(0),
            max,
        }
    }

    /// Starts a first thread, so that the first utterance need not wait for its model.
    fn ready_one(&self) {
        if self.started.load(Ordering::Relaxed) == 0 {
            self.idle.fetch_add(1, Ordering::Relaxed);
            self.start();
        }
    }

    fn give(&self, job: Job) {
        let one_less = self.idle.fetch_update(Ordering::Relaxed, Ordering::Relaxed, |idle| idle.checked_sub(1));
        if one_less.is_err() {
            self.start();
        }
        // The receiving half lives as long as this, so the queue is full or takes it.
        if self.queue.try_send(job).is_err() {
            tracing::warn!(kind = ?self.kind, "too many utterances wait for a decoder; one is given up");
            if one_less.is_ok() {
                self.idle.fetch_add(1, Ordering::Relaxed);
            }
        }
    }

    fn start(&self) {
        if self.started.fetch_add(1, Ordering::Relaxed) >= self.max {
            return;
        }
        let (kind, model, jobs, idle) = (self.kind, self.model.clone(), self.jobs.clone(), self.idle.clone());
        let name = format!("stt-{kind:?}").to_lowercase();
        if let Err(error) = thread::Builder::new().name(name).spawn(move || work(kind, &model, &jobs, &idle)) {
            tracing::error!(%error, "a recogniser's thread did not start");
        }
    }
}

/// A worker's life: it loads its model, then recognises until its queue is closed.
fn work(kind: Model, model: &LanguageModel, jobs: &Mutex<Receiver<Job>>, idle: &AtomicUsize) {
    let decoder = load(kind, model).inspect_err(|error| tracing::error!(%error, ?kind, "no speech model")).ok();
    loop {
        let job = locked(jobs).recv();
        let Ok(job) = job else { return };
        let heard = match &decoder {
            Some(decoder) if decoder.start_utt(None).is_ok() => recognise(kind, decoder, &job),
            Some(_) | None => not_understood(&job),
        };
        idle.fetch_add(1, Ordering::Relaxed);
        if let Some(heard) = heard {
            job.case.on_final(kind, heard);
        }
    }
}

/// Hears one utterance to its end without a word of it; none if it was given up.
fn not_understood(job: &Job) -> Option<Option<Heard>> {
    job.sounds.iter().any(|sound| matches!(sound, Sound::End)).then_some(None)
}

/// Recognises one utterance, which the decoder has started; none if it was given up or is decided without this.
fn recognise(kind: Model, decoder: &PsDecoder, job: &Job) -> Option<Option<Heard>> {
    let (mut speech, mut fresh) = (0, 0);
    let mut waiting_since = None;
    let mut is_over = false;
    for sound in &job.sounds {
        let Sound::More(pcm) = sound else {
            is_over = true;
            break;
        };
        if job.case.is_decided.load(Ordering::Relaxed) {
            break;
        }
        decoder.process_raw(&pcm, false, false).ok();
        (speech, fresh) = (speech + pcm.len(), fresh + pcm.len());
        if fresh < INTERIM_SAMPLES {
            continue;
        }
        fresh = 0;
        match kind {
            Model::Site => {
                if let Some(heard) = heard(decoder) {
                    job.case.on_interim(&heard, Duration::from_millis((speech * 1000 / SAMPLE_HZ) as u64));
                }
            }
            Model::General if locked(&job.case.opinions).is_waiting() => {
                if waiting_since.get_or_insert_with(Instant::now).elapsed() >= PATIENCE {
                    decoder.end_utt().ok();
                    return Some(None);
                }
            }
            Model::General => {}
        }
    }
    decoder.end_utt().ok();
    is_over.then(|| heard(decoder))
}

fn heard(decoder: &PsDecoder) -> Option<Heard> {
    let (text, _, score) = decoder.get_hyp()?;
    Some(Heard { text, score: f64::from(score) / f64::from(decoder.get_n_frames().max(1)) })
}

fn load(kind: Model, model: &LanguageModel) -> io::Result<PsDecoder> {
    let models = Path::new(MODELS);
    let acoustic = models.join("en-us");
    let decoder = |lm: &Path, dict: &Path| {
        let (acoustic, lm, dict) =
            (acoustic.display().to_string(), lm.display().to_string(), dict.display().to_string());
        let files = ["frontdesk", "-hmm", &acoustic, "-lm", &lm, "-dict", &dict, "-logfn", "/dev/null"];
        let args = [&files[..], &ONE_PASS[..]].concat();
        let config = CmdLn::init(true, &args).map_err(io::Error::other)?;
        Ok(PsDecoder::init(config))
    };
    match kind {
        Model::General => decoder(&models.join("en-us.lm.bin"), &models.join("cmudict-en-us.dict")),
        Model::Site => {
            let folder = Scratch::new()?;
            let (lm, dict) = (folder.0.join("site.lm"), folder.0.join("site.dict"));
            let known = fs::read_to_string(models.join("cmudict-en-us.dict"))?;
            fs::write(&lm, model.arpa())?;
            fs::write(&dict, dictionary(&model.vocabulary(), &known))?;
            decoder(&lm, &dict)
        }
    }
}

/// A folder of its own for what the decoder reads from files; it goes when this is dropped.
struct Scratch(PathBuf);

impl Scratch {
    fn new() -> io::Result<Self> {
        let path = std::env::temp_dir().join(format!("frontdesk-{:032x}", rand::random::<u128>()));
        fs::DirBuilder::new().mode(0o700).create(&path)?;
        Ok(Self(path))
    }
}

impl Drop for Scratch {
    fn drop(&mut self) {
        fs::remove_dir_all(&self.0).ok();
    }
}

/// The lines of the pronouncing dictionary `known` that `words` need. A plural that it lacks is made from its singular.
fn dictionary(words: &BTreeSet<String>, known: &str) -> String {
    let mut lines = String::new();
    let mut found = BTreeSet::new();
    let singulars: BTreeSet<&str> = words.iter().filter_map(|word| word.strip_suffix('s')).collect();
    let mut plurals = Vec::new();
    for line in known.lines() {
        let Some((word, phones)) = line.split_once(' ') else { continue };
        let base = word.split('(').next().unwrap_or(word);
        if words.contains(base) {
            found.insert(base);
            writeln!(lines, "{line}").ok();
        }
        if singulars.contains(word) {
            plurals.push((format!("{word}s"), phones));
        }
    }
    for (plural, phones) in plurals {
        if !found.contains(plural.as_str()) {
            let ending = if phones.ends_with(['F', 'K', 'P', 'T']) { "S" } else { "Z" };
            writeln!(lines, "{plural} {phones} {ending}").ok();
        }
    }
    lines
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
    fn a_dictionary_holds_what_is_needed() {
        let known = "dj D IY JH EY\ndog D AO G\nfree F R IY\nfree(2) F ER IY\ngroup G R UW P\n";
        let words = ["djs", "free", "groups", "nowhere"].map(str::to_owned).into();
        assert_eq!(dictionary(&words, known), "free F R IY\nfree(2) F ER IY\ndjs D IY JH EY Z\ngroups G R UW P S\n");
    }

    #[test]
    fn words_are_written_as_one_writes() {
        assert_eq!(written("can i come on sunday in june"), "Can I come on Sunday in June");
        assert_eq!(written(""), "");
    }

    #[test]
    fn what_waits_for_a_decoder_is_bounded() {
        let (words, _heard) = mpsc::channel(1);
        let engine = PocketSphinx::new(&Faq::parse(include_str!("../../../../content/faq.md")).unwrap());
        let (site, _) = engine.workers();
        // No thread takes a job.
        site.started.store(site.max, Ordering::Relaxed);
        let mut utterances: Vec<_> = (0..100).map(|id| engine.begin(UtteranceId(id), words.clone())).collect();
        let jobs: Vec<Job> = locked(&site.jobs).try_iter().collect();
        assert_eq!(jobs.len(), JOBS_MAX);
        for _ in 0..3000 {
            utterances[0].hear(&[1; 320]);
        }
        let kept: usize =
            jobs[0].sounds.try_iter().map(|sound| if let Sound::More(pcm) = sound { pcm.len() } else { 0 }).sum();
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
        let faq = Faq::parse(include_str!("../../../../content/faq.md")).unwrap();
        if !PocketSphinx::is_installed() || said("slt", "hello").is_none() {
            eprintln!("SKIPPED: recognition is not tested, since pocketsphinx-en-us or flite is missing");
            return;
        }
        let engine = PocketSphinx::new(&faq);
        for voice in ["slt", "rms", "awb", "kal16"] {
            let (mut count, mut wrong) = (0, 0);
            for entry in &faq.entries {
                let Some(pcm) = said(voice, &entry.question) else { continue };
                let (words, mut heard) = mpsc::channel(64);
                let mut utterance = engine.begin(UtteranceId(1), words);
                pcm.chunks(320).for_each(|frame| utterance.hear(frame));
                let start = std::time::Instant::now();
                utterance.finish();
                let text = loop {
                    let words = heard.blocking_recv().unwrap();
                    assert_eq!(words.utterance, UtteranceId(1));
                    if words.is_final {
                        break words.text;
                    }
                };
                let spoken = phrases::spoken(&entry.question);
                let errors = errors(&spoken, &phrases::spoken(&text));
                (count, wrong) = (count + spoken.len(), wrong + errors);
                if errors > 0 {
                    eprintln!("{voice}: {} -> {text} ({:?})", entry.question, start.elapsed());
                }
            }
            eprintln!("{voice}: {:.1} % of {count} words wrong", 100.0 * wrong as f64 / count as f64);
            assert!(wrong * 10 <= count, "{voice}: {wrong} of {count} words wrong");
        }
    }
}
