// What the widget uses of livekit-client. The build bundles it into /pkg/livekit-client.js and leaves the rest out,
// so a class that the bindings in this folder name has to be exported here too.
export { Room, RoomEvent } from "livekit-client";
