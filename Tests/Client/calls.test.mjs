import assert from "node:assert/strict";
import { test } from "node:test";
import { inspect } from "node:util";
import {
  OzonR2, OzonR2Error, broken, caught, client, fault, found, hurry, json, serve, setGlobal,
} from "./harness.mjs";

test("Without apiKey no X-API-Key is sent: nginx adds it for sessions", async (t) => {
  const { url, requests, answer } = await serve(t);
  answer(() => found(["a"]));
  await client(`${url}/`, { apiKey: undefined }).studio.images(["a"]);
  assert.equal("x-api-key" in requests[0].headers, false);
  assert.equal(requests[0].path, "/api/v1/ozon/download");
});

test("A failed validation is one error with all invalid fields, and not retried", async (t) => {
  const { url, requests, answer } = await serve(t);
  const errors = [{ field: "articles", reason: "Must not be empty" }, { field: "user_id", reason: "Field required" }];
  answer(() => fault(400, "VALIDATION_FAILED", { errors }));
  const error = await caught(client(url).studio.images([]));
  const { name, code, status, requestId } = error;
  assert.deepEqual([name, code, status, requestId], ["OzonR2Error", "VALIDATION_FAILED", 400, "r-1"]);
  assert.deepEqual(error.errors, errors);
  assert.equal(requests.length, 1);
});

test("The indices of invalid articles are those of the caller's list, whatever was requested at once", async (t) => {
  hurry(t);
  const { url, requests, answer } = await serve(t);
  const articles = Array.from({ length: 80 }, (_, index) => (index === 70 ? "" : `a${index}`));
  const tooLong = { field: "articles", reason: "Exceeds limit (500)" };
  answer(({ index, json: { articles } }) => {
    const at = articles.indexOf("");
    const errors = [{ field: "articles", index: at, reason: "Must not be empty" }, { field: "user_id", reason: "No" }];
    if (index === 0) return fault(400, "VALIDATION_FAILED", { errors: [tooLong] });
    return at < 0 ? found(articles) : fault(400, "VALIDATION_FAILED", { errors });
  });
  const { errors } = await caught(client(url).studio.images(articles));
  assert.deepEqual(requests.map(({ json }) => json.articles.length), [80, 50, 30]);
  assert.deepEqual(errors, [
    { field: "articles", index: 70, reason: "Must not be empty" }, { field: "user_id", reason: "No" },
  ]);
});

for (const status of [408, 429, 500, 502, 503, 504, 507, 520, 530]) {
  test(`${status} is retried at most four times, after growing, jittered pauses`, async (t) => {
    const pauses = hurry(t);
    const { url, requests, answer } = await serve(t);
    answer(() => fault(status, "ANY"));
    assert.equal((await caught(client(url).studio.images(["a"]))).status, status);
    assert.equal(requests.length, 5);
    for (const [index, pause] of pauses().entries()) {
      assert.ok(pause >= 250 * 2 ** index && pause < 750 * 2 ** index, `${index}: ${pause}`);
    }
    assert.equal(pauses().length, 4);
    assert.notEqual(pauses()[1], pauses()[0] * 2);
  });
}

for (const [status, code] of [
  [401, "UNAUTHORIZED"], [404, "PRODUCT_NOT_FOUND"], [500, "INTERNAL"], [502, "OZON_METHOD_RETIRED"],
]) {
  test(`${status} ${code} is not retried`, async (t) => {
    const { url, requests, answer } = await serve(t);
    answer(() => fault(status, code));
    assert.equal((await caught(client(url).studio.push({ productId: 1 }))).code, code);
    assert.equal(requests.length, 1);
  });
}

test("After Retry-After comes a pause; over a minute the client fails at once", { timeout: 10_000 }, async (t) => {
  const pauses = hurry(t);
  const { url, requests, answer } = await serve(t);
  answer(({ index }) => (index === 0 ? fault(429, "RATE_LIMITED", {}, { "Retry-After": "7" }) : found(["a"])));
  await client(url).studio.images(["a"]);
  const [first, ...others] = pauses();
  assert.ok(first >= 7250 && first < 7750 && first !== 7500 && others.length === 0, `${pauses()}`);
  answer(() => fault(429, "RATE_LIMITED", {}, { "Retry-After": "3600" }));
  assert.equal((await caught(client(url).studio.images(["a"]))).retryAfter, 3600);
  assert.equal(requests.length, 3);
});

test("Retry-After may be a date", async (t) => {
  const pauses = hurry(t);
  const { url, answer } = await serve(t);
  const date = new Date(Date.now() + 20_000).toUTCString();
  answer(({ index }) => (index === 0 ? fault(503, "OVERLOADED", {}, { "Retry-After": date }) : found(["a"])));
  await client(url).studio.images(["a"]);
  assert.ok(pauses()[0] >= 18_000 && pauses()[0] < 20_750, `${pauses()}`);
  answer(() => fault(503, "OVERLOADED", {}, { "Retry-After": new Date(0).toUTCString() }));
  assert.equal((await caught(client(url).studio.images(["a"]))).retryAfter, undefined);
});

