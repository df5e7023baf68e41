// Uploads that are interrupted, resumed, compete for a path, or whose file changes.

import assert from "node:assert/strict";
import { createHash } from "node:crypto";
import { test } from "node:test";
import { caught, client, fakeIndexedDB, fault, hurry, json, serve, setGlobal } from "./harness.mjs";

const SIZE = 16_000_000;
const PART = 2_000_000;
const COUNT = SIZE / PART;
const PATH = "users/u/x";
const etagOf = (bytes) => createHash("md5").update(bytes).digest("hex");
const file = (text) => new Blob([Buffer.alloc(SIZE, text)]);
/** A file that, as in a browser, can't be read any more after `change()`; so can't its slices. */
function chosenFile() {
  let hasChanged = false;
  const unreadable = () => new DOMException("The file has changed", "NotReadableError");
  class ChosenFile extends Blob {
    slice = (...range) => new ChosenFile([super.slice(...range)], { type: range[2] });
    arrayBuffer = async () => {
      if (hasChanged) throw unreadable();
      return super.arrayBuffer();
    };
    stream = () => hasChanged ? new ReadableStream({ start: (stream) => stream.error(unreadable()) }) : super.stream();
  }
  return { blob: new ChosenFile([Buffer.alloc(SIZE, "a")]), change: () => void (hasChanged = true) };
}
const nextTurn = () => new Promise((resolve) => setImmediate(resolve));

/** The endpoints of multipart uploads, with real parts. `refuses(number)` may answer a PUT or wait. */
async function bucket(t) {
  const { url, answer } = await serve(t);
  const uploads = new Map();
  const at = { url, uploads, calls: [], puts: [], objects: [], refuses: () => undefined };
  const sign = (id, number) => ({ part_number: number, size: PART, upload_url: `${url}/put?id=${id}&n=${number}` });
  const all = Array.from({ length: COUNT }, (_, index) => index + 1);
  answer(async ({ method, path, body, json: fields }) => {
    const query = new URL(path, url).searchParams;
    if (method === "PUT") {
      const number = Number(query.get("n"));
      at.puts.push(number);
      const refused = await at.refuses(number);
      if (refused) return refused;
      uploads.get(query.get("id"))?.set(number, body);
      return { status: 200, headers: at.hidesETags ? {} : { ETag: `"${etagOf(body)}"` } };
    }
    const call = path.split("/").at(-1);
    at.calls.push(call);
    const known = uploads.get(fields.upload_id);
    const common = { upload_id: fields.upload_id, part_size: PART, part_count: COUNT };
    if (call === "create" || (call === "resume" && !known)) {
      const id = `id-${uploads.size + 1}`;
      uploads.set(id, new Map());
      const parts = all.map((number) => sign(id, number));
      return json({ success: true, data: { ...common, upload_id: id, parts, missing: parts, restarted: true } });
    }
    if (call === "resume") {
      const uploaded = [...known].map(([number, bytes]) => ({ part_number: number, size: PART, etag: etagOf(bytes) }));
      const missing = all.filter((number) => !known.has(number)).map((number) => sign(fields.upload_id, number));
      return json({ success: true, data: { ...common, uploaded, missing, restarted: false } });
    }
    if (call === "parts") {
      return json({ success: true, data: { parts: fields.part_numbers.map((each) => sign(fields.upload_id, each)) } });
    }
    if (call === "complete") {
      at.claimed = fields.parts;
      const isSame = ({ part_number, etag }) => etag === etagOf(known.get(part_number));
      if (fields.parts && !fields.parts.every(isSame)) return fault(400, "VALIDATION_FAILED");
      at.objects.push(Buffer.concat(all.map((number) => known.get(number))));
    }
    if (call === "abort") uploads.delete(fields.upload_id);
    return json({ success: true, data: { public_url: "https://public/x" } });
  });
  return at;
}

/** Uploads a file until the fourth part, which is refused. */
async function interrupt(t, blob) {
  const values = fakeIndexedDB(t);
  const at = await bucket(t);
  at.refuses = async (number) => {
    if (number < 4) return undefined;
    const saved = () => [...values.values()].map(({ parts }) => Object.keys(parts).length);
    while (at.puts.length < 7 || saved()[0] < 3) await nextTurn();
    return fault(400, "InvalidPart");
  };
  const { studio } = client(at.url);
  assert.equal((await caught(studio.upload(blob, PATH))).code, "InvalidPart");
  Object.assign(at, { refuses: () => undefined, puts: [], calls: [] });
  return { ...at, at, studio, values };
}

