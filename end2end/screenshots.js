// Takes a picture of every state of the widget into end2end/screenshots, to be looked at beside one another:
// light, dark, on a phone, with reduced motion. `cargo xtask screenshots` runs it.
import { mkdirSync, rmSync } from "node:fs";

import { expect } from "@playwright/test";

import { launch } from "./support/browser.js";
import { Call } from "./support/call.js";
import { startDesk } from "./support/desk.js";
import { recording } from "./support/speech.js";

const OUT = "end2end/screenshots";
const LOOKS = {
  light: { colorScheme: "light" },
  dark: { colorScheme: "dark" },
  phone: { colorScheme: "light", viewport: { width: 390, height: 844 }, hasTouch: true, isMobile: true },
  "phone-dark": { colorScheme: "dark", viewport: { width: 390, height: 844 }, hasTouch: true, isMobile: true },
  still: { colorScheme: "light", reducedMotion: "reduce" },
};
const MICROPHONE = recording("pictures", [{ text: "What does a string quartet cost?", after: 12 }], { tail: 60 });
const MICROPHONE_ERRORS = ["NotAllowedError", "NotFoundError", "NotReadableError"];

rmSync(OUT, { recursive: true, force: true });
const desk = await startDesk({ env: { FRONTDESK_TOKEN_RATE: "1000" } });
const strict = await startDesk({ env: { FRONTDESK_TOKEN_RATE: "1" } });
const wanted = process.argv.slice(2);
for (const [look, context] of Object.entries(LOOKS)) {
  if (wanted.length === 0 || wanted.includes(look)) await portrait(look, context);
}
await desk.stop();
await strict.stop();

async function portrait(look, context) {
  mkdirSync(`${OUT}/${look}`, { recursive: true });
  const browser = await launch({ microphone: MICROPHONE });
  const open = async (server = desk, prepare = async () => {}) => {
    const page = await (await browser.newContext({ viewport: { width: 1280, height: 860 }, ...context })).newPage();
    await prepare(page);
    const call = new Call(page, server);
    await call.visit();
    return call;
  };
  const shoot = (call, name, options) => call.page.screenshot({ path: `${OUT}/${look}/${name}.png`, ...options });
  const settled = (call) => call.page.waitForTimeout(500);

  const call = await open();
  await shoot(call, "00-page", { fullPage: true });
  await shoot(call, "01-button");
  await call.open();
  await settled(call);
  await shoot(call, "02-start");
  await call.page.route(/\/api\//, async (route) => {
    await new Promise((resolve) => setTimeout(resolve, 1500));
    await route.continue();
  });
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

  for (const error of MICROPHONE_ERRORS) {
    await failing(error, desk, (page) =>
      page.addInitScript((name) => {
        navigator.mediaDevices.getUserMedia = async () => {
          throw new DOMException("refused for the picture", name);
        };
      }, error),
    );
  }
  await failing("Unreachable", desk, (page) => page.route(/\/api\//, (route) => route.abort()));
  const limited = await open(strict);
  await limited.dial();
  await limited.end.click();
  await limited.reaches("ended");
  await limited.panel.getByRole("button", { name: "Call again" }).click();
  await limited.reaches("failed");
  await settled(limited);
  await shoot(limited, "20-RateLimited");
  await browser.close();

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
