//! What an engine is given of an utterance: its speech, and the silence within it, but not the silence that may be its end.

use std::time::Duration;

use super::Utterance;

/// An utterance that is being listened to.
pub struct Attention {
    utterance: Box<dyn Utterance>,
    /// When the last speech was.
    until: Duration,
    /// The silence since the flush that was asked for after that.
    held: Option<Vec<i16>>,
}

impl Attention {
    /// Listens from the beginning.
    pub fn new(utterance: Box<dyn Utterance>) -> Self {
        Self { utterance, until: Duration::ZERO, held: None }
    }

    /// Takes more of it, 16 kHz mono; its last speech was at `until`.
    pub fn hear(&mut self, pcm: &[i16], until: Duration) {
        if until > self.until {
            self.until = until;
            if let Some(held) = self.held.take() {
                self.utterance.hear(&held);
            }
        }
        match &mut self.held {
            Some(held) => held.extend_from_slice(pcm),
            None => self.utterance.hear(pcm),
        }
    }

    /// It is probably over.
    pub fn flush(&mut self) {
        if self.held.is_none() {
            self.held = Some(Vec::new());
            self.utterance.flush();
        }
    }

    /// It is over.
    pub fn finish(self) {
        self.utterance.finish();
    }
}

#[cfg(test)]
mod tests {
    use std::sync::{Arc, Mutex};

    use super::*;

    #[derive(Clone, Default)]
    struct Notes(Arc<Mutex<Vec<String>>>);

    impl Notes {
        fn note(&self, note: String) {
            self.0.lock().unwrap().push(note);
        }
    }

    impl Utterance for Notes {
        fn hear(&mut self, pcm: &[i16]) {
            self.note(format!("{pcm:?}"));
        }

        fn flush(&mut self) {
            self.note("flush".into());
        }

        fn finish(self: Box<Self>) {
            self.note("finish".into());
        }
    }

    #[test]
    fn nothing_follows_a_flush_but_speech_that_goes_on() {
        let notes = Notes::default();
        let mut attention = Attention::new(Box::new(notes.clone()));
        let ms = Duration::from_millis;
        attention.hear(&[1], ms(10));
        attention.hear(&[0], ms(10));
        attention.flush();
        attention.flush();
        attention.hear(&[0, 0], ms(10));
        attention.hear(&[2], ms(40));
        attention.flush();
        attention.hear(&[0], ms(40));
        attention.finish();
        let heard = ["[1]", "[0]", "flush", "[0, 0]", "[2]", "flush", "finish"];
        assert_eq!(*notes.0.lock().unwrap(), heard);
    }
}
