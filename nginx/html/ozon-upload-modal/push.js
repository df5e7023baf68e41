import { UploadMeter } from "./upload-meter.js";

/** Files uploaded at the same time. */
const CONCURRENCY = 3;

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
  #controller = new AbortController();
  #options;

  /**
   * @param {{client: Modal["client"], items: ImageItem[], productId: number, colorImage?: string,
   *   onChange: () => void, onItem: (item: ImageItem, state: string, note?: string, progress?: number) => void,
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

  /** Returns what OzonR2.push returns, or undefined if a listener prevented the push. */
  async run() {
    const { client, items, productId, colorImage, confirm, onItem } = this.#options;
    for (const item of items) onItem(item, item.image.url ? "done" : "waiting");
    this.#enter(0, "checking");
    await this.#checkCredential();
    await this.#uploadAll(items.filter(({ image }) => !image.url));
    this.#enter(2, "checking");
    const images = items.map(({ image }) => /** @type {string} */ (image.url));
    if (!confirm({ productId, images })) return undefined;
    this.#enter(3, "pushing");
    const onStatus = (/** @type {{status: string}} */ { status }) => {
      if (status === "pending") this.pendingSince ||= performance.now();
      this.#enter(4, status === "pending" ? "pending" : "pushing");
    };
    return client?.push({ productId, images, colorImage }, { signal: this.signal, onStatus });
  }

  /**
   * @param {number} step
   * @param {Push["phase"]} phase
   */
  #enter(step, phase) {
    this.signal.throwIfAborted();
    Object.assign(this, { step, phase });
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
    this.meter = new UploadMeter(items.reduce((sum, { image }) => sum + (image.file?.size ?? 0), 0));
    this.#enter(1, "uploading");
    const queue = items.values();
    /** @type {unknown[]} */
    const errors = [];
    const worker = async () => {
      for (const item of queue) {
        this.signal.throwIfAborted();
        await this.#upload(item).catch((error) => errors.push(error));
        this.#enter(1, "uploading");
      }
    };
    await Promise.all(Array.from({ length: CONCURRENCY }, worker));
    if (errors.length > 0) throw new UploadsFailed(errors);
  }

  /** @param {ImageItem} item */
  async #upload(item) {
    const { client, onItem, describe } = this.#options;
    const { file, path } = item.image;
    const { meter, signal } = this;
    let isVerifying = false;
    const onProgress = (/** @type {import("../ozon-r2.js").UploadProgress} */ { loaded, phase }) => {
      const isResumed = isVerifying && phase !== "verifying";
      isVerifying = phase === "verifying";
      onItem(item, isVerifying ? "verifying" : "sending", "", loaded / (file?.size || 1));
      if (!isVerifying) meter?.set(item, loaded, isResumed);
      this.#options.onChange();
    };
    try {
      onItem(item, "sending");
      if (!client || !file || !path) throw new Error("An image needs a url, or a file and a path");
      const { public_url: url } = await client.upload(file, path, { onProgress, signal });
      item.image = { ...item.image, url };
      this.uploaded += 1;
      onItem(item, "done");
    } catch (error) {
      if (signal.aborted) onItem(item, "waiting");
      else onItem(item, "failed", describe(error));
      throw error;
    }
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