test("A missing response is NETWORK, after four retries", async (t) => {
  hurry(t);
  const { url, requests, answer } = await serve(t);
  answer(() => broken);
  const error = await caught(client(url).studio.push({ productId: 1 }));
  assert.deepEqual([error.code, error.status, error.requestId, error.errors], ["NETWORK", 0, "", []]);
  assert.equal(requests.length, 5);
});

function offline(t, addEventListener) {
  setGlobal(t, "navigator", { onLine: false });
  setGlobal(t, "addEventListener", addEventListener);
}

test("Offline, a call waits for the network, however often the network is lost", async (t) => {
  const pauses = hurry(t);
  const network = new EventTarget();
  offline(t, (...given) => {
    network.addEventListener(...given);
    queueMicrotask(() => network.dispatchEvent(new Event("online")));
  });
  const { url, requests, answer } = await serve(t);
  answer(({ index }) => (index < 8 ? broken : found(["a"])));
  await client(url).studio.images(["a"]);
  assert.equal(requests.length, 9);
  assert.deepEqual(pauses(), Array(8).fill(15_000));
});

test("A browser that reports to be offline wrongly is tried again after 15 s", async (t) => {
  hurry(t);
  offline(t, () => {});
  const { url, answer } = await serve(t);
  answer(({ index }) => (index < 6 ? broken : found(["a"])));
  const waits = [];
  await client(url, { onWait: (wait) => waits.push(wait) }).studio.images(["a"]);
  assert.deepEqual(waits, [{ reason: "offline", until: null }, null]);
});

test("Each pause before a retry is reported, and its end", async (t) => {
  hurry(t);
  const { url, answer } = await serve(t);
  const delays = { "Retry-After": "30" };
  answer(({ index }) => (index < 2 ? fault(503, "OVERLOADED", {}, delays) : found(["a"])));
  const waits = [];
  await client(url, { onWait: (wait) => waits.push(wait) }).studio.images(["a"]);
  assert.deepEqual(waits.map((wait) => wait && wait.reason), ["retry", null, "retry", null]);
  assert.ok(Math.abs(waits[0].until - Date.now() - 30_000) < 5000);
});

test("A listener of waits is called like onWait, until its signal aborts", async (t) => {
  hurry(t);
  const { url, answer } = await serve(t);
  const { studio } = client(url);
  const [waits, observer] = [[], new AbortController()];
  studio.addWaitListener((wait) => waits.push(wait?.reason), { signal: observer.signal });
  studio.addWaitListener(() => waits.push("never"), { signal: AbortSignal.abort() });
  answer(({ index }) => (index % 2 === 0 ? fault(503, "OVERLOADED") : found(["a"])));
  await studio.images(["a"]);
  observer.abort();
  await studio.images(["a"]);
  assert.deepEqual(waits, ["retry", undefined]);
});

test("A listener of waits that throws is reported, and the call goes on", async (t) => {
  hurry(t);
  const { url, answer } = await serve(t);
  const [thrown, waits] = [[], []];
  const { setTimeout: hurried } = globalThis;
  globalThis.setTimeout = (work, ...rest) => // until hurry() restores it; node ends at an error in a timer
    hurried(() => {
      try {
        work();
      } catch (error) {
        thrown.push(error.message);
      }
    }, ...rest);
  answer(({ index }) => (index === 0 ? fault(503, "OVERLOADED") : found(["a"])));
  const { studio } = client(url, {
    onWait: () => {
      throw new Error("broken listener");
    },
  });
  studio.addWaitListener((wait) => waits.push(wait?.reason));
  assert.equal((await studio.images(["a"])).length, 1);
  await new Promise((resolve) => hurried(resolve, 1000));
  assert.deepEqual(waits, ["retry", undefined]);
  assert.deepEqual(thrown, ["broken listener", "broken listener"]);
});

test("A response that isn't from the backend is BAD_ANSWER", async (t) => {
  const { url, answer } = await serve(t);
  answer(() => ({ headers: { "Content-Type": "text/html", "X-Request-Id": "r-3" }, body: "<html>log in</html>" }));
  for (const call of [(studio) => studio.images(["a"]), (studio) => studio.push({ productId: 1 })]) {
    const error = await caught(call(client(url).studio));
    assert.deepEqual([error.code, error.status, error.requestId], ["BAD_ANSWER", 200, "r-3"]);
  }
  answer(() => ({ status: 403, body: "<html>no</html>" }));
  assert.equal((await caught(client(url).studio.images(["a"]))).code, "HTTP_403");
});

test("JSON that isn't from the backend is BAD_ANSWER, for a push and an upload", async (t) => {
  const { url, requests, answer } = await serve(t);
  for (const body of [{}, [], { success: true, data: null }, { data: { status: 1 } }, { upload_url: {} }]) {
    answer(() => json(body));
    const upload = (size) => (studio) => studio.upload(new Blob([Buffer.alloc(size)]), "users/u/a.jpg");
    for (const call of [(studio) => studio.push({ productId: 1 }), upload(1), upload(16_000_000)]) {
      const error = await caught(call(client(url).studio));
      assert.deepEqual([error.name, error.code], ["OzonR2Error", "BAD_ANSWER"], JSON.stringify(body));
    }
  }
  assert.deepEqual(requests.filter(({ method }) => method !== "POST"), []);
});

