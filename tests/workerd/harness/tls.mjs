// TLS for brokers under test and for servers beside them: one certificate authority for each process of tests.

import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import tls from "node:tls";

import { issue, newCa } from "../../../stand-in/ca.mjs";

/** @typedef {ReturnType<typeof makeTrusted>} LocalCa */

/** @type {LocalCa | undefined} */
let made;

/** The authority. From its first use on this process trusts it as well, for `fetch` too. */
export const localCa = () => (made ??= makeTrusted());

function makeTrusted() {
  const ca = newCa();
  const folder = mkdtempSync(join(tmpdir(), "edge-token-broker-ca-"));
  process.once("exit", () => rmSync(folder, { recursive: true, force: true }));
  const file = join(folder, "ca.pem");
  writeFileSync(file, ca.certificate);
  trust(ca.certificate);
  return {
    /** Its certificate. */
    certificate: ca.certificate,
    /** The path of its certificate, for child processes. */
    file,
    /** The environment in which Node.js, Python's libraries, and OpenSSL and Go trust it. */
    env: { NODE_EXTRA_CA_CERTS: file, REQUESTS_CA_BUNDLE: file, SSL_CERT_FILE: file },
    /** Key and certificate of a server on this machine, for `localhost` and the loopback addresses. */
    pair: issue(ca),
  };
}

/**
 * The tests run on the project's Node.js, which has these functions. The types are those of an older one.
 * @param {string} certificate
 */
function trust(certificate) {
  const { getCACertificates, setDefaultCACertificates } = /** @type {any} */ (tls);
  setDefaultCACertificates([...getCACertificates(), certificate]);
}
