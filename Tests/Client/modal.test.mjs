// The dialog's files: which of them are uploaded, and which uploads are used again.

import assert from "node:assert/strict";
import { test } from "node:test";
import { load } from "./harness.mjs";

const { Push } = await load("ozon-upload-modal/push.js");
const { outcomeOf } = await load("ozon-upload-modal/outcome.js");
const { Values } = await load("ozon-upload-modal/values.js");

const PATH = "users/u/a.jpg";
const image = (name, path = PATH) => ({ file: new File([name], name), path });

/** Pushes the images of the items, and returns what happened. */
async function push(items) {
  const uploaded = [], failed = [], pushed = [];
  const client = {
    credential: async () => ({}),
    upload: async ({ name }, path) => uploaded.push(name) && { public_url: `https://r2/${path}` },
    push: async ({ images }) => pushed.push(...images),
  };
  const error = await new Push({
    client, items, productId: 1, onChange() {}, confirm: () => true, describe: ({ errors }) => errors?.[0].reason,
    onItem: ({ image }, state, note) => state === "failed" && failed.push([image.file.name, note]),
  }).run().catch((error) => error);
  return { uploaded, failed, pushed, error };
}

test("of two files with one path, the second isn't uploaded over the first", async () => {
  const items = [image("1"), image("2"), image("3", "users/u/b.jpg")].map((image) => ({ image }));
  const first = await push(items);
  assert.deepEqual(first.uploaded, ["1", "3"]);
  assert.deepEqual(first.failed, [["2", "Must not be repeated"]]);
  assert.deepEqual([first.error.cause.code, first.pushed], ["VALIDATION_FAILED", []]);

  const [one, two, three] = items;
  assert.deepEqual((await push([two, one, three])).failed, [["2", "Must not be repeated"]], "1 is at the path already");
  const { uploaded, failed, pushed } = await push([two, three]);
  assert.deepEqual([uploaded, failed], [["2"], []]);
  assert.deepEqual(pushed, [`https://r2/${PATH}`, "https://r2/users/u/b.jpg"]);
});

test("an upload is used again only as long as its file is at the path, and by the same client", () => {
  const modal = { client: {} };
  const values = new Values(modal);
  const [one, two] = [image("1"), image("2")];
  const url = `https://r2/${PATH}`;
  const shown = (...images) => values.setImages(images) && values.images.map(({ url }) => url);
  values.addUploaded({ ...one, url }, modal.client);
  assert.deepEqual(shown(one, two), [url, undefined]);
  values.addUploaded({ ...two, url }, modal.client);
  assert.deepEqual(shown(two), [url]);
  assert.deepEqual(shown(one), [undefined]);
  modal.client = {};
  assert.deepEqual(shown(two), [undefined]);
});

test("a client may leave out the errors and warnings of a push", () => {
  const list = { items: [], failed: [], update() {} };
  const texts = { good: (count) => `${count} confirmed`, onOzon: "on Ozon", language: "en" };
  const { kind, text } = outcomeOf({ status: "confirmed", updated: { images: 2 } }, list, texts);
  assert.deepEqual([kind, text], ["good", "2 confirmed"]);
});
