//! An utterance's sound, kept so that whoever recognises it can begin at its beginning, now or later.

use tokio::sync::watch;

use crate::server::agent::audio::SAMPLE_HZ;

/// Sound that is kept of one utterance: more than the ear makes one of.
const SAMPLES_MAX: usize = SAMPLE_HZ * 40;

#[derive(Debug, Default)]
struct Sound {
    pcm: Vec<i16>,
    is_over: bool,
}

/// The sound of one utterance so far, 16 kHz mono.
#[derive(Debug)]
pub(super) struct Recording(watch::Sender<Sound>);

impl Recording {
    pub(super) fn new() -> Self {
        Self(watch::Sender::new(Sound::default()))
    }

    /// Adds to it, as long as there is room.
    pub(super) fn hear(&self, pcm: &[i16]) {
        self.0.send_modify(|sound| {
            let room = SAMPLES_MAX.saturating_sub(sound.pcm.len()).min(pcm.len());
            sound.pcm.extend_from_slice(&pcm[..room]);
        });
    }

    /// That was all of it.
    pub(super) fn finish(&self) {
        self.0.send_modify(|sound| sound.is_over = true);
    }

    /// Reads it from its beginning, as it grows.
    pub(super) fn reader(&self) -> Reader {
        Reader { sound: self.0.subscribe(), read: 0 }
    }
}

/// Reads a recording.
#[derive(Debug)]
pub(super) struct Reader {
    sound: watch::Receiver<Sound>,
    read: usize,
}

impl Reader {
    /// What came since the last time; none when the utterance is over. Nothing is lost if the future is dropped.
    pub(super) async fn next(&mut self) -> Option<Vec<i16>> {
        let read = self.read;
        // A recording that was given up is over, too.
        let sound = self.sound.wait_for(|sound| sound.is_over || sound.pcm.len() > read).await.ok()?;
        let fresh = sound.pcm[read..].to_vec();
        self.read = sound.pcm.len();
        (!fresh.is_empty()).then_some(fresh)
    }

    /// Waits for the end of the utterance.
    pub(super) async fn over(&mut self) {
        self.sound.wait_for(|sound| sound.is_over).await.ok();
    }

    /// All of it, once it is over.
    pub(super) async fn whole(mut self) -> Vec<i16> {
        self.over().await;
        self.sound.borrow().pcm.clone()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn whoever_comes_late_hears_it_from_the_beginning() {
        let recording = Recording::new();
        let mut early = recording.reader();
        recording.hear(&[1, 2]);
        assert_eq!(early.next().await, Some(vec![1, 2]));
        recording.hear(&[3]);
        recording.hear(&[4]);
        let mut late = recording.reader();
        assert_eq!(early.next().await, Some(vec![3, 4]));
        recording.finish();
        assert_eq!(early.next().await, None);
        assert_eq!(late.next().await, Some(vec![1, 2, 3, 4]));
        assert_eq!(late.next().await, None);
        assert_eq!(recording.reader().whole().await, [1, 2, 3, 4]);
    }

    #[tokio::test]
    async fn no_more_is_kept_than_the_ear_makes() {
        let recording = Recording::new();
        (0..3000).for_each(|_| recording.hear(&[1; 333]));
        recording.finish();
        assert_eq!(recording.reader().whole().await.len(), SAMPLES_MAX);
    }
}
