// Reads a key without showing it: from a pipe, or from a terminal that does not echo.

import { createInterface } from "node:readline/promises";
import { addAbortSignal, Writable } from "node:stream";

import { Failure, stopping } from "./run.mjs";

/** Longer than any key. */
const MAX_CHARACTERS = 4_096;

/** The text of standard input, or a typed line. Never an argument: every user of a machine sees arguments. */
export async function readKey(input = process.stdin, prompt = process.stderr) {
  return input.isTTY ? typed(input, prompt) : piped(input);
}

/** @param {NodeJS.ReadStream} input */
async function piped(input) {
  let text = "";
  for await (const part of addAbortSignal(stopping.signal, input).setEncoding("utf8")) {
    text += part;
    if (text.length > MAX_CHARACTERS) throw new Failure("Standard input is too long to be a key.");
  }
  // The line break comes from the shell.
  return text.replace(/\r?\n$/, "");
}

/**
 * @param {NodeJS.ReadStream} input
 * @param {NodeJS.WritableStream} prompt
 */
async function typed(input, prompt) {
  prompt.write("Paste the key (it is not shown): ");
  // readline takes over the echo of the terminal, and this output writes nothing.
  const silent = new Writable({ write: (_part, _encoding, done) => done() });
  const lines = createInterface({ input, output: silent, terminal: true });
  const stopped = new Promise((_, reject) => {
    // The terminal sends no signal while readline has it.
    lines.once("SIGINT", () => process.kill(process.pid, "SIGINT"));
    lines.once("close", () => reject(new Failure("No key was given.")));
  });
  try {
    return await Promise.race([lines.question("", { signal: stopping.signal }), stopped]);
  } finally {
    prompt.write("\n");
    stopped.catch(() => {});
    lines.close();
  }
}
