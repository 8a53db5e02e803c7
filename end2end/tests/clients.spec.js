// LiveKit's own packages for Node, Python and React against the room server, whichever it is: clients that know nothing
// of Frontdesk, and the SDK that administers rooms.
import { createHash, randomBytes } from "node:crypto";

import { build } from "esbuild";
import { DataPacket_Kind, RoomServiceClient, TwirpError } from "livekit-server-sdk";

import { hasPython, hum, join, joinFromPython, loudness, test } from "../support/node-guest.js";
import { expect } from "../support/test.js";

const MEGABYTE = 1024 * 1024;

let calls = 0;

/** A room of two, whose members note what they get; both leave with the test. */
const meeting = test.extend({
  meeting: async ({ desk }, use) => {
    const name = `meeting-${process.pid}-${(calls += 1)}`;
    const [ann, bob] = [await join(desk, name, "ann"), await join(desk, name, "bob")];
    await expect.poll(() => [ann, bob].map(({ room }) => room.remoteParticipants.size)).toEqual([1, 1]);
    await use({ name, ann, bob });
    await Promise.all([ann, bob].map(({ room }) => room.disconnect()));
  },
  service: async ({ desk }, use) => {
    const { key, secret } = desk.key();
    await use(new RoomServiceClient(desk.roomsUrl().replace("ws:", "http:"), key, secret));
  },
});

meeting("a Node client is heard", async ({ meeting: { ann, bob } }) => {
  const humming = await hum(ann);
  await expect.poll(() => bob.tracks.length).toBe(1);
  expect(await loudness(bob.tracks[0])).toBeGreaterThan(500);
  await humming.stop();
});

meeting("data of both kinds, text and a megabyte of bytes arrive whole", async ({ meeting: { ann, bob } }) => {
  const bytes = (text) => new TextEncoder().encode(text);
  await ann.room.localParticipant.publishData(bytes("reliable"), { reliable: true, topic: "t" });
  await ann.room.localParticipant.publishData(bytes("only bob"), { reliable: true, destination_identities: ["bob"] });
  await ann.room.localParticipant.publishData(bytes("nobody"), { reliable: true, destination_identities: ["cid"] });
  await expect.poll(() => bob.data.map(([text, from]) => [text, from])).toEqual([
    ["reliable", "ann"],
    ["only bob", "ann"],
  ]);
  // What is lossy may be lost, but not always.
  await expect(async () => {
    await ann.room.localParticipant.publishData(bytes("lossy"), { reliable: false });
    expect(bob.data.some(([text]) => text === "lossy")).toBe(true);
  }).toPass();

  const words = "Grüße \u{1F3BB} ".repeat(4_000);
  await ann.room.localParticipant.sendText(words, { topic: "words" });
  await expect.poll(() => bob.texts).toEqual([[words, "ann"]]);

  const file = randomBytes(MEGABYTE);
  const writer = await ann.room.localParticipant.streamBytes({ topic: "file", totalSize: file.length });
  await writer.write(file);
  await writer.close();
  await expect.poll(() => bob.files).toEqual([createHash("sha256").update(file).digest("hex")]);
});

meeting("remote procedures are called", async ({ meeting: { ann, bob } }) => {
  bob.room.localParticipant.registerRpcMethod("reverse", async ({ payload, callerIdentity }) => {
    return `${callerIdentity}: ${[...payload].reverse().join("")}`;
  });
  const call = (destinationIdentity, method) =>
    ann.room.localParticipant.performRpc({ destinationIdentity, method, payload: "abc" });
  expect(await call("bob", "reverse")).toBe("ann: cba");
  await expect(call("bob", "unknown")).rejects.toMatchObject({ code: 1400 });
});

