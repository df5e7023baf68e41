// The API reference, made from openapi.json when the page is loaded.

import { h } from "./ozon-upload-modal/dom.js";
import { copyText } from "./page/urls.js";
import { fields } from "./reference/fields.js";
import { prose, resolve } from "./reference/text.js";

/** @typedef {import("./reference/text.js").Json} Json */

/** @type {Record<string, HTMLElement>} */
const elements = Object.fromEntries(["contents", "reference", "announcer"].map((id) => [id, byId(id)]));

/** @param {string} id */
function byId(id) {
  return /** @type {HTMLElement} */ (document.getElementById(id));
}

/**
 * A block of code with a button that copies it.
 *
 * @param {string} label
 * @param {string} code
 */
function copyable(label, code) {
  const copy = async () => {
    const isCopied = await copyText(code);
    elements.announcer.textContent = isCopied ? `Copied: ${label}` : "The browser did not allow the copy.";
    button.textContent = isCopied ? "Copied" : "Not copied";
    setTimeout(() => (button.textContent = "Copy"), 2000);
  };
  const button = h("button", { type: "button", "aria-label": `Copy ${label}`, click: copy }, "Copy");
  return h("figure", {}, h("figcaption", {}, label, button), h("pre", {}, h("code", {}, code)));
}

/**
 * @param {string} path
 * @param {string} method
 * @param {Json} [body]
 */
function curl(path, method, body) {
  const url = `${location.origin}${path.replace("{endpoint}", "r2-presigned-url")}`;
  if (!body) return `curl ${url}`;
  const text = JSON.stringify(body, null, 2).replaceAll("'", "'\\''");
  const headers = `-H "Content-Type: application/json" -H "X-API-Key: your-api-key"`;
  return `curl -X ${method.toUpperCase()} ${url} \\\n  ${headers} \\\n  -d '${text}'`;
}

/**
 * @param {Json} spec
 * @param {string} type  a media type
 * @param {Json} content
 */
function success(spec, type, { schema, examples = {} }) {
  const shape = schema.contentSchema ?? schema;
  return [
    h("h4", {}, "Response 200 ", h("code", {}, type)),
    ...(schema.description ? prose(schema.description) : []),
    fields(spec, shape),
    ...Object.entries(examples).map(([name, { value }]) =>
      copyable(`response: ${name}`, typeof value === "string" ? value : JSON.stringify(value, null, 2))),
  ];
}

/**
 * @param {Json} spec
 * @param {string} path
 * @param {string} method
 * @param {Json} operation
 */
function section(spec, path, method, operation) {
  const id = operation.operationId;
  const body = operation.requestBody?.content["application/json"];
  const requests = body ? Object.entries(body.examples) : [[id, {}]];
  const statuses = Object.entries(operation.responses).filter(([status]) => status !== "200");
  return h("section", { class: "card", id, "aria-labelledby": `${id}-title` },
    h("h3", { id: `${id}-title` }, h("a", { href: `#${id}` }, id)),
    h("p", { class: "route" }, h("code", {}, h("b", {}, method.toUpperCase()), ` ${path}`)),
    ...prose(`${operation.summary}. ${operation.description}`),
    ...requests.map(([name, { value }]) => copyable(`request: ${name}`, curl(path, method, value))),
    ...(body ? [h("h4", {}, "Request"), ...prose(operation.requestBody.description), fields(spec, body.schema)] : []),
    ...Object.entries(operation.responses["200"].content).flatMap(([type, content]) => success(spec, type, content)),
    h("h4", {}, "Errors"),
    h("ul", { class: "codes" }, ...statuses.flatMap(([status, reference]) =>
      codes(resolve(spec, reference)).map(({ code }) =>
        h("li", {}, `${status} `, h("a", { href: `#${code}` }, code))))));
}

/** @param {Json} response */
function codes(response) {
  const examples = /** @type {Json[]} */ (Object.values(response.content["application/json"].examples));
  const seen = new Set();
  return examples.map(({ summary, value }) => ({ code: value.code, error: value.error, summary }))
    .filter(({ code }) => !seen.has(code) && seen.add(code));
}

/** @param {Json} spec */
function errors(spec) {
  /** @type {Map<string, Json>} */
  const rows = new Map();
  for (const response of Object.values(spec.components.responses)) {
    const [status] = response.description.split(":");
    for (const row of codes(response)) rows.set(row.code, { status, ...row });
  }
  const sorted = [...rows.values()].sort((one, other) => one.status - other.status);
  return h("section", { class: "card", id: "errors", "aria-labelledby": "errors-title" },
    h("h3", { id: "errors-title" }, h("a", { href: "#errors" }, "All errors")),
    h("dl", { class: "errors" }, ...sorted.flatMap(({ status, code, error, summary }) => [
      h("dt", { id: code }, `${status} `, h("code", {}, code)),
      h("dd", {}, `“${error}”: `, ...prose(summary)[0].childNodes, "."),
    ])),
    h("h4", {}, "Form"),
    fields(spec, spec.components.schemas.Error));
}

/** @param {Json} spec */
function show(spec) {
  const { APIKey } = spec.components.securitySchemes;
  const about = h("section", { class: "card" }, h("h2", {}, spec.info.title), ...prose(spec.info.summary),
    ...prose(spec.info.description), ...prose(`The key is in \`${APIKey.name}\`: ${APIKey.description}`));
  elements.reference.append(about);
  /** @type {Json[]} */
  const operations = Object.entries(spec.paths).flatMap(([path, methods]) =>
    ["get", "post"].filter((method) => methods[method]).map((method) => ({ path, method, ...methods[method] })));
  const entry = (/** @type {string} */ id) => h("li", {}, h("a", { href: `#${id}` }, id));
  for (const { name, description } of spec.tags) {
    const own = operations.filter(({ tags }) => tags[0] === name);
    elements.contents.append(h("p", {}, name), h("ul", {}, ...own.map(({ operationId }) => entry(operationId))));
    elements.reference.append(h("h2", {}, name), h("p", {}, description),
      ...own.map((operation) => section(spec, operation.path, operation.method, operation)));
  }
  elements.contents.append(h("p", {}, "Errors"), h("ul", {}, entry("errors")));
  elements.reference.append(h("h2", {}, "Errors"), errors(spec));
  // The browser looked for the fragment before the sections existed; this makes it look again.
  if (location.hash) location.replace(location.href);
}

let failure = "could not be loaded";
try {
  const response = await fetch("openapi.json");
  if (!response.ok) throw new Error(`HTTP ${response.status}`);
  const spec = await response.json();
  failure = "could not be shown";
  show(spec);
} catch (error) {
  const reason = error instanceof Error ? error.message : String(error);
  elements.reference.replaceChildren(h("p", { role: "alert" }, `openapi.json ${failure}: ${reason}`));
}
