// The microphone takes what the visitor's connection carries: the room server judges it, the page follows.
import { recording } from "../support/speech.js";
import { expect, test } from "../support/test.js";
import { Wire } from "../support/wire.js";

test.use({ microphone: recording("bitrate", [{ text: "We would like some music in the harbour.", after: 0 }]) });

test("its bitrate follows the connection's quality, and goes up again", async ({ call }) => {
  const wire = await Wire.between(call.page);
  await call.dial();
  await expect.poll(() => call.bitrates()).toEqual([32_000]);
  for (const [quality, bps] of [
    ["POOR", 16_000],
    ["GOOD", 24_000],
    ["LOST", 16_000],
    ["EXCELLENT", 32_000],
  ]) {
    wire.judge(quality);
    await expect.poll(() => call.bitrates(), quality).toEqual([bps]);
  }
});
