// Files that are dropped or pasted anywhere on the page.

import { droppedFiles } from "./files.js";

/** @typedef {import("./card.js").Card} Card */

/**
 * Adds files to the card on which they are dropped, or to `own`. `isRefused(isGiven)` returns whether files can't be
 * added now, and says so if they have been given.
 *
 * @param {() => Card[]} allCards
 * @param {Card} own
 * @param {(isGiven: boolean) => boolean} isRefused
 */
export function acceptFiles(allCards, own, isRefused) {
  /** @type {(event: Event) => Card} */
  const cardAt = ({ target }) =>
    allCards().find(({ element }) => target instanceof Node && element.contains(target)) ?? own;
  /** @type {(card?: Card) => void} */
  const highlight = (card) => allCards().forEach((each) => each.element.classList.toggle("over", each === card));

  document.addEventListener("dragover", (event) => {
    if (!event.dataTransfer?.types.includes("Files")) return;
    event.preventDefault();
    if (isRefused(false)) event.dataTransfer.dropEffect = "none";
    else highlight(cardAt(event));
  });
  document.addEventListener("dragleave", (event) => event.relatedTarget === null && highlight());
  document.addEventListener("drop", (event) => {
    highlight();
    if (!event.dataTransfer?.types.includes("Files")) return;
    event.preventDefault();
    if (!isRefused(true)) addTo(cardAt(event), droppedFiles(event.dataTransfer));
  });
  document.addEventListener("paste", (event) => {
    const files = [...(event.clipboardData?.files ?? [])];
    const isText = event.clipboardData?.types.includes("text/plain");
    // Cells of a spreadsheet are text with a picture of it.
    const isInField = event.target instanceof Element && event.target.matches("input, textarea");
    if (files.length === 0 || (isText && isInField)) return;
    event.preventDefault();
    if (!isRefused(true)) addTo(own, { files });
  });
}

// Adds files, and scrolls to the card: it may be below the window.
/** @type {(card: Card, given: Parameters<Card["add"]>[0]) => Promise<void>} */
async function addTo(card, given) {
  await card.add(given);
  card.element.scrollIntoView({ block: "nearest" });
}
