// What a command is: its name, help, options and work.

/** @import { ParseArgsConfig } from "node:util" */

import util from "node:util";

import { codeOf, ExitCode, Faulty, messageOf } from "./run.mjs";

/** @typedef {NonNullable<ParseArgsConfig["options"]>} OptionsConfig */

/**
 * @template {OptionsConfig} Options
 * @typedef {ReturnType<typeof util.parseArgs<{ options: Options, allowPositionals: true }>>["values"]} ValuesOf
 */

/**
 * @template {OptionsConfig} Options
 * @typedef {object} Command
 * @property {string} name
 * @property {string} usage What follows the name, one line for each use.
 * @property {string} help What the command does, its options and its exit codes.
 * @property {Options} options
 * @property {boolean} [takesName] Whether it has arguments without a dash.
 * @property {(values: ValuesOf<Options>, names: string[]) => Promise<number | void>} run Its exit code, 0 if there is none.
 */

/**
 * Keeps the types of the options together.
 * @template {OptionsConfig} const Options
 * @param {Command<Options>} command
 */
export const command = (command) => command;

/**
 * How a person calls a command here: `npm run` where the package.json of the folder has it, else `npx`.
 * @param {string} name
 */
export function called(name) {
  const script = process.env.npm_lifecycle_event;
  if (script === undefined || script === "npx") return `npx edge-token-broker ${name}`;
  return name === "start" ? "npm start --" : `npm run ${name} --`;
}

/**
 * @template {OptionsConfig} Options
 * @param {Command<Options>} command
 */
export function usageOf({ name, usage }) {
  const lines = usage.split("\n").map((line) => `${called(name)} ${line}`.trimEnd());
  return `Usage: ${lines.join("\n       ")}`;
}

/**
 * A fault in the arguments of a command.
 * @template {OptionsConfig} Options
 * @param {Command<Options>} command
 * @param {string} sentence
 */
export const misused = (command, sentence) => new Faulty(`${sentence}\n${usageOf(command)}`);

/**
 * Runs a command with these arguments.
 * @template {OptionsConfig} Options
 * @param {Command<Options>} command
 * @param {string[]} args
 */
export async function runCommand(command, args) {
  if (args.includes("--help") || args.includes("-h")) {
    console.log(`${usageOf(command)}\n\n${command.help.trim()}`);
    return ExitCode.done;
  }
  const { values, positionals } = parsed(command, args);
  return command.run(values, positionals);
}

/**
 * @template {OptionsConfig} Options
 * @param {Command<Options>} command
 * @param {string[]} args
 */
function parsed(command, args) {
  try {
    return util.parseArgs({ args, options: command.options, allowPositionals: command.takesName ?? false });
  } catch (error) {
    // The text is not repeated: it may be a key.
    if (codeOf(error) === "ERR_PARSE_ARGS_UNEXPECTED_POSITIONAL")
      throw misused(command, `${command.name} takes options only, and there is another argument.`);
    throw misused(command, `${messageOf(error).split(".")[0]}.`);
  }
}
