// A storage account of Azure, as much of its blob service as the tests of the proxy need: containers, block blobs in one
// request or in blocks, properties, ranges, lists in pages, and its own errors.

/** @import { Answer, Kind, Received } from "./service.mjs" */

import { createHash } from "node:crypto";

/** The first version whose requests may have a bearer token. */
const OLDEST = "2017-11-09";
const PER_PAGE = 2;

/**
 * @typedef {object} Blob
 * @property {Buffer} content
 * @property {string} type
 * @property {string} etag
 * @property {Record<string, string>} metadata By the names of its header fields.
 */

/** @typedef {{ blobs: Map<string, Blob>, blocks: Map<string, Buffer> }} Container */

/**
 * @typedef {object} Asked
 * @property {Received} received
 * @property {Map<string, Container>} containers
 * @property {string} container
 * @property {string} blob
 * @property {string} operation The method, and what the query says of it.
 */

/** @returns {Kind} */
export function blobStorage() {
  /** @type {Map<string, Container>} */
  const containers = new Map();
  return {
    answer(received) {
      const [, container = "", blob = ""] = /^\/([^/]*)\/?(.*)$/.exec(decodeURIComponent(received.path)) ?? [];
      const { method, query, headers } = received;
      if (String(headers["x-ms-version"] ?? "") < OLDEST) return failure(400, "InvalidHeaderValue", "x-ms-version");
      const operation = [method, query.get("restype"), query.get("comp")].filter(Boolean).join(" ");
      const { headers: own, ...answer } = answerOf({ received, containers, container, blob, operation });
      return { ...answer, headers: { ...COMMON, "x-ms-client-request-id": id(received), ...own } };
    },
    unauthorized: {
      ...failure(401, "InvalidAuthenticationInfo", "Server failed to authenticate the request."),
      headers: {
        ...failure(401, "InvalidAuthenticationInfo", "").headers,
        "WWW-Authenticate":
          "Bearer authorization_uri=https://login.microsoftonline.com/62c7baea-80bd-4e6c-8f27-066f93d3eda1/oauth2/authorize resource_id=https://storage.azure.com",
      },
    },
  };
}

const COMMON = { "x-ms-version": "2026-10-06", "x-ms-request-id": "8a1f0e2c-001e-0000-0000-000000000000" };

/** @param {Received} received */
const id = ({ headers }) => String(headers["x-ms-client-request-id"] ?? "");

/** @param {Asked} asked @returns {Answer} */
function answerOf(asked) {
  const { container, blob, containers, operation } = asked;
  if (container === "")
    return operation === "GET list" ? listContainers(containers) : failure(400, "InvalidUri", "no container");
  const found = containers.get(container);
  if (blob === "") return containerAnswer(asked, found);
  if (!found) return failure(404, "ContainerNotFound", "The specified container does not exist.");
  return blobAnswer(asked, found);
}

/** @param {Map<string, Container>} containers @returns {Answer} */
const listContainers = (containers) =>
  list(
    "Containers",
    [...containers.keys()].map((name) => `<Container><Name>${name}</Name>${PROPERTIES}</Container>`),
    "",
  );

const PROPERTIES =
  "<Properties><Last-Modified>Fri, 27 Nov 2026 10:00:00 GMT</Last-Modified><Etag>0x1</Etag></Properties>";

/**
 * @param {string} element
 * @param {string[]} items
 * @param {string} next
 * @returns {Answer}
 */
function list(element, items, next) {
  const marker = next ? `<NextMarker>${next}</NextMarker>` : "<NextMarker />";
  const body = `<EnumerationResults ServiceEndpoint="https://account.blob.core.windows.net/"><${element}>${items.join("")}</${element}>${marker}</EnumerationResults>`;
  return { headers: { "Content-Type": "application/xml" }, body: XML + body };
}

const XML = '<?xml version="1.0" encoding="utf-8"?>';

/** @param {Asked} asked @param {Container | undefined} found @returns {Answer} */
function containerAnswer({ operation, containers, container, received: { query } }, found) {
  if (operation === "PUT container" && found) return failure(409, "ContainerAlreadyExists", "It exists.");
  if (operation === "PUT container") {
    containers.set(container, { blobs: new Map(), blocks: new Map() });
    return { status: 201, headers: version("container") };
  }
  if (!found) return failure(404, "ContainerNotFound", "The specified container does not exist.");
  if (operation === "GET container list") return listBlobs(found, query);
  return failure(405, "UnsupportedHttpVerb", operation);
}

