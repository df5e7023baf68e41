import { faultsIn } from "../client/control.js";
import { describeError, describeFault, describeReason } from "./errors.js";
import { UploadsFailed } from "./push.js";

/** The reason of images whose index is the limit or more. */
const LIMIT = /limit \((\d+)\)/;

/** @type {Record<string, "good" | "warn" | undefined>} */
const KINDS = { confirmed: "good", unchanged: "good", partial: "warn" };

/** @typedef {import("./image-list.js").ImageList} ImageList */
/** @typedef {import("./languages.js").Texts} Texts */
/** @typedef {import("../ozon-r2.js").FieldFault} FieldFault */
/**
 * @typedef {{kind: "good" | "warn" | "bad", text: string, hint?: string, requestId?: string,
 *   needsLogin?: boolean}} Outcome
 */

/**
 * Describes the result of OzonR2.push, or of another client, and marks the images in `list`.
 *
 * @param {import("../ozon-r2.js").Pushed} pushed
 * @param {ImageList} list
 * @param {Texts} texts
 * @returns {Outcome}
 */
export function outcomeOf({ status, updated, errors, warnings }, list, texts) {
  const { items } = list;
  // Ozon has named no task whose end could be awaited.
  if (status === "pending") return { kind: "warn", text: texts.pending };
  const kind = KINDS[status] ?? "bad";
  if (kind !== "bad") for (const item of items) list.update(item, "done", texts.onOzon);
  const others = markFaults(faultsIn(errors), list, texts);
  const sentences = others.map(({ field, reason }) => describeFault(field, reason, texts.language));
  const warned = new Set(faultsIn(warnings).flatMap((warning) => markWarning(warning, list, texts)));
  // A partial push may concern the color image alone: then no image is marked.
  const sentence = texts[kind === "warn" && list.failed.length === 0 ? "good" : kind];
  const text = [sentence(updated?.images ?? 0, items.length), ...sentences].join(" ");
  const hints = [list.failed.length > 0 && texts.failedHint, warned.size > 0 && texts.warned(warned.size)];
  return { kind, text, hint: hints.filter(Boolean).join(" ") };
}

/**
 * Describes the error of a push, and marks the images in `list`.
 *
 * @param {any} error
 * @param {ImageList} list
 * @param {Texts} texts
 * @param {number} step  in which the push ended
 * @returns {Outcome}
 */
export function failureOf(error, list, texts, step) {
  const hasFailedUploads = error instanceof UploadsFailed;
  const cause = (hasFailedUploads && error.cause) || error;
  const { code, status, message, retryAfter, requestId } = cause;
  const errors = markFaults(faultsIn(cause.errors), list, texts);
  const { text, hint, action } = describeError({ code, status, message, retryAfter, errors }, texts.language);
  const sentence = hasFailedUploads ? texts.notUploaded(error.count) : text;
  const isRefused = status >= 400 && status < 500;
  const maybeApplied = step === 4 || (step === 3 && !isRefused) ? ` ${texts.maybeApplied}` : "";
  return { kind: "bad", text: sentence + maybeApplied, hint, requestId, needsLogin: action === "login" };
}

/**
 * Marks the images that the faults concern, and returns the other faults.
 *
 * @param {FieldFault[]} faults
 * @param {ImageList} list
 * @param {Texts} texts
 */
function markFaults(faults, list, texts) {
  return faults.filter((fault) => {
    const concerned = list.items.filter(({ image }, index) => concerns(fault, image, index));
    const state = LIMIT.test(fault.reason) ? "over" : "failed";
    for (const item of concerned) list.update(item, state, describeReason(fault.reason, texts.language));
    return concerned.length === 0;
  });
}

/**
 * Marks the images that the warning concerns, unless they have failed, and returns them.
 *
 * @param {FieldFault} warning
 * @param {ImageList} list
 * @param {Texts} texts
 */
function markWarning(warning, list, texts) {
  const { items, failed } = list;
  const marked = items.filter((item, index) => concerns(warning, item.image, index) && !failed.includes(item));
  for (const item of marked) list.update(item, "warned", describeReason(warning.reason, texts.language));
  return marked;
}

/**
 * A fault has the index of an image or its URL, or concerns all images over a limit.
 *
 * @param {FieldFault} fault
 * @param {{url?: string}} image
 * @param {number} position
 */
function concerns({ field, index, url, reason }, image, position) {
  if (field !== "images") return false;
  const limit = LIMIT.exec(reason)?.[1];
  if (limit) return position >= Number(limit);
  return index === undefined ? image.url === url : position === index;
}
