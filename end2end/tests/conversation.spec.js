// The main job: a visitor asks aloud and is answered aloud.
import { recording } from "../support/speech.js";
import { expect, test } from "../support/test.js";

const faq = [
  {
    question: "What does a string quartet cost?",
    answer: "A quartet for three hours is 1,450 euros",
    heard: [/three hours/, /euros/, /travel|city/],
  },
  {
    question: "Can you play outdoors?",
    answer: "Yes, from May to September",
    heard: [/september/, /shade|roof|warmer|degrees/],
  },
  {
    question: "What does a jazz trio cost?",
    answer: "A jazz trio for three hours is 1,200 euros",
    heard: [/jazz|trio/, /piano|bass|drums/],
  },
];
/** Seconds that the assistant may talk for before the next question, at most. */
const [GREETING, ANSWER] = [9, 14];

test.describe("a visitor who speaks", () => {
  const spoken = faq.map(({ question: text }, index) => ({ text, after: index === 0 ? GREETING : ANSWER }));
  test.use({ microphone: recording("three-questions", spoken) });

  test("is greeted, asks three questions aloud, reads them and hears the answers", async ({ call, desk }) => {
    test.setTimeout(300_000);
    await call.dial();
    await call.record();
    await expect(call.lines.first()).toContainText(/Harbour Sounds/);
    for (const { question, answer } of faq) {
      const words = new RegExp(question.replace(/\W+$/, ""), "i");
      await expect(call.transcript).toContainText(words, { timeout: 60_000 });
      await expect(call.transcript).toContainText(answer);
      await call.agentIs("speaking");
      await call.agentIs("listening");
    }

    const heard = await call.heard("three-answers");
    for (const word of faq.flatMap((asked) => asked.heard)) expect(heard).toMatch(word);

    const room = await call.room();
    await call.end.click();
    await call.reaches("ended");
    const kept = () => desk.said(room).map(({ text }) => text).join("\n");
    for (const { answer } of faq) await expect.poll(kept).toContain(answer);
  });
});

test.describe("a visitor who interrupts", () => {
  test.use({
    microphone: recording("interrupting", [
      { text: "What kinds of music do you offer?", after: GREETING },
      { text: "What does a jazz trio cost?", after: 5 },
    ]),
  });

  test("silences the assistant and is answered; what is kept ends where it was cut", async ({ call, desk }) => {
    await call.dial();
    await expect(call.transcript).toContainText(/what does a jazz trio cost/i, { timeout: 40_000 });
    await expect(call.transcript).toContainText("A jazz trio for three hours is 1,200 euros");
    const read = await call.lines.allTextContents();
    expect(read.join("\n"), "the first answer ends where it was cut").not.toContain("a DJ for the evening");

    const first = ({ text }) => text.startsWith("String quartets");
    const room = await call.room();
    await expect.poll(() => desk.said(room).find(first)?.is_final).toBe(true);
    const cut = desk.said(room).find(first);
    expect(cut).toMatchObject({ speaker: "agent", interrupted: true });
    expect(cut.text).not.toContain("a DJ for the evening");
    expect(read.join("\n"), "what was read is what is kept").toContain(cut.text);
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
