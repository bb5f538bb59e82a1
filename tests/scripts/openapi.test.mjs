// `npm run openapi`: the document of the project is good, and a fault in one is found.

import assert from "node:assert/strict";
import { mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test } from "node:test";

import { script } from "./command.mjs";

const DOCUMENT = new URL("../../openapi.yaml", import.meta.url);

test("openapi.yaml has no fault", async () => {
  assert.deepEqual(await script("scripts/openapi.mjs", []), { code: 0, stdout: "", stderr: "" });
});

for (const [fault, from, to, rule] of [
  ["a keyword that OpenAPI does not know", "      required: true\n", "      requiered: true\n", "struct"],
  ["a reference to nothing", 'schemas/PublicKey"', 'schemas/PublicKez"', "no-unresolved-refs"],
  ["a component that nothing uses", 'schemas/invalid_target"', 'schemas/invalid_scope"', "no-unused-components"],
  [
    "an example that is not as its schema says",
    "expires_in: 3242,",
    "expires_in: soon,",
    "no-invalid-media-type-examples",
  ],
  ["an open object", /^ {6}additionalProperties: false\n/gm, "", "rule/closed-object"],
  ["an answer without a header that all have", /\n +X-Request-Id: .*/g, "", "response-contains-header"],
  ["an operation without an id", "      operationId: getToken\n", "", "rule/operation-id"],
]) {
  test(`${fault} is found`, async (context) => {
    const folder = await mkdtemp(join(tmpdir(), "edge-token-broker-openapi-"));
    context.after(() => rm(folder, { recursive: true, force: true }));
    const text = await readFile(DOCUMENT, "utf8");
    const faulty = text.replaceAll(from, to);
    assert.notEqual(faulty, text);
    await writeFile(join(folder, "openapi.yaml"), faulty);
    const { code, stdout } = await script("scripts/openapi.mjs", [join(folder, "openapi.yaml")]);
    assert.equal(code, 1);
    assert.match(stdout, new RegExp(`error +${rule} `));
  });
}
