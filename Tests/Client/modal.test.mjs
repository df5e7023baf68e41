// The dialog's files: which of them are uploaded, and which uploads are used again.

import assert from "node:assert/strict";
import { test } from "node:test";
import { load } from "./harness.mjs";

const { Push } = await load("ozon-upload-modal/push.js");
const { failureOf, outcomeOf } = await load("ozon-upload-modal/outcome.js");
const { describeError, toError } = await load("ozon-upload-modal/errors.js");
const { loadLanguage, wordsIn } = await load("ozon-upload-modal/languages.js");
const { formatBytes, formatDuration } = await load("ozon-upload-modal/quantities.js");
const { Values } = await load("ozon-upload-modal/values.js");

await Promise.all(["en", "zh"].map(loadLanguage));
const textsIn = (language) => ({ ...wordsIn(language).texts, language });
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

test("a cancelled upload leaves its path to the next file", async () => {
  const items = ["1", "2"].map((name) => ({ image: image(name) }));
  const uploaded = [];
  const client = {
    credential: async () => ({}),
    upload: async ({ name }, path) => uploaded.push(name) && { public_url: `https://r2/${path}` },
    push: async ({ images }) => ({ images }),
  };
  const push = new Push({
    client, items, productId: 1, confirm: () => true, describe: String, onItem() {},
    onChange: () => push.cancel(items[0]), // before its turn
  });
  assert.deepEqual([await push.run(), uploaded], [{ images: [`https://r2/${PATH}`] }, ["2"]]);
});

test("a file that failed isn't counted among the bytes that are left", async () => {
  const items = ["1", "22", "333"].map((name) => ({ image: image(name, `users/u/${name}`) }));
  const described = [];
  const client = {
    credential: async () => ({}),
    upload: async ({ name, size }, path, { onProgress }) => {
      onProgress({ loaded: 1, phase: "uploading" });
      if (name === "22") throw null;
      onProgress({ loaded: size, phase: "uploading" });
      return { public_url: `https://r2/${path}` };
    },
  };
  const push = new Push({
    client, items, productId: 1, onChange() {}, onItem() {}, confirm: () => true,
    describe: (error) => described.push(describeError(error, "en").text) && "",
  });
  const error = await push.run().catch((error) => error);
  assert.deepEqual([push.meter.bytes, push.meter.total], [4, 4]);
  assert.deepEqual(described, ["An unexpected error occurred."]);
  const { text } = failureOf(error, { items: [], update() {} }, textsIn("en"), 1);
  assert.equal(text, "1 image couldn't be uploaded. Nothing was sent to Ozon.");
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

test("errors of another form than the backend's are left out of results, and shown by their message", () => {
  const list = { items: [], failed: [], update() {} };
  const fault = { field: "sku", reason: "Too old" };
  for (const errors of [null, "x", { base: [] }, [{ message: "m" }, null, { field: "sku", reason: 1 }]]) {
    const pushed = { status: "partial", updated: { images: 0 }, errors, warnings: errors };
    assert.equal(outcomeOf(pushed, list, textsIn("en")).text, "Ozon confirmed 0 images.");
    assert.equal(describeError({ errors, message: "m" }, "en").text, "An unexpected error occurred. m");
    assert.equal(failureOf({ errors, message: "m" }, list, textsIn("en"), 1).text, "An unexpected error occurred. m");
    const { text } = failureOf({ errors: [errors, fault].flat() }, list, textsIn("en"), 1);
    assert.equal(text, "An unexpected error occurred. sku: Too old.");
  }
  const error = new AggregateError([new Error("inner")], "outer");
  assert.equal(failureOf(error, list, textsIn("en"), 1).text, "An unexpected error occurred. outer");
});

test("whatever a client rejects with is an Error with its message and fields", () => {
  const error = Object.assign(new TypeError("m"), { code: "NETWORK" });
  assert.equal(toError(error), error);
  const cases = [
    ["text", "text"], [{ message: "m", code: "BUSY" }, "m", "BUSY"], [{ message: { a: 1 }, code: "BUSY" }, "", "BUSY"],
    [null, ""], [undefined, ""], [7, ""],
  ];
  for (const [reason, message, code] of cases) {
    const made = toError(reason);
    assert.ok(made instanceof Error);
    assert.deepEqual([made.message, made.code], [message, code]);
  }
});

/** A list of images as outcomeOf() uses it. */
const listOf = (...urls) => ({
  items: urls.map((url) => ({ image: { url }, state: "done" })),
  get failed() { return this.items.filter(({ state }) => state === "failed"); },
  update(item, state) { item.state = state; },
});

test("a partial push whose images are all confirmed doesn't say that others are marked", () => {
  const updated = { images: 2 };
  const outcome = (errors, language) =>
    outcomeOf({ status: "partial", updated, errors }, listOf("a", "b"), textsIn(language));
  const color = { field: "color_image", url: "c", reason: "Ozon accepts only JPG by URL" };
  assert.deepEqual(outcome([color], "en"),
    { kind: "warn", text: "Ozon confirmed 2 images. Color image: Ozon takes only JPEG here.", hint: "" });
  assert.match(outcome([color], "zh").text, /^Ozon 已确认 2 张图片。/);
  const fault = { field: "images", index: 1, reason: "pics_cant_decode" };
  const { kind, text } = outcome([fault, color], "en");
  assert.equal(kind, "warn");
  assert.match(text, /^Ozon confirmed 2 of 2 images. The others are marked/);
});

test("numbers are in the language of the texts, whatever the name of the language is", () => {
  for (const language of ["en", "en-GB", "en_US", "ru", "", "x", "zhx"]) {
    assert.deepEqual([formatBytes(1_500_000, language), formatDuration(90, language)], ["1.5 MB", "2 minutes"]);
    assert.equal(wordsIn(language).texts.lang, "en");
  }
  for (const language of ["zh", "zh-CN", "zh_CN", "ZH-Hant"]) {
    assert.deepEqual([formatBytes(1_500_000, language), formatDuration(90, language)], ["1.5 MB", "2分钟"]);
    assert.equal(wordsIn(language).texts.lang, "zh");
  }
  assert.deepEqual([1234, 12_345_678].map((bytes) => formatBytes(bytes, "en")), ["1 kB", "12 MB"]);
});
