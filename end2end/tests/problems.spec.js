// Every way in which a call can fail to begin: plain words, a next step, and the microphone closed.
import { Call } from "../support/call.js";
import { startDesk } from "../support/desk.js";
import { expect, test } from "../support/test.js";

/** Makes getUserMedia fail with a DOMException of this name. */
function refuseMicrophone(name) {
  navigator.mediaDevices.getUserMedia = async () => {
    throw new DOMException("refused by the test", name);
  };
}

const MICROPHONE_PROBLEMS = [
  ["NotAllowedError", "The browser blocked the microphone."],
  ["NotFoundError", "No microphone was found."],
  ["NotReadableError", "Another program is using the microphone."],
];

for (const [error, words] of MICROPHONE_PROBLEMS) {
  test(`${error}: ${words}`, async ({ call }) => {
    await call.page.addInitScript(refuseMicrophone, error);
    await call.visit();
    await call.open();
    await call.start.click();
    await call.reaches("failed");
    await expect(call.panel).toContainText(words);
    await expect(call.panel.getByRole("button", { name: "Try again" })).toBeVisible();

    await call.panel.getByRole("button", { name: "Listen only" }).click();
    await call.reaches("connected");
    await call.end.click();
    await call.reaches("ended");
  });
}

test("the way on by text works where the microphone was refused", async ({ call }) => {
  await call.page.addInitScript(refuseMicrophone, "NotAllowedError");
  await call.visit();
  await call.open();
  await call.start.click();
  await call.reaches("failed");
  await call.panel.getByRole("button", { name: "Type instead" }).click();
  await call.reaches("connected");
  await call.type("What does a jazz trio cost?");
  await expect(call.transcript).toContainText("A jazz trio for three hours is 1,200 euros");
});

test("a microphone that the room does not take is closed, and the call goes on", async ({ call }) => {
  await call.page.addInitScript(() => {
    const { addTransceiver } = RTCPeerConnection.prototype;
    RTCPeerConnection.prototype.addTransceiver = function (what, init) {
      if (what instanceof MediaStreamTrack) throw new DOMException("refused by the test", "InvalidStateError");
      return addTransceiver.call(this, what, init);
    };
  });
  await call.visit();
  await call.dial();
  await expect(call.panel).toContainText("Your microphone does not reach the call.");
  await expect(call.microphone, "the button shows what the card says").toHaveAttribute("aria-pressed", "true");
  await expect(call.panel).not.toContainText("You are muted");
  expect(new Set(await call.microphoneTracks())).toEqual(new Set(["ended"]));
  await call.type("What does a jazz trio cost?");
  await expect(call.transcript).toContainText("A jazz trio for three hours is 1,200 euros");
});

test("an insecure page says so", async ({ call }) => {
  await call.page.addInitScript(() => {
    Object.defineProperty(window, "isSecureContext", { value: false });
    Object.defineProperty(navigator, "mediaDevices", { value: undefined });
  });
  await call.visit();
  await call.open();
  await call.start.click();
  await call.reaches("failed");
  await expect(call.panel).toContainText("This page is not secure");
});

test("a frame without the microphone says so", async ({ browsers, desk }) => {
  const page = await browsers.open();
  await page.route(`${desk.url}/frame`, (route) =>
    route.fulfill({ contentType: "text/html", body: `<iframe src="/" allow="microphone 'none'" width=900 height=600>` }),
  );
  await page.goto(`${desk.url}/frame`);
  const call = new Call(page.frameLocator("iframe"), desk);
  await call.open();
  await call.start.click();
  await call.reaches("failed");
  await expect(call.panel).toContainText("does not pass on the microphone");
});

