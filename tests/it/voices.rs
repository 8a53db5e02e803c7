//! The providers of speech, each against an emulation of its protocol: what it is asked, what comes of its answer, who
//! stands in when it fails, and that nothing is left open.

use std::sync::Arc;

use frontdesk::server::agent::{
    providers::ProviderError,
    tts::{self, DeepgramVoice, ElevenLabsVoice, OpenAiVoice, Tempo, Tts, TtsChoice, TtsSetting},
};
use tokio::sync::mpsc;

use crate::emulation::{Emulation, Mood, Seen, deepgram, elevenlabs, openai, ramp};

const SENTENCE: &str = "A jazz trio is 1,200 euros for three hours.";

/// A provider of voices.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Provider {
    Deepgram,
    OpenAi,
    ElevenLabs,
}

const ALL: [Provider; 3] = [Provider::Deepgram, Provider::OpenAi, Provider::ElevenLabs];

impl Provider {
    async fn start(self, mood: Mood) -> Emulation {
        match self {
            Self::Deepgram => deepgram::start(mood).await,
            Self::OpenAi => openai::start(mood).await,
            Self::ElevenLabs => elevenlabs::start(mood).await,
        }
    }

    fn setting(self, at: &Emulation) -> TtsSetting {
        let (url, timeout_ms) = (at.url.clone().try_into().ok(), at.timeout_ms.try_into().ok());
        let choice = match self {
            Self::Deepgram => TtsChoice::Deepgram(DeepgramVoice { url, timeout_ms, ..DeepgramVoice::default() }),
            Self::OpenAi => TtsChoice::OpenAi(OpenAiVoice { url, timeout_ms, ..OpenAiVoice::default() }),
            Self::ElevenLabs => {
                TtsChoice::ElevenLabs(ElevenLabsVoice { url, timeout_ms, ..ElevenLabsVoice::default() })
            }
        };
        choice.with_key(&|_| Some("key".to_owned())).unwrap()
    }

    /// The samples that it speaks.
    fn samples(self) -> usize {
        match self {
            Self::Deepgram => deepgram::speech().len(),
            Self::OpenAi => openai::SPEECH_SAMPLES * 2 / 3,
            Self::ElevenLabs => elevenlabs::speech().len(),
        }
    }

    /// What one request for `text` shows it.
    fn asked(self, text: &str) -> Vec<Seen> {
        let asked: &[String] = &match self {
            Self::Deepgram => vec![format!(
                "Token key model=aura-2-andromeda-en&encoding=linear16&sample_rate=16000&container=none {text}"
            )],
            Self::OpenAi => vec![format!("Bearer key gpt-4o-mini-tts marin pcm {text}")],
            Self::ElevenLabs => vec![
                "key hpp4J3VqNfWAUOO0d1Us model_id=eleven_flash_v2_5&output_format=pcm_16000&auto_mode=true&inactivity_timeout=180"
                    .to_owned(),
                format!("{text} "),
            ],
        };
        asked.iter().cloned().map(Seen::Asked).collect()
    }
}

/// Speaks `text`; gives the samples and how it ended.
async fn spoken(tts: &dyn Tts, text: &str) -> (Vec<i16>, Result<(), ProviderError>) {
    let (sound, mut pieces) = mpsc::channel(1000);
    let result = tts.speak(text, Tempo::Usual, &sound).await;
    (std::iter::from_fn(|| pieces.try_recv().ok()).flatten().collect(), result)
}

fn engine(settings: &[TtsSetting]) -> Arc<dyn Tts> {
    tts::engine(settings, "I am sorry.").unwrap()
}

#[tokio::test]
async fn each_voice_is_asked_as_its_protocol_says_and_its_sound_arrives_whole() {
    for provider in ALL {
        for mood in [Mood::Well, Mood::Slow] {
            let mut server = provider.start(mood).await;
            let tts = engine(&[provider.setting(&server)]);
            let (pcm, result) = spoken(&*tts, SENTENCE).await;
            result.unwrap();
            assert_eq!(pcm.len(), provider.samples(), "{provider:?}");
            if provider != Provider::OpenAi {
                assert_eq!(pcm, ramp(pcm.len()), "{provider:?}");
            }
            assert_eq!(server.all_seen(), provider.asked(SENTENCE), "{provider:?}");
        }
    }
}

