// Runs in the page before anything else: remembers what the tests ask about afterwards, and changes nothing.
// - every RTCPeerConnection, for getStats
// - every media element that played something
// - every access token that a signal socket was opened with
// - every microphone track that getUserMedia gave, for its readyState
// - the sound of every remote audio track, as 16 kHz mono, from when recording is asked for
export function installProbes() {
  const probes = { connections: [], tokens: [], players: new Set(), microphones: [], remote: [], recorded: [] };
  Object.defineProperty(window, "__probes", { value: probes });

  const Native = window.RTCPeerConnection;
  window.RTCPeerConnection = class extends Native {
    constructor(...args) {
      super(...args);
      probes.connections.push(this);
      this.addEventListener("track", (event) => probes.remote.push(event.track));
    }
  };

  const play = HTMLMediaElement.prototype.play;
  HTMLMediaElement.prototype.play = function () {
    probes.players.add(this);
    return play.call(this);
  };

  const Socket = window.WebSocket;
  window.WebSocket = class extends Socket {
    constructor(url, ...rest) {
      super(url, ...rest);
      const token = new URL(url, location.href).searchParams.get("access_token");
      if (token) probes.tokens.push(token);
    }
  };

  if (navigator.mediaDevices) {
    const getUserMedia = navigator.mediaDevices.getUserMedia.bind(navigator.mediaDevices);
    navigator.mediaDevices.getUserMedia = async (constraints) => {
      const stream = await getUserMedia(constraints);
      probes.microphones.push(...stream.getAudioTracks());
      return stream;
    };
  }

  /** Begins to record what the remote tracks sound like. */
  probes.record = () => {
    const context = new AudioContext({ sampleRate: 16_000 });
    const tap = context.createScriptProcessor(4096, 1, 1);
    tap.onaudioprocess = ({ inputBuffer }) => probes.recorded.push(inputBuffer.getChannelData(0).slice());
    const silent = context.createGain();
    silent.gain.value = 0;
    tap.connect(silent).connect(context.destination);
    const join = (track) => context.createMediaStreamSource(new MediaStream([track])).connect(tap);
    probes.remote.filter((track) => track.kind === "audio" && track.readyState === "live").forEach(join);
    probes.remote.push = (...tracks) => {
      tracks.filter((track) => track.kind === "audio").forEach(join);
      return Array.prototype.push.apply(probes.remote, tracks);
    };
  };

  /** What was recorded so far, as base64 of 16-bit samples. */
  probes.recording = () => {
    const samples = Int16Array.from(
      probes.recorded.flatMap((chunk) => Array.from(chunk)),
      (sample) => Math.max(-1, Math.min(1, sample)) * 32_767,
    );
    let text = "";
    for (const byte of new Uint8Array(samples.buffer)) text += String.fromCharCode(byte);
    return btoa(text);
  };

  /** The highest bitrates that the senders of sound may take, in bits a second. */
  probes.bitrates = () => {
    const senders = probes.connections.flatMap((connection) => connection.getSenders());
    const live = senders.filter(({ track }) => track?.kind === "audio" && track.readyState === "live");
    return live.map((sender) => sender.getParameters().encodings[0]?.maxBitrate);
  };

  /** The sum of `totalAudioEnergy` over everything received. */
  probes.energyReceived = async () => {
    let energy = 0;
    for (const connection of probes.connections) {
      for (const report of (await connection.getStats()).values()) {
        if (report.type === "inbound-rtp" && report.kind === "audio") energy += report.totalAudioEnergy ?? 0;
      }
    }
    return energy;
  };
}
