// The suite's own `test`: a Frontdesk server for each worker, a browser with its own microphone for each test.
import { test as base, expect } from "@playwright/test";

import { launch } from "./browser.js";
import { Call } from "./call.js";
import { startDesk } from "./desk.js";
import { installProbes } from "./page-probes.js";
import { recording } from "./speech.js";

export { expect };

export const test = base.extend({
  /** The path of a livekit-server binary, in the project that runs against one. */
  livekit: [undefined, { option: true, scope: "worker" }],

  /** Settings of the server that differ from the usual, by environment variable. */
  settings: [{}, { option: true, scope: "worker" }],

  desk: [
    async ({ livekit, settings }, use) => {
      const desk = await startDesk({ livekit, env: settings });
      await use(desk);
      await desk.stop();
    },
    { scope: "worker" },
  ],

  /** Opens browsers: `open({ microphone, prompt, context })` gives a page with the probes in it. */
  browsers: async ({}, use) => {
    const opened = [];
    await use({
      async open({ microphone = silence(), prompt = false, autoplay = true, context = {} } = {}) {
        const browser = await launch({ microphone, prompt, autoplay });
        opened.push(browser);
        const page = await (await browser.newContext(context)).newPage();
        await page.addInitScript(installProbes);
        return page;
      },
    });
    for (const browser of opened) await browser.close();
  },

  /** A visitor's page at the site, not in a call yet. */
  call: async ({ browsers, desk, microphone, visitor }, use, info) => {
    const page = await browsers.open({ microphone, context: visitor });
    const problems = [];
    page.on("pageerror", (error) => problems.push(`${error}`));
    const call = new Call(page, desk);
    await call.visit();
    await use(call);
    expect(problems, "errors that the page threw").toEqual([]);
    if (info.status !== info.expectedStatus) console.log(desk.process.output.slice(-4000));
  },

  /** The recording that the visitor's microphone plays; silence unless a test says otherwise. */
  microphone: [undefined, { option: true }],

  /** Options of the visitor's browser context. */
  visitor: [{}, { option: true }],
});

/** A microphone in a quiet room: Chromium's own fake one beeps. */
function silence() {
  return recording("silence", [{ text: ".", after: 1 }]);
}