test("a server that cannot be reached", async ({ call }) => {
  await call.page.route(/\/api\//, (route) => route.abort());
  await call.open();
  await call.start.click();
  await call.reaches("failed");
  await expect(call.panel).toContainText("We cannot be reached at the moment.");
  expect(new Set(await call.microphoneTracks())).toEqual(new Set(["ended"]));

  await call.page.unroute(/\/api\//);
  await call.panel.getByRole("button", { name: "Try again" }).click();
  await call.reaches("connected");
});

test("a call that is given up while the server hangs leaves nothing behind", async ({ call }) => {
  await call.page.route(/\/api\//, () => {});
  await call.open();
  await call.page.getByRole("button", { name: "What does a string quartet cost?" }).click();
  await call.end.click();
  await call.reaches("idle");

  await call.page.unroute(/\/api\//);
  await call.start.click();
  await call.reaches("connected");
  await call.agentIs("listening");
  await call.type("What does a jazz trio cost?");
  await expect(call.transcript).toContainText("A jazz trio for three hours is 1,200 euros");
  await expect(call.transcript, "the question of the call that never was").not.toContainText("string quartet");
});

test("the opening question is asked when the call that failed is tried again", async ({ call }) => {
  await call.page.route(/\/api\//, (route) => route.abort());
  await call.open();
  await call.page.getByRole("button", { name: "What does a string quartet cost?" }).click();
  await call.reaches("failed");
  await call.page.unroute(/\/api\//);
  await call.panel.getByRole("button", { name: "Try again" }).click();
  await expect(call.transcript).toContainText("A quartet for three hours is 1,450 euros");
});

test.describe("a server with limits", () => {
  test("says how long to wait", async ({ browsers, livekit }) => {
    const desk = await startDesk({ livekit, env: { FRONTDESK_TOKEN_RATE: "1" } });
    const call = new Call(await browsers.open(), desk);
    await call.visit();
    await call.dial();
    await call.end.click();
    await call.reaches("ended");
    await call.panel.getByRole("button", { name: "Call again" }).click();
    await call.reaches("failed");
    await expect(call.panel).toContainText("too many calls from here");
    await expect(call.panel).toContainText(/in \d+ (s|min)/);
    await expect(call.panel.getByRole("button", { name: "Type instead" })).toBeHidden();
    await expect(call.panel.getByRole("button", { name: "Listen only" })).toBeHidden();
    expect(new Set(await call.microphoneTracks())).toEqual(new Set(["ended"]));
    await desk.stop();
  });
});

test("an assistant that never comes is noticed after 20 s", async ({ browsers, livekit }) => {
  const desk = await startDesk({ livekit, env: { FRONTDESK_ASSISTANT: "off" } });
  const call = new Call(await browsers.open(), desk);
  await call.visit();
  await call.open();
  await expect(call.panel).toContainText("Our team picks up as soon as somebody is free.");
  await call.start.click();
  await call.reaches("waiting");
  await expect(call.panel).toContainText("Calling the team");
  await expect(call.widget).toHaveAttribute("data-state", "failed", { timeout: 30_000 });
  await expect(call.panel).toContainText("Nobody came to the phone.");
  expect(new Set(await call.microphoneTracks())).toEqual(new Set(["ended"]));
  await desk.stop();
});

test("a call that is tried again keeps what was said", async ({ call }) => {
  // LiveKit's client tries to come back for some 50 s before it gives up.
  test.setTimeout(180_000);
  await call.dial();
  await call.agentIs("listening");
  await call.type("What does a jazz trio cost?");
  await expect(call.transcript).toContainText("A jazz trio for three hours is 1,200 euros");
  await call.page.context().setOffline(true);
  call.desk.rooms.cutSockets();
  await expect(call.widget).toHaveAttribute("data-state", "failed", { timeout: 120_000 });
  await expect(call.panel).toContainText("The text so far is kept.");
  await call.page.context().setOffline(false);
  await call.panel.getByRole("button", { name: "Try again" }).click();
  await call.reaches("connected");
  await expect(call.transcript).toContainText("A jazz trio for three hours is 1,200 euros");
});

test("giving up while the browser asks for the microphone leads back to the start", async ({ browsers, desk }) => {
  const call = new Call(await browsers.open(), desk);
  await call.page.addInitScript(() => {
    navigator.mediaDevices.getUserMedia = () => new Promise(() => {});
  });
  await call.visit();
  await call.open();
  await call.start.click();
  await call.reaches("requesting-microphone");
  // The room is joined behind the prompt, and the assistant has begun.
  await expect(call.lines.first()).toBeVisible();
  await call.end.click();
  await call.reaches("idle");
  await expect(call.start).toBeVisible();
});
