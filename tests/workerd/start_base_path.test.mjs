// `npm start` of a broker that answers below a path: what it prints has the path, and so has the issuer of its own JWTs.

import assert from "node:assert/strict";
import { readFile, rm, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { test } from "node:test";

import { freePort } from "./harness/free_port.mjs";
import { cloneWithBuild, npmStart, paste } from "./harness/local_start.mjs";

test("the pasted lines return a token below the path, also of a credential that trusts the broker's issuer", async () => {
  const directory = await cloneWithBuild();
  const toml = join(directory, "wrangler.toml");
  const before = await readFile(toml, "utf8");
  await writeFile(toml, `${before}\n[vars]\nBASE_PATH = "/auth"\n`);
  const port = await freePort();
  const npm = await npmStart(directory, ["--port", String(port)]);
  try {
    assert.match(npm.output, new RegExp(`The broker answers at http://127\\.0\\.0\\.1:${port}/auth\\.`));
    const curls = npm.paragraphs.filter((paragraph) => paragraph.startsWith("curl "));
    const federated = curls[2].split("\n").find((line) => line.endsWith("credential=federated"));
    for (const curl of [curls[0], curls[1], federated.replace("curl ", "curl -i ")])
      assert.equal((await paste(curl)).status, 200, curl);
  } finally {
    await npm.stop();
    await rm(directory, { recursive: true, force: true });
  }
});
