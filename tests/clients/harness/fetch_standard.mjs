// `fetch` of a page in a browser, over real HTTP: what the Fetch standard has a browser send before a request to another
// origin, and what of the answer it lets the page read (CORS protocol; the section numbers are those of the standard's
// headings "CORS check", "CORS-preflight fetch" and "CORS filtered response").

/** What needs no permission: methods, request headers, response headers. */
const SAFE_METHODS = ["GET", "HEAD", "POST"];
const SAFE_REQUEST = ["accept", "accept-language", "content-language"];
const SAFE_TYPES = ["application/x-www-form-urlencoded", "multipart/form-data", "text/plain"];
const SAFE_RESPONSE = [
  "cache-control",
  "content-language",
  "content-length",
  "content-type",
  "expires",
  "last-modified",
  "pragma",
];
/** Which no page can read. */
const FORBIDDEN_RESPONSE = ["set-cookie", "set-cookie2"];

/**
 * @typedef {object} Exchanged
 * @property {string} method
 * @property {string} url
 * @property {Headers} sent
 * @property {number} status
 * @property {Headers} headers
 * @property {string} text
 */

/**
 * @typedef {object} Profile What a browser has and sees.
 * @property {Record<string, string>} cookies By the origin that they are sent to.
 * @property {Exchanged[]} exchanged Everything that went over the network.
 */

/** What a page is told of any failure. */
const failure = () => new TypeError("Failed to fetch");

/**
 * `fetch` for the pages of an origin.
 * @param {string} page
 * @param {Profile} profile
 * @returns {(url: string, init?: RequestInit) => Promise<Response>}
 */
export function fetchOfPage(page, profile) {
  return async (target, init = {}) => {
    const url = new URL(target, page);
    const request = new Request(url, init);
    const isOwn = url.origin === page;
    const withCredentials = init.credentials === "include" || (isOwn && init.credentials !== "omit");
    if (!isOwn) await preflight(request, page, withCredentials, profile);
    const headers = new Headers(request.headers);
    if (!isOwn || !["GET", "HEAD"].includes(request.method)) headers.set("Origin", page);
    const cookie = profile.cookies[url.origin];
    if (withCredentials && cookie) headers.set("Cookie", cookie);
    const response = await send(request, headers, profile);
    if (isOwn) return response;
    if (response.status >= 300 && response.status < 400 && response.headers.has("location")) throw failure();
    return readable(response, page, withCredentials);
  };
}

/**
 * @param {Request} request
 * @param {Headers} headers
 * @param {Profile} profile
 */
async function send({ url, method, body }, headers, { exchanged }) {
  const content = body ? { body: await new Response(body).arrayBuffer() } : {};
  const response = await fetch(url, { method, headers, redirect: "manual", ...content });
  const bytes = await response.arrayBuffer();
  const { status, headers: got } = response;
  exchanged.push({ method, url, sent: headers, status, headers: got, text: Buffer.from(bytes).toString() });
  const hasBody = bytes.byteLength > 0 && ![204, 205, 304].includes(status);
  return new Response(hasBody ? bytes : null, { status, headers: got });
}

/** @param {Headers} headers The names of those that a page may not send unasked, as the preflight has them. */
const unsafeNames = (headers) =>
  [...headers]
    .filter(([name, value]) => {
      const type = value.split(";")[0]?.trim().toLowerCase() ?? "";
      return name === "content-type" ? !SAFE_TYPES.includes(type) : !SAFE_REQUEST.includes(name);
    })
    .map(([name]) => name)
    .sort();

/**
 * @param {Request} request
 * @param {string} page
 * @param {boolean} withCredentials
 * @param {Profile} profile
 */
async function preflight({ url, method, headers }, page, withCredentials, profile) {
  const names = unsafeNames(headers);
  if (SAFE_METHODS.includes(method) && names.length === 0) return;
  const asked = new Headers({ Accept: "*/*", "Access-Control-Request-Method": method, Origin: page });
  if (names.length > 0) asked.set("Access-Control-Request-Headers", names.join(","));
  const response = await send(new Request(url, { method: "OPTIONS" }), asked, profile);
  check(response, page, withCredentials);
  const methods = listed(response, "access-control-allow-methods");
  const permitted = listed(response, "access-control-allow-headers").map((name) => name.toLowerCase());
  const isAny = (/** @type {string[]} */ list) => !withCredentials && list.includes("*");
  const isGood =
    response.ok &&
    (SAFE_METHODS.includes(method) || methods.includes(method) || isAny(methods)) &&
    names.every((name) => permitted.includes(name) || (name !== "authorization" && isAny(permitted)));
  if (!isGood) throw failure();
}

/** @param {Response} response @param {string} name */
const listed = ({ headers }, name) =>
  (headers.get(name) ?? "")
    .split(",")
    .map((item) => item.trim())
    .filter(Boolean);

/**
 * The CORS check.
 * @param {Response} response
 * @param {string} page
 * @param {boolean} withCredentials
 */
function check({ headers }, page, withCredentials) {
  const origin = headers.get("access-control-allow-origin");
  const isGood = withCredentials
    ? origin === page && headers.get("access-control-allow-credentials") === "true"
    : origin === page || origin === "*";
  if (!isGood) throw failure();
}

/**
 * The answer as the page may read it.
 * @param {Response} response
 * @param {string} page
 * @param {boolean} withCredentials
 */
function readable(response, page, withCredentials) {
  check(response, page, withCredentials);
  const exposed = listed(response, "access-control-expose-headers").map((name) => name.toLowerCase());
  const isExposed = (/** @type {string} */ name) =>
    SAFE_RESPONSE.includes(name) || exposed.includes(name) || (!withCredentials && exposed.includes("*"));
  const headers = [...response.headers].filter(([name]) => isExposed(name) && !FORBIDDEN_RESPONSE.includes(name));
  return new Response(response.body, { status: response.status, headers });
}
