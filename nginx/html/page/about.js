import { MAX_IMAGES } from "../ozon-upload-modal/image-list.js";

/**
 * The result of the last push of a card's images; its status is "sent" as long as the result isn't known.
 *
 * @typedef {Partial<Omit<import("../ozon-r2.js").Pushed, "status"> & {status: string}>} CardPushed
 */

/** @type {Record<string, "good" | "warn" | "bad" | undefined>} */
const KINDS = { confirmed: "good", unchanged: "good", partial: "warn", sent: "warn", failed: "bad" };

/**
 * The facts about a card's images and their last push, with their kind for the styles.
 *
 * @param {import("./card.js").Card} card
 * @param {CardPushed} pushed
 * @param {Record<string, any>} texts
 * @returns {{text: string, kind: string}}
 */
export function aboutOf(card, { status = "", updated }, texts) {
  const facts = [card.productId && texts.product(card.productId)];
  const kind = KINDS[status] ?? "";
  if (updated && kind === "good") facts.push(texts.confirmed(updated.images));
  else if (updated && status === "partial") facts.push(texts.partial(updated.images));
  else if (status === "sent") facts.push(texts.sentToOzon);
  else if (status) facts.push(texts.rejected);
  else facts.push(card.images.length > 0 && texts.count(card.images.length), hintOf(card, texts));
  return { text: facts.filter(Boolean).join(" · "), kind };
}

/**
 * Why the card's images can't be pushed now, or "". A push replaces all pictures, so it isn't one of half a copy, or of
 * only some of the files.
 *
 * @param {import("./card.js").Card} card
 * @param {boolean} isReading  whether files are still being read
 * @param {Record<string, any>} texts
 * @returns {string}
 */
export function obstacleOf({ images, pushable }, isReading, texts) {
  if (isReading) return texts.filesRead;
  if (images.length === 0) return texts.addFirst;
  if (images.some((image) => image.progress)) return texts.copyRuns;
  return pushable.length === 0 ? texts.copyFirst : "";
}

// What the push needs or omits.
/** @type {(card: import("./card.js").Card, texts: Record<string, any>) => string | false} */
function hintOf({ pushable, selected, images }, texts) {
  if (images.length === 0 || images.some((image) => image.progress)) return false;
  if (pushable.length === 0) return texts.copyFirst;
  if (pushable.length > MAX_IMAGES) return texts.tooManyImages;
  const omitted = (selected.length || images.length) - pushable.length;
  return omitted > 0 && texts.someOmitted(omitted);
}
