// What became of a push: {kind, text, list?, requestId?}; kind: good, warn, bad; list: what is about no single image.
// Images that are named are marked with the reason.

/** Of an answer of OzonR2.push; `items`: the list's, as sent. */
export function result({ status, updated, errors }, items, list, texts) {
  if (status === "failed") return { kind: "bad", text: texts.refused, list: mark(errors, items, list, texts) };
  for (const item of items) list.update(item, "done", { note: texts.onOzon });
  if (status === "unchanged") return { kind: "good", text: texts.unchanged };
  if (status === "confirmed") return { kind: "good", text: texts.confirmed(updated.images) };
  return { kind: "warn", text: texts.partial(updated.images, items.length), list: mark(errors, items, list, texts) };
}

/** Of an OzonR2Error, or another. */
export function failure({ code, status, message, errors = [], requestId }, items, list, texts) {
  const text = texts[code] ?? (status >= 500 ? texts.unavailable : message);
  return { kind: "bad", text, list: mark(errors, items, list, texts), requestId };
}

function mark(errors, items, list, texts) {
  return errors.flatMap(({ field, index, url, reason }) => {
    const limit = /limit \((\d+)\)/.exec(reason)?.[1];
    const isMeant = ({ image }, place) => (limit ? place >= limit : index === undefined ? image.url === url : place === index);
    const meant = field === "images" ? items.filter(isMeant) : [];
    const note = inWords(reason, texts);
    for (const item of meant) list.update(item, "failed", { note });
    return meant.length ? [] : [`${field}: ${note}`];
  });
}

/** Ozon's codes (pics_cant_decode), and the backend's texts. */
function inWords(reason, texts) {
  const [about] = /decode|limit|among|http_|timeout|server|load/.exec(reason) ?? [];
  return about ? (texts[about] ?? (about === "among" ? texts.missing : texts.load)) : reason;
}
