// A token of the broker at a URL, and what `Cache-Status` says of it. Neither the key nor the token is shown.

/** @import { Reply } from "./ask.mjs" */
/** @import { Check } from "./check.mjs" */

import { randomUUID } from "node:crypto";

import { Form, keyForm } from "../client-key.mjs";
import { called } from "../command.mjs";
import { adviceOn } from "./advice.mjs";
import { ask, NoAnswer } from "./ask.mjs";
import { cached } from "./cached.mjs";
import { fail, ok, skip } from "./check.mjs";
import { isJwt } from "./jwt-form.mjs";
import { plain } from "./plain.mjs";

/** @typedef {{ key: string, scope?: string | undefined, credential?: string | undefined }} Wanted */

/** What to do without a key. */
export const withoutKey = () =>
  skip(
    "token",
    "a token is",
    "there is no client key",
    `BROKER_KEY=… ${called("doctor")} --url …, or the key on standard input with --key -. \`${called("new-client")} NAME\` makes one.`,
  );

/**
 * Asks twice: the second answer says whether the first one was kept.
 * @param {string} base
 * @param {number} timeoutMs
 * @param {Wanted} wanted
 * @returns {AsyncGenerator<Check>}
 */
export async function* token(base, timeoutMs, wanted) {
  const malformed = formFault(wanted.key);
  if (malformed) return yield malformed;
  try {
    const first = await request(base, timeoutMs, wanted);
    const fault = refusal(first, wanted);
    if (fault) return yield fault;
    const { expires_in } = Object(first.json);
    yield ok("token", `a token comes${wanted.scope ? ` for ${plain(wanted.scope)}` : ""}, with ${expires_in} s left`);
    const second = await request(base, timeoutMs, wanted);
    yield refusal(second, wanted) ?? cached(first.headers.get("cache-status"), second.headers.get("cache-status"));
  } catch (error) {
    if (!(error instanceof NoAnswer)) throw error;
    yield fail("token", `a token request: ${error.message}`, error.toDo);
  }
}

/**
 * A fault that is seen without a request. A JWT is a proof as well.
 * @param {string} key
 */
function formFault(key) {
  if (isJwt(key)) return undefined;
  const { form, reason } = keyForm(key);
  if (form === Form.mistyped)
    return fail("token", "the client key is mistyped: its checksum is wrong", "Copy it again, whole. It was not sent.");
  if (form === Form.malformed)
    return fail("token", `the client key is malformed: ${reason}`, "Copy it again, whole. It was not sent.");
  return undefined;
}

/**
 * @param {string} base
 * @param {number} timeoutMs
 * @param {Wanted} wanted
 */
function request(base, timeoutMs, { key, scope, credential }) {
  const query = new URLSearchParams({ ...(scope && { scope }), ...(credential && { credential }) });
  const headers = { authorization: `Bearer ${key}`, "x-request-id": randomUUID() };
  return ask(`${base}/token?${query}`, timeoutMs, headers);
}

/**
 * @param {Reply} reply
 * @param {Wanted} wanted
 */
function refusal({ status, headers, json }, wanted) {
  const { access_token, expires_in, error, error_description } = Object(json);
  if (status === 200 && typeof access_token === "string" && Number.isInteger(expires_in)) return undefined;
  if (typeof error !== "string")
    return fail(
      "token",
      `the answer to a token request is none of a broker (status ${status})`,
      "Something between here and the broker answers or changes it: a proxy, a firewall, Cloudflare Access.",
    );
  const description = plain(String(error_description ?? ""), [wanted.key]);
  const message = `no token: ${status} ${plain(error, [wanted.key])}: ${description}`;
  return fail("token", message, adviceOn({ status, error, headers, json, description }, wanted));
}
