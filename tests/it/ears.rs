//! The recognisers, each against an emulation of its protocol: what it hears, what comes of its answer, who stands in when
//! it fails, and that nothing is left open.

use std::sync::Arc;

use frontdesk::{
    domain::faq::Faq,
    server::agent::stt::{
        self, DeepgramEar, OpenAiEar, Stt, SttChoice, SttSetting, Understood, Utterance, UtteranceId, Words,
    },
};
use tokio::sync::mpsc;

use crate::emulation::{Emulation, Mood, Seen, deepgram, openai, ramp};

/// Far more than an answer takes, and soon over where none comes.
const TIMEOUT_MS: u64 = 700;

const LISTEN: &str = "Token key model=nova-3&encoding=linear16&sample_rate=16000&channels=1&interim_results=true&punctuate=true&no_delay=true&endpointing=25&vad_events=true";
const TRANSCRIBE: &str = "Bearer key model=gpt-4o-mini-transcribe response_format=json";

fn by_deepgram(at: &Emulation) -> SttSetting {
    let ear = DeepgramEar {
        url: at.url.clone().try_into().ok(),
        timeout_ms: TIMEOUT_MS.try_into().ok(),
        ..DeepgramEar::default()
    };
    SttChoice::Deepgram(ear).with_key(&|_| Some("key".to_owned())).unwrap()
}

fn by_openai(at: &Emulation) -> SttSetting {
    let ear = OpenAiEar {
        url: at.url.clone().try_into().ok(),
        timeout_ms: TIMEOUT_MS.try_into().ok(),
        ..OpenAiEar::default()
    };
    SttChoice::OpenAi(ear).with_key(&|_| Some("key".to_owned())).unwrap()
}

fn engine(settings: &[SttSetting]) -> Arc<dyn Stt> {
    stt::engine(settings, &Faq::parse(include_str!("../../content/faq.md")).unwrap()).unwrap()
}

/// Half a second of an utterance, as the ear gives it.
fn speak(utterance: &mut dyn Utterance) {
    ramp(8000).chunks(256).for_each(|pcm| utterance.hear(pcm));
}

/// Has an utterance recognised; gives the words on the way and what came in the end.
async fn heard(stt: &dyn Stt, id: u64) -> (Vec<String>, Understood) {
    let (words, mut understood) = mpsc::channel(64);
    let mut utterance = stt.begin(UtteranceId(id), words);
    speak(&mut *utterance);
    utterance.finish();
    let mut on_the_way = Vec::new();
    loop {
        let Words { utterance, understood } = understood.recv().await.unwrap();
        assert_eq!(utterance, UtteranceId(id));
        match understood {
            Understood::SoFar(text) => on_the_way.push(text),
            end @ (Understood::All(_) | Understood::Lost) => return (on_the_way, end),
        }
    }
}

/// What the provider noticed until now, but that it was kept alive.
fn asked(server: &mut Emulation) -> Vec<Seen> {
    server.all_seen().into_iter().filter(|seen| *seen != Seen::KeptAlive).collect()
}

fn all(words: &str) -> Understood {
    Understood::All(words.to_owned())
}

#[tokio::test]
async fn deepgram_hears_the_utterance_and_one_socket_serves_the_next() {
    for mood in [Mood::Well, Mood::Slow] {
        let mut server = deepgram::start(mood).await;
        let stt = engine(&[by_deepgram(&server)]);
        for id in 1..=2 {
            let (on_the_way, end) = heard(&*stt, id).await;
            assert_eq!(on_the_way, ["What does", "What does a jazz trio"]);
            assert_eq!(end, all(deepgram::WORDS));
        }
        let sound = Seen::Heard(ramp(8000));
        assert_eq!(asked(&mut server), [Seen::Asked(LISTEN.to_owned()), sound.clone(), sound]);
    }
}

#[tokio::test]
async fn deepgram_is_asked_for_its_words_as_soon_as_the_utterance_is_probably_over() {
    for goes_on in [false, true] {
        let mut server = deepgram::start(Mood::Well).await;
        let stt = engine(&[by_deepgram(&server)]);
        let (words, mut understood) = mpsc::channel(64);
        let mut utterance = stt.begin(UtteranceId(1), words);
        speak(&mut *utterance);
        utterance.flush();
        while understood.recv().await.unwrap().understood != Understood::SoFar(deepgram::WORDS.to_owned()) {}
        let (mut times, mut end) = (1, deepgram::WORDS.to_owned());
        if goes_on {
            speak(&mut *utterance);
            (times, end) = (2, [deepgram::WORDS, deepgram::WORDS].join(" "));
        }
        utterance.finish();
        let understood = loop {
            let words = understood.recv().await.unwrap().understood;
            if !matches!(words, Understood::SoFar(_)) {
                break words;
            }
        };
        assert_eq!(understood, all(&end));
        let heard = vec![Seen::Heard(ramp(8000)); times];
        assert_eq!(asked(&mut server), [vec![Seen::Asked(LISTEN.to_owned())], heard].concat());
    }
}

