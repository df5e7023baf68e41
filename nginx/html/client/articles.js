// The images of articles: calls of ozon-download.

import { OzonR2Error, TIMED_OUT, faultsIn, isText, networkError, responseError } from "./control.js";

/** Articles in one request without a stream. */
const LIST_SIZE = 50;
/** Why a long request is refused if it isn't streamed, because a proxy has dropped its Accept header. */
const TOO_LONG = "Exceeds limit (500)";
/** Milliseconds for which lists are requested after a stream was held back or refused. */
const LIST_PERIOD = 600_000;

/** @typedef {import("../ozon-r2.js").Item} Item */

export class Downloads {
  #backend;
  #retries;
  #fields;
  // When a stream is tried again after a proxy has held one back, so that nothing arrived in time, or has dropped its
  // Accept header. The person may have changed the network since then.
  #streamsFrom = 0;

  /**
   * @param {import("./types.js").Services} services
   * @param {() => Promise<object>} fields  of each request
   */
  constructor({ backend, retries }, fields) {
    this.#backend = backend;
    this.#retries = retries;
    this.#fields = fields;
  }

  /** @type {import("./types.js").Downloads["run"]} */
  async run(articles, mode, signal, onItem) {
    const items = /** @type {Item[]} */ ([]);
    const remaining = new Set(articles.keys());
    await this.#retries.run(async (renew) => {
      do {
        const isStreamed = Date.now() >= this.#streamsFrom;
        const indices = [...remaining].slice(0, isStreamed ? articles.length : LIST_SIZE);
        const body = { ...(await this.#fields()), ...mode, articles: indices.map((index) => articles[index]) };
        const count = remaining.size;
        try {
          for await (const { index: position, item } of this.#items(body, isStreamed, signal)) {
            const index = indices[position];
            if (!remaining.delete(index)) continue;
            if (!isItem(item)) throw new OzonR2Error("The response has no images", { code: "BAD_ANSWER", status: 200 });
            renew();
            items[index] = item;
            onItem?.(item, index);
          }
        } catch (/** @type {any} */ error) {
          // The indices in the response are those of the request, which may lack articles.
          for (const fault of faultsIn(error?.errors)) {
            if (fault.field === "articles" && fault.index !== undefined) fault.index = indices[fault.index];
          }
          if (isStreamed && error?.errors?.some(({ reason = "" }) => reason === TOO_LONG)) {
            this.#streamsFrom = Date.now() + LIST_PERIOD;
            continue;
          }
          if (error?.code !== "NETWORK" || remaining.size > 0 || count === 0) throw error;
        }
        if (remaining.size > 0 && remaining.size === count) {
          throw new OzonR2Error("The response lacks articles", { code: "BAD_ANSWER", status: 200 });
        }
      } while (remaining.size > 0);
    }, signal);
    return items;
  }

  /**
   * @param {object} body
   * @param {boolean} isStreamed
   * @param {AbortSignal} [signal]
   * @returns {AsyncGenerator<{index: number, item: Item}, void>}
   */
  async *#items(body, isStreamed, signal) {
    let lines = 0;
    try {
      for await (const line of this.#backend.stream("/api/v1/ozon/download", body, isStreamed, signal)) {
        lines += 1;
        const { type, index, done, ...item } = line;
        if (type === "error") throw responseError(200, JSON.stringify(item));
        if (type === "done") return;
        if (type === "item") yield { index, item: /** @type {Item} */ (item) };
      }
    } catch (/** @type {any} */ error) {
      if (isStreamed && error?.cause === TIMED_OUT && lines === 0) this.#streamsFrom = Date.now() + LIST_PERIOD;
      throw error;
    }
    throw networkError();
  }
}

/** @type {(item: any) => boolean} */
const isItem = ({ article, urls, uploads = [], errors = [] }) =>
  isText(article) && [urls, uploads, errors].every(Array.isArray) && urls.every(isText) &&
  uploads.every((/** @type {any} */ each) => isText(each?.url) && isText(each.upload_url)) &&
  errors.every((/** @type {any} */ each) => isText(each?.url) && isText(each.reason));
