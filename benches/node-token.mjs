// The token endpoint as a Node project has it: bare `http`, livekit-server-sdk, no limit and no check but JSON.
import { randomUUID } from "node:crypto";
import { createServer } from "node:http";
import { AccessToken } from "livekit-server-sdk";

const key = "bench-key";
const secret = "bench-secret-of-thirty-two-bytes-and-more";

const server = createServer((request, response) => {
  const chunks = [];
  request.on("data", (chunk) => chunks.push(chunk));
  request.on("end", async () => {
    const { participantName } = JSON.parse(Buffer.concat(chunks).toString());
    const roomName = `support-${randomUUID()}`;
    const token = new AccessToken(key, secret, { identity: `visitor-${randomUUID()}`, name: participantName, ttl: 3600 });
    token.addGrant({ room: roomName, roomJoin: true, canPublish: true, canSubscribe: true, canPublishData: true });
    const livekitHost = `ws://${request.headers.host}`;
    const body = JSON.stringify({ token: await token.toJwt(), roomName, participantName, livekitHost });
    response.writeHead(200, { "Content-Type": "application/json", "Content-Length": Buffer.byteLength(body) });
    response.end(body);
  });
});

server.listen(0, "127.0.0.1", () => {
  console.log(`Node answers on http://127.0.0.1:${server.address().port}`);
});
