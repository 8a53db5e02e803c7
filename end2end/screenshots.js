// Takes a picture of every state of the widget into end2end/screenshots, to be looked at beside one another: in every
// look, or in those that are named. `cargo xtask screenshots` runs it.
import { mkdirSync, rmSync } from "node:fs";

import { expect } from "@playwright/test";

import { launch } from "./support/browser.js";
import { Call } from "./support/call.js";
import { startDesk } from "./support/desk.js";
import { installProbes } from "./support/page-probes.js";
import { recording } from "./support/speech.js";

const OUT = "end2end/screenshots";
const LOOKS = {
  light: { colorScheme: "light" },
  dark: { colorScheme: "dark" },
  phone: { colorScheme: "light", viewport: { width: 390, height: 844 }, hasTouch: true, isMobile: true },
  "phone-dark": { colorScheme: "dark", viewport: { width: 390, height: 844 }, hasTouch: true, isMobile: true },
  still: { colorScheme: "light", reducedMotion: "reduce" },
  narrow: { colorScheme: "light", viewport: { width: 320, height: 568 }, hasTouch: true, isMobile: true },
  landscape: { colorScheme: "light", viewport: { width: 740, height: 340 }, hasTouch: true, isMobile: true },
  forced: { colorScheme: "light", forcedColors: "active" },
};
const MICROPHONE = recording("pictures", [{ text: "What does a string quartet cost?", after: 12 }], { tail: 60 });
const MICROPHONE_ERRORS = ["NotAllowedError", "NotFoundError", "NotReadableError"];

rmSync(OUT, { recursive: true, force: true });
const desk = await startDesk({ env: { FRONTDESK_TOKEN_RATE: "1000" } });
// No speech engine is found there.
const silent = await startDesk({ env: { FRONTDESK_TOKEN_RATE: "1000", PATH: "/" } });
const deserted = await startDesk({ env: { FRONTDESK_TOKEN_RATE: "1000", FRONTDESK_ASSISTANT: "off" } });
const wanted = process.argv.slice(2);
for (const [look, context] of Object.entries(LOOKS)) {
  if (wanted.length === 0 || wanted.includes(look)) await portrait(look, context);
}
for (const server of [desk, silent, deserted]) await server.stop();

