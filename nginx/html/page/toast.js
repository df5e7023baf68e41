import { aria } from "../ozon-upload-modal/dom.js";

/** Milliseconds that a message without a button is shown. */
const DURATION = 6000;

/**
 * A short message at the bottom of the window. After a removal it has buttons that undo it and hide the message. When
 * the message is hidden with its button, the focus returns to the element from which it came.
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
  /**
   * The element from which the focus has come to the message.
   *
   * @type {EventTarget | null}
   */
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
      const focused = this.#focused;
      this.hide();
      if (focused instanceof HTMLElement && focused.isConnected) focused.focus({ preventScroll: true });
    });
    toast.addEventListener("focusin", (/** @type {FocusEvent} */ { relatedTarget }) => {
      if (![undo, dismiss].includes(relatedTarget)) this.#focused = relatedTarget;
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
    this.#focused = null;
  }
}
