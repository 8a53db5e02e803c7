// From the click on "Start the call" to the room, and to the first sample that can be heard: 30 calls one after another
// by a visitor who has looked at the panel, and 30 by one who clicks at once, while it still opens.
import { Call } from "../end2end/support/call.js";
import { launch } from "../end2end/support/browser.js";
import { startDesk } from "../end2end/support/desk.js";

const CALLS = 30;
/** How long somebody looks at the panel at least, in ms. */
const LOOK_MS = 1_000;
/** The amplitude from which a sample counts as heard: -40 dB of full scale. */
const AUDIBLE = 0.01;

export async function latency() {
  const desk = await startDesk({ env: { FRONTDESK_TOKEN_RATE: "1000" } });
  const browser = await launch();
  const rows = [];
  for (const [who, pause] of [["once the panel rests", LOOK_MS], ["at once", 0]]) {
    const { connected, heard } = await series(desk, browser, pause);
    rows.push({ "from the click": who, to: "the room", ...percentiles(connected) });
    rows.push({ "from the click": who, to: "the first audible sample", ...percentiles(heard) });
  }
  await browser.close();
  await desk.stop();
  return { title: `Click to call, ${CALLS} calls each`, rows };
}

async function series(desk, browser, pause) {
  const connected = [];
  const heard = [];
  for (let number = 0; number < CALLS; number += 1) {
    const page = await browser.newPage();
    await page.addInitScript(stopwatch, AUDIBLE);
    const call = new Call(page, desk);
    await call.visit();
    await call.open();
    await page.waitForTimeout(pause);
    await call.start.click();
    await call.reaches("connected");
    await page.waitForFunction(() => window.__stopwatch.heard !== undefined);
    const watch = await page.evaluate(() => ({ ...window.__stopwatch }));
    connected.push(watch.connected - watch.clicked);
    heard.push(watch.heard - watch.clicked);
    await call.end.click();
    await call.reaches("ended");
    await page.close();
  }
  return { connected, heard };
}

/** Runs in the page: notes when the start button was clicked, the room joined, the first sound heard. */
function stopwatch(audible) {
  const watch = { clicked: undefined, connected: undefined, heard: undefined };
  window.__stopwatch = watch;
  const now = () => performance.now();
  document.addEventListener(
    "click",
    (event) => {
      if (event.target.closest("button")?.textContent.includes("Start the call")) watch.clicked = now();
    },
    true,
  );
  new MutationObserver(() => {
    const state = document.querySelector("[data-state]")?.dataset.state;
    if (state === "waiting" || state === "connected") watch.connected ??= now();
  }).observe(document, { subtree: true, childList: true, attributes: true, attributeFilter: ["data-state"] });

  const Native = window.RTCPeerConnection;
  window.RTCPeerConnection = class extends Native {
    constructor(...args) {
      super(...args);
      this.addEventListener("track", ({ track }) => {
        if (track.kind !== "audio") return;
        const context = new AudioContext();
        const tap = context.createScriptProcessor(256, 1, 1);
        tap.onaudioprocess = ({ inputBuffer }) => {
          if (inputBuffer.getChannelData(0).some((sample) => Math.abs(sample) > audible)) watch.heard ??= now();
        };
        context.createMediaStreamSource(new MediaStream([track])).connect(tap).connect(context.destination);
      });
    }
  };
}

/** The median and the 95th percentile, in whole milliseconds. */
function percentiles(values) {
  const sorted = values.toSorted((a, b) => a - b);
  const at = (share) => Math.round(sorted[Math.min(sorted.length - 1, Math.floor(share * sorted.length))]);
  return { "p50 ms": at(0.5), "p95 ms": at(0.95) };
}
