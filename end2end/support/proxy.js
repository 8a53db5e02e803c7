// A TCP proxy on loopback, so that a test can cut connections the way a network does.
import { once } from "node:events";
import net from "node:net";

/** Starts a proxy to `targets` (ports of 127.0.0.1), which get the connections in turn. */
export async function startProxy(targets) {
  const pairs = new Set();
  const served = targets.map(() => 0);
  let turn = 0;
  const server = net.createServer((client) => {
    turn = (turn + 1) % targets.length;
    served[turn] += 1;
    const upstream = net.connect(targets[turn], "127.0.0.1");
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
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  return {
    port: server.address().port,
    /** How many connections each target got. */
    served: () => served,
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
