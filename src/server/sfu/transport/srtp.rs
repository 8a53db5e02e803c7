//! Protection of outgoing media: a header, a payload and their place in the stream in, a protected packet out
//! (RFC 3711; RFC 7714 for AES-GCM). The ciphers are those of str0m's crypto provider.

use std::fmt;

use str0m::crypto::{
    AeadAes128Gcm, AeadAes128GcmCipher, AeadAes256Gcm, AeadAes256GcmCipher, Aes128CmSha1_80, Aes128CmSha1_80Cipher,
    CryptoError, CryptoProvider, Sha1HmacProvider, SrtpProvider, dtls::SrtpProfile,
};

use super::dtls::MasterKeys;

/// RFC 3711, section 4.3.1: what each key is derived for.
const LABEL_CIPHER: u8 = 0;
const LABEL_AUTHENTICATION: u8 = 1;
const LABEL_SALT: u8 = 2;
/// Where a label stands in what is encrypted to derive a key: above the 48 bits of an index that is always 0.
const LABEL_AT: usize = 7;
/// The block of AES, in bytes.
const BLOCK_BYTES: usize = 16;

/// A packet's index has 48 bits (RFC 3711, section 3.3.1).
const INDEX_BITS: u32 = 48;

/// A packet's fixed place in the protected stream.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Index {
    /// The stream.
    pub ssrc: u32,
    /// The extended sequence number; its upper part is the roll-over counter.
    pub sequence: u64,
}

/// Which places of a stream are taken. Two packets at one place would give the key away (RFC 7714, section 5.1), and
/// publishers can bring that about: by two streams in one section, whose numbers they choose.
#[derive(Clone, Copy, Debug, Default)]
pub struct Taken {
    newest: u64,
    /// The newest and those before it, from the lowest bit on.
    recent: u128,
}

impl Taken {
    /// Takes a place; says no where it is taken, or so far behind that nobody knows.
    pub fn take(&mut self, sequence: u64) -> bool {
        if sequence >> INDEX_BITS != 0 {
            return false;
        }
        if let Some(ahead @ 1..) = sequence.checked_sub(self.newest) {
            let ahead = u32::try_from(ahead).unwrap_or(u32::MAX);
            self.recent = self.recent.checked_shl(ahead).unwrap_or(0) | 1;
            self.newest = sequence;
            return true;
        }
        let behind = self.newest - sequence;
        if behind >= u64::from(u128::BITS) || self.recent >> behind & 1 == 1 {
            return false;
        }
        self.recent |= 1 << behind;
        true
    }
}

/// What one side's media is protected with.
pub enum Protector {
    /// `SRTP_AES128_CM_HMAC_SHA1_80`.
    CounterMode {
        /// The cipher.
        cipher: Box<dyn Aes128CmSha1_80Cipher>,
        /// What the packet's place is mixed with.
        salt: [u8; Aes128CmSha1_80::SALT_LEN],
        /// What packets are signed with.
        key: [u8; Aes128CmSha1_80::HMAC_KEY_LEN],
        /// What signs them.
        hmac: &'static dyn Sha1HmacProvider,
    },
    /// `SRTP_AEAD_AES_128_GCM`.
    Gcm128 {
        /// The cipher.
        cipher: Box<dyn AeadAes128GcmCipher>,
        /// What the packet's place is mixed with.
        salt: [u8; AeadAes128Gcm::SALT_LEN],
    },
    /// `SRTP_AEAD_AES_256_GCM`.
    Gcm256 {
        /// The cipher.
        cipher: Box<dyn AeadAes256GcmCipher>,
        /// What the packet's place is mixed with.
        salt: [u8; AeadAes256Gcm::SALT_LEN],
    },
}

impl fmt::Debug for Protector {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(match self {
            Self::CounterMode { .. } => "CounterMode",
            Self::Gcm128 { .. } => "Gcm128",
            Self::Gcm256 { .. } => "Gcm256",
        })
    }
}

