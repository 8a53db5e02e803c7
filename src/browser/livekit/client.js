// What `ffi.rs` names of the LiveKit client; the bundler leaves out what this cannot reach.
export { LocalAudioTrack, Room, setLogLevel } from "livekit-client";

/** Has the browser start its WebRTC machinery, which takes the first offer of a page some 20 ms. */
export const warm = async () => {
  const connection = new RTCPeerConnection();
  connection.addTransceiver("audio");
  connection.createDataChannel("");
  await connection.createOffer().catch(() => {});
  connection.close();
};
