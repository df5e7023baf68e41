// <ozon-upload-modal>: the images of one product pushed to Ozon, step by step. Types and manual: ozon-upload-modal.d.ts.

import { h } from "./ozon-upload-modal/dom.js";
import { ImageList } from "./ozon-upload-modal/image-list.js";
import { outcomeOf } from "./ozon-upload-modal/outcome.js";
import { styles } from "./ozon-upload-modal/styles.js";
import { textsFor } from "./ozon-upload-modal/texts.js";

/** Files uploaded at once. */
const UPLOADS = 3;
const [CREDENTIAL, IMAGES, PRODUCT, PUSH, RESULT] = [0, 1, 2, 3, 4];

export class OzonUploadModal extends HTMLElement {
  static observedAttributes = ["open", "lang"];

  client;
  colorImage;
  #sku = {};
  #images = [];
  #texts;
  /** The step that runs or was the last to; -1 before the first. */
  #step = -1;
  /** Of outcome.js; while a push runs, {kind: "now", text}; null before the first. */
  #outcome = null;
  /** Stops the push that runs; null when none does. */
  #running = null;

  #list = new ImageList((text) => (this.#said.textContent = text));
  #title = h("h2", { id: "title" });
  #x = h("button", { type: "button", part: "close", class: "close", click: () => this.close() }, "×");
  #about = h("div", { part: "sku", class: "sku" });
  #input = h("input", {
    id: "product", inputmode: "numeric", autocomplete: "off", "aria-describedby": "product-hint",
    input: () => this.#check(this.#input.value), keydown: (event) => event.key === "Enter" && this.#push(),
  });
  #hint = h("small", { id: "product-hint", "aria-live": "polite" });
  #steps = h("ol", { part: "steps", class: "steps" });
  #status = h("div", { part: "status", class: "status", role: "status" });
  #secondary = h("button", { type: "button", part: "button", click: () => (this.#running ?? { abort: () => this.close() }).abort() });
  #primary = h("button", { type: "button", part: "primary", class: "primary", click: () => this.#outcome?.kind === "good" ? this.close() : this.#push() });
  #said = h("div", { class: "said", "aria-live": "polite" });
  #dialog = h("dialog", {
    part: "dialog", "aria-labelledby": "title", close: () => this.#closed(), cancel: (event) => this.#running && event.preventDefault(),
  },
    h("header", { part: "header" }, this.#title, this.#x),
    h("div", { class: "body" }, this.#about, this.#list.element),
    h("footer", { part: "footer" }, this.#steps, this.#status, this.#secondary, this.#primary),
    this.#said);

  constructor() {
    super();
    this.attachShadow({ mode: "open" }).append(this.#dialog);
    this.shadowRoot.adoptedStyleSheets = [styles];
    this.#relabel();
    this.#list.element.addEventListener("change", () => this.#begin());
  }

  connectedCallback() {
    // Set before the element was defined, a property hides its accessor.
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
    this.#relabel();
    if (!this.isConnected || !this.hasAttribute("open")) this.close();
    else this.show();
  }

  get sku() {
    return this.#sku;
  }
  set sku(sku) {
    this.#sku = sku ?? {};
    this.#input.value = "";
    this.#relabel();
  }

  get images() {
    return this.#list.items.map((item) => item.image);
  }
  set images(images) {
    this.#images = [...(images ?? [])];
    if (!this.#running) this.#reset();
  }

  show() {
    if (this.#dialog.open) return;
    this.#relabel();
    this.#reset();
    this.#dialog.showModal();
    this.toggleAttribute("open", true);
    (idOf(this.#sku.productId) ? this.#primary : this.#input).focus();
  }

  close() {
    this.#dialog.close();
  }

  #closed() {
    this.#running?.abort();
    this.#running = null;
    this.toggleAttribute("open", false);
    this.dispatchEvent(new Event("close"));
  }

  #reset() {
    this.#list.lock(false);
    this.#list.set(this.#images);
    this.#begin();
  }

  #begin() {
    this.#step = -1;
    this.#outcome = null;
    this.#render();
  }

  // ---- the push

  async #push() {
    const { items } = this.#list;
    if (this.#running || !items.length) return;
    if (!this.#check(true)) return this.#input.focus();
    const running = (this.#running = new AbortController());
    const { signal } = running;
    this.#list.lock(true);
    let told, type = "done";
    try {
      told = await this.#run(items, signal);
    } catch (error) {
      [type, told] = ["error", error];
    }
    if (this.#running !== running) return;
    this.#running = null;
    this.#list.lock(false);
    if (!told) return this.#begin();
    this.#outcome = signal.aborted ? { kind: "warn", text: this.#texts.stopped } : outcomeOf(told, items, this.#list, this.#texts);
    this.#render();
    if (!signal.aborted) this.#tell(type, told.failed ?? told);
  }

  /** Answers as OzonR2.push, or nothing if a listener prevented it. */
  async #run(items, signal) {
    const texts = this.#texts;
    const enter = (step, text) => {
      signal.throwIfAborted();
      this.#step = step;
      this.#outcome = { kind: "now", text };
      this.#render();
    };
    const stopped = new Promise((_, reject) => signal.addEventListener("abort", reject));

    enter(CREDENTIAL, texts.credential);
    const credential = await Promise.race([this.client.credential(), stopped]).catch((error) => {
      throw { failed: error, message: texts.noCredential };
    });
    if (!credential) throw new Error(texts.noCredential);

    const left = items.filter(({ image }) => !image.url);
    const total = left.length;
    const faults = [];
    let ended = 0;
    for (const item of items) this.#list.update(item, item.image.url ? "done" : "waiting");
    const uploads = async () => {
      for (let item; (item = left.shift()); ended++) {
        enter(IMAGES, texts.uploading(ended, total));
        await this.#upload(item, signal).catch((error) => faults.push(error));
      }
    };
    await Promise.all(Array.from({ length: UPLOADS }, uploads));
    if (faults.length) throw { failed: faults[0], message: texts.notUploaded(faults.length) };

    enter(PRODUCT, texts.posting);
    const productId = this.#productId;
    const images = items.map(({ image }) => image.url);
    if (!this.#tell("push", { productId, images })) return this.#begin();
    enter(PUSH, texts.posting);
    const onStatus = ({ status }) => enter(RESULT, status === "pending" ? texts.pending : texts.posting);
    return this.client.push({ productId, images, colorImage: this.colorImage }, { signal, onStatus });
  }

  async #upload(item, signal) {
    const { file, path } = item.image;
    const onProgress = ({ bytes }) => this.#list.update(item, "sending", "", bytes / file.size);
    try {
      onProgress({ bytes: 0 });
      const { public_url: url } = await this.client.upload(file, path, { onProgress, signal });
      // The next push doesn't upload it again, nor after the next show().
      const image = { ...item.image, url };
      this.#images = this.#images.map((one) => (one === item.image ? image : one));
      item.image = image;
      this.#list.update(item, "done");
    } catch (error) {
      this.#list.update(item, signal.aborted ? "waiting" : "failed", signal.aborted ? "" : error.message);
      throw error;
    }
  }

  #tell(type, detail) {
    return this.dispatchEvent(new CustomEvent(type, { detail, bubbles: true, composed: true, cancelable: type === "push" }));
  }

  // ---- what is shown

  get #productId() {
    return idOf(this.#sku.productId) || idOf(this.#input.value);
  }

  /** Whether the product's id is known; if it isn't, and is needed, the input says so. */
  #check(isNeeded) {
    const texts = this.#texts;
    const isWrong = Boolean(isNeeded && !this.#productId);
    this.#input.setAttribute("aria-invalid", isWrong);
    this.#hint.textContent = this.#input.value ? texts.digits : `${texts.unset}. ${texts.digits}`;
    return !isWrong;
  }

  /** What depends on language and SKU. */
  #relabel() {
    const texts = (this.#texts = textsFor(this));
    const id = idOf(this.#sku.productId);
    this.#title.textContent = texts.title;
    this.#x.setAttribute("aria-label", texts.close);
    this.#about.replaceChildren(
      h("p", {}, h("small", {}, "SKU"), this.#sku.name ?? texts.unset),
      h("p", {}, h("label", { for: "product" }, texts.productId), ...(id ? [id] : [this.#input, this.#hint])));
    this.#list.relabel(texts);
    this.#check();
    this.#render();
  }

  #render() {
    const texts = this.#texts;
    const count = this.#list.items.length;
    const { kind, text, requestId } = this.#outcome ?? { text: count ? texts.ready(count) : "" };
    this.#steps.replaceChildren(...texts.steps.map((name, step) =>
      h("li", { class: step < this.#step ? "good" : step === this.#step && kind, "aria-current": step === this.#step && "step" }, name)));
    if (this.#status.firstChild?.textContent !== text) {
      this.#status.replaceChildren(h("p", { class: kind }, text), h("small", {}, requestId ? `${texts.requestId}: ${requestId}` : ""));
    }
    this.#primary.textContent = { now: texts.pushing, good: texts.finish, warn: texts.retry, bad: texts.retry }[kind] ?? texts.push;
    this.#primary.setAttribute("aria-disabled", kind === "now" || !count);
    this.#secondary.textContent = kind === "now" ? texts.stop : texts.cancel;
    this.#secondary.hidden = kind === "good";
  }
}

/** A product's id from a number or digits; 0: it is none. */
function idOf(value) {
  const id = /^\s*\d+\s*$/.test(value) ? Number(value) : 0;
  return Number.isSafeInteger(id) ? id : 0;
}

customElements.define("ozon-upload-modal", OzonUploadModal);
