// Debian's Chromium with a microphone of its own, quiet about everything but the page.
import { chromium } from "@playwright/test";

const FLAGS = [
  "--no-sandbox",
  "--disable-gpu",
  "--disable-quic",
  "--no-first-run",
  "--disable-background-networking",
  "--disable-component-update",
  "--disable-sync",
  "--use-fake-device-for-media-stream",
];

/**
 * Starts a browser. `microphone` is the recording that it plays (Chromium's own beeps without one), `prompt` leaves the
 * question for the microphone unanswered, `autoplay` lets pages play without a click.
 */
export function launch({ microphone, prompt = false, autoplay = true } = {}) {
  return chromium.launch({
    executablePath: "/usr/bin/chromium",
    args: [
      ...FLAGS,
      ...(autoplay ? ["--autoplay-policy=no-user-gesture-required"] : []),
      ...(prompt ? [] : ["--use-fake-ui-for-media-stream"]),
      ...(microphone ? [`--use-file-for-fake-audio-capture=${microphone}%noloop`] : []),
    ],
  });
}
