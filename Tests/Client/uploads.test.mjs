import assert from "node:assert/strict";
import { createHash, randomBytes } from "node:crypto";
import { test } from "node:test";
import { broken, caught, client, counted, fault, hurry, json, serve } from "./harness.mjs";

const PART = 100_000;
const etagOf = (bytes) => createHash("md5").update(bytes).digest("hex");
const nextTurn = () => new Promise((resolve) => setImmediate(resolve));

/** A bucket and the endpoints that sign for it. `refuses(put)` may answer a PUT, {number, signature, body, headers}. */
async function bucket(t, refuses = () => undefined) {
  const server = await serve(t);
  const { url, answer } = server;
  const stored = new Map();
  const calls = [];
  const puts = [];
  let signatures = 0;
  let [atOnce, most] = [0, 0];
  const sign = (number) => ({ part_number: number, upload_url: `${url}/put?n=${number}&signature=${++signatures}` });
  answer(async ({ method, path, headers, body, json: fields }) => {
    if (method === "PUT") {
      const query = new URL(path, url).searchParams;
      const put = { number: Number(query.get("n")), signature: Number(query.get("signature")), body, headers };
      puts.push(put);
      most = Math.max(most, ++atOnce);
      const refused = await refuses(put);
      await nextTurn();
      atOnce -= 1;
      if (refused) return refused;
      stored.set(put.number, body);
      return { status: 200, headers: { ETag: `"${etagOf(body)}"` } };
    }
    const call = path.split("/").at(-1);
    calls.push([call, fields]);
    if (call === "presigned-url") {
      const headers = fields.content_type ? { "content-type": fields.content_type } : {};
      return json({ ...sign(1), public_url: "https://public/x", headers });
    }
    if (call === "create") {
      const count = Math.ceil(fields.size / PART);
      const parts = Array.from({ length: Math.min(100, count) }, (_, index) => sign(index + 1));
      return json({ success: true, data: { upload_id: "id", part_size: PART, part_count: count, parts } });
    }
    if (call === "parts") return json({ success: true, data: { parts: fields.part_numbers.map(sign) } });
    const data = call === "complete" ? { public_url: "https://public/x", size: fields.size } : {};
    return json({ success: true, data });
  });
  const named = (name) => calls.filter(([call]) => call === name).map(([, fields]) => fields);
  return { ...server, calls, named, puts, stored, most: () => most };
}

const large = new Blob([randomBytes(25_000_000)]);
const whole = (stored) => Buffer.concat([...stored].sort(([a], [b]) => a - b).map(([, body]) => body));

test("A small file is one PUT, signed with its type, with the headers it was signed with", async (t) => {
  const { url, named, puts } = await bucket(t);
  const reported = [];
  const file = new Blob(["an image"], { type: "image/png" });
  const onProgress = (progress) => reported.push(progress);
  const uploaded = await client(url).studio.upload(file, "users/u/x.png", { onProgress });
  assert.deepEqual(uploaded, { r2_path: "users/u/x.png", public_url: "https://public/x", size: 8, resumed: 0 });
  assert.deepEqual(named("presigned-url"), [{ r2_path: "users/u/x.png", content_type: "image/png" }]);
  assert.equal(puts[0].body.toString(), "an image");
  assert.equal(puts[0].headers["content-type"], "image/png");
  assert.equal(Object.keys(puts[0].headers).some((name) => name.startsWith("x-")), false);
  assert.deepEqual(reported.at(-1), {
    phase: "uploading", loaded: 8, total: 8, bytes: 8, totalBytes: 8, items: 1, totalItems: 1, failed: 0,
  });
});

test("The signed type is the normal form of the file's type, or that of its name", async (t) => {
  const { url, named, puts } = await bucket(t);
  const { studio } = client(url);
  await studio.upload(new Blob(["?"], { type: "image/pjpeg;q=1" }), "users/u/x");
  await studio.upload(new File(["?"], "IMG_1.HEIC"), "users/u/x");
  await studio.upload(new Blob(["?"]), "users/u/x.webp");
  await studio.upload(new Blob(["?"], { type: "Image/TIFF" }), "users/u/x");
  const types = ["image/jpeg", "image/heic", "image/webp", "image/tiff"];
  assert.deepEqual(named("presigned-url").map(({ content_type }) => content_type), types);
  assert.deepEqual(puts.map(({ headers }) => headers["content-type"]), types);
});

