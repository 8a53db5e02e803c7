// The main job: a visitor asks aloud and is answered aloud.
import { recording } from "../support/speech.js";
import { expect, test } from "../support/test.js";

test.describe("a visitor who speaks", () => {
  // The greeting is over after some five seconds; the question begins in the quiet behind it.
  test.use({
    microphone: recording("quartet", [{ text: "What does a string quartet cost?", after: 9 }]),
  });

  test("is greeted, asks aloud, reads the question and hears the answer", async ({ call }) => {
    await call.dial();
    await call.record();
    await expect(call.lines.first()).toContainText(/Harbour Sounds/);
    await expect(call.transcript).toContainText(/what does a string quartet cost/i);
    await expect(call.transcript).toContainText("A quartet for three hours is 1,450 euros");
    await call.agentIs("speaking");
    await call.agentIs("listening");

    const heard = await call.heard("quartet-answer");
    expect(heard).toMatch(/three hours/);
    expect(heard).toMatch(/euros/);
    expect(heard).toMatch(/travel|city/);
  });
});

test.describe("a visitor who interrupts", () => {
  test.use({
    microphone: recording("interrupting", [
      { text: "What kinds of music do you offer?", after: 9 },
      { text: "What does a jazz trio cost?", after: 5 },
    ]),
  });

  test("silences the assistant and is answered", async ({ call }) => {
    await call.dial();
    await expect(call.transcript).toContainText(/what does a jazz trio cost/i, { timeout: 40_000 });
    await expect(call.transcript).toContainText("A jazz trio for three hours is 1,200 euros");
    const answers = await call.lines.allTextContents();
    expect(answers.join("\n"), "the first answer ends where it was cut").not.toContain("a DJ for the evening");
  });
});

test("what is typed is answered in the same conversation", async ({ call }) => {
  await call.dial();
  await call.agentIs("listening");
  await call.type("How far do you travel?");
  await expect(call.lines.filter({ hasText: "How far do you travel?" })).toBeVisible();
  await expect(call.transcript).toContainText("We play all over the country");
});

test("a question on the start screen begins the call and is answered", async ({ call }) => {
  await call.open();
  await call.page.getByRole("button", { name: "What does a string quartet cost?" }).click();
  await call.reaches("connected");
  await expect(call.transcript).toContainText("A quartet for three hours is 1,450 euros");
});

test("nothing the assistant does not know is made up", async ({ call }) => {
  await call.dial();
  await call.agentIs("listening");
  const before = await call.lines.count();
  await call.type("Who won the chess world championship in nineteen seventy two?");
  await expect.poll(() => call.lines.count()).toBeGreaterThan(before + 1);
  await expect(call.lines.last()).not.toContainText("euros");
});
