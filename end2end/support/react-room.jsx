// A page of LiveKit's React components, as anybody would write it: who is there, what they say, and the controls.
import { Chat, ControlBar, LiveKitRoom, ParticipantName, ParticipantLoop, RoomAudioRenderer, useParticipants } from "@livekit/components-react";
import { createRoot } from "react-dom/client";

function People() {
  return (
    <ul aria-label="People">
      <ParticipantLoop participants={useParticipants()}>
        <li>
          <ParticipantName />
        </li>
      </ParticipantLoop>
    </ul>
  );
}

const { url, token } = window.meeting;
createRoot(document.body).render(
  <LiveKitRoom serverUrl={url} token={token} audio={true} video={false} connect={true}>
    <People />
    <Chat />
    <ControlBar controls={{ microphone: true, camera: false, screenShare: false, chat: false, leave: true }} />
    <RoomAudioRenderer />
  </LiveKitRoom>,
);
