// The browser client of the backend, an ES module without dependencies. Its manual is ozon-r2.d.ts.

import { Downloads } from "./client/articles.js";
import { Backend, Puts } from "./client/calls.js";
import {
  OzonR2Error, Retries, abortable, childSignal, faultsIn, foreignResponse, isText, isTransient, sleep,
} from "./client/control.js";
import { CopyJob } from "./client/copies.js";
import { bareType, checkReadable, contentHash, mediaType, withLock } from "./client/files.js";
import { MultipartUpload } from "./client/multipart.js";

export { OzonR2Error, contentHash, mediaType };

/** Bytes; files of this size and larger are uploaded in parts. */
const MULTIPART_MIN_SIZE = 16_000_000;
/** Milliseconds before a pending push is polled for the first time. */
const FIRST_POLL_DELAY = 2000;
const MAX_POLL_DELAY = 15_000;
/** Milliseconds for which polls that fail are repeated; a longer Retry-After isn't waited for. */
const MAX_POLL_TIME = 600_000;

/** @typedef {import("./ozon-r2.js").Item} Item */
/** @typedef {import("./ozon-r2.js").OzonR2} Client */

export class OzonR2 {
  #baseURL;
  #credential;
  #concurrency;
  #services;
  #downloads;

  /** @param {import("./ozon-r2.js").Options} options */
  constructor({ baseURL, apiKey, credential, userId, field = "offer_id", concurrency = 6, onWait }) {
    if (typeof baseURL !== "string") throw new TypeError('baseURL must be a string; "" is the page\'s own origin');
    if (!(concurrency >= 1)) throw new TypeError("concurrency must be at least 1");
    this.#baseURL = baseURL;
    this.#credential = credential;
    this.#concurrency = concurrency;
    const retries = new Retries(onWait);
    const backend = new Backend(baseURL, apiKey, retries);
    this.#services = { backend, retries, puts: new Puts(retries, concurrency) };
    const fields = async () => ({ credential: await this.credential(), field, user_id: userId });
    this.#downloads = new Downloads(this.#services, fields);
  }

  /** @type {Client["credential"]} */
  async credential() {
    return this.#credential?.();
  }

  /** @type {Client["addWaitListener"]} */
  addWaitListener(listener, options) {
    this.#services.retries.addWaitListener(listener, options);
  }

  /** @type {Client["images"]} */
  images(articles, options) {
    const { signal, onItem } = options ?? {};
    const mode = { download_images: false, presign: true };
    return abortable(this.#downloads.run(articles, mode, signal, onItem), signal);
  }

  /** @type {Client["copy"]} */
  async copy(articles, options) {
    const { onProgress, onItem, onImage, only = () => true } = options ?? {};
    const { signal, abort } = childSignal(options?.signal);
    /** @type {<T extends any[]>(report?: (...values: T) => void) => (...values: T) => void} */
    const untilEnd = (report) => (...values) => signal.aborted || report?.(...values);
    const job = new CopyJob(this.#services, {
      concurrency: this.#concurrency,
      sign: (path, type) => this.#sign(path, type, signal),
      serverCopy: (some, onCopied) =>
        this.#downloads.run(some, { download_images: true, existing: "skip" }, signal, onCopied),
      signal,
      onProgress: untilEnd(onProgress),
      onImage: untilEnd(onImage),
      only,
    });
    /** @type {Promise<import("./ozon-r2.js").CopiedItem>[]} */
    const copies = [];
    const startCopy = (/** @type {Item} */ item, /** @type {number} */ index) => {
      copies[index] = job.copy(item).then((copied) => {
        untilEnd(onItem)(copied, index);
        return copied;
      });
      copies[index].catch(() => {}); // thrown by Promise.all below
    };
    try {
      await this.images(articles, { signal, onItem: startCopy });
      return await abortable(Promise.all(copies), signal);
    } finally {
      abort(); // after an error, ends the copies that still run
    }
  }

