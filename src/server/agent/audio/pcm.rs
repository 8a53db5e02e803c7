//! Samples on the wire: 16-bit little-endian, cut wherever the network cuts, and the WAV files that hold them.

use super::SAMPLE_HZ;

/// Bytes of a WAV file before its samples.
const HEADER_BYTES: usize = 44;

/// Puts samples together from bytes that come in pieces of any length.
#[derive(Debug, Default)]
pub(in crate::server::agent) struct Samples {
    half: Option<u8>,
}

impl Samples {
    /// Takes more bytes; gives the samples that are complete with them.
    pub(in crate::server::agent) fn push(&mut self, bytes: &[u8]) -> Vec<i16> {
        let mut bytes = self.half.take().into_iter().chain(bytes.iter().copied());
        let mut samples = Vec::with_capacity(bytes.size_hint().0 / 2);
        while let Some(low) = bytes.next() {
            match bytes.next() {
                Some(high) => samples.push(i16::from_le_bytes([low, high])),
                None => self.half = Some(low),
            }
        }
        samples
    }
}

/// The bytes of samples.
pub(in crate::server::agent) fn bytes(pcm: &[i16]) -> Vec<u8> {
    pcm.iter().flat_map(|sample| sample.to_le_bytes()).collect()
}

/// A WAV file of 16 kHz mono samples.
pub(in crate::server::agent) fn wav(pcm: &[i16]) -> Vec<u8> {
    let (data, rate) = ((pcm.len() * 2) as u32, SAMPLE_HZ as u32);
    let mut wav = Vec::with_capacity(HEADER_BYTES + pcm.len() * 2);
    wav.extend(b"RIFF");
    wav.extend((HEADER_BYTES as u32 - 8 + data).to_le_bytes());
    wav.extend(b"WAVEfmt ");
    wav.extend(16u32.to_le_bytes());
    // Uncompressed, one channel.
    wav.extend([1, 0, 1, 0]);
    wav.extend(rate.to_le_bytes());
    wav.extend((rate * 2).to_le_bytes());
    // Two bytes, 16 bits, for each sample.
    wav.extend([2, 0, 16, 0]);
    wav.extend(b"data");
    wav.extend(data.to_le_bytes());
    wav.extend(bytes(pcm));
    wav
}

/// The samples of a WAV file, 16 kHz mono i16; none if it is anything else.
pub(in crate::server::agent) fn samples(wav: &[u8]) -> Option<Vec<i16>> {
    let header = wav.get(..HEADER_BYTES)?;
    let is_wav = header.starts_with(b"RIFF") && &header[8..12] == b"WAVE" && &header[36..40] == b"data";
    let channels = u16::from_le_bytes([header[22], header[23]]);
    let rate = u32::from_le_bytes([header[24], header[25], header[26], header[27]]);
    let bits = u16::from_le_bytes([header[34], header[35]]);
    let fits = is_wav && channels == 1 && rate as usize == SAMPLE_HZ && bits == 16;
    fits.then(|| Samples::default().push(&wav[HEADER_BYTES..]))
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn a_wav_file_holds_its_samples_and_says_how_it_is_to_be_read() {
        let mut file = wav(&[1, -1]);
        assert_eq!(
            &file[..44],
            b"RIFF\x28\0\0\0WAVEfmt \x10\0\0\0\x01\0\x01\0\x80\x3e\0\0\0\x7d\0\0\x02\0\x10\0data\x04\0\0\0"
        );
        assert_eq!(samples(&file), Some(vec![1, -1]));
        file[24] = 0;
        assert_eq!(samples(&file), None);
        assert_eq!(samples(b"RIFF"), None);
    }

    proptest! {
        #[test]
        fn samples_come_whole_wherever_they_are_cut(pcm in prop::collection::vec(any::<i16>(), 0..50), cut in 1usize..9) {
            let mut whole = Samples::default();
            let came: Vec<i16> = bytes(&pcm).chunks(cut).flat_map(|piece| whole.push(piece)).collect();
            prop_assert_eq!(came, pcm);
        }
    }
}
