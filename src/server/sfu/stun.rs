//! What the room server reads of connectivity checks before their connection does: whom they are for, and whether they
//! choose the way of the media (RFC 8489, RFC 8445). Nothing in here is verified.

/// RFC 8489, section 5.
pub const COOKIE: [u8; 4] = [0x21, 0x12, 0xa4, 0x42];
const HEADER_BYTES: usize = 20;
/// RFC 8489, section 18.3.
const USERNAME: u16 = 0x0006;
/// RFC 8489, section 18.3: nothing that comes after it is signed.
const MESSAGE_INTEGRITY: u16 = 0x0008;
/// RFC 8445, section 16.1.
const USE_CANDIDATE: u16 = 0x0025;
/// The success response to a check (RFC 8489, section 5).
const BINDING_SUCCESS: [u8; 2] = [0x01, 0x01];

/// Whether a datagram is STUN: the two top bits tell it from everything else on the port (RFC 7983).
pub fn is_stun(datagram: &[u8]) -> bool {
    datagram.len() >= HEADER_BYTES && datagram[0] < 4 && datagram[4..8] == COOKIE
}

/// Whether a datagram is the answer to a check that was good.
pub fn is_success(datagram: &[u8]) -> bool {
    is_stun(datagram) && datagram.starts_with(&BINDING_SUCCESS)
}

/// Whether a datagram is a check that nominates the addresses that it came by.
pub fn is_nomination(datagram: &[u8]) -> bool {
    attribute(datagram, USE_CANDIDATE).is_some()
}

/// The half of a check's `USERNAME` that names its receiver.
pub fn local_ufrag(datagram: &[u8]) -> Option<&str> {
    std::str::from_utf8(attribute(datagram, USERNAME)?).ok()?.split(':').next()
}

fn attribute(datagram: &[u8], wanted: u16) -> Option<&[u8]> {
    if !is_stun(datagram) {
        return None;
    }
    let mut rest = &datagram[HEADER_BYTES..];
    while let [kind_high, kind_low, length_high, length_low, body @ ..] = rest {
        let length = usize::from(u16::from_be_bytes([*length_high, *length_low]));
        let value = body.get(..length)?;
        match u16::from_be_bytes([*kind_high, *kind_low]) {
            kind if kind == wanted => return Some(value),
            MESSAGE_INTEGRITY => return None,
            _ => {}
        }
        rest = body.get(length.next_multiple_of(4)..)?;
    }
    None
}

#[cfg(test)]
pub mod tests {
    use super::*;

    /// A check for `username`, not signed.
    pub fn check(nominates: bool, username: &str) -> Vec<u8> {
        let mut datagram = vec![0, 1, 0, 0];
        datagram.extend(COOKIE);
        datagram.extend([0; 12]);
        datagram.extend([0x80, 0x22, 0, 1, b'x', 0, 0, 0]);
        if nominates {
            datagram.extend(USE_CANDIDATE.to_be_bytes());
            datagram.extend([0, 0]);
        }
        datagram.extend(USERNAME.to_be_bytes());
        datagram.extend((username.len() as u16).to_be_bytes());
        datagram.extend(username.as_bytes());
        datagram
    }

    #[test]
    fn a_check_says_whom_it_is_for_and_whether_it_nominates() {
        for nominates in [false, true] {
            let check = check(nominates, "abcd:efgh");
            assert_eq!((local_ufrag(&check), is_nomination(&check)), (Some("abcd"), nominates));
            assert!(is_stun(&check) && !is_success(&check));
        }
        let mut answer = check(false, "x");
        answer[..2].copy_from_slice(&BINDING_SUCCESS);
        assert!(is_success(&answer));
        let media = [0x80; 40];
        assert!(!is_stun(&media) && local_ufrag(&media).is_none() && !is_nomination(&media));
    }

    #[test]
    fn what_comes_after_the_signature_does_not_count() {
        let mut signed = check(false, "abcd:efg");
        signed.extend(MESSAGE_INTEGRITY.to_be_bytes());
        signed.extend([0, 4, 1, 2, 3, 4]);
        signed.extend(USE_CANDIDATE.to_be_bytes());
        signed.extend([0, 0]);
        assert!(!is_nomination(&signed));
    }

    #[test]
    fn a_length_beyond_the_end_is_survived() {
        let mut short = check(false, "abcd:efgh");
        short.truncate(short.len() - 1);
        assert_eq!(local_ufrag(&short), None);
    }
}
