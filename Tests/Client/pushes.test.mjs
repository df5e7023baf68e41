import assert from "node:assert/strict";
import { test } from "node:test";
import { broken, caught, client, fault, hurry, json, serve } from "./harness.mjs";

test("refetch is sent with the push and with each request for its status", async (t) => {
  hurry(t);
  const { url, requests, answer } = await serve(t);
  answer(({ index }) => json({ success: true, data: { status: index === 0 ? "pending" : "confirmed", task_id: 9 } }));
  await client(url).studio.push({ productId: 7, images: ["https://a"], refetch: true });
  assert.deepEqual(requests.map(({ json }) => json.refetch), [true, true]);
});

test("A pending push is polled with the same pictures until Ozon has finished", async (t) => {
  const pauses = hurry(t);
  const { url, requests, answer } = await serve(t);
  const states = ["pending", "pending", "partial"];
  const errors = [{ field: "images", index: 1, url: "https://b", reason: "pics_http_error" }];
  const warnings = [{ field: "color_image", url: "https://c", reason: "Ozon accepts only JPG by URL" }];
  answer(({ index }) => {
    const data = { product_id: 7, status: states[index], task_id: 9 };
    return json(index < 2 ? { success: true, data } : { success: false, data, errors, warnings });
  });
  const { studio, credentialCalls } = client(url);
  const reported = [];
  const lists = { images: ["https://a", "https://b"], images360: ["https://d"] };
  const pictures = { productId: 7, ...lists, colorImage: "https://c" };
  const pushed = await studio.push(pictures, { onStatus: ({ status }) => reported.push(status) });
  assert.deepEqual(pushed, { success: false, product_id: 7, status: "partial", task_id: 9, errors, warnings });
  assert.deepEqual(reported, states);
  const routes = requests.map(({ path }) => path.replace("/api/v1/ozon/", ""));
  assert.deepEqual(routes, ["push-images", "push-status", "push-status"]);
  const { credential, ...sent } = requests[2].json;
  assert.deepEqual(sent, { product_id: 7, ...lists, color_image: "https://c", task_id: 9 });
  assert.deepEqual(pauses(), [2000, 3000]);
  assert.equal(credentialCalls(), 3);
});

test("A push that is pending without a task is the result, with its errors", async (t) => {
  const { url, requests, answer } = await serve(t);
  const errors = [{ field: "images360", url: "https://d", reason: "Invalid URL format" }];
  answer(() => json({ success: true, data: { product_id: 7, status: "pending" }, errors }));
  const pushed = await client(url).studio.push({ productId: 7, images360: ["https://d"] });
  assert.deepEqual([pushed.status, pushed.errors, requests.length], ["pending", errors, 1]);
});

/** Answers a push with `pending`, and each request for its status with what `poll(number)` returns. */
const polled = (poll) => ({ path, index }) =>
  path.endsWith("push-status") ? poll(index) : json({ success: true, data: { status: "pending", task_id: 9 } });
const confirmed = () => json({ success: true, data: { status: "confirmed", task_id: 9 } });

/** The clock, which advances by every pause and returns a function for the milliseconds so far. */
function advance(t, pauses) {
  const { now } = Date;
  const start = now();
  const passed = () => pauses().reduce((sum, pause) => sum + pause, 0);
  Date.now = () => start + passed();
  t.after(() => (Date.now = now));
  return passed;
}

for (const [name, failure] of [["a network", broken], ["the backend", fault(503, "BACKEND_UNAVAILABLE")]]) {
  test(`A pending push outlasts minutes without ${name}, because Ozon continues`, async (t) => {
    const passed = advance(t, hurry(t, 1000));
    const { url, requests, answer } = await serve(t);
    answer(polled(() => (passed() < 500_000 ? failure : confirmed())));
    const reported = [];
    const { studio } = client(url);
    const pushed = await studio.push({ productId: 7 }, { onStatus: ({ status }) => reported.push(status) });
    assert.deepEqual([pushed.status, reported], ["confirmed", ["pending", "confirmed"]]);
    assert.ok(requests.length > 50, `${requests.length} requests`);
    assert.deepEqual(requests.at(-1).json.task_id, 9);
  });
}

test("A pending push is given up ten minutes after the first poll that failed", async (t) => {
  const passed = advance(t, hurry(t, 1000));
  const { url, answer } = await serve(t);
  let last = 0;
  answer(polled(() => {
    if (passed() > 300_000) return broken;
    last = passed();
    return json({ success: true, data: { status: "pending", task_id: 9 } });
  }));
  assert.equal((await caught(client(url).studio.push({ productId: 7 }))).code, "NETWORK");
  const minutes = (passed() - last) / 60_000;
  assert.ok(minutes >= 10 && minutes < 11, `${minutes} minutes`);
});

test("A poll's Retry-After of over a minute is waited for, unless it exceeds the ten minutes", async (t) => {
  hurry(t, 10_000);
  const times = [];
  const { setTimeout: hurried } = globalThis;
  globalThis.setTimeout = (work, milliseconds, ...rest) => { // until hurry() restores it
    times.push(milliseconds);
    return hurried(work, milliseconds, ...rest);
  };
  const { url, requests, answer } = await serve(t);
  const busy = (seconds) => fault(429, "RATE_LIMITED", {}, { "Retry-After": seconds });
  answer(polled((index) => (index === 1 ? busy("120") : confirmed())));
  assert.equal((await client(url).studio.push({ productId: 7 })).status, "confirmed");
  assert.deepEqual([requests.length, times.includes(120_000)], [3, true]);
  answer(polled(() => busy("601")));
  const { code, taskId } = await caught(client(url).studio.push({ productId: 7 }));
  assert.deepEqual([code, taskId, requests.length], ["RATE_LIMITED", 9, 5]);
});

test("An error that is not transient ends a pending push, and has its task", async (t) => {
  const { url, answer } = await serve(t);
  hurry(t);
  answer(polled(() => fault(401, "UNAUTHORIZED")));
  const { code, taskId } = await caught(client(url).studio.push({ productId: 7 }));
  assert.deepEqual([code, taskId], ["UNAUTHORIZED", 9]);
});
