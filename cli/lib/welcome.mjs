// What `npm start` prints: lines that get a token.

/** @import { Local } from "./local.mjs" */

/**
 * @param {string} origin
 * @param {Local} local
 * @param {string} scope
 */
export function welcome(origin, { authority, clientId, clientKey, tenant, credentials, tls }, scope) {
  const curl = tls ? `curl --cacert '${tls.file}'` : "curl";
  return `
The broker answers at ${origin}. Its tokens come from ${authority}.
Ctrl-C stops it. Paste one of these into another terminal, twice: Cache-Status says where the token came from.

${curl} -i -G '${origin}/token' --header 'Authorization: Bearer ${clientKey}' --data-urlencode 'scope=${scope}'

${curl} -i --location --request POST '${origin}/${tenant}/oauth2/v2.0/token' \\
--header 'Content-Type: application/x-www-form-urlencoded' \\
--data-urlencode 'client_id=${clientId}' \\
--data-urlencode 'client_secret=${clientKey}' \\
--data-urlencode 'scope=${scope}' \\
--data-urlencode 'grant_type=client_credentials'
${tls ? libraries(origin, tls.file, clientId, clientKey) : ""}${others(curl, origin, clientKey, credentials)}`;
}

/**
 * The environment of client libraries (docs/callers.md).
 * @param {string} origin
 * @param {string} ca
 * @param {string} id
 * @param {string} key
 */
function libraries(origin, ca, id, key) {
  return `
For a client library (docs/callers.md of the project), first trust the certificate: in Node.js; in Python's requests, azure-identity
and msal; in OpenSSL and Go. Use a terminal of its own: REQUESTS_CA_BUNDLE and SSL_CERT_FILE take the place of the
usual list of authorities, so these programs trust no other server there.

export NODE_EXTRA_CA_CERTS='${ca}'
export REQUESTS_CA_BUNDLE='${ca}'
export SSL_CERT_FILE='${ca}'

Then the broker is a managed identity:

export IDENTITY_ENDPOINT='${origin}/msi/token'
export IDENTITY_HEADER='${key}'
export AZURE_TOKEN_CREDENTIALS=ManagedIdentityCredential

Or it is the authority, in another such terminal:

export AZURE_AUTHORITY_HOST='${origin}'
export AZURE_TENANT_ID=default
export AZURE_CLIENT_ID='${id}'
export AZURE_CLIENT_SECRET='${key}'
`;
}

/**
 * One line for each other kind of credential.
 * @param {string} curl
 * @param {string} origin
 * @param {string} key
 * @param {string[]} credentials
 */
function others(curl, origin, key, credentials) {
  if (credentials.length === 0) return "";
  const lines = credentials.map(
    (name) => `${curl} -G ${origin}/token -H 'Authorization: Bearer ${key}' --data-urlencode credential=${name}\n`,
  );
  return `\nThe same for other kinds of credentials and of authorization servers:\n\n${lines.join("")}`;
}
