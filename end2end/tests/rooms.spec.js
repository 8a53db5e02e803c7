// Two pages in one room: they hear and see each other, and the call outlives cut sockets and a restarted server.
import { expectGrowth, joinAsGuest } from "../support/guest.js";
import { recording } from "../support/speech.js";
import { expect, test } from "../support/test.js";

const talk = "We would like to hear some music in the harbour in June. ".repeat(20);
const chatter = recording("chatter", [{ text: talk, after: 0 }]);

for (const dual of [false, true]) {
  const path = dual ? "two peer connections" : "one peer connection";

  test.describe(`beside a guest over ${path}`, () => {
    test.use({ microphone: chatter });

    test("both hear, see mutes and chat", async ({ browsers, call, desk }) => {
      await call.dial();
      const guest = await joinAsGuest(browsers, desk, await call.room(), { microphone: chatter, dual });

      await expect.poll(guest.energyReceived).toBeGreaterThan(0);
      await expectGrowth(guest.energyReceived);
      await expectGrowth(() => call.energyReceived());
      expect(desk.rooms.served().every((connections) => connections > 0), "each node had a part in it").toBe(true);

      await call.microphone.click();
      await expect(call.microphone).toHaveAttribute("aria-pressed", "true");
      await expect.poll(guest.mutes).toContainEqual([expect.any(String), true]);
      await call.microphone.click();
      await expect.poll(guest.mutes).toContainEqual([expect.any(String), false]);

      await guest.chat("Hello from the team");
      await expect(call.transcript).toContainText("Hello from the team");
      await call.type("Hello to the team");
      await expect.poll(guest.chats).toContain("Hello to the team");
    });

    test("both survive a killed signal socket", async ({ browsers, call, desk }) => {
      await call.dial();
      const guest = await joinAsGuest(browsers, desk, await call.room(), { microphone: chatter, dual });
      const visitors = async () => (await guest.identities()).filter((identity) => identity.startsWith("visitor-"));
      const before = await visitors();
      await expect.poll(guest.energyReceived).toBeGreaterThan(0);

      expect(desk.rooms.cutSockets()).toBeGreaterThanOrEqual(2);
      await expect.poll(guest.states).toContain("signalReconnecting");
      await expect.poll(guest.state).toBe("connected");
      await call.reaches("connected");

      await expectGrowth(guest.energyReceived);
      await expectGrowth(() => call.energyReceived());
      expect(await visitors(), "the visitor kept its place").toEqual(before);
      await call.type("Still there?");
      await expect.poll(guest.chats).toContain("Still there?");
    });

    test("a server that starts again gets its calls back", async ({ browsers, call, desk }) => {
      test.setTimeout(180_000);
      await call.dial();
      const guest = await joinAsGuest(browsers, desk, await call.room(), { microphone: chatter, dual });
      await expect.poll(guest.energyReceived).toBeGreaterThan(0);

      await desk.restartRooms();
      await expect.poll(guest.states, { timeout: 60_000 }).toContain("reconnecting");
      await expect.poll(guest.state, { timeout: 60_000 }).toBe("connected");
      await expect(call.widget).toHaveAttribute("data-state", "connected", { timeout: 60_000 });
      await expectGrowth(guest.energyReceived);
      await expectGrowth(() => call.energyReceived());
    });
  });
}

test("a duplicate of the same identity takes the call over", async ({ browsers, call, desk }) => {
  await call.dial();
  const first = await joinAsGuest(browsers, desk, await call.room());
  const second = await joinAsGuest(browsers, desk, await call.room());
  await expect.poll(first.state).toBe("disconnected");
  expect(await second.state()).toBe("connected");
});
