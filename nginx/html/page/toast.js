/** Milliseconds that a message without a button is shown. */
const DURATION = 6000;

/** A short message at the bottom of the window. After a removal it has a button that undoes it. */
export class Toast {
  #element;
  #text;
  #button;
  /** @type {(() => void) | undefined} */
  #undo;
  #timer = 0;

  /** @param {Record<string, any>} elements  the elements of the page by their ids */
  constructor({ toast, undo, "toast-text": text }) {
    this.#element = toast;
    this.#text = text;
    this.#button = undo;
    undo.addEventListener("click", () => {
      this.#undo?.();
      this.hide();
    });
  }

  /**
   * @param {string} text
   * @param {() => void} [undo]
   */
  show(text, undo) {
    clearTimeout(this.#timer);
    this.#undo = undo;
    this.#element.hidden = false;
    this.#text.textContent = text;
    this.#button.hidden = !undo;
    if (!undo) this.#timer = setTimeout(() => this.hide(), DURATION);
  }

  hide() {
    this.#element.hidden = true;
    this.#undo = undefined;
  }
}
