// The LiveKit client by itself, as the widget imports it.
export * from "../../src/browser/livekit/client.js";
