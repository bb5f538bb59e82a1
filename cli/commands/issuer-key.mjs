// Makes the key by which the broker signs as its own OpenID provider, and says what to do with it.

/** @import { Place } from "../lib/configured.mjs" */

import { writeFile } from "node:fs/promises";

import { command } from "../lib/command.mjs";
import { configurationHelp, configurationOptions, credentialsOf, readConfigured } from "../lib/configured.mjs";
import { newIssuerKey } from "../lib/issuer-key.mjs";
import { printResult } from "../lib/result.mjs";
import { Failure, codeOf, say } from "../lib/run.mjs";

const USUAL_AUDIENCE = "api://AzureADTokenExchange";

export default command({
  name: "issuer-key",
  usage: "[--rotate] [--out FILE] [--config FILE] [--env ENVIRONMENT] [--local] [--json]",
  help: `
Makes the key that signs for federated credentials (ISSUER_KEY), and says what to set at Entra. It changes nothing else.

  --rotate   the next key, and the steps of a rotation in which nothing breaks
  --out FILE writes the key to a new file that only you can read, and shows no key
  --json     prints one line of JSON: { "kid", "pem" or "file", "trust": [{ "credential", "client_id", "issuer", "subject",
             "audience" }] }
${configurationHelp}

Exit codes: 0 made; 1 failed; 2 the arguments are wrong.`,
  options: {
    rotate: { type: "boolean", default: false },
    out: { type: "string" },
    json: { type: "boolean", default: false },
    ...configurationOptions,
  },
  async run({ rotate, out, json, ...place }) {
    const { issuer, credentials } = rotate ? { issuer: "", credentials: [] } : await federated(place);
    const { pem, kid } = newIssuerKey();
    if (out) await writeKey(out, pem);
    const file = out ?? "FILE";
    const made = out
      ? `The key is in ${out}, which only you can read. Keep it in a safe: a Worker's secret cannot be read back.`
      : `The key. It is shown once: put it into FILE and into a safe, as a Worker's secret cannot be read back.\n\n${pem}`;
    const steps = rotate
      ? rotation(file, kid, place)
      : `${firstKey(file, place)}${whatToTrust(issuer || "https://YOUR-BROKER", credentials)}`;
    const trust = credentials.map(({ name, clientId, subject, audience }) => ({
      credential: name,
      client_id: clientId,
      issuer: issuer || null,
      subject,
      audience,
    }));
    const result = { kid, ...(out ? { file: out } : { pem }), trust };
    printResult(json, result, `${made.trimEnd()}\n\nIts kid: ${kid}\n\n${steps}`);
  },
});

/**
 * @param {string} file
 * @param {string} pem
 */
async function writeKey(file, pem) {
  try {
    await writeFile(file, pem, { mode: 0o600, flag: "wx" });
  } catch (error) {
    const why = codeOf(error) === "EEXIST" ? "it exists already, and no key is overwritten" : codeOf(error);
    throw new Failure(`Cannot write ${file}: ${why}.`);
  }
}

/** @param {Place} place */
function environment({ env }) {
  return env ? ` --env ${env}` : "";
}

/**
 * @param {string} file
 * @param {Place} place
 */
function firstKey(file, place) {
  return `1. Store it: npx wrangler secret put ISSUER_KEY${environment(place)} < ${file}
2. In wrangler.toml, ISSUER is the public https origin of the broker, without a slash at the end. Then: npm run deploy
`;
}

/**
 * Each step is one deployment, and each understands the one before.
 * @param {string} file
 * @param {string} kid
 * @param {Place} place
 */
function rotation(file, kid, place) {
  const put = (/** @type {string} */ name) => `npx wrangler secret put ${name}${environment(place)}`;
  const remove = (/** @type {string} */ name) => `npx wrangler secret delete ${name}${environment(place)}`;
  return `The steps of a rotation in which nothing breaks:

1. Publish it: ${put("ISSUER_KEY_NEXT")} < ${file}
2. Wait for an hour at least, better for a day: servers keep copies of the public keys.
   ISSUER/.well-known/jwks.json has to list ${kid}.
3. Keep the key that signs now published: ${put("ISSUER_KEY_PREVIOUS")} < ITS-FILE
4. Sign with the new one: ${put("ISSUER_KEY")} < ${file}
5. After an hour at least, when the last JWTs of the old key have expired and no version of the broker has it:
   ${remove("ISSUER_KEY_NEXT")}
   ${remove("ISSUER_KEY_PREVIOUS")}

If the old key leaked, leave out steps 2 and 3. Servers take the old key until they read the public keys again. To end
that at once, give the federated credentials other subjects, there and in wrangler.toml.
`;
}

/** In place of a credential that is not configured yet. */
const example = { name: "NAME", clientId: "CLIENT_ID", subject: "SUBJECT", audience: USUAL_AUDIENCE };

/**
 * What an application has to trust, for each federated credential.
 * @param {string} issuer
 * @param {(typeof example)[]} credentials
 */
function whatToTrust(issuer, credentials) {
  const paste = (credentials.length > 0 ? credentials : [example]).map(({ name, clientId, subject, audience }) => {
    // In a text of the shell, a ' would end it.
    const parameters = JSON.stringify({ name: "edge-token-broker", issuer, subject, audiences: [audience] });
    return `Credential ${name}: application ${clientId} has to trust, to the letter

   issuer:   ${issuer}
   subject:  ${subject}
   audience: ${audience}

In the portal: App registrations, the application, Certificates & secrets, Federated credentials, Add credential,
Other issuer. Or:

az ad app federated-credential create --id '${quoted(clientId)}' --parameters '${quoted(parameters)}'`;
  });
  return `3. Let the application trust the broker.\n\n${paste.join("\n\n")}`;
}

/** @param {string} text */
function quoted(text) {
  return text.replaceAll("'", `'\\''`);
}

/**
 * The issuer and the federated credentials of the configuration; without an issuer it is empty.
 * @param {Place} place
 */
async function federated(place) {
  const vars = await read(place);
  const issuer = typeof vars.ISSUER === "string" && vars.ISSUER ? vars.ISSUER : "";
  const credentials = Object.entries(credentialsOf(vars)).flatMap(([name, value]) => {
    const { client_id: clientId, federated } = Object(value);
    if (!federated) return [];
    const { subject = "SUBJECT", audience = USUAL_AUDIENCE } = federated;
    return [{ name, clientId: String(clientId), subject: String(subject), audience: String(audience) }];
  });
  return { issuer, credentials };
}

/**
 * A first key may come before the configuration.
 * @param {Place} place
 */
async function read(place) {
  try {
    return await readConfigured(place);
  } catch (error) {
    if (!(error instanceof Failure) || place.config || place.env) throw error;
    say("issuer-key: wrangler.toml cannot be read, so the text below has placeholders");
    return {};
  }
}
