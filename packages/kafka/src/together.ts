/** Questions that are asked at the same moment, put as one: a request costs far more than one more partition in it. */
import type { TopicPartition } from "@weir/stream";
import DataLoader from "dataloader";

/** Answers in the order of the questions. */
export type Ask<Question, Answer> = (questions: readonly Question[]) => Promise<readonly Answer[]>;

/**
 * The question about one partition. Those that are put before the event loop goes on and are for one and the same about one
 * topic are asked together, each once; when that fails it fails for all of them, and for no others. No answer is
 * remembered. `whomOf`: whom a question is for.
 */
export function together<Question extends TopicPartition, Answer>(
  whomOf: (question: Question) => string | number,
  ask: Ask<Question, Answer>,
): (question: Question) => Promise<Answer> {
  const groupOf = (question: Question): string => `${whomOf(question)} ${question.topic}`;
  const loader = new DataLoader<Question, Answer, string>(
    async (questions) => {
      loader.clearAll();
      const answers = new Map<Question, Answer | Error>();
      const asked = [...Map.groupBy(questions, groupOf).values()].map(async (group) => {
        const all = await ask(group).catch((error: Error) => group.map(() => error));
        for (const [at, question] of group.entries()) answers.set(question, all[at] as Answer | Error);
      });
      await Promise.all(asked);
      return questions.map((question) => answers.get(question) as Answer | Error);
    },
    { cacheKeyFn: (question) => `${groupOf(question)}/${question.partition}` },
  );
  return (question) => loader.load(question);
}
