import { aria } from "../ozon-upload-modal/dom.js";

/** Milliseconds that a message without a button is shown. */
const DURATION = 6000;

/**
 * A short message at the bottom of the window. After a removal it has buttons that undo it and hide the message; the
 * focus then returns to the element that had it before.
 */
export class Toast {
  #element;
  #text;
  #undoButton;
  #dismissButton;
  /** Returns the text in the current language. */
  #message = () => "";
  /** @type {(() => void) | undefined} */
  #undo;
  /** @type {(() => void) | undefined} */
  #discard;
  /** @type {Element | null} */
  #focused = null;
  #timer = 0;

  /** @param {Record<string, any>} elements  the elements of the page by their ids */
  constructor({ toast, undo, dismiss, "toast-text": text }) {
    this.#element = toast;
    this.#text = text;
    this.#undoButton = undo;
    this.#dismissButton = dismiss;
    undo.addEventListener("click", () => {
      this.#undo?.();
      this.#discard = undefined;
      this.hide();
    });
    dismiss.addEventListener("click", () => {
      this.hide();
      if (this.#focused instanceof HTMLElement) this.#focused.focus();
    });
  }

  /** @param {Record<string, any>} texts */
  translate(texts) {
    aria(this.#dismissButton, { label: texts.close });
    this.#text.textContent = this.#message();
  }

  /**
   * @param {() => string} message
   * @param {() => void} [undo]
   * @param {() => void} [discard]  called when it can't be undone any more
   */
  show(message, undo, discard) {
    this.hide();
    this.#focused = document.activeElement;
    this.#undo = undo;
    this.#discard = discard;
    this.#element.hidden = false;
    this.#message = message;
    this.#text.textContent = message();
    this.#undoButton.hidden = this.#dismissButton.hidden = !undo;
    if (!undo) this.#timer = setTimeout(() => this.hide(), DURATION);
  }

  hide() {
    clearTimeout(this.#timer);
    this.#discard?.();
    this.#element.hidden = true;
    this.#undo = this.#discard = undefined;
  }
}
