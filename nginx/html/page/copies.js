// The copies of the cards' images into the bucket.

/** @typedef {import("./card.js").Card} Card */
/** @typedef {import("./image.js").Image} Image */
/** @typedef {import("../ozon-r2.js").Progress} Progress */

/**
 * Copies the images, and shows their states in the cards. The articles are named as in the search that has found them,
 * for example by SKU, so that cards of several searches need several calls.
 *
 * @param {Map<Card, Image[]>} wanted  the images to copy, by card
 * @param {(field: Card["field"]) => Pick<import("../ozon-r2.js").OzonR2, "copy">} clientFor
 * @param {AbortSignal} signal
 * @param {(progress: Progress) => void} onProgress
 */
export async function copyImages(wanted, clientFor, signal, onProgress) {
  const images = [...wanted.values()].flat();
  const updateCards = () => [...wanted.keys()].forEach((card) => card.update());
  // With those that were removed after their copy.
  const isCounted = (/** @type {Image} */ { isRemoved, publicURL, error }) =>
    !isRemoved || publicURL || error !== undefined;
  const sum = { items: 0, failed: 0, bytes: 0, totalBytes: 0 };
  for (const image of images) Object.assign(image, { progress: "queued", error: undefined });
  updateCards();
  try {
    for (const [field, cards] of byField([...wanted.keys()])) {
      const before = { ...sum };
      const groupImages = cards.flatMap((card) => wanted.get(card) ?? []);
      const byArticle = new Map(cards.map((card) => [card.article, card]));
      const items = await clientFor(field).copy([...byArticle.keys()], {
        signal,
        only: (url) => groupImages.some((image) => image.url === url && !image.isRemoved),
        onProgress: (progress) => {
          for (const name of /** @type {(keyof sum)[]} */ (Object.keys(sum))) sum[name] = before[name] + progress[name];
          onProgress({ ...sum, totalItems: images.filter(isCounted).length });
        },
        onImage: (article, state) => {
          const card = byArticle.get(article);
          card?.showCopy(wanted.get(card) ?? [], state);
        },
      });
      items.forEach(({ error }, index) => cards[index].showUncopied(error));
    }
  } finally {
    for (const image of images) image.progress = undefined;
    updateCards();
  }
}

/** @param {Card[]} cards */
function byField(cards) {
  /** @type {Map<Card["field"], Card[]>} */
  const groups = new Map();
  for (const card of cards) groups.set(card.field, [...(groups.get(card.field) ?? []), card]);
  return groups;
}