impl Protector {
    /// Derives this side's keys; `None` for a profile that is not known.
    pub fn new(keys: &MasterKeys, crypto: &CryptoProvider) -> Option<Self> {
        let srtp = crypto.srtp_provider;
        Some(match keys.profile {
            SrtpProfile::AES128_CM_SHA1_80 => {
                let master = own_half::<{ Aes128CmSha1_80::KEY_LEN }, { Aes128CmSha1_80::SALT_LEN }>(keys)?;
                let cipher = srtp.aes_128_cm_sha1_80().create_cipher(master.derive(srtp, LABEL_CIPHER), true);
                let (salt, key) = (master.derive(srtp, LABEL_SALT), master.derive(srtp, LABEL_AUTHENTICATION));
                Self::CounterMode { cipher, salt, key, hmac: crypto.sha1_hmac_provider }
            }
            SrtpProfile::AEAD_AES_128_GCM => {
                let master = own_half::<{ AeadAes128Gcm::KEY_LEN }, { AeadAes128Gcm::SALT_LEN }>(keys)?;
                let cipher = srtp.aead_aes_128_gcm().create_cipher(master.derive(srtp, LABEL_CIPHER), true);
                Self::Gcm128 { cipher, salt: master.derive(srtp, LABEL_SALT) }
            }
            SrtpProfile::AEAD_AES_256_GCM => {
                let master = own_half::<{ AeadAes256Gcm::KEY_LEN }, { AeadAes256Gcm::SALT_LEN }>(keys)?;
                let cipher = srtp.aead_aes_256_gcm().create_cipher(master.derive(srtp, LABEL_CIPHER), true);
                Self::Gcm256 { cipher, salt: master.derive(srtp, LABEL_SALT) }
            }
            _ => return None,
        })
    }

    /// Appends the protected packet to `out`.
    ///
    /// # Errors
    /// The cipher's own; `out` has grown by something that is no packet.
    pub fn protect(
        &mut self,
        header: &[u8],
        payload: &[u8],
        index: Index,
        out: &mut Vec<u8>,
    ) -> Result<(), CryptoError> {
        let Index { ssrc, sequence } = index;
        let (rollovers, number) = ((sequence >> 16) as u32, sequence as u16);
        let start = out.len();
        out.extend_from_slice(header);
        let body = out.len();
        match self {
            Self::CounterMode { cipher, salt, key, hmac } => {
                out.resize(body + payload.len() + Aes128CmSha1_80::HMAC_TAG_LEN, 0);
                let iv = Aes128CmSha1_80::rtp_iv(*salt, ssrc, sequence);
                cipher.encrypt(&iv, payload, &mut out[body..body + payload.len()])?;
                let sign = |key: &[u8], parts: &[&[u8]]| hmac.sha1_hmac(key, parts);
                let packet = &mut out[start..];
                Aes128CmSha1_80::rtp_hmac(sign, key, packet, sequence, header.len() + payload.len());
                Ok(())
            }
            Self::Gcm128 { cipher, salt } => {
                out.resize(body + payload.len() + AeadAes128Gcm::TAG_LEN, 0);
                let iv = AeadAes128Gcm::rtp_iv(*salt, ssrc, rollovers, number);
                cipher.encrypt(&iv, header, payload, &mut out[body..])
            }
            Self::Gcm256 { cipher, salt } => {
                out.resize(body + payload.len() + AeadAes256Gcm::TAG_LEN, 0);
                let iv = AeadAes256Gcm::rtp_iv(*salt, ssrc, rollovers, number);
                cipher.encrypt(&iv, header, payload, &mut out[body..])
            }
        }
    }
}

/// One side's master key and salt.
struct Master<const KEY: usize, const SALT: usize> {
    key: [u8; KEY],
    salt: [u8; SALT],
}

