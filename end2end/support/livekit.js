// A real livekit-server on loopback.
import { existsSync } from "node:fs";
import path from "node:path";

import { freeTcpPort, freeUdpPort } from "./ports.js";
import { start } from "./process.js";

export const LIVEKIT_KEY = "APIend2end";
export const LIVEKIT_SECRET = "a-secret-of-the-end-to-end-tests-0123456789";

/** The binary that `cargo xtask e2e` installs where Go is there. */
export function livekitBinary() {
  const binary = process.env.LIVEKIT_SERVER_BIN ?? path.resolve("target/livekit/server");
  return existsSync(binary) ? binary : undefined;
}

/** Starts livekit-server; `ports` keeps those of an earlier one, for a restart. */
export async function startLivekit(binary, ports) {
  ports ??= { http: await freeTcpPort(), udp: await freeUdpPort(), tcp: await freeTcpPort() };
  const config = {
    port: ports.http,
    bind_addresses: ["127.0.0.1"],
    rtc: {
      udp_port: ports.udp,
      tcp_port: ports.tcp,
      node_ip: "127.0.0.1",
      use_external_ip: false,
      enable_loopback_candidate: true,
      interfaces: { includes: ["lo"] },
    },
    keys: { [LIVEKIT_KEY]: LIVEKIT_SECRET },
    logging: { level: "warn" },
  };
  const env = { LIVEKIT_CONFIG: JSON.stringify(config) };
  const server = await start(binary, [], { env });
  await answering(`http://127.0.0.1:${ports.http}/`);
  return { ...server, ports, url: `ws://127.0.0.1:${ports.http}` };
}

/** Resolves once `url` answers. */
async function answering(url) {
  for (;;) {
    const answer = await fetch(url).catch(() => undefined);
    if (answer?.ok) return;
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
}