test("A file of unknown type is signed and sent without a type", async (t) => {
  const { url, named, puts } = await bucket(t);
  await client(url).studio.upload(new Blob(["?"], { type: "application/octet-stream" }), "users/u/x");
  assert.deepEqual(named("presigned-url"), [{ r2_path: "users/u/x" }]);
  assert.equal("content-type" in puts[0].headers, false);
});

test("15,999,999 bytes are sent with one PUT, 16,000,000 in parts", async (t) => {
  const { url, puts, named } = await bucket(t);
  const { studio } = client(url);
  await studio.upload(large.slice(0, 15_999_999), "users/u/x");
  assert.deepEqual([puts.length, named("create").length], [1, 0]);
  await studio.upload(large.slice(0, 16_000_000), "users/u/x");
  assert.deepEqual([puts.length, named("create").length], [161, 1]);
});

test("A PUT that fails with 403 is signed again at once", async (t) => {
  const pauses = hurry(t);
  const { url, puts } = await bucket(t, ({ signature }) => (signature === 1 ? { status: 403 } : undefined));
  await client(url).studio.upload(new Blob(["x"]), "users/u/x");
  assert.deepEqual(puts.map(({ signature }) => signature), [1, 2]);
  assert.deepEqual(pauses(), []);
});

test("A PUT that fails with a new signature too is the bucket's error", async (t) => {
  const { url, puts } = await bucket(t, () => ({ status: 403, body: "<Error><Code>AccessDenied</Code></Error>" }));
  const error = await caught(client(url).studio.upload(new Blob(["x"]), "users/u/x"));
  assert.deepEqual([error.code, error.status], ["AccessDenied", 403]);
  assert.equal(puts.length, 2);
});

test("A broken PUT is retried with a new signature, because the old one may have expired", async (t) => {
  hurry(t);
  const { url, puts } = await bucket(t, ({ signature }) => (signature < 3 ? broken : undefined));
  await client(url).studio.upload(new Blob(["x"]), "users/u/x");
  assert.deepEqual(puts.map(({ signature }) => signature), [1, 2, 3]);
});

test("A PUT by fetch that is never answered is repeated after six minutes", async (t) => {
  hurry(t, 100, 60);
  const { url, puts } = await bucket(t, ({ signature }) => (signature < 2 ? new Promise(() => {}) : undefined));
  await client(url).studio.upload(new Blob(["x"]), "users/u/x");
  assert.deepEqual(puts.map(({ signature }) => signature), [1, 2]);
});

test("A large file is sent in parts, four at the same time, signed in batches before they are needed", async (t) => {
  let begun = 0;
  const { url, named, puts, stored, most, requests } = await bucket(t, async () => {
    for (begun += 1; begun < 4; ) await nextTurn(); // the first waits for the fourth
  });
  const reported = [];
  const onProgress = ({ bytes }) => reported.push(bytes);
  const { size } = await client(url).studio.upload(large, "users/u/x", { onProgress });
  assert.equal(size, 25_000_000);
  assert.ok(whole(stored).equals(Buffer.from(await large.arrayBuffer())), "stored as it was");
  assert.deepEqual([puts.length, most()], [250, 4]);
  assert.deepEqual(named("parts").map(({ part_numbers }) => part_numbers.length), [100, 50]);
  const signing = requests.findIndex(({ path }) => path.endsWith("/parts"));
  const putsBefore = requests.slice(0, signing).filter(({ method }) => method === "PUT").length;
  assert.ok(putsBefore < 90, "before part 100 was sent");
  const parts = [...stored].map(([part_number, body]) => ({ part_number, etag: etagOf(body) }));
  parts.sort((a, b) => a.part_number - b.part_number);
  assert.deepEqual(named("complete"), [{ r2_path: "users/u/x", upload_id: "id", size, parts }]);
  assert.deepEqual(reported, [...reported].sort((a, b) => a - b));
  assert.equal(reported.at(-1), size);
});

test("Parts whose signatures have expired are signed again, in batches", async (t) => {
  const { url, named, puts, stored } = await bucket(t, ({ signature, number }) =>
    signature <= 100 && number > 40 ? { status: 403, body: "<Error><Code>ExpiredRequest</Code></Error>" } : undefined);
  await client(url).studio.upload(large, "users/u/x");
  assert.ok(whole(stored).equals(Buffer.from(await large.arrayBuffer())), "stored as it was");
  assert.ok(puts.length <= 250 + 8, `${puts.length} PUTs`);
  assert.ok(named("parts").length <= 6, `${named("parts").length} calls to sign`);
});

