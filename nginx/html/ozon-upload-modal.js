// <ozon-upload-modal>: the images of one product pushed to Ozon, step by step. Manual and types: ozon-upload-modal.d.ts.

import { h } from "./ozon-upload-modal/dom.js";
import { ImageList } from "./ozon-upload-modal/image-list.js";
import { styles } from "./ozon-upload-modal/styles.js";
import { textsFor } from "./ozon-upload-modal/texts.js";

export class OzonUploadModal extends HTMLElement {
  static observedAttributes = ["open", "lang"];

  client;
  colorImage;
  #sku = {};
  #images = [];
  #texts;
  /** Of texts.steps, the one that runs or was the last to; -1 before the first. */
  #step = -1;
  /** {kind, text, requestId?}: while a push runs "now", then good, warn or bad. */
  #outcome = {};
  /** Stops the push that runs; null when none does. */
  #running = null;

  #list = new ImageList((text) => (this.#said.textContent = text));
  #x = h("button", { part: "button", click: () => this.close() }, "×");
  #name = h("span");
  #id = h("span");
  #input = h("input", {
    id: "id", inputmode: "numeric", autocomplete: "off", "aria-describedby": "hint",
    input: () => this.#ask(this.#input.value), keydown: ({ key }) => key === "Enter" && this.#push(),
  });
  #hint = h("small", { id: "hint", "aria-live": "polite" });
  #steps = h("ol", { part: "steps" });
  #status = h("div", { part: "status", role: "status" });
  #cancel = h("button", { part: "button", click: () => (this.#running ? this.#running.abort() : this.close()) });
  #primary = h("button", { part: "primary", click: () => (this.#outcome.kind === "good" ? this.close() : this.#push()) });
  #said = h("div", { class: "said", "aria-live": "polite" });
  #dialog = h("dialog", {
    part: "dialog", "aria-labelledby": "title", close: () => this.#dialog.open || this.close(), cancel: (event) => this.#running && event.preventDefault(),
  },
    h("div", { part: "header" }, h("h2", { id: "title", "data-text": "title" }), this.#x),
    h("div", { class: "body" },
      h("div", { part: "sku" },
        h("p", {}, h("small", {}, "SKU"), this.#name), h("p", {}, h("label", { for: "id", "data-text": "productId" }), this.#id, this.#input, this.#hint)),
      this.#list.element),
    h("div", { part: "footer" }, this.#steps, this.#status, this.#cancel, this.#primary),
    this.#said);

  constructor() {
    super();
    this.attachShadow({ mode: "open" }).append(this.#dialog);
    this.shadowRoot.adoptedStyleSheets = [styles];
    this.#translate();
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
    this.#translate();
    if (this.isConnected && this.hasAttribute("open")) this.show();
    else this.close();
  }

  get sku() {
    return this.#sku;
  }
  set sku(sku) {
    this.#sku = sku ?? {};
    this.#input.value = "";
    this.#ask();
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
    (this.#input.hidden ? this.#primary : this.#input).focus();
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
    this.#begin();
  }

  #begin() {
    this.#step = -1;
    this.#outcome = {};
    this.#render();
  }

  // ---- the push

  async #push() {
    const { items } = this.#list;
    if (this.#running || !items.length) return;
    this.#ask(true);
    if (!this.#productId) return this.#input.focus();
    const running = (this.#running = new AbortController());
    const { signal } = running;
    let told, type = "done";
    this.#list.lock(true);
    try {
      told = await this.#run(items, signal);
    } catch (error) {
      [told, type] = [error, "error"];
    }
    if (this.#running !== running) return;
    this.#running = null;
    this.#list.lock(false);
    this.#outcome = signal.aborted ? { kind: "warn", text: this.#texts.stopped } : told ? this.#outcomeOf(told, items) : {};
    this.#render();
    if (told && !signal.aborted) this.#tell(type, told.failed ?? told);
  }

  /** Answers as OzonR2.push; nothing if a listener prevented it. */
  async #run(items, signal) {
    const texts = this.#texts;
    const enter = (step, text = texts.pushing) => {
      signal.throwIfAborted();
      this.#step = step;
      this.#outcome = { kind: "now", text };
      this.#render();
    };
    const fail = (message, failed = new Error(message)) => {
      throw { message, failed };
    };
    for (const item of items) this.#list.update(item, item.image.url ? "done" : "waiting");

    enter(0);
    const stopped = new Promise((_, reject) => signal.addEventListener("abort", reject));
    const credential = await Promise.race([this.client.credential(), stopped]).catch((error) => fail(texts.noCredential, error));
    if (!credential) fail(texts.noCredential);

    const files = items.filter(({ image }) => !image.url);
    const left = files.values();
    const faults = [];
    const work = async () => {
      for (const item of left) {
        enter(1, texts.uploading(files.filter(({ image }) => image.url).length, files.length));
        await this.#upload(item, signal).catch((error) => faults.push(error));
      }
    };
    await Promise.all([work(), work(), work()]);
    if (faults.length) fail(texts.notUploaded(faults.length), faults[0]);

    enter(2);
    const productId = this.#productId;
    const images = items.map(({ image }) => image.url);
    if (!this.#tell("push", { productId, images })) return;
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
      // It isn't uploaded again, not even after the next show().
      const image = { ...item.image, url };
      this.#images = this.#images.map((one) => (one === item.image ? image : one));
      item.image = image;
      this.#list.update(item, "done");
    } catch (error) {
      this.#list.update(item, ...(signal.aborted ? ["waiting"] : ["failed", error.message]));
      throw error;
    }
  }

  /** Of an answer of OzonR2.push, or an error; marks the images. */
  #outcomeOf({ status, updated, code, message, errors = [], requestId }, items) {
    const texts = this.#texts;
    const kind = { confirmed: "good", unchanged: "good", partial: "warn" }[status] ?? "bad";
    if (kind !== "bad") for (const item of items) this.#list.update(item, "done", texts.onOzon);
    const text = updated ? texts[kind](updated.images, items.length) : (texts[code] ?? (status >= 429 ? texts.NETWORK : message));
    const others = errors.map(({ field, index, url, reason }) => {
      const limit = /limit \((\d+)\)/.exec(reason)?.[1];
      const isMeant = ({ image }, place) => (limit ? place >= limit : index >= 0 ? place === index : image.url === url);
      const meant = items.filter((item, place) => field === "images" && isMeant(item, place));
      // Ozon's codes (pics_cant_decode), and the backend's texts.
      const about = /decode|limit|among|load|http_|timeout|server/.exec(reason)?.[0];
      const note = about ? (texts[about] ?? texts.load) : reason;
      for (const item of meant) this.#list.update(item, "failed", note);
      return meant.length ? "" : ` ${field}: ${note}.`;
    });
    return { kind, text: text + others.join(""), requestId };
  }

  #tell(type, detail) {
    return this.dispatchEvent(new CustomEvent(type, { detail, bubbles: true, composed: true, cancelable: type === "push" }));
  }

  // ---- what is shown

  /** 0: not known. */
  get #productId() {
    return idOf(this.#sku.productId) || idOf(this.#input.value);
  }

  /** Asks for the product's id, where it isn't known; `isNow`: it must be. */
  #ask(isNow) {
    const id = idOf(this.#sku.productId);
    this.#name.textContent = this.#sku.name ?? this.#texts.unset;
    this.#id.textContent = id || "";
    this.#input.hidden = this.#hint.hidden = id > 0;
    this.#input.ariaInvalid = Boolean(isNow) && !this.#productId;
    this.#hint.textContent = (this.#input.value ? "" : this.#texts.unset) + this.#texts.digits;
  }

  #translate() {
    const texts = (this.#texts = textsFor(this));
    for (const element of this.shadowRoot.querySelectorAll("[data-text]")) element.textContent = texts[element.dataset.text];
    this.#x.ariaLabel = texts.close;
    this.#list.translate(texts);
    this.#ask();
    this.#render();
  }

  #render() {
    const texts = this.#texts;
    const count = this.#list.items.length;
    const { kind, text = count ? texts.ready(count) : "", requestId } = this.#outcome;
    const kindOf = (step) => (step < this.#step ? "good" : step === this.#step && kind);
    this.#steps.replaceChildren(...texts.steps.map((step, at) => h("li", { class: kindOf(at), "aria-current": kindOf(at) === "now" && "step" }, step)));
    if (this.#status.firstChild?.textContent !== text) {
      this.#status.replaceChildren(h("p", { class: kind }, text), h("small", {}, requestId ? `${texts.requestId} ${requestId}` : ""));
    }
    this.#primary.textContent = { now: texts.pushing, good: texts.close, warn: texts.retry, bad: texts.retry }[kind] ?? texts.push;
    this.#primary.ariaDisabled = kind === "now" || !count;
    this.#cancel.textContent = texts.cancel;
    this.#cancel.hidden = kind === "good";
  }
}

/** A product's id, a number or digits; 0: it is none. */
function idOf(value) {
  const id = /^\s*\d+\s*$/.test(value) ? Number(value) : 0;
  return Number.isSafeInteger(id) ? id : 0;
}

customElements.define("ozon-upload-modal", OzonUploadModal);
