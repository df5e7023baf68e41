/** Parts signed in one request. */
const BATCH_SIZE = 100;
/** The next batch is requested when fewer URLs than this are left. */
const MIN_URLS = 20;

/** @typedef {{part_number: number, upload_url: string}} Part */

/** The presigned URLs of the parts in `remaining`, requested in batches before they are needed. */
export class PartURLs {
  /** @type {Map<number, Part>} */
  #parts = new Map();
  #remaining;
  #sign;
  /** @type {Promise<void> | undefined} */
  #request;

  /**
   * @param {Set<number>} remaining  in ascending order
   * @param {(numbers: number[]) => Promise<Part[]>} sign
   * @param {Part[]} parts  already signed
   */
  constructor(remaining, sign, parts) {
    this.#remaining = remaining;
    this.#sign = sign;
    this.#add(parts);
  }

  /** @type {(number: number) => Promise<Part>} */
  async get(number) {
    for (;;) {
      const part = this.#parts.get(number);
      const later = [...this.#parts.keys()].filter((each) => each > number).length;
      const request = (!part || later < MIN_URLS) && this.#signMore();
      if (part) return part;
      await request;
    }
  }

  // Another URL after `used` has failed; the rest of its batch expires with it and is dropped.
  /** @type {(number: number, used: string) => Promise<Part>} */
  replace(number, used) {
    if (this.#parts.get(number)?.upload_url === used) this.#parts.clear();
    return this.get(number);
  }

  /** @param {number} number */
  delete(number) {
    this.#remaining.delete(number);
    this.#parts.delete(number);
  }

  #signMore() {
    this.#request ??= this.#signBatch().finally(() => (this.#request = undefined));
    this.#request.catch(() => {}); // thrown by get() when the URL is needed
    return this.#request;
  }

  async #signBatch() {
    const numbers = [...this.#remaining].filter((number) => !this.#parts.has(number)).slice(0, BATCH_SIZE);
    if (numbers.length > 0) this.#add(await this.#sign(numbers));
  }

  /** @param {Part[]} parts */
  #add(parts) {
    for (const part of parts) if (this.#remaining.has(part.part_number)) this.#parts.set(part.part_number, part);
  }
}
