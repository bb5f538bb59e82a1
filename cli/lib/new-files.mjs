// Writes files that are new: all of them, or none.

import { closeSync, lstatSync, mkdirSync, openSync, rmdirSync, statSync, unlinkSync, writeFileSync } from "node:fs";
import { dirname, join, relative } from "node:path";
import { getSystemErrorMap } from "node:util";

import { codeOf, Failure } from "./run.mjs";

/** @typedef {(() => void)[]} Undo What removes each folder and file that was made. */

/**
 * Writes the files, by their paths in the folder. Overwrites nothing, and after an error removes what it has made.
 * @param {string} folder
 * @param {Record<string, string>} files
 */
export function writeNew(folder, files) {
  /** @type {Undo} */
  const undo = [];
  let path = folder;
  try {
    checkFree(folder, Object.keys(files));
    for (const [name, text] of Object.entries(files)) {
      path = join(folder, name);
      makeFolder(dirname(path), undo);
      makeFile(path, text, undo);
    }
  } catch (error) {
    for (const remove of undo.reverse()) ignoring(remove);
    throw failureAt(path, error);
  }
}

/**
 * A path from here, as a person would write it.
 * @param {string} path
 */
export const shown = (path) => relative(process.cwd(), path) || ".";

/**
 * @param {string} folder
 * @param {string[]} names
 */
function checkFree(folder, names) {
  for (const name of names) {
    const obstacle = nearest(dirname(join(folder, name)));
    if (!isFolder(obstacle)) throw new Failure(`Nothing is written, because this is no folder: ${shown(obstacle)}.`);
  }
  const there = names.filter((name) => isThere(join(folder, name)));
  if (there.length > 0)
    throw new Failure(`Nothing is written, because these exist already in ${shown(folder)}: ${there.join(", ")}.`);
}

/**
 * The first that exists: this path, or one above it.
 * @param {string} path
 * @returns {string}
 */
const nearest = (path) => (isThere(path) || path === dirname(path) ? path : nearest(dirname(path)));

/**
 * Also a link to nothing is there: a file would be written through it.
 * @param {string} path
 */
function isThere(path) {
  try {
    lstatSync(path);
    return true;
  } catch (error) {
    if (["ENOENT", "ENOTDIR"].includes(String(codeOf(error)))) return false;
    throw error;
  }
}

/** @param {string} path */
const isFolder = (path) => statSync(path, { throwIfNoEntry: false })?.isDirectory() ?? false;

/**
 * @param {string} path
 * @param {Undo} undo
 */
function makeFolder(path, undo) {
  if (isFolder(path)) return;
  makeFolder(dirname(path), undo);
  mkdirSync(path);
  // Not if another process has put a file into it meanwhile.
  undo.push(() => rmdirSync(path));
}

/**
 * Never over a file that another process has made meanwhile.
 * @param {string} path
 * @param {string} text
 * @param {Undo} undo
 */
function makeFile(path, text, undo) {
  const file = openSync(path, "wx");
  undo.push(() => unlinkSync(path));
  try {
    writeFileSync(file, text);
  } finally {
    closeSync(file);
  }
}

/** @param {() => void} work */
function ignoring(work) {
  try {
    work();
  } catch {
    // The first error is the one to tell.
  }
}

/**
 * In the words of the system.
 * @param {string} path
 * @param {unknown} error
 */
function failureAt(path, error) {
  const code = codeOf(error);
  const [, words] = [...getSystemErrorMap().values()].find(([name]) => name === code) ?? [];
  return words === undefined ? error : new Failure(`Nothing is written. ${shown(path)}: ${words} (${code}).`);
}