/** @param {Container} container @param {URLSearchParams} query @returns {Answer} */
function listBlobs({ blobs }, query) {
  const prefix = query.get("prefix") ?? "";
  const names = [...blobs.keys()].filter((name) => name.startsWith(prefix)).sort();
  const from = Number(query.get("marker") ?? 0);
  const size = Number(query.get("maxresults") ?? PER_PAGE);
  const items = names.slice(from, from + size).map((name) => {
    const { content, type, etag } = /** @type {Blob} */ (blobs.get(name));
    const properties = `<Last-Modified>Fri, 27 Nov 2026 10:00:00 GMT</Last-Modified><Etag>${etag}</Etag><Content-Length>${content.length}</Content-Length><Content-Type>${type}</Content-Type><BlobType>BlockBlob</BlobType>`;
    return `<Blob><Name>${name.replaceAll("&", "&amp;")}</Name><Properties>${properties}</Properties></Blob>`;
  });
  return list("Blobs", items, names.length > from + size ? String(from + size) : "");
}

/** @param {Asked} asked @param {Container} container @returns {Answer} */
function blobAnswer({ operation, blob: name, received }, { blobs, blocks }) {
  const blob = blobs.get(name);
  const { headers, query, body } = received;
  switch (operation) {
    case "PUT block":
      blocks.set(`${name} ${query.get("blockid")}`, body);
      return { status: 201 };
    case "PUT blocklist": {
      const ids = [...String(body).matchAll(/<(?:Latest|Uncommitted)>([^<]+)</g)].map(([, block]) => block);
      return store(
        blobs,
        name,
        received,
        Buffer.concat(ids.map((block) => blocks.get(`${name} ${block}`) ?? Buffer.of())),
      );
    }
    case "PUT":
      if (blob && headers["if-none-match"] === "*")
        return failure(409, "BlobAlreadyExists", "The specified blob already exists.");
      return store(blobs, name, received, body);
    case "GET":
    case "HEAD":
      return blob ? content(blob, received) : failure(404, "BlobNotFound", "The specified blob does not exist.");
    case "DELETE":
      return blobs.delete(name) ? { status: 202 } : failure(404, "BlobNotFound", "The specified blob does not exist.");
    default:
      return failure(405, "UnsupportedHttpVerb", operation);
  }
}

/** @param {string | Buffer} of */
const version = (of) => ({
  ETag: `"0x${createHash("sha256").update(of).digest("hex").slice(0, 15).toUpperCase()}"`,
  "Last-Modified": "Fri, 27 Nov 2026 10:00:00 GMT",
});

/** @type {(blobs: Map<string, Blob>, name: string, received: Received, content: Buffer) => Answer} */
function store(blobs, name, { headers }, content) {
  const metadata = Object.entries(headers).filter(([field]) => field.startsWith("x-ms-meta-"));
  const type = String(headers["x-ms-blob-content-type"] ?? headers["content-type"] ?? "application/octet-stream");
  const { ETag: etag, ...modified } = version(content);
  blobs.set(name, {
    content,
    type,
    etag,
    metadata: /** @type {Record<string, string>} */ (Object.fromEntries(metadata)),
  });
  return { status: 201, headers: { ETag: etag, ...modified, "Content-MD5": md5(content) } };
}

/** @param {Buffer} content */
const md5 = (content) => createHash("md5").update(content).digest("base64");

/** @type {(blob: Blob, received: Received) => Answer} */
function content({ content: all, type, etag, metadata }, { method, headers }) {
  const [, first, last] = /^bytes=(\d+)-(\d*)$/.exec(String(headers["x-ms-range"] ?? headers.range ?? "")) ?? [];
  const from = Number(first ?? 0);
  const to = last ? Math.min(Number(last), all.length - 1) : all.length - 1;
  const part = all.subarray(from, to + 1);
  const { ["Last-Modified"]: modified } = version("");
  const fields = {
    "Content-Type": type,
    ETag: etag,
    "Last-Modified": modified,
    "x-ms-blob-type": "BlockBlob",
    "Accept-Ranges": "bytes",
    ...metadata,
  };
  if (method === "HEAD") return { headers: { ...fields, "Content-Length": all.length } };
  if (first === undefined) return { headers: { ...fields, "Content-MD5": md5(all) }, body: all };
  return { status: 206, headers: { ...fields, "Content-Range": `bytes ${from}-${to}/${all.length}` }, body: part };
}

/** @type {(status: number, code: string, message: string) => { status: number, headers: Record<string, string>, body: string }} */
function failure(status, code, message) {
  const body = `${XML}<Error><Code>${code}</Code><Message>${message}\nRequestId:8a1f0e2c</Message></Error>`;
  return { status, headers: { "Content-Type": "application/xml", "x-ms-error-code": code }, body };
}
