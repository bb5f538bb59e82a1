// `requests` and the client of Azure's key vault, for Python, through the proxy with a client key in place of a token.

import assert from "node:assert/strict";
import { after, before, describe, test } from "node:test";

import { AUDIT, REPORTS } from "../workerd/harness/fixtures.mjs";
import { block } from "./harness/docs.mjs";
import { openProxied, variables } from "./harness/proxied.mjs";
import { PythonProgram, missing } from "./harness/python_program.mjs";

const WRONG = `etb_${"A".repeat(43)}`;

describe("with Python's client libraries", { skip: missing }, () => {
  let proxied;
  const programs = [];
  before(async () => (proxied = await openProxied()));
  after(async () => {
    for (const program of programs) {
      await program.stop();
      proxied.world.sweep.record("output of a program", program.printed.join(""));
    }
    await proxied?.close();
  });

  /** The program of a block, with another last function if there is one. */
  async function start(name, { key = REPORTS.key, more = "" } = {}) {
    const program = await PythonProgram.start(block(name).text + more, { ...variables(proxied), BROKER_KEY: key });
    programs.push(program);
    return program;
  }

  async function value(program, ...args) {
    const { value, error } = await program.call(...args);
    assert.equal(error?.text, undefined);
    return value;
  }

  async function shown(program, ...args) {
    const { error } = await program.call(...args);
    assert.ok(error, "an error");
    proxied.world.sweep.record("error of a program", error.text);
    return error.text;
  }

  const SET = "\n\ndef set_secret(name, value):\n    return secrets.set_secret(name, value).value\n";

  test("a key vault keeps and gives a secret, and no first request without a proof gets through", async () => {
    const { vault } = proxied.apis;
    const setter = await start("proxy-azure-keyvault-secrets", { more: SET });
    assert.equal(await value(setter, "greeting", "Grüße"), "Grüße");
    assert.deepEqual(
      vault.received.map(({ method, path }) => `${method} ${path}`),
      ["PUT /secrets/greeting"],
    );
    const reader = await start("proxy-azure-keyvault-secrets");
    assert.equal(await value(reader, "greeting"), "Grüße");
  });

  test("errors of the vault and of the broker are told apart", async () => {
    const reader = await start("proxy-azure-keyvault-secrets");
    assert.match(await shown(reader, "nothing"), /ResourceNotFoundError: \(SecretNotFound\) A secret with/);
    const audit = await start("proxy-azure-keyvault-secrets", { key: AUDIT.key });
    assert.match(await shown(audit, "greeting"), /HttpResponseError: .*"insufficient_scope"/s);
    const nobody = await start("proxy-azure-keyvault-secrets", { key: WRONG });
    assert.match(await shown(nobody, "greeting"), /ClientAuthenticationError: .*"invalid_token"/s);
  });

  test("requests reads people, and shows the status of a refusal", async () => {
    assert.deepEqual(await value(await start("proxy-requests")), ["Ada Lovelace", "Grace Hopper"]);
    assert.match(
      await shown(await start("proxy-requests", { key: AUDIT.key })),
      /HTTPError: 403 Client Error: Forbidden/,
    );
    assert.match(
      await shown(await start("proxy-requests", { key: WRONG })),
      /HTTPError: 401 Client Error: Unauthorized/,
    );
  });
});
