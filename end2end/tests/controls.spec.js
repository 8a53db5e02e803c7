// Every control of a call, by mouse and by keyboard.
import { Call } from "../support/call.js";
import { startDesk } from "../support/desk.js";
import { expect, test } from "../support/test.js";

test("the microphone is released when the call ends", async ({ call }) => {
  await call.dial();
  expect(await call.microphoneTracks()).toContain("live");
  await call.end.click();
  await call.reaches("ended");
  const tracks = await call.microphoneTracks();
  expect(tracks.length).toBeGreaterThan(0);
  expect(new Set(tracks)).toEqual(new Set(["ended"]));
  await expect(call.panel).toContainText("Thank you for calling.");
});

test("mute, speaker, volume and devices", async ({ call }) => {
  await call.dial();
  await call.microphone.click();
  await expect(call.microphone).toHaveAttribute("aria-pressed", "true");
  await expect(call.panel).toContainText("You are muted");
  await call.microphone.click();
  await expect(call.microphone).toHaveAttribute("aria-pressed", "false");

  const playing = () => call.page.evaluate(() => [...window.__probes.players].some((player) => !player.muted));
  await expect.poll(playing).toBe(true);
  await call.speaker.click();
  await expect.poll(playing).toBe(false);
  await call.speaker.click();
  await expect.poll(playing).toBe(true);

  await call.page.getByRole("button", { name: "Sound settings" }).click();
  const volume = call.page.getByRole("slider", { name: "Volume" });
  await volume.fill("30");
  await expect
    .poll(() => call.page.evaluate(() => [...window.__probes.players].map((player) => player.volume)))
    .toContain(0.3);
  await expect(call.page.getByRole("combobox", { name: "Microphone" })).toBeVisible();
  for (const name of ["Noise filter", "Echo cancellation", "Push to talk"]) {
    await expect(call.page.getByRole("switch", { name })).toBeVisible();
  }
});

test("push to talk opens the microphone only while the key is held", async ({ call }) => {
  await call.dial();
  await call.page.getByRole("button", { name: "Sound settings" }).click();
  await call.page.getByRole("switch", { name: "Push to talk" }).click();
  await call.page.keyboard.press("Escape");
  await expect(call.panel).toContainText("Hold Space or the microphone to talk");
  await call.page.keyboard.down("Space");
  await expect(call.panel).toContainText("You are heard");
  await call.page.keyboard.up("Space");
  await expect(call.panel).toContainText("Hold Space or the microphone to talk");
  await call.page.keyboard.press("m");
  await call.page.keyboard.down("Space");
  await expect(call.panel, "M is without meaning").toContainText("You are heard");
  await call.page.keyboard.up("Space");
});

/** The ways in which a held key is let go where the widget does not see it. */
const LET_GO = {
  "the key is released elsewhere": async ({ page }) => {
    await page.evaluate(() => document.activeElement.blur());
    await page.keyboard.up("Space");
  },
  "the window is left": ({ page }) => page.evaluate(() => window.dispatchEvent(new Event("blur"))),
  "the page is hidden": ({ page }) =>
    page.evaluate(() => document.dispatchEvent(new Event("visibilitychange", { bubbles: true }))),
  "a pointer is released": ({ page }) =>
    page.evaluate(() => document.body.dispatchEvent(new Event("pointerup", { bubbles: true }))),
};

for (const [way, letGo] of Object.entries(LET_GO)) {
  test(`push to talk closes the microphone when ${way}`, async ({ call }) => {
    await call.dial();
    await call.page.getByRole("button", { name: "Sound settings" }).click();
    await call.page.getByRole("switch", { name: "Push to talk" }).click();
    await call.page.keyboard.press("Escape");
    await call.page.keyboard.down("Space");
    await expect(call.panel).toContainText("You are heard");
    await letGo(call);
    await expect(call.panel).toContainText("Hold Space or the microphone to talk");
    const open = () => call.page.evaluate(() => window.__probes.microphones.filter((track) => track.enabled).length);
    await expect.poll(open).toBe(0);
  });
}

