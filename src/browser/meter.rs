//! How loud both sides are, measured on the very audio that is sent and heard.

use std::cell::RefCell;

use js_sys::Array;
use wasm_bindgen::JsValue;
use web_sys::{AnalyserNode, AudioContext, MediaStream, MediaStreamAudioSourceNode, MediaStreamTrack};

use super::media::Microphone;

/// Samples in one measurement: 11 ms at 48 kHz, less than an animation frame.
const WINDOW: usize = 512;

/// What counts as silence, in decibels of full scale.
const FLOOR_DB: f32 = -55.0;

/// What counts as loud: speech close to the microphone has this root mean square.
const CEILING_DB: f32 = -15.0;

/// The levels of both sides; one audio context for the page's whole life, asleep between calls.
#[derive(Default)]
pub struct Meter(RefCell<Option<Bench>>);

struct Bench {
    context: AudioContext,
    microphone: Lane,
    desk: Lane,
}

struct Lane {
    analyser: AnalyserNode,
    sources: Vec<(String, MediaStreamAudioSourceNode)>,
    window: Vec<f32>,
}

impl Meter {
    /// Wakes the audio context; to be called inside a click, since browsers keep it asleep otherwise.
    pub fn wake(&self) {
        let mut bench = self.0.borrow_mut();
        if bench.is_none() {
            *bench = Bench::new().ok();
        }
        if let Some(bench) = &*bench {
            let _ = bench.context.resume();
        }
    }

    /// Lets go of both sides and of the sound card.
    pub fn sleep(&self) {
        if let Some(bench) = &mut *self.0.borrow_mut() {
            bench.microphone.clear();
            bench.desk.clear();
            let _ = bench.context.suspend();
        }
    }

    /// Measures this microphone and no other.
    pub fn watch_microphone(&self, microphone: &Microphone) {
        if let Some(bench) = &mut *self.0.borrow_mut() {
            bench.microphone.clear();
            bench.microphone.add(&bench.context, microphone.track());
        }
    }

    /// Measures no microphone any more.
    pub fn forget_microphone(&self) {
        if let Some(bench) = &mut *self.0.borrow_mut() {
            bench.microphone.clear();
        }
    }

    pub(super) fn add_desk(&self, track: &MediaStreamTrack) {
        if let Some(bench) = &mut *self.0.borrow_mut() {
            bench.desk.add(&bench.context, track);
        }
    }

    pub(super) fn remove_desk(&self, track: &MediaStreamTrack) {
        if let Some(bench) = &mut *self.0.borrow_mut() {
            bench.desk.remove(&track.id());
        }
    }

    /// The visitor's level and everybody else's, 0..=1.
    pub fn levels(&self) -> (f32, f32) {
        match &mut *self.0.borrow_mut() {
            Some(bench) => (bench.microphone.level(), bench.desk.level()),
            None => (0.0, 0.0),
        }
    }
}

impl Bench {
    fn new() -> Result<Self, JsValue> {
        let context = AudioContext::new()?;
        let microphone = Lane::new(&context)?;
        let desk = Lane::new(&context)?;
        Ok(Self { context, microphone, desk })
    }
}

impl Lane {
    fn new(context: &AudioContext) -> Result<Self, JsValue> {
        let analyser = context.create_analyser()?;
        analyser.set_fft_size(WINDOW as u32);
        Ok(Self { analyser, sources: Vec::new(), window: vec![0.0; WINDOW] })
    }

    fn add(&mut self, context: &AudioContext, track: &MediaStreamTrack) {
        let source = MediaStream::new_with_tracks(&Array::of1(track))
            .and_then(|stream| context.create_media_stream_source(&stream));
        if let Ok(source) = source {
            let _ = source.connect_with_audio_node(&self.analyser);
            self.sources.push((track.id(), source));
        }
    }

    fn remove(&mut self, id: &str) {
        self.sources.retain(|(known, source)| {
            let stays = known != id;
            if !stays {
                let _ = source.disconnect();
            }
            stays
        });
    }

    fn clear(&mut self) {
        for (_, source) in self.sources.drain(..) {
            let _ = source.disconnect();
        }
    }

    fn level(&mut self) -> f32 {
        if self.sources.is_empty() {
            return 0.0;
        }
        self.analyser.get_float_time_domain_data(&mut self.window);
        let power = self.window.iter().map(|sample| sample * sample).sum::<f32>() / WINDOW as f32;
        let db = 10.0 * power.max(1e-10).log10();
        ((db - FLOOR_DB) / (CEILING_DB - FLOOR_DB)).clamp(0.0, 1.0)
    }
}
