// The page around the widget: what it loads, what it does without a script, whether everyone can use it.
import AxeBuilder from "@axe-core/playwright";

import { Call } from "../support/call.js";
import { expect, test } from "../support/test.js";

test("nothing but the page and its style loads before the visitor reaches for the button", async ({ call }) => {
  const asked = [];
  call.page.on("request", (request) => asked.push(new URL(request.url()).pathname));
  await call.visit();
  await call.page.waitForLoadState("networkidle");
  expect(asked.filter((path) => /\.(js|wasm)$/.test(path))).toEqual([]);

  await call.page.getByRole("link", { name: "Talk to us" }).hover();
  await expect.poll(() => asked).toContain("/pkg/frontdesk_bg.wasm");
  await expect.poll(() => asked).toContain("/pkg/livekit-client.js");
});

test("everything comes from the site itself", async ({ call }) => {
  const hosts = new Set();
  call.page.on("request", (request) => hosts.add(new URL(request.url()).host));
  await call.visit();
  await call.dial();
  expect([...hosts].filter((host) => host !== new URL(call.desk.url).host)).toEqual([]);
});

test("the open panel has its ticket, unless that would bring the assistant", async ({ call, livekit }) => {
  const tickets = [];
  call.page.on("request", (request) => request.url().endsWith("/api/call") && tickets.push(request));
  await call.open();
  // Long enough for a request that should not be there.
  await call.page.waitForTimeout(1_000);
  expect(tickets).toHaveLength(livekit ? 0 : 1);
  await call.start.click();
  await call.reaches("connected");
  expect(tickets).toHaveLength(1);
});

test("the browser is made ready once, however often the panel opens", async ({ call }) => {
  const connections = () => call.page.evaluate(() => window.__probes.connections.length);
  await call.open();
  await expect.poll(connections).toBe(1);
  await call.page.keyboard.press("Escape");
  await expect(call.panel).toBeHidden();
  await call.open();
  // Long enough for a connection that should not be there.
  await call.page.waitForTimeout(500);
  expect(await connections()).toBe(1);
});

test("without a script the button is a link that leads somewhere", async ({ browsers, desk }) => {
  const call = new Call(await browsers.open({ context: { javaScriptEnabled: false } }), desk);
  await call.visit();
  const link = call.page.getByRole("link", { name: "Talk to us" });
  await expect(link).toBeVisible();
  await link.click();
  await expect(call.page.locator(":target")).toBeVisible();
});

const axe = async (page) => (await new AxeBuilder({ page }).analyze()).violations;

for (const colorScheme of ["light", "dark"]) {
  test.describe(`axe-core, ${colorScheme}`, () => {
    test.use({ visitor: { colorScheme, reducedMotion: "reduce" } });

    test("finds nothing in the page, the panel, a call and its end", async ({ call }) => {
      expect(await axe(call.page)).toEqual([]);
      await call.open();
      expect(await axe(call.page)).toEqual([]);
      await call.start.click();
      await call.reaches("connected");
      await call.agentIs("listening");
      expect(await axe(call.page)).toEqual([]);
      await call.keyboard.click();
      expect(await axe(call.page)).toEqual([]);
      await call.page.getByRole("button", { name: "Sound settings" }).click();
      expect(await axe(call.page)).toEqual([]);
      await call.page.keyboard.press("Escape");
      await call.end.click();
      await call.reaches("ended");
      expect(await axe(call.page)).toEqual([]);
    });
  });
}
