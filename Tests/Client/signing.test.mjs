// What the endpoints that sign return: errors, which are retried with the PUT, and responses that aren't the backend's.

import assert from "node:assert/strict";
import { test } from "node:test";
import { caught, client, fakeIndexedDB, fakeXHR, fault, hurry, json, lines, serve } from "./harness.mjs";

const PATH = "users/u/x";
const small = new Blob(["x"]);
const large = new Blob([Buffer.alloc(16_000_000)]);
const nextTurn = () => new Promise((resolve) => setImmediate(resolve));

/** Counts the requests whose path ends with that name. */
const countOf = (requests, name) => requests.filter(({ path }) => path.endsWith(name)).length;

for (const [status, code, count] of [[503, "OVERLOADED", 5], [403, "PATH_NOT_ALLOWED", 1], [403, "SCOPE_DENIED", 1]]) {
  test(`The number of requests to sign, if they fail with ${status} ${code}, is ${count}`, async (t) => {
    hurry(t);
    const { url, requests, answer } = await serve(t);
    answer(() => fault(status, code));
    assert.equal((await caught(client(url).studio.upload(small, PATH))).code, code);
    assert.equal(requests.length, count);
  });
}

test("Signing a part again that fails is retried with its PUT, four times at most", async (t) => {
  hurry(t);
  const { url, requests, answer } = await serve(t);
  const parts = [{ part_number: 1, upload_url: `${url}/put` }];
  answer(({ method, path }) => {
    if (method === "PUT") return { status: 403 };
    if (path.endsWith("/parts")) return fault(503, "OVERLOADED");
    return json({ data: { upload_id: "id", part_size: 16_000_000, part_count: 1, parts } });
  });
  assert.equal((await caught(client(url).studio.upload(large, PATH))).code, "OVERLOADED");
  assert.deepEqual([countOf(requests, "/put"), countOf(requests, "/parts")], [1, 5]);
});

test("Signing the next parts that fails is retried by itself, and the upload succeeds", async (t) => {
  hurry(t);
  const { url, requests, answer } = await serve(t);
  const sign = (number) => ({ part_number: number, upload_url: `${url}/put` });
  answer(({ method, path, json: fields }) => {
    if (method === "PUT") return { status: 200, headers: { ETag: '"a"' } };
    if (path.endsWith("/complete")) return json({ data: { public_url: "https://public/x" } });
    const created = { upload_id: "id", part_size: 8e6, part_count: 2, parts: [] };
    if (path.endsWith("/create")) return json({ data: created });
    if (countOf(requests, "/parts") < 5) return fault(503, "OVERLOADED");
    return json({ data: { parts: fields.part_numbers.map(sign) } });
  });
  assert.equal((await client(url).studio.upload(large, PATH)).size, 16_000_000);
  assert.equal(countOf(requests, "/parts"), 5);
});

test("Sizes of parts that can't be the backend's are BAD_ANSWER", async (t) => {
  const { url, requests, answer } = await serve(t);
  const impossible = [
    { part_size: -1, part_count: -16_000_000 }, { part_size: 0.001, part_count: 16e9 },
    { part_size: 0, part_count: null }, { part_size: 1, part_count: 16_000_000 },
    { part_size: 1599.5, part_count: 10_004 }, { part_size: "9e6", part_count: 2 },
  ];
  for (const sizes of impossible) {
    answer(() => json({ data: { upload_id: "id", ...sizes, parts: [], public_url: "https://public/x" } }));
    const error = await caught(client(url).studio.upload(large, PATH));
    assert.deepEqual([error.name, error.code], ["OzonR2Error", "BAD_ANSWER"], JSON.stringify(sizes));
  }
  assert.equal(countOf(requests, "/create"), requests.length);
});

const invalid = [
  { headers: null }, { headers: { "not a name": "x" } }, { upload_url: "https://[?X-Amz-Signature=abc" },
];
for (const name of ["XMLHttpRequest", "fetch"]) {
  test(`An invalid URL or header of a PUT by ${name} is BAD_ANSWER, without the URL`, async (t) => {
    if (name !== "fetch") {
      fakeXHR(t, (request) => setImmediate(() => request.reply(200)));
      const { prototype } = globalThis.XMLHttpRequest;
      Object.assign(prototype, { // as browsers do
        open(_, url) { this.url = new URL(url).href; },
        setRequestHeader(name, value) { new Headers([[name, value]]); },
      });
    }
    hurry(t);
    const { url, requests, answer } = await serve(t);
    for (const fields of invalid) {
      answer(() => json({ upload_url: `${url}/put`, public_url: "https://public/x", headers: {}, ...fields }));
      const error = await caught(client(url).studio.upload(small, PATH));
      assert.deepEqual([error.name, error.code, error.cause], ["OzonR2Error", "BAD_ANSWER", undefined]);
    }
    assert.equal(requests.length, invalid.length);
  });
}

test("An image whose upload has invalid headers is copied by the server, and the others by the browser", async (t) => {
  fakeXHR(t, (request) => setImmediate(() => request.reply(200)));
  const { url, answer } = await serve(t);
  const uploads = ["1", "2"].map((name) => ({
    url: `${url}/cdn/${name}`, r2_path: name, public_url: `https://public/${name}`, upload_url: `${url}/put/${name}`,
    headers: name === "1" ? null : {},
  }));
  answer(({ path, json: fields }) => {
    if (path.startsWith("/cdn/")) return { headers: { "Content-Type": "image/jpeg" }, body: "a picture" };
    const urls = uploads.map((upload) => (fields.download_images ? upload.public_url : upload.url));
    return lines([{ type: "item", index: 0, article: "a", status: "success", urls, uploads }, { type: "done" }]);
  });
  const [{ images }] = await client(url).studio.copy(["a"]);
  assert.deepEqual(images.map(({ via }) => via), ["server", "browser"]);
});

test("A new upload that replaces one that is being resumed is aborted too, if the call was cancelled", async (t) => {
  const { url, requests, answer } = await serve(t);
  fakeIndexedDB(t).set(`ozon-r2 ${url} ${PATH}`, { uploadId: "old", size: large.size, partSize: 8e6, parts: {} });
  const aborting = new AbortController();
  let resume;
  answer(() => {
    if (requests.length > 1) return json({ data: {} });
    aborting.abort();
    return new Promise((resolve) => (resume = resolve));
  });
  const error = await caught(client(url).studio.upload(large, PATH, { signal: aborting.signal }));
  assert.deepEqual([error.name, requests.length], ["AbortError", 1]);
  const data = { upload_id: "new", part_size: 8e6, part_count: 2, uploaded: [], missing: [], restarted: true };
  resume(json({ data }));
  const end = Date.now() + 10_000;
  while (requests.length < 2 && Date.now() < end) await nextTurn();
  assert.deepEqual(requests.map(({ path }) => path.split("/").at(-1)), ["resume", "abort"]);
  assert.deepEqual(requests[1].json, { r2_path: PATH, upload_id: "new" });
});
