import assert from "node:assert/strict";
import { test } from "node:test";
import { contentHash, mediaType } from "./harness.mjs";

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
