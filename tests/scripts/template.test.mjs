// The folder template/, which `init` copies and the deploy button clones: as the repository's own Worker, and complete.

import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { describe, test } from "node:test";

import * as yaml from "js-yaml";
import { parse } from "smol-toml";

const ROOT = fileURLToPath(new URL("../../", import.meta.url));
const text = (path) => readFileSync(`${ROOT}${path}`, "utf8");

/** Without the prototypes of the parser. */
const toml = (path) => JSON.parse(JSON.stringify(parse(text(path))));

const manifest = JSON.parse(text("template/package.json"));
const template = toml("template/wrangler.toml");
const { vars, main } = template;
const doc = text("docs/deploy.md");

/** The names of the secrets that are not commented out. */
const secrets = [...text("template/.dev.vars.example").matchAll(/^([A-Z_]+)=(.*)$/gm)];

describe("template/wrangler.toml", () => {
  test("is the repository's own but for what a package changes", () => {
    const { build: _build, ...own } = toml("wrangler.toml");
    assert.deepEqual(template, { ...own, main, vars });
  });

  test("has a Worker that exports each class", () => {
    const [, names] = /export \{ (.+) \} from "edge-token-broker"/.exec(text(`template/${main}`));
    const classes = template.durable_objects.bindings.map((binding) => binding.class_name);
    assert.deepEqual(names.split(", ").toSorted(), ["default", ...classes].toSorted());
  });

  test("names no namespace, account or domain of anybody", () => {
    assert.deepEqual(template.kv_namespaces, [{ binding: "TOKENS" }]);
    for (const key of ["account_id", "route", "routes"]) assert.ok(!(key in template), key);
  });
});

describe("the deploy button", () => {
  test("asks for each var and secret with a description, and describes nothing else", () => {
    const described = Object.keys(manifest.cloudflare.bindings);
    const asked = [...Object.keys(vars), ...secrets.map(([, name]) => name)];
    const made = template.kv_namespaces.map(({ binding }) => binding);
    assert.deepEqual(described.toSorted(), [...asked, ...made].toSorted());
    for (const [name, { description }] of Object.entries(manifest.cloudflare.bindings))
      assert.match(description, /^[A-Z].{15,}\.$/, name);
  });

  test("begins with empty values", () => {
    for (const [name, value] of Object.entries(vars)) assert.equal(value, "", name);
    for (const [, name, value] of secrets) assert.equal(value, "", name);
  });

  test("has the URL of template/, and runs a script that is there", () => {
    const urls = [...`${doc}${text("README.md")}`.matchAll(/deploy\.workers\.cloudflare\.com\/\?url=([^)\s]+)/g)];
    assert.ok(urls.length > 0);
    for (const [, url] of urls)
      assert.match(url, /^https:\/\/github\.com\/[^/]+\/edge-token-broker\/tree\/main\/template$/);
    assert.equal(manifest.scripts.deploy, "wrangler deploy");
    assert.equal(manifest.scripts.build, undefined);
  });

  test("docs/deploy.md says what to enter in each field", () => {
    for (const name of [...Object.keys(vars), ...secrets.map(([, secret]) => secret)])
      assert.match(doc, new RegExp(`^\\| .*\`${name}\`.* \\| .+ \\|$`, "m"), name);
  });
});

test("git keeps secrets and packages out", () => {
  const lines = text("template/gitignore").split("\n");
  for (const line of ["node_modules", ".dev.vars", ".wrangler"]) assert.ok(lines.includes(line), line);
});

describe("docs/deploy.yml", () => {
  const workflow = text("docs/deploy.yml");
  const { permissions, jobs } = /** @type {any} */ (yaml.load(workflow));
  const { steps } = jobs.deploy;

  test("is the block of docs/deploy.md", () => assert.ok(doc.includes(`\`\`\`yaml\n${workflow}\`\`\`\n`)));

  test("may read the repository and nothing else, and has each action of one version", () => {
    assert.deepEqual(permissions, { contents: "read" });
    for (const { uses } of steps) if (uses) assert.match(uses, /^actions\/[a-z-]+@v\d+$/);
  });

  test("gives a secret to the steps that need it, and to no command as text", () => {
    assert.equal(jobs.deploy.env, undefined);
    for (const { run, name } of steps) if (run) assert.ok(!run.includes("${{"), name);
  });

  test("docs/deploy.md says where each variable and secret comes from", () => {
    for (const [, kind, name] of workflow.matchAll(/\$\{\{ (secrets|vars)\.([A-Z_]+) \}\}/g)) {
      const word = kind === "vars" ? "variable" : "secret";
      assert.match(doc, new RegExp(`^ *\\| \`${name}\` \\| ${word}`, "m"), name);
    }
  });
});
