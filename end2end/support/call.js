// The call widget as a visitor meets it: by roles and names, never by class.
import { expect } from "@playwright/test";

import { recognise } from "./speech.js";

export class Call {
  constructor(page, desk) {
    this.page = page;
    this.desk = desk;
    this.widget = page.locator("[data-state]");
    this.panel = page.getByRole("dialog");
    this.start = page.getByRole("button", { name: "Start the call" });
    this.end = page.getByRole("button", { name: "End the call" });
    this.microphone = page.getByRole("button", { name: /microphone/i });
    this.transcript = page.getByRole("log");
  }

  async visit(path = "/") {
    await this.page.goto(this.desk.url + path);
  }

  /** Opens the panel by the floating button. */
  async open() {
    await this.page.getByRole("button", { name: "Talk to us" }).click();
    await expect(this.panel).toBeVisible();
  }

  /** Opens the panel and starts a call with the microphone. */
  async dial() {
    await this.open();
    await this.start.click();
    await this.reaches("connected");
  }

  async reaches(state) {
    await expect(this.widget).toHaveAttribute("data-state", state);
  }

  async agentIs(state) {
    await expect(this.widget).toHaveAttribute("data-agent", state);
  }

  /** Sends a line by keyboard. */
  async type(text) {
    const field = this.page.getByRole("textbox", { name: "Type a message" });
    if (!(await field.isVisible())) await this.page.getByRole("button", { name: /keyboard|type/i }).first().click();
    await field.fill(text);
    await field.press("Enter");
  }

  record() {
    return this.page.evaluate(() => window.__probes.record());
  }

  /** The words that were heard in the page since `record`, recognised again. */
  async heard(name) {
    const base64 = await this.page.evaluate(() => window.__probes.recording());
    const bytes = Buffer.from(base64, "base64");
    return recognise(new Int16Array(bytes.buffer, bytes.byteOffset, bytes.length / 2), name);
  }

  energyReceived() {
    return this.page.evaluate(() => window.__probes.energyReceived());
  }

  /** The state of every microphone track that the page ever got: `live` or `ended`. */
  microphoneTracks() {
    return this.page.evaluate(() => window.__probes.microphones.map((track) => track.readyState));
  }
}
