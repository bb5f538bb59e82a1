// GitHub's REST API, as much of it as the tests of the proxy need: issues in pages, their creation, a repository that was
// renamed, the limits in headers. Its links name api.github.com, whatever host a request was sent to.

/** @import { Answer, Kind, Received } from "./service.mjs" */

const API = "https://api.github.com";
const DOCS = "https://docs.github.com/rest";
const REPOSITORY = "/repos/octo-org/broker";
/** The same repository in links. */
const BY_ID = "/repositories/1";

/** Which limits a request meets, and what the answer is about. */
const HEADERS = {
  "x-ratelimit-limit": "5000",
  "x-ratelimit-remaining": "4999",
  "x-ratelimit-used": "1",
  "x-ratelimit-resource": "core",
  "x-github-media-type": "github.v3; format=json",
  "x-github-request-id": "C0DE:1:2:3:4",
};

/** The titles of the issues, and how many are on a page. */
const PER_PAGE = 2;

/** @returns {Kind} */
export function gitHub() {
  const issues = ["one", "two", "three", "four", "five"].map(issue);
  return {
    answer: (received) => withLimits(received.headers["user-agent"] ? routed(received, issues) : NO_AGENT),
    unauthorized: failure(401, "Bad credentials"),
  };
}

/** @typedef {{ number: number, title: string }} Issue */

/** @type {(title: string, index: number) => Issue} */
const issue = (title, index) => ({ number: index + 1, title });

/** @type {Answer} */
const NO_AGENT = {
  status: 403,
  headers: { "Content-Type": "text/html" },
  body: "Request forbidden by administrative rules.",
};

/** @param {Answer} answer @returns {Answer} */
const withLimits = (answer) => ({ ...answer, headers: { ...HEADERS, ...answer.headers } });

/** @type {(status: number, message: string, errors?: object[]) => Answer} */
const failure = (status, message, errors) => ({
  status,
  body: { message, ...(errors && { errors }), documentation_url: DOCS, status: String(status) },
});

/**
 * @param {Received} received
 * @param {Issue[]} issues
 * @returns {Answer}
 */
function routed(received, issues) {
  const { method, path, headers } = received;
  switch (`${method} ${path.replace(BY_ID, REPOSITORY)}`) {
    case `GET ${REPOSITORY}`:
      return headers["if-none-match"] === ETAG
        ? { status: 304 }
        : { headers: { ETag: ETAG }, body: { full_name: "octo-org/broker" } };
    case `GET ${REPOSITORY}/issues`:
      return page(received, issues);
    case `POST ${REPOSITORY}/issues`:
      return create(received, issues);
    case "GET /repos/octo-org/old-name":
      return { status: 301, headers: { Location: API + BY_ID }, body: { message: "Moved Permanently" } };
    case `GET ${REPOSITORY}/tarball`:
      return {
        status: 302,
        headers: { Location: "https://codeload.github.com/octo-org/broker/main?token=PRE-AUTHENTICATED" },
      };
    default:
      return failure(404, "Not Found");
  }
}

const ETAG = '"6dcb09b5b57875f334f61aebed695e2e"';

/** @type {(received: Received, issues: Issue[]) => Answer} */
function page({ query }, issues) {
  const number = Number(query.get("page") ?? 1);
  const last = Math.ceil(issues.length / PER_PAGE);
  /** @type {(to: number, rel: string) => string} */
  const link = (to, rel) => `<${API}${BY_ID}/issues?page=${to}>; rel="${rel}"`;
  const links = number < last ? [link(number + 1, "next"), link(last, "last")] : [link(1, "first")];
  return { headers: { Link: links.join(", ") }, body: issues.slice((number - 1) * PER_PAGE, number * PER_PAGE) };
}

/** @type {(received: Received, issues: Issue[]) => Answer} */
function create({ body }, issues) {
  const { title } = body.length > 0 ? JSON.parse(String(body)) : {};
  if (!title) return failure(422, "Validation Failed", [{ resource: "Issue", code: "missing_field", field: "title" }]);
  const created = issue(title, issues.length);
  issues.push(created);
  return { status: 201, headers: { Location: `${API}${REPOSITORY}/issues/${created.number}` }, body: created };
}
