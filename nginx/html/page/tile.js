import { aria, h } from "../ozon-upload-modal/dom.js";
import { stateOf } from "./image.js";

/** One image in a card: its thumbnail, which opens the large view, its state, a checkbox and a button to remove it. */
export class Tile {
  #image;
  #box = h("input", { type: "checkbox" });
  #picture = h("img", { alt: "", loading: "lazy", draggable: "false" });
  #view = h("button", { type: "button", class: "thumb", "aria-keyshortcuts": "Delete" }, this.#picture);
  // Keys remove an image with Delete, so that three stops of the Tab key per image aren't needed.
  #remove = h("button", { type: "button", class: "remove", tabindex: "-1" }, "×");
  #state = h("span");
  element = h("li", {}, this.#view, this.#box, this.#remove, this.#state);

  /**
   * @param {import("./image.js").Image} image
   * @param {{view: () => void, remove: () => void, change: () => void}} actions
   */
  constructor(image, { view, remove, change }) {
    this.#image = image;
    this.#view.addEventListener("click", view);
    this.#view.addEventListener("keydown", (/** @type {KeyboardEvent} */ { key }) => key === "Delete" && remove());
    this.#remove.addEventListener("click", remove);
    this.#box.addEventListener("change", () => {
      image.isSelected = this.#box.checked;
      change();
    });
    this.#picture.addEventListener("error", () => this.#showLarge());
    this.#picture.src = image.preview;
  }

  focus() {
    this.#view.focus();
  }

  /** @type {(texts: Record<string, any>, language: string) => void} */
  update(texts, language) {
    const image = this.#image;
    const { text, kind } = stateOf(image, texts, language);
    this.element.className = kind;
    if (this.#state.textContent !== text) this.#state.textContent = text;
    this.#state.title = image.error ?? image.reason ?? "";
    this.#box.checked = Boolean(image.isSelected);
    aria(this.#box, { label: texts.selectOne(image.name) });
    aria(this.#view, { label: texts.view(image.name) });
    aria(this.#remove, { label: `${texts.remove}: ${image.name}` });
  }

  // A CDN without the small size has the whole image; a picture that can't be shown at all is hidden.
  #showLarge() {
    const { url } = this.#image;
    if (url && this.#picture.src !== url) this.#picture.src = url;
    else this.#picture.hidden = true;
  }
}
