// GitHub, for the installations of an app: an API, with nothing of OAuth.

/** @import { Answer, App, Asked, Installation, Server } from "../server.mjs" */

import { keyOf } from "../clients.mjs";
import { JwtFlaw, decode, now, verify } from "../jwt.mjs";
import { Refusal, newJwt } from "../server.mjs";

const PATH = /^\/app\/installations\/(?<id>[^/]+)\/access_tokens$/;
const LIFETIME = 3600;
const JWT_LIFETIME = 600;
const DOCS = "https://docs.github.com/rest";

/** @type {Server} */
export const github = {
  async answer(asked) {
    const id = PATH.exec(asked.path)?.groups?.id;
    if (id === undefined || asked.method !== "POST") return id === undefined ? undefined : failure(404, "Not Found");
    if (!asked.headers["user-agent"]) return { status: 403, headers: { "Content-Type": "text/html" }, body: NO_AGENT };
    const app = await appOf(asked);
    const installation = app.installations?.[id];
    if (!installation) return failure(404, "Not Found");
    const narrowed = narrow(installation, asked.body);
    const token = `ghs_${app.appId ?? app.clientId}_${newJwt({ sub: id }, LIFETIME)}`;
    const expires = new Date((now() + LIFETIME) * 1000).toISOString().replace(/\.\d+Z$/, "Z");
    return { status: 201, body: { token, expires_at: expires, ...narrowed }, token };
  },
  refusal: (code) => failure(typeof code === "number" ? code : 401, "Bad credentials"),
  throttled: (seconds) => ({
    ...failure(403, "API rate limit exceeded for installation ID 1."),
    headers: {
      "x-ratelimit-limit": "5000",
      "x-ratelimit-remaining": "0",
      "x-ratelimit-reset": String(now() + seconds),
    },
  }),
  failure: '{"message":"Server Error"}',
};

const NO_AGENT =
  "Request forbidden by administrative rules. Please make sure your request has a User-Agent header (https://docs.github.com/en/rest/overview/resources-in-the-rest-api#user-agent-required). Check https://developer.github.com for other possible causes.";

/**
 * @param {number} status
 * @param {string} message
 * @returns {Answer}
 */
const failure = (status, message) => ({
  status,
  body: { message, documentation_url: DOCS, status: String(status) },
});

/**
 * The app whose JWT the request bears.
 * @param {Asked} asked
 * @returns {Promise<App>}
 */
async function appOf({ headers, apps }) {
  const [scheme = "", jwt = ""] = (headers.authorization ?? "").split(" ");
  if (scheme.toLowerCase() !== "bearer") throw new Refusal(failure(401, "Requires authentication"));
  try {
    const { claims } = decode(jwt);
    const app = apps.find(({ clientId, appId }) => claims.iss !== undefined && [clientId, appId].includes(claims.iss));
    if (!app) throw new Refusal(failure(404, "Integration not found"));
    if (!Number.isInteger(claims.iat) || Number(claims.iat) > now()) throw new JwtFlaw("claim", "iat");
    await verify(jwt, keyOf(app, undefined), { algorithms: ["RS256"], lifetime: JWT_LIFETIME });
    return app;
  } catch (error) {
    if (!(error instanceof JwtFlaw)) throw error;
    throw new Refusal(failure(401, WORDS[error.flaw] ?? "A JSON web token could not be decoded"));
  }
}

/** @type {Partial<Record<import("../jwt.mjs").Flaw, string>>} */
const WORDS = {
  expired:
    "'Expiration time' claim ('exp') must be a numeric value representing the future time at which the assertion expires",
  lifetime: "'Expiration time' claim ('exp') is too far in the future",
  claim: "'Issued at' claim ('iat') must be an Integer representing the time that the assertion was issued",
};

/**
 * What the body asks for, or all that the installation has.
 * @param {Installation} installation
 * @param {string} body
 */
function narrow({ repositories, permissions }, body) {
  const asked = body === "" ? {} : parsed(body);
  const { repositories: names, permissions: wanted = permissions } = asked;
  if (names?.some((name) => !repositories.includes(name))) throw new Refusal(failure(422, NO_REPOSITORY));
  if (Object.entries(wanted).some(([name, level]) => !covers(permissions[name], level))) {
    throw new Refusal(failure(422, "The permissions requested are not granted to this installation."));
  }
  return {
    permissions: wanted,
    repository_selection: names ? "selected" : "all",
    ...(names && {
      repositories: names.map((name, index) => ({ id: index + 1, name, full_name: `octo-org/${name}` })),
    }),
  };
}

const NO_REPOSITORY =
  "There is at least one repository that does not exist or is not accessible to the parent installation.";

/**
 * @param {string | undefined} granted
 * @param {string} wanted
 */
const covers = (granted, wanted) =>
  granted === wanted || granted === "admin" || (granted === "write" && wanted === "read");

/**
 * @param {string} body
 * @returns {{ repositories?: string[], permissions?: Record<string, string> }}
 */
function parsed(body) {
  try {
    return { ...JSON.parse(body) };
  } catch {
    throw new Refusal(failure(400, "Problems parsing JSON"));
  }
}
