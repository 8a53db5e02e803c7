//! The threads that own the decoders and lend them to utterances.
//!
//! Decoders are heavy and not shareable, so there are few, and each waits for its next utterance.

use std::{
    sync::{
        Arc, Mutex,
        atomic::{AtomicUsize, Ordering},
        mpsc::{Receiver, SyncSender, sync_channel},
    },
    thread,
    time::{Duration, Instant},
};

use pocketsphinx::PsDecoder;

use super::{
    Case, locked,
    model::{Model, load},
};
use crate::server::agent::{
    audio::SAMPLE_HZ,
    stt::{language_model::LanguageModel, opinions::Heard},
};

/// Decoders of each model at most: utterances that can be recognised at the same moment.
const DECODERS_MAX: usize = 4;

/// Utterances that may wait for a decoder of each model; beyond this many nobody would wait for the words.
const JOBS_MAX: usize = 32;

/// How long the default model may keep everybody waiting after the end of the speech.
const PATIENCE: Duration = Duration::from_secs(2);

/// Sound between two looks at what was understood so far.
const INTERIM_SAMPLES: usize = SAMPLE_HZ * 3 / 10;

/// What a decoder is given of an utterance.
pub(super) enum Sound {
    /// 16 kHz mono.
    More(Arc<[i16]>),
    /// It is probably over: the words so far are wanted.
    Flush,
    /// It is over.
    End,
}

/// An utterance to be recognised.
pub(super) struct Job {
    pub(super) sounds: Receiver<Sound>,
    pub(super) case: Arc<Case>,
}

/// The threads that own the decoders of one model, as many as utterances were ever recognised at once.
pub(super) struct Workers {
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
    /// Starts none yet.
    pub(super) fn new(kind: Model, model: Arc<LanguageModel>) -> Self {
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
    pub(super) fn ready_one(&self) {
        if self.started.load(Ordering::Relaxed) == 0 {
            self.idle.fetch_add(1, Ordering::Relaxed);
            self.start();
        }
    }

    /// Has an utterance recognised, by a thread more if all are busy and there may be one more.
    pub(super) fn give(&self, job: Job) {
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
        if job.case.is_decided.load(Ordering::Relaxed) {
            break;
        }
        match &sound {
            Sound::More(pcm) => {
                decoder.process_raw(pcm, false, false).ok();
                (speech, fresh) = (speech + pcm.len(), fresh + pcm.len());
                if fresh < INTERIM_SAMPLES {
                    continue;
                }
                fresh = 0;
            }
            Sound::Flush => {}
            Sound::End => {
                is_over = true;
                break;
            }
        }
        match kind {
            Model::Site => {
                if let Some(heard) = heard(decoder) {
                    let speech = Duration::from_millis((speech * 1000 / SAMPLE_HZ) as u64);
                    job.case.on_interim(&heard, speech, matches!(sound, Sound::Flush));
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

#[cfg(test)]
mod tests {
    use tokio::sync::mpsc;

    use super::*;
    use crate::{
        domain::faq::Faq,
        server::agent::stt::{Stt as _, UtteranceId, pocketsphinx::PocketSphinx},
    };

    #[test]
    fn so_many_utterances_wait_for_a_decoder() {
        let (words, _heard) = mpsc::channel(1);
        let engine = PocketSphinx::new(&Faq::parse(include_str!("../../../../../content/faq.md")).unwrap());
        let (site, _) = engine.workers();
        // No thread takes a job.
        site.started.store(site.max, Ordering::Relaxed);
        let _utterances: Vec<_> = (0..100).map(|id| engine.begin(UtteranceId(id), words.clone())).collect();
        assert_eq!(locked(&site.jobs).try_iter().count(), JOBS_MAX);
    }
}