  /** @type {Client["upload"]} */
  upload(file, path, options) {
    const { signal } = options ?? {};
    const key = `ozon-r2 ${this.#baseURL} ${path}`;
    const upload = async () => {
      signal?.throwIfAborted();
      await checkReadable(file);
      return withLock(key, () => this.#upload(key, file, path, options), signal);
    };
    return abortable(upload(), signal);
  }

  /** @type {(key: string, ...upload: Parameters<Client["upload"]>) => ReturnType<Client["upload"]>} */
  async #upload(key, file, path, options) {
    const { signal, onProgress } = options ?? {};
    const { size } = file;
    const { name = path } = /** @type {File} */ (file);
    const type = mediaType(file.type, name) || bareType(file.type) || undefined;
    /** @type {(bytes: number, verified?: number, items?: number) => void} */
    const report = (bytes, verified, items = 0) => {
      if (signal?.aborted) return;
      const phase = verified === undefined ? "uploading" : "verifying";
      const loaded = verified ?? bytes;
      onProgress?.({ phase, loaded, total: size, bytes, totalBytes: size, items, totalItems: 1, failed: 0 });
    };
    let uploaded;
    if (size < MULTIPART_MIN_SIZE) {
      let public_url = "";
      const sign = async () => {
        const signed = await this.#sign(path, type, signal);
        ({ public_url } = signed);
        return signed;
      };
      const read = async () => file.slice(0, size, type);
      await this.#services.puts.send(read, undefined, sign, report, signal);
      uploaded = { r2_path: path, public_url, size, resumed: 0 };
    } else {
      const fields = { file, path, type, key, signal, onBytes: report };
      uploaded = await new MultipartUpload(this.#services, fields).run();
    }
    report(size, undefined, 1);
    return uploaded;
  }

  /** @type {Client["push"]} */
  push({ productId, images, images360, colorImage, refetch }, options) {
    const { signal, onStatus } = options ?? {};
    const post = async (/** @type {string} */ endpoint, /** @type {object} */ fields) => {
      const credential = await this.credential();
      signal?.throwIfAborted();
      const pictures = { product_id: productId, images, images360, color_image: colorImage, refetch };
      const body = { credential, ...pictures, ...fields };
      const response = await this.#services.backend.post(`/api/v1/ozon/${endpoint}`, body, signal);
      const { success, data, errors, warnings } = response;
      if (!isText(data?.status)) throw foreignResponse();
      const pushed = { ...data, success, errors: faultsIn(errors), warnings: faultsIn(warnings) };
      onStatus?.(pushed);
      return pushed;
    };
    const run = async () => {
      let pushed = await post("push-images", {});
      let delay = FIRST_POLL_DELAY;
      let failingSince = 0;
      let retryAfter = 0;
      // Without a task_id, there is nothing to ask for.
      while (pushed.status === "pending" && pushed.task_id) {
        await sleep(Math.max(delay, retryAfter * 1000), signal);
        try {
          pushed = await post("push-status", { task_id: pushed.task_id });
          failingSince = retryAfter = 0;
        } catch (error) {
          if (!(error instanceof OzonR2Error)) throw error;
          // Ozon continues, and nothing but this call has the task_id.
          failingSince ||= Date.now();
          ({ retryAfter = 0 } = /** @type {{retryAfter?: number}} */ (error));
          const isLong = Date.now() - failingSince + retryAfter * 1000 > MAX_POLL_TIME;
          const isFinal = isLong || !isTransient({ ...error, retryAfter: 0 });
          if (isFinal) throw Object.assign(error, { taskId: pushed.task_id });
        }
        delay = Math.min(delay * 1.5, MAX_POLL_DELAY);
      }
      return pushed;
    };
    return abortable(run(), signal);
  }

  // One attempt: the PUT that needs the URL is retried.
  /** @type {(r2_path: string, content_type?: string, signal?: AbortSignal) => Promise<any>} */
  async #sign(r2_path, content_type, signal) {
    const body = { r2_path, content_type };
    const signed = await this.#services.backend.postOnce("/api/v1/r2/presigned-url", body, signal);
    if (!isText(signed.upload_url) || !isText(signed.public_url)) throw foreignResponse();
    return signed;
  }
}
