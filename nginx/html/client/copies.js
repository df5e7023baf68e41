// The browser upload mode, in which the browser copies images from Ozon's CDN into the bucket. The server copies the
// images that the browser can't, article by article.

import { OzonR2Error, childSignal, foreignResponse, limiter, networkError, responseError } from "./control.js";
import { mediaType } from "./files.js";

/** Milliseconds for one attempt to read an image. */
const READ_TIMEOUT = 30_000;
/** An origin with this many failures and no readable response isn't tried again: it has no CORS rule for this page. */
const MAX_FAILURES = 6;
/** Articles in one request for the server's copy. */
const BATCH_SIZE = 500;

/** @typedef {import("../ozon-r2.js").Item} Item */
/** @typedef {import("../ozon-r2.js").CopiedItem} CopiedItem */
/** @typedef {import("../ozon-r2.js").CopiedImage} CopiedImage */
/** @typedef {import("../ozon-r2.js").Upload} Upload */

export class CopyJob {
  #services;
  #options;
  #limit;
  #totals = { bytes: 0, totalBytes: 0, items: 0, totalItems: 0, failed: 0 };
  // By origin; -Infinity after a response.
  /** @type {Map<string, number>} */
  #failures = new Map();
  /** @type {Map<string, Promise<CopiedItem>>} */
  #articles = new Map();
  // The articles that wait for the server's copy.
  /** @type {Map<string, {resolve: (item: Item) => void, reject: (error: unknown) => void}>} */
  #queue = new Map();
  #isServerBusy = false;

