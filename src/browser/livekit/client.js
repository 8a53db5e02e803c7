// What `ffi.rs` names of the LiveKit client; the bundler leaves out what this cannot reach.
import { CriticalTimers } from "livekit-client";
export { LocalAudioTrack, Room, setLogLevel } from "livekit-client";

// While it joins, the client looks every 50 ms whether the connection stands; it offers its timers for replacement.
const POLL_MS = 50;
const { setTimeout } = CriticalTimers;
let joining = 0;
CriticalTimers.setTimeout = (act, delay, ...rest) =>
  setTimeout(act, joining && delay === POLL_MS ? 5 : delay, ...rest);

/** Connects `room`, and looks every 5 ms whether it is. */
export const join = async (room, url, token) => {
  joining += 1;
  try {
    await room.connect(url, token);
  } finally {
    joining -= 1;
  }
};

/** Lets the sender of `track` take `maxBitrate` bits a second at most. */
export const limitBitrate = async ({ sender }, maxBitrate) => {
  const parameters = sender.getParameters();
  for (const encoding of parameters.encodings) encoding.maxBitrate = maxBitrate;
  await sender.setParameters(parameters);
};

/** Has the browser start its WebRTC machinery, which takes the first offer of a page some 20 ms. */
export const warm = async () => {
  const connection = new RTCPeerConnection();
  connection.addTransceiver("audio");
  connection.createDataChannel("");
  await connection.createOffer().catch(() => {});
  connection.close();
};
