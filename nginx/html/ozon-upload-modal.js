// <ozon-upload-modal>: the images of one product pushed to Ozon, step by step. A custom element without dependencies;
// types: ozon-upload-modal.d.ts.
//
//   import "/ozon-r2/ozon-upload-modal.js";
//   modal.client = studio;                           // an OzonR2
//   modal.sku = { name: "2194435300", productId: 123 };
//   modal.images = [{ url: "https://..." }, { file, path: "users/u/ozon/2194435300/a.jpg" }];
//   modal.show();
//
// properties  client      an OzonR2 (ozon-r2.js)
//             images      [{id?, url?, file?, path?, name?}] in order, the first is the main one. `url`: it is public
//                         already; else `file` is uploaded to `path` by the push. Read again, they are as the person
//                         arranged them, with the URLs of what was uploaded. Set during a push: shown by the next show()
//             sku         {name?, productId?}; without productId the person is asked for it
//             colorImage  URL of the marketing color image, if it is to be replaced too
// attributes  open        present while it is open; setting it opens
//             lang        zh...: Chinese, else English. Without it: that of the page, then the browser's
// methods     show(), close(): closing stops what runs
// events      push   before the images are sent; detail {productId, images (URLs)}; preventDefault() stops it
//             done   what became of them; detail: the answer of OzonR2.push, whatever its status
//             error  detail: the error; nothing, or nobody knows what, was done
//             close  the dialog was closed
//             All but close bubble, and leave shadow trees.
// parts       dialog header close sku grid item tools button primary steps status footer
// variables   --ozon-modal-accent -on-accent -surface -sunken -text -muted -line -control -good -warn -bad -radius -font;
//             light or dark by `color-scheme`, which a page may set on the element (as it is: both, by the system)

import { h } from "./ozon-upload-modal/dom.js";
import { ImageList } from "./ozon-upload-modal/image-list.js";
import { failure, reasonOf, result } from "./ozon-upload-modal/outcome.js";
import { styles } from "./ozon-upload-modal/styles.js";
import { textsFor } from "./ozon-upload-modal/texts.js";

/** Files uploaded at once. */
const UPLOADS = 3;
const STEPS = ["credential", "images", "product", "push", "result"];

export class OzonUploadModal extends HTMLElement {
  static observedAttributes = ["open", "lang"];

  client = null;
  colorImage = undefined;
  #sku = {};
  #images = [];
  #texts = textsFor(this);
  /** Of STEPS, the one that runs or was the last to; -1 before the first. */
  #step = -1;
  /** Stops the push that runs; null when none does. */
  #running = null;
  /** What became of the last push, as of outcome.js; while one runs, {kind: "", text}; null before the first. */
  #outcome = null;

