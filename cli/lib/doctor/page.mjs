// How `doctor` prints its checks.

/** @import { Check } from "./check.mjs" */

import util from "node:util";

const labels = { ok: "ok  ", warn: "warn", fail: "FAIL", skip: "skip" };
const colours = /** @type {const} */ ({ ok: "green", warn: "yellow", fail: "red", skip: "gray" });
const indent = " ".repeat(labels.ok.length + 1);

/** Only on a terminal (https://no-color.org). */
export function isColoured(stream = process.stdout, env = process.env) {
  return Boolean(stream.isTTY) && !env.NO_COLOR && env.TERM !== "dumb";
}

/**
 * One line for the check, and below it what to do.
 * @param {Check} check
 * @param {boolean} coloured
 */
export function lineOf({ level, message, toDo }, coloured) {
  const label = coloured ? painted(colours[level], labels[level]) : labels[level];
  const below = toDo ? toDo.split("\n").map((line) => `\n${indent}${line}`.trimEnd()) : [];
  return `${label} ${message}${below.join("")}`;
}

/**
 * The last line.
 * @param {Check[]} checks
 */
export function summaryOf(checks) {
  /** @param {Check["level"]} level */
  const count = (level) => checks.filter((check) => check.level === level).length;
  const [failed, warned, skipped] = [count("fail"), count("warn"), count("skip")];
  const rest = [
    ...(warned > 0 ? [`${warned} ${warned === 1 ? "warning" : "warnings"}`] : []),
    ...(skipped > 0 ? [`${skipped} not checked`] : []),
    `${count("ok")} good`,
  ];
  return `${failed > 0 ? `${failed} failed` : "Nothing failed"}: ${rest.join(", ")}.`;
}

/**
 * @param {"green" | "yellow" | "red" | "gray"} colour
 * @param {string} text
 */
function painted(colour, text) {
  // Newer versions look at the stream and the environment themselves, and the oldest one has no third argument.
  return util.styleText(colour, text);
}
