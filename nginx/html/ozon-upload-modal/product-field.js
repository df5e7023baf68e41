import { aria, h } from "./dom.js";

/** @typedef {{name?: string, productId?: number | string}} SKU */
/** @typedef {import("./languages.js").Texts} Texts */

/** The product of the push: its name, and its ID, or an input for the ID if it isn't known. */
export class ProductField {
  /** @type {SKU} */
  #sku = {};
  /** @type {Texts | undefined} */
  #texts;
  #proceed;
  #name = h("span");
  #knownID = h("span");
  #hint = h("small", { id: "hint", "aria-live": "polite" });
  input = h("input", {
    id: "id",
    inputmode: "numeric",
    autocomplete: "off",
    "aria-describedby": "hint",
    input: () => this.validate(this.input.value !== ""),
    keydown: (/** @type {KeyboardEvent} */ event) => {
      if (event.key !== "Enter") return;
      event.preventDefault(); // otherwise it also presses the button that has the focus once the window is closed
      if (!event.repeat) this.#proceed();
    },
  });
  element = h("div", { part: "sku" },
    h("p", {}, h("small", { "data-text": "product" }), this.#name),
    h("p", {}, h("label", { for: "id", "data-text": "productId" }), this.#knownID, this.input, this.#hint));

  /** @param {() => void} proceed  called when Enter is pressed */
  constructor(proceed) {
    this.#proceed = proceed;
  }

  get sku() {
    return this.#sku;
  }
  set sku(sku) {
    this.#sku = sku;
    this.input.value = "";
    this.validate();
  }

  /** 0 if it is missing or invalid. */
  get productId() {
    return parseID(this.#sku.productId) || parseID(this.input.value);
  }

  // Whether it is the same product by its name, with the ID that is missing here.
  /** @type {(sku: SKU) => boolean} */
  isCompletedBy({ name, productId }) {
    return !!name && name === this.#sku.name && !parseID(this.#sku.productId) && parseID(productId) > 0;
  }

  /** Shows the product; a missing or invalid ID is marked if `isRequired`. */
  validate(isRequired = false) {
    const knownID = parseID(this.#sku.productId);
    const { unset = "", digits = "" } = this.#texts ?? {};
    this.#name.textContent = this.#sku.name ?? unset;
    this.#knownID.textContent = String(knownID || "");
    this.input.hidden = this.#hint.hidden = knownID > 0;
    aria(this.input, { invalid: isRequired && !this.productId });
    this.#hint.textContent = (this.input.value ? "" : unset) + digits;
  }

  /** @param {Texts} texts */
  translate(texts) {
    this.#texts = texts;
    this.validate();
  }
}

// A product ID, given as a number or as digits; 0 for anything else.
/** @type {(value: unknown) => number} */
function parseID(value) {
  const id = /^\s*\d+\s*$/.test(String(value)) ? Number(value) : 0;
  return Number.isSafeInteger(id) ? id : 0;
}
