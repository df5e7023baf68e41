// What became of a push, in words; each image that Ozon or the backend names is marked with the reason.
//
// An outcome is {kind, text, list?, requestId?}; kind: good, warn, bad.

const OVER_LIMIT = /^Exceeds limit \((\d+)\)$/;

/** Of an answer of OzonR2.push; `items` are the list's, as they were sent. */
export function result({ status, updated, errors }, items, list, texts) {
  if (status !== "failed") for (const item of items) list.update(item, { state: "done", note: texts.onOzon });
  const others = mark(errors, items, list, texts);
  if (status === "failed") return { kind: "bad", text: texts.refused, list: others };
  if (status === "partial") return { kind: "warn", text: texts.partial(updated.images, items.length), list: others };
  return { kind: "good", text: status === "unchanged" ? texts.unchanged : texts.confirmed(updated.images) };
}

/** Of an error: an OzonR2Error, or any other. */
export function failure(error, items, list, texts) {
  const text = texts.errors[error.code] ?? (error.status >= 500 ? texts.errors.BACKEND_UNAVAILABLE : error.message);
  return { kind: "bad", text, list: mark(error.errors ?? [], items, list, texts), requestId: error.requestId };
}

/** Why one image failed, short. */
export function reasonOf({ code, message }, texts) {
  return texts.reasons[code] ?? message;
}

/** Marks the images that the errors are about; answers what is about none of them. */
function mark(errors, items, list, texts) {
  const others = [];
  for (const { field, index, url, reason } of errors) {
    const limit = OVER_LIMIT.exec(reason)?.[1];
    const note = limit ? texts.overLimit(limit) : (texts.reasons[reason] ?? reason);
    const isMeant = (item, place) => (limit ? place >= limit : index === undefined ? url && item.image.url === url : place === index);
    const meant = field === "images" ? items.filter(isMeant) : [];
    for (const item of meant) list.update(item, { state: "failed", note });
    if (meant.length === 0) others.push(`${field}: ${note}`);
  }
  return others;
}
