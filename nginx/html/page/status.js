// The line beside the heading and the progress bar.

import { formatBytes, formatDuration } from "../ozon-upload-modal/quantities.js";
import { UploadMeter } from "../ozon-upload-modal/upload-meter.js";

/** Milliseconds between two texts for screen readers, and between two updates of the visible text, during a task. */
const ANNOUNCEMENT_INTERVAL = 5000;
const UPDATE_INTERVAL = 250;
/** Milliseconds before the time left is estimated. */
const MIN_ELAPSED = 3000;

/** @typedef {import("../ozon-r2.js").Wait | null} Wait */

export class Status {
  #summary;
  #bar;
  #announcer;
  /** @type {Record<string, any>} */
  #texts = {};
  #language = "";
  /** Returns the text in the current language. */
  #text = () => "";
  // What OzonR2 waits for.
  /** @type {Wait} */
  #wait = null;
  #isRunning = false;
  #started = 0;
  #meter = new UploadMeter(0);
  #updated = 0;
  #announced = 0;

  /** @param {Record<string, any>} elements  the elements of the page by their ids */
  constructor({ summary, progress, announcer }) {
    this.#summary = summary;
    this.#bar = progress;
    this.#announcer = announcer;
    addEventListener("online", () => this.#update(true));
    addEventListener("offline", () => this.#update(true));
    setInterval(() => this.#isRunning && this.#update(), 1000);
  }

  /** @type {(texts: Record<string, any>, language: string) => void} */
  translate(texts, language) {
    this.#texts = texts;
    this.#language = language;
    this.#update(true);
  }

  /** @param {() => string} text */
  begin(text) {
    this.#isRunning = true;
    this.#started = Date.now();
    this.#meter = new UploadMeter(0);
    this.#bar.value = 0;
    this.#text = text;
    this.#update(true);
  }

  /** @param {() => string} text */
  end(text, isCopied = false) {
    this.#isRunning = false;
    this.#wait = null;
    if (isCopied) this.#bar.value = 1;
    this.#text = text;
    this.#update(true);
  }

  /** @param {Wait} wait */
  showWait(wait) {
    this.#wait = wait;
    this.#update(true, false); // several calls may wait in turns
  }

  // Shows the progress of OzonR2.copy.
  /** @param {import("../ozon-r2.js").Progress} progress */
  showProgress({ items, totalItems, failed, bytes, totalBytes }) {
    this.#meter.set("all", bytes);
    this.#bar.value = totalItems ? items / totalItems : 0;
    this.#text = () => {
      const { copying, sent, speed, left } = this.#texts;
      const sizeOf = (/** @type {number} */ size) => formatBytes(size, this.#language);
      const facts = [copying(items - failed, totalItems)];
      if (totalBytes > 0) facts.push(sent(sizeOf(bytes), sizeOf(totalBytes)));
      const elapsed = Date.now() - this.#started;
      if (this.#meter.speed > 0) facts.push(speed(sizeOf(this.#meter.speed)));
      if (items > 0 && items < totalItems && elapsed > MIN_ELAPSED) {
        const seconds = (elapsed / items) * (totalItems - items) / 1000;
        facts.push(left(formatDuration(seconds, this.#language)));
      }
      return facts.join(" · ");
    };
    this.#update();
  }

  #update(isUrgent = false, isAnnounced = isUrgent) {
    const now = Date.now();
    if (!isUrgent && now - this.#updated < UPDATE_INTERVAL) return;
    this.#updated = now;
    const text = this.#waitText() || this.#text();
    if (this.#summary.textContent !== text) this.#summary.textContent = text;
    if (!isAnnounced && now - this.#announced < ANNOUNCEMENT_INTERVAL) return;
    this.#announced = now;
    if (this.#announcer.textContent !== text) this.#announcer.textContent = text;
  }

  #waitText() {
    if (!this.#isRunning) return "";
    if (!navigator.onLine || this.#wait?.reason === "offline") return this.#texts.offline;
    const { until } = this.#wait ?? {};
    if (!until) return "";
    return this.#texts.waiting(formatDuration(Math.max(1, (until - Date.now()) / 1000), this.#language));
  }
}
