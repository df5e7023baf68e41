import { h } from "./dom.js";

/**
 * The images as a rearrangeable listbox: arrow keys go from image to image, with Shift, Alt or Ctrl they take it along; Delete
 * removes. Dragging by mouse, and by touch once an image is selected. A toolbar for the selected one.
 *
 *   items     {image, state, ...}; image: as given to `set`; state: waiting, sending, done, failed
 *   element   fires `change` when the order or the number has changed
 */
export class ImageList {
  items = [];
  #texts;
  #announce;
  #isLocked = false;
  #current = 0;
  #drag = null;
  #list = h("ul", {
    part: "grid", class: "grid", role: "listbox", "aria-describedby": "hint",
    keydown: (event) => this.#key(event), focusin: (event) => this.#select(this.#indexOf(event.target)),
    pointerdown: (event) => this.#press(event), pointermove: (event) => this.#dragTo(event),
    pointerup: () => this.#drop(true), pointercancel: () => this.#drop(),
  });
  #tools = {
    earlier: () => this.#move(this.#current, this.#current - 1),
    later: () => this.#move(this.#current, this.#current + 1),
    first: () => this.#move(this.#current, 0),
    remove: () => this.#remove(this.#current),
  };
  #toolbar = h("div", { part: "tools", class: "tools", role: "group" });
  #hint = h("p", { id: "hint", class: "hint" });
  #empty = h("p", { class: "empty" });
  element = h("div", {}, this.#list, this.#toolbar, this.#hint, this.#empty);

  /** `announce(text)`: says it to a screen reader. */
  constructor(announce) {
    this.#announce = announce;
    for (const [name, click] of Object.entries(this.#tools)) {
      this.#tools[name] = h("button", { type: "button", part: "button", click });
    }
    this.#toolbar.append(...Object.values(this.#tools));
  }

  /** Locked, nothing can be moved or removed. */
  lock(isLocked) {
    this.#isLocked = isLocked;
    this.#drop();
    this.#show();
  }

  set(images) {
    for (const item of this.items) URL.revokeObjectURL(item.preview);
    this.#current = 0;
    this.items = images.map(newItem);
    this.#show();
  }

  relabel(texts) {
    this.#texts = texts;
    for (const group of [this.#list, this.#toolbar]) group.setAttribute("aria-label", texts.images);
    for (const [name, button] of Object.entries(this.#tools)) button.textContent = texts[name];
    this.#hint.textContent = texts.hint;
    this.#empty.textContent = texts.empty;
    this.#show();
  }

  /** `note` stands in place of the state's text; `share`: 0...1 of what is sent. */
  update(item, state, note = "", share = 0) {
    Object.assign(item, { state, note, share });
    this.#describe(item, this.items.indexOf(item));
  }

  #show() {
    const { items } = this;
    const last = items.length - 1;
    for (const tile of [...this.#list.children]) if (!items.some((item) => item.tile === tile)) tile.remove();
    items.forEach((item, index) => {
      const there = this.#list.children[index];
      // Moved, a tile loses the focus.
      if (there !== item.tile) this.#list.insertBefore(item.tile, there ?? null);
      this.#describe(item, index);
    });
    for (const part of [this.#list, this.#toolbar, this.#hint]) part.hidden = last < 0;
    this.#empty.hidden = last >= 0;
    const isUseless = { earlier: !this.#current, first: !this.#current, later: this.#current === last };
    for (const [name, button] of Object.entries(this.#tools)) {
      button.setAttribute("aria-disabled", this.#isLocked || isUseless[name] === true);
    }
  }

  #describe({ tile, image, state, note, share }, index) {
    const text = note || this.#texts[state];
    const isCurrent = index === this.#current;
    tile.dataset.state = state;
    tile.tabIndex = isCurrent ? 0 : -1;
    tile.setAttribute("aria-selected", isCurrent);
    tile.setAttribute("aria-label", this.#texts.item(index + 1, this.items.length, nameOf(image), text));
    tile.querySelector(".badge").textContent = index ? index + 1 : this.#texts.main;
    tile.querySelector("i").style.scale = `${share} 1`;
    Object.assign(tile.querySelector(".state"), { textContent: text, title: note });
  }

  #indexOf(element) {
    return this.items.findIndex((item) => item.tile.contains(element));
  }

  #select(index) {
    this.#current = Math.max(0, Math.min(index, this.items.length - 1));
    this.#show();
    return this.items[this.#current]?.tile;
  }

  #key(event) {
    const at = this.#indexOf(event.target);
    const columns = getComputedStyle(this.#list).gridTemplateColumns.split(" ").length;
    const step = { ArrowLeft: -1, ArrowRight: 1, ArrowUp: -columns, ArrowDown: columns, Home: -at, End: this.items.length }[event.key];
    if (event.key === "Delete") this.#remove(at);
    else if (!step) return;
    else if (event.shiftKey || event.altKey || event.ctrlKey) this.#move(at, at + step, true);
    else this.#select(at + step).focus();
    event.preventDefault();
  }

  #move(from, place, keepsFocus) {
    const to = Math.max(0, Math.min(place, this.items.length - 1));
    if (this.#isLocked || from === to) return;
    this.items.splice(to, 0, ...this.items.splice(from, 1));
    this.#select(to);
    if (keepsFocus) this.items[to].tile.focus();
    this.#changed(this.#texts.moved(from + 1, to + 1, this.items.length));
  }

  #remove(index) {
    if (this.#isLocked) return;
    const [{ tile, preview }] = this.items.splice(index, 1);
    const hadFocus = tile.matches(":focus");
    URL.revokeObjectURL(preview);
    const next = this.#select(this.#current);
    if (hadFocus) next?.focus();
    this.#changed(this.#texts.removed(index + 1, this.items.length));
  }

  #changed(text) {
    this.#announce(text);
    this.element.dispatchEvent(new Event("change"));
  }

  // ---- dragging: the tile follows the pointer, the place where it would go is marked

  #press({ target, button, pointerType, clientX: x, clientY: y }) {
    const index = this.#indexOf(target);
    // Only a selected image is `touch-action: none`, so that the list can be scrolled by touch.
    if (index < 0 || button || this.#isLocked || (pointerType !== "mouse" && index !== this.#current)) return;
    this.#drag = { tile: this.items[index].tile, index, x, y, to: null };
  }

  #dragTo({ clientX, clientY, pointerId }) {
    if (!this.#drag) return;
    const { tile, index, x, y, to } = this.#drag;
    if (to === null && Math.hypot(clientX - x, clientY - y) < 6) return;
    this.#list.setPointerCapture(pointerId);
    tile.classList.add("dragged");
    tile.style.translate = `${clientX - x}px ${clientY - y}px`;
    if (to !== null) delete this.items[to].tile.dataset.drop;
    const over = this.#indexOf(this.element.getRootNode().elementFromPoint(clientX, clientY));
    this.#drag.to = over < 0 ? index : over;
    if (over >= 0 && over !== index) this.items[over].tile.dataset.drop = over < index ? "before" : "after";
  }

  #drop(isMeant) {
    if (!this.#drag) return;
    const { tile, index, to } = this.#drag;
    this.#drag = null;
    tile.classList.remove("dragged");
    tile.style.translate = "";
    if (to === null) return;
    delete this.items[to].tile.dataset.drop;
    if (isMeant) this.#move(index, to, true);
  }
}

function newItem(image) {
  const preview = image.file ? URL.createObjectURL(image.file) : "";
  const tile = h("li", { part: "item", class: "item", role: "option" },
    h("div", { class: "thumb" },
      h("img", { alt: "", loading: "lazy", draggable: "false", src: preview || image.url, error: (event) => (event.target.hidden = true) }),
      h("span", { class: "badge" })),
    h("div", { class: "bar" }, h("i")), h("div", { class: "name" }, nameOf(image)), h("div", { class: "state" }));
  return { image, preview, tile, state: image.url ? "done" : "waiting", note: "", share: 0 };
}

function nameOf({ name, file, url = "" }) {
  return name ?? file?.name ?? url.replace(/[?#].*/, "").replace(/.*\//, "");
}
