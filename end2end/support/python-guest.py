"""A guest from LiveKit's Python package: it hums, and answers whatever it is sent. One line of JSON tells each event.

Usage: python-guest.py URL TOKEN CONNECTIONS, of which v1 of the protocol has 1 and v0 has 2
"""

import asyncio
import hashlib
import json
import math
import sys
from array import array

from livekit import rtc

RATE = 48_000
FRAME = RATE // 50


def tell(**event):
    print(json.dumps(event), flush=True)


async def hum(source):
    at = 0
    while True:
        wave = array("h", (int(9_000 * math.sin((at + n) * 2 * math.pi * 440 / RATE)) for n in range(FRAME)))
        await source.capture_frame(rtc.AudioFrame(wave.tobytes(), RATE, 1, FRAME))
        at += FRAME


async def main(url, token, connections):
    room = rtc.Room()
    ended = asyncio.Event()
    tasks = set()

    def run(work):
        task = asyncio.create_task(work)
        tasks.add(task)
        task.add_done_callback(tasks.discard)

    async def answer(reader):
        text = await reader.read_all()
        await room.local_participant.send_text(text[::-1], topic="words")

    async def weigh(reader):
        digest = hashlib.sha256()
        async for chunk in reader:
            digest.update(chunk)
        await room.local_participant.send_text(digest.hexdigest(), topic="words")

    async def sound(track):
        async for event in rtc.AudioStream(track):
            samples = array("h", bytes(event.frame.data))
            if sum(map(abs, samples)) / len(samples) > 500:
                return

    async def hear(track):
        await sound(track)
        tell(event="heard")

    room.register_text_stream_handler("words", lambda reader, _: run(answer(reader)))
    async def join_anew(_):
        await room.simulate_scenario(rtc.SimulateScenarioKind.SIMULATE_FULL_RECONNECT)

    # A text and not a call: its answer would race with the connection's end.
    room.register_text_stream_handler("join-anew", lambda reader, _: run(join_anew(reader)))
    room.register_byte_stream_handler("file", lambda reader, _: run(weigh(reader)))
    room.on("track_subscribed", lambda track, *_: run(hear(track)))
    room.on("data_received", lambda packet: tell(event="data", text=packet.data.decode(), topic=packet.topic))
    room.on("disconnected", lambda reason: (tell(event="left", reason=rtc.DisconnectReason.Name(reason)), ended.set()))
    room.on("reconnected", lambda: tell(event="reconnected"))
    await room.connect(url, token, rtc.RoomOptions(single_peer_connection=connections == "1"))

    @room.local_participant.register_rpc_method("reverse")
    async def reverse(call):
        return f"{call.caller_identity}: {call.payload[::-1]}"

    @room.local_participant.register_rpc_method("listen")
    async def listen(call):
        who = room.remote_participants[call.payload]
        await sound(next(track.track for track in who.track_publications.values() if track.track))
        return "heard"

    source = rtc.AudioSource(RATE, 1)
    track = rtc.LocalAudioTrack.create_audio_track("hum", source)
    options = rtc.TrackPublishOptions(source=rtc.TrackSource.SOURCE_MICROPHONE)
    await room.local_participant.publish_track(track, options)
    run(hum(source))
    tell(event="ready")
    await ended.wait()


asyncio.run(main(*sys.argv[1:]))
