//! How many words are misheard, and how many questions are answered right.
//!
//! `cargo bench --features ssr,pocketsphinx --bench recognition`. flite's voices say a hundred sentences, clean and in noise;
//! Opus carries them; the ears of a call, its recogniser and the script take it from there, faster than they are spoken.
//! Nothing of it is a recording. `-- clean` leaves the noise out; `-- TEXT` measures only the voices whose names contain the
//! text, and prints what was misheard or answered wrong of the sentences that are not held out.

#![expect(clippy::print_stdout, reason = "the table is this program's output")]

mod sentences;
mod voices;

use std::{
    sync::{Arc, Mutex, PoisonError},
    time::Duration,
};

use anyhow::Context;
use frontdesk::{
    domain::faq::Faq,
    server::agent::{
        Ear, Edge, Knowledge,
        stt::{self, Attention, Stt, Understood, UtteranceId},
    },
};
use tokio::{sync::mpsc, task::JoinSet};

use crate::sentences::Sentence;

/// flite's voices at 16 kHz.
const VOICES: [&str; 4] = ["rms", "slt", "awb", "kal16"];
/// How far the noise is below the speech, in dB.
const NOISES: [Option<f64>; 3] = [None, Some(20.0), Some(10.0)];
/// The argument that leaves the noise out.
const CLEAN: &str = "clean";
/// Sentences that are heard at once.
const AT_ONCE: usize = 2;
const FRAME: Duration = Duration::from_millis(20);
/// Silence after which the words are asked for, as in a call.
const FLUSH_AFTER: Duration = Duration::from_millis(100);

/// What was made of some sentences.
#[derive(Clone, Copy, Debug, Default)]
struct Score {
    words: usize,
    wrong: usize,
    questions: usize,
    right: usize,
}

impl Score {
    fn add(&mut self, other: Self) {
        self.words += other.words;
        self.wrong += other.wrong;
        self.questions += other.questions;
        self.right += other.right;
    }

    /// Words wrong, in per cent.
    fn error_rate(self) -> String {
        format!("{:.1} %", 100.0 * self.wrong as f64 / self.words as f64)
    }

    fn answered(self) -> String {
        format!("{} of {} ({:.1} %)", self.right, self.questions, 100.0 * self.right as f64 / self.questions as f64)
    }
}

/// Scores of questions and of other sentences, those that are held out apart.
type Scores = [[Score; 2]; 2];

/// What hears and answers.
struct Assistant {
    stt: Arc<dyn Stt>,
    faq: Faq,
    script: Knowledge,
}

fn main() -> anyhow::Result<()> {
    let words: Vec<String> = std::env::args().skip(1).filter(|argument| !argument.starts_with('-')).collect();
    let (clean, names): (Vec<_>, Vec<_>) = words.into_iter().partition(|word| word == CLEAN);
    let wanted = names.into_iter().next().unwrap_or_default();
    let noises = if clean.is_empty() { &NOISES[..] } else { &NOISES[..1] };
    let faq = Faq::parse(include_str!("../../content/faq.md"))?;
    let Some(stt) = stt::engine(&[], &faq) else {
        println!("LEFT OUT: this machine, or this build, recognises no speech.");
        return Ok(());
    };
    let assistant = Arc::new(Assistant { stt, script: Knowledge::new(faq.clone(), String::new()), faq });
    let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(AT_ONCE).build()?;
    println!("| voice | noise | words wrong: questions | held out | others | held out | answered right | held out |");
    println!("|---|---|---|---|---|---|---|---|");
    let mut totals = vec![Scores::default(); noises.len()];
    for voice in VOICES.into_iter().filter(|voice| voice.contains(&wanted)) {
        for (noise, total) in noises.iter().copied().zip(&mut totals) {
            let scores = runtime.block_on(measure(&assistant, voice, noise, !wanted.is_empty()))?;
            total.iter_mut().flatten().zip(scores.iter().flatten()).for_each(|(total, score)| total.add(*score));
            row(voice, noise, &scores);
        }
    }
    noises.iter().zip(&totals).for_each(|(noise, scores)| row("all", *noise, scores));
    Ok(())
}

fn row(voice: &str, noise: Option<f64>, [tuned, held_out]: &Scores) {
    let noise = noise.map_or("none".to_owned(), |snr_db| format!("{snr_db} dB below"));
    let rates = [tuned[0], held_out[0], tuned[1], held_out[1]].map(Score::error_rate);
    println!("| {voice} | {noise} | {} | {} | {} |", rates.join(" | "), tuned[0].answered(), held_out[0].answered());
}