test("push to talk asks a call without a microphone for one", async ({ call }) => {
  await call.open();
  await call.page.getByRole("button", { name: "Type instead of talking" }).click();
  await call.reaches("connected");
  await call.page.getByRole("button", { name: "Sound settings" }).click();
  await call.page.getByRole("switch", { name: "Push to talk" }).click();
  await call.page.keyboard.press("Escape");
  await call.page.keyboard.press("Space");
  await expect(call.panel).not.toContainText("You are heard");
  await expect.poll(() => call.microphoneTracks()).toEqual(["live"]);
  await call.page.keyboard.down("Space");
  await expect(call.panel).toContainText("You are heard");
  await call.page.keyboard.up("Space");
});

test("the collapsed panel keeps the call, with the timer and the way to hang up", async ({ call }) => {
  await call.dial();
  await expect(call.timer).toHaveText(/^(?!0:00$)\d+:\d\d$/);
  await call.page.getByRole("button", { name: "Collapse" }).click();
  await expect(call.panel).toBeHidden();
  await call.reaches("connected");
  await expect(call.page.getByRole("button", { name: "Show the call" })).toContainText(/\d:\d\d/);
  await call.page.getByRole("button", { name: "End the call" }).click();
  await call.reaches("ended");
});

test("the keyboard alone makes a whole call", async ({ call }) => {
  const { keyboard } = call.page;
  const tabTo = async (name) => {
    for (let presses = 0; presses < 60; presses += 1) {
      const focused = await call.page.evaluate(
        () => document.activeElement?.getAttribute("aria-label") || document.activeElement?.textContent?.trim(),
      );
      if (focused?.startsWith(name)) return;
      await keyboard.press("Tab");
    }
    throw new Error(`no way to ${name} by Tab`);
  };
  await tabTo("Talk to us");
  await keyboard.press("Enter");
  await expect(call.panel).toBeVisible();
  await tabTo("Start the call");
  await keyboard.press("Enter");
  await call.reaches("connected");
  await keyboard.press("m");
  await expect(call.microphone).toHaveAttribute("aria-pressed", "true");
  await keyboard.press("m");
  await expect(call.microphone).toHaveAttribute("aria-pressed", "false");
  await keyboard.press("?");
  await expect(call.panel).toContainText("Keyboard shortcuts");
  await keyboard.press("Escape");
  await expect(call.page.getByRole("button", { name: "Sound settings" }), "a closed sheet gives the focus back").toBeFocused();
  await keyboard.press("k");
  await expect(call.field).toBeFocused();
  await keyboard.type("How do we pay?");
  await keyboard.press("Enter");
  await expect(call.transcript).toContainText("deposit of thirty percent");
  await keyboard.press("Escape");
  await tabTo("End the call");
  await keyboard.press("Enter");
  await call.reaches("ended");
  await keyboard.press("Escape");
  await expect(call.panel).toBeHidden();
  await expect(call.button).toBeFocused();
});

test("a key that is held down presses once", async ({ call }) => {
  const { keyboard } = call.page;
  const hold = async (key) => {
    for (let times = 0; times < 4; times += 1) {
      await keyboard.down(key);
      await call.page.waitForTimeout(100);
    }
    await keyboard.up(key);
  };
  await call.open();
  await expect(call.start).toBeFocused();
  await hold("Enter");
  await call.reaches("connected");
  await call.end.focus();
  await hold("Enter");
  await call.reaches("ended");
  await call.page.keyboard.press("Enter");
  await call.reaches("connected");
  await hold("m");
  await expect(call.microphone).toHaveAttribute("aria-pressed", "true");
});

test("by text there is no microphone prompt", async ({ call }) => {
  await call.open();
  await call.page.getByRole("button", { name: "Type instead of talking" }).click();
  await call.reaches("connected");
  expect(await call.microphoneTracks()).toEqual([]);
  await call.type("What does a jazz trio cost?");
  await expect(call.transcript).toContainText("A jazz trio for three hours is 1,200 euros");
});

