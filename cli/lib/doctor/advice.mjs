// What to do about an error of a token request (README, What an error means).

/** @import { Wanted } from "./token.mjs" */

import { called } from "../command.mjs";
import { logOf } from "./broker.mjs";
import { isJwt } from "./jwt-form.mjs";
import { plain } from "./plain.mjs";

/** @typedef {{ status: number, error: string, headers: Headers, json: unknown, description: string }} Refusal */

/** @type {Record<number, string>} AADSTS number → what to do. */
const aadsts = {
  7000215: "The client secret is wrong: `npx wrangler secret put AZ_CLIENT_SECRET` with its value, not its id.",
  7000222: "The client secret has expired: make one in Entra, then `npx wrangler secret put AZ_CLIENT_SECRET`.",
  700016: "The application is not in that tenant: correct AZ_CLIENT_ID or AZ_TENANT.",
  90002: "There is no such tenant: correct AZ_TENANT.",
  7000229: "The application has no service principal in the tenant: an administrator has to consent to it.",
  50105: "The application is not assigned to the resource: give it an app role there.",
  501051: "The application is not assigned to the resource: give it an app role there.",
  53003: "A Conditional Access policy for workload identities blocks the application.",
  530032: "A security policy of the tenant blocks the application.",
};

/**
 * @param {Refusal} refusal
 * @param {Wanted} wanted
 */
export function adviceOn(refusal, wanted) {
  return [advice(refusal, wanted), logOf(refusal.headers.get("x-request-id") ?? "")].filter(Boolean).join("\n");
}

/**
 * @param {Refusal} refusal
 * @param {Wanted} wanted
 */
function advice({ status, error, headers, json, description }, { key, scope, credential }) {
  const retryAfter = headers.get("retry-after");
  const numbers = /** @type {unknown[]} */ ([Object(json).error_codes ?? []].flat()).map(Number);
  const wait = retryAfter === null ? "later" : `in ${plain(retryAfter)} s`;
  switch (error) {
    case "invalid_client":
    case "invalid_token":
      if (isJwt(key))
        return "The proof is a JWT: the description says what is wrong with it (docs/operations.md of the project, When tokens fail).";
      return `Whose key is it? ${called("new-client")} NAME --verify < KEY-FILE\nThe secret of the application is not involved. A new client counts after a deploy.`;
    case "invalid_request":
      return /scope/.test(description) ? `Name one: --scope SCOPE. ${explained(scope, credential)}` : "";
    case "invalid_scope":
    case "insufficient_scope":
    case "unauthorized_client":
      if (numbers.length > 0) return `Correct the scope in the grant: it ends in /.default. ${lookUp(numbers)}`;
      return `Add the grant, or name another one by --scope and --credential. ${explained(scope, credential)}`;
    case "server_error":
      if (numbers.length > 0) return forNumbers(numbers, credential);
      if (retryAfter !== null) return `Run this again ${wait}. If it stays, check AZ_AUTHORITY_HOST and AZ_TENANT.`;
      return "Correct the credential: the description says what is wrong with it. The client key is fine.";
    case "slow_down":
      return `Too many requests, or too many that failed: run this again ${wait}.`;
    case "temporarily_unavailable":
      return `Run this again ${wait}. If it stays: \`npx wrangler tail\` has the outcome and the reason.`;
    default:
      return status === 404 ? "Check the URL: with BASE_PATH, the path belongs to it." : "";
  }
}

/**
 * @param {string | undefined} scope
 * @param {string | undefined} credential
 */
function explained(scope, credential) {
  // Text of the command line goes into a line that a person pastes.
  const args = [scope && `--scope ${quoted(scope)}`, credential && `--credential ${quoted(credential)}`];
  return `Who may get what: ${[called("explain"), ...args.filter(Boolean)].join(" ")}`;
}

/** @param {string} text */
const quoted = (text) => (/^[\w.:/-]+$/.test(text) ? text : `'${plain(text).replaceAll("'", `'\\''`)}'`);

/**
 * @param {number[]} numbers
 * @param {string | undefined} credential
 */
function forNumbers(numbers, credential = "default") {
  const known = numbers.map((number) => aadsts[number]).find(Boolean) ?? "";
  if (!known) return lookUp(numbers);
  return credential === "default"
    ? known
    : `${known} These are the names of the default credential; use those of yours.`;
}

/** @param {number[]} numbers */
const lookUp = ([number]) => `Look it up: https://login.microsoftonline.com/error?code=${number}`;
