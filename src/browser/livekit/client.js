// What `ffi.rs` names of the LiveKit client; the bundler leaves out what this cannot reach.
export { LocalAudioTrack, Room, setLogLevel } from "livekit-client";
