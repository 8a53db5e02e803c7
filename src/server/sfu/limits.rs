//! LiveKit's limits on what participants and rooms may be called and carry.

use std::collections::BTreeMap;

/// Of names, identities and room names, in characters.
pub const NAME_MAX_CHARS: usize = 256;
/// Of metadata, in bytes.
const METADATA_MAX_BYTES: usize = 512 * 1024;
/// Of all attributes of a participant, in bytes.
const ATTRIBUTES_MAX_BYTES: usize = 64 * 1024;

/// Whether a name is short enough.
pub fn name_fits(name: &str) -> bool {
    name.chars().count() <= NAME_MAX_CHARS
}

/// Whether metadata and attributes are short enough.
pub fn metadata_fits(metadata: &str, attributes: &BTreeMap<String, String>) -> bool {
    let attribute_bytes: usize = attributes.iter().map(|(key, value)| key.len() + value.len()).sum();
    metadata.len() <= METADATA_MAX_BYTES && attribute_bytes <= ATTRIBUTES_MAX_BYTES
}
