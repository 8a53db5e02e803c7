//! What a browser recorded of its microphone before anybody was there to hear it: a file of WebM with Opus in it, as
//! MediaRecorder writes it, or bare samples.

use std::io::Cursor;

use matroska_demuxer::{Frame, MatroskaFile};

use super::{SAMPLE_HZ, opus::VoiceDecoder, pcm::Samples, resample::Decimator};

/// LiveKit's clients stop recording after 10 s; whatever is older than that is left out.
const LONGEST_SAMPLES: usize = 10 * SAMPLE_HZ;

/// WebRTC's clock, at which browsers have their samples.
const WIRE_HZ: usize = 48_000;

/// A recording as it was sent.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(in crate::server::agent) struct Recording {
    /// Its MIME type.
    pub(in crate::server::agent) mime: String,
    /// The rate of bare samples.
    pub(in crate::server::agent) rate_hz: usize,
    /// The channels of bare samples.
    pub(in crate::server::agent) channels: usize,
    /// The file.
    pub(in crate::server::agent) bytes: Vec<u8>,
}

impl Recording {
    /// Its sound, 16 kHz mono, with or without `noise_suppression`; none if it cannot be read.
    pub(in crate::server::agent) fn sound(&self, noise_suppression: bool) -> Option<Vec<i16>> {
        let mut pcm = match self.mime.as_str() {
            mime if mime.starts_with("audio/webm") => web_m(&self.bytes, noise_suppression)?,
            mime if mime.starts_with("audio/") && self.channels == 1 => bare(&self.bytes, self.rate_hz)?,
            _ => return None,
        };
        pcm.drain(..pcm.len().saturating_sub(LONGEST_SAMPLES));
        Some(pcm)
    }
}

/// As much of a WebM file as can be read: the recording may have been cut off.
fn web_m(bytes: &[u8], noise_suppression: bool) -> Option<Vec<i16>> {
    let mut file = MatroskaFile::open(Cursor::new(bytes)).ok()?;
    let track = file.tracks().iter().find(|track| track.codec_id() == "A_OPUS")?.track_number().get();
    let mut decoder = VoiceDecoder::new(noise_suppression)?;
    let (mut pcm, mut frame) = (Vec::new(), Frame::default());
    // A file of many short packets would be hours of silence.
    while pcm.len() < 2 * LONGEST_SAMPLES
        && let Ok(true) = file.next_frame(&mut frame)
    {
        if frame.track == track {
            pcm.extend(decoder.decode(&frame.data, false));
        }
    }
    Some(pcm)
}

fn bare(bytes: &[u8], rate_hz: usize) -> Option<Vec<i16>> {
    let samples = Samples::default().push(bytes);
    match rate_hz {
        SAMPLE_HZ => Some(samples),
        WIRE_HZ => {
            let samples: Vec<f32> = samples.into_iter().map(|sample| f32::from(sample) / 32_768.0).collect();
            let whole = samples.len() / 3 * 3;
            Some(Decimator::new().push(&samples[..whole]))
        }
        _ => None,
    }
}

