/**
 * Describes the end of a push as {kind, text, requestId}, where `kind` is "good", "warn" or "bad", and marks the images
 * in `list`. The first argument is a result of OzonR2.push, with a `status` such as "confirmed", or an error, with the
 * status of HTTP.
 */
export function outcomeOf({ status, updated, code, message, errors = [], requestId }, list, texts) {
  const { items } = list;
  const kind = { confirmed: "good", unchanged: "good", partial: "warn" }[status] ?? "bad";
  if (kind !== "bad") for (const item of items) list.update(item, "done", texts.onOzon);
  const errorText = texts[code] ?? (status >= 429 ? texts.NETWORK : message);
  const sentences = [updated ? texts[kind](updated.images, items.length) : errorText];
  for (const error of errors) {
    const note = noteOf(error, texts);
    const concerned = items.filter((item, index) => concerns(error, item, index));
    for (const item of concerned) list.update(item, "failed", note);
    if (!concerned.length) sentences.push(`${error.field}: ${note}.`);
  }
  return { kind, text: sentences.join(" "), requestId };
}

/** An error has the index of an image or its URL, or concerns all images over a limit. */
function concerns({ field, index, url, reason }, { image }, position) {
  if (field !== "images") return false;
  const limit = /limit \((\d+)\)/.exec(reason)?.[1];
  if (limit) return position >= limit;
  return index >= 0 ? position === index : image.url === url;
}

/** The reason is a code of Ozon's (pics_cant_decode) or a text of the backend's. */
function noteOf({ reason }, texts) {
  const keyword = /decode|limit|among|load|http_|timeout|server/.exec(reason)?.[0];
  return keyword ? (texts[keyword] ?? texts.load) : reason;
}
