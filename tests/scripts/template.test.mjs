// The folder template/, which `init` copies and the deploy button clones: as the repository's own Worker, and complete.

import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { readFileSync } from "node:fs";
import { cp, mkdir, mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
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

describe("git", () => {
  /** A folder with a copy of the template and of other files, in which git lists what it would add. */
  async function added(context, folder, more) {
    const copy = await mkdtemp(join(tmpdir(), "edge-token-broker-template-"));
    context.after(() => rm(copy, { recursive: true, force: true }));
    await cp(`${ROOT}template`, join(copy, folder), { recursive: true });
    for (const [path, content] of Object.entries(more)) {
      await mkdir(dirname(join(copy, path)), { recursive: true });
      await writeFile(join(copy, path), content);
    }
    execFileSync("git", ["init", "--quiet"], { cwd: copy });
    const listed = execFileSync("git", ["ls-files", "--others", "--exclude-standard"], { cwd: copy, encoding: "utf8" });
    return listed.trimEnd().split("\n").toSorted();
  }
  const secret = {
    ".dev.vars": "",
    ".dev.vars.staging": "",
    ".env": "",
    "node_modules/x/index.js": "",
    ".wrangler/x": "",
  };
  const template = [".dev.vars.example", ".gitignore", "README.md", "package.json", "src/index.js", "wrangler.toml"];

  test("keeps secrets and packages out of a repository that is the template, as the deploy button makes it", async (context) => {
    const files = await added(context, "", { ...secret, gitignore: "" });
    assert.deepEqual(
      files.filter((path) => path !== "gitignore"),
      template,
    );
  });

  test("has each file of the template in this repository, and not the copy that npm packs", async (context) => {
    const files = await added(context, "template", { ".gitignore": text(".gitignore"), "template/gitignore": "" });
    assert.deepEqual(files, [".gitignore", ...template.map((path) => `template/${path}`)].toSorted());
  });
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
