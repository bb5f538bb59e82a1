// Lints openapi.yaml: `npm run openapi`, or another document that is named. It uses no network: every `$ref` of the document
// is within it.

import { readFile } from "node:fs/promises";
import { join } from "node:path";

import { main, parseArguments, root } from "./lib/run.mjs";
import { setUpPackages } from "./setup.mjs";

const usage = "Usage: npm run openapi [-- FILE]";

/** The headers of every answer that people look for first. */
const EVERYWHERE = ["X-Request-Id", "Cache-Control", "X-Content-Type-Options", "Referrer-Policy"];

/** Beside the rules of `recommended-strict`. */
const RULES = /** @type {const} */ ({
  // The authorization endpoint is there for libraries that ask for one, and it refuses every request.
  "operation-2xx-response": "off",
  // HEAD and OPTIONS are written once for several paths, by aliases. Nobody generates code for them.
  "operation-operationId": "off",
  "rule/operation-id": {
    subject: { type: "Operation", property: "operationId", filterInParentKeys: ["get", "post"] },
    assertions: { defined: true },
    message: "An operation has an operationId.",
  },
  // A member that is not described must not pass the tests.
  "rule/closed-object": {
    subject: { type: "Schema" },
    where: [{ subject: { type: "Schema", property: "type" }, assertions: { defined: true, const: "object" } }],
    assertions: { requireAny: ["additionalProperties", "unevaluatedProperties"] },
    message: "An object says whether it has other members.",
  },
  "rule/header": {
    subject: { type: "Response" },
    assertions: { required: ["description", "headers", "content"] },
    message: "A response says its headers and its body.",
  },
  "response-contains-header": {
    names: Object.fromEntries(["2xx", "4xx", "5xx"].map((status) => [status, EVERYWHERE])),
  },
  "operation-singular-tag": "error",
  "operation-tag-defined": "error",
  "parameter-description": "error",
  "path-http-verbs-order": "error",
  "no-http-verbs-in-paths": "error",
  "component-name-unique": "error",
  "spec-strict-refs": "error",
});

main(async () => {
  const [file = join(root, "openapi.yaml")] = parseArguments({}, usage, { allowPositionals: true }).positionals;
  await setUpPackages();
  const { createConfig, formatProblems, getTotals, lintFromString } = await import("@redocly/openapi-core");
  const config = await createConfig({ extends: ["recommended-strict"], rules: RULES });
  const problems = await lintFromString({ source: await readFile(file, "utf8"), absoluteRef: file, config });
  formatProblems(problems, { format: "stylish", totals: getTotals(problems), color: false });
  return problems.length > 0 ? 1 : 0;
});
