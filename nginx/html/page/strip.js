import { h } from "../ozon-upload-modal/dom.js";
import { Tile } from "./tile.js";

/** @typedef {import("./image.js").Image} Image */

/** The tiles of a card's images, updated in place. */
export class Strip {
  #actions;
  /** @type {Map<Image, Tile>} */
  #tiles = new Map();
  #noneText = h("span");
  #none = h("li", { class: "none" }, this.#noneText);
  element = h("ul", { class: "strip" });

  /** @param {{view: (image: Image) => void, remove: (image: Image) => void, change: () => void}} actions */
  constructor(actions) {
    this.#actions = actions;
  }

  // Returns whether the image has a tile.
  /** @param {Image} image */
  focus(image) {
    this.#tiles.get(image)?.focus();
    return this.#tiles.has(image);
  }

  // Without images, `none` says why, for example because of an error.
  /** @type {(images: Image[], none: string, isError: boolean, texts: Record<string, any>, language: string) => void} */
  update(images, none, isError, texts, language) {
    this.#tiles = new Map(images.map((image) => [image, this.#tiles.get(image) ?? this.#newTile(image)]));
    const tiles = [...this.#tiles.values()];
    for (const tile of tiles) tile.update(texts, language);
    const elements = images.length > 0 ? tiles.map(({ element }) => element) : [this.#none];
    const shown = this.element.children;
    if (elements.length !== shown.length || elements.some((element, index) => element !== shown[index])) {
      this.element.replaceChildren(...elements);
    }
    this.#noneText.textContent = none;
    this.#none.classList.toggle("bad", isError);
  }

  /** @param {Image} image */
  #newTile(image) {
    const { view, remove, change } = this.#actions;
    return new Tile(image, { view: () => view(image), remove: () => remove(image), change });
  }
}
