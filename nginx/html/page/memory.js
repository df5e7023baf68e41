// What survives a reload, in the sessionStorage of the tab: the list of articles and which images are stored. The
// credential isn't part of it.

const NAME = "ozon-r2-page";

export class Memory {
  /** @type {Set<string>} */
  #publicURLs = new Set();
  // The list as it was entered, and the field of its entries.
  articles = "";
  field = "";

  constructor() {
    try {
      const { articles, field, publicURLs } = JSON.parse(sessionStorage.getItem(NAME) ?? "{}");
      Object.assign(this, { articles: String(articles ?? ""), field: String(field ?? "") });
      this.#publicURLs = new Set(publicURLs);
    } catch {} // sessionStorage may be forbidden
  }

  /** @param {import("./card.js").Card[]} cards */
  addStored(cards) {
    for (const { publicURL, url } of cards.flatMap((card) => card.images)) {
      if (publicURL && url) this.#publicURLs.add(publicURL);
    }
  }

  /** @param {string} [publicURL] */
  isStored(publicURL) {
    return publicURL !== undefined && this.#publicURLs.has(publicURL);
  }

  save() {
    const { articles, field } = this;
    try {
      sessionStorage.setItem(NAME, JSON.stringify({ articles, field, publicURLs: [...this.#publicURLs] }));
    } catch {} // it may be full
  }
}
