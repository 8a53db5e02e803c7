// A TCP proxy on loopback, so that a test can cut connections the way a network does.
import { once } from "node:events";
import net from "node:net";

/** Starts a proxy to `target` (a port of 127.0.0.1). */
export async function startProxy(target, port = 0) {
  const pairs = new Set();
  const server = net.createServer((client) => {
    const upstream = net.connect(target, "127.0.0.1");
    const pair = { client, upstream, isSocket: false };
    pairs.add(pair);
    const end = () => {
      pairs.delete(pair);
      client.destroy();
      upstream.destroy();
    };
    for (const side of [client, upstream]) side.setNoDelay(true).on("error", end).on("close", end);
    client.on("data", (chunk) => (pair.isSocket ||= /^upgrade: *websocket/im.test(chunk.toString("latin1"))));
    client.pipe(upstream);
    upstream.pipe(client);
  });
  server.listen(port, "127.0.0.1");
  await once(server, "listening");
  return {
    port: server.address().port,
    /** Cuts every web socket, without a word to either side; returns how many there were. */
    cutSockets() {
      const sockets = [...pairs].filter((pair) => pair.isSocket);
      for (const { client, upstream } of sockets) {
        client.resetAndDestroy();
        upstream.resetAndDestroy();
      }
      return sockets.length;
    },
    async stop() {
      for (const { client, upstream } of pairs) {
        client.destroy();
        upstream.destroy();
      }
      server.close();
      await once(server, "close");
    },
  };
}
