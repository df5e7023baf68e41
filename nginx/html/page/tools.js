// The buttons above the cards. They concern the selected images; without a selection, all images.

import { aria } from "../ozon-upload-modal/dom.js";
import { freePreviews } from "./image.js";
import { copyText, csvOf, saveFile, storedRows } from "./urls.js";

/** @typedef {import("./card.js").Card} Card */
/** @typedef {import("./image.js").Image} Image */

/** @param {Card[]} cards */
const selectedCount = (cards) => cards.reduce((sum, card) => sum + card.selected.length, 0);

// The images to copy, by card: those of articles that aren't stored.
/** @param {Card[]} cards */
export function copyable(cards) {
  const isChosen = selectedCount(cards) > 0;
  /** @type {Map<Card, Image[]>} */
  const wanted = new Map();
  for (const card of cards) {
    const images = (isChosen ? card.selected : card.images).filter((image) => image.url && !image.publicURL);
    if (images.length > 0) wanted.set(card, images);
  }
  return wanted;
}

// Counts of the articles' images.
/** @param {Card[]} cards */
export function totals(cards) {
  const images = cards.flatMap((card) => card.images).filter((image) => image.url);
  const stored = images.filter((image) => image.publicURL);
  const byServer = stored.filter((image) => image.via === "server").length;
  const failed = images.filter((image) => !image.publicURL && image.error !== undefined).length;
  return { total: images.length, stored: stored.length, failed, byServer };
}

export class Tools {
  #elements;
  #cards;
  #toast;
  /** @type {Record<string, any>} */
  #texts = {};

  /**
   * @param {Record<string, any>} elements  the elements of the page by their ids
   * @param {() => Card[]} cards  returns all cards
   * @param {import("./toast.js").Toast} toast
   */
  constructor(elements, cards, toast) {
    this.#elements = elements;
    this.#cards = cards;
    this.#toast = toast;
    elements.select.addEventListener("click", () => this.#toggleSelection());
    elements.remove.addEventListener("click", () => this.#removeSelected());
    elements["copy-urls"].addEventListener("click", () => this.#copyURLs());
    elements.csv.addEventListener("click", () => this.#saveCSV());
  }

  /** @param {Record<string, any>} texts */
  translate(texts) {
    this.#texts = texts;
    aria(this.#elements.tools, { label: texts.tools });
  }

  /** @param {"find" | "copy" | undefined} running  the task that runs */
  render(running) {
    const texts = this.#texts;
    const cards = this.#cards();
    const selected = selectedCount(cards);
    const isEmpty = cards.every((card) => card.images.length === 0);
    const stored = storedRows(cards).length;
    this.#renderCopy(running);
    this.#show("select", selected > 0 ? texts.unselect(selected) : texts.selectAll, isEmpty && texts.nothingFound);
    this.#show("remove", texts.removeSelected(selected), selected === 0 && texts.nothingSelected);
    this.#show("copy-urls", texts.copyURLs(stored), stored === 0 && texts.nothingStored);
    this.#show("csv", texts.csv, stored === 0 && texts.nothingStored);
  }

  /** @param {string | undefined} running */
  #renderCopy(running) {
    const texts = this.#texts;
    if (running === "copy") return this.#show("copy", texts.stop, false);
    const cards = this.#cards();
    const wanted = [...copyable(cards).values()].flat();
    const failed = wanted.filter((image) => image.error !== undefined).length;
    const { total } = totals(cards);
    let label = texts.copy;
    if (failed > 0 && failed === wanted.length) label = texts.retryFailed(failed);
    else if (wanted.length > 0 && selectedCount(cards) > 0) label = texts.copySome(wanted.length);
    else if (wanted.length > 0 && wanted.length < total) label = texts.copyOthers(wanted.length);
    else if (wanted.length === 0 && total > 0) label = texts.allStored;
    const nothing = total > 0 ? texts.nothingToCopy : texts.nothingFound;
    this.#show("copy", label, running ? texts.finding : wanted.length === 0 && nothing);
  }

  // A button that is off has the reason as its title.
  /** @type {(name: string, label: string, reason: any) => void} */
  #show(name, label, reason) {
    const button = this.#elements[name];
    button.textContent = label;
    aria(button, { disabled: Boolean(reason) });
    button.title = reason || "";
  }

  #toggleSelection() {
    const isChosen = selectedCount(this.#cards()) > 0;
    for (const card of this.#cards()) card.select(!isChosen);
  }

  #removeSelected() {
    const chosen = this.#cards().filter((card) => card.selected.length > 0);
    const images = chosen.flatMap((card) => card.selected);
    if (images.length === 0) return;
    const undos = chosen.map((card) => card.removeAll(card.selected));
    const undo = () => undos.reverse().forEach((each) => each()); // the first card gets the focus
    this.#toast.show(() => this.#texts.removed(images.length), undo, () => freePreviews(images));
  }

  async #copyURLs() {
    const rows = storedRows(this.#cards());
    if (rows.length === 0) return;
    const isCopied = await copyText(rows.map(({ url }) => url).join("\n"));
    this.#toast.show(() => (isCopied ? this.#texts.urlsCopied(rows.length) : this.#texts.notCopied));
  }

  #saveCSV() {
    const rows = storedRows(this.#cards());
    if (rows.length > 0) saveFile("ozon-images.csv", csvOf(rows));
  }
}