test("A part that fails for good ends the others, and the upload isn't aborted on the server", async (t) => {
  const { url, named, puts } = await bucket(t, ({ number }) => (number === 3 ? fault(400, "InvalidPart") : undefined));
  assert.equal((await caught(client(url).studio.upload(large, "users/u/x"))).code, "InvalidPart");
  assert.ok(puts.length < 20, `${puts.length} PUTs`);
  assert.deepEqual([named("abort"), named("complete")], [[], []]);
});

test("PUTs of several files wait for each other, at most `concurrency` at the same time", async (t) => {
  const { url, most, puts } = await bucket(t, () => nextTurn());
  const { studio } = client(url, { concurrency: 5 });
  const small = Array.from({ length: 9 }, () => new Blob(["x"]));
  const files = [large, large, large, ...small];
  await Promise.all(files.map((file, index) => studio.upload(file, `users/u/${index}`)));
  assert.deepEqual([puts.length, most()], [759, 5]);
});

test("Files are signed when the turn of their PUT comes, again too, not all at once", async (t) => {
  hurry(t);
  const unused = [];
  const { url, named, puts } = await bucket(t, async ({ signature }) => {
    for (let turn = 0; turn < 30; turn += 1) await nextTurn();
    unused.push(named("presigned-url").length - puts.length);
    return signature % 5 === 0 ? { status: 503 } : undefined;
  });
  const { studio } = client(url, { concurrency: 4 });
  await Promise.all(Array.from({ length: 40 }, (_, index) => studio.upload(new Blob(["x"]), `users/u/${index}`)));
  assert.ok(puts.length > 40 && unused.every((count) => count < 4), `${unused}`);
});

test("A cancelled upload rejects at once, and is aborted on the server afterwards", async (t) => {
  const aborting = new AbortController();
  const { rest } = counted(t);
  const released = [];
  const { url, named, puts } = await bucket(t, async ({ number }) => {
    if (number === 9) aborting.abort();
    if (number > 8) await new Promise((resolve) => released.push(resolve));
  });
  const reported = [];
  const onProgress = ({ bytes }) => reported.push(bytes);
  const error = await caught(client(url).studio.upload(large, "users/u/x", { signal: aborting.signal, onProgress }));
  const count = reported.length;
  assert.deepEqual([error.name, named("abort")], ["AbortError", []]);
  released.forEach((resolve) => resolve());
  while (named("abort").length === 0) await nextTurn();
  assert.deepEqual(named("abort"), [{ r2_path: "users/u/x", upload_id: "id" }]);
  assert.ok(puts.length <= 13, `${puts.length} PUTs`);
  assert.equal(await rest(), 0);
  assert.equal(reported.length, count, "no progress after the call has ended");
});

test("An upload cancelled while it is being created rejects at once, and is aborted afterwards", async (t) => {
  const aborting = new AbortController();
  const { url, requests, answer } = await serve(t);
  let create;
  answer(() => {
    if (requests.length > 1) return json({ success: true, data: {} });
    aborting.abort();
    return new Promise((resolve) => (create = resolve));
  });
  const error = await caught(client(url).studio.upload(large, "users/u/x", { signal: aborting.signal }));
  assert.deepEqual([error.name, requests.length], ["AbortError", 1]);
  create(json({ success: true, data: { upload_id: "late", part_size: PART, part_count: 250, parts: [] } }));
  while (requests.length < 2) await nextTurn();
  assert.deepEqual(requests.map(({ path }) => path.split("/").at(-1)), ["create", "abort"]);
  assert.deepEqual(requests[1].json, { r2_path: "users/u/x", upload_id: "late" });
});

test("JSON that isn't from the backend is BAD_ANSWER at each step of an upload in parts", async (t) => {
  const { url, answer } = await serve(t);
  const signed = { part_number: 1, upload_url: `${url}/put` };
  const foreign = [undefined, null, {}, { parts: [] }, { parts: [{ ...signed, part_number: 2 }] }, { public_url: 1 }];
  for (const [step, parts] of [["parts", []], ["complete", [signed]]]) {
    for (const data of foreign) {
      answer(({ path }) => {
        if (path.endsWith(step)) return json({ data });
        return json({ data: { upload_id: "id", part_size: 25_000_000, part_count: 1, parts } });
      });
      const error = await caught(client(url).studio.upload(large, "users/u/x"));
      assert.deepEqual([error.name, error.code], ["OzonR2Error", "BAD_ANSWER"], `${step} ${JSON.stringify(data)}`);
    }
  }
});
