// Where the broker is, and where a key or a token may be sent.

/**
 * Whether nobody on the way can read what is sent: TLS, or this machine itself.
 * @param {URL} url
 */
export const isConfidential = ({ protocol, hostname }) =>
  protocol === "https:" || (protocol === "http:" && isLoopback(hostname));

/** @param {string} host As the URL parser writes it: an IPv4 address has four numbers. */
const isLoopback = (host) =>
  host === "localhost" || host.endsWith(".localhost") || host === "[::1]" || /^127(\.\d+){3}$/.test(host);

/**
 * The broker's URL, which ends in a slash. An error never shows what was given: it may have a key in it.
 * @param {unknown} endpoint
 */
export function baseOf(endpoint) {
  const text = endpoint instanceof URL ? endpoint.href : endpoint;
  if (typeof text !== "string" || text === "")
    throw new TypeError("endpoint is missing: set it to the URL of the broker, such as https://broker.example");
  const url = URL.canParse(text) ? new URL(text) : undefined;
  if (!url) throw new TypeError("endpoint is no URL: set it to the URL of the broker, such as https://broker.example");
  if (!isConfidential(url))
    throw new TypeError("endpoint must be an https URL (http for loopback hosts only): others could read the key");
  if (url.username || url.password || url.search || url.hash)
    throw new TypeError(
      "endpoint must have no user, no query and no fragment: only the origin, and a base path if there is one",
    );
  if (!url.pathname.endsWith("/")) url.pathname += "/";
  return url;
}