/// Has `voice` say everything.
async fn measure(assistant: &Arc<Assistant>, voice: &str, noise: Option<f64>, tells: bool) -> anyhow::Result<Scores> {
    let rest = Arc::new(Mutex::new(sentences::all().into_iter()));
    let mut hearers = JoinSet::new();
    for _ in 0..AT_ONCE {
        let (assistant, rest, voice) = (assistant.clone(), rest.clone(), voice.to_owned());
        hearers.spawn(async move {
            let mut scores = Scores::default();
            loop {
                let next = rest.lock().unwrap_or_else(PoisonError::into_inner).next();
                let Some(sentence) = next else { return anyhow::Ok(scores) };
                let packets = voices::packets(&voices::speech(&voice, sentence.said)?, noise)?;
                let heard = hear(&*assistant.stt, &packets).await?;
                let score = judge(&assistant, sentence, &heard);
                if tells && !sentence.is_held_out && (score.wrong > 0 || score.right < score.questions) {
                    let answer = if score.right < score.questions { ", answered wrong" } else { "" };
                    println!("{voice} {noise:?}: {} -> {heard}{answer}", sentence.said);
                }
                scores[usize::from(sentence.is_held_out)][usize::from(sentence.asks.is_none())].add(score);
            }
        });
    }
    let mut scores = Scores::default();
    while let Some(part) = hearers.join_next().await {
        scores.iter_mut().flatten().zip(part??.iter().flatten()).for_each(|(score, part)| score.add(*part));
    }
    Ok(scores)
}

/// Hears packets as a call does; gives the words of all utterances in them.
async fn hear(stt: &dyn Stt, packets: &[Vec<u8>]) -> anyhow::Result<String> {
    let mut ear = Ear::new(false).context("no codec")?;
    let (words, mut understood) = mpsc::channel(64);
    let mut utterance = None;
    let mut last = UtteranceId::default();
    let mut silent_since = Duration::ZERO;
    for (n, packet) in (1..).zip(packets) {
        let now = FRAME * n;
        for edge in ear.on_packet("microphone", packet, false, now) {
            match edge {
                Edge::Started { at, pcm } => {
                    last = UtteranceId(last.0 + 1);
                    let mut begun = Attention::new(stt.begin(last, words.clone()));
                    begun.hear(&pcm, at);
                    utterance = Some(begun);
                    silent_since = now;
                }
                Edge::Continued { until, pcm } => {
                    silent_since = until;
                    if let Some(utterance) = &mut utterance {
                        utterance.hear(&pcm, until);
                    }
                }
                Edge::Ended { .. } => {
                    if let Some(utterance) = utterance.take() {
                        utterance.finish();
                    }
                }
            }
        }
        if let Some(utterance) = &mut utterance
            && now.saturating_sub(silent_since) >= FLUSH_AFTER
        {
            utterance.flush();
        }
    }
    if let Some(utterance) = utterance.take() {
        utterance.finish();
    }
    let mut heard = Vec::new();
    while heard.len() < last.0 as usize {
        let words = understood.recv().await.context("the recogniser has gone")?;
        match words.understood {
            Understood::SoFar(_) => {}
            Understood::All(text) => heard.push((words.utterance, text)),
            Understood::Lost => heard.push((words.utterance, String::new())),
        }
    }
    heard.sort_unstable();
    Ok(heard.into_iter().map(|(_, text)| text).filter(|text| !text.is_empty()).collect::<Vec<_>>().join(" "))
}

fn judge(assistant: &Assistant, sentence: Sentence, heard: &str) -> Score {
    let (said, understood) = (words(sentence.said), words(heard));
    let wanted = assistant.faq.entries.iter().find(|entry| Some(&*entry.question) == sentence.asks);
    let answer = assistant.script.first_reply(heard);
    let is_right = wanted.is_some_and(|entry| answer.contains(&entry.answer.replace('\n', " ")));
    Score {
        words: said.len(),
        wrong: errors(&said, &understood),
        questions: usize::from(sentence.asks.is_some()),
        right: usize::from(is_right),
    }
}

fn words(text: &str) -> Vec<String> {
    text.split_whitespace().map(str::to_lowercase).collect()
}

/// Words put in, left out or replaced: the edit distance.
fn errors(said: &[String], heard: &[String]) -> usize {
    let mut row: Vec<usize> = (0..=heard.len()).collect();
    for (n, word) in said.iter().enumerate() {
        let mut before = row[0];
        row[0] = n + 1;
        for (at, other) in heard.iter().enumerate() {
            let best = (before + usize::from(word != other)).min(row[at] + 1).min(row[at + 1] + 1);
            before = std::mem::replace(&mut row[at + 1], best);
        }
    }
    row[heard.len()]
}
