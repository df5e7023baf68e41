// Files that are dropped, pasted or chosen.

import { contentHash, mediaType } from "../ozon-r2.js";

/** @typedef {import("./image.js").Image} Image */
/**
 * Files that a person has given, and the names of the files and folders among them that can't be read.
 *
 * @typedef {{files: File[], unreadable?: string[]}} Given
 */

/** Files that systems and programs leave in folders. */
const HIDDEN = /^(\.|(thumbs\.db|desktop\.ini)$)/i;

/**
 * The files of a drop, those in its folders included.
 *
 * @param {DataTransfer} transfer
 * @returns {Promise<Given>}
 */
export async function droppedFiles(transfer) {
  // The entries exist only during the event, so they are all read before the first await.
  const entries = [...transfer.items].map((item) => item.webkitGetAsEntry?.());
  /** @type {string[]} */
  const unreadable = [];
  if (!entries.some((entry) => entry?.isDirectory)) return { files: [...transfer.files], unreadable };
  const files = await Promise.all(entries.map((entry) => (entry ? filesOf(entry, unreadable) : [])));
  return { files: files.flat(), unreadable };
}

// Adds what can't be read to `unreadable`.
/** @type {(entry: any, unreadable: string[]) => Promise<File[]>} */
async function filesOf(entry, unreadable) {
  if (HIDDEN.test(entry.name)) return [];
  /** @type {File[]} */
  const files = [];
  try {
    if (!entry.isDirectory) return [await new Promise((resolve, reject) => entry.file(resolve, reject))];
    const reader = entry.createReader();
    for (;;) {
      // Returns at most 100 entries, and none at the end.
      const some = await new Promise((resolve, reject) => reader.readEntries(resolve, reject));
      if (some.length === 0) return files;
      for (const list of await Promise.all(some.map((/** @type {any} */ each) => filesOf(each, unreadable)))) {
        files.push(...list);
      }
    }
  } catch {
    unreadable.push(entry.name);
    return files;
  }
}

/** Characters that separate paths, are invisible, or change the direction of the text around a name. */
const UNSAFE = /[\\/\p{Cc}]|[\u200e\u200f\u202a-\u202e\u2066-\u2069]/gu;

/** @type {(name: string) => string} */
export const safeName = (name) => name.replace(UNSAFE, "-");

/**
 * The name of an article's folder in the bucket, as the backend makes it (Sources/Relay/ImageKeys.swift).
 *
 * @param {string} article
 */
export function folderName(article) {
  if (article === "." || article === "..") return article.replaceAll(".", "%2E");
  return article.replace(/[/\\%\p{Cc}]/gu, encodeURIComponent);
}

/**
 * The image of a file, or null if its type isn't one that the bucket accepts. Its path in the bucket begins with a hash
 * of its contents, so that files of one name don't replace each other, and Ozon fetches a changed file again.
 *
 * @param {File} file
 * @returns {Promise<Image | null>}
 */
export async function imageOf(file) {
  if (!mediaType(file.type, file.name)) return null;
  const name = safeName(file.name);
  const hash = (await contentHash(file)) ?? Date.now().toString(36);
  return { file, name, path: `${hash}-${name}`, preview: URL.createObjectURL(file) };
}