/// What this side of the handshake sends with.
fn own_half<const KEY: usize, const SALT: usize>(keys: &MasterKeys) -> Option<Master<KEY, SALT>> {
    let (both_keys, both_salts) = keys.material.split_at_checked(2 * KEY)?;
    let side = if keys.is_client { 0 } else { 1 };
    let key = both_keys.chunks_exact(KEY).nth(side)?.try_into().ok()?;
    let salt = both_salts.chunks_exact(SALT).nth(side)?.try_into().ok()?;
    Some(Master { key, salt })
}

impl<const KEY: usize, const SALT: usize> Master<KEY, SALT> {
    /// Derives a key by AES in counter mode (RFC 3711, section 4.3.3; RFC 7714, section 11 for the longer key).
    fn derive<const LENGTH: usize>(&self, srtp: &dyn SrtpProvider, label: u8) -> [u8; LENGTH] {
        let mut counter = [0; BLOCK_BYTES];
        counter[..SALT].copy_from_slice(&self.salt);
        counter[LABEL_AT] ^= label;
        let mut derived = [0; LENGTH];
        for (round, part) in derived.chunks_mut(BLOCK_BYTES).enumerate() {
            counter[BLOCK_BYTES - 1] = round as u8;
            // The provider pads to one more block.
            let mut block = [0; 2 * BLOCK_BYTES];
            match KEY {
                16 => srtp.srtp_aes_128_ecb_round(&self.key, &counter, &mut block),
                _ => srtp.srtp_aes_256_ecb_round(&self.key, &counter, &mut block),
            }
            part.copy_from_slice(&block[..part.len()]);
        }
        derived
    }
}

#[cfg(test)]
mod tests {
    use std::collections::HashSet;

    use proptest::prelude::*;
    use str0m::crypto::from_feature_flags;

    use super::*;

    fn bytes<const N: usize>(hex: &str) -> [u8; N] {
        let digits: String = hex.split_whitespace().collect();
        std::array::from_fn(|at| u8::from_str_radix(&digits[2 * at..2 * at + 2], 16).unwrap())
    }

    #[test]
    fn keys_are_derived_as_rfc_3711_b_3_shows() {
        let master = Master {
            key: bytes::<16>("E1F97A0D3E018BE0D64FA32C06DE4139"),
            salt: bytes::<14>("0EC675AD498AFEEBB6960B3AABE6"),
        };
        let srtp = from_feature_flags().srtp_provider;
        assert_eq!(master.derive::<16>(srtp, LABEL_CIPHER), bytes("C61E7A93744F39EE10734AFE3FF7A087"));
        assert_eq!(master.derive::<14>(srtp, LABEL_SALT), bytes("30CBBC08863D8C85D49DB34A9AE1"));
        assert_eq!(master.derive::<20>(srtp, LABEL_AUTHENTICATION), bytes("CEBE321F6FF7716B6FD4AB49AF256A156D38BAA4"));
    }

    /// A packet of RFC 7714, section 16.
    const RFC_HEADER: &str = "8040f17b 8041f8d3 5501a0b2";
    const RFC_PAYLOAD: &[u8] = b"Gallia est omnis divisa in partes tres";
    const RFC_INDEX: Index = Index { ssrc: 0x5501_a0b2, sequence: 0xf17b };
    const RFC_SALT: &str = "51756964 2070726f 2071756f";

    #[test]
    fn gcm_with_a_short_key_is_as_rfc_7714_16_1_1_shows() {
        let key = bytes("000102030405060708090a0b0c0d0e0f");
        let cipher = from_feature_flags().srtp_provider.aead_aes_128_gcm().create_cipher(key, true);
        let mut out = Vec::new();
        let mut protector = Protector::Gcm128 { cipher, salt: bytes(RFC_SALT) };
        protector.protect(&bytes::<12>(RFC_HEADER), RFC_PAYLOAD, RFC_INDEX, &mut out).unwrap();
        let wanted = "8040f17b 8041f8d3 5501a0b2 f24de3a3 fb34de6c acba861c 9d7e4bca be633bd5 0d294e6f 42a5f47a \
            51c7d19b 36de3adf 8833899d 7f27beb1 6a9152cf 765ee439 0cce";
        assert_eq!(out, bytes::<66>(wanted));
    }

