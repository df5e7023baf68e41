import { toError } from "./errors.js";
import { UploadMeter } from "./upload-meter.js";

/** Files uploaded at the same time. */
const CONCURRENCY = 3;
/** The properties of the error of a file whose upload would overwrite another image. */
const REPEATED = { code: "VALIDATION_FAILED", errors: [{ field: "r2_path", reason: "Must not be repeated" }] };

/** @typedef {import("../ozon-upload-modal.js").OzonUploadModal} Modal */
/** @typedef {import("./image-list.js").ImageItem} ImageItem */

/**
 * The push of one set of images: the credential, the uploads of files, the push. `step` is the index of the current
 * step in texts.steps.
 */
export class Push {
  step = 0;
  /** @type {"checking" | "uploading" | "pushing" | "pending"} */
  phase = "checking";
  /** @type {UploadMeter | undefined} */
  meter;
  files = 0;
  uploaded = 0;
  /** Milliseconds of performance.now(), when Ozon began to process the push. */
  pendingSince = 0;
  /**
   * What the client waits for, or null.
   *
   * @type {import("../ozon-r2.js").Wait | null}
   */
  wait = null;
  /** Milliseconds of performance.now(), when the client began to wait; 0 while there is progress. */
  waitingSince = 0;
  // The uploads that haven't ended, with those that wait for their turn.
  /** @type {Map<ImageItem, AbortController>} */
  #uploads = new Map();
  /** @type {Set<ImageItem>} */
  #cancelled = new Set();
  #controller = new AbortController();
  #options;

  /**
   * @param {{client: Modal["client"], items: ImageItem[], productId: number, colorImage?: string,
   *   refetch?: boolean, onChange: () => void,
   *   onItem: (item: ImageItem, state: string, note?: string, progress?: number) => void,
   *   describe: (error: any) => string,
   *   confirm: (detail: {productId: number, images: string[]}) => boolean}} options  `onChange` is called when a
   *   property has changed; `confirm` returns false if a listener prevented the push
   */
  constructor(options) {
    this.#options = options;
  }

  /** Whether the images may have been sent to Ozon. */
  get isSent() {
    return this.step >= 3;
  }

  get signal() {
    return this.#controller.signal;
  }

  abort() {
    this.#controller.abort();
  }

  /** @param {ImageItem} item */
  canCancel(item) {
    return this.#uploads.has(item);
  }

  /**
   * Cancels one upload: the push goes on without its image. Returns false if the upload has ended.
   *
   * @param {ImageItem} item
   */
  cancel(item) {
    const upload = this.#uploads.get(item);
    if (!upload) return false;
    this.#uploads.delete(item);
    this.#cancelled.add(item);
    this.files -= 1;
    this.meter?.remove(item, item.image.file?.size ?? 0);
    upload.abort();
    return true;
  }

  /** Returns what OzonR2.push returns, or undefined if a listener prevented the push. */
  async run() {
    const observer = new AbortController();
    const onWait = (/** @type {Push["wait"]} */ wait) => {
      this.wait = wait;
      if (wait) this.waitingSince ||= performance.now();
      this.#options.onChange();
    };
    this.#options.client?.addWaitListener?.(onWait, { signal: observer.signal });
    try {
      return await this.#run();
    } finally {
      observer.abort();
    }
  }

