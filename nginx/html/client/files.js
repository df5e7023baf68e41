// What the client knows of files: media types, digests, and whether they can still be read.

import { OzonR2Error } from "./errors.js";

/** The registered type of each image format, its other names, and its file extensions. */
const FORMATS = [
  { type: "image/jpeg", aliases: ["image/jpg", "image/pjpeg"], extensions: ["jpg", "jpeg", "jpe", "jfif"] },
  { type: "image/png", aliases: ["image/x-png"], extensions: ["png"] },
  { type: "image/webp", aliases: [], extensions: ["webp"] },
  { type: "image/gif", aliases: [], extensions: ["gif"] },
  { type: "image/avif", aliases: ["image/avif-sequence"], extensions: ["avif", "avifs"] },
  {
    type: "image/heic",
    aliases: ["image/heif", "image/heic-sequence", "image/heif-sequence"],
    extensions: ["heic", "heif", "heics", "heifs", "hif"],
  },
];
/** The types that browsers and CDNs give to files whose type they don't know. */
const UNKNOWN_TYPES = ["", "application/octet-stream", "binary/octet-stream"];

// In lower case, without parameters; "" if unknown.
/** @type {(type: string) => string} */
export function bareType(type) {
  const bare = type.split(";")[0].trim().toLowerCase();
  return UNKNOWN_TYPES.includes(bare) ? "" : bare;
}

/** @type {typeof import("../ozon-r2.js").mediaType} */
export function mediaType(type, name = "") {
  const bare = bareType(type);
  const extension = name.slice(name.lastIndexOf(".") + 1).toLowerCase();
  const isSame = (/** @type {(typeof FORMATS)[0]} */ format) =>
    bare ? format.type === bare || format.aliases.includes(bare) : format.extensions.includes(extension);
  return FORMATS.find(isSame)?.type ?? "";
}

/** @type {typeof import("../ozon-r2.js").contentHash} */
export async function contentHash(blob) {
  return (await digest(await readBytes(blob)))?.slice(0, 8) ?? null;
}

// SHA-256 in hex; undefined where crypto.subtle doesn't exist.
/** @type {(bytes: ArrayBuffer) => Promise<string | undefined>} */
export async function digest(bytes) {
  if (!globalThis.crypto?.subtle) return undefined;
  const hash = new Uint8Array(await crypto.subtle.digest("SHA-256", bytes));
  return Array.from(hash, (byte) => byte.toString(16).padStart(2, "0")).join("");
}

/** @type {(blob: Blob) => Promise<ArrayBuffer>} */
export function readBytes(blob) {
  return blob.arrayBuffer().catch((cause) => {
    const message = "The file was changed, moved or deleted after it was chosen";
    throw new OzonR2Error(message, { code: "FILE_CHANGED", cause });
  });
}

// Throws FILE_CHANGED if the blob is a file that can't be read any more.
/** @type {(blob: Blob) => Promise<unknown>} */
export function checkReadable(blob) {
  return readBytes(blob.slice(0, 1));
}
