// The call widget as a visitor meets it: by roles and names, never by class.
import { expect } from "@playwright/test";

import { recognise } from "./speech.js";

export class Call {
  constructor(page, desk) {
    this.page = page;
    this.desk = desk;
    this.widget = page.locator("[data-state]");
    this.panel = page.getByRole("dialog");
    this.button = page.getByRole("button", { name: "Talk to us" });
    this.start = page.getByRole("button", { name: "Start the call" });
    this.end = this.panel.getByRole("button", { name: "End the call" });
    this.controls = page.getByRole("group", { name: "Call controls" });
    this.microphone = this.controls.getByRole("button", { name: "Mute microphone" });
    this.speaker = this.controls.getByRole("button", { name: "Speaker" });
    this.keyboard = this.controls.getByRole("button", { name: "Type a message" });
    this.field = page.getByRole("textbox", { name: "Type a message" });
    this.transcript = page.getByRole("region", { name: "What was said" });
    this.lines = this.transcript.getByRole("listitem");
    this.timer = page.getByRole("timer");
  }

  async visit(path = "/") {
    await this.page.goto(this.desk.url + path);
  }

  /** Opens the panel by the floating button; before the widget has started, that button is a link. */
  async open() {
    await this.page.getByRole("link", { name: "Talk to us" }).or(this.button).click();
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
    if (!(await this.field.isVisible())) await this.keyboard.click();
    await this.field.fill(text);
    await this.field.press("Enter");
  }

  /** Begins to record what the page plays. */
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

  /** The highest bitrate that the microphone may take, in bits a second; one for each sender. */
  bitrates() {
    return this.page.evaluate(() => window.__probes.bitrates());
  }

  /** The state of every microphone track that the page ever got: `live` or `ended`. */
  microphoneTracks() {
    return this.page.evaluate(() => window.__probes.microphones.map((track) => track.readyState));
  }

  /** The name of the room that the page is in: the token of the newest connection says it. */
  async room() {
    const token = await this.page.evaluate(() => window.__probes.tokens.at(-1));
    return JSON.parse(Buffer.from(token.split(".")[1], "base64url")).video.room;
  }
}
