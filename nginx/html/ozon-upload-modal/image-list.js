import { aria, h } from "./dom.js";
import { TileDrag } from "./drag.js";
import { newItem, showFile } from "./image-item.js";

/** Images that Ozon takes for one product, unless the backend's OZON_MAX_IMAGES is another. */
export const MAX_IMAGES = 30;

/** @typedef {import("../ozon-upload-modal.js").ModalImage} ModalImage */
/** @typedef {import("./languages.js").Texts} Texts */
/** @typedef {import("./image-item.js").ImageItem} ImageItem */
/**
 * `cancel` returns whether it has cancelled the upload of the image.
 *
 * @typedef {{canCancel: (item: ImageItem) => boolean, cancel: (item: ImageItem) => boolean}} Cancellable
 */

/**
 * A listbox of images whose order can be changed: with the arrow keys and Shift, Alt or Ctrl, with the mouse, by touch
 * once an image is selected, and with a toolbar. `element` fires `change` when an image has been moved, removed or put
 * back.
 */
export class ImageList {
  // In the current order.
  /** @type {ImageItem[]} */
  items = [];
  /** Whether the person has changed the images since set(). */
  isChanged = false;
  /** @type {Texts | undefined} */
  #texts;
  #announce;
  // The push that runs. Nothing can be changed during it, but files that aren't uploaded yet can be taken out.
  /** @type {Cancellable | null} */
  #push = null;
  #areFilesShown = false;
  #current = 0;
  // The last one was removed last.
  /** @type {{item: ImageItem, index: number}[]} */
  #removed = [];
  #list = h("ul", {
    part: "grid",
    role: "listbox",
    "aria-describedby": "order",
    keydown: (/** @type {KeyboardEvent} */ event) => this.#handleKey(event),
    focusin: (/** @type {FocusEvent} */ { target }) => this.#select(this.#indexOf(target)),
  });
  /** @type {[string, HTMLButtonElement][]} */
  #tools = Object.entries({
    earlier: () => this.#move(this.#current, this.#current - 1),
    later: () => this.#move(this.#current, this.#current + 1),
    first: () => this.#move(this.#current, 0),
    remove: () => this.#remove(this.#current),
    undo: () => this.#undo(),
  }).map(([name, click]) => [name, h("button", { type: "button", part: "button", "data-text": name, click })]);
  #toolbar = h("div", { part: "tools", role: "group" }, ...this.#tools.map(([, button]) => button));
  #hint = h("p", { id: "order", class: "hint", "data-text": "order" });
  #empty = h("p", { class: "empty", "data-text": "empty" });
  #drag = new TileDrag(this.#list, {
    tiles: () => this.items.map(({ tile }) => tile),
    canDrag: (index, isMouse) => !this.#push && (isMouse || index === this.#current),
    move: (from, to) => this.#move(from, to),
  });
  element = h("div", {
    keydown: (/** @type {KeyboardEvent} */ event) => {
      if (event.key !== "z" || !(event.ctrlKey || event.metaKey)) return;
      event.preventDefault();
      this.#undo();
    },
  }, this.#list, this.#toolbar, this.#hint, this.#empty);

  /** @param {(text: string) => void} announce  passes a text to screen readers */
  constructor(announce) {
    this.#announce = announce;
  }

  get failed() {
    return this.items.filter(({ state }) => state === "failed" || state === "over");
  }

  /** @param {ModalImage[]} images */
  set(images) {
    this.#drag.cancel();
    const areFilesShown = this.#areFilesShown;
    this.showFiles(false);
    this.items = images.map(newItem);
    this.#removed = [];
    this.showFiles(areFilesShown);
    this.isChanged = false;
    this.#replaceTiles(0);
  }

  /**
   * Shows the pictures of files, or frees them; at first they aren't shown.
   *
   * @param {boolean} isShown
   */
  showFiles(isShown) {
    if (isShown === this.#areFilesShown) return;
    this.#areFilesShown = isShown;
    for (const item of [...this.items, ...this.#removed.map(({ item }) => item)]) showFile(item, isShown);
  }

  /** @param {Cancellable | null} push */
  lock(push) {
    this.#push = push;
    this.#drag.cancel();
    this.#render();
  }

  /** @param {Texts} texts */
  translate(texts) {
    this.#texts = texts;
    for (const element of [this.#list, this.#toolbar]) aria(element, { label: texts.steps[1] });
    this.#render();
  }

  /**
   * @param {ImageItem} item
   * @param {string} state
   */
  update(item, state, note = "", progress = 0) {
    Object.assign(item, { state, note, progress });
    const index = this.items.indexOf(item);
    this.#renderItem(item, index);
    if (index === this.#current) this.#renderTools();
  }

  /** Removes the failed images; they can be put back. */
  removeFailed() {
    for (const item of this.failed) this.#takeOut(this.items.indexOf(item));
    this.#replaceTiles(this.#current);
    this.#announceChange();
  }

  /** Selects the first failed image and scrolls to it. */
  revealFailed() {
    const [item] = this.failed;
    if (!item) return;
    this.#select(this.items.indexOf(item));
    item.tile.scrollIntoView({ block: "nearest" });
  }

  /** @param {number} current */
  #replaceTiles(current) {
    this.#list.replaceChildren(...this.items.map(({ tile }) => tile));
    this.#select(current);
  }

  /** @param {number} index */
  #select(index) {
    this.#current = this.#clamp(index);
    this.#render();
  }

  #render() {
    const { length } = this.items;
    this.items.forEach((item, index) => this.#renderItem(item, index));
    for (const part of [this.#list, this.#hint]) part.hidden = length === 0;
    this.#empty.hidden = length > 0;
    this.#renderTools();
  }

  #renderTools() {
    const last = this.items.length - 1;
    const canCancel = last >= 0 && this.#push?.canCancel(this.items[this.#current]) === true;
    const isAtEnd = { earlier: this.#current === 0, first: this.#current === 0, later: this.#current === last };
    for (const [name, button] of this.#tools) {
      const isLocked = this.#push && !(name === "remove" && canCancel);
      aria(button, { disabled: isLocked || isAtEnd[/** @type {"first"} */ (name)] === true });
      if (name === "remove") button.textContent = this.#texts?.[canCancel ? "cancelUpload" : "remove"] ?? "";
      button.hidden = name === "undo" ? this.#removed.length === 0 : last < 0;
    }
  }

  /**
   * @param {ImageItem} item
   * @param {number} index
   */
  #renderItem({ tile, name, state, note, progress, isUnsupported }, index) {
    const texts = this.#texts;
    if (!texts) return;
    const willExceed = index >= MAX_IMAGES && !note && state === "done";
    const stateText = note || (isUnsupported && texts.unsupported) || texts.states[/** @type {"done"} */ (state)];
    const text = willExceed ? texts.overLimit(MAX_IMAGES) : stateText;
    const [badge, bar, caption] = /** @type {NodeListOf<HTMLElement>} */ (tile.querySelectorAll(".badge, i, .state"));
    tile.dataset.state = willExceed ? "over" : state;
    tile.tabIndex = index === this.#current ? 0 : -1;
    aria(tile, {
      selected: index === this.#current,
      label: texts.item(index + 1, this.items.length, name, text),
    });
    badge.textContent = index ? String(index + 1) : texts.main;
    bar.style.scale = `${progress} 1`;
    caption.textContent = caption.title = text;
  }

  /** @param {number} index */
  #clamp(index) {
    return Math.max(0, Math.min(index, this.items.length - 1));
  }

  /** @param {EventTarget | null} element */
  #indexOf(element) {
    return this.items.findIndex(({ tile }) => tile.contains(/** @type {Node} */ (element)));
  }

  /** @param {KeyboardEvent} event */
  #handleKey(event) {
    const { key, target, shiftKey, altKey, ctrlKey } = event;
    const index = this.#indexOf(target);
    const columns = getComputedStyle(this.#list).gridTemplateColumns.split(" ").length;
    const offsets = {
      ArrowLeft: -1,
      ArrowRight: 1,
      ArrowUp: -columns,
      ArrowDown: columns,
      Home: -index,
      End: this.items.length,
    };
    const offset = offsets[/** @type {"Home"} */ (key)];
    if (key === "Delete") this.#remove(index);
    else if (!offset) return;
    else if (shiftKey || altKey || ctrlKey) this.#move(index, index + offset);
    else this.#select(index + offset);
    event.preventDefault();
    this.items[this.#current]?.tile.focus();
  }

  /**
   * @param {number} from
   * @param {number} target
   */
  #move(from, target) {
    const to = this.#clamp(target);
    if (this.#push || from === to) return;
    this.#drag.cancel();
    this.items.splice(to, 0, ...this.items.splice(from, 1));
    this.#replaceTiles(to);
    this.#announceChange(this.#texts?.moved(from + 1, to + 1, this.items.length));
  }

  /** @param {number} index */
  #remove(index) {
    const item = this.items[index];
    if (!item || this.#push?.cancel(item) === false) return;
    this.#takeOut(index);
    this.#replaceTiles(this.#current);
    this.#announceChange(this.#texts?.[this.#push ? "cancelled" : "removed"](item.name));
    if (this.items.length === 0) this.#tools.find(([name]) => name === "undo")?.[1].focus();
  }

  /** @param {number} index */
  #takeOut(index) {
    this.#drag.cancel();
    const [item] = this.items.splice(index, 1);
    this.#removed.push({ item, index });
  }

  #undo() {
    const last = this.#push ? undefined : this.#removed.pop();
    if (!last) return;
    this.#drag.cancel();
    this.items.splice(last.index, 0, last.item);
    this.#replaceTiles(last.index);
    last.item.tile.focus();
    this.#announceChange(this.#texts?.putBack(last.item.name));
  }

  #announceChange(text = "") {
    this.isChanged = true;
    this.items.forEach((item, index) => {
      const isBeyond = index >= MAX_IMAGES && item.state === "done";
      if (item.state === "over" || isBeyond) this.update(item, "done");
    });
    this.#announce(text);
    this.element.dispatchEvent(new Event("change"));
  }
}
