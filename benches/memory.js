// The server's resident memory: idle, in calls, and what each call adds.
import { readFileSync } from "node:fs";

import { Call } from "../end2end/support/call.js";
import { launch } from "../end2end/support/browser.js";
import { startDesk } from "../end2end/support/desk.js";

const CALLS = 5;

export async function memory() {
  const desk = await startDesk({ env: { FRONTDESK_TOKEN_RATE: "1000" } });
  const idle = resident(desk.process.pid);
  const browser = await launch({ autoplay: false });
  const join = async () => {
    const call = new Call(await browser.newPage(), desk);
    await call.visit();
    await call.dial();
    await call.agentIs("listening");
    return call;
  };
  await join();
  const first = resident(desk.process.pid);
  for (let more = 1; more < CALLS; more += 1) await join();
  const all = resident(desk.process.pid);
  await browser.close();
  await desk.stop();
  return {
    title: "Memory",
    rows: [
      { server: "idle", "resident MiB": idle.toFixed(1) },
      { server: "one call, its speech models loaded", "resident MiB": first.toFixed(1) },
      { server: `each further call (mean of ${CALLS - 1})`, "resident MiB": ((all - first) / (CALLS - 1)).toFixed(1) },
    ],
  };
}

/** VmRSS of a process, in MiB. */
function resident(pid) {
  const [, kibibytes] = /^VmRSS:\s+(\d+) kB$/m.exec(readFileSync(`/proc/${pid}/status`, "utf8"));
  return kibibytes / 1024;
}
