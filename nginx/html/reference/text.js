// Descriptions and references of openapi.json.

import { h } from "../ozon-upload-modal/dom.js";

/** @typedef {Record<string, any>} Json */

/**
 * Paragraphs, with `code` in backquotes.
 *
 * @param {string} text
 */
export function prose(text) {
  return text.split("\n\n").map((paragraph) =>
    h("p", {}, ...paragraph.split("`").map((part, index) => (index % 2 ? h("code", {}, part) : part))));
}

/**
 * A schema or a response with the members that its $ref names.
 *
 * @param {Json} spec
 * @param {Json} value
 * @returns {Json}
 */
export function resolve(spec, value) {
  if (!value.$ref) return value;
  const { $ref, ...own } = value;
  /** @type {string[]} */
  const names = $ref.slice(2).split("/");
  const target = names.reduce((at, name) => at[name], spec);
  return { ...resolve(spec, target), ...own };
}
