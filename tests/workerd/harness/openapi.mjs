// Holds answers of the broker against openapi.yaml.

/** @import { ValidateFunction } from "ajv/dist/2020.js" */

import { readFileSync } from "node:fs";

import { Ajv2020 } from "ajv/dist/2020.js";
import addFormats from "ajv-formats";
import { load } from "js-yaml";

const FILE = new URL("../../../openapi.yaml", import.meta.url);

/** What HTTP itself adds to an answer. */
const TRANSPORT = new Set(["content-type", "content-length", "transfer-encoding", "connection", "keep-alive", "date"]);

/** The media type of every answer. */
const JSON_TYPE = "application/json";

/** @typedef {{ $ref: string }} Reference All answers, headers and parameters of the document are references to components. */
/** @typedef {{ $ref?: string, type?: string, pattern?: string, properties?: Record<string, Schema> }} Schema */
/** @typedef {{ required?: boolean, schema: Schema }} Header */
/** @typedef {{ description: string, headers: Record<string, Reference> }} Response */
/** @typedef {{ name: string, in: string, required?: boolean, schema: Schema }} Parameter */

/**
 * @typedef {object} Operation
 * @property {string} [operationId]
 * @property {Reference[]} [parameters]
 * @property {{ content: Partial<Record<"application/x-www-form-urlencoded", { schema: Reference }>> }} [requestBody]
 * @property {Record<string, Reference>} responses
 */

/** @typedef {{ parameters: Reference[] } & Record<string, Operation>} PathItem */

/**
 * @typedef {object} OpenApi
 * @property {Record<string, PathItem>} paths
 * @property {{ responses: Record<string, Response>, headers: Record<string, Header>, parameters: Record<string, Parameter>,
 *   schemas: Record<string, Schema>, securitySchemes: Record<string, unknown> }} components
 */

/**
 * An answer, and the request that it is for.
 * @typedef {object} Answer
 * @property {string} method
 * @property {string} path
 * @property {number} status
 * @property {Headers} headers
 * @property {string} text
 */

/** @type {OpenApi} */
export const document = /** @type {any} */ (load(readFileSync(FILE, "utf8")));

// `strict` finds a misspelt keyword. `strictTypes` is off: an `allOf` of an error narrows one member only.
const ajv = new Ajv2020({ strict: true, strictTypes: false, validateSchema: false, allErrors: true });
/** @type {any} */ (addFormats)(ajv);
ajv.addVocabulary(Object.keys(document)).addSchema(document, "openapi.yaml");

/**
 * The validator of a schema of the document. It is compiled when it is first used.
 * @param {string} pointer
 */
function validator(pointer) {
  return /** @type {ValidateFunction} */ (ajv.getSchema(`openapi.yaml#/components/${pointer}`));
}

/** @param {Reference} reference `#/components/headers/NoStore` → `NoStore`. */
const nameOf = ({ $ref }) => $ref.slice($ref.lastIndexOf("/") + 1);

/** What a parameter in a path stands for. An ill-formed one makes another path of it. */
const SEGMENT = document.components.schemas.Segment?.pattern?.replace(/^\^|\$$/g, "") ?? "";

/** Parameters in a path that stand for something else: an ill-formed name is an unknown API's, and a path has slashes. */
const OF_PROXY = { "{name}": "[^/]+", "{path}": ".*" };

/** Paths without a parameter come first (OpenAPI 3.1 §4.8.8.2). */
const paths = Object.entries(document.paths)
  .map(([template, item]) => ({ template, item, pattern: patternOf(template) }))
  .sort((one, other) => Number(one.template.includes("{")) - Number(other.template.includes("{")));

/** @param {string} template */
function patternOf(template) {
  const parts = template.split(/(\{\w+\})/).map((part) => {
    if (part === "{name}" || part === "{path}") return OF_PROXY[part];
    return part.startsWith("{") ? SEGMENT : part.replace(/[.*+?^$()|[\]\\]/g, "\\$&");
  });
  return new RegExp(`^${parts.join("")}$`);
}

/** @param {string} path */
const itemOf = (path) => paths.find(({ pattern }) => pattern.test(path))?.item;

/**
 * The operation for a request. At `/api/…` a method that OpenAPI has no word for is served as `DELETE` is.
 * @type {(method: string, path: string) => Operation | undefined}
 */
const operationOf = (method, path) => {
  const item = itemOf(path);
  return item?.[method.toLowerCase()] ?? (isApi(path) ? item?.delete : undefined);
};

/** @param {string} path */
const isApi = (path) => path.startsWith("/api/");

/**
 * The answers that the document has for a request: status → name of the response.
 * @param {string} method
 * @param {string} path
 * @returns {Record<string, string>}
 */
function answersTo(method, path) {
  const always = { 400: "PlainHttp", 500: "BrokerFailed" };
  const operation = operationOf(method, path);
  if (operation === undefined)
    return { ...always, ...(itemOf(path) ? { 405: "MethodNotAllowed" } : { 404: "NotFound" }) };
  return Object.fromEntries(
    Object.entries(operation.responses).map(([status, reference]) => [status, nameOf(reference)]),
  );
}

/** The mark of the broker's own answers at `/api/…`. A preflight's answer has no mark: no API can send its headers. */
const OWN = /^edge-token-broker; detail=/;

/**
 * Whether the broker made an answer. If not, an API made it, and the document leaves it free.
 * @param {Pick<Answer, "path" | "headers">} answer
 */