#[tokio::test]
async fn the_first_sound_arrives_while_the_rest_is_being_made() {
    for provider in ALL {
        let server = provider.start(Mood::Stalls).await;
        let tts = engine(&[provider.setting(&server)]);
        let (sound, mut pieces) = mpsc::channel(1000);
        let speaking = tokio::spawn(async move { tts.speak(SENTENCE, Tempo::Usual, &sound).await });
        assert!(pieces.recv().await.is_some_and(|pcm| !pcm.is_empty()), "{provider:?}");
        speaking.abort();
    }
}

#[tokio::test]
async fn one_socket_serves_sentence_after_sentence() {
    let mut server = elevenlabs::start(Mood::Well).await;
    let tts = engine(&[Provider::ElevenLabs.setting(&server)]);
    for _ in 0..3 {
        spoken(&*tts, "One more.").await.1.unwrap();
    }
    let sentence = Seen::Asked("One more. ".to_owned());
    assert_eq!(server.all_seen()[1..], [sentence.clone(), sentence.clone(), sentence]);
}

#[tokio::test]
async fn a_voice_that_fails_before_its_first_sound_is_stood_in_for() {
    for provider in ALL {
        for (mood, tries) in [(Mood::Refuses(429), 1), (Mood::Refuses(500), 2), (Mood::Malformed, 1), (Mood::Silent, 1)]
        {
            let (mut first, mut second) = (provider.start(mood).await, deepgram::start(Mood::Well).await);
            let tts = engine(&[provider.setting(&first), Provider::Deepgram.setting(&second)]);
            let (pcm, result) = spoken(&*tts, SENTENCE).await;
            result.unwrap();
            assert_eq!(pcm, deepgram::speech(), "{provider:?} {mood:?}");
            let asked = first.all_seen().iter().filter(|seen| **seen == provider.asked(SENTENCE)[0]).count();
            // A socket that was lost is replaced ahead of its next use.
            let most = if provider == Provider::ElevenLabs { tries + 1 } else { tries };
            assert!((tries..=most).contains(&asked), "{provider:?} {mood:?}: {asked}");
            assert_eq!(second.all_seen(), Provider::Deepgram.asked(SENTENCE));
        }
    }
}

#[tokio::test]
async fn a_sentence_that_breaks_goes_on_with_what_is_left_of_it() {
    for provider in ALL {
        for mood in [Mood::Cuts, Mood::Stalls] {
            let (first, mut second) = (provider.start(mood).await, deepgram::start(Mood::Well).await);
            let tts = engine(&[provider.setting(&first), Provider::Deepgram.setting(&second)]);
            let (pcm, result) = spoken(&*tts, SENTENCE).await;
            result.unwrap();
            assert!(pcm.len() > deepgram::speech().len(), "{provider:?}");
            // A quarter of a second was heard.
            assert_eq!(
                second.all_seen(),
                Provider::Deepgram.asked("jazz trio is 1,200 euros for three hours."),
                "{provider:?}"
            );
        }
    }
}

#[tokio::test]
async fn a_sentence_that_is_cancelled_closes_its_connection() {
    for provider in ALL {
        for mood in [Mood::Stalls, Mood::Silent] {
            let mut server = provider.start(mood).await;
            let tts = engine(&[provider.setting(&server)]);
            let (sound, mut pieces) = mpsc::channel(1000);
            let speaking = tokio::spawn(async move { tts.speak(SENTENCE, Tempo::Usual, &sound).await });
            if mood == Mood::Stalls {
                pieces.recv().await.unwrap();
            }
            while server.seen().await != *provider.asked(SENTENCE).last().unwrap() {}
            speaking.abort();
            while server.seen().await != Seen::Closed {}
        }
    }
}
