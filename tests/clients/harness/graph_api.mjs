// Microsoft Graph, as much of it as the tests of the proxy need: people in pages and one who changes, a message to send, a drive item whose
// content is at a URL that opens by itself. Its links name graph.microsoft.com, whatever host a request was sent to.

/** @import { Answer, Kind, Received } from "./service.mjs" */

const GRAPH = "https://graph.microsoft.com/v1.0";
const PEOPLE = ["Ada Lovelace", "Grace Hopper", "Katherine Johnson"];
const PER_PAGE = 2;

/** @returns {Kind} */
export function graph() {
  return {
    answer: (received) => ({
      ...routed(received),
      headers: { "request-id": crypto.randomUUID(), ...routed(received).headers },
    }),
    unauthorized: {
      ...failure(401, "InvalidAuthenticationToken", "Access token validation failure."),
      headers: {
        "WWW-Authenticate":
          'Bearer realm="", authorization_uri="https://login.microsoftonline.com/common/oauth2/authorize"',
      },
    },
  };
}

/** @type {(status: number, code: string, message: string) => Answer} */
const failure = (status, code, message) => ({ status, body: { error: { code, message } } });

/** @param {Received} received @returns {Answer} */
function routed({ method, path, query }) {
  if (method === "GET" && path === "/v1.0/users") return people(Number(query.get("$skiptoken") ?? 0));
  if (method === "POST" && /^\/v1\.0\/users\/[^/]+\/sendMail$/.test(path)) return { status: 202 };
  if (method === "PATCH" && path.startsWith("/v1.0/users/")) return { status: 204, headers: { ETag: 'W/"2"' } };
  if (method === "GET" && path === "/v1.0/users/throttled")
    return { ...failure(429, "TooManyRequests", "Please retry after."), headers: { "Retry-After": "10" } };
  if (method === "GET" && path.endsWith("/content"))
    return { status: 302, headers: { Location: "https://contoso.sharepoint.com/download?tempauth=PRE-AUTHENTICATED" } };
  return failure(404, "Request_ResourceNotFound", `Resource '${path.split("/").at(-1)}' does not exist.`);
}

/** @param {number} from @returns {Answer} */
function people(from) {
  const value = PEOPLE.slice(from, from + PER_PAGE).map((displayName) => ({ displayName }));
  const next = from + PER_PAGE;
  const link =
    next < PEOPLE.length ? { "@odata.nextLink": `${GRAPH}/users?$select=displayName&$skiptoken=${next}` } : {};
  return { body: { "@odata.context": `${GRAPH}/$metadata#users(displayName)`, ...link, value } };
}
