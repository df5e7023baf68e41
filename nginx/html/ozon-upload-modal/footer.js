import { aria, h } from "./dom.js";
import { StatusView } from "./status-view.js";

/**
 * `step` is the step in which the last push ended, or -1; `isAsking` whether the person has to confirm that the window
 * is closed during a push; `loginURL` the page for logging in, or "". `count`, `failed` and `unsupported` are numbers
 * of images.
 *
 * @typedef {{running: import("./push.js").Push | null, outcome: import("./outcome.js").Outcome | null, step: number,
 *   isAsking: boolean, hasUploadErrors: boolean, loginURL: string, count: number, failed: number,
 *   unsupported: number}} State
 */

/** The status and the buttons that fit it. */
export class Footer {
  cancelButton;
  primaryButton;
  #againButton;
  #status = new StatusView();
  element;

  /** @param {{proceed: () => void, pushAgain: () => void, cancel: () => void}} actions */
  constructor({ proceed, pushAgain, cancel }) {
    this.cancelButton = h("button", { type: "button", part: "button", click: cancel });
    this.#againButton = h("button", { type: "button", part: "button", click: pushAgain });
    this.primaryButton = h("button", { type: "button", part: "primary", click: proceed });
    this.element = h("div", { part: "footer" },
      ...this.#status.elements,
      h("div", { class: "buttons" }, this.cancelButton, this.#againButton, this.primaryButton));
    for (const type of ["click", "keydown"]) this.element.addEventListener(type, dropRepetition, true);
  }

  /**
   * @param {import("./languages.js").Texts} texts
   * @param {State} state
   */
  render(texts, state) {
    const { running, outcome, isAsking, hasUploadErrors, count, failed, unsupported } = state;
    const isGood = outcome?.kind === "good";
    const canLeaveOut = !running && failed > 0 && failed < count;
    this.#status.render(texts, state);
    const root = /** @type {ShadowRoot} */ (this.element.getRootNode());
    const focused = /** @type {HTMLElement | null} */ (root.activeElement);

    let primary = outcome ? texts.retry : texts.push;
    if (isAsking) primary = running?.isSent ? texts.close : texts.stopAndClose;
    else if (running) primary = texts.pushing;
    else if (isGood) primary = texts.close;
    else if (canLeaveOut) primary = texts.withoutFailed(failed);
    this.primaryButton.textContent = primary;
    aria(this.primaryButton, { disabled: (running !== null && !isAsking) || count === unsupported });

    this.#againButton.textContent = hasUploadErrors ? texts.retryFailed(failed) : texts.retry;
    this.#againButton.hidden = !canLeaveOut || unsupported > 0;
    this.cancelButton.textContent = texts[isAsking ? "keepOpen" : running ? "stop" : outcome ? "close" : "cancel"];
    this.cancelButton.hidden = isGood;
    if (focused?.hidden) this.primaryButton.focus();
  }
}

/**
 * The second click of a double click, or a key held down, isn't meant for what a button does since the first one.
 *
 * @param {any} event
 */
function dropRepetition(event) {
  if (event.type === "click" ? event.detail < 2 : event.key !== "Enter" || !event.repeat) return;
  event.preventDefault();
  event.stopPropagation();
}