  async #run() {
    const { client, items, productId, colorImage, refetch, confirm, onItem } = this.#options;
    for (const item of items) onItem(item, item.image.url ? "done" : "waiting");
    this.#enter(0, "checking");
    await this.#checkCredential();
    await this.#uploadAll(items.filter(({ image }) => !image.url));
    const images = items.flatMap(({ image }) => image.url || []); // without those whose upload was cancelled
    if (images.length === 0) this.abort();
    this.#enter(2, "checking");
    if (!confirm({ productId, images })) return undefined;
    this.#enter(3, "pushing");
    const onStatus = (/** @type {{status: string}} */ { status }) => {
      if (status === "pending") this.pendingSince ||= performance.now();
      this.#enter(4, status === "pending" ? "pending" : "pushing");
    };
    return client?.push({ productId, images, colorImage, refetch }, { signal: this.signal, onStatus });
  }

  /**
   * @param {number} step
   * @param {Push["phase"]} phase
   */
  #enter(step, phase) {
    this.signal.throwIfAborted();
    Object.assign(this, { step, phase, waitingSince: 0 });
    this.#options.onChange();
  }

  async #checkCredential() {
    const aborted = new Promise((_, reject) => this.signal.addEventListener("abort", reject));
    let cause;
    const credential = await Promise.race([this.#readCredential(), aborted]).catch((error) => (cause = error) && null);
    this.signal.throwIfAborted();
    if (!credential) throw Object.assign(new Error("No credential"), { code: "NO_CREDENTIAL", cause });
  }

  async #readCredential() {
    return this.#options.client?.credential();
  }

  /** @param {ImageItem[]} items */
  async #uploadAll(items) {
    if (items.length === 0) return;
    this.files = items.length;
    for (const item of items) this.#uploads.set(item, new AbortController());
    this.meter = new UploadMeter(items.reduce((sum, { image }) => sum + (image.file?.size ?? 0), 0));
    this.#enter(1, "uploading");
    const queue = items.values();
    /** @type {unknown[]} */
    const errors = [];
    const worker = async () => {
      for (const item of queue) {
        this.signal.throwIfAborted();
        const upload = this.#uploads.get(item);
        if (!upload) continue; // cancelled before its turn
        const abort = () => upload.abort();
        this.signal.addEventListener("abort", abort, { signal: upload.signal });
        await this.#upload(item, upload.signal).catch((error) => this.#uploads.has(item) && errors.push(error));
        this.signal.removeEventListener("abort", abort);
        this.#uploads.delete(item);
        this.#enter(1, "uploading");
      }
    };
    await Promise.all(Array.from({ length: CONCURRENCY }, worker));
    if (errors.length > 0) throw new UploadsFailed(errors);
  }

  /**
   * @param {ImageItem} item
   * @param {AbortSignal} signal
   */
  async #upload(item, signal) {
    const { client, onItem, describe } = this.#options;
    const { file, path } = item.image;
    const { meter } = this;
    let isVerifying = false;
    const onProgress = (/** @type {import("../ozon-r2.js").UploadProgress} */ { loaded, phase }) => {
      const isResumed = isVerifying && phase !== "verifying";
      isVerifying = phase === "verifying";
      onItem(item, isVerifying ? "verifying" : "sending", "", loaded / (file?.size || 1));
      if (!isVerifying) meter?.set(item, loaded, isResumed);
      if (loaded > 0) this.waitingSince = 0;
      this.#options.onChange();
    };
    try {
      onItem(item, "sending");
      if (!client || !file || !path) throw new Error("An image needs a url, or a file and a path");
      if (this.#isRepeated(item)) throw Object.assign(new Error("The path is repeated"), REPEATED);
      const { public_url: url } = await client.upload(file, path, { onProgress, signal });
      signal.throwIfAborted(); // if the client doesn't
      item.image = { ...item.image, url };
      this.uploaded += 1;
      onItem(item, "done");
    } catch (reason) {
      const error = toError(reason);
      if (signal.aborted) {
        onItem(item, "waiting");
      } else {
        meter?.remove(item, file?.size ?? 0);
        onItem(item, "failed", describe(error));
      }
      throw error;
    }
  }

  // Whether another file is at the path already, or is before this one and isn't cancelled.
  /** @type {(item: ImageItem) => boolean} */
  #isRepeated(item) {
    const { items } = this.#options;
    return items.some((other, index) => {
      const { file, path, url } = other.image;
      const isBefore = index < items.indexOf(item) && !this.#cancelled.has(other);
      return other !== item && file && path === item.image.path && (url || isBefore);
    });
  }
}

/** `cause` is the first upload's error. */
export class UploadsFailed extends Error {
  /** @param {unknown[]} errors */
  constructor(errors) {
    super(`${errors.length} uploads failed`, { cause: errors[0] });
    this.count = errors.length;
  }
}
