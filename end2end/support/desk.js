// A Frontdesk server of the tests' own, on free ports and with a data folder of its own, behind a proxy that can cut.
import { execFileSync } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";

import { AccessToken } from "livekit-server-sdk";

import { LIVEKIT_KEY, LIVEKIT_SECRET, startCluster } from "./livekit.js";
import { freeTcpPort, freeUdpPort } from "./ports.js";
import { start } from "./process.js";
import { startProxy } from "./proxy.js";

const BINARY = path.resolve(process.env.FRONTDESK_BINARY ?? "target/release/frontdesk");

/** Starts a server; with `livekit`, the path of a livekit-server binary, its calls run on two nodes of those. */
export async function startDesk({ livekit, env = {} } = {}) {
  const data = mkdtempSync(path.join(tmpdir(), "frontdesk-"));
  const port = await freeTcpPort();
  const udp = await freeUdpPort();
  const desk = { livekit: undefined, process: undefined, proxy: await startProxy([port]), rooms: undefined };
  desk.url = `http://127.0.0.1:${desk.proxy.port}`;
  desk.rooms = desk.proxy;
  if (livekit) {
    desk.livekit = await startCluster(livekit);
    // The page, the assistant and the guests come in by one node after the other.
    desk.rooms = await startProxy(desk.livekit.ports);
  }
  const settings = {
    LEPTOS_SITE_ADDR: `127.0.0.1:${port}`,
    FRONTDESK_DATA_DIR: data,
    FRONTDESK_UDP_ADDR: `127.0.0.1:${udp}`,
    FRONTDESK_ALLOWED_ORIGINS: desk.url,
    ...(livekit && {
      LIVEKIT_URL: `ws://127.0.0.1:${desk.rooms.port}`,
      LIVEKIT_API_KEY: LIVEKIT_KEY,
      LIVEKIT_API_SECRET: LIVEKIT_SECRET,
    }),
    ...env,
  };
  const boot = async () => {
    desk.process = await start(BINARY, [], { env: settings, ready: /answers on http/ });
  };
  await boot();

  /** Ends the server that carries the calls, at once, and starts it again on the same ports. */
  desk.restartRooms = async () => {
    if (livekit) {
      await desk.livekit.restart();
    } else {
      await desk.process.stop("SIGKILL");
      await boot();
    }
  };
  /** The room server's own key. */
  desk.key = () => (livekit ? { key: LIVEKIT_KEY, secret: LIVEKIT_SECRET } : embeddedKey(data));
  /** A token for `room`, signed with the server's own key. */
  desk.token = async (room, identity, name = identity) => {
    const { key, secret } = desk.key();
    const token = new AccessToken(key, secret, { identity, name, ttl: 600 });
    token.addGrant({ room, roomJoin: true });
    return token.toJwt();
  };
  /** The room server's address, as a browser reaches it. */
  desk.roomsUrl = () => `ws://127.0.0.1:${desk.rooms.port}`;
  const print = (...words) => {
    const printed = execFileSync(BINARY, [...words, "--json"], { env: { ...process.env, ...settings }, encoding: "utf8" });
    return JSON.parse(printed);
  };
  /** What is kept of what was said in `room`, as the program prints it for an operator. */
  desk.said = (room) => {
    const call = print("calls").find((call) => call.room === room);
    return call ? print("call", call.id).segments : [];
  };
  desk.stop = async () => {
    const code = await desk.process.stop();
    await desk.proxy.stop();
    if (livekit) {
      await desk.rooms.stop();
      await desk.livekit.stop();
    }
    rmSync(data, { recursive: true, force: true });
    return code;
  };
  return desk;
}

/** The embedded server's key, as its data folder keeps it. */
function embeddedKey(data) {
  const [key, secret] = readFileSync(path.join(data, "keys.yaml"), "utf8").trim().split(": ");
  return { key, secret };
}
