// LiveKit's clients for Node and Python, which share their core and nothing with the browser's: they come back to their
// sessions, or into the room anew, and go on.
import { SimulateScenarioKind } from "@livekit/rtc-node";

import { hasPython, heardBy, hum, join, joinFromPython, loudness, test } from "../support/node-guest.js";
import { expect } from "../support/test.js";

let meetings = 0;

/** Two Node clients and a Python client on each path, all of which hum but Bob. */
const meeting = test.extend({
  meeting: async ({ desk }, use) => {
    meeting.skip(!hasPython(), "there is no Python client here");
    const name = `reconnect-${process.pid}-${(meetings += 1)}`;
    const [ann, bob] = [await join(desk, name, "ann"), await join(desk, name, "bob")];
    const pythons = {
      one: await joinFromPython(desk, name, "one"),
      two: await joinFromPython(desk, name, "two", { dual: true }),
    };
    const humming = await hum(ann);
    await use({ name, ann, bob, pythons });
    await humming.stop();
    for (const python of Object.values(pythons)) await python.stop();
    await Promise.all([ann, bob].map(({ room }) => room.disconnect()));
  },
});

/** Bob hears everybody, everybody hears Ann, and text goes there and back. */
async function goesOn({ ann, bob }, words) {
  for (const identity of ["ann", "one", "two"]) {
    await expect.poll(() => Object.keys(heardBy(bob)), { timeout: 60_000 }).toContain(identity);
    expect(await loudness(heardBy(bob)[identity])).toBeGreaterThan(500);
  }
  for (const python of ["one", "two"]) {
    // What is asked of somebody who is still on the way back is not answered.
    await expect(async () => {
      const call = { destinationIdentity: python, method: "listen", payload: "ann", responseTimeout: 5_000 };
      expect(await bob.room.localParticipant.performRpc(call)).toBe("heard");
    }).toPass({ timeout: 60_000 });
    await ann.room.localParticipant.sendText(words, { topic: "words", destinationIdentities: [python] });
    await expect.poll(() => ann.texts).toContainEqual([[...words].reverse().join(""), python]);
  }
}

const comeBack = ({ told }) => told().filter(({ event }) => event === "reconnected").length;
const sids = ({ room }) => Object.fromEntries([...room.remoteParticipants.values()].map(({ identity, sid }) => [identity, sid]));

meeting("a killed socket is resumed, in the same session", async ({ desk, meeting: people }) => {
  const { ann, bob, pythons } = people;
  await goesOn(people, "before");
  // LiveKit's server tells of somebody who publishes nothing every three seconds.
  await expect.poll(() => sids(ann)).toHaveProperty("bob");
  const before = { ...sids(bob), ...sids(ann) };
  expect(desk.rooms.cutSockets()).toBeGreaterThanOrEqual(4);
  await expect.poll(() => [ann, bob].map(({ news }) => news.at(-1))).toEqual(["reconnected", "reconnected"]);
  await expect.poll(() => [pythons.one, pythons.two].map(comeBack)).toEqual([1, 1]);
  await goesOn(people, "after");
  expect({ ...sids(bob), ...sids(ann) }).toEqual(before);
  const published = Object.fromEntries(["ann", "one", "two"].map((who) => [who, bob.published.filter((by) => by === who).length]));
  expect(published, "nobody was published anew").toEqual({ ann: 1, one: 1, two: 1 });
});

meeting("whoever joins anew is published once more, and no more", async ({ meeting: people }) => {
  const { ann, bob } = people;
  await goesOn(people, "before");
  const published = (who) => bob.published.filter((identity) => identity === who).length;
  const before = Object.fromEntries(["ann", "one", "two"].map((who) => [who, published(who)]));
  await ann.room.simulateScenario(SimulateScenarioKind.SIMULATE_FULL_RECONNECT);
  await bob.room.localParticipant.sendText("", { topic: "join-anew", destinationIdentities: ["one", "two"] });
  for (const who of ["ann", "one", "two"]) await expect.poll(() => published(who)).toBe(before[who] + 1);
  await goesOn(people, "after");
  for (const who of ["ann", "one", "two"]) expect(published(who)).toBe(before[who] + 1);
});

meeting("a server that starts again gets everybody back", async ({ desk, meeting: people }) => {
  meeting.setTimeout(180_000);
  const { ann, bob, pythons } = people;
  await goesOn(people, "before");
  await desk.restartRooms();
  await expect.poll(() => [ann, bob].map(({ news }) => news.at(-1)), { timeout: 90_000 }).toEqual(["reconnected", "reconnected"]);
  await expect.poll(() => Math.min(...[pythons.one, pythons.two].map(comeBack)), { timeout: 90_000 }).toBeGreaterThan(0);
  await goesOn(people, "after");
});
