// Calls by RPC: arguments into text, and text into results and errors. What decides is in the wasm.

import { CALL_MEMBERS_MAX, REQUEST_BODY_MAX } from "./limits.mjs";
import { BROKEN, requestIdOf } from "./response.mjs";

/** In place of the request of a call: it has no headers, and no connection. */
export const NO_REQUEST = { headers: new Map() };

/**
 * The members of an argument, as JSON text; `null` if it is no plain object. A value that JSON has no form for becomes an
 * object. It reads plain values only: a function of another Worker is a stub, and to touch it would call that Worker.
 *
 * @param {unknown} argument
 */
export function textOf(argument) {
  if (typeof argument !== "object" || argument === null || !isPlain(argument)) return "null";
  // Those beyond are not needed to see that one of them is unknown.
  const members = Object.entries(argument).filter(([, value]) => value !== undefined);
  const texts = members.slice(0, CALL_MEMBERS_MAX).map(([name, value]) => `${quoted(name)}:${valueOf(value)}`);
  return `{${texts.join()}}`;
}

/** @param {object} value */
function isPlain(value) {
  const prototype = Object.getPrototypeOf(value);
  return prototype === Object.prototype || prototype === null;
}

/** @param {unknown} value */
function valueOf(value) {
  if (typeof value === "string") return quoted(value);
  return typeof value === "number" || typeof value === "boolean" ? JSON.stringify(value) : "{}";
}

/**
 * A text of the caller's, and no more of it than the wasm needs to see that it is too long.
 *
 * @param {string} text
 */
function quoted(text) {
  return JSON.stringify(text.slice(0, REQUEST_BODY_MAX + 1).toWellFormed());
}

/**
 * The client id of the service binding, which the deployer of the calling Worker has written.
 *
 * @param {ExecutionContext} context
 */
export function clientOf(context) {
  const id = /** @type {{ client_id?: unknown } | undefined} */ (context.props)?.client_id;
  return typeof id === "string" ? id : undefined;
}

/**
 * The error when the wasm has stopped.
 *
 * @param {string} argument What `textOf` has made of the argument.
 * @param {string} fresh
 */
export function internalErrorOf(argument, fresh) {
  const given = JSON.parse(argument)?.requestId;
  const requestId = requestIdOf(typeof given === "string" ? given : "", fresh);
  return errorOf(JSON.stringify({ name: "server_error", message: BROKEN, status: 500, requestId }));
}

/** @param {string} json */
export function resultOf(json) {
  return JSON.parse(json);
}

/**
 * An error for the caller, which is not thrown here: the wasm calls this. Its `stack` says nothing of the broker.
 *
 * @param {string} json
 */
export function errorOf(json) {
  const members = JSON.parse(json);
  const error = Object.assign(new Error(members.message), members);
  error.stack = `${members.name}: ${members.message}`;
  return error;
}
