import { setImmediate as turn } from "node:timers/promises";
import { expect, test } from "vitest";
import { together } from "./together.ts";

type Question = { readonly topic: string; readonly partition: number };

function asker(fails: (topic: string) => boolean = () => false) {
  const asked: string[] = [];
  const ask = together(
    (_: Question) => "the broker",
    async (questions) => {
      const { topic } = questions[0] as Question;
      asked.push(`${topic}: ${questions.map(({ partition }) => partition).join(" ")}`);
      await turn();
      if (fails(topic)) throw new Error(`no answer about ${topic}`);
      return questions.map(({ partition }) => partition * 10);
    },
  );
  return { ask: (topic: string, partition: number) => ask({ topic, partition }), asked };
}

test("what is asked at the same moment is asked by topic, each partition once, and each asker has its own answer", async () => {
  const { ask, asked } = asker();
  const answers = await Promise.all([ask("a", 2), ask("b", 7), ask("a", 0), ask("a", 2)]);
  expect(answers).toEqual([20, 70, 0, 20]);
  expect(asked).toEqual(["a: 2 0", "b: 7"]);
});

test("an answer is not remembered, nor given to whoever asks while the question is under way", async () => {
  const { ask, asked } = asker();
  const first = ask("a", 1);
  await turn();
  await Promise.all([first, ask("a", 1)]);
  await ask("a", 1);
  expect(asked).toEqual(["a: 1", "a: 1", "a: 1"]);
});

test("a topic that fails fails for those alone who asked about it, and only until it is asked again", async () => {
  let broken = true;
  const { ask } = asker((topic) => broken && topic === "a");
  const settled = await Promise.allSettled([ask("a", 1), ask("b", 1), ask("a", 2)]);
  expect(settled.map(({ status }) => status)).toEqual(["rejected", "fulfilled", "rejected"]);
  broken = false;
  expect(await ask("a", 1)).toBe(10);
});