    #[test]
    fn gcm_with_a_long_key_is_as_rfc_7714_16_2_1_shows() {
        let key = bytes("000102030405060708090a0b0c0d0e0f 101112131415161718191a1b1c1d1e1f");
        let cipher = from_feature_flags().srtp_provider.aead_aes_256_gcm().create_cipher(key, true);
        let mut out = vec![0xee];
        let mut protector = Protector::Gcm256 { cipher, salt: bytes(RFC_SALT) };
        protector.protect(&bytes::<12>(RFC_HEADER), RFC_PAYLOAD, RFC_INDEX, &mut out).unwrap();
        let wanted = "8040f17b 8041f8d3 5501a0b2 32b1de78 a822fe12 ef9f78fa 332e33aa b1801238 9a58e2f3 b50b2a02 \
            76ffae0f 1ba63799 b87b7aa3 db36dfff d6b0f9bb 7878d7a7 6c13";
        assert_eq!((out[0], &out[1..]), (0xee, &bytes::<66>(wanted)[..]));
    }

    #[test]
    fn counter_mode_is_as_libsrtp_has_it() {
        let master = "e1f97a0d3e018be0d64fa32c06de4139";
        let salt = "0ec675ad498afeebb6960b3aabe6";
        let material = str0m::config::KeyingMaterial::new(&bytes::<60>(&[master, master, salt, salt].concat()));
        let keys = MasterKeys { profile: SrtpProfile::AES128_CM_SHA1_80, material, is_client: true };
        let mut out = Vec::new();
        let index = Index { ssrc: 0xcafe_babe, sequence: 0x1234 };
        let header = bytes::<12>("800f1234 decafbad cafebabe");
        Protector::new(&keys, &from_feature_flags()).unwrap().protect(&header, &[0xab; 16], index, &mut out).unwrap();
        let wanted = "800f1234 decafbad cafebabe 4e55dc4c e79978d8 8ca4d215 949d2402 b78d6acc 99ea179b 8dbb";
        assert_eq!(out, bytes::<38>(wanted));
    }

    #[test]
    fn each_side_sends_with_its_own_half() {
        let material = str0m::config::KeyingMaterial::new(&std::array::from_fn::<u8, 56, _>(|at| at as u8));
        let keys = |is_client| MasterKeys {
            profile: SrtpProfile::AEAD_AES_128_GCM,
            material: str0m::config::KeyingMaterial::new(&material),
            is_client,
        };
        let client = own_half::<16, 12>(&keys(true)).unwrap();
        let server = own_half::<16, 12>(&keys(false)).unwrap();
        assert_eq!((client.key[0], client.salt[0], server.key[0], server.salt[0]), (0, 32, 16, 44));
        assert!(own_half::<32, 12>(&keys(true)).is_none());
    }

    #[test]
    fn a_place_is_taken_once() {
        let mut taken = Taken::default();
        let answers = [1, 1, 3, 2, 2, 3, 130, 3, 2, 131, 1 << 48].map(|sequence| taken.take(sequence));
        assert_eq!(answers, [true, false, true, true, false, false, true, false, false, true, false]);
    }

    proptest! {
        #[test]
        fn no_place_is_taken_twice(sequences in proptest::collection::vec(1..400_u64, 1..300)) {
            let (mut taken, mut seen) = (Taken::default(), HashSet::new());
            for sequence in sequences {
                if taken.take(sequence) {
                    prop_assert!(seen.insert(sequence));
                }
            }
        }

        #[test]
        fn places_in_order_are_all_free(steps in proptest::collection::vec(1..1_000_u64, 1..100)) {
            let (mut taken, mut sequence) = (Taken::default(), 0);
            for step in steps {
                sequence += step;
                prop_assert!(taken.take(sequence));
            }
        }
    }
}
