// Two projects, one suite: against the embedded room server, and against two nodes of a real LiveKit server that share
// their rooms, where they are at hand.
import { defineConfig } from "@playwright/test";

import { hasRedis, livekitBinary } from "./support/livekit.js";

const livekit = livekitBinary();
if (!livekit) {
  console.log(
    "!!! LEFT OUT: no livekit-server (Go 1.26 or newer was not found); the suite runs against the embedded room server only.",
  );
}
if (livekit && !hasRedis()) {
  console.log("!!! LEFT OUT: no redis-server; the LiveKit server is one node instead of two.");
}

export default defineConfig({
  testDir: "tests",
  outputDir: "test-results",
  // A call has two ends, a media server and speech engines: more at once on two cores would measure the queue.
  workers: 1,
  timeout: 90_000,
  expect: { timeout: 20_000 },
  forbidOnly: Boolean(process.env.CI),
  // A call has clocks of its own; on a machine that stalls, one more try tells a stall from a fault. It is shown as flaky.
  retries: process.env.CI ? 1 : 0,
  reporter: [["list"], ["./support/closing-line.js"]],
  projects: [{ name: "embedded" }, ...(livekit ? [{ name: "livekit", use: { livekit } }] : [])],
});
