import { mediaType } from "../ozon-r2.js";
import { h, thumbnail } from "./dom.js";

/** @typedef {import("../ozon-upload-modal.js").ModalImage} ModalImage */
/**
 * `state` is waiting, verifying, sending (with `progress` from 0 to 1), done, warned, failed, or over (the limit,
 * at this position); `note` replaces its text.
 *
 * @typedef {{image: ModalImage, tile: HTMLLIElement, name: string, state: string, note: string, progress: number,
 *   isUnsupported: boolean}} ImageItem
 */

/**
 * Without the picture of a file: showFile() shows that.
 *
 * @type {(image: ModalImage) => ImageItem}
 */
export function newItem(image) {
  const { file, url = "" } = image;
  const name = image.name ?? file?.name ?? nameIn(url);
  const isUnsupported = !url && file !== undefined && !mediaType(file.type, file.name);
  const state = url ? "done" : isUnsupported ? "failed" : "waiting";
  const picture = thumbnail(file ? undefined : url, { draggable: "false" });
  const tile = h("li", { part: "item", role: "option" },
    h("div", { class: "thumb" }, picture, h("span", { class: "badge" })),
    h("i"), h("div", { class: "name" }, name), h("div", { class: "state" }));
  return { image, tile, name, state, note: "", progress: 0, isUnsupported };
}

/**
 * Shows the picture of a file, or frees it: an object URL stays in memory until it is revoked.
 *
 * @param {ImageItem} item
 * @param {boolean} isShown
 */
export function showFile({ image, tile }, isShown) {
  const picture = tile.querySelector("img");
  if (!image.file || !picture) return;
  if (isShown) {
    picture.src = URL.createObjectURL(image.file);
  } else {
    URL.revokeObjectURL(picture.src);
    picture.removeAttribute("src");
  }
}

// The last segment of the path, decoded unless it isn't valid.
/** @type {(url: string) => string} */
function nameIn(url) {
  const segment = url.replace(/[?#].*/, "").replace(/.*\//, "");
  try {
    return decodeURIComponent(segment);
  } catch {
    return segment;
  }
}
