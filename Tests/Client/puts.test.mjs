// The deadlines of a PUT, with a scripted XMLHttpRequest and a hurried clock.

import assert from "node:assert/strict";
import { test } from "node:test";
import { caught, client, fakeXHR, hurry, json, serve } from "./harness.mjs";

const file = new Blob([Buffer.alloc(12_000_000)]);

/** Uploads with that XMLHttpRequest; `upload()` returns the result or the error. Seconds are those of the client. */
async function start(t, script) {
  const pauses = hurry(t, 300, 300);
  const { url, answer } = await serve(t);
  answer(({ json: { r2_path } }) =>
    json({ upload_url: `${url}/${r2_path}`, public_url: "https://public/x", headers: {} }));
  const after = (seconds, work) => setTimeout(work, seconds * 1000);
  const puts = fakeXHR(t, (request, blob) => script(request, blob, after));
  const { studio } = client(url);
  return { puts, pauses, upload: (path = "users/u/x") => studio.upload(file, path) };
}

test("A PUT whose bytes a proxy has taken at once has the time of a slow line for its response", async (t) => {
  const { puts, upload } = await start(t, (request, blob, after) => {
    after(1, () => request.loaded(blob.size, blob));
    after(400, () => request.reply(200));
  });
  assert.equal((await upload()).size, 12_000_000);
  assert.equal(puts.length, 1);
});

test("The time for a response is that of all PUTs, which share the line", async (t) => {
  const { puts, upload } = await start(t, (request, blob, after) => {
    after(1, () => request.loaded(blob.size, blob));
    after(1200, () => request.reply(200));
  });
  await Promise.all([1, 2, 3, 4].map((number) => upload(`users/u/${number}`)));
  assert.equal(puts.length, 4);
});

test("A PUT without a response is repeated when that time is over", async (t) => {
  const { puts, upload } = await start(t, (request, blob, after) => {
    after(1, () => request.loaded(blob.size, blob));
    if (puts.length > 1) after(5, () => request.reply(200));
  });
  await upload();
  assert.deepEqual(puts.map(({ isAborted = false }) => isAborted), [true, false]);
});

test("A PUT that waits for a connection hasn't begun, and isn't ended after a minute", async (t) => {
  const { puts, upload } = await start(t, (request, blob, after) => {
    after(200, () => request.loaded(1000, blob));
    after(250, () => request.loaded(blob.size, blob));
    after(260, () => request.reply(200));
  });
  await upload();
  assert.equal(puts.length, 1);
});

test("A PUT that stops while its bytes are sent is repeated after a minute", async (t) => {
  let endsInTime;
  const { puts, upload } = await start(t, (request, blob, after) => {
    if (puts.length > 1) return after(20, () => request.reply(200));
    after(1, () => {
      request.loaded(1000, blob);
      // Timers end in the order of their times, however busy the machine is.
      after(70, () => (endsInTime = request.isAborted));
    });
  });
  await upload();
  assert.equal(puts.length, 2);
  assert.equal(endsInTime, true);
});

test("The bucket's Retry-After is waited for", async (t) => {
  const { puts, pauses, upload } = await start(t, (request, _, after) =>
    after(1, () => (puts.length > 1 ? request.reply(200) : request.reply(429, "Retry-After: 20\r\n"))));
  await upload();
  const [pause, ...others] = pauses().filter((each) => each > 1000);
  assert.ok(pause > 20_000 && pause < 21_000 && others.length === 0, `${pauses()}`);
});

test("A PUT that fails five times is NETWORK", async (t) => {
  const { puts, upload } = await start(t, (request, _, after) => after(1, () => request.onerror()));
  assert.equal((await caught(upload())).code, "NETWORK");
  assert.equal(puts.length, 5);
});

test("A PUT that fails is retried as long as others succeed, after the longest pause", async (t) => {
  let failures = 0;
  const { pauses, upload } = await start(t, async (request) => {
    if (!request.url.endsWith("failing")) return setImmediate(() => request.reply(200));
    if (failures < 9) await upload("users/u/other");
    request.reply((failures += 1) > 9 ? 200 : 503);
  });
  await upload("users/u/failing");
  assert.equal(failures, 10);
  assert.ok(pauses().slice(3).every((pause) => pause >= 2000), pauses().join());
});

test("A PUT that fails although others succeeded before it fails for good", async (t) => {
  let failures = 0;
  const { upload } = await start(t, (request) => {
    const isFailing = request.url.endsWith("failing");
    failures += isFailing ? 1 : 0;
    setImmediate(() => request.reply(isFailing ? 503 : 200));
  });
  await upload("users/u/other");
  assert.equal((await caught(upload("users/u/failing"))).status, 503);
  assert.equal(failures, 5);
});
