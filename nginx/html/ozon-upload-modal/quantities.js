// Durations and sizes in the words of a language, for the modal and the page.

import { wordsIn } from "./languages.js";

/**
 * The number of one unit, in the language of the texts, which takes the place of one that isn't loaded, or whose name
 * Intl doesn't accept, such as "en_US".
 *
 * @type {(value: number, language: string, options: Intl.NumberFormatOptions) => string}
 */
const format = (value, language, options) =>
  new Intl.NumberFormat(wordsIn(language).texts.lang, { style: "unit", ...options }).format(value);

/**
 * A duration in words, rounded up: "45 seconds", "6 minutes", "2 hours".
 *
 * @param {number} seconds
 * @param {string} language
 */
export function formatDuration(seconds, language) {
  const [unit, scale] = seconds < 60 ? ["second", 1] : seconds < 3600 ? ["minute", 60] : ["hour", 3600];
  return format(Math.ceil(seconds / scale), language, { unit, unitDisplay: "long" });
}

/**
 * A size in short: "120 kB", "4.5 MB", "12 MB".
 *
 * @param {number} bytes
 * @param {string} language
 */
export function formatBytes(bytes, language) {
  const [unit, scale] = bytes < 1e6 ? ["kilobyte", 1e3] : ["megabyte", 1e6];
  const maximumFractionDigits = bytes >= 1e6 && bytes < 1e7 ? 1 : 0;
  return format(bytes / scale, language, { unit, maximumFractionDigits });
}
