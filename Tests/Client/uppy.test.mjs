// The examples of nginx/html/UPPY.md, as they are written there, with stand-ins for Uppy and the whole sandbox. node
// doesn't check CORS; Tests/Browser/uppy_test.py does.

import assert from "node:assert/strict";
import { mkdtempSync, mkdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, test } from "node:test";
import { pathToFileURL } from "node:url";
import { Uppy } from "./fake-uppy.mjs";
import { caught, setGlobal } from "./harness.mjs";
import { sandbox } from "./sandbox.mjs";

const [six, five] = [...readFileSync(new URL("../../nginx/html/UPPY.md", import.meta.url), "utf8")
  .matchAll(/```js [^\n]*\n(.*?)```/gs)].map(([, code]) => code);
const imports = six.slice(0, six.indexOf("\n\n") + 1);
const MIB = 1 << 20;
const MAX_SIZE = 5_492_060_580_741; // the largest size that the endpoints accept
const shared = sandbox({ after }, "R2_REQUIRE_TYPE=true", `MAX_UPLOAD_BYTES=${MAX_SIZE}`);

/** Runs an example in a page of a sandbox. */
async function page(t, code, running = shared) {
  const { url, apiKey } = await running;
  const folder = mkdtempSync(join(tmpdir(), "uppy-"));
  t.after(() => rmSync(folder, { recursive: true }));
  const fakes = new URL("./fake-uppy.mjs", import.meta.url);
  for (const [name, exported] of [["core", "Uppy"], ["dashboard", "Dashboard"], ["aws-s3", "AwsS3"]]) {
    const module = join(folder, "node_modules/@uppy", name);
    mkdirSync(module, { recursive: true });
    writeFileSync(join(module, "package.json"), '{"exports": "./index.mjs"}');
    writeFileSync(join(module, "index.mjs"), `export { ${exported} as default } from "${fakes}";`);
  }
  writeFileSync(join(folder, "example.mjs"), code);
  const { fetch } = globalThis;
  setGlobal(t, "fetch", (target, init = {}) => {
    if (!target.startsWith("/")) return fetch(target, init);
    return fetch(url + target, { ...init, headers: { ...init.headers, "X-API-Key": apiKey } });
  });
  await import(pathToFileURL(join(folder, "example.mjs")));
  const uppy = Uppy.instances.at(-1);
  const add = (name, data, type = "image/jpeg") => uppy.addFile({ name, type, data: new Blob(data) });
  const encode = (key) => key.split("/").map(encodeURIComponent).join("/");
  const stored = (key) => fetch(`${url}/public/${encode(key)}`);
  return { uploader: uppy.uploader, add, stored };
}

/** Bytes that differ at every position of a part. */
const bytes = (size) => Uint8Array.from({ length: size }, (_, index) => (index * 31 + (index >> 13)) % 251);
const same = async (response, data) => Buffer.from(await response.arrayBuffer()).equals(Buffer.from(data));
const ODD = [
  "a b.jpg", "1+1=2.jpg", "фото №1.jpg", "100%.jpg", "%2F.jpg", "a#b?c&d.jpg", "(x) 'y' *!~@:;,$[]{}.jpg",
];

test("Uppy 6: files with odd names are stored under their keys, with the type that was signed", async (t) => {
  const { uploader, add, stored } = await page(t, six);
  for (const name of ODD) {
    const { key } = await uploader.upload(add(name, [name]));
    assert.equal(key, `users/test-user/${name}`);
    const response = await stored(key);
    assert.equal(response.status, 200, name);
    assert.equal(await response.text(), name);
    assert.equal(response.headers.get("content-type"), "image/jpeg");
    const { url, headers } = uploader.sent.at(-1);
    assert.deepEqual(headers, { "content-type": "image/jpeg" }); // as in the response
    assert.equal(url.searchParams.get("X-Amz-SignedHeaders"), "content-type;host");
  }
});

test("Uppy 6: a file is uploaded in parts, paused, listed, resumed and completed", async (t) => {
  const { uploader, add, stored } = await page(t, six);
  const data = bytes(11 * MIB + 1);
  const file = add("big фото+%#.webp", [data], "image/webp");
  assert.equal(await uploader.upload(file, { multipart: true, pauseAfter: 1 }), undefined);
  const { key } = await uploader.resume(file);
  assert.deepEqual(
    uploader.sent.map(({ method, url, headers }) =>
      [method, url.searchParams.get("partNumber"), url.searchParams.has("uploadId"), headers]),
    [
      ["POST", null, false, { "content-type": "image/webp" }],
      ["PUT", "1", true, {}],
      ["GET", null, true, {}],
      ["PUT", "2", true, {}],
      ["PUT", "3", true, {}],
      ["POST", null, true, { "Content-Type": "application/xml" }],
    ],
  );
  const response = await stored(key);
  assert.equal(response.headers.get("content-type"), "image/webp");
  assert.ok(await same(response, data));
});