  #list = new ImageList(this.#texts, (text) => (this.#said.textContent = text));
  #title = h("h2", { id: "title" });
  #x = h("button", { type: "button", part: "close", class: "close", click: () => this.close() }, "×");
  #about = h("div", { part: "sku", class: "sku" });
  #input = h("input", {
    id: "product", inputmode: "numeric", autocomplete: "off", maxlength: "19", "aria-describedby": "product-hint",
    input: () => this.#check(this.#input.value !== ""), keydown: (event) => event.key === "Enter" && this.#push(),
  });
  #hint = h("small", { id: "product-hint" });
  #steps = h("ol", { part: "steps", class: "steps" });
  #status = h("div", { part: "status", class: "status", role: "status" });
  #secondary = h("button", { type: "button", part: "button", click: () => (this.#running ? this.#running.abort() : this.close()) });
  #primary = h("button", { type: "button", part: "primary", class: "primary", click: () => this.#act() });
  #said = h("div", { class: "said", "aria-live": "polite" });
  #dialog = h("dialog", { part: "dialog", "aria-labelledby": "title", close: () => this.#closed(), cancel: (event) => this.#running && event.preventDefault() },
    h("header", { part: "header" }, this.#title, this.#x),
    h("div", { class: "body" }, this.#about, this.#list.element),
    h("footer", { part: "footer" }, this.#steps, this.#status, h("div", { class: "actions" }, this.#secondary, this.#primary)),
    this.#said);

  constructor() {
    super();
    this.attachShadow({ mode: "open" }).append(this.#dialog);
    this.shadowRoot.adoptedStyleSheets = [styles];
    this.#list.element.addEventListener("change", () => this.#begin());
  }

  connectedCallback() {
    // Properties set before the element was defined hide the accessors.
    for (const name of ["sku", "images"]) {
      if (!Object.hasOwn(this, name)) continue;
      const { [name]: value } = this;
      delete this[name];
      this[name] = value;
    }
    this.#relabel();
    if (this.hasAttribute("open")) this.show();
  }

  disconnectedCallback() {
    this.#closed();
  }

  attributeChangedCallback(name) {
    if (name === "lang") this.#relabel();
    else if (this.isConnected && this.hasAttribute("open")) this.show();
    else this.close();
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
    this.#reset();
    this.#relabel();
    this.#dialog.showModal();
    this.setAttribute("open", "");
    (this.#sku.productId ? this.#primary : this.#input).focus();
  }

  close() {
    this.#dialog.close();
  }

  #closed() {
    this.#running?.abort();
    this.#running = null;
    if (!this.hasAttribute("open")) return;
    this.removeAttribute("open");
    this.dispatchEvent(new Event("close"));
  }

  #reset() {
    this.#list.locked = false;
    this.#list.set(this.#images);
    this.#begin();
  }

  /** As before the first push. */
  #begin() {
    this.#outcome = null;
    this.#step = -1;
    this.#render();
  }

  #act() {
    if (this.#outcome?.kind === "good") this.close();
    else this.#push();
  }

  // ---- the push

  async #push() {
    const items = this.#list.items;
    if (this.#running || items.length === 0) return;
    if (!this.#check(true)) return this.#input.focus();
    const stop = (this.#running = new AbortController());
    for (const item of items) this.#list.update(item, { state: item.image.url ? "done" : "waiting" });
    this.#list.locked = true;
    let outcome = null, event;
    try {
      const pushed = await this.#run(items, stop.signal);
      if (pushed) [outcome, event] = [result(pushed, items, this.#list, this.#texts), ["done", pushed]];
    } catch (error) {
      const cause = error instanceof StepError ? error.cause : error;
      if (stop.signal.aborted) outcome = { kind: "warn", text: this.#texts.stopped };
      else [outcome, event] = [failure(error, items, this.#list, this.#texts), ["error", cause]];
    }
    if (this.#running !== stop) return;
    this.#running = null;
    this.#list.locked = false;
    this.#outcome = outcome;
    this.#render();
    if (event) this.#tell(...event);
  }

  /** Answers what OzonR2.push does, or nothing if a listener stopped it. */
  async #run(items, signal) {
    const texts = this.#texts;
    this.#enter("credential", texts.credential, signal);
    const stopped = new Promise((_, reject) => signal.addEventListener("abort", () => reject(signal.reason)));
    await Promise.race([this.client.credential(), stopped]).catch((cause) => {
      throw new StepError(texts.credentialFailed, { cause });
    });
    await this.#upload(items, signal);
    this.#enter("product", texts.posting, signal);
    const productId = this.#productId;
    const images = items.map((item) => item.image.url);
    if (!this.#tell("push", { productId, images })) return this.#begin();
    this.#enter("push", texts.posting, signal);
    const onStatus = ({ status }) => this.#enter("result", status === "pending" ? texts.pending : texts.posting, signal);
    return this.client.push({ productId, images, colorImage: this.colorImage }, { signal, onStatus });
  }

  async #upload(items, signal) {
    const texts = this.#texts;
    const left = items.filter((item) => !item.image.url);
    const total = left.length;
    const errors = [];
    let done = 0;
    const tell = () => this.#enter("images", texts.uploading(done, total), signal);
    const work = async () => {
      for (let item; (item = left.shift()); done += 1, tell()) {
        const { file, path } = item.image;
        const onProgress = ({ bytes }) => this.#list.update(item, { state: "sending", share: bytes / file.size });
        this.#list.update(item, { state: "sending" });
        try {
          const { public_url: url } = await this.client.upload(file, path, { onProgress, signal });
          this.#keep(item, { ...item.image, url });
          this.#list.update(item, { state: "done" });
        } catch (error) {
          this.#list.update(item, signal.aborted ? { state: "waiting" } : { state: "failed", note: reasonOf(error, texts) });
          errors.push(error);
        }
      }
    };
    tell();
    await Promise.all(Array.from({ length: UPLOADS }, work));
    if (errors.length > 0) throw new StepError(texts.uploadFailed(errors.length), { cause: errors[0] });
  }

  /** So that the next push, or the next show(), doesn't upload it again. */
  #keep(item, image) {
    this.#images = this.#images.map((one) => (one === item.image ? image : one));
    item.image = image;
  }

  #enter(step, text, signal) {
    signal.throwIfAborted();
    this.#step = STEPS.indexOf(step);
    this.#outcome = { kind: "", text };
    this.#render();
  }

  #tell(type, detail) {
    return this.dispatchEvent(new CustomEvent(type, { detail, bubbles: true, composed: true, cancelable: type === "push" }));
  }

  // ---- what is shown

  /** 0: not known. */
  get #productId() {
    return idOf(this.#sku.productId) || idOf(this.#input.value);
  }

  /** Answers whether the product's id is known, and says at the input what is wrong with it. */
  #check(isNeeded) {
    const texts = this.#texts;
    const { value } = this.#input;
    const isWrong = !this.#productId && (isNeeded || value !== "");
    this.#input.setAttribute("aria-invalid", isWrong);
    this.#hint.className = isWrong ? "bad" : "";
    if (value === "") this.#hint.textContent = isWrong ? texts.productIdMissing : `${texts.unset}. ${texts.productIdHint}`;
    else this.#hint.textContent = isWrong ? texts.productIdWrong : texts.productIdHint;
    return !isWrong;
  }

  /** All that depends on language and SKU. */
  #relabel() {
    const texts = (this.#texts = textsFor(this));
    this.#title.textContent = texts.title;
    this.#x.setAttribute("aria-label", texts.close);
    this.#list.relabel(texts);
    const known = idOf(this.#sku.productId);
    this.#input.placeholder = texts.unset;
    this.#about.replaceChildren(
      h("div", {}, h("span", { class: "label" }, texts.sku), h("p", {}, this.#sku.name ?? texts.unset)),
      known
        ? h("div", {}, h("span", { class: "label" }, texts.productId), h("p", {}, known))
        : h("div", { class: "field" }, h("label", { for: "product", class: "label" }, texts.productId), this.#input, this.#hint));
    this.#check(false);
    this.#render();
  }

  #render() {
    const texts = this.#texts;
    const isRunning = this.#running !== null;
    const count = this.#list.items.length;
    const { kind = "", text = count ? texts.ready(count) : texts.empty, list = [], requestId } = this.#outcome ?? {};
    const stateOf = (step) => (step < this.#step ? "done" : step > this.#step ? "todo" : { "": "now", good: "done" }[kind] ?? kind);
    this.#steps.replaceChildren(...texts.steps.map((name, step) =>
      h("li", { "data-state": stateOf(step) }, h("span", { class: "said" }, texts.stepState[stateOf(step)]), name)));
    this.#status.dataset.kind = kind;
    if (this.#status.dataset.text !== text) {
      this.#status.dataset.text = text;
      this.#status.replaceChildren(
        h("p", {}, text), ...(list.length ? [h("ul", {}, ...list.map((line) => h("li", {}, line)))] : []),
        ...(requestId ? [h("small", {}, `${texts.requestId}: ${requestId}`)] : []));
    }
    this.#primary.textContent = isRunning ? texts.pushing : { good: texts.finish, warn: texts.again, bad: texts.retry }[kind] ?? texts.push;
    this.#primary.setAttribute("aria-disabled", isRunning || count === 0);
    this.#secondary.textContent = isRunning ? texts.stop : texts.cancel;
    this.#secondary.hidden = kind === "good";
  }
}

/** A step that failed before Ozon was sent anything; its message is for the person, its cause what went wrong. */
class StepError extends Error {}

/** A product id, as a number or in digits; 0 for what is none. */
function idOf(value) {
  const text = String(value ?? "").trim();
  return /^\d+$/.test(text) && Number.isSafeInteger(Number(text)) ? Number(text) : 0;
}

customElements.define("ozon-upload-modal", OzonUploadModal);
