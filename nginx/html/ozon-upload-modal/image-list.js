import { h, thumbnail } from "./dom.js";

/**
 * A listbox of images whose order can be changed: with the arrow keys and Shift, Alt or Ctrl, with the mouse, by touch
 * once an image is selected, and with a toolbar. `items` are {image, state, ...} in the current order. `element` fires
 * `change` when an image has been moved or removed.
 */
export class ImageList {
  items = [];
  #texts;
  #announce;
  #isLocked;
  #current = 0;
  #dragged;
  #list = h("ul", {
    part: "grid",
    role: "listbox",
    "aria-describedby": "order",
    keydown: (event) => this.#handleKey(event),
    focusin: ({ target }) => this.#select(this.#indexOf(target)),
    pointerdown: (event) => this.#startDrag(event),
    pointermove: (event) => this.#drag(event),
    pointerup: () => this.#endDrag(true),
    pointercancel: () => this.#endDrag(),
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

  /** `announce(text)` passes a text to screen readers. */
  constructor(announce) {
    this.#announce = announce;
  }

  set(images) {
    for (const { preview } of this.items) URL.revokeObjectURL(preview);
    this.items = images.map(newItem);
    this.#replaceTiles(0);
  }

  lock(isLocked) {
    this.#isLocked = isLocked;
    this.#endDrag();
    this.#render();
  }

  translate(texts) {
    this.#texts = texts;
    this.#list.ariaLabel = this.#toolbar.ariaLabel = texts.steps[1];
    this.#render();
  }

  /** `state` is waiting, sending (with `progress` from 0 to 1), done or failed; `note` replaces its text. */
  update(item, state, note = "", progress = 0) {
    Object.assign(item, { state, note, progress });
    this.#renderItem(item, this.items.indexOf(item));
  }

  #replaceTiles(current) {
    this.#list.replaceChildren(...this.items.map(({ tile }) => tile));
    this.#select(current);
  }

  #select(index) {
    this.#current = this.#clamp(index);
    this.#render();
  }

  #render() {
    const { items } = this;
    const last = items.length - 1;
    items.forEach((item, index) => this.#renderItem(item, index));
    for (const part of [this.#list, this.#toolbar, this.#hint]) part.hidden = last < 0;
    this.#empty.hidden = last >= 0;
    for (const [name, button] of this.#tools) {
      const isAtEnd = name !== "remove" && this.#current === (name === "later" ? last : 0);
      button.ariaDisabled = Boolean(this.#isLocked || isAtEnd);
    }
  }

  #renderItem({ tile, name, state, note, progress }, index) {
    const text = note || this.#texts[state];
    const [badge, bar, caption] = tile.querySelectorAll(".badge, i, .state");
    tile.dataset.state = state;
    tile.tabIndex = index === this.#current ? 0 : -1;
    tile.ariaSelected = index === this.#current;
    tile.ariaLabel = this.#texts.item(index + 1, this.items.length, name, text);
    badge.textContent = index ? index + 1 : this.#texts.main;
    bar.style.scale = `${progress} 1`;
    caption.textContent = caption.title = text;
  }

  #clamp(index) {
    return Math.max(0, Math.min(index, this.items.length - 1));
  }

  #indexOf(element) {
    return this.items.findIndex(({ tile }) => tile.contains(element));
  }

  #handleKey(event) {
    const { key, target, shiftKey, altKey, ctrlKey } = event;
    const index = this.#indexOf(target);
    const columns = getComputedStyle(this.#list).gridTemplateColumns.split(" ").length;
    const offset = {
      ArrowLeft: -1,
      ArrowRight: 1,
      ArrowUp: -columns,
      ArrowDown: columns,
      Home: -index,
      End: this.items.length,
    }[key];
    if (key === "Delete") this.#remove(index);
    else if (!offset) return;
    else if (shiftKey || altKey || ctrlKey) this.#move(index, index + offset);
    else this.#select(index + offset);
    event.preventDefault();
    this.items[this.#current]?.tile.focus();
  }

  #move(from, target) {
    const to = this.#clamp(target);
    if (this.#isLocked || from === to) return;
    this.items.splice(to, 0, ...this.items.splice(from, 1));
    this.#replaceTiles(to);
    this.#announce(this.#texts.moved(from + 1, to + 1, this.items.length));
    this.element.dispatchEvent(new Event("change"));
  }

  #remove(index) {
    if (this.#isLocked) return;
    const [{ preview }] = this.items.splice(index, 1);
    URL.revokeObjectURL(preview);
    this.#replaceTiles(this.#current);
    this.element.dispatchEvent(new Event("change"));
  }

  // Dragging: the tile follows the pointer, and the position where it would be dropped is marked.

  #startDrag({ target, button, pointerType, clientX: x, clientY: y }) {
    const index = this.#indexOf(target);
    // Only the selected image is `touch-action: none`, so that the list can be scrolled by touch.
    const isDraggable = pointerType === "mouse" || index === this.#current;
    if (index < 0 || button || this.#isLocked || !isDraggable) return;
    this.#dragged = { tile: this.items[index].tile, index, x, y };
  }

  #drag({ clientX, clientY, pointerId }) {
    if (!this.#dragged) return;
    const { tile, index, x, y, to } = this.#dragged;
    if (to === undefined && Math.hypot(clientX - x, clientY - y) < 6) return;
    this.#list.setPointerCapture(pointerId);
    tile.classList.add("dragged");
    tile.style.translate = `${clientX - x}px ${clientY - y}px`;
    delete this.items[to]?.tile.dataset.drop;
    const over = this.#indexOf(this.element.getRootNode().elementFromPoint(clientX, clientY));
    this.#dragged.to = over < 0 ? index : over;
    if (over >= 0) this.items[over].tile.dataset.drop = over < index ? "before" : "after";
  }

  #endDrag(isDropped) {
    const { tile, index, to } = this.#dragged ?? {};
    this.#dragged = undefined;
    if (to === undefined) return;
    tile.classList.remove("dragged");
    tile.style.translate = "";
    delete this.items[to].tile.dataset.drop;
    if (isDropped) this.#move(index, to);
  }
}

function newItem(image) {
  const { file, url = "" } = image;
  const name = image.name ?? file?.name ?? url.replace(/[?#].*/, "").replace(/.*\//, "");
  const preview = file ? URL.createObjectURL(file) : url;
  const tile = h("li", { part: "item", role: "option" },
    h("div", { class: "thumb" }, thumbnail(preview, { draggable: "false" }), h("span", { class: "badge" })),
    h("i"), h("div", { class: "name" }, name), h("div", { class: "state" }));
  return { image, preview, tile, name, state: url ? "done" : "waiting", note: "", progress: 0 };
}
