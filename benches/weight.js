// Bytes over the wire, brotli: what the page costs before the visitor reaches for the button, and what a call adds;
// beside a page of React and LiveKit's own components, bundled and packed the same way.
import { brotliCompressSync } from "node:zlib";

import { build } from "esbuild";

import { launch } from "../end2end/support/browser.js";
import { startDesk } from "../end2end/support/desk.js";
import { Call } from "../end2end/support/call.js";

export async function weight() {
  const desk = await startDesk();
  const browser = await launch({ autoplay: false });
  const page = await browser.newPage();
  const session = await page.context().newCDPSession(page);
  let received = 0;
  await session.send("Network.enable");
  session.on("Network.loadingFinished", ({ encodedDataLength }) => (received += encodedDataLength));

  const call = new Call(page, desk);
  await call.visit();
  await page.waitForLoadState("networkidle");
  const before = received;
  await call.dial();
  await page.waitForLoadState("networkidle");
  const all = received;
  await browser.close();
  await desk.stop();

  const peers = { "React, LiveKit's components": "room.jsx", "the same with framer-motion": "room-motion.jsx" };
  const rows = [
    { page: "Frontdesk, before intent", "KB, brotli": kilobytes(before) },
    { page: "Frontdesk, everything for a call", "KB, brotli": kilobytes(all) },
  ];
  for (const [name, file] of Object.entries(peers)) {
    rows.push({ page: `${name} (script only)`, "KB, brotli": kilobytes(await bundled(file)) });
  }
  rows.push({ page: "livekit-client alone (script only)", "KB, brotli": kilobytes(await bundled("client.js")) });
  return { title: "Weight", rows };
}

/** The size of a page's script, minified as for production and packed by brotli at its best. */
async function bundled(file) {
  const { outputFiles } = await build({
    entryPoints: [new URL(`peer/${file}`, import.meta.url).pathname],
    bundle: true,
    minify: true,
    format: "esm",
    write: false,
    jsx: "automatic",
    define: { "process.env.NODE_ENV": '"production"' },
    legalComments: "none",
  });
  return brotliCompressSync(outputFiles[0].contents).length;
}

function kilobytes(bytes) {
  return (bytes / 1000).toFixed(1);
}
