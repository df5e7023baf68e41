import { h } from "./dom.js";

/**
 * The images as a rearrangeable listbox with its toolbar: one tab stop, arrow keys go from image to image, with Shift
 * (Alt, Ctrl) they take it along, Delete removes; dragging by mouse, and by touch once an image is selected.
 *
 *   new ImageList(texts, announce)    announce(text): said to a screen reader
 *     element                         to be put into the page
 *     items                           {image, state, share, note} in order; image: as given to `set`
 *     set(images) · relabel(texts)
 *     update(item, {state, share, note})   state: waiting, sending (share 0…1), done, failed; note: in place of its text
 *     locked = true                   nothing is moved or removed
 *   Fires `change` on element when the order or the number of images has changed.
 */
export class ImageList {
  items = [];
  #texts;
  #announce;
  #current = 0;
  #removed = [];
  #drag = null;
  #list = h("ul", {
    part: "grid", class: "grid", role: "listbox", "aria-orientation": "horizontal", "aria-describedby": "hint",
    keydown: (event) => this.#key(event), focusin: (event) => this.#select(this.#indexOf(event.target)),
    pointerdown: (event) => this.#press(event), pointermove: (event) => this.#dragTo(event),
    pointerup: () => this.#drop(true), pointercancel: () => this.#drop(false),
    click: (event) => event.target.matches(".x") && this.#remove(this.#indexOf(event.target)),
  });
  #buttons = {
    earlier: () => this.#move(this.#current, this.#current - 1),
    later: () => this.#move(this.#current, this.#current + 1),
    first: () => this.#move(this.#current, 0),
    remove: () => this.#remove(this.#current),
    undo: () => this.#undo(),
  };
  #tools = h("div", { part: "tools", class: "tools", role: "group" });
  #empty = h("div", { class: "empty" });
  #hint = h("p", { id: "hint", class: "hint" });
  element = h("div", { class: "images" }, this.#list, this.#empty, this.#tools, this.#hint);

  constructor(texts, announce) {
    this.#announce = announce;
    for (const [name, run] of Object.entries(this.#buttons)) {
      this.#buttons[name] = h("button", { type: "button", part: "button", click: () => this.locked || run() });
    }
    this.#tools.append(...Object.values(this.#buttons));
    this.relabel(texts);
  }

  #locked = false;
  get locked() {
    return this.#locked;
  }
  set locked(value) {
    this.#locked = value;
    this.#drop(false);
    this.#show();
  }

  set(images) {
    for (const item of [...this.items, ...this.#removed.map((removed) => removed.item)]) URL.revokeObjectURL(item.preview);
    this.#removed = [];
    this.#current = 0;
    this.items = images.map((image) => this.#item(image));
    this.#show();
  }

  relabel(texts) {
    this.#texts = texts;
    this.#list.setAttribute("aria-label", texts.images);
    this.#tools.setAttribute("aria-label", texts.images);
    this.#hint.textContent = texts.hint;
    this.#empty.replaceChildren(h("strong", {}, texts.empty), h("span", {}, texts.emptyHint));
    for (const [name, button] of Object.entries(this.#buttons)) button.textContent = texts[name];
    this.#show();
  }

  update(item, change) {
    Object.assign(item, { share: 0, note: "" }, change);
    this.#describe(item, this.items.indexOf(item));
  }

  #item(image) {
    const preview = image.file ? URL.createObjectURL(image.file) : "";
    const picture = h("img", { alt: "", loading: "lazy", decoding: "async", draggable: "false", src: preview || image.url });
    picture.addEventListener("error", () => item.tile.classList.add("broken"));
    const tile = h("li", { part: "item", class: "item", role: "option" },
      h("div", { class: "thumb" }, picture, h("span", { class: "badge" }), h("span", { class: "x", "aria-hidden": "true" }, "×")),
      h("div", { class: "bar" }, h("i")),
      h("span", { class: "name" }, nameOf(image)),
      h("span", { class: "state" }));
    const item = { image, preview, tile, state: image.url ? "done" : "waiting", share: 0, note: "" };
    return item;
  }

  /** Brings the document in line with the items; what stands right isn't touched, so that it keeps the focus. */
  #show() {
    const tiles = this.items.map((item) => item.tile);
    for (const tile of [...this.#list.children]) if (!tiles.includes(tile)) tile.remove();
    tiles.forEach((tile, index) => {
      if (this.#list.children[index] !== tile) this.#list.insertBefore(tile, this.#list.children[index] ?? null);
    });
    this.items.forEach((item, index) => this.#describe(item, index));
    const isEmpty = tiles.length === 0;
    this.#list.hidden = this.#hint.hidden = isEmpty;
    this.#empty.hidden = !isEmpty;
    const off = (name, isOff) => this.#buttons[name].setAttribute("aria-disabled", this.locked || isOff);
    off("earlier", isEmpty || this.#current === 0);
    off("first", isEmpty || this.#current === 0);
    off("later", this.#current >= tiles.length - 1);
    off("remove", isEmpty);
    off("undo", this.#removed.length === 0);
    this.#list.classList.toggle("locked", this.locked);
  }

  #describe(item, index) {
    const { tile, state, share, note, image } = item;
    const text = note || this.#texts[state];
    const isCurrent = index === this.#current;
    tile.dataset.state = state;
    tile.tabIndex = isCurrent ? 0 : -1;
    tile.setAttribute("aria-selected", isCurrent);
    tile.setAttribute("aria-label", this.#texts.item(index + 1, this.items.length, nameOf(image), text));
    tile.querySelector(".badge").textContent = index === 0 ? this.#texts.main : index + 1;
    tile.querySelector(".state").textContent = text;
    tile.querySelector(".state").title = note;
    tile.querySelector(".bar i").style.transform = `scaleX(${state === "sending" ? share : 0})`;
  }

  #indexOf(element) {
    return this.items.findIndex((item) => item.tile.contains(element));
  }

  #select(index) {
    if (index < 0) return;
    this.#current = Math.min(index, this.items.length - 1);
    this.#show();
  }

  #focus(index) {
    this.#select(Math.max(0, Math.min(index, this.items.length - 1)));
    this.items[this.#current]?.tile.focus();
  }

  #key(event) {
    const at = this.#indexOf(event.target);
    const columns = this.items.filter((item) => item.tile.offsetTop === this.items[0].tile.offsetTop).length;
    const steps = { ArrowLeft: -1, ArrowRight: 1, ArrowUp: -columns, ArrowDown: columns, Home: -at, End: this.items.length };
    if (event.key === "Delete" || event.key === "Backspace") this.#remove(at);
    else if (!(event.key in steps)) return;
    else if (event.shiftKey || event.altKey || event.ctrlKey) this.#move(at, at + steps[event.key], true);
    else this.#focus(at + steps[event.key]);
    event.preventDefault();
  }

  #move(from, to, keepsFocus = false) {
    to = Math.max(0, Math.min(to, this.items.length - 1));
    if (this.locked || from === to || !this.items[from]) return;
    const places = this.items.map((item) => item.tile.getBoundingClientRect());
    const before = [...this.items];
    this.items.splice(to, 0, ...this.items.splice(from, 1));
    this.#current = to;
    this.#changed();
    if (keepsFocus) this.items[to].tile.focus();
    before.forEach((item, index) => slide(item.tile, places[index]));
    this.#announce(this.#texts.moved(from + 1, to + 1, this.items.length));
  }

  #remove(index) {
    if (this.locked || !this.items[index]) return;
    const hadFocus = this.items[index].tile.contains(this.element.getRootNode().activeElement);
    this.#removed.push({ item: this.items[index], index });
    this.items.splice(index, 1);
    this.#current = Math.max(0, Math.min(this.#current, this.items.length - 1));
    this.#changed();
    if (hadFocus) (this.items[this.#current]?.tile ?? this.#buttons.undo).focus();
    this.#announce(this.#texts.removed(index + 1, this.items.length));
  }

  #undo() {
    const removed = this.#removed.pop();
    if (!removed) return;
    this.items.splice(removed.index, 0, removed.item);
    this.#current = removed.index;
    this.#changed();
    this.#announce(this.#texts.restored(removed.index + 1));
  }

  #changed() {
    this.#show();
    this.element.dispatchEvent(new Event("change"));
  }

  // ---- dragging: the tile follows the pointer, the place where it would go is marked

  #press(event) {
    const index = this.#indexOf(event.target);
    if (index < 0 || event.button !== 0 || this.locked || event.target.matches(".x")) return;
    // By touch a first tap selects; only a selected image is `touch-action: none`, so that the list can be scrolled.
    if (event.pointerType !== "mouse" && index !== this.#current) return;
    const { tile } = this.items[index];
    this.#drag = { tile, index, to: index, x: event.clientX, y: event.clientY, pointer: event.pointerId, moves: false };
  }

  #dragTo(event) {
    const drag = this.#drag;
    if (!drag || event.pointerId !== drag.pointer) return;
    const [dx, dy] = [event.clientX - drag.x, event.clientY - drag.y];
    if (!drag.moves && Math.hypot(dx, dy) < 6) return;
    if (!drag.moves) {
      drag.moves = true;
      drag.tile.setPointerCapture(drag.pointer);
      drag.tile.classList.add("dragged");
    }
    drag.tile.style.transform = `translate(${dx}px, ${dy}px)`;
    const under = this.element.getRootNode().elementFromPoint(event.clientX, event.clientY);
    const over = under ? this.#indexOf(under) : -1;
    this.#mark("");
    drag.to = over < 0 ? drag.index : over;
    if (drag.to !== drag.index) this.#mark(drag.to < drag.index ? "before" : "after");
  }

  #mark(side) {
    for (const item of this.items) delete item.tile.dataset.drop;
    if (side) this.items[this.#drag.to].tile.dataset.drop = side;
  }

  #drop(isMeant) {
    const drag = this.#drag;
    if (!drag) return;
    this.#mark("");
    this.#drag = null;
    drag.tile.classList.remove("dragged");
    drag.tile.style.transform = "";
    if (isMeant && drag.moves) this.#move(drag.index, drag.to, true);
  }
}

/** What a person calls the image. */
function nameOf({ name, file, url }) {
  const last = (url ?? "").split(/[?#]/)[0].split("/").pop();
  try {
    return name ?? file?.name ?? decodeURIComponent(last);
  } catch {
    return last;
  }
}

/** From where it was to where it is, unless the person wants no motion. */
function slide(tile, from) {
  const to = tile.getBoundingClientRect();
  const [dx, dy] = [from.left - to.left, from.top - to.top];
  if ((!dx && !dy) || matchMedia("(prefers-reduced-motion: reduce)").matches) return;
  tile.animate([{ transform: `translate(${dx}px, ${dy}px)` }, { transform: "none" }], { duration: 160, easing: "ease-out" });
}
