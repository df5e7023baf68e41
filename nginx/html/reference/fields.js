// The fields of a request or a response, as nested lists.

import { h } from "../ozon-upload-modal/dom.js";
import { prose, resolve } from "./text.js";

/** @typedef {import("./text.js").Json} Json */

/** @param {Json} schema */
function typeOf(schema) {
  if ("const" in schema) return JSON.stringify(schema.const);
  if (schema.enum) return "one of";
  const types = [schema.type ?? "any"].flat().filter((type) => type !== "null");
  return types.join(" or ");
}

/**
 * The range of a value, such as "1…604800" and "1…1024 characters".
 *
 * @param {Json} schema
 */
function limits({ minimum, maximum, minLength, maxLength, minItems, maxItems, default: value, format }) {
  const range = (/** @type {number} */ low, /** @type {number} */ high, /** @type {string} */ unit) => {
    if (low === undefined && high === undefined) return [];
    return [`${low ?? 0}${high === undefined ? " or more" : `…${high}`}${unit}`];
  };
  // JSON.parse has rounded the largest integer.
  const most = maximum > Number.MAX_SAFE_INTEGER ? undefined : maximum;
  return [
    ...range(minimum, most, ""), ...range(minLength, maxLength, " characters"),
    ...range(minItems, maxItems, " elements"),
    ...(format ? [format] : []), ...(value === undefined ? [] : [`default ${JSON.stringify(value)}`]),
  ];
}

/**
 * @param {Json} spec
 * @param {Json} schema
 * @returns {HTMLElement}
 */
export function fields(spec, schema) {
  const { properties = {}, required = [], oneOf = [], anyOf = [], type } = resolve(spec, schema);
  const own = Object.entries(properties).map(([name, value]) => field(spec, name, value, required.includes(name)));
  const variants = oneOf.filter((/** @type {Json} */ variant) => variant.title).map((/** @type {Json} */ variant) =>
    h("li", {}, h("b", {}, variant.title), ...(variant.description ? prose(variant.description) : []),
      fields(spec, variant)));
  const texts = anyOf.map((/** @type {Json} */ text) =>
    h("li", {}, h("code", {}, text.const ?? text.pattern), ...(text.description ? prose(text.description) : [])));
  const list = [...own, ...variants, ...texts];
  if (list.length === 0 && type) list.push(h("li", {}, type === "object" ? "An empty object" : `A ${type}`));
  return h("ul", { class: "fields" }, ...list);
}

/**
 * @param {Json} spec
 * @param {string} name
 * @param {Json} given
 * @param {boolean} isRequired
 */
function field(spec, name, given, isRequired) {
  const schema = resolve(spec, given);
  const items = schema.items ? resolve(spec, schema.items) : undefined;
  const values = (schema.enum ?? []).filter((/** @type {unknown} */ value) => value !== null);
  const isLong = values.length > 12;
  const facts = [
    schema.type || schema.enum || "const" in schema ? typeOf(schema) : "",
    ...(items ? [`of ${typeOf(items)}`, ...limits(items)] : []), ...limits(schema),
    ...(isRequired ? ["required"] : []),
  ].filter(Boolean);
  const inner = [schema, items].find((value) => value?.properties || value?.anyOf);
  const [example] = Array.isArray(schema.examples) ? schema.examples : [];
  return h("li", {},
    h("code", { class: "name" }, name), " ", h("span", { class: "hint" }, facts.join(", ")),
    ...(isLong ? [] : values.flatMap((/** @type {string} */ value) => [" ", h("code", {}, value)])),
    ...(schema.description ? prose(schema.description) : []),
    ...(items?.description ? prose(items.description) : []),
    ...(example === undefined || inner
      ? [] : [h("p", { class: "hint" }, "Example: ", h("code", {}, JSON.stringify(example)))]),
    ...(inner ? [fields(spec, inner)] : []));
}
