// The page's parts that need no document.

import assert from "node:assert/strict";
import { test } from "node:test";
import { load, setGlobal } from "./harness.mjs";

const { folderName } = await load("page/files.js");
const { copyImages } = await load("page/copies.js");
const { loadLanguage } = await load("ozon-upload-modal/languages.js");

test("The folder of an article has the name that the backend gives it", () => {
  for (const [article, name] of [
    ["2194435300", "2194435300"], ["чашка 1", "чашка 1"], ["a+b=c?#&", "a+b=c?#&"], ["a/b\\c%d", "a%2Fb%5Cc%25d"],
    ["a\n\u007f\u0085b", "a%0A%7F%C2%85b"], [".", "%2E"], ["..", "%2E%2E"], ["...", "..."], [".a", ".a"], ["😀", "😀"],
  ]) {
    assert.equal(folderName(article), name);
  }
});

/** A card as copyImages() uses it; `told` has what it was asked to show. */
const card = (article, field) => ({
  article, field, told: [], update() {},
  showCopy(images, { url }) { this.told.push([images.length, url]); },
  showUncopied(error) { this.told.push(error); },
});

test("Each card's images are copied by the kind of identifier with which they were found", async () => {
  const cards = [card("a", "offer_id"), card("1", "sku"), card("b", "offer_id")];
  const wanted = new Map(cards.map((one) => [one, [{ url: `https://cdn/${one.article}`, progress: undefined }]]));
  const [calls, progress] = [[], []];
  const studioFor = (field) => ({
    copy: async (articles, { only, onImage, onProgress }) => {
      calls.push([field, articles, ["a", "1", "b"].filter((name) => only(`https://cdn/${name}`))]);
      for (const article of articles) onImage(article, { url: `https://cdn/${article}` });
      const { length } = articles;
      onProgress({ items: length, totalItems: length, failed: 1, bytes: 10, totalBytes: 20 });
      return articles.map((article) => ({ article, error: `about ${article}` }));
    },
  });
  await copyImages(wanted, studioFor, undefined, (each) => progress.push(each));
  assert.deepEqual(calls, [["offer_id", ["a", "b"], ["a", "b"]], ["sku", ["1"], ["1"]]]);
  assert.deepEqual(cards.map(({ told }) => told), ["a", "1", "b"].map((name) =>
    [[1, `https://cdn/${name}`], `about ${name}`]));
  assert.deepEqual(progress, [
    { items: 2, totalItems: 3, failed: 1, bytes: 10, totalBytes: 20 },
    { items: 3, totalItems: 3, failed: 2, bytes: 20, totalBytes: 40 },
  ]);
});

test("Images that have failed aren't counted among those in the bucket", async (t) => {
  setGlobal(t, "addEventListener", () => {});
  setGlobal(t, "setInterval", () => 0);
  setGlobal(t, "navigator", { onLine: true });
  const { Status } = await load("page/status.js");
  const { textsIn } = await load("page/texts.js");
  await loadLanguage("en");
  const [summary, bar] = [{}, {}];
  const status = new Status({ summary, progress: bar, announcer: {} });
  status.begin(() => "");
  status.showProgress({ items: 12, totalItems: 20, failed: 5, bytes: 1_500_000, totalBytes: 40_000_000 });
  status.translate(textsIn("en"), "en");
  assert.equal(summary.textContent, "7 of 20 images in R2 · 1.5 MB of 40 MB");
  assert.equal(bar.value, 0.6);
});
