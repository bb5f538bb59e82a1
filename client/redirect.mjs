// What a redirect makes of a request (Fetch standard, HTTP-redirect fetch).

import { isWhole } from "./call.mjs";

/** @typedef {{ url: URL, method: string, headers: Headers, body: BodyInit | null | undefined }} Hop */

const STATUSES = [301, 302, 303, 307, 308];
/** The fields of a request that do not go to another origin, and those that describe a body. */
const OF_ORIGIN = ["authorization", "cookie", "host", "proxy-authorization"];
const OF_BODY = ["content-encoding", "content-language", "content-length", "content-location", "content-type"];

/**
 * Where an answer leads, if it is a redirect.
 * @param {Response} response
 * @param {URL} from
 */
export function targetOf({ status, type, headers }, from) {
  // What a browser shows of one.
  if (type === "opaqueredirect" && status === 0)
    throw new TypeError(
      'the API redirects, and this runtime does not show where to: set redirect to "error" or "manual"',
    );
  const location = headers.get("location");
  if (!STATUSES.includes(status) || location === null) return undefined;
  const target = URL.canParse(location, from.href) ? new URL(location, from.href) : undefined;
  if (!target || !/^https?:$/.test(target.protocol)) throw new TypeError("the API redirects to what is no http URL");
  return target;
}

/**
 * @param {Hop} hop
 * @param {URL} url
 * @param {number} status
 * @returns {Hop}
 */
export function redirected({ url: from, method, headers: before, body }, url, status) {
  const headers = new Headers(before);
  if (url.origin !== from.origin) for (const name of OF_ORIGIN) headers.delete(name);
  if (becomesGet(status, method)) {
    for (const name of OF_BODY) headers.delete(name);
    return { url, method: "GET", headers, body: undefined };
  }
  if (!isWhole(body)) throw new TypeError("the API redirects a request whose body cannot be sent again");
  return { url, method, headers, body };
}

/** @type {(status: number, method: string) => boolean} */
const becomesGet = (status, method) =>
  status === 303 ? !/^(?:get|head)$/i.test(method) : (status === 301 || status === 302) && /^post$/i.test(method);