test("A resumed upload verifies the parts, sends the others, and completes with the ETags of all", async (t) => {
  const { at, studio, values } = await interrupt(t, file("a"));
  const reported = [];
  const onProgress = ({ phase, loaded, total, bytes }) => reported.push([phase, loaded, total, bytes]);
  const { resumed } = await studio.upload(file("a"), PATH, { onProgress });
  assert.equal(resumed, 3 * PART);
  assert.deepEqual(at.puts.sort(), [4, 5, 6, 7, 8]);
  assert.deepEqual(at.calls, ["resume", "complete"]);
  assert.deepEqual(at.claimed.map(({ part_number }) => part_number), [1, 2, 3, 4, 5, 6, 7, 8]);
  assert.ok(at.objects[0].equals(Buffer.alloc(SIZE, "a")));
  assert.equal(values.size, 0);
  const verifying = [0, 1, 2].map((count) => ["verifying", count * PART, SIZE, count * PART]);
  assert.deepEqual(reported.slice(0, 4), [...verifying, ["uploading", 3 * PART, SIZE, 3 * PART]]);
  assert.deepEqual(reported.at(-1), ["uploading", SIZE, SIZE, SIZE]);
});

test("Another file of the same size keeps no part of the first", async (t) => {
  const { at, studio } = await interrupt(t, file("a"));
  assert.equal((await studio.upload(file("b"), PATH)).resumed, 0);
  assert.ok(at.objects[0].equals(Buffer.alloc(SIZE, "b")));
});

test("A part that was stored with another ETag than this browser's is sent again", async (t) => {
  const { at, studio } = await interrupt(t, file("a"));
  at.uploads.get("id-1").set(2, Buffer.alloc(PART, "z"));
  assert.equal((await studio.upload(file("a"), PATH)).resumed, 2 * PART);
  assert.ok(at.objects[0].equals(Buffer.alloc(SIZE, "a")));
});

test("A part that another program replaces during the upload ends it with an error", async (t) => {
  const at = await bucket(t);
  at.refuses = async (number) => void (number === 8 && at.uploads.get("id-1").set(1, Buffer.alloc(PART, "z")));
  assert.equal((await caught(client(at.url).studio.upload(file("a"), PATH))).code, "VALIDATION_FAILED");
  assert.deepEqual(at.objects, []);
});

test("Without exposed ETags, the upload is completed without naming parts", async (t) => {
  const { at, studio } = await interrupt(t, file("a"));
  at.hidesETags = true;
  await studio.upload(file("a"), PATH);
  assert.equal(at.claimed, undefined);
});

test("A resumed upload can be cancelled while it verifies, and its parts are deleted afterwards", async (t) => {
  const { at, studio, values } = await interrupt(t, file("a"));
  const aborting = new AbortController();
  const onProgress = ({ loaded }) => loaded === PART && aborting.abort();
  const error = await caught(studio.upload(file("a"), PATH, { signal: aborting.signal, onProgress }));
  assert.deepEqual([error.name, at.puts], ["AbortError", []]);
  while (values.size > 0) await nextTurn();
  assert.deepEqual(at.calls, ["resume", "abort"]);
});

test("If the abort of a cancelled upload fails, the next upload resumes it", async (t) => {
  const { at, url, studio } = await interrupt(t, file("a"));
  const { fetch: real } = globalThis;
  const aborting = new AbortController();
  let isLost = false;
  setGlobal(t, "fetch", (to, request) => {
    if (!to.endsWith("/abort")) return real(to, request);
    isLost = true;
    return Promise.reject(new TypeError("offline"));
  });
  const onProgress = () => aborting.abort();
  await caught(studio.upload(file("a"), PATH, { signal: aborting.signal, onProgress }));
  while (!isLost) await nextTurn();
  assert.equal((await client(url).studio.upload(file("a"), PATH)).resumed, 3 * PART);
  assert.equal(at.objects.length, 1);
});

test("Two files at one path are uploaded one after the other, never mixed", async (t) => {
  const values = fakeIndexedDB(t);
  const at = await bucket(t);
  const saved = () => [...values.values()].map(({ parts }) => Object.keys(parts).length)[0];
  at.refuses = async (number) => {
    while (number === 8 && saved() < 7) await nextTurn();
  };
  const { studio } = client(at.url);
  const first = studio.upload(file("a"), PATH);
  while (!(saved() > 0)) await nextTurn();
  await Promise.all([first, studio.upload(file("b"), PATH)]);
  const contents = ["a", "b"].map((text) => Buffer.alloc(SIZE, text));
  assert.ok(at.objects.every((bytes, index) => bytes.equals(contents[index])) && at.objects.length === 2);
});