test("where the assistant has no voice there is no microphone and no speaker", async ({ browsers, livekit }) => {
  // No engine is found there.
  const desk = await startDesk({ livekit, env: { PATH: "/" } });
  const call = new Call(await browsers.open(), desk);
  await call.visit();
  await call.open();
  await call.page.getByRole("button", { name: "Start writing" }).click();
  await call.reaches("connected");
  await expect(call.panel).toContainText("The assistant has no voice here. Please type.");
  await expect(call.microphone).toBeHidden();
  await expect(call.speaker).toBeHidden();
  await expect(call.field).toBeFocused();
  await call.type("What does a jazz trio cost?");
  await expect(call.transcript).toContainText("A jazz trio for three hours is 1,200 euros");
  await call.page.getByRole("button", { name: "Collapse" }).focus();
  await call.page.keyboard.press("m");
  expect(await call.microphoneTracks()).toEqual([]);
  await desk.stop();
});

/** Loads the page again and opens the panel. */
async function reload({ page }) {
  await page.reload();
  await page.locator("[data-state]").hover();
  await page.getByRole("link").or(page.getByRole("button")).filter({ hasText: /call|Talk to us/ }).last().click();
}

/** Loads the page again and goes back to the call that was left. */
async function reloadAndGoBack(call) {
  await reload(call);
  await call.page.getByRole("button", { name: "Go back to the call" }).click();
}

test("a reload offers the same call again", async ({ call }) => {
  await call.dial();
  const room = await call.room();
  await reloadAndGoBack(call);
  await call.reaches("connected");
  expect(await call.room()).toBe(room);
});

test("the offer to go back stands alone, and leads to the start where it is declined", async ({ call }) => {
  await call.dial();
  await reload(call);
  await expect(call.page.getByRole("button", { name: "Go back to the call" })).toBeFocused();
  await expect(call.page.getByRole("list", { name: "Begin with a question" })).toBeHidden();
  await call.page.getByRole("button", { name: "Not now" }).click();
  await expect(call.start).toBeFocused();
  await expect(call.page.getByRole("list", { name: "Begin with a question" })).toBeVisible();
});

test("Escape twice closes the sheet and the panel, however quickly", async ({ call }) => {
  await call.dial();
  await call.page.getByRole("button", { name: "Sound settings" }).click();
  await expect(call.page.getByRole("slider", { name: "Volume" })).toBeVisible();
  // No frame comes between the two.
  await call.page.evaluate(() => {
    window.requestAnimationFrame = () => 0;
  });
  await call.page.keyboard.press("Escape");
  await call.page.keyboard.press("Escape");
  await expect(call.panel).toBeHidden();
  await call.reaches("connected");
});

test("a text call that got a microphone comes back with it", async ({ call }) => {
  await call.open();
  await call.page.getByRole("button", { name: "Type instead of talking" }).click();
  await call.reaches("connected");
  await call.microphone.click();
  await expect.poll(() => call.microphoneTracks()).toEqual(["live"]);
  await reloadAndGoBack(call);
  await call.reaches("connected");
  await expect.poll(() => call.microphoneTracks()).toEqual(["live"]);
});

test("whoever was muted comes back muted, and the clock goes on", async ({ call }) => {
  await call.dial();
  await call.microphone.click();
  await expect(call.timer).toHaveText(/^0:0[3-9]$/);
  await reloadAndGoBack(call);
  await call.reaches("connected");
  await expect(call.timer).toHaveText(/^(?!0:0[0-2]$)\d+:\d\d$/, { timeout: 500 });
  await expect(call.microphone).toHaveAttribute("aria-pressed", "true");
  await expect(call.panel).toContainText("You are muted");
  const enabled = () => call.page.evaluate(() => window.__probes.microphones.map((track) => track.enabled));
  await expect.poll(enabled).toEqual([false]);
});

test("a dropped connection shows no bars, and the call comes back with them", async ({ call }) => {
  await call.dial();
  await call.page.context().setOffline(true);
  call.desk.rooms.cutSockets();
  await call.reaches("reconnecting");
  await expect(call.panel.getByRole("img", { name: "Connection lost" })).toBeVisible();
  await call.page.context().setOffline(false);
  await call.reaches("connected");
  await expect(call.panel.getByRole("img", { name: "Connection lost" })).toBeHidden({ timeout: 20_000 });
});
