// Real livekit-servers on loopback: two nodes that share a Redis, so that whoever joins may come in by either.
import { spawnSync } from "node:child_process";
import { existsSync } from "node:fs";
import { tmpdir } from "node:os";
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

/** Whether nodes can share their rooms here. */
export function hasRedis() {
  return spawnSync("redis-server", ["--version"]).status === 0;
}

/** Starts two nodes with a Redis, or one node where there is none. */
export async function startCluster(binary) {
  const redis = hasRedis() ? await startRedis() : undefined;
  const nodes = [];
  for (let count = redis ? 2 : 1; count > 0; count -= 1) nodes.push(await startNode(binary, redis));
  return {
    /** The ports that its nodes answer on. */
    ports: nodes.map(({ ports }) => ports.http),
    /** Ends every node at once, and starts them again on the same ports; what Redis knows stays. */
    async restart() {
      await Promise.all(nodes.map((node) => node.stop("SIGKILL")));
      for (const [number, { ports }] of nodes.entries()) nodes[number] = await startNode(binary, redis, ports);
    },
    async stop() {
      await Promise.all(nodes.map((node) => node.stop()));
      await redis?.stop();
    },
  };
}

async function startRedis() {
  const port = await freeTcpPort();
  const args = ["--port", port, "--bind", "127.0.0.1", "--save", "", "--appendonly", "no", "--dir", tmpdir()];
  return { ...(await start("redis-server", args, { ready: /Ready to accept connections/ })), port };
}

/** Starts a node; `ports` keeps those of an earlier one, for a restart. */
async function startNode(binary, redis, ports) {
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
    ...(redis && { redis: { address: `127.0.0.1:${redis.port}` } }),
    keys: { [LIVEKIT_KEY]: LIVEKIT_SECRET },
    logging: { level: "warn" },
  };
  const env = { LIVEKIT_CONFIG: JSON.stringify(config) };
  const server = await start(binary, [], { env });
  await answering(`http://127.0.0.1:${ports.http}/`);
  return { ...server, ports };
}

/** Resolves once `url` answers. */
async function answering(url) {
  for (;;) {
    const answer = await fetch(url).catch(() => undefined);
    if (answer?.ok) return;
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
}
