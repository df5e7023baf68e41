/**
 * What became of a push, from an answer of OzonR2.push or an error: {kind, text, requestId?}; kind: good, warn, bad.
 * `items`, those of the list that were pushed, are marked; what is about none of them goes into the text.
 */
export function outcomeOf({ status, updated, code, message, errors = [], requestId }, items, list, texts) {
  const [kind, text] = {
    confirmed: ["good", texts.confirmed],
    unchanged: ["good", texts.unchanged],
    partial: ["warn", texts.partial],
    failed: ["bad", texts.refused],
  }[status] ?? ["bad", texts[code] ?? (status >= 429 ? texts.unavailable : message)];
  if (kind !== "bad") for (const item of items) list.update(item, "done", texts.onOzon);
  const others = errors.map(({ field, index, url, reason }) => {
    const limit = /limit \((\d+)\)/.exec(reason)?.[1];
    const isMeant = ({ image }, place) => (limit ? place >= limit : index === undefined ? image.url === url : place === index);
    const meant = field === "images" ? items.filter(isMeant) : [];
    // Ozon's codes (pics_cant_decode), and the backend's texts.
    const about = /decode|limit|among|load|http_|timeout|server/.exec(reason)?.[0];
    const note = about ? (texts[about] ?? texts.load) : reason;
    for (const item of meant) list.update(item, "failed", note);
    return meant.length ? "" : ` ${field}: ${note}.`;
  });
  return { kind, text: (text.call?.(0, updated.images, items.length) ?? text) + others.join(""), requestId };
}