  /**
   * @param {import("./types.js").Services} services
   * @param {import("./types.js").CopyOptions} options
   */
  constructor(services, options) {
    this.#services = services;
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
  async #copyArticle({ article, product_id, status, error, uploads: allUploads = [], errors: allErrors = [] }) {
    if (status === "failed") return { article, status, error, images: [] };
    const { only, onImage, signal } = this.#options;
    const uploads = allUploads.filter(({ url }) => only(url));
    const errors = allErrors.filter(({ url }) => only(url));
    this.#addProgress({ totalItems: uploads.length + errors.length, items: errors.length, failed: errors.length });
    const copyImage = async (/** @type {Upload} */ upload) => {
      if (only(upload.url)) {
        onImage?.(article, { url: upload.url });
        const image = await this.#copyImage(upload);
        if (image?.via === "browser") onImage?.(article, image);
        if (image) return image;
      }
      this.#addProgress({ totalItems: -1 });
      return [];
    };
    const images = (await Promise.all(uploads.map((upload) => this.#limit(() => copyImage(upload), signal)))).flat();
    const uncopied = images.filter((image) => image.via === "server");
    if (uncopied.length > 0) await this.#copyByServer(article, uncopied);
    // The images whose URL or path the server has rejected.
    for (const { url, reason } of errors) {
      images.push({ url, via: "server", error: reason });
      onImage?.(article, { url, via: "server", error: reason });
    }
    const isFailed = images.length > 0 && images.every((image) => image.error);
    return { article, product_id, status: isFailed ? "failed" : "success", images };
  }

  // `via` of the result is "server" if the browser couldn't copy the image.
  /** @type {(upload: Upload) => Promise<CopiedImage | undefined>} */
  async #copyImage({ url, r2_path, public_url, upload_url, headers }) {
    try {
      const blob = await this.#unlessUnreachable(url, () => this.#read(url));
      if (!this.#options.only(url)) return;
      await this.#unlessUnreachable(upload_url, () => this.#put(blob, r2_path, { upload_url, headers }));
      this.#addProgress({ items: 1 });
      return { url, r2_path, public_url, via: "browser" };
    } catch (error) {
      return { url, r2_path, public_url, via: "server", reason: this.#imageError(error) };
    }
  }

  /** @type {<T>(url: string, work: () => Promise<T>) => Promise<T>} */
  async #unlessUnreachable(url, work) {
    const origin = originOf(url);
    const failures = () => this.#failures.get(origin) ?? 0;
    if (failures() >= MAX_FAILURES) throw networkError();
    try {
      const result = await work();
      this.#failures.set(origin, -Infinity);
      return result;
    } catch (/** @type {any} */ error) {
      this.#failures.set(origin, error?.code === "NETWORK" ? failures() + 1 : -Infinity);
      throw error;
    }
  }

  /** @type {(url: string) => Promise<Blob>} */
  #read(url) {
    let cache = /** @type {RequestCache} */ ("default");
    const attempt = async () => {
      const child = childSignal(this.#options.signal, READ_TIMEOUT);
      try {
        const response = await fetch(url, { signal: child.signal, credentials: "omit", cache });
        if (!response.ok) throw responseError(response.status, "", (name) => response.headers.get(name));
        const blob = await response.blob();
        const type = blob.type && mediaType(blob.type);
        // The server's copy examines the bytes of anything else.
        if (!type) throw new OzonR2Error("Not an image by its Content-Type", { code: "NOT_AN_IMAGE" });
        return blob.slice(0, blob.size, type);
      } catch (cause) {
        throw cause instanceof OzonR2Error ? cause : networkError(cause);
      } finally {
        child.abort();
        cache = "reload"; // a response that an <img> left in the cache may lack the CORS header
      }
    };
    return this.#services.retries.run(attempt, this.#options.signal, 2);
  }

  /** @type {(blob: Blob, path: string, signed: import("./types.js").Signed) => Promise<void>} */
  async #put(blob, path, signed) {
    const { sign, signal } = this.#options;
    let sent = 0;
    this.#addProgress({ totalBytes: blob.size });
    const onBytes = (/** @type {number} */ bytes) => {
      this.#addProgress({ bytes: bytes - sent });
      sent = bytes;
    };
    try {
      const signAgain = () => sign(path, signed.headers?.["content-type"]);
      await this.#services.puts.send(async () => blob, signed, signAgain, onBytes, signal);
    } catch (error) {
      this.#addProgress({ bytes: -sent, totalBytes: -blob.size });
      throw error;
    }
  }

  /** @type {(article: string, images: CopiedImage[]) => Promise<void>} */
  async #copyByServer(article, images) {
    /** @type {Promise<Pick<Item, "urls" | "error" | "errors">>} */
    const copied = new Promise((resolve, reject) => {
      this.#queue.set(article, { resolve, reject });
      this.#processQueue();
    });
    /** @type {Awaited<typeof copied>} */
    const item = await copied.catch((error) => ({ urls: [], error: this.#imageError(error) }));
    for (const image of images) {
      const isStored = item.urls.includes(image.public_url ?? "");
      this.#addProgress({ items: 1, failed: isStored ? 0 : 1 });
      if (!isStored) {
        image.error = item.errors?.find(({ url }) => url === image.url)?.reason ?? item.error ?? "Not copied";
        delete image.public_url;
      }
      this.#options.onImage?.(article, image);
    }
  }

  /** Sends one request at a time; the articles queued during it go into the next one. */
  async #processQueue() {
    if (this.#isServerBusy) return;
    this.#isServerBusy = true;
    while (this.#queue.size > 0) {
      const batch = new Map([...this.#queue].slice(0, BATCH_SIZE));
      for (const article of batch.keys()) this.#queue.delete(article);
      const copied = this.#options.serverCopy([...batch.keys()], (item) => batch.get(item.article)?.resolve(item));
      // After a success, an article is left only if its item has the name of another one.
      const reason = await copied.then(() => foreignResponse(), (error) => error);
      for (const { reject } of batch.values()) reject(reason);
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

  /** @param {Partial<import("../ozon-r2.js").Progress>} changes */
  #addProgress(changes) {
    for (const [name, value] of Object.entries(changes)) this.#totals[/** @type {"bytes"} */ (name)] += value;
    this.#options.onProgress?.({ ...this.#totals });
  }
}

/** @param {string} url */
function originOf(url) {
  try {
    return new URL(url).origin;
  } catch (cause) {
    throw new OzonR2Error("Invalid URL format", { code: "INVALID_URL", cause });
  }
}