#[tokio::test]
async fn a_connection_is_opened_ahead_of_the_first_utterance_and_kept_alive() {
    let mut server = deepgram::start(Mood::Well).await;
    let stt = engine(&[by_deepgram(&server)]);
    stt.warm();
    assert_eq!(server.seen().await, Seen::Asked(LISTEN.to_owned()));
    assert_eq!(server.seen().await, Seen::KeptAlive);
    assert_eq!(heard(&*stt, 1).await.1, all(deepgram::WORDS));
    assert_eq!(asked(&mut server), [Seen::Heard(ramp(8000))]);
}

#[tokio::test]
async fn where_deepgram_leaves_out_its_last_answer_it_is_asked_to_close() {
    let mut server = deepgram::start(Mood::Stalls).await;
    let stt = engine(&[by_deepgram(&server)]);
    assert_eq!(heard(&*stt, 1).await.1, all(deepgram::WORDS));
    assert_eq!(server.seen().await, Seen::Asked(LISTEN.to_owned()));
}

#[tokio::test]
async fn where_deepgram_has_nothing_to_add_its_words_are_taken_and_the_socket_is_not_used_again() {
    let mut server = deepgram::start(Mood::Curt).await;
    let stt = engine(&[by_deepgram(&server)]);
    for id in 1..=2 {
        assert_eq!(heard(&*stt, id).await.1, all(deepgram::WORDS));
        while server.seen().await != Seen::Closed {}
    }
}

#[tokio::test]
async fn openai_hears_the_utterance() {
    for mood in [Mood::Well, Mood::Slow] {
        let mut server = openai::start(mood).await;
        let stt = engine(&[by_openai(&server)]);
        assert_eq!(heard(&*stt, 1).await, (vec![], all(openai::WORDS)));
        assert_eq!(server.all_seen(), [Seen::Asked(TRANSCRIBE.to_owned()), Seen::Heard(ramp(8000))]);
    }
}

#[tokio::test]
async fn whoever_stands_in_for_one_that_fails_hears_all_of_the_utterance() {
    for mood in [Mood::Refuses(429), Mood::Refuses(500), Mood::Cuts, Mood::Malformed, Mood::Silent] {
        let (first, mut second) = (deepgram::start(mood).await, openai::start(Mood::Well).await);
        let stt = engine(&[by_deepgram(&first), by_openai(&second)]);
        assert_eq!(heard(&*stt, 1).await.1, all(openai::WORDS), "{mood:?}");
        assert_eq!(second.all_seen(), [Seen::Asked(TRANSCRIBE.to_owned()), Seen::Heard(ramp(8000))], "{mood:?}");

        let (first, mut second) = (openai::start(mood).await, deepgram::start(Mood::Well).await);
        let stt = engine(&[by_openai(&first), by_deepgram(&second)]);
        assert_eq!(heard(&*stt, 1).await.1, all(deepgram::WORDS), "{mood:?}");
        assert_eq!(asked(&mut second), [Seen::Asked(LISTEN.to_owned()), Seen::Heard(ramp(8000))], "{mood:?}");
    }
}

#[tokio::test]
async fn an_utterance_that_is_given_up_closes_its_connection() {
    let mut server = deepgram::start(Mood::Well).await;
    let stt = engine(&[by_deepgram(&server)]);
    let (words, mut understood) = mpsc::channel(64);
    let mut utterance = stt.begin(UtteranceId(1), words);
    speak(&mut *utterance);
    assert!(understood.recv().await.is_some());
    drop(utterance);
    while server.seen().await != Seen::Closed {}

    let mut server = openai::start(Mood::Silent).await;
    let stt = engine(&[by_openai(&server)]);
    let (words, understood) = mpsc::channel(64);
    let mut utterance = stt.begin(UtteranceId(1), words);
    speak(&mut *utterance);
    utterance.finish();
    while server.seen().await != Seen::Heard(ramp(8000)) {}
    drop(understood);
    while server.seen().await != Seen::Closed {}
}
