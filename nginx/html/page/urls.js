// The stored images' URLs, for the clipboard and as a table.

/**
 * @typedef {{article: string, product_id?: number, position: number, name: string, url: string, source: string}} Row
 */

/**
 * The stored images of cards; only the selected ones if there are any.
 *
 * @param {import("./card.js").Card[]} cards
 * @returns {Row[]}
 */
export function storedRows(cards) {
  const isChosen = cards.some((card) => card.selected.length > 0);
  return cards.flatMap((card) => card.images.flatMap(({ publicURL, url = "", name, isSelected }, index) => {
    if (!publicURL || (isChosen && !isSelected)) return [];
    const { article, productId } = card;
    return { article, product_id: productId, position: index + 1, name, url: publicURL, source: url };
  }));
}

// A CSV file that spreadsheets open as UTF-8.
/** @param {Row[]} rows */
export function csvOf(rows) {
  const columns = /** @type {const} */ (["article", "product_id", "position", "name", "url", "source"]);
  const lines = [columns, ...rows.map((row) => columns.map((column) => cellOf(row[column])))];
  return `\ufeff${lines.map((cells) => cells.join(",")).join("\r\n")}\r\n`;
}

// In quotes; a text that a spreadsheet would take for a formula begins with an apostrophe.
/** @param {unknown} value */
function cellOf(value = "") {
  const text = String(value).replace(/^(?=[=+@\t\r]|-(?!\d+$))/, "'");
  return `"${text.replaceAll('"', '""')}"`;
}

/** @type {(name: string, text: string) => void} */
export function saveFile(name, text) {
  const href = URL.createObjectURL(new Blob([text], { type: "text/csv" }));
  Object.assign(document.createElement("a"), { href, download: name }).click();
  setTimeout(() => URL.revokeObjectURL(href), 60_000);
}

// Returns whether the browser has copied the text.
/** @param {string} text */
export async function copyText(text) {
  try {
    await navigator.clipboard.writeText(text);
    return true;
  } catch {
    return false;
  }
}
