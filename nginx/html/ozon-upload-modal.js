// <ozon-upload-modal>: pushes the images of one product to Ozon. Its manual and types are in ozon-upload-modal.d.ts.
// The module can be imported without a DOM (on a server) and twice in one page.

import { aria, h, setAgain } from "./ozon-upload-modal/dom.js";
import { describeError, toError } from "./ozon-upload-modal/errors.js";
import { Footer } from "./ozon-upload-modal/footer.js";
import { ImageList } from "./ozon-upload-modal/image-list.js";
import { failureOf, outcomeOf } from "./ozon-upload-modal/outcome.js";
import { ElementLanguage } from "./ozon-upload-modal/languages.js";
import { ProductField } from "./ozon-upload-modal/product-field.js";
import { Push, UploadsFailed } from "./ozon-upload-modal/push.js";
import { styles } from "./ozon-upload-modal/styles.js";
import { Values } from "./ozon-upload-modal/values.js";

const Base = /** @type {typeof HTMLElement} */ (globalThis.HTMLElement ?? Object);

export class OzonUploadModal extends Base {
  static observedAttributes = ["open", "lang", "login-url"];

  // The values that were set before the element was defined are kept.
  /** @type {import("./ozon-upload-modal.js").OzonUploadModal["client"]} */
  client = Object(this).client;
  /** @type {string | undefined} */
  colorImage = Object(this).colorImage;
  /** @type {boolean | undefined} */
  refetch = Object(this).refetch;
  #values = new Values(this);
  #language = new ElementLanguage(this, () => this.attributeChangedCallback(), (error) => this.#emit("error", error));
  // The push that runs, or null.
  /** @type {Push | null} */
  #running = null;
  // The end of the last push, or null.
  /** @type {import("./ozon-upload-modal/outcome.js").Outcome | null} */
  #outcome = null;
  /** The step of the last push in which it ended; -1 before a push. */
  #step = -1;
  /** Whether some files couldn't be uploaded by the last push. */
  #hasUploadErrors = false;
  /** Whether the person is asked to confirm that the window be closed during a push. */
  #isAsking = false;

