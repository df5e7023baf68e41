import { describeReason } from "../ozon-upload-modal/errors.js";
import { aria, h } from "../ozon-upload-modal/dom.js";
import { stateOf } from "./image.js";
import { copyText } from "./urls.js";

/** The large view of one image, with its URL. The arrow keys show the card's other images. */
export class Preview {
  /** @type {import("./card.js").Card | undefined} */
  #card;
  /** @type {import("./image.js").Image | undefined} */
  #image;
  /** @type {Record<string, any>} */
  #texts = {};
  #language = "";

  #title = h("h2", { id: "preview-title" });
  #closeButton = h("button", { type: "button", click: () => this.#dialog.close() }, "×");
  #picture = h("img", { alt: "", error: () => (this.#picture.hidden = true) });
  #state = h("p", { "aria-live": "polite" });
  #url = h("input", { readonly: "", focus: () => this.#url.select() });
  #copyButton = h("button", { type: "button", class: "primary", click: () => this.#copyURL() });
  #link = h("a", { target: "_blank", rel: "noopener" });
  #address = h("div", { class: "preview-url" }, this.#url, this.#copyButton, this.#link);
  #previous = h("button", { type: "button", click: () => this.#move(-1) });
  #next = h("button", { type: "button", click: () => this.#move(1) });
  #remove = h("button", { type: "button", click: () => this.#removeImage() });
  #dialog = h("dialog", {
    class: "preview",
    "aria-labelledby": "preview-title",
    keydown: (/** @type {KeyboardEvent} */ event) => this.#handleKey(event),
    click: (/** @type {Event} */ event) => event.target === this.#dialog && this.#dialog.close(),
  },
    h("div", { class: "preview-body" },
      h("div", { class: "preview-head" }, this.#title, this.#closeButton),
      h("div", { class: "large" }, this.#picture),
      this.#state,
      this.#address,
      h("div", { class: "preview-tools" }, this.#previous, this.#next, this.#remove)));

  get isOpen() {
    return this.#dialog.open;
  }

  constructor() {
    document.body.append(this.#dialog);
  }

  /** @type {(card: import("./card.js").Card, image: import("./image.js").Image) => void} */
  show(card, image) {
    this.#card = card;
    this.#image = image;
    this.update();
    this.#dialog.showModal();
  }

  /** @type {(texts: Record<string, any>, language: string) => void} */
  translate(texts, language) {
    this.#texts = texts;
    this.#language = language;
    this.#previous.textContent = texts.previous;
    this.#next.textContent = texts.next;
    this.#remove.textContent = texts.remove;
    this.#copyButton.textContent = texts.copyURL;
    this.#link.textContent = texts.open;
    aria(this.#url, { label: texts.url });
    aria(this.#closeButton, { label: texts.close });
    this.update();
  }

  /** Brings the view up to date. */
  update() {
    const [card, image, texts] = [this.#card, this.#image, this.#texts];
    if (!card || !image) return;
    const { publicURL, url, preview, via, reason } = image;
    const index = card.images.indexOf(image);
    const { text, kind } = stateOf(image, texts, this.#language);
    const note = via === "server" && reason && texts.byServerBecause(describeReason(reason, this.#language));
    this.#title.textContent = texts.position(image.name, index + 1, card.images.length);
    this.#state.textContent = [text, note].filter(Boolean).join(". ");
    this.#state.className = kind;
    const shown = publicURL ?? url ?? preview;
    if (this.#picture.getAttribute("src") !== shown) {
      this.#picture.hidden = false;
      this.#picture.src = shown;
    }
    this.#picture.alt = image.name;
    const link = [publicURL, url].find((each) => /^https?:/.test(each ?? "")) ?? "";
    this.#url.value = this.#link.href = link;
    this.#address.hidden = !link;
    this.#copyButton.hidden = !publicURL;
    aria(this.#previous, { disabled: index <= 0 });
    aria(this.#next, { disabled: index >= card.images.length - 1 });
  }

  async #copyURL() {
    const isCopied = await copyText(this.#url.value);
    this.#state.textContent = isCopied ? this.#texts.urlsCopied(1) : this.#texts.notCopied;
    this.#url.select();
  }

  /** @param {number} offset */
  #move(offset) {
    const images = this.#card?.images ?? [];
    const image = images[images.indexOf(/** @type {any} */ (this.#image)) + offset];
    if (!image) return;
    this.#image = image;
    this.update();
  }

  /** @param {KeyboardEvent} event */
  #handleKey({ key, target }) {
    if (target === this.#url) return;
    if (key === "ArrowLeft") this.#move(-1);
    if (key === "ArrowRight") this.#move(1);
  }

  #removeImage() {
    this.#dialog.close();
    if (this.#image) this.#card?.remove([this.#image]);
  }
}