test("Uppy 6: an upload is aborted, and an object can only be deleted with R2_ALLOW_DELETE=true", async (t) => {
  const { uploader, add, stored } = await page(t, six);
  const file = add("big.jpg", [bytes(6 * MIB)]);
  await uploader.upload(file, { multipart: true, pauseAfter: 1 });
  await uploader.abort(file);
  assert.match((await caught(uploader.listParts(file))).message, /404 .*NoSuchUpload/s);
  const { key } = await uploader.upload(add("small.jpg", ["x"]));
  assert.equal((await caught(uploader.deleteObject(key))).message, "Operation not allowed");
  assert.equal((await stored(key)).status, 200);
});

test("Uppy 6: an object is deleted with R2_ALLOW_DELETE=true", async (t) => {
  const { uploader, add, stored } = await page(t, six, sandbox(t, "R2_ALLOW_DELETE=true"));
  const { key } = await uploader.upload(add("a b+%#.jpg", ["x"]));
  assert.equal((await stored(key)).status, 200);
  await uploader.deleteObject(key);
  assert.equal((await stored(key)).status, 404);
});

test("Uppy 6: files of other types and keys outside the prefix are rejected before anything is sent", async (t) => {
  const { uploader, add } = await page(t, six);
  for (const type of ["text/html", "image/svg+xml", ""]) {
    for (const multipart of [false, true]) {
      const file = add(`${multipart}.html`, [bytes(6 * MIB)], type);
      assert.equal((await caught(uploader.upload(file, { multipart }))).message, "Validation failed");
    }
  }
  const { signRequest } = uploader.options;
  for (const request of [{ method: "DELETE" }, { method: "GET", uploadId: "x" }]) {
    assert.equal((await caught(signRequest({ ...request, key: "other/a.jpg" }))).message, "Path not allowed");
  }
  assert.deepEqual(uploader.sent, []);
});

test("Uppy 5: files are uploaded in parts by the hooks, paused, resumed and completed", async (t) => {
  const { uploader, add, stored } = await page(t, imports + five);
  for (const name of ODD) {
    await uploader.upload(add(name, [name]));
    assert.equal(await (await stored(`users/test-user/${name}`)).text(), name);
  }
  uploader.asked = [];
  const data = bytes(11 * MIB + 1);
  const file = add("big.webp", [data], "image/webp");
  assert.equal(await uploader.upload(file, { pauseAfter: 1 }), undefined);
  const { location } = await uploader.resume(file);
  assert.deepEqual(uploader.asked, [
    "createMultipartUpload", "signPart", "listParts", "signPart", "signPart", "completeMultipartUpload",
  ]);
  const response = await fetch(location);
  assert.equal(response.headers.get("content-type"), "image/webp");
  assert.ok(await same(response, data));
});

test("Uppy 5: an upload is aborted, and one that R2 no longer has is continued as another", async (t) => {
  const { uploader, add } = await page(t, imports + five);
  const data = bytes(6 * MIB);
  const file = add("big.jpg", [data]);
  await uploader.upload(file, { pauseAfter: 1 });
  await uploader.abort(file);
  const { location } = await uploader.resume(file);
  assert.deepEqual(uploader.sent.map(({ url }) => url.searchParams.get("partNumber")), ["1", "1", "2"]);
  assert.ok(await same(await fetch(location), data));
  assert.equal((await caught(uploader.upload(add("x.html", ["x"], "text/html")))).message, "Validation failed");
});

test("Uppy 5: the parts have the size that the server gives them", async (t) => {
  const { uploader } = await page(t, imports + five);
  for (const size of [1, 5 * MIB, 52_428_800_000, 52_428_800_001, 60_000_000_000, MAX_SIZE]) {
    const body = JSON.stringify({ r2_path: "users/test-user/size.jpg", size, content_type: "image/jpeg" });
    const init = { method: "POST", headers: { "Content-Type": "application/json" }, body };
    const { data } = await (await fetch("/api/v1/r2/multipart/create", init)).json();
    assert.equal(uploader.options.getChunkSize({ size }), data.part_size, `${size}`);
  }
});
