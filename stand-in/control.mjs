// Drives the stand-in over HTTP, for a person.

/** @import { ServerResponse } from "node:http" */
/** @import { Behaviour } from "./behaviours.mjs" */
/** @import { Received } from "./authority.mjs" */

/**
 * @typedef {object} Driven
 * @property {Received[]} requests
 * @property {(...behaviours: Behaviour[]) => void} next
 * @property {(behaviour: Behaviour | null) => void} always
 * @property {() => void} behave
 */

/**
 * Answers a request to /stand-in/.
 * @param {Driven} authority
 * @param {string} method
 * @param {URL} url
 * @param {string} body
 * @param {ServerResponse} response
 */
export function control(authority, method, url, body, response) {
  const route = `${method} ${url.pathname}`;
  if (route === "GET /stand-in/requests") return response.end(`${JSON.stringify(seen(authority), null, 2)}\n`);
  try {
    if (route === "DELETE /stand-in/behaviour") {
      authority.behave();
    } else if (route === "PUT /stand-in/behaviour") {
      const behaviour = JSON.parse(body);
      if (url.searchParams.has("always")) authority.always(behaviour);
      else authority.next(behaviour);
    } else {
      response.statusCode = 404;
      return response.end("PUT or DELETE /stand-in/behaviour, GET /stand-in/requests\n");
    }
  } catch (error) {
    response.statusCode = 400;
    return response.end(`${error instanceof Error ? error.message : error}\n`);
  }
  return response.end("ok\n");
}

/** What came in, without secrets. @param {Driven} authority */
function seen({ requests }) {
  return requests.map(({ time, method, path, params }) => ({
    time: new Date(time).toISOString(),
    method,
    path,
    client_id: params.client_id,
    scope: params.scope,
  }));
}
