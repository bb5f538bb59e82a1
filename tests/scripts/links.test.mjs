// The documents: a link to a file of the project, or to a heading of one, leads there.

import assert from "node:assert/strict";
import { existsSync, readdirSync, readFileSync } from "node:fs";
import { dirname, join, normalize } from "node:path";
import { test } from "node:test";
import { fileURLToPath } from "node:url";

const ROOT = fileURLToPath(new URL("../../", import.meta.url));

/** The Markdown without its fenced blocks. */
const withoutFences = (text) => text.replace(/^ *```[\s\S]*?^ *```/gm, "");

/** The fragments of the headings, as GitHub makes them. */
function fragments(path) {
  const seen = new Map();
  const headings = withoutFences(readFileSync(join(ROOT, path), "utf8")).matchAll(/^#{1,6} +(.+?) *$/gm);
  return new Set(
    [...headings].map(([, heading]) => {
      const words = heading.replace(/\[([^\]]*)\]\([^)]*\)/g, "$1").toLowerCase();
      const slug = words.replace(/[^\p{L}\p{N}\p{M}_ -]/gu, "").replace(/ /g, "-");
      const times = seen.get(slug) ?? 0;
      seen.set(slug, times + 1);
      return times ? `${slug}-${times}` : slug;
    }),
  );
}

/** The targets of the links in a document, without those in code. */
function targets(path) {
  const text = withoutFences(readFileSync(join(ROOT, path), "utf8")).replace(/`[^`\n]*`/g, "``");
  return [...text.matchAll(/\]\(([^)\s]+)\)/g)].map(([, target]) => target);
}

const inFolder = (folder) => readdirSync(join(ROOT, folder), { recursive: true }).map((name) => join(folder, name));
const documents = [...readdirSync(ROOT), ...["docs", "stand-in", "tests"].flatMap(inFolder)].filter((path) =>
  path.endsWith(".md"),
);

test("every link within the documents leads to a file and a heading that are there", () => {
  const dead = [];
  for (const document of documents) {
    for (const target of targets(document).filter((link) => !/^[a-z]+:/.test(link))) {
      const [file, fragment] = target.split("#");
      const path = file ? normalize(join(dirname(document), file)) : document;
      const there = existsSync(join(ROOT, path)) && (!fragment || fragments(path).has(fragment));
      if (!there) dead.push(`${document}: ${target}`);
    }
  }
  assert.ok(documents.length > 20);
  assert.deepEqual(dead, []);
});
