// Every server of the stand-in by its name, which is the first segment of its paths. What has no such name is Entra's.

/** @import { Server } from "../server.mjs" */

import { entra } from "../entra/server.mjs";
import { auth0 } from "./auth0.mjs";
import { basic } from "./basic.mjs";
import { cognito, cognitoPool } from "./cognito.mjs";
import { github } from "./github.mjs";
import { google } from "./google.mjs";
import { keycloak } from "./keycloak.mjs";
import { okta } from "./okta.mjs";
import { paypal } from "./paypal.mjs";
import { resource } from "./resource.mjs";
import { salesforce } from "./salesforce.mjs";
import { twitch } from "./twitch.mjs";
import { zitadel } from "./zitadel.mjs";
import { zoom } from "./zoom.mjs";

/** @type {Record<string, Server>} */
const SERVERS = {
  auth0,
  basic,
  cognito,
  "cognito-idp": cognitoPool,
  github,
  google,
  keycloak,
  okta,
  paypal,
  resource,
  salesforce,
  twitch,
  zitadel,
  zoom,
};

/**
 * The server of a path, and the rest of the path. RFC 8414 §3.1 and RFC 9728 §3.1 put the well-known part first.
 * @param {string} path
 * @returns {{ server: Server, name?: string, path: string }}
 */
export function find(path) {
  const [, wellKnown = "", name = "", rest = ""] = /^(\/\.well-known\/[^/]+)?\/([^/]+)(.*)$/.exec(path) ?? [];
  const server = Object.hasOwn(SERVERS, name) ? SERVERS[name] : undefined;
  return server ? { server, name, path: wellKnown + rest } : { server: entra, path };
}