async function portrait(look, context) {
  mkdirSync(`${OUT}/${look}`, { recursive: true });
  const browser = await launch({ microphone: MICROPHONE });
  const open = async (server = desk, prepare = async () => {}) => {
    const page = await (await browser.newContext({ viewport: { width: 1280, height: 860 }, ...context })).newPage();
    await page.addInitScript(installProbes);
    await prepare(page);
    const call = new Call(page, server);
    await call.visit();
    return call;
  };
  const shoot = async (call, name, options) => {
    // A control under the pointer looks as if it were meant.
    await call.page.mouse.move(0, 0);
    await call.page.screenshot({ path: `${OUT}/${look}/${name}.png`, ...options });
  };
  const delay = (call, ms) =>
    call.page.route(/\/api\//, async (route) => {
      await new Promise((resolve) => setTimeout(resolve, ms));
      await route.continue().catch(() => {});
    });
  const settled = (call) => call.page.waitForTimeout(500);

  // LiveKit's client tries to come back for some 50 s; the other pictures are taken meanwhile.
  const lost = await open();
  await lost.dial();
  await lost.page.context().setOffline(true);
  desk.rooms.cutSockets();

  const call = await open();
  await shoot(call, "00-page", { fullPage: true });
  await shoot(call, "01-button");
  await delay(call, 4_000);
  await call.open();
  await settled(call);
  await shoot(call, "02-start");
  await call.start.click();
  await settled(call);
  await shoot(call, "03-connecting");
  await call.reaches("connected");
  await call.agentIs("speaking");
  await settled(call);
  await shoot(call, "04-greeting");
  await call.agentIs("listening");
  await shoot(call, "05-quiet");
  await expect(call.lines.filter({ hasText: /quartet/i }).first()).toBeVisible({ timeout: 30_000 });
  await shoot(call, "06-heard");
  await call.agentIs("speaking");
  await call.page.waitForTimeout(1500);
  await shoot(call, "07-speaking");
  await call.microphone.click();
  await settled(call);
  await shoot(call, "08-muted");
  await call.microphone.click();
  await call.keyboard.click();
  await settled(call);
  await shoot(call, "09-typing");
  await call.page.getByRole("button", { name: "Sound settings" }).click();
  await settled(call);
  await shoot(call, "10-sound");
  await call.page.keyboard.press("Escape");
  await settled(call);
  await call.page.keyboard.press("Escape");
  await settled(call);
  await shoot(call, "11-collapsed");
  await call.page.getByRole("button", { name: "Show the call" }).click();
  await call.page.context().setOffline(true);
  desk.rooms.cutSockets();
  await call.reaches("reconnecting");
  await settled(call);
  await shoot(call, "12-reconnecting");
  await call.page.context().setOffline(false);
  await call.reaches("connected");
  await call.end.click();
  await call.reaches("ended");
  await settled(call);
  await shoot(call, "13-ended");
  await call.page.close();

  const asking = await open(desk, (page) =>
    page.addInitScript(() => {
      navigator.mediaDevices.getUserMedia = () => new Promise(() => {});
    }),
  );
  await asking.open();
  await asking.start.click();
  await asking.reaches("requesting-microphone");
  await settled(asking);
  await shoot(asking, "14-asking");
  await asking.page.close();

  const back = await open();
  await back.dial();
  await back.page.reload();
  const button = back.page.locator("#call");
  await button.hover();
  await expect(button).toContainText("Back to your call");
  await shoot(back, "15-back-button");
  await button.click();
  await back.page.getByRole("button", { name: "Go back to the call" }).waitFor();
  await settled(back);
  await shoot(back, "15-rejoin");
  await back.page.getByRole("button", { name: "Go back to the call" }).click();
  await back.reaches("connected");
  await back.page.keyboard.press("?");
  await settled(back);
  await shoot(back, "16-keys");
  await back.page.keyboard.press("Escape");
  await back.page.getByRole("button", { name: "Sound settings" }).click();
  await back.page.getByRole("switch", { name: "Push to talk" }).click();
  await back.page.keyboard.press("Escape");
  await settled(back);
  await shoot(back, "17-push");
  await back.page.keyboard.down("Space");
  await settled(back);
  await shoot(back, "17-push-talking");
  await back.page.keyboard.up("Space");
  await back.page.evaluate(() => {
    navigator.mediaDevices.getUserMedia = async () => {
      throw new DOMException("unplugged for the picture", "NotFoundError");
    };
    const track = window.__probes.microphones.at(-1);
    track.stop();
    track.dispatchEvent(new Event("ended"));
  });
  await expect(back.panel).toContainText("No microphone was found.");
  await settled(back);
  await shoot(back, "18-microphone-lost");
  await back.page.close();

  const hasty = await open();
  await delay(hasty, 4_000);
  await hasty.open();
  await hasty.page.getByRole("button", { name: "Type instead of talking" }).click();
  await expect(hasty.field).toBeVisible();
  await hasty.type("What does a string quartet cost?");
  await expect(hasty.panel).toContainText("This message was not sent");
  await settled(hasty);
  await shoot(hasty, "19-unsent");
  await hasty.page.close();

  for (const error of MICROPHONE_ERRORS) {
    await failing(error, desk, (page) =>
      page.addInitScript((name) => {
        navigator.mediaDevices.getUserMedia = async () => {
          throw new DOMException("refused for the picture", name);
        };
      }, error),
    );
  }
  const written = await open(silent);
  await written.open();
  await settled(written);
  await shoot(written, "21-text-start");
  await written.page.getByRole("button", { name: "Start writing" }).click();
  await written.reaches("connected");
  await written.type("What does a jazz trio cost?");
  await expect(written.transcript).toContainText("1,200 euros");
  await settled(written);
  await shoot(written, "21-text");
  await written.page.close();

  const waiting = await open(deserted);
  await waiting.open();
  await settled(waiting);
  await shoot(waiting, "22-team-start");
  await waiting.start.click();
  await waiting.reaches("waiting");
  await settled(waiting);
  await shoot(waiting, "22-waiting");
  await waiting.page.close();

  await failing("Unreachable", desk, (page) => page.route(/\/api\//, (route) => route.abort()));
  // Each look has its own, which still has its allowance.
  const strict = await startDesk({ env: { FRONTDESK_TOKEN_RATE: "1" } });
  const limited = await open(strict);
  await limited.dial();
  await limited.end.click();
  await limited.reaches("ended");
  await limited.panel.getByRole("button", { name: "Call again" }).click();
  await limited.reaches("failed");
  await settled(limited);
  await shoot(limited, "20-RateLimited");

  await expect(lost.widget).toHaveAttribute("data-state", "failed", { timeout: 120_000 });
  await settled(lost);
  await shoot(lost, "20-ConnectionLost");
  await browser.close();
  await strict.stop();

  async function failing(name, server, prepare) {
    const failed = await open(server, prepare);
    await failed.open();
    await failed.start.click();
    await failed.reaches("failed");
    await settled(failed);
    await shoot(failed, `20-${name}`);
    await failed.page.close();
  }
}
