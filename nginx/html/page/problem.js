import { describeError } from "../ozon-upload-modal/errors.js";

/** The error of the last task, with the next step. */
export class Problem {
  #elements;
  /** @type {any} */
  #error = null;
  #repeat = () => {};
  /** @type {Record<string, any>} */
  #texts = {};
  #language = "";

  /** @param {Record<string, any>} elements  the elements of the page by their ids */
  constructor(elements) {
    this.#elements = elements;
    elements.retry.addEventListener("click", () => this.#repeat());
  }

  get isShown() {
    return this.#error !== null;
  }

  // `repeat` repeats the task.
  /** @type {(error: unknown, repeat: () => void) => void} */
  show(error, repeat) {
    this.#error = error;
    this.#repeat = repeat;
    this.#render();
  }

  clear() {
    this.#error = null;
    this.#render();
  }

  /** @type {(texts: Record<string, any>, language: string) => void} */
  translate(texts, language) {
    this.#texts = texts;
    this.#language = language;
    this.#render();
  }

  #render() {
    const page = this.#elements;
    page.problem.hidden = !this.isShown;
    if (!this.isShown) return;
    const { text, hint, action = "" } = describeError(this.#error, this.#language);
    page["problem-text"].textContent = text;
    page["problem-hint"].textContent = hint;
    page.login.hidden = action !== "login";
    page.retry.hidden = action === "";
    const { requestId } = this.#error;
    page["problem-request"].textContent = requestId ? `${this.#texts.requestId}: ${requestId}` : "";
  }
}
