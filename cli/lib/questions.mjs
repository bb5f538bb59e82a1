// Asks a person at a terminal.

import { createInterface } from "node:readline/promises";

import { stopping } from "./run.mjs";

/**
 * The answers, each an empty text if there is none. Without a terminal nobody is asked.
 * @param {string[]} questions
 */
export async function ask(questions, input = process.stdin, output = process.stderr) {
  if (!input.isTTY || !output.isTTY) return questions.map(() => "");
  const lines = createInterface({ input, output });
  lines.once("SIGINT", () => process.kill(process.pid, "SIGINT"));
  try {
    const answers = [];
    for (const question of questions)
      answers.push((await lines.question(question, { signal: stopping.signal })).trim());
    return answers;
  } finally {
    lines.close();
  }
}
