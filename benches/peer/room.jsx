// The smallest call page that LiveKit's React components make: what the widget's weight is compared with.
import {
  BarVisualizer,
  LiveKitRoom,
  RoomAudioRenderer,
  VoiceAssistantControlBar,
  useVoiceAssistant,
} from "@livekit/components-react";
import { createRoot } from "react-dom/client";

function Assistant() {
  const { state, audioTrack } = useVoiceAssistant();
  return <BarVisualizer state={state} trackRef={audioTrack} barCount={5} />;
}

export function CallPage({ ticket }) {
  return (
    <LiveKitRoom serverUrl={ticket.livekitHost} token={ticket.token} audio connect>
      <Assistant />
      <VoiceAssistantControlBar />
      <RoomAudioRenderer />
    </LiveKitRoom>
  );
}

createRoot(document.body).render(<CallPage ticket={window.ticket} />);
