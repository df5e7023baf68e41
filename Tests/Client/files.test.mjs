import assert from "node:assert/strict";
import { test } from "node:test";
import { contentHash, load, mediaType } from "./harness.mjs";

test("Media types are brought to the normal form of the six image types", () => {
  for (const [type, name, normal] of [
    ["image/jpeg", "", "image/jpeg"], ["IMAGE/JPG", "", "image/jpeg"], ["image/pjpeg; q=1", "", "image/jpeg"],
    ["image/x-png", "", "image/png"], ["image/webp", "", "image/webp"], ["image/gif", "", "image/gif"],
    ["image/avif-sequence", "", "image/avif"], ["image/heif", "", "image/heic"],
    ["", "IMG_1.HEIC", "image/heic"], ["application/octet-stream", "a.b.jpeg", "image/jpeg"], ["", "photo", ""],
    ["", "", ""], ["image/svg+xml", "a.jpg", ""], ["text/html", "", ""], ["image/bmp", "a.bmp", ""],
  ]) {
    assert.equal(mediaType(type, name), normal, `${type} ${name}`);
  }
  assert.equal(mediaType("image/jpg"), "image/jpeg");
});

test("A content hash is the beginning of the SHA-256 of a file", async () => {
  assert.equal(await contentHash(new Blob(["abc"])), "ba7816bf");
});

test("A dropped file or folder that can't be read is named, and the others are read", async () => {
  const { droppedFiles } = await load("page/files.js");
  const fails = (_, reject) => reject(new DOMException("It can't be read", "NotReadableError"));
  const file = (name) => ({ name, file: (resolve) => resolve(new File([name], name)) });
  const folder = (name, ...batches) => {
    const readEntries = (resolve, reject) =>
      batches[0] === fails ? fails(null, reject) : resolve(batches.shift() ?? []);
    return { name, isDirectory: true, createReader: () => ({ readEntries }) };
  };
  const broken = { name: "broken.jpg", file: fails };
  const entries = [
    folder("a", [file("1.jpg"), broken, folder("locked", fails)], [file("2.jpg")], [file(".hidden")]),
    folder("half", [file("3.jpg")], fails), file("4.jpg"), null,
  ];
  const items = entries.map((entry) => ({ webkitGetAsEntry: () => entry }));
  const { files, unreadable } = await droppedFiles({ items, files: [] });
  assert.deepEqual(files.map(({ name }) => name), ["1.jpg", "2.jpg", "3.jpg", "4.jpg"]);
  assert.deepEqual(unreadable.sort(), ["broken.jpg", "half", "locked"]);
});
