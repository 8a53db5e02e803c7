//! LiveKit's limits on what participants and rooms may be called and carry.

use std::collections::BTreeMap;

/// Of names, identities and room names, in characters.
pub const NAME_MAX_CHARS: usize = 256;
/// Of metadata, in bytes.
const METADATA_MAX_BYTES: usize = 512 * 1024;
/// Of all attributes of a participant, in bytes.
const ATTRIBUTES_MAX_BYTES: usize = 64 * 1024;

/// Of a session description, in bytes: a browser's has some 2 KB for each audio section.
const SDP_MAX_BYTES: usize = 256 * 1024;
/// Of a session description, in lines: a browser's has some 45 for each audio section.
const SDP_MAX_LINES: usize = 6_000;
/// Of a session description, in sections.
const SDP_MAX_SECTIONS: usize = 192;
/// Of the features of a track and of the capabilities of a client: LiveKit knows fewer than ten of each.
pub const NUMBERS_MAX: usize = 16;

/// Whether a session description is small enough to be read. What reads it takes time that grows with the square of
/// some of its lines, on the one task that serves every room.
pub fn description_fits(sdp: &str) -> bool {
    sdp.len() <= SDP_MAX_BYTES
        && sdp.lines().count() <= SDP_MAX_LINES
        && sdp.lines().filter(|line| line.starts_with("m=")).count() <= SDP_MAX_SECTIONS
}

/// A name that may be longer than it may, cut: for the refusal that says so.
pub fn short(name: String) -> String {
    if name_fits(&name) { name } else { name.chars().take(NAME_MAX_CHARS).collect() }
}

/// Keeps each number once, and not more than [`NUMBERS_MAX`] of them.
pub fn few_numbers(mut numbers: Vec<i32>) -> Vec<i32> {
    numbers.truncate(2 * NUMBERS_MAX);
    numbers.sort_unstable();
    numbers.dedup();
    numbers.truncate(NUMBERS_MAX);
    numbers
}

/// Whether a name is short enough.
pub fn name_fits(name: &str) -> bool {
    name.chars().count() <= NAME_MAX_CHARS
}

/// Whether metadata and attributes are short enough.
pub fn metadata_fits(metadata: &str, attributes: &BTreeMap<String, String>) -> bool {
    let attribute_bytes: usize = attributes.iter().map(|(key, value)| key.len() + value.len()).sum();
    metadata.len() <= METADATA_MAX_BYTES && attribute_bytes <= ATTRIBUTES_MAX_BYTES
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_description_is_bounded_in_every_direction() {
        assert!(description_fits(&"a=rtpmap:1 x/1\r\n".repeat(SDP_MAX_LINES)));
        assert!(!description_fits(&"a=rtpmap:1 x/1\r\n".repeat(SDP_MAX_LINES + 1)));
        assert!(!description_fits(&"m=audio 9 x 0\r\n".repeat(SDP_MAX_SECTIONS + 1)));
        assert!(!description_fits(&"x".repeat(SDP_MAX_BYTES + 1)));
    }

    #[test]
    fn numbers_are_few_and_different() {
        assert_eq!(few_numbers(vec![2, 1, 2]), [1, 2]);
        assert_eq!(few_numbers(vec![1; 1_900_000]), [1]);
        assert_eq!(few_numbers((0..1_000).collect()).len(), NUMBERS_MAX);
    }
}
