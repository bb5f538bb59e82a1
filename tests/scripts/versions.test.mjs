// One version in every place that has one, and in the CHANGELOG and the tags.

import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { readFileSync, readdirSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { test } from "node:test";

import * as yaml from "js-yaml";
import { parse } from "smol-toml";

const ROOT = fileURLToPath(new URL("../../", import.meta.url));
const text = (path) => readFileSync(`${ROOT}${path}`, "utf8");
const json = (path) => JSON.parse(text(path));

const { name, version, devDependencies } = json("package.json");

/** Later versions are greater. */
const order = (one, other) => one.localeCompare(other, "en", { numeric: true });

/** The headings of the CHANGELOG, the newest first. */
const headings = [...text("CHANGELOG.md").matchAll(/^## (.+)$/gm)].map(([, heading]) => heading);
const released = headings.map((heading) => /^(\d+\.\d+\.\d+) – \d{4}-\d\d-\d\d$/.exec(heading)?.[1]).filter(Boolean);

const git = (...args) => execFileSync("git", args, { cwd: ROOT, encoding: "utf8", stdio: "pipe" }).trim();

/** The tags of releases; none where the repository has none, as in a shallow clone. */
function tags(...args) {
  try {
    return git("tag", "--list", "v*", ...args)
      .split("\n")
      .filter(Boolean);
  } catch {
    return [];
  }
}

test("every file has the version of package.json", () => {
  const ofCrate = ({ package: packages }) => packages.find((one) => one.name === name).version;
  assert.deepEqual(
    {
      "package-lock.json": [json("package-lock.json").version, json("package-lock.json").packages[""].version],
      "Cargo.toml": parse(text("Cargo.toml")).package.version,
      "Cargo.lock": ofCrate(parse(text("Cargo.lock"))),
      "fuzz/Cargo.lock": ofCrate(parse(text("fuzz/Cargo.lock"))),
      "openapi.yaml": yaml.load(text("openapi.yaml")).info.version,
      "template/package.json": json("template/package.json").dependencies[name],
    },
    {
      "package-lock.json": [version, version],
      "Cargo.toml": version,
      "Cargo.lock": version,
      "fuzz/Cargo.lock": version,
      "openapi.yaml": version,
      "template/package.json": version,
    },
  );
  for (const path of ["README.md", "docs/deploy.md"]) {
    const named = [...text(path).matchAll(/edge-token-broker[-@](\d+\.\d+\.\d+)/g)];
    assert.ok(named.length > 0, path);
    for (const [text, other] of named) assert.equal(other, version, `${path}: ${text}`);
  }
});

test("a new broker has the wrangler and the Node.js of this repository", () => {
  const { wrangler, node } = json("template/package.json").devDependencies;
  assert.deepEqual({ wrangler, node }, { wrangler: devDependencies.wrangler, node: devDependencies.node });
});

test("the CHANGELOG has each release once, the newest first, and this version if it is released", () => {
  const [first, ...older] = headings;
  assert.deepEqual(released, released.toSorted(order).reverse());
  assert.equal(new Set(headings).size, headings.length);
  if (first === "Unreleased") {
    assert.equal(released.length, older.length, `a heading is neither "Unreleased" nor "1.2.3 – 2026-11-27"`);
    assert.ok(order(released[0], version) < 0, `${released[0]} is released: ${version} has to be a later version`);
  } else assert.equal(released[0], version);
});

test("each tag is a release of the CHANGELOG, and the tag of this commit is this version", () => {
  for (const tag of tags()) assert.ok(released.includes(tag.slice(1)), `the CHANGELOG has no release ${tag}`);
  for (const tag of tags("--points-at", "HEAD")) assert.equal(tag, `v${version}`);
});

test("upgrades are tested from the last release", () => {
  const folders = readdirSync(`${ROOT}tests/upgrade`).filter((name) => /^v\d/.test(name));
  assert.deepEqual(folders, [`v${released.find((release) => order(release, version) < 0)}`]);
});