test("Errors in another form than the backend's are left out", async (t) => {
  const { url, answer } = await serve(t);
  const fault = { field: "articles", reason: "Field required" };
  for (const [errors, expected] of [[5, []], [{ articles: ["no"] }, []], ["no", []], [[null, 1, {}, fault], [fault]]]) {
    answer(() => json({ code: {}, error: [], errors }, 400));
    const error = await caught(client(url).studio.images(["a"]));
    assert.deepEqual([error.code, error.message, error.errors], ["HTTP_400", "HTTP_400", expected]);
    answer(() => json({ data: { status: "partial", errors }, errors, warnings: errors }));
    const pushed = await client(url).studio.push({ productId: 1 });
    assert.deepEqual([pushed.errors, pushed.warnings], [expected, expected]);
  }
});

test("A signal ends a call at once during a pause, with the signal's reason", { timeout: 10_000 }, async (t) => {
  const pauses = hurry(t, 1);
  const { url, requests, answer } = await serve(t);
  const aborting = new AbortController();
  answer(() => fault(503, "OVERLOADED", {}, { "Retry-After": "50" }));
  const call = caught(client(url).studio.images(["a"], { signal: aborting.signal }));
  while (!pauses().some((pause) => pause > 50_000)) await new Promise((resolve) => setImmediate(resolve));
  aborting.abort(new Error("enough"));
  assert.equal((await call).message, "enough");
  assert.equal(requests.length, 1);
  await caught(client(url).studio.images(["a"], { signal: aborting.signal }));
  assert.equal(requests.length, 1);
});

test("A signal ends a call at once while the credential is awaited", async (t) => {
  const { url, requests } = await serve(t);
  for (const call of [(studio, options) => studio.images(["a"], options),
    (studio, options) => studio.copy(["a"], options),
    (studio, options) => studio.push({ productId: 1 }, options)]) {
    const aborting = new AbortController();
    const { studio } = client(url, { credential: () => new Promise(() => {}) });
    const error = caught(call(studio, { signal: aborting.signal }));
    aborting.abort();
    assert.equal((await error).name, "AbortError");
  }
  assert.equal(requests.length, 0);
});

test("A credential that is rejected rejects the call with the same error, whatever it is", async (t) => {
  const { url, requests } = await serve(t);
  for (const reason of [null, { code: "NETWORK" }]) {
    const { studio } = client(url, { credential: () => Promise.reject(reason) });
    assert.equal(await caught(studio.images(["a"])), reason);
    assert.equal(await caught(studio.push({ productId: 1 })), reason);
  }
  assert.equal(requests.length, 0);
});

test("A call without a response is repeated, a push after 15 minutes, an upload's after 65 s", async (t) => {
  const pauses = hurry(t, 1000, 300);
  let calls = 0;
  const timeouts = [];
  const { setTimeout: hurried } = globalThis;
  globalThis.setTimeout = (work, milliseconds, ...rest) => { // until hurry() restores it
    timeouts.push(milliseconds);
    return hurried(work, milliseconds, ...rest);
  };
  // node's own fetch ends after five minutes, browsers' don't.
  setGlobal(t, "fetch", async (_, { signal }) => {
    if ((calls += 1) > 1) return Response.json({ data: { status: "confirmed" } });
    return new Promise((_, reject) => signal?.addEventListener("abort", () => reject(signal.reason)));
  });
  await client("").studio.push({ productId: 7 });
  assert.deepEqual([calls, pauses().length], [2, 1]);
  calls = 0;
  await caught(client("").studio.upload(new Blob(["x"]), "users/u/x"));
  assert.deepEqual([calls, pauses().length], [2, 2]);
  assert.deepEqual([...new Set(timeouts.filter((each) => each >= 60_000))], [900_000, 65_000]);
});

test("Neither the client nor its errors contain a credential, a key or a presigned URL", async (t) => {
  hurry(t);
  const { url, answer } = await serve(t);
  const signed = { upload_url: `${url}/o?X-Amz-Signature=abc`, public_url: "p", headers: {} };
  answer(({ path }) => (path.includes("presigned") ? json(signed) : broken));
  const { studio } = client(url);
  const pushError = await caught(studio.push({ productId: 1 }));
  const uploadError = await caught(studio.upload(new Blob(["x"]), "users/u/x"));
  const shown = inspect([studio, pushError, uploadError], { depth: 9, showHidden: true });
  for (const secret of ["seller-secret", "page-key", "X-Amz-Signature"]) {
    assert.equal(shown.includes(secret), false, secret);
  }
});

test("A wrong baseURL or concurrency is an error of the constructor", () => {
  assert.throws(() => new OzonR2({ userId: "u" }), /baseURL/);
  assert.throws(() => new OzonR2({ baseURL: "", concurrency: 0 }), /concurrency/);
  new OzonR2({ baseURL: "", concurrency: undefined, field: undefined });
});
