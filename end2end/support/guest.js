// A second page in a visitor's room: the unmodified LiveKit client, with a token that the server's own key signed.
import { expect } from "@playwright/test";

/** The client as npm has it, put at an address of the site. */
const CLIENT = "/livekit-client.esm.mjs";

/**
 * Joins `room` from a page of its own, with its microphone on; `dual` takes the protocol path of two connections, and
 * `prepare` gets the page before it connects.
 */
export async function joinAsGuest(browsers, desk, room, { microphone, dual = false, prepare } = {}) {
  const page = await browsers.open({ microphone });
  await prepare?.(page);
  await page.route(`**${CLIENT}`, (route) => route.fulfill({ path: `node_modules/livekit-client/dist${CLIENT}` }));
  await page.goto(`${desk.url}/healthz`);
  const token = await desk.token(room, "guest", "Guest");
  await page.evaluate(
    async ({ url, token, client, dual }) => {
      const { Room, RoomEvent } = await import(client);
      const guest = { room: new Room({ singlePeerConnection: !dual }), chats: [], mutes: [], states: [] };
      window.guest = guest;
      guest.room.registerTextStreamHandler("lk.chat", async (reader) => guest.chats.push(await reader.readAll()));
      guest.room
        .on(RoomEvent.TrackSubscribed, (track) => document.body.append(track.attach()))
        .on(RoomEvent.TrackMuted, (_, who) => guest.mutes.push([who.name, true]))
        .on(RoomEvent.TrackUnmuted, (_, who) => guest.mutes.push([who.name, false]))
        .on(RoomEvent.Disconnected, (reason) => (guest.left = reason))
        .on(RoomEvent.ConnectionStateChanged, (state) => guest.states.push(state));
      await guest.room.connect(url, token);
      await guest.room.localParticipant.setMicrophoneEnabled(true);
    },
    { url: desk.roomsUrl(), token, client: CLIENT, dual },
  );
  const inPage = (act, argument) => page.evaluate(act, argument);
  return {
    page,
    energyReceived: () => inPage(() => window.__probes.energyReceived()),
    state: () => inPage(() => window.guest.room.state),
    states: () => inPage(() => window.guest.states),
    sid: () => inPage(() => window.guest.room.localParticipant.sid),
    left: () => inPage(() => window.guest.left),
    mutes: () => inPage(() => window.guest.mutes),
    chats: () => inPage(() => window.guest.chats),
    identities: () => inPage(() => [...window.guest.room.remoteParticipants.keys()]),
    mute: (muted) => inPage((on) => window.guest.room.localParticipant.setMicrophoneEnabled(on), !muted),
    chat: (text) => inPage((line) => window.guest.room.localParticipant.sendText(line, { topic: "lk.chat" }), text),
    leave: () => inPage(() => window.guest.room.disconnect()),
  };
}

/** Expects `read()` to grow from what it is at this moment. */
export async function expectGrowth(read) {
  const before = await read();
  await expect.poll(read).toBeGreaterThan(before);
}