meeting("a Python client hears and is heard, and answers all that it is sent", async ({ desk, meeting: { name, ann } }) => {
  meeting.skip(!hasPython(), "there is no Python client here");
  const python = await joinFromPython(desk, name, "py");
  const { told } = python;

  const humming = await hum(ann);
  await expect.poll(() => told().some(({ event }) => event === "heard")).toBe(true);
  await expect.poll(() => ann.tracks.length).toBe(1);
  expect(await loudness(ann.tracks[0])).toBeGreaterThan(500);
  await humming.stop();

  const me = ann.room.localParticipant;
  await me.publishData(new TextEncoder().encode("hello"), { reliable: true, topic: "t", destination_identities: ["py"] });
  await expect.poll(told).toContainEqual({ event: "data", text: "hello", topic: "t" });
  await me.sendText("stressed", { topic: "words", destinationIdentities: ["py"] });
  await expect.poll(() => ann.texts).toContainEqual(["desserts", "py"]);
  const file = randomBytes(MEGABYTE);
  const writer = await me.streamBytes({ topic: "file", totalSize: file.length, destinationIdentities: ["py"] });
  await writer.write(file);
  await writer.close();
  await expect.poll(() => ann.texts).toContainEqual([createHash("sha256").update(file).digest("hex"), "py"]);
  expect(await me.performRpc({ destinationIdentity: "py", method: "reverse", payload: "abc" })).toBe("ann: cba");
  await python.stop();
});

meeting("a page of LiveKit's React components joins, hears, mutes and leaves", async ({ browsers, desk, meeting: { name, ann } }) => {
  const { outputFiles } = await build({
    entryPoints: ["end2end/support/react-room.jsx"],
    bundle: true,
    format: "esm",
    write: false,
    jsx: "automatic",
    define: { "process.env.NODE_ENV": '"production"' },
  });
  const page = await browsers.open();
  const token = await desk.token(name, "react", "React");
  // At an address of the site: other sites' pages may not join.
  await page.goto(`${desk.url}/healthz`);
  await page.evaluate((meeting) => (window.meeting = meeting), { url: desk.roomsUrl(), token });
  await page.addScriptTag({ type: "module", content: outputFiles[0].text });
  const people = page.getByRole("list", { name: "People" });
  await expect(people).toContainText("ann");
  await expect(people).toContainText("bob");

  const humming = await hum(ann);
  await expect.poll(() => page.evaluate(() => window.__probes.energyReceived())).toBeGreaterThan(0);
  await humming.stop();
  const microphone = () => [...ann.room.remoteParticipants.get("react").trackPublications.values()][0];
  await expect.poll(() => microphone()?.muted).toBe(false);
  await page.getByRole("button", { name: "Microphone" }).first().click();
  await expect.poll(() => microphone().muted).toBe(true);

  await page.getByRole("button", { name: "Leave" }).click();
  await expect.poll(() => ann.room.remoteParticipants.has("react")).toBe(false);
});

meeting("livekit-server-sdk administers the room", async ({ meeting: { name, ann, bob }, service }) => {
  await expect
    .poll(async () => (await service.listRooms([name])).map((room) => [room.name, room.numParticipants]))
    .toEqual([[name, 2]]);
  const humming = await hum(ann);
  await expect.poll(async () => (await service.getParticipant(name, "ann")).tracks.length).toBe(1);
  const muted = await service.mutePublishedTrack(name, "ann", humming.sid, true);
  expect([muted.sid, muted.muted]).toEqual([humming.sid, true]);
  await expect(service.mutePublishedTrack(name, "ann", humming.sid, false)).rejects.toThrow(/remote unmute/);
  await humming.stop();

  const changed = await service.updateParticipant(name, "ann", { name: "Ann", metadata: "m", attributes: { a: "1" } });
  expect([changed.name, changed.metadata, changed.attributes]).toEqual(["Ann", "m", { a: "1" }]);
  await expect.poll(() => bob.room.remoteParticipants.get("ann").name).toBe("Ann");
  await service.sendData(name, new TextEncoder().encode("from the desk"), DataPacket_Kind.RELIABLE, { topic: "news" });
  await expect.poll(() => bob.data).toEqual([["from the desk", undefined, "news"]]);
  expect((await service.updateRoomMetadata(name, "open")).metadata).toBe("open");
  await expect.poll(() => bob.room.metadata).toBe("open");

  await service.removeParticipant(name, "ann");
  await expect.poll(() => bob.room.remoteParticipants.size).toBe(0);
  await service.deleteRoom(name);
  await expect.poll(() => bob.left !== undefined).toBe(true);
  await expect(service.deleteRoom(name)).rejects.toBeInstanceOf(TwirpError);
});
