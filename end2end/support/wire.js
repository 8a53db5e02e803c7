// The signal socket of a page, with somebody in between who can spoil it.
import { ConnectionQuality, ConnectionQualityUpdate, LeaveRequest, SignalResponse } from "@livekit/protocol";

export class Wire {
  #ends = [];
  #next = [];
  #isJudged = false;

  /** Puts itself between `page` and the room server; to be called before the page connects. */
  static async between(page) {
    const wire = new Wire();
    await page.routeWebSocket(/\/rtc(\/v1)?\?/, (browser) => {
      const spoil = wire.#next.shift();
      if (spoil) return spoil(browser);
      const server = browser.connectToServer();
      const end = { browser, server, deaf: false, visitor: undefined };
      wire.#ends.push(end);
      server.onMessage((message) => {
        const { message: said } = SignalResponse.fromBinary(message);
        if (said.case === "join") end.visitor = said.value.participant.sid;
        // What the test says of the connection stays said.
        if (said.case === "connectionQuality" && wire.#isJudged) return;
        if (!end.deaf) browser.send(message);
      });
    });
    return wire;
  }

  /** How many sockets got through to the server so far. */
  opened() {
    return this.#ends.length;
  }

  /** The present socket ends, without a word from the server. */
  async cut() {
    const { browser, server } = this.#ends.at(-1);
    await browser.close({ code: 4000 });
    await server.close();
  }

  /** Nothing that the server says arrives any more; what the page says does. */
  deafen() {
    this.#ends.at(-1).deaf = true;
  }

  /** Tells the page to leave, as a server does. */
  leave(action) {
    this.#ends.at(-1).browser.send(leave(action));
  }

  /** Tells the page how good its connection is (`EXCELLENT`, `GOOD`, `POOR`, `LOST`), in place of the server. */
  judge(quality) {
    this.#isJudged = true;
    const { browser, visitor } = this.#ends.at(-1);
    const updates = [{ participantSid: visitor, quality: ConnectionQuality[quality], score: 3 }];
    const value = new ConnectionQualityUpdate({ updates });
    browser.send(Buffer.from(new SignalResponse({ message: { case: "connectionQuality", value } }).toBinary()));
  }

  /** The next sockets do not get through: each is given to one of these. */
  spoilNext(...spoilers) {
    this.#next.push(...spoilers);
  }
}

/** Ends a socket that the page holds for open, before it said anything. */
export const closed = (browser) => void setTimeout(() => browser.close({ code: 4000 }), 50);

/** Tells whoever wants to come back to join anew. */
export const refused = (browser) => browser.send(leave("RECONNECT"));

function leave(action) {
  const value = new LeaveRequest({ action: ["DISCONNECT", "RESUME", "RECONNECT"].indexOf(action), reason: 3 });
  return Buffer.from(new SignalResponse({ message: { case: "leave", value } }).toBinary());
}