#[cfg(test)]
pub(in crate::server::agent) mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::server::agent::audio::{FRAME_SAMPLES, opus::VoiceEncoder, pcm};

    /// An element of EBML: its id, its size in four bytes, its content.
    fn element(id: &[u8], content: &[u8]) -> Vec<u8> {
        let size = (content.len() as u32 | 0x1000_0000).to_be_bytes();
        [id, &size, content].concat()
    }

    /// One whose end nobody knew when it began.
    fn open(id: &[u8], content: &[u8]) -> Vec<u8> {
        [id, &[0x01, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff], content].concat()
    }

    /// 16 kHz mono as MediaRecorder would have written it: neither the segment nor its cluster has a size.
    pub(in crate::server::agent) fn recorded(sound: &[i16]) -> Recording {
        let version = [element(&[0x42, 0x87], &[4]), element(&[0x42, 0x85], &[2])].concat();
        let header = element(&[0x1a, 0x45, 0xdf, 0xa3], &[element(&[0x42, 0x82], b"webm"), version].concat());
        let apps = [element(&[0x4d, 0x80], b"it"), element(&[0x57, 0x41], b"it")].concat();
        let scale = element(&[0x2a, 0xd7, 0xb1], &1_000_000u32.to_be_bytes());
        let info = element(&[0x15, 0x49, 0xa9, 0x66], &[scale, apps].concat());
        let audio = [element(&[0xb5], &48_000f32.to_be_bytes()), element(&[0x9f], &[1])];
        let entry = [
            element(&[0xd7], &[1]),
            element(&[0x73, 0xc5], &[1]),
            element(&[0x83], &[2]),
            element(&[0x86], b"A_OPUS"),
            element(&[0xe1], &audio.concat()),
        ];
        let tracks = element(&[0x16, 0x54, 0xae, 0x6b], &element(&[0xae], &entry.concat()));
        let mut encoder = VoiceEncoder::new().unwrap();
        let mut cluster = element(&[0xe7], &[0]);
        for (n, frame) in (0u16..).zip(sound.chunks_exact(FRAME_SAMPLES)) {
            let time = (n * 20).to_be_bytes();
            let block = [&[0x81, time[0], time[1], 0x80][..], &encoder.encode(frame).unwrap()].concat();
            cluster.extend(element(&[0xa3], &block));
        }
        let segment = [info, tracks, open(&[0x1f, 0x43, 0xb6, 0x75], &cluster)].concat();
        let bytes = [header, open(&[0x18, 0x53, 0x80, 0x67], &segment)].concat();
        Recording { mime: "audio/webm;codecs=opus".into(), rate_hz: 48_000, channels: 1, bytes }
    }

    fn tone(seconds: usize) -> Vec<i16> {
        let sample = |n: usize| (n as f32 * 440.0 * std::f32::consts::TAU / SAMPLE_HZ as f32).sin() * 8000.0;
        (0..seconds * SAMPLE_HZ).map(|n| sample(n) as i16).collect()
    }

    fn crossings(pcm: &[i16]) -> usize {
        pcm.windows(2).filter(|pair| pair[0] < 0 && pair[1] >= 0).count()
    }

    #[test]
    fn what_media_recorder_wrote_is_heard_as_far_as_it_came() {
        let whole = recorded(&tone(2));
        let heard = whole.sound(false).unwrap();
        assert_eq!(heard.len(), 2 * SAMPLE_HZ);
        assert!((875..=885).contains(&crossings(&heard)), "{}", crossings(&heard));
        let cut = Recording { bytes: whole.bytes[..whole.bytes.len() * 3 / 4].to_vec(), ..whole };
        let heard = cut.sound(false).unwrap().len();
        assert!((SAMPLE_HZ..2 * SAMPLE_HZ).contains(&heard), "{heard}");
    }

    #[test]
    fn bare_samples_are_heard_and_only_the_last_ten_seconds() {
        let bare = |rate_hz, seconds| Recording {
            mime: "audio/pcm".into(),
            rate_hz,
            channels: 1,
            bytes: pcm::bytes(&tone(seconds)),
        };
        assert_eq!(bare(16_000, 2).sound(false).unwrap(), tone(2));
        assert!(bare(48_000, 3).sound(false).unwrap().len().abs_diff(SAMPLE_HZ) < 2);
        assert_eq!(bare(16_000, 12).sound(false).unwrap().len(), LONGEST_SAMPLES);
        assert_eq!(bare(44_100, 1).sound(false), None);
        assert_eq!(Recording { mime: "video/mp4".into(), ..bare(16_000, 1) }.sound(false), None);
        assert_eq!(Recording { channels: 2, ..bare(16_000, 1) }.sound(false), None);
    }

    proptest! {
        #[test]
        fn rubbish_is_silence_or_nothing(at in 0usize..900, byte in any::<u8>()) {
            let mut file = recorded(&tone(1)[..3200]);
            let at = at % file.bytes.len();
            file.bytes[at] = byte;
            prop_assert!(file.sound(false).is_none_or(|pcm| pcm.len() <= LONGEST_SAMPLES));
        }
    }
}
