// The files in a tarball.

import { readFile } from "node:fs/promises";
import { gunzipSync } from "node:zlib";

const BLOCK = 512;
/** Where a header has its fields, from POSIX (ustar). */
const [NAME, SIZE, TYPE, PREFIX] = [
  [0, 100],
  [124, 12],
  [156, 1],
  [345, 155],
];
const FILE = "0";

/**
 * Path → content. Paths begin behind npm's folder `package/`.
 * @param {string} path
 */
export async function filesOf(path) {
  const tar = gunzipSync(await readFile(path));
  /** @type {Map<string, Buffer>} */
  const files = new Map();
  for (let at = 0; tar[at] !== 0;) {
    const header = tar.subarray(at, at + BLOCK);
    const size = parseInt(field(header, SIZE), 8);
    const name = [field(header, PREFIX), field(header, NAME)].filter(Boolean).join("/");
    if (field(header, TYPE) !== FILE) throw new Error(`${name} is no plain file`);
    files.set(name.slice("package/".length), tar.subarray(at + BLOCK, at + BLOCK + size));
    at += BLOCK + Math.ceil(size / BLOCK) * BLOCK;
  }
  return files;
}

/**
 * @param {Buffer} header
 * @param {number[]} place
 */
function field(header, [from = 0, length = 0]) {
  const text = header.toString("latin1", from, from + length);
  return text.split("\0", 1)[0]?.trim() ?? "";
}
