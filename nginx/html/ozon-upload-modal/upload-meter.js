/** Milliseconds over which the speed is measured. */
const WINDOW = 10_000;
/** Milliseconds before the first speed is given. */
const MIN_WINDOW = 1000;

/** Adds up the bytes of uploads, and estimates their speed and the time left. */
export class UploadMeter {
  total;
  /** @type {Map<unknown, number>} */
  #sent = new Map();
  /** @type {{time: number, bytes: number}[]} */
  #samples = [];

  /** @param {number} total  bytes of all files */
  constructor(total) {
    this.total = total;
  }

  get bytes() {
    return [...this.#sent.values()].reduce((sum, bytes) => sum + bytes, 0);
  }

  /**
   * @param {unknown} file
   * @param {number} bytes  sent so far; not counted in the speed if `isResumed`
   */
  set(file, bytes, isResumed = false) {
    this.#sent.set(file, bytes);
    if (isResumed) this.#samples = [];
    const time = performance.now();
    this.#samples.push({ time, bytes: this.bytes });
    while (this.#samples.length > 2 && this.#samples[1].time < time - WINDOW) this.#samples.shift();
  }

  /**
   * @param {unknown} file
   * @param {number} size
   */
  remove(file, size) {
    this.#sent.delete(file);
    this.#samples = [];
    this.total -= size;
  }

  /** Bytes per second; 0 as long as it isn't known or nothing is sent. */
  get speed() {
    const [first] = this.#samples;
    const duration = first ? performance.now() - first.time : 0;
    return duration < MIN_WINDOW ? 0 : Math.max(0, ((this.bytes - first.bytes) / duration) * 1000);
  }

  /** undefined as long as the speed isn't known. */
  get secondsLeft() {
    const { speed } = this;
    return speed > 0 ? (this.total - this.bytes) / speed : undefined;
  }
}
