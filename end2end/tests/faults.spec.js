// The signal socket of a browser fails in every way that a server or a network can make it fail, twenty times: the call
// goes on in its session, or is joined anew with one more publication.
import { expectGrowth, joinAsGuest } from "../support/guest.js";
import { hum, join, test } from "../support/node-guest.js";
import { recording } from "../support/speech.js";
import { expect } from "../support/test.js";
import { Wire, closed, refused } from "../support/wire.js";

const chatter = recording("chatter", [{ text: "We would like to hear some music in the harbour in June. ".repeat(20), after: 0 }]);

/** How the client comes back from each fault. Those that it joins anew from come last: it may do so once more after them. */
const FAULTS = {
  "the socket ends": { cause: (wire) => wire.cut(), anew: false },
  "the socket ends, and the one after it while it resumes": {
    cause: (wire) => {
      wire.spoilNext(closed);
      return wire.cut();
    },
    anew: false,
  },
  "leave, to resume": { cause: (wire) => wire.leave("RESUME"), anew: false },
  "leave, to join anew": { cause: (wire) => wire.leave("RECONNECT"), anew: true },
  "the socket ends, and the way back is blocked": {
    cause: (wire) => {
      wire.spoilNext(refused);
      return wire.cut();
    },
    anew: true,
  },
};

test.skip(({ livekit }) => Boolean(livekit), "how LiveKit's own server takes back its own client is not shown here");

let rooms = 0;

for (const dual of [false, true]) {
  const path = dual ? "two peer connections" : "one peer connection";

  test(`ten faults on ${path} are survived`, async ({ browsers, desk }) => {
    test.setTimeout(180_000);
    const name = `faults-${process.pid}-${(rooms += 1)}`;
    const bob = await join(desk, name, "bob");
    const humming = await hum(bob);
    let wire;
    const prepare = async (page) => (wire = await Wire.between(page));
    const guest = await joinAsGuest(browsers, desk, name, { microphone: chatter, dual, prepare });
    await expectGrowth(guest.energyReceived);
    await expect.poll(() => bob.published.length).toBe(1);
    let published = 1;
    for (const [fault, { cause, anew }] of Object.entries(FAULTS).flatMap((fault) => [fault, fault])) {
      await test.step(fault, async () => {
        const [sid, opened] = [await guest.sid(), wire.opened()];
        await cause(wire);
        await expect.poll(() => wire.opened()).toBe(opened + 1);
        await expect.poll(guest.state).toBe("connected");
        published += anew ? 1 : 0;
        await expect.poll(() => bob.published.length).toBe(published);
        expect((await guest.sid()) === sid, "the session is the one before").toBe(!anew);
        await expectGrowth(guest.energyReceived);
        await guest.chat(fault);
      });
    }
    expect(bob.room.remoteParticipants.size).toBe(1);
    expect(bob.published.length).toBe(published);

    wire.leave("DISCONNECT");
    await expect.poll(guest.state).toBe("disconnected");
    expect(await guest.left(), "the reason that the server gave").toBe(3);
    await humming.stop();
    await bob.room.disconnect();
  });
}

test("a socket that falls silent is given up, and the session resumed", async ({ browsers, desk }) => {
  const name = `faults-${process.pid}-${(rooms += 1)}`;
  let wire;
  const prepare = async (page) => (wire = await Wire.between(page));
  const guest = await joinAsGuest(browsers, desk, name, { microphone: chatter, prepare });
  const sid = await guest.sid();
  wire.deafen();
  await expect.poll(() => wire.opened(), { timeout: 60_000 }).toBe(2);
  await expect.poll(guest.state).toBe("connected");
  expect(await guest.sid()).toBe(sid);
});
