"""livekit-agents, as benches/conversation measures it: the same greeting and answer, and stubs that take the same times.

The stubs are in the process itself, which spares it the sockets that the other side's stubs are behind.
"""

import asyncio
import math
import os
import struct

from livekit.agents import Agent, AgentServer, AgentSession, JobContext, cli, inference, llm, stt, tts, utils

STT_S, LLM_S, TTS_S = 0.05, 0.1, 0.05
GREETING = "Hello, Harbour Sounds. How can I help with your event?"
WORDS = "What does a jazz trio cost?"
ANSWER = "A trio for three hours costs twelve hundred euros. A singer is three hundred more, and we bring all else."
SAMPLE_HZ = 16_000
SAMPLES_A_CHAR = SAMPLE_HZ * 6 // 100
FLUSH_S, LOUD = 0.1, 300


class Ears(stt.STT):
    def __init__(self):
        super().__init__(capabilities=stt.STTCapabilities(streaming=True, interim_results=False))

    async def _recognize_impl(self, buffer, *, language=None, conn_options=None):
        raise NotImplementedError

    def stream(self, *, language=None, conn_options=None):
        return Hearing(stt=self, conn_options=conn_options, sample_rate=SAMPLE_HZ)


class Hearing(stt.RecognizeStream):
    """Its words come as fast as those that the other side asks for: STT_S after FLUSH_S of silence."""

    async def _run(self):
        silence_s = math.inf
        async for frame in self._input_ch:
            if isinstance(frame, self._FlushSentinel):
                continue
            samples = memoryview(frame.data).cast("B").cast("h")
            if max(map(abs, samples), default=0) > LOUD:
                silence_s = 0.0
                continue
            was_open = silence_s < FLUSH_S
            silence_s += len(samples) / SAMPLE_HZ
            if was_open and silence_s >= FLUSH_S:
                await asyncio.sleep(STT_S)
                words = stt.SpeechData(language="en", text=WORDS, confidence=0.99)
                event = stt.SpeechEvent(type=stt.SpeechEventType.FINAL_TRANSCRIPT, alternatives=[words])
                self._event_ch.send_nowait(event)


class Model(llm.LLM):
    def chat(self, *, chat_ctx, tools=None, conn_options=None, **_):
        return Turn(self, chat_ctx=chat_ctx, tools=tools or [], conn_options=conn_options)


class Turn(llm.LLMStream):
    async def _run(self):
        await asyncio.sleep(LLM_S)
        for word in ANSWER.split(" "):
            delta = llm.ChoiceDelta(role="assistant", content=word + " ")
            self._event_ch.send_nowait(llm.ChatChunk(id="c", delta=delta))


class Voice(tts.TTS):
    def __init__(self):
        super().__init__(
            capabilities=tts.TTSCapabilities(streaming=False), sample_rate=SAMPLE_HZ, num_channels=1
        )

    def synthesize(self, text, *, conn_options=None):
        return Sentence(tts=self, input_text=text, conn_options=conn_options)


class Sentence(tts.ChunkedStream):
    async def _run(self, output_emitter):
        await asyncio.sleep(TTS_S)
        output_emitter.initialize(
            request_id=utils.shortuuid(), sample_rate=SAMPLE_HZ, num_channels=1, mime_type="audio/pcm"
        )
        samples = range(len(self.input_text) * SAMPLES_A_CHAR)
        tone = [int(8000 * math.sin(n * 440 * math.tau / SAMPLE_HZ)) for n in samples]
        output_emitter.push(struct.pack(f"<{len(tone)}h", *tone))
        output_emitter.flush()


# Its own check of the machine's load would turn callers away that the other side takes.
server = AgentServer(load_fnc=lambda: 0.0, port=0)

TUNED = {
    "turn_detection": "vad",
    "endpointing": {"min_delay": 0.3},
    "interruption": {"mode": "vad", "min_duration": 0.1},
    "preemptive_generation": {"enabled": True, "preemptive_tts": True},
}


@server.rtc_session()
async def entrypoint(job: JobContext):
    handling = {"turn_handling": TUNED} if os.environ.get("TUNED") else {}
    session = AgentSession(stt=Ears(), llm=Model(), tts=Voice(), vad=inference.VAD(model="silero"), **handling)
    await session.start(agent=Agent(instructions="You answer the telephone."), room=job.room)
    session.say(GREETING)


if __name__ == "__main__":
    cli.run_app(server)
