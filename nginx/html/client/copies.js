// The browser upload mode: images from Ozon's CDN into the bucket by the browser's hands; what it can't bring, the server
// copies, article by article.

import { OzonR2Error, answerError, bounded, networkError, putSigned, retrying } from "./calls.js";

/** Milliseconds that reading one image may take. */
const READ_WITHIN = 30_000;
/** Failures of an origin, and no success, after which it is no longer tried: a CDN without CORS. */
const HOPELESS = 6;
/** Articles in one call of the server's copy. */
const BATCH = 500;
/** What the backend takes for an image; anything else it is to look at itself. */
const IMAGE = /^image\/(jpeg|png|webp|gif|avif|heic)$/;

/** @typedef {import("../ozon-r2").Item} Item */
/** @typedef {import("../ozon-r2").CopiedItem} CopiedItem */
/** @typedef {import("../ozon-r2").CopiedImage} CopiedImage */
/** @typedef {import("../ozon-r2").Upload} Upload */

export class Copies {
  #by;
  #limit;
  #totals = { bytes: 0, totalBytes: 0, items: 0, totalItems: 0, failed: 0 };
  // Of each origin since its last success.
  /** @type {Map<string, number>} */
  #failures = new Map();
  /** @type {Map<string, Promise<CopiedItem>>} */
  #articles = new Map();
  // For the server's copy.
  /** @type {Map<string, {resolve: (item: Item) => void, reject: (error: unknown) => void}>} */
  #waiting = new Map();
  #isAsking = false;

  /**
   * @param {{concurrency: number, sign: (path: string) => Promise<import("./calls.js").Signed>, signal?: AbortSignal,
   *   serverCopy: (articles: string[], onItem: (item: Item) => void) => Promise<unknown>,
   *   onProgress?: (progress: import("../ozon-r2").Progress) => void}} by
   */
  constructor(by) {
    this.#by = by;
    this.#limit = limited(by.concurrency);
  }

  // All images of an article; the same article again is the same copy.
  /** @type {(item: Item) => Promise<CopiedItem>} */
  article(item) {
    const copy = this.#articles.get(item.article) ?? this.#article(item);
    this.#articles.set(item.article, copy);
    return copy;
  }

  /** @type {(item: Item) => Promise<CopiedItem>} */
  async #article({ article, product_id, status, error, uploads = [] }) {
    if (status === "failed") return { article, status, error, images: [] };
    this.#add({ totalItems: uploads.length });
    const images = await Promise.all(uploads.map((upload) => this.#limit(() => this.#image(upload))));
    const refused = images.filter((image) => image.via === "server");
    if (refused.length > 0) await this.#byServer(article, refused);
    const isFailed = images.length > 0 && images.every((image) => image.error);
    return { article, product_id, status: isFailed ? "failed" : "success", images };
  }

  // By the browser; via "server" if it can't.
  /** @type {(upload: Upload) => Promise<CopiedImage>} */
  async #image({ url, r2_path, public_url, upload_url, headers }) {
    try {
      const blob = await this.#reaching(url, () => this.#read(url));
      await this.#reaching(upload_url, () => this.#put(blob, r2_path, { upload_url, headers }));
      this.#add({ items: 1 });
      return { url, r2_path, public_url, via: "browser" };
    } catch (error) {
      return { url, r2_path, public_url, via: "server", reason: this.#message(error) };
    }
  }

  /** @type {<T>(url: string, work: () => Promise<T>) => Promise<T>} */
  async #reaching(url, work) {
    const { origin } = new URL(url);
    const failures = () => this.#failures.get(origin) ?? 0;
    if (failures() >= HOPELESS) throw networkError();
    try {
      const done = await work();
      this.#failures.set(origin, -Infinity);
      return done;
    } catch (error) {
      this.#failures.set(origin, failures() + 1);
      throw error;
    }
  }

  /** @type {(url: string) => Promise<Blob>} */
  #read(url) {
    /** @type {RequestCache} */
    let cache = "default";
    const attempt = async () => {
      const reading = bounded(this.#by.signal, READ_WITHIN);
      try {
        const response = await fetch(url, { signal: reading.signal, credentials: "omit", cache });
        if (!response.ok) throw answerError(response.status, "");
        const blob = await response.blob();
        if (!IMAGE.test(blob.type)) throw new OzonR2Error("Not an image by its type", { code: "NOT_AN_IMAGE" });
        return blob;
      } catch (cause) {
        throw cause instanceof OzonR2Error ? cause : networkError(cause);
      } finally {
        reading.end();
        cache = "reload"; // what an <img> left in the cache may lack the CORS header
      }
    };
    return retrying(attempt, this.#by.signal, 2);
  }

  /** @type {(blob: Blob, path: string, signed: import("./calls.js").Signed) => Promise<void>} */
  async #put(blob, path, signed) {
    let sent = 0;
    this.#add({ totalBytes: blob.size });
    const onBytes = (/** @type {number} */ bytes) => {
      this.#add({ bytes: bytes - sent });
      sent = bytes;
    };
    try {
      await putSigned(blob, signed, () => this.#by.sign(path), onBytes, this.#by.signal);
    } catch (error) {
      this.#add({ bytes: -sent, totalBytes: -blob.size });
      throw error;
    }
  }

  /** @type {(article: string, images: CopiedImage[]) => Promise<void>} */
  async #byServer(article, images) {
    /** @type {Pick<Item, "urls" | "error" | "errors">} */
    let item;
    try {
      item = await new Promise((resolve, reject) => {
        this.#waiting.set(article, { resolve, reject });
        this.#askServer();
      });
    } catch (error) {
      item = { urls: [], error: this.#message(error) };
    }
    for (const image of images) {
      const isStored = item.urls.includes(image.public_url ?? "");
      this.#add({ items: 1, failed: isStored ? 0 : 1 });
      if (isStored) continue;
      image.error = item.errors?.find(({ url }) => url === image.url)?.reason ?? item.error ?? "Not copied";
      delete image.public_url;
    }
  }

  /** One call at a time; what comes to wait meanwhile goes into the next one. */
  async #askServer() {
    if (this.#isAsking) return;
    this.#isAsking = true;
    while (this.#waiting.size > 0) {
      const asked = new Map([...this.#waiting].slice(0, BATCH));
      for (const article of asked.keys()) this.#waiting.delete(article);
      try {
        await this.#by.serverCopy([...asked.keys()], (item) => asked.get(item.article)?.resolve(item));
      } catch (error) {
        for (const { reject } of asked.values()) reject(error);
      }
    }
    this.#isAsking = false;
  }

  // Of what ends one image only; anything else ends the whole.
  /** @type {(error: unknown) => string} */
  #message(error) {
    this.#by.signal?.throwIfAborted();
    if (error instanceof OzonR2Error) return error.message;
    throw error;
  }

  /** @param {Partial<import("../ozon-r2").Progress>} more */
  #add(more) {
    for (const [name, value] of Object.entries(more)) this.#totals[/** @type {"bytes"} */ (name)] += value;
    this.#by.onProgress?.({ ...this.#totals });
  }
}

/**
 * Runs what it is given, at most `count` at once, in the order given.
 *
 * @param {number} count
 */
function limited(count) {
  /** @type {(() => void)[]} */
  const queue = [];
  /** @type {<T>(work: () => Promise<T>) => Promise<T>} */
  return async (work) => {
    if (count > 0) count -= 1;
    else await new Promise((resolve) => queue.push(() => resolve(undefined)));
    try {
      return await work();
    } finally {
      const next = queue.shift();
      if (next) next();
      else count += 1;
    }
  };
}
