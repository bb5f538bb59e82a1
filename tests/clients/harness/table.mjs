// The tables of docs/callers.md, docs/client.md and docs/mcp.md that say what a caller sees.

import { readFileSync } from "node:fs";

const lines = ["callers.md", "client.md", "mcp.md"].flatMap((page) =>
  readFileSync(new URL(`../../../docs/${page}`, import.meta.url), "utf8").split("\n"),
);

/** @param {string} line */
const cells = (line) =>
  line
    .split(/(?<!\\)\|/)
    .slice(1, -1)
    .map((text) => text.trim());

/**
 * The cell of a row, which its first cell names, and a column, which the table's head names.
 * @param {string} row
 * @param {string} column
 */
export function cell(row, column) {
  const at = lineOf(row, column);
  if (at < 0) throw new Error(`docs/ has no table with the row "${row}" and the column "${column}"`);
  return cells(lines[at] ?? "")[columnAt(at, column)] ?? "";
}

/** @type {(row: string, column: string) => boolean} */
export const hasCell = (row, column) => lineOf(row, column) >= 0;

/** @type {(row: string, column: string) => number} */
const lineOf = (row, column) => lines.findIndex((line, n) => cells(line)[0] === row && columnAt(n, column) > 0);

/**
 * @param {number} at A line of the table.
 * @param {string} column
 */
function columnAt(at, column) {
  let head = at;
  while (lines[head - 1]?.startsWith("|")) head -= 1;
  return cells(lines[head] ?? "").indexOf(column);
}
