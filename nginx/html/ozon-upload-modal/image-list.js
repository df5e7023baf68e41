import { h } from "./dom.js";

/**
 * The images as a rearrangeable listbox: by arrow keys with Shift, Alt or Ctrl, by mouse, by touch once an image is selected, by
 * a toolbar. `items`: {image, state, ...} in order; `element` fires `change` when it is another.
 */
export class ImageList {
  items = [];
  #texts;
  #announce;
  #isLocked;
  #current = 0;
  #drag;
  #list = h("ul", {
    part: "grid", role: "listbox", "aria-describedby": "order",
    keydown: (event) => this.#key(event), focusin: ({ target }) => this.#select(this.#indexOf(target)),
    pointerdown: (event) => this.#press(event), pointermove: (event) => this.#dragTo(event),
    pointerup: () => this.#drop(true), pointercancel: () => this.#drop(),
  });
  #tools = Object.entries({
    earlier: () => this.#move(this.#current, this.#current - 1),
    later: () => this.#move(this.#current, this.#current + 1),
    first: () => this.#move(this.#current, 0),
    remove: () => this.#remove(this.#current),
  }).map(([name, click]) => [name, h("button", { part: "button", "data-text": name, click })]);
  #toolbar = h("div", { part: "tools", role: "group" }, ...this.#tools.map(([, button]) => button));
  #hint = h("p", { id: "order", class: "hint", "data-text": "order" });
  #empty = h("p", { class: "empty", "data-text": "empty" });
  element = h("div", {}, this.#list, this.#toolbar, this.#hint, this.#empty);

  /** `announce(text)` says it to a screen reader. */
  constructor(announce) {
    this.#announce = announce;
  }

  set(images) {
    for (const { preview } of this.items) URL.revokeObjectURL(preview);
    this.items = images.map(newItem);
    this.#order(0);
  }

  lock(isLocked) {
    this.#isLocked = isLocked;
    this.#drop();
    this.#show();
  }

  translate(texts) {
    this.#texts = texts;
    this.#list.ariaLabel = this.#toolbar.ariaLabel = texts.steps[1];
    this.#show();
  }

  /** `state`: waiting, sending (`share`: 0...1), done, failed; `note` stands in place of its text. */
  update(item, state, note = "", share = 0) {
    Object.assign(item, { state, note, share });
    this.#describe(item, this.items.indexOf(item));
  }

  #order(current) {
    this.#list.replaceChildren(...this.items.map(({ tile }) => tile));
    this.#select(current);
  }

  #select(index) {
    this.#current = Math.max(0, Math.min(index, this.items.length - 1));
    this.#show();
  }

  #show() {
    const { items } = this;
    const last = items.length - 1;
    items.forEach((item, index) => this.#describe(item, index));
    for (const part of [this.#list, this.#toolbar, this.#hint]) part.hidden = last < 0;
    this.#empty.hidden = last >= 0;
    for (const [name, button] of this.#tools) {
      button.ariaDisabled = Boolean(this.#isLocked || (name !== "remove" && this.#current === (name === "later" ? last : 0)));
    }
  }

  #describe({ tile, name, state, note, share }, index) {
    const text = note || this.#texts[state];
    const [badge, bar, caption] = tile.querySelectorAll(".badge, i, .state");
    tile.dataset.state = state;
    tile.tabIndex = index === this.#current ? 0 : -1;
    tile.ariaSelected = index === this.#current;
    tile.ariaLabel = this.#texts.item(index + 1, this.items.length, name, text);
    badge.textContent = index ? index + 1 : this.#texts.main;
    bar.style.scale = `${share} 1`;
    caption.textContent = caption.title = text;
  }

  #indexOf(element) {
    return this.items.findIndex(({ tile }) => tile.contains(element));
  }

  #key(event) {
    const { key, target, shiftKey, altKey, ctrlKey } = event;
    const at = this.#indexOf(target);
    const columns = getComputedStyle(this.#list).gridTemplateColumns.split(" ").length;
    const step = { ArrowLeft: -1, ArrowRight: 1, ArrowUp: -columns, ArrowDown: columns, Home: -at, End: this.items.length }[key];
    if (key === "Delete") this.#remove(at);
    else if (!step) return;
    else if (shiftKey || altKey || ctrlKey) this.#move(at, at + step);
    else this.#select(at + step);
    event.preventDefault();
    this.items[this.#current]?.tile.focus();
  }

  #move(from, place) {
    const to = Math.max(0, Math.min(place, this.items.length - 1));
    if (this.#isLocked || from === to) return;
    this.items.splice(to, 0, ...this.items.splice(from, 1));
    this.#order(to);
    this.#announce(this.#texts.moved(from + 1, to + 1, this.items.length));
    this.element.dispatchEvent(new Event("change"));
  }

  #remove(index) {
    if (this.#isLocked) return;
    const [{ preview }] = this.items.splice(index, 1);
    URL.revokeObjectURL(preview);
    this.#order(this.#current);
    this.element.dispatchEvent(new Event("change"));
  }

  // ---- dragging: the tile follows the pointer, the place where it would go is marked

  #press({ target, button, pointerType, clientX: x, clientY: y }) {
    const index = this.#indexOf(target);
    // Only a selected image is `touch-action: none`, so that the list can be scrolled by touch.
    if (index < 0 || button || this.#isLocked || (pointerType !== "mouse" && index !== this.#current)) return;
    this.#drag = { tile: this.items[index].tile, index, x, y };
  }

  #dragTo({ clientX, clientY, pointerId }) {
    if (!this.#drag) return;
    const { tile, index, x, y, to } = this.#drag;
    if (to === undefined && Math.hypot(clientX - x, clientY - y) < 6) return;
    this.#list.setPointerCapture(pointerId);
    tile.classList.add("dragged");
    tile.style.translate = `${clientX - x}px ${clientY - y}px`;
    delete this.items[to]?.tile.dataset.drop;
    const over = this.#indexOf(this.element.getRootNode().elementFromPoint(clientX, clientY));
    this.#drag.to = over < 0 ? index : over;
    if (over >= 0) this.items[over].tile.dataset.drop = over < index ? "before" : "after";
  }

  #drop(isMeant) {
    const { tile, index, to } = this.#drag ?? {};
    this.#drag = undefined;
    if (to === undefined) return;
    tile.classList.remove("dragged");
    tile.style.translate = "";
    delete this.items[to].tile.dataset.drop;
    if (isMeant) this.#move(index, to);
  }
}

function newItem(image) {
  const { file, url = "" } = image;
  const name = image.name ?? file?.name ?? url.replace(/[?#].*/, "").replace(/.*\//, "");
  const preview = file ? URL.createObjectURL(file) : url;
  const tile = h("li", { part: "item", role: "option" },
    h("div", { class: "thumb" },
      h("img", { alt: "", loading: "lazy", draggable: "false", src: preview, error: ({ target }) => (target.hidden = true) }),
      h("span", { class: "badge" })),
    h("i"), h("div", { class: "name" }, name), h("div", { class: "state" }));
  return { image, preview, tile, name, state: url ? "done" : "waiting", note: "", share: 0 };
}
