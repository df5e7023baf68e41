/**
 * Dragging of tiles with the mouse or by touch: the tile follows the pointer, and the position where it would be
 * dropped is marked. By touch only the selected tile can be dragged, because the list is scrolled with the others.
 */
export class TileDrag {
  #list;
  #host;
  /** @type {{tile: HTMLElement, index: number, pointerId: number, x: number, y: number, to?: number} | undefined} */
  #dragged;

  /**
   * @param {HTMLElement} list  contains the tiles
   * @param {{tiles: () => HTMLElement[], canDrag: (index: number, isMouse: boolean) => boolean,
   *   move: (from: number, to: number) => void}} host
   */
  constructor(list, host) {
    this.#list = list;
    this.#host = host;
    list.addEventListener("pointerdown", (event) => this.#start(event));
    list.addEventListener("pointermove", (event) => this.#move(event));
    list.addEventListener("pointerup", ({ pointerId }) => this.#end(true, pointerId));
    list.addEventListener("pointercancel", ({ pointerId }) => this.#end(false, pointerId));
  }

  cancel() {
    this.#end(false);
  }

  /** @param {PointerEvent} event */
  #start({ target, button, pointerId, pointerType, clientX: x, clientY: y }) {
    this.cancel();
    const index = this.#indexOf(/** @type {Node} */ (target));
    if (index < 0 || button || !this.#host.canDrag(index, pointerType === "mouse")) return;
    this.#dragged = { tile: this.#host.tiles()[index], index, pointerId, x, y };
  }

  /** @param {PointerEvent} event */
  #move({ clientX, clientY, pointerId, buttons }) {
    if (this.#dragged?.pointerId !== pointerId) return;
    if (!buttons) return this.cancel(); // released outside the list
    const { tile, index, x, y, to } = this.#dragged;
    if (to === undefined && Math.hypot(clientX - x, clientY - y) < 6) return;
    const tiles = this.#host.tiles();
    this.#list.setPointerCapture(pointerId);
    tile.classList.add("dragged");
    tile.style.translate = `${clientX - x}px ${clientY - y}px`;
    if (to !== undefined) delete tiles[to].dataset.drop;
    const root = /** @type {ShadowRoot} */ (this.#list.getRootNode());
    const over = this.#indexOf(root.elementFromPoint(clientX, clientY));
    this.#dragged.to = over < 0 ? index : over;
    if (over >= 0) tiles[over].dataset.drop = over < index ? "before" : "after";
  }

  /**
   * @param {boolean} isDropped
   * @param {number} [pointerId]  default: that of the drag
   */
  #end(isDropped, pointerId = this.#dragged?.pointerId) {
    if (!this.#dragged || this.#dragged.pointerId !== pointerId) return;
    const { tile, index, to } = this.#dragged;
    this.#dragged = undefined;
    if (to === undefined) return;
    tile.classList.remove("dragged");
    tile.style.translate = "";
    delete this.#host.tiles()[to].dataset.drop;
    if (isDropped) this.#host.move(index, to);
  }

  /** @param {Node | null} element */
  #indexOf(element) {
    return this.#host.tiles().findIndex((tile) => tile.contains(element));
  }
}
