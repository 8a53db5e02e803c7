// Recorded speech: made by flite for a microphone, and read again by PocketSphinx from what a page played.
import { execFileSync } from "node:child_process";
import { existsSync, mkdirSync, writeFileSync } from "node:fs";
import path from "node:path";

const FIXTURES = path.resolve("end2end/fixtures");

/**
 * A recording of `utterances`, each `{ text, after }` with `after` seconds of silence before it, then silence.
 * 48 kHz mono 16 bit, as Chromium's fake microphone reads it. Returns the file's path.
 */
export function recording(name, utterances, { voice = "rms", tail = 30 } = {}) {
  mkdirSync(FIXTURES, { recursive: true });
  const file = path.join(FIXTURES, `${name}.wav`);
  if (existsSync(file)) return file;
  const parts = utterances.map(({ text, after }, index) => {
    const spoken = path.join(FIXTURES, `${name}-${index}.flite.wav`);
    const part = path.join(FIXTURES, `${name}-${index}.part.wav`);
    execFileSync("flite", ["-voice", voice, "-t", text, "-o", spoken]);
    execFileSync("sox", [spoken, "-r", "48000", "-c", "1", "-b", "16", part, "pad", `${after}`, "0"]);
    return part;
  });
  execFileSync("sox", [...parts, file, "pad", "0", `${tail}`]);
  return file;
}

/** The words that PocketSphinx hears in `samples` (16 kHz mono, 16 bit), in small letters. */
export function recognise(samples, name) {
  mkdirSync(FIXTURES, { recursive: true });
  const file = path.join(FIXTURES, `${name}.heard.wav`);
  writeFileSync(file, wav(samples));
  return execFileSync("pocketsphinx_continuous", ["-infile", file, "-logfn", "/dev/null"], { encoding: "utf8" });
}

function wav(samples) {
  const data = Buffer.from(samples.buffer, samples.byteOffset, samples.byteLength);
  const header = Buffer.alloc(44);
  header.write("RIFF", 0);
  header.writeUInt32LE(36 + data.length, 4);
  header.write("WAVEfmt ", 8);
  header.writeUInt32LE(16, 16);
  header.writeUInt16LE(1, 20);
  header.writeUInt16LE(1, 22);
  header.writeUInt32LE(16_000, 24);
  header.writeUInt32LE(32_000, 28);
  header.writeUInt16LE(2, 32);
  header.writeUInt16LE(16, 34);
  header.write("data", 36);
  header.writeUInt32LE(data.length, 40);
  return Buffer.concat([header, data]);
}
