// Calls of ozon-download: streamed, or in batches if something on the way holds the stream back.

import { networkError, OzonR2Error, responseError } from "./errors.js";
import { TIMED_OUT } from "./signals.js";

const PATH = "/api/v1/ozon/download";
/** Articles in one request without a stream. */
const BATCH_SIZE = 50;

/** @typedef {import("../ozon-r2.js").Item} Item */

export class Downloads {
  #backend;
  #retries;
  #fields;
  // Whether nothing of a stream arrived in time, which a proxy causes that collects the whole response.
  #isHeldBack = false;

  /**
   * @param {import("./calls.js").Backend} backend
   * @param {import("./retry.js").Retries} retries
   * @param {() => Promise<object>} fields  of each request
   */
  constructor(backend, retries, fields) {
    this.#backend = backend;
    this.#retries = retries;
    this.#fields = fields;
  }

  /**
   * Returns the items in the order of `articles`. When a stream breaks, the articles that it hasn't returned yet are
   * requested again.
   *
   * @param {string[]} articles
   * @param {object} mode
   * @param {AbortSignal} [signal]
   * @param {(item: Item, index: number) => void} [onItem]
   * @returns {Promise<Item[]>}
   */
  async run(articles, mode, signal, onItem) {
    /** @type {Item[]} */
    const items = [];
    const remaining = new Set(articles.keys());
    await this.#retries.run(async (renew) => {
      do {
        const indices = [...remaining].slice(0, this.#isHeldBack ? BATCH_SIZE : articles.length);
        const body = { ...(await this.#fields()), ...mode, articles: indices.map((index) => articles[index]) };
        const count = remaining.size;
        try {
          for await (const { index: position, item } of this.#items(body, signal)) {
            const index = indices[position];
            if (!remaining.delete(index)) continue;
            renew();
            items[index] = item;
            onItem?.(item, index);
          }
        } catch (/** @type {any} */ error) {
          if (error?.code !== "NETWORK" || remaining.size > 0 || count === 0) throw error;
        }
        if (remaining.size > 0 && remaining.size === count) {
          throw new OzonR2Error("The response lacks articles", { code: "BAD_ANSWER", status: 200 });
        }
      } while (remaining.size > 0);
    }, signal);
    return items;
  }

  /** @type {(body: object, signal?: AbortSignal) => AsyncGenerator<{index: number, item: Item}, void>} */
  async *#items(body, signal) {
    let lines = 0;
    try {
      for await (const line of this.#backend.stream(PATH, body, !this.#isHeldBack, signal)) {
        lines += 1;
        const { type, index, done, ...item } = line;
        if (type === "error") throw responseError(200, JSON.stringify(item));
        if (type === "done") return;
        if (type === "item") yield { index, item: /** @type {Item} */ (item) };
      }
    } catch (/** @type {any} */ error) {
      if (error?.cause === TIMED_OUT && lines === 0) this.#isHeldBack = true;
      throw error;
    }
    throw networkError();
  }
}
