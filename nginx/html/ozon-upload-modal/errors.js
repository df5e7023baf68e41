// Finds the words for every error, for the modal and the page, once their language is loaded. Errors are looked up by
// their code (Sources/Telemetry/ErrorCode.swift, nginx/maps.conf, the client's), the reasons of fields and images by
// their text, which is the backend's or a code of Ozon's (pics_cant_decode).

import { faultsIn, isText } from "../client/control.js";
import { isChinese, wordsIn } from "./languages.js";
import { formatDuration } from "./quantities.js";

/** Seconds; the pause that is advised if the error has no `retryAfter`. */
const DEFAULT_WAIT = 60;

// Codes with the words of another code.
/** @type {Record<string, string>} */
const synonyms = {
  OPERATION_NOT_ALLOWED: "SCOPE_DENIED",
  FORBIDDEN: "SCOPE_DENIED",
  NOT_IMPLEMENTED: "NOT_FOUND",
  SESSION_CHECK_FAILED: "UNAVAILABLE",
  STORAGE_TIMEOUT: "STORAGE_UNAVAILABLE",
  BACKEND_UNAVAILABLE: "UNAVAILABLE",
  BACKEND_TIMEOUT: "UNAVAILABLE",
};

/** The codes after which trying again may help. */
const retryable = [
  "PRODUCT_CONFLICT", "UPLOAD_NOT_FOUND", "RATE_LIMITED", "OVERLOADED", "UNAVAILABLE", "OZON_UNAVAILABLE",
  "OZON_TIMEOUT", "STORAGE_UNAVAILABLE", "NETWORK", "BUSY",
];

// The first pattern that matches a reason gives the name of its words, in which $1 is the pattern's group.
/** @type {[RegExp, keyof typeof import("./en.js").reasons][]} */
const patterns = [
  [/limit \((\d+)\)/, "limit"],
  [/^(Field required|Must not be empty)/, "required"],
  [/^Must be an integer/, "digits"],
  [/^Must be one of image|^Type not allowed|url_unsupported/, "imageTypes"],
  [/^Must be between (\d+) and (\d+)/, "between"],
  [/^Must not be repeated|duplicate/, "repeated"],
  [/^Invalid characters|^Invalid path/, "characters"],
  [/^Invalid URL/, "invalidURL"],
  [/^Path not allowed/, "outside"],
  [/^Product not found/, "noProduct"],
  [/^NO_IMAGES/, "noneCopied"],
  [/^Not copied/, "notCopied"],
  [/^Host not allowed/, "host"],
  [/^Too large|EntityTooLarge/, "tooLarge"],
  [/^Expired/, "expired"],
  [/HTTP 404/, "gone"],
  [/dimensions/, "dimensions"],
  [/DECLINE|decline/, "declined"],
  [/decode|^Not an image/, "unreadable"],
  [/among|as before|vanish/, "unused"],
  [/^Skipped/, "skipped"],
  [/^Still pending/, "pending"],
  [/^Not supported by Ozon/, "unsupported"],
  [/only JPG by URL/, "onlyJPEG"],
  [/only JPG or PNG/, "maybeJPEG"],
  [/^Temporary URL/, "temporary"],
  [/load|http_|reading_timeout|server_unavailable/, "ozonDownload"],
  [/_image_failed|^Refused by Ozon/, "rejected"],
  [/Timeout|unreachable|broken|redirects|^HTTP |^No response|trusted|^Cancelled|^Spooling|Content-Length/, "download"],
];

/**
 * The error for the reason of a rejection: an Error is returned as it is, a string becomes the message, and the fields
 * of another object are copied.
 *
 * @param {any} reason
 * @returns {Error}
 */
export function toError(reason) {
  if (reason instanceof Error) return reason;
  const fields = isText(reason) ? { message: reason } : reason;
  return Object.assign(new Error(), fields, { message: isText(fields?.message) ? fields.message : "" });
}

/**
 * The words for an error of OzonR2 (or any other): what happened, what to do next, and the `action` that helps: logging
 * in, or trying again.
 *
 * @param {{code?: string, status?: number, message?: string, retryAfter?: number, errors?: unknown}} error
 * @param {string} language  such as "zh-CN" or "en"
 * @returns {{text: string, hint: string, action?: "login" | "retry"}}
 */
export function describeError(error, language) {
  const { code = "", status = 0, message = "", errors: faults, retryAfter = DEFAULT_WAIT } = error;
  const { errors } = wordsIn(language);
  const known = synonyms[code] ?? code;
  const name = Object.hasOwn(errors, known) ? known : codeOf(status);
  const [text, hint] = errors[name];
  const details = faultsIn(faults).map(({ field, reason }) => describeFault(field, reason, language));
  if (name === "UNKNOWN" && message) details.push(message);
  return {
    text: [text, ...details].join(" "),
    hint: typeof hint === "function" ? hint(formatDuration(retryAfter, language)) : hint,
    action: name === "UNAUTHORIZED" ? "login" : retryable.includes(name) ? "retry" : undefined,
  };
}

/** @type {(status: number) => string} */
function codeOf(status) {
  if (status === 401) return "UNAUTHORIZED";
  if (status === 403) return "STORAGE_REFUSED";
  if (status === 413) return "BODY_TOO_LARGE";
  if (status === 429) return "RATE_LIMITED";
  return status >= 500 ? "UNAVAILABLE" : "UNKNOWN";
}

/**
 * The words for the reason of an image or a field; an unknown reason, such as a sentence of Ozon's, stays as it is.
 *
 * @param {string} reason
 * @param {string} language
 */
export function describeReason(reason, language) {
  const { errors, reasons } = wordsIn(language);
  for (const [pattern, name] of patterns) {
    const match = pattern.exec(reason);
    if (match) return reasons[name].replace(/\$(\d)/g, (_, group) => match[group]);
  }
  return Object.hasOwn(errors, reason) ? errors[reason][0] : reason;
}

/**
 * A sentence with the field of the backend's, such as "credential.client_id", and the reason.
 *
 * @param {string} field
 * @param {string} reason
 * @param {string} language
 */
export function describeFault(field, reason, language) {
  const { fields, texts } = wordsIn(language);
  const key = field.replace(/.*\./, "");
  const name = Object.hasOwn(fields, key) ? fields[key] : field;
  const [colon, stop] = isChinese(texts.lang) ? ["：", "。"] : [": ", "."];
  return name + colon + describeReason(reason, language).replace(/[.。]$/, "") + stop;
}
