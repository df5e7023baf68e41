// <ozon-upload-modal>: pushes the images of one product to Ozon. Its manual and types are in ozon-upload-modal.d.ts.

import { h } from "./ozon-upload-modal/dom.js";
import { ImageList } from "./ozon-upload-modal/image-list.js";
import { outcomeOf } from "./ozon-upload-modal/outcome.js";
import { ProductField } from "./ozon-upload-modal/product-field.js";
import { styles } from "./ozon-upload-modal/styles.js";
import { textsFor } from "./ozon-upload-modal/texts.js";

/** Files uploaded at the same time. */
const CONCURRENCY = 3;

export class OzonUploadModal extends HTMLElement {
  static observedAttributes = ["open", "lang"];

  client;
  colorImage;
  #images = [];
  #texts;
  /** The index in texts.steps of the current step, or of the last one; -1 before a push. */
  #step = -1;
  /** {kind, text, requestId?}; the kind is "running" during a push, then "good", "warn" or "bad". */
  #outcome = {};
  /** The AbortController of the push that runs, or null. */
  #running = null;

  #product = new ProductField();
  #list = new ImageList((text) => (this.#announcer.textContent = text));
  #closeButton = h("button", { part: "button", click: () => this.close() }, "×");
  #steps = h("ol", { part: "steps" });
  #status = h("div", { part: "status", role: "status" });
  #cancelButton = h("button", { part: "button", click: () => this.#cancel() });
  #primaryButton = h("button", { part: "primary", click: () => this.#proceed() });
  #announcer = h("div", { class: "announcer", "aria-live": "polite" });
  #dialog = h("dialog", {
    part: "dialog",
    "aria-labelledby": "title",
    close: () => this.#dialog.open || this.close(),
    cancel: (event) => this.#running && event.preventDefault(),
  },
    h("div", { part: "header" }, h("h2", { id: "title", "data-text": "title" }), this.#closeButton),
    h("div", { class: "body" }, this.#product.element, this.#list.element),
    h("div", { part: "footer" }, this.#steps, this.#status, this.#cancelButton, this.#primaryButton),
    this.#announcer);

  constructor() {
    super();
    this.attachShadow({ mode: "open" }).append(this.#dialog);
    this.shadowRoot.adoptedStyleSheets = [styles];
    this.#translate();
    this.#list.element.addEventListener("change", () => this.#clearOutcome());
    this.#product.input.addEventListener("keydown", ({ key }) => key === "Enter" && this.#push());
  }

  connectedCallback() {
    // A property that was set before the element was defined hides its accessor.
    for (const name of ["sku", "images"]) {
      const { [name]: value } = this;
      if (delete this[name]) this[name] = value;
    }
    this.attributeChangedCallback();
  }

  disconnectedCallback() {
    this.close();
  }

  attributeChangedCallback() {
    this.#translate();
    if (this.isConnected && this.hasAttribute("open")) this.show();
    else this.close();
  }

  get sku() {
    return this.#product.sku;
  }
  set sku(sku) {
    this.#product.sku = sku;
  }

  get images() {
    return this.#list.items.map(({ image }) => image);
  }
  set images(images) {
    this.#images = [...(images ?? [])];
    if (!this.#running) this.#reset();
  }

  show() {
    if (this.#dialog.open) return;
    this.#translate();
    this.#reset();
    this.#dialog.showModal();
    this.toggleAttribute("open", true);
    const { input } = this.#product;
    (input.hidden ? this.#primaryButton : input).focus();
  }

  close() {
    if (!this.#dialog.open && !this.hasAttribute("open")) return;
    this.#dialog.close();
    this.#running?.abort();
    this.#running = null;
    this.toggleAttribute("open", false);
    this.dispatchEvent(new Event("close"));
  }

  #reset() {
    this.#list.lock(false);
    this.#list.set(this.#images);
    this.#clearOutcome();
  }

  #clearOutcome() {
    this.#step = -1;
    this.#outcome = {};
    this.#render();
  }

  #cancel() {
    if (this.#running) this.#running.abort();
    else this.close();
  }

  #proceed() {
    if (this.#outcome.kind === "good") this.close();
    else this.#push();
  }

  async #push() {
    const { items } = this.#list;
    if (this.#running || !items.length) return;
    this.#product.validate(true);
    if (!this.#product.productId) {
      this.#product.input.focus();
      return;
    }
    const running = new AbortController();
    const { signal } = running;
    this.#running = running;
    this.#list.lock(true);
    let result;
    let type = "done";
    try {
      result = await this.#run(items, signal);
    } catch (error) {
      result = error;
      type = "error";
    }
    if (this.#running !== running) return; // closed in the meantime
    this.#running = null;
    this.#list.lock(false);
    if (signal.aborted) this.#outcome = { kind: "warn", text: this.#texts.stopped };
    else this.#outcome = result ? outcomeOf(result, this.#list, this.#texts) : {};
    this.#render();
    if (result && !signal.aborted) this.#emit(type, result.error ?? result);
  }

  /** Returns what OzonR2.push returns, or undefined if a listener prevented the push. */
  async #run(items, signal) {
    const texts = this.#texts;
    const enter = (step, text = texts.pushing) => {
      signal.throwIfAborted();
      this.#step = step;
      this.#outcome = { kind: "running", text };
      this.#render();
    };
    /** `message` is shown in the modal, `error` is the event's detail. */
    const fail = (message, error = new Error(message)) => {
      throw { message, error };
    };
    for (const item of items) this.#list.update(item, item.image.url ? "done" : "waiting");

    enter(0);
    const aborted = new Promise((_, reject) => signal.addEventListener("abort", reject));
    const credential = await Promise.race([this.client.credential(), aborted])
      .catch((error) => fail(texts.noCredential, error));
    if (!credential) fail(texts.noCredential);

    const files = items.filter(({ image }) => !image.url);
    const queue = files.values();
    const errors = [];
    const worker = async () => {
      for (const item of queue) {
        enter(1, texts.uploading(files.filter(({ image }) => image.url).length, files.length));
        await this.#upload(item, signal).catch((error) => errors.push(error));
      }
    };
    await Promise.all(Array.from({ length: CONCURRENCY }, worker));
    if (errors.length) fail(texts.notUploaded(errors.length), errors[0]);

    enter(2);
    const { productId } = this.#product;
    const images = items.map(({ image }) => image.url);
    if (!this.#emit("push", { productId, images })) return;
    enter(3);
    const onStatus = ({ status }) => enter(4, texts[status]);
    return this.client.push({ productId, images, colorImage: this.colorImage }, { signal, onStatus });
  }

  async #upload(item, signal) {
    const { file, path } = item.image;
    const onProgress = ({ bytes }) => this.#list.update(item, "sending", "", bytes / file.size);
    try {
      onProgress({ bytes: 0 });
      const { public_url: url } = await this.client.upload(file, path, { onProgress, signal });
      const image = { ...item.image, url };
      // Kept in #images too, so that the file isn't uploaded again after the next show().
      this.#images = this.#images.map((each) => (each === item.image ? image : each));
      item.image = image;
      this.#list.update(item, "done");
    } catch (error) {
      if (signal.aborted) this.#list.update(item, "waiting");
      else this.#list.update(item, "failed", error.message);
      throw error;
    }
  }

  /** Returns false if a listener prevented the event. */
  #emit(type, detail) {
    const event = new CustomEvent(type, { detail, bubbles: true, composed: true, cancelable: type === "push" });
    return this.dispatchEvent(event);
  }

  #translate() {
    const texts = (this.#texts = textsFor(this));
    for (const element of this.shadowRoot.querySelectorAll("[data-text]")) {
      element.textContent = texts[element.dataset.text];
    }
    this.#closeButton.ariaLabel = texts.close;
    this.#list.translate(texts);
    this.#product.translate(texts);
    this.#render();
  }

  #render() {
    const texts = this.#texts;
    const count = this.#list.items.length;
    const { kind, text = count ? texts.ready(count) : "", requestId } = this.#outcome;
    const steps = texts.steps.map((step, index) => {
      const isCurrent = index === this.#step;
      return h("li", {
        class: index < this.#step ? "good" : isCurrent && kind,
        "aria-current": isCurrent && kind === "running" && "step",
      }, step);
    });
    this.#steps.replaceChildren(...steps);
    if (this.#status.firstChild?.textContent !== text) {
      const request = requestId ? `${texts.requestId} ${requestId}` : "";
      this.#status.replaceChildren(h("p", { class: kind }, text), h("small", {}, request));
    }
    const labels = { running: texts.pushing, good: texts.close, warn: texts.retry, bad: texts.retry };
    this.#primaryButton.textContent = labels[kind] ?? texts.push;
    this.#primaryButton.ariaDisabled = kind === "running" || !count;
    this.#cancelButton.textContent = texts.cancel;
    this.#cancelButton.hidden = kind === "good";
  }
}

customElements.define("ozon-upload-modal", OzonUploadModal);
