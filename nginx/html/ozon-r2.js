// The browser client of the backend, an ES module without dependencies. Its manual is ozon-r2.d.ts.
//
//   import { OzonR2 } from "/ozon-r2/ozon-r2.js";
//   const studio = new OzonR2({ baseURL: "", userId: "u", credential: async () => ({ client_id, api_key }) });
//
//   studio.images(articles)         lists the images of articles, each with a presigned upload
//   studio.copy(articles)           copies the images into the bucket, by this browser or else by the server
//   studio.upload(file, path)       uploads one file into the bucket; resumes after a reload
//   studio.push({ productId, ... }) replaces a product's pictures on Ozon

import { Backend, putSigned } from "./client/calls.js";
import { CopyJob } from "./client/copies.js";
import { OzonR2Error, networkError, responseError } from "./client/errors.js";
import { MultipartUpload } from "./client/multipart.js";
import { childSignal, sleep, withRetry } from "./client/retry.js";

export { OzonR2Error };

/** Bytes; files of this size and larger are uploaded in parts. */
const MULTIPART_MIN_SIZE = 16_000_000;
/** Milliseconds before a pending push is polled for the first time. */
const FIRST_POLL_DELAY = 2000;
const MAX_POLL_DELAY = 15_000;

/** @typedef {import("./ozon-r2").Item} Item */

export class OzonR2 {
  #backend;
  #options;

  /** @param {import("./ozon-r2").Options} options */
  constructor(options) {
    this.#options = { field: "offer_id", concurrency: 6, ...options };
    const { baseURL, apiKey, concurrency } = this.#options;
    if (typeof baseURL !== "string") throw new TypeError('baseURL must be a string; "" is the page\'s own origin');
    if (!(concurrency >= 1)) throw new TypeError("concurrency must be at least 1");
    this.#backend = new Backend(baseURL, apiKey);
  }

  /** @type {import("./ozon-r2").OzonR2["credential"]} */
  async credential() {
    return this.#options.credential?.();
  }

  /** @type {import("./ozon-r2").OzonR2["images"]} */
  images(articles, options) {
    return this.#download(articles, { download_images: false, presign: true }, options?.signal, options?.onItem);
  }

  /** @type {import("./ozon-r2").OzonR2["copy"]} */
  async copy(articles, options) {
    const { onProgress, onItem } = options ?? {};
    const { signal, abort } = childSignal(options?.signal);
    const job = new CopyJob({
      concurrency: this.#options.concurrency,
      sign: (path) => this.#sign(path, undefined, signal),
      serverCopy: (some, onCopied) =>
        this.#download(some, { download_images: true, existing: "skip" }, signal, onCopied),
      signal,
      onProgress,
    });
    /** @type {Promise<import("./ozon-r2").CopiedItem>[]} */
    const copies = [];
    const startCopy = (/** @type {Item} */ item, /** @type {number} */ index) => {
      copies[index] = job.copy(item).then((copied) => {
        onItem?.(copied, index);
        return copied;
      });
      copies[index].catch(() => {}); // thrown by Promise.all below
    };
    try {
      await this.images(articles, { signal, onItem: startCopy });
      return await Promise.all(copies);
    } finally {
      abort(); // after an error, ends the copies that still run
    }
  }

  /** @type {import("./ozon-r2").OzonR2["upload"]} */
  async upload(file, path, options) {
    const { signal, onProgress } = options ?? {};
    signal?.throwIfAborted();
    const { size } = file;
    // Browsers give application/octet-stream to files whose type they don't know.
    const type = file.type === "application/octet-stream" ? undefined : file.type || undefined;
    const report = (/** @type {number} */ bytes, items = 0) =>
      onProgress?.({ bytes, totalBytes: size, items, totalItems: 1, failed: 0 });
    const onBytes = (/** @type {number} */ bytes) => report(bytes);
    let uploaded;
    if (size < MULTIPART_MIN_SIZE) {
      const sign = () => this.#sign(path, type, signal);
      const signed = await sign();
      await putSigned(file.slice(0, size, type), signed, sign, onBytes, signal);
      uploaded = { r2_path: path, public_url: signed.public_url, size, resumed: 0 };
    } else {
      const key = `${this.#options.baseURL} ${path}`;
      uploaded = await new MultipartUpload(this.#backend, { file, path, type, key, signal, onBytes }).run();
    }
    report(size, 1);
    return uploaded;
  }

  /** @type {import("./ozon-r2").OzonR2["push"]} */
  async push({ productId, images, images360, colorImage }, options) {
    const { signal, onStatus } = options ?? {};
    const post = async (/** @type {string} */ endpoint, /** @type {object} */ fields) => {
      const credential = await this.credential();
      const body = { credential, product_id: productId, images, color_image: colorImage, ...fields };
      const response = await this.#backend.post(`/api/v1/ozon/${endpoint}`, body, signal);
      const { success, data, errors = [], warnings = [] } = response;
      const pushed = { success, errors, warnings, ...data };
      onStatus?.(pushed);
      return pushed;
    };
    let pushed = await post("push-images", { images360 });
    for (let delay = FIRST_POLL_DELAY; pushed.status === "pending"; delay = Math.min(delay * 1.5, MAX_POLL_DELAY)) {
      await sleep(delay, signal);
      pushed = await post("push-status", { task_id: pushed.task_id });
    }
    return pushed;
  }

  /**
   * Streams ozon-download; when the stream breaks, the articles that it hasn't returned yet are requested again.
   *
   * @param {string[]} articles
   * @param {object} mode
   * @param {AbortSignal} [signal]
   * @param {(item: Item, index: number) => void} [onItem]
   * @returns {Promise<Item[]>}  in the order of `articles`
   */
  async #download(articles, mode, signal, onItem) {
    const { field, userId } = this.#options;
    /** @type {Item[]} */
    const items = [];
    const remaining = new Set(articles.keys());
    await withRetry(async () => {
      const indices = [...remaining];
      const requested = indices.map((index) => articles[index]);
      const credential = await this.credential();
      const body = { credential, articles: requested, field, user_id: userId, ...mode };
      let isComplete = false;
      for await (const line of this.#backend.stream("/api/v1/ozon/download", body, signal)) {
        const { type, index: position, done, ...item } = line;
        if (type === "error") throw responseError(200, JSON.stringify(item));
        if (type === "done") isComplete = true;
        if (type !== "item") continue;
        const index = indices[position];
        remaining.delete(index);
        items[index] = /** @type {Item} */ (item);
        onItem?.(items[index], index);
      }
      if (!isComplete) throw networkError();
    }, signal);
    return items;
  }

  /** @type {(r2_path: string, content_type?: string, signal?: AbortSignal) => Promise<any>} */
  #sign(r2_path, content_type, signal) {
    return this.#backend.post("/api/v1/r2/presigned-url", { r2_path, content_type }, signal);
  }
}
