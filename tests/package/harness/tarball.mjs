// The npm package, packed once for a file of tests.

import { execFile } from "node:child_process";
import { rmSync } from "node:fs";
import { mkdir, readFile } from "node:fs/promises";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";

import { withLock } from "../../../scripts/lib/lock.mjs";

const ROOT = fileURLToPath(new URL("../../../", import.meta.url));

/** The path of `edge-token-broker-VERSION.tgz`. Files of tests run side by side, so each packs into a folder of its own. */
export async function tarball() {
  const { name, version } = JSON.parse(await readFile(join(ROOT, "package.json"), "utf8"));
  const folder = join(ROOT, "target", "package", String(process.pid));
  process.once("exit", () => rmSync(folder, { recursive: true, force: true }));
  await mkdir(folder, { recursive: true });
  await withLock(join(ROOT, "target", "package", ".lock"), "npm pack", () =>
    promisify(execFile)("npm", ["pack", "--pack-destination", folder], { cwd: ROOT }),
  );
  return join(folder, `${name}-${version}.tgz`);
}
