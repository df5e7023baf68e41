// The images of the cards.

/**
 * An image of an article, with the `url` where Ozon has it, or a `file` of the person's, with its `path` in the bucket.
 *
 * - `name`: shown to the person
 * - `preview`: the URL of a small version
 * - `publicURL`: in the bucket
 * - `via`: who copied it
 * - `reason`: why the browser couldn't copy it
 * - `error`: why it couldn't be copied, or why Ozon rejected it
 * - `progress`: of its copy, if one is to be made
 * - `isRemoved`: from its card; its copy is cancelled
 *
 * @typedef {{url?: string, file?: File, path?: string, name: string, preview: string, publicURL?: string,
 *   via?: "browser" | "server", reason?: string, error?: string, progress?: "queued" | "copying",
 *   isSelected?: boolean, isRemoved?: boolean}} Image
 */

import { describeReason } from "../ozon-upload-modal/errors.js";

/** Ozon's CDN serves an image at its longest side's size if the path has it: ".../wc200/8388316998.jpg". */
const CDN_PATH = /^(https?:\/\/[^/]+\/s3\/multimedia-[^/]+\/)(?:[wch]{1,2}\d+\/)?([^/]+)$/;

// Whether the image is a file that isn't in the bucket, so that it is lost with its card.
/** @type {(image: Image) => boolean} */
export const isUnsaved = ({ file, publicURL }) => Boolean(file && !publicURL);

/** Frees the previews of files whose images aren't shown any more. */
export function freePreviews(/** @type {Image[]} */ images) {
  for (const { file, preview } of images) if (file) URL.revokeObjectURL(preview);
}

/** @type {(url: string) => string} */
const thumbnailOf = (url) => url.replace(CDN_PATH, "$1wc200/$2");

/**
 * @param {string} url
 * @param {string} [publicURL]  where a copy would be in the bucket
 * @param {boolean} [isStored]  whether the copy is there
 * @param {Image} [previous]  the same image of an earlier search
 * @returns {Image}
 */
export function imageAt(url, publicURL, isStored = false, previous) {
  const name = url.slice(url.lastIndexOf("/") + 1);
  const preview = thumbnailOf(url);
  if (previous?.publicURL) return { url, name, preview, publicURL: previous.publicURL, via: previous.via };
  return isStored ? { url, name, preview, publicURL, via: "browser" } : { url, name, preview };
}

/**
 * The state of an image in words, with its kind for the styles.
 *
 * @param {Image} image
 * @param {Record<string, any>} texts
 * @param {string} language
 * @returns {{text: string, kind: "" | "good" | "bad" | "busy"}}
 */
export function stateOf({ error, progress, publicURL, via = "browser", file }, texts, language) {
  if (progress) return { text: progress === "copying" ? texts.copyingOne : texts.queued, kind: "busy" };
  if (error !== undefined) return { text: describeReason(error, language), kind: "bad" };
  if (publicURL) return { text: texts[via], kind: "good" };
  return { text: file ? texts.added : texts.onOzon, kind: "" };
}