test("An upload to a path that another upload writes for more than 10 s is BUSY", async (t) => {
  hurry(t, 100, 20);
  const at = await bucket(t);
  const released = [];
  at.refuses = () => new Promise((resolve) => released.push(resolve));
  const { studio } = client(at.url);
  const first = studio.upload(file("a"), PATH);
  const error = await caught(client(at.url).studio.upload(new Blob(["small"]), PATH));
  assert.deepEqual([error.code, error.name], ["BUSY", "OzonR2Error"]);
  at.refuses = () => undefined;
  released.forEach((resolve) => resolve());
  await first;
  assert.ok(at.objects[0].equals(Buffer.alloc(SIZE, "a")));
});

test("An upload that is cancelled while its creation isn't answered leaves the path to the next one", async (t) => {
  hurry(t, 20, 20);
  const at = await bucket(t);
  const { fetch: real } = globalThis;
  const aborting = new AbortController();
  setGlobal(t, "fetch", (to, request) => {
    if (aborting.signal.aborted) return real(to, request);
    aborting.abort();
    return new Promise((_, reject) => request.signal?.addEventListener("abort", () => reject(request.signal.reason)));
  });
  const { studio } = client(at.url);
  assert.equal((await caught(studio.upload(file("a"), PATH, { signal: aborting.signal }))).name, "AbortError");
  await studio.upload(file("b"), PATH);
  assert.deepEqual(at.calls, ["create", "complete"]);
});

test("The wait for a path can be cancelled", async (t) => {
  const at = await bucket(t);
  at.refuses = () => new Promise(() => {});
  const { studio } = client(at.url);
  const first = new AbortController();
  const second = new AbortController();
  const ends = [first, second].map(({ signal }) => caught(studio.upload(file("a"), PATH, { signal })));
  while (at.puts.length < 4) await nextTurn();
  second.abort();
  assert.equal((await ends[1]).name, "AbortError");
  first.abort();
  assert.equal((await ends[0]).name, "AbortError");
  assert.equal(at.calls.filter((call) => call === "create").length, 1);
});

test("navigator.locks holds the path among all tabs; without storage, the page does", async (t) => {
  const at = await bucket(t);
  const names = [];
  const request = (name, options, work) => {
    names.push(name);
    return work();
  };
  setGlobal(t, "navigator", { locks: { request } });
  await client(at.url).studio.upload(file("a"), PATH);
  assert.deepEqual(names, [`ozon-r2 ${at.url} ${PATH}`]);
  const denied = () => Promise.reject(new DOMException("denied", "SecurityError"));
  setGlobal(t, "navigator", { locks: { request: denied } });
  await client(at.url).studio.upload(file("a"), PATH);
  assert.equal(at.objects.length, 2);
});

test("A file that has changed on disk is FILE_CHANGED at once, before and during an upload", async (t) => {
  const pauses = hurry(t);
  const at = await bucket(t);
  const { studio } = client(at.url);
  const during = chosenFile();
  at.refuses = async () => during.change(); // before the first response, so before the fifth part is read
  assert.equal((await caught(studio.upload(during.blob, PATH))).code, "FILE_CHANGED");
  const before = chosenFile();
  before.change();
  at.calls.length = 0;
  const error = await caught(studio.upload(before.blob, PATH));
  assert.deepEqual([error.code, error.message, at.calls],
    ["FILE_CHANGED", "The file was changed, moved or deleted after it was chosen", []]);
  assert.deepEqual(pauses(), []);
});

test("The digest that is stored is that of the bytes that were sent", async (t) => {
  const { values } = await interrupt(t, file("a"));
  const [{ parts }] = values.values();
  const digest = createHash("sha256").update(Buffer.alloc(PART, "a")).digest("hex");
  assert.deepEqual(parts[1], { digest, etag: etagOf(Buffer.alloc(PART, "a")) });
});

// The last of the file: the page gives up IndexedDB for good.
test("An IndexedDB that never responds is given up after 3 s", async (t) => {
  const pauses = hurry(t);
  setGlobal(t, "indexedDB", { open: () => ({}) });
  const at = await bucket(t);
  await client(at.url).studio.upload(file("a"), PATH);
  assert.equal(at.objects.length, 1);
  assert.deepEqual(pauses().filter((pause) => pause === 3000), [3000]);
});
