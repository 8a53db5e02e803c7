//! An utterance's sound, kept so that whoever recognises it can begin at its beginning, now or later.

use tokio::sync::watch;

use crate::server::agent::audio::SAMPLE_HZ;

/// Sound that is kept of one utterance: more than the ear makes one of.
const SAMPLES_MAX: usize = SAMPLE_HZ * 40;

#[derive(Debug, Default)]
struct Sound {
    pcm: Vec<i16>,
    /// After so many samples it was probably over.
    flushed: Option<usize>,
    is_over: bool,
}

/// What comes next of an utterance.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Next {
    /// More of it, 16 kHz mono.
    More(Vec<i16>),
    /// The words so far are wanted: unless more follows, that was all.
    Flush,
    /// It is over.
    Over,
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

    /// That was probably all of it.
    pub(super) fn flush(&self) {
        self.0.send_modify(|sound| sound.flushed = Some(sound.pcm.len()));
    }

    /// That was all of it.
    pub(super) fn finish(&self) {
        self.0.send_modify(|sound| sound.is_over = true);
    }

    /// Reads it from its beginning, as it grows.
    pub(super) fn reader(&self) -> Reader {
        Reader { sound: self.0.subscribe(), read: 0, flushed: None }
    }
}

/// Reads a recording.
#[derive(Debug)]
pub(super) struct Reader {
    sound: watch::Receiver<Sound>,
    read: usize,
    /// The flush that was read last.
    flushed: Option<usize>,
}

impl Reader {
    /// What came since the last time. Nothing is lost if the future is dropped.
    pub(super) async fn next(&mut self) -> Next {
        loop {
            let (read, flushed) = (self.read, self.flushed);
            let has_news = |sound: &Sound| sound.is_over || sound.pcm.len() > read || sound.flushed > flushed;
            // A recording that was given up is over, too.
            let Ok(sound) = self.sound.wait_for(has_news).await else { return Next::Over };
            if sound.pcm.len() > read {
                self.read = sound.pcm.len();
                return Next::More(sound.pcm[read..].to_vec());
            }
            if sound.is_over {
                return Next::Over;
            }
            self.flushed = sound.flushed;
            // What was said after a flush makes it a pause.
            if sound.flushed == Some(read) {
                return Next::Flush;
            }
        }
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
        assert_eq!(early.next().await, Next::More(vec![1, 2]));
        recording.hear(&[3]);
        recording.hear(&[4]);
        let mut late = recording.reader();
        assert_eq!(early.next().await, Next::More(vec![3, 4]));
        recording.finish();
        assert_eq!(early.next().await, Next::Over);
        assert_eq!(late.next().await, Next::More(vec![1, 2, 3, 4]));
        assert_eq!(late.next().await, Next::Over);
        assert_eq!(recording.reader().whole().await, [1, 2, 3, 4]);
    }

    #[tokio::test]
    async fn a_flush_that_was_none_is_passed_over() {
        let recording = Recording::new();
        let mut reader = recording.reader();
        recording.hear(&[1]);
        recording.flush();
        assert_eq!(reader.next().await, Next::More(vec![1]));
        assert_eq!(reader.next().await, Next::Flush);
        recording.hear(&[2]);
        recording.flush();
        recording.hear(&[3]);
        assert_eq!(reader.next().await, Next::More(vec![2, 3]));
        recording.flush();
        assert_eq!(reader.next().await, Next::Flush);
        recording.finish();
        assert_eq!(reader.next().await, Next::Over);
    }

    #[tokio::test]
    async fn no_more_is_kept_than_the_ear_makes() {
        let recording = Recording::new();
        (0..3000).for_each(|_| recording.hear(&[1; 333]));
        recording.finish();
        assert_eq!(recording.reader().whole().await.len(), SAMPLES_MAX);
    }
}
