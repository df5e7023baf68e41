// The browser upload mode: the browser copies images from Ozon's CDN into the bucket. The server copies the images that
// the browser can't, article by article.

import { putSigned } from "./calls.js";
import { OzonR2Error, networkError, responseError } from "./errors.js";
import { childSignal, limiter, withRetry } from "./retry.js";

/** Milliseconds for one attempt to read an image. */
const READ_TIMEOUT = 30_000;
/** After so many failures without a success an origin is no longer tried: it has no CORS rule for this page. */
const MAX_FAILURES = 6;
/** Articles in one request for the server's copy. */
const BATCH_SIZE = 500;
/** The types that the backend accepts; the server's copy examines the bytes of anything else. */
const IMAGE_TYPE = /^image\/(jpeg|png|webp|gif|avif|heic)$/;

/** @typedef {import("../ozon-r2").Item} Item */
/** @typedef {import("../ozon-r2").CopiedItem} CopiedItem */
/** @typedef {import("../ozon-r2").CopiedImage} CopiedImage */
/** @typedef {import("../ozon-r2").Upload} Upload */

export class CopyJob {
  #options;
  #limit;
  #totals = { bytes: 0, totalBytes: 0, items: 0, totalItems: 0, failed: 0 };
  // By origin; -Infinity after a success.
  /** @type {Map<string, number>} */
  #failures = new Map();
  /** @type {Map<string, Promise<CopiedItem>>} */
  #articles = new Map();
  // The articles that wait for the server's copy.
  /** @type {Map<string, {resolve: (item: Item) => void, reject: (error: unknown) => void}>} */
  #queue = new Map();
  #isServerBusy = false;

  /**
   * @param {{concurrency: number, sign: (path: string) => Promise<import("./calls.js").Signed>, signal?: AbortSignal,
   *   serverCopy: (articles: string[], onItem: (item: Item) => void) => Promise<unknown>,
   *   onProgress?: (progress: import("../ozon-r2").Progress) => void}} options
   */
  constructor(options) {
    this.#options = options;
    this.#limit = limiter(options.concurrency);
  }

  // Copies all images of an article; a repeated article is copied once.
  /** @type {(item: Item) => Promise<CopiedItem>} */
  copy(item) {
    const copied = this.#articles.get(item.article) ?? this.#copyArticle(item);
    this.#articles.set(item.article, copied);
    return copied;
  }

  /** @type {(item: Item) => Promise<CopiedItem>} */
  async #copyArticle({ article, product_id, status, error, uploads = [] }) {
    if (status === "failed") return { article, status, error, images: [] };
    this.#addProgress({ totalItems: uploads.length });
    const images = await Promise.all(uploads.map((upload) => this.#limit(() => this.#copyImage(upload))));
    const uncopied = images.filter((image) => image.via === "server");
    if (uncopied.length > 0) await this.#copyByServer(article, uncopied);
    const isFailed = images.length > 0 && images.every((image) => image.error);
    return { article, product_id, status: isFailed ? "failed" : "success", images };
  }

  // `via` of the result is "server" if the browser couldn't copy the image.
  /** @type {(upload: Upload) => Promise<CopiedImage>} */
  async #copyImage({ url, r2_path, public_url, upload_url, headers }) {
    try {
      const blob = await this.#unlessUnreachable(url, () => this.#read(url));
      await this.#unlessUnreachable(upload_url, () => this.#put(blob, r2_path, { upload_url, headers }));
      this.#addProgress({ items: 1 });
      return { url, r2_path, public_url, via: "browser" };
    } catch (error) {
      return { url, r2_path, public_url, via: "server", reason: this.#imageError(error) };
    }
  }

  /** @type {<T>(url: string, work: () => Promise<T>) => Promise<T>} */
  async #unlessUnreachable(url, work) {
    const { origin } = new URL(url);
    const failures = () => this.#failures.get(origin) ?? 0;
    if (failures() >= MAX_FAILURES) throw networkError();
    try {
      const result = await work();
      this.#failures.set(origin, -Infinity);
      return result;
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
      const child = childSignal(this.#options.signal, READ_TIMEOUT);
      try {
        const response = await fetch(url, { signal: child.signal, credentials: "omit", cache });
        if (!response.ok) throw responseError(response.status, "");
        const blob = await response.blob();
        if (!IMAGE_TYPE.test(blob.type)) {
          throw new OzonR2Error("Not an image by its Content-Type", { code: "NOT_AN_IMAGE" });
        }
        return blob;
      } catch (cause) {
        throw cause instanceof OzonR2Error ? cause : networkError(cause);
      } finally {
        child.abort();
        cache = "reload"; // a response that an <img> left in the cache may lack the CORS header
      }
    };
    return withRetry(attempt, this.#options.signal, 2);
  }

  /** @type {(blob: Blob, path: string, signed: import("./calls.js").Signed) => Promise<void>} */
  async #put(blob, path, signed) {
    const { sign, signal } = this.#options;
    let sent = 0;
    this.#addProgress({ totalBytes: blob.size });
    const onBytes = (/** @type {number} */ bytes) => {
      this.#addProgress({ bytes: bytes - sent });
      sent = bytes;
    };
    try {
      await putSigned(blob, signed, () => sign(path), onBytes, signal);
    } catch (error) {
      this.#addProgress({ bytes: -sent, totalBytes: -blob.size });
      throw error;
    }
  }

  /** @type {(article: string, images: CopiedImage[]) => Promise<void>} */
  async #copyByServer(article, images) {
    /** @type {Pick<Item, "urls" | "error" | "errors">} */
    let item;
    try {
      item = await new Promise((resolve, reject) => {
        this.#queue.set(article, { resolve, reject });
        this.#processQueue();
      });
    } catch (error) {
      item = { urls: [], error: this.#imageError(error) };
    }
    for (const image of images) {
      const isStored = item.urls.includes(image.public_url ?? "");
      this.#addProgress({ items: 1, failed: isStored ? 0 : 1 });
      if (isStored) continue;
      image.error = item.errors?.find(({ url }) => url === image.url)?.reason ?? item.error ?? "Not copied";
      delete image.public_url;
    }
  }

  /** Sends one request at a time; the articles queued during it go into the next one. */
  async #processQueue() {
    if (this.#isServerBusy) return;
    this.#isServerBusy = true;
    while (this.#queue.size > 0) {
      const batch = new Map([...this.#queue].slice(0, BATCH_SIZE));
      for (const article of batch.keys()) this.#queue.delete(article);
      try {
        await this.#options.serverCopy([...batch.keys()], (item) => batch.get(item.article)?.resolve(item));
      } catch (error) {
        for (const { reject } of batch.values()) reject(error);
      }
    }
    this.#isServerBusy = false;
  }

  // The message of an error that concerns one image; any other error ends the whole job.
  /** @type {(error: unknown) => string} */
  #imageError(error) {
    this.#options.signal?.throwIfAborted();
    if (error instanceof OzonR2Error) return error.message;
    throw error;
  }

  /** @param {Partial<import("../ozon-r2").Progress>} changes */
  #addProgress(changes) {
    for (const [name, value] of Object.entries(changes)) this.#totals[/** @type {"bytes"} */ (name)] += value;
    this.#options.onProgress?.({ ...this.#totals });
  }
}
