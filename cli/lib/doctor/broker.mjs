// The broker at a URL: whether it is one, whether it is ready, and whether the clocks agree.

/** @import { Reply } from "./ask.mjs" */
/** @import { Check } from "./check.mjs" */

import { randomUUID } from "node:crypto";
import { isDeepStrictEqual } from "node:util";

import { called } from "../command.mjs";
import { ask, NoAnswer } from "./ask.mjs";
import { fail, ok, skip, warn } from "./check.mjs";
import { plain } from "./plain.mjs";

const SKEW_LIMIT_S = 30;
/** `Date` has whole seconds, cut off. */
const DATE_RESOLUTION_S = 1;

/**
 * Returns whether the broker is ready.
 * @param {string} base
 * @param {number} timeoutMs
 * @returns {AsyncGenerator<Check, boolean>}
 */
export async function* broker(base, timeoutMs) {
  try {
    const id = randomUUID();
    const health = await ask(`${base}/healthz`, timeoutMs, { "x-request-id": id });
    const stranger = strangerAt(base, health, id);
    if (stranger) {
      yield stranger;
      yield* unseen("it is no broker");
      return false;
    }
    yield ok("broker", `an edge-token-broker answers at ${base} (${Math.round(health.tookMs)} ms)`);
    const ready = readiness(await ask(`${base}/readyz`, timeoutMs, { "x-request-id": randomUUID() }));
    yield ready;
    yield clock(health);
    if (ready.level === "ok") return true;
    yield skip("token", seen.token, "the broker is not ready");
    return false;
  } catch (error) {
    if (!(error instanceof NoAnswer)) throw error;
    yield fail("broker", error.message, error.toDo);
    yield* unseen("there is no answer");
    return false;
  }
}

/** What a broker that answers shows. */
const seen = { ready: "readiness is", clock: "the clock is", token: "a token is" };

/** @param {string} why */
export function* unseen(why) {
  for (const [name, what] of Object.entries(seen)) yield skip(name, what, why);
}

/**
 * What else answers there. A broker says the same in every version, and repeats the id of the request.
 * @param {string} base
 * @param {Reply} reply
 * @param {string} id
 */
function strangerAt(base, { status, headers, text, json }, id) {
  const isOurs = headers.get("x-request-id") === id;
  if (status === 200 && isDeepStrictEqual(json, { status: "ok" }) && isOurs) return undefined;
  /** @param {string} message @param {string} toDo */
  const stranger = (message, toDo) => fail("broker", `${base} is no edge-token-broker: ${message}`, toDo);
  if (status === 404 && isOurs)
    return fail(
      "broker",
      `an edge-token-broker answers at ${new URL(base).host}, but not under this path`,
      "Add the BASE_PATH of its configuration to the URL, or remove the path if it has none.",
    );
  const location = headers.get("location");
  if (status >= 300 && status < 400 && location !== null) {
    const host = hostOf(location, base);
    if (host.endsWith(".cloudflareaccess.com"))
      return stranger(
        "Cloudflare Access asks for a sign-in first",
        "Let /healthz, /readyz and /token pass in Access (an application with a Bypass policy for them).",
      );
    return stranger(`it redirects to ${host}`, "Give the URL to which it leads, if that is the broker.");
  }
  const number = /error code: (\d{3,4})/i.exec(text)?.[1];
  if (number === "1101")
    return stranger("the Worker there throws an exception", "Read it while you ask again: npx wrangler tail");
  if (number !== undefined)
    return stranger(
      `Cloudflare answers with error ${number}`,
      `See https://developers.cloudflare.com/support/troubleshooting/http-status-codes/cloudflare-1xxx-errors/`,
    );
  const type = plain(headers.get("content-type") ?? "no content type").split(";")[0];
  return stranger(
    `/healthz answers ${status}, ${type}`,
    "Check the URL: it is the one that `npx wrangler deploy` printed, with BASE_PATH if that is set.",
  );
}

/**
 * @param {string} location
 * @param {string} base
 */
function hostOf(location, base) {
  return URL.canParse(location, base) ? new URL(location, base).host : "another place";
}

/** @param {Reply} reply */
function readiness({ status, headers, json }) {
  const name = "ready";
  if (status === 200) return ok(name, "it is ready: its configuration has no fault");
  const id = headers.get("x-request-id") ?? "";
  const why = plain(String(Object(json).error_description ?? `status ${status}`));
  if (/Secrets Store/.test(why))
    return fail(
      name,
      `it is not ready: ${why}`,
      `Check that the store has each secret that [[secrets_store_secrets]] names. The log has the bindings.\n${logOf(id)}`,
    );
  return fail(
    name,
    `it is not ready (${status}): ${why}`,
    `Run \`npx wrangler tail\` and ask again: the log names the field.\n\`${called("explain")}\` lists the faults of wrangler.toml. Or a secret is missing: npx wrangler secret list\n${logOf(id)}`,
  );
}

/** @param {string} id */
export const logOf = (id) => (id ? `Its line in the log has request_id ${plain(id)}.` : "");

/**
 * Compares `Date` with the middle of the round trip. The clock of Cloudflare is right, and the tokens' own instants are
 * of a third clock, so they say nothing about these two.
 * @param {Reply} reply
 */
function clock({ headers, sentAt, tookMs }) {
  const name = "clock";
  const date = Date.parse(headers.get("date") ?? "");
  if (Number.isNaN(date)) return skip(name, "the clock is", "the answer has no Date, as of a broker on this machine");
  const skewS = (sentAt + tookMs / 2 - date) / 1000 - DATE_RESOLUTION_S / 2;
  const uncertaintyS = tookMs / 2000 + DATE_RESOLUTION_S / 2;
  const shown = `${Math.abs(skewS).toFixed(1)} s (± ${uncertaintyS.toFixed(1)} s)`;
  if (Math.abs(skewS) - uncertaintyS <= SKEW_LIMIT_S) return ok(name, `the clocks agree: ${shown} between them`);
  return warn(
    name,
    `this machine's clock is ${shown} ${skewS > 0 ? "ahead of" : "behind"} the broker's`,
    "Set this machine's clock (NTP). Programs here take tokens as expired too early or too late, and JWTs that they sign are refused.",
  );
}