export const isOwn = ({ path, headers }) =>
  !isApi(path) || OWN.test(headers.get("cache-status") ?? "") || headers.has("access-control-allow-methods");

/**
 * What of an answer is not as the document says. Nothing in it has a value of the answer.
 * @param {Answer} answer
 */
export function deviations({ method, path, status, headers, text }) {
  if (!isOwn({ path, headers })) return [];
  const known = answersTo(method, path);
  const name = known[status];
  if (name === undefined) return [`the status is not one of ${Object.keys(known).join(", ")}`];
  const { headers: documented } = /** @type {Response} */ (document.components.responses[name]);
  const body = method === "HEAD" ? (text === "" ? [] : ["HEAD has a body"]) : bodyDeviations(name, text);
  return [...headerDeviations(documented, headers), ...body].map((deviation) => `${deviation} (response ${name})`);
}

/**
 * @param {Record<string, Reference>} documented
 * @param {Headers} headers
 */
function headerDeviations(documented, headers) {
  const found = headers.get("content-type") === JSON_TYPE ? [] : [`the Content-Type is not ${JSON_TYPE}`];
  const names = Object.keys(documented).map((name) => name.toLowerCase());
  for (const name of headers.keys())
    if (!names.includes(name) && !TRANSPORT.has(name)) found.push(`the header ${name} is not in the document`);
  for (const [name, reference] of Object.entries(documented)) {
    const { required, schema } = /** @type {Header} */ (document.components.headers[nameOf(reference)]);
    const value = headers.get(name);
    if (value === null && required) found.push(`the header ${name} is missing`);
    const validate = validator(`headers/${nameOf(reference)}/schema`);
    if (value !== null && !validate(parsed(schema, value))) found.push(`the header ${name} ${errorsOf(validate)}`);
  }
  return found;
}

/**
 * @param {string} name
 * @param {string} text
 */
function bodyDeviations(name, text) {
  const validate = validator(`responses/${name}/content/application~1json/schema`);
  try {
    return validate(JSON.parse(text)) ? [] : [`the body ${errorsOf(validate)}`];
  } catch (error) {
    if (error instanceof SyntaxError) return ["the body is no JSON"];
    throw error;
  }
}

/**
 * @param {{ type?: string }} schema
 * @param {string} value
 */
const parsed = ({ type }, value) =>
  /^(integer|number)$/.test(type ?? "") && /^\d+$/.test(value) ? Number(value) : value;

/** @param {ValidateFunction} validate */
function errorsOf({ errors }) {
  const texts = (errors ?? []).map(({ instancePath, message, params }) => {
    const { additionalProperty, propertyName } = params;
    return [instancePath, message, additionalProperty ?? propertyName].filter(Boolean).join(" ");
  });
  return [...new Set(texts)].join(", ");
}

/**
 * The value of a parameter as its schema wants it. One without a value counts as absent.
 * @param {Schema | undefined} schema
 * @param {string[]} values
 */
function valueOf(schema, values) {
  const present = values.filter((value) => value !== "");
  if (present.length === 0) return undefined;
  const { type } = schema?.$ref
    ? /** @type {Schema} */ (document.components.schemas[nameOf({ $ref: schema.$ref })])
    : (schema ?? {});
  return type === "array" ? present : parsed({ type }, String(present[0]));
}

/**
 * What of a request is not as the document says. Nothing in it has a value of the request.
 * @param {{ method: string, path: string, query: URLSearchParams, form?: URLSearchParams | undefined }} request
 */
export function requestDeviations({ method, path, query, form }) {
  const { parameters = [], requestBody } = operationOf(method, path) ?? {};
  const found = parameters.flatMap((reference) => {
    const {
      name,
      in: place,
      required,
      schema,
    } = /** @type {Parameter} */ (document.components.parameters[nameOf(reference)]);
    const value = place === "query" ? valueOf(schema, query.getAll(name)) : undefined;
    if (value === undefined) return place === "query" && required ? [`the parameter ${name} is missing`] : [];
    const validate = validator(`parameters/${nameOf(reference)}/schema`);
    return validate(value) ? [] : [`the parameter ${name} ${errorsOf(validate)}`];
  });
  const described = requestBody?.content["application/x-www-form-urlencoded"];
  if (described === undefined || form === undefined) return found;
  const name = nameOf(described.schema);
  const { properties = {} } = /** @type {Schema} */ (document.components.schemas[name]);
  const values = [...new Set(form.keys())].map((key) => [key, valueOf(properties[key], form.getAll(key))]);
  const validate = validator(`schemas/${name}`);
  const given = Object.fromEntries(values.filter(([, value]) => value !== undefined));
  return validate(given) ? found : [...found, `the form ${errorsOf(validate)}`];
}

/**
 * Fails if the document does not have this answer; or does not have the request, although the Worker took it.
 * @param {Answer & { query?: URLSearchParams, form?: URLSearchParams | undefined }} answer
 */
export function assertDocumented({ query = new URLSearchParams(), form, ...answer }) {
  const { method, path, status } = answer;
  const found = [...deviations(answer), ...(status === 200 ? requestDeviations({ method, path, query, form }) : [])];
  if (found.length === 0) return;
  throw new Error(`openapi.yaml does not have this answer to ${method} ${path}, ${status}:\n  ${found.join("\n  ")}`);
}