  #product = new ProductField(() => this.#proceed());
  #list = new ImageList((text) => (this.#announcer.textContent = text));
  #footer = new Footer({
    proceed: () => this.#proceed(),
    pushAgain: () => this.#push(),
    cancel: () => this.#cancel(),
  });
  #closeButton = h("button", { type: "button", part: "button", click: () => this.#requestClose() }, "×");
  #announcer = h("div", { class: "announcer", "aria-live": "polite" });
  #dialog = h("dialog", {
    part: "dialog",
    "aria-labelledby": "title",
    close: () => this.#handleNativeClose(),
    cancel: (/** @type {Event} */ event) => {
      if (!this.#running) return;
      event.preventDefault();
      this.#requestClose();
    },
  },
    h("div", { part: "header" }, h("h2", { id: "title", "data-text": "title" }), this.#closeButton),
    h("div", { class: "body" }, this.#product.element, this.#list.element),
    this.#footer.element, this.#announcer);
  #handleNetwork = () => this.#render();

  constructor() {
    super();
    const root = this.attachShadow({ mode: "open" });
    root.append(this.#dialog);
    if (styles) root.adoptedStyleSheets = [styles];
    this.#list.element.addEventListener("change", () => this.#clearOutcome());
  }

  connectedCallback() {
    setAgain(this, "sku", "images");
    for (const name of ["online", "offline"]) addEventListener(name, this.#handleNetwork);
    this.#list.showFiles(true);
    this.attributeChangedCallback();
  }

  disconnectedCallback() {
    for (const name of ["online", "offline"]) removeEventListener(name, this.#handleNetwork);
    this.#list.showFiles(false);
    this.close();
  }

  attributeChangedCallback() {
    this.#translate();
    if (!this.isConnected) return;
    if (this.#isWanted) this.show();
    else this.close();
  }

  /** Whether the attribute `open` is set. React 18 sets open="false". */
  get #isWanted() {
    return (this.getAttribute("open") ?? "false") !== "false";
  }

  get sku() {
    return this.#values.sku;
  }
  set sku(sku) {
    if (this.#values.setSKU(sku ?? {})) this.#apply("sku");
  }

  /** @returns {import("./ozon-upload-modal.js").ModalImage[]} */
  get images() {
    return this.#list.items.map(({ image }) => image);
  }
  set images(images) {
    if (this.#values.setImages([...(images ?? [])])) this.#apply("images");
  }

  show() {
    if (this.#dialog.open) return;
    if (!this.#isWanted) return this.setAttribute("open", ""); // attributeChangedCallback() comes back to this method
    this.#translate();
    if (!this.isConnected || !this.#language.texts) return; // attributeChangedCallback() shows it then
    for (const name of [...this.#values.waiting]) this.#apply(name);
    if (this.#outcome?.kind === "good") this.#clearOutcome();
    this.#dialog.showModal();
    const { input } = this.#product;
    (input.hidden ? this.#footer.primaryButton : input).focus();
  }

  close() {
    if (!this.#dialog.open && !this.#isWanted) return;
    this.#running?.abort();
    if (this.#running) this.#end({ kind: "warn", text: this.#stoppedText(this.#running) });
    this.#dialog.close();
    this.toggleAttribute("open", false);
    this.dispatchEvent(new Event("close"));
  }

  /**
   * Shows a value of `#values`. While the window is open, both values wait for the next show() if one of them would
   * discard what the person has done or what a push has shown, or else a push could mix two products.
   *
   * @param {"images" | "sku"} name
   */
  #apply(name) {
    const { sku, images, waiting } = this.#values;
    const isBusy = this.#running || this.#outcome || waiting.size > 0;
    const isKept = this.#list.isChanged && !(name === "sku" && this.#product.isCompletedBy(sku));
    if (this.#dialog.open && (isBusy || isKept)) {
      waiting.add(name);
      return;
    }
    waiting.delete(name);
    if (name === "sku") this.#product.sku = sku;
    else this.#list.set(images);
    this.#clearOutcome();
  }

  #clearOutcome() {
    this.#step = -1;
    this.#outcome = null;
    this.#render();
  }

  #requestClose() {
    if (!this.#running) return this.close();
    this.#isAsking = true;
    this.#render();
    this.#footer.cancelButton.focus();
  }

  /** Chromium closes a dialog at the second press of Escape, whatever its `cancel` event does. */
  #handleNativeClose() {
    if (this.#dialog.open) return;
    if (!this.#running) return this.close();
    this.#dialog.showModal();
    this.#requestClose();
  }

  #cancel() {
    if (this.#isAsking) {
      this.#isAsking = false;
      this.#render();
      this.#closeButton.focus(); // the same button stops the push now
    } else if (this.#running) {
      this.#running.abort();
    } else {
      this.close();
    }
  }

  #proceed() {
    if (this.#isAsking || this.#outcome?.kind === "good") return this.close();
    const { failed, items } = this.#list;
    if (!this.#running && failed.length < items.length) this.#list.removeFailed();
    this.#push();
  }

  async #push() {
    const { items } = this.#list;
    const texts = this.#language.texts;
    if (!texts || this.#running || items.length === 0 || items.some(({ isUnsupported }) => isUnsupported)) return;
    this.#product.validate(true);
    const { productId } = this.#product;
    if (!productId) return this.#product.input.focus();
    const { client } = this;
    const files = items.filter(({ image }) => !image.url);
    const push = new Push({
      client,
      items: [...items],
      productId,
      colorImage: this.colorImage,
      refetch: this.refetch,
      onChange: () => this.#render(),
      onItem: (item, state, note, progress) => this.#list.update(item, state, note, progress),
      describe: (error) => describeError(error, texts.language).text,
      confirm: (detail) => this.#emit("push", detail),
    });
    this.#running = push;
    this.#outcome = null;
    this.#list.lock(push);
    this.#render();
    /** @type {any[]} */
    let [result, failure] = [];
    try {
      result = await push.run();
    } catch (reason) {
      failure = toError(reason);
    }
    for (const { image } of files) this.#values.addUploaded(image, client);
    if (this.#running !== push) return; // closed in the meantime
    this.#hasUploadErrors = failure instanceof UploadsFailed;
    if (push.signal.aborted) return this.#end({ kind: "warn", text: this.#stoppedText(push) });
    if (!failure && !result) return this.#end(null);
    const list = this.#list;
    const latestTexts = this.#language.texts ?? texts;
    this.#end(failure ? failureOf(failure, list, latestTexts, push.step) : outcomeOf(result, list, latestTexts));
    list.revealFailed();
    const isWrapped = this.#hasUploadErrors || failure?.code === "NO_CREDENTIAL";
    this.#emit(failure ? "error" : "done", failure ? toError((isWrapped && failure.cause) || failure) : result);
  }

  /** @param {Push} push */
  #stoppedText({ isSent }) {
    return this.#language.texts?.[isSent ? "stoppedLate" : "stopped"] ?? "";
  }

  /** @param {import("./ozon-upload-modal/outcome.js").Outcome | null} outcome */
  #end(outcome) {
    this.#step = outcome && this.#running ? this.#running.step : -1;
    this.#running = null;
    this.#isAsking = false;
    this.#outcome = outcome;
    this.#list.lock(null);
    this.#render();
  }

  /**
   * Returns false if a listener prevented the event. An `error` doesn't bubble: window.onerror would report it.
   *
   * @param {"push" | "done" | "error"} type
   * @param {unknown} detail
   */
  #emit(type, detail) {
    const bubbles = type !== "error";
    const event = new CustomEvent(type, { detail, bubbles, composed: bubbles, cancelable: type === "push" });
    return this.dispatchEvent(event);
  }

  #translate() {
    const texts = this.#language.update();
    if (!texts) return;
    for (const element of this.shadowRoot?.querySelectorAll("[data-text]") ?? []) {
      element.textContent = String(texts[/** @type {"title"} */ (/** @type {HTMLElement} */ (element).dataset.text)]);
    }
    this.#dialog.lang = texts.lang;
    aria(this.#closeButton, { label: texts.close });
    this.#list.translate(texts);
    this.#product.translate(texts);
    this.#render();
  }

  #render() {
    this.#product.input.readOnly = this.#running !== null;
    if (!this.#language.texts) return;
    const { items, failed } = this.#list;
    this.#footer.render(this.#language.texts, {
      running: this.#running,
      outcome: this.#outcome,
      step: this.#step,
      isAsking: this.#isAsking,
      hasUploadErrors: this.#hasUploadErrors,
      loginURL: this.getAttribute("login-url") ?? "",
      count: items.length,
      failed: failed.length,
      unsupported: items.filter(({ isUnsupported }) => isUnsupported).length,
    });
  }
}

const NAME = "ozon-upload-modal";
if (!globalThis.customElements?.get(NAME)) globalThis.customElements?.define(NAME, OzonUploadModal);
