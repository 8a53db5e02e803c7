// Guests from LiveKit's packages for Node and Python: they know nothing of Frontdesk.
import { createHash } from "node:crypto";
import { existsSync } from "node:fs";

import {
  AudioFrame,
  AudioSource,
  AudioStream,
  LocalAudioTrack,
  Room,
  RoomEvent,
  TrackPublishOptions,
  TrackSource,
  dispose,
} from "@livekit/rtc-node";

import { start } from "./process.js";
import { test as base } from "./test.js";

const PYTHON = "target/python/bin/python";
const RATE = 48_000;
/** 20 ms of sound. */
const FRAME = RATE / 50;

/** The suite's `test`, which lets go of the clients' common core once, at the end: it does not come back. */
export const test = base.extend({
  core: [
    async ({}, use) => {
      await use();
      await dispose();
    },
    { scope: "worker", auto: true },
  ],
});

/** Joins `name`; the member notes what it gets. */
export async function join(desk, name, identity) {
  const room = new Room();
  const member = { room, data: [], texts: [], files: [], tracks: [], published: [], news: [], left: undefined };
  room
    .on(RoomEvent.DataReceived, (payload, from, _kind, topic) => {
      member.data.push([new TextDecoder().decode(payload), from?.identity, topic]);
    })
    .on(RoomEvent.TrackPublished, (_, from) => member.published.push(from.identity))
    .on(RoomEvent.TrackSubscribed, (track) => member.tracks.push(track))
    .on(RoomEvent.Reconnecting, () => member.news.push("reconnecting"))
    .on(RoomEvent.Reconnected, () => member.news.push("reconnected"))
    .on(RoomEvent.Disconnected, (reason) => (member.left = reason));
  room.registerTextStreamHandler("words", async (reader, { identity: from }) => {
    member.texts.push([await reader.readAll(), from]);
  });
  room.registerByteStreamHandler("file", async (reader) => {
    const hash = createHash("sha256");
    for (const chunk of await reader.readAll()) hash.update(chunk);
    member.files.push(hash.digest("hex"));
  });
  await room.connect(desk.roomsUrl(), await desk.token(name, identity), { autoSubscribe: true, dynacast: false });
  return member;
}

/** Publishes a microphone that hums until `stop` is called. */
export async function hum({ room }) {
  const source = new AudioSource(RATE, 1);
  const options = new TrackPublishOptions({ source: TrackSource.SOURCE_MICROPHONE });
  const publication = await room.localParticipant.publishTrack(LocalAudioTrack.createAudioTrack("hum", source), options);
  let humming = true;
  const feeding = (async () => {
    for (let at = 0; humming; at += FRAME) {
      const wave = Int16Array.from({ length: FRAME }, (_, n) => 9_000 * Math.sin(((at + n) * 2 * Math.PI * 440) / RATE));
      await source.captureFrame(new AudioFrame(wave, RATE, 1, FRAME));
    }
  })();
  return {
    sid: publication.sid,
    async stop() {
      humming = false;
      await feeding;
    },
  };
}

/** The mean amplitude of the first sound that arrives on `track`. */
export async function loudness(track) {
  for await (const { data } of new AudioStream(track, RATE, 1)) {
    const mean = data.reduce((sum, sample) => sum + Math.abs(sample), 0) / data.length;
    if (mean > 500) return mean;
  }
}

/** The tracks that `member` receives at this moment, by who publishes them. */
export function heardBy({ room }) {
  const publications = (who) => [...who.trackPublications.values()];
  const people = [...room.remoteParticipants.values()];
  const tracks = people.map((who) => [who.identity, publications(who).find(({ track }) => track)?.track]);
  return Object.fromEntries(tracks.filter(([, track]) => track));
}

/** Whether LiveKit's Python client is here; where it is not, that is said. */
export function hasPython() {
  const found = existsSync(PYTHON);
  if (!found) console.log("!!! LEFT OUT: LiveKit's Python client (Python 3 with venv was not found).");
  return found;
}

/** Lets a Python guest in; `dual` takes the protocol path of two connections. */
export async function joinFromPython(desk, name, identity, { dual = false } = {}) {
  const args = ["end2end/support/python-guest.py", desk.roomsUrl(), await desk.token(name, identity), dual ? "2" : "1"];
  const python = await start(PYTHON, args, { ready: /"ready"/ });
  return {
    /** What it told so far, one object for each event. */
    told: () => python.output.split("\n").filter((line) => line.startsWith("{")).map((line) => JSON.parse(line)),
    stop: () => python.stop(),
  };
}
