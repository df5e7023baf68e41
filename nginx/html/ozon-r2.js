// The browser's half of the backend: an ES module without dependencies. ozon-r2.d.ts is its manual.
//
//   import { OzonR2 } from "/ozon-r2/ozon-r2.js";
//   const studio = new OzonR2({ baseURL: "", userId: "u", credential: async () => ({ client_id, api_key }) });
//
//   studio.images(articles)         the images of articles, each with a presigned upload
//   studio.copy(articles)           the images into the bucket, by this browser, or, where it can't, by the server
//   studio.upload(file, path)       one file into the bucket, resumed after a reload
//   studio.push({ productId, ... }) a product's pictures on Ozon replaced

import { Backend, OzonR2Error, answerError, bounded, networkError, putSigned, retrying, waiting } from "./client/calls.js";
import { Copies } from "./client/copies.js";
import { PartedUpload } from "./client/parts.js";

export { OzonR2Error };

/** Bytes; from here on files go in parts. */
const PARTED_FROM = 16_000_000;
/** Milliseconds between two questions after a pending push: the first, and the longest. */
const POLL = 2000,
  LONGEST_POLL = 15_000;

/** @typedef {import("./ozon-r2").Item} Item */

export class OzonR2 {
  #backend;
  #options;

  /** @param {import("./ozon-r2").Options} options */
  constructor(options) {
    const { baseURL, apiKey, concurrency } = (this.#options = { field: "offer_id", concurrency: 6, ...options });
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
    const { signal, end } = bounded(options?.signal);
    const copies = new Copies({
      concurrency: this.#options.concurrency,
      sign: (path) => this.#sign(path, undefined, signal),
      serverCopy: (these, tell) => this.#download(these, { download_images: true, existing: "skip" }, signal, tell),
      signal,
      onProgress,
    });
    /** @type {Promise<import("./ozon-r2").CopiedItem>[]} */
    const copied = [];
    const begin = (/** @type {Item} */ item, /** @type {number} */ index) => {
      const copy = copies.article(item).then((result) => {
        onItem?.(result, index);
        return result;
      });
      copy.catch(() => {}); // told at the end
      copied[index] = copy;
    };
    try {
      await this.images(articles, { signal, onItem: begin });
      return await Promise.all(copied);
    } finally {
      end(); // where one thing ended the whole, the others end
    }
  }

  /** @type {import("./ozon-r2").OzonR2["upload"]} */
  async upload(file, path, options) {
    const { signal, onProgress } = options ?? {};
    signal?.throwIfAborted();
    const { size } = file;
    // What browsers give to files they don't know says nothing.
    const type = file.type === "application/octet-stream" ? undefined : file.type || undefined;
    const tell = (/** @type {number} */ bytes, items = 0) =>
      onProgress?.({ bytes, totalBytes: size, items, totalItems: 1, failed: 0 });
    const onBytes = (/** @type {number} */ bytes) => tell(bytes);
    let uploaded;
    if (size < PARTED_FROM) {
      const sign = () => this.#sign(path, type, signal);
      const signed = await sign();
      await putSigned(file.slice(0, size, type), signed, sign, onBytes, signal);
      uploaded = { r2_path: path, public_url: signed.public_url, size, resumed: 0 };
    } else {
      const key = `${this.#options.baseURL} ${path}`;
      uploaded = await new PartedUpload(this.#backend, { file, path, type, key, signal, onBytes }).run();
    }
    tell(size, 1);
    return uploaded;
  }

  /** @type {import("./ozon-r2").OzonR2["push"]} */
  async push({ productId, images, images360, colorImage }, options) {
    const { signal, onStatus } = options ?? {};
    const ask = async (/** @type {string} */ route, /** @type {object} */ more) => {
      const credential = await this.credential();
      const body = { credential, product_id: productId, images, color_image: colorImage, ...more };
      const { success, data, errors = [], warnings = [] } = await this.#backend.post(`/api/v1/ozon/${route}`, body, signal);
      const pushed = { success, errors, warnings, ...data };
      onStatus?.(pushed);
      return pushed;
    };
    let pushed = await ask("push-images", { images360 });
    for (let pause = POLL; pushed.status === "pending"; pause = Math.min(pause * 1.5, LONGEST_POLL)) {
      await waiting(pause, signal);
      pushed = await ask("push-status", { task_id: pushed.task_id });
    }
    return pushed;
  }

  /**
   * The streamed endpoint; after a break, asked again for what was not yet told.
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
    const left = new Set(articles.keys());
    await retrying(async () => {
      let isWhole = false;
      const asked = [...left];
      const those = { credential: await this.credential(), articles: asked.map((place) => articles[place]) };
      const body = { ...those, field, user_id: userId, ...mode };
      for await (const { type, index, done, ...item } of this.#backend.lines("/api/v1/ozon/download", body, signal)) {
        if (type === "error") throw answerError(200, JSON.stringify(item));
        if (type === "done") isWhole = true;
        if (type !== "item") continue;
        const place = asked[index];
        left.delete(place);
        items[place] = /** @type {Item} */ (item);
        onItem?.(items[place], place);
      }
      if (!isWhole) throw networkError();
    }, signal);
    return items;
  }

  /**
   * @param {string} r2_path
   * @param {string} [content_type]
   * @param {AbortSignal} [signal]
   * @returns {Promise<any>}
   */
  #sign(r2_path, content_type, signal) {
    return this.#backend.post("/api/v1/r2/presigned-url", { r2_path, content_type }, signal);
  }
}
