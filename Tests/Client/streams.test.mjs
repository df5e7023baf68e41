import assert from "node:assert/strict";
import { test } from "node:test";
import { OzonR2Error, broken, caught, client, fault, found, hurry, item, json, lines, serve } from "./harness.mjs";

test("The images of articles are reported as the lines arrive and returned in the order of the articles", async (t) => {
  const { url, requests, answer } = await serve(t);
  answer(() => lines([{ type: "start" }, item(1, "b"), item(0, "a"), item(2, "b"), { type: "done" }]));
  const { studio } = client(url);
  const reported = [];
  const onItem = ({ article }, index) => reported.push([article, index]);
  const items = await studio.images(["a", "b", "b"], { onItem });
  assert.deepEqual(items.map(({ article }) => article), ["a", "b", "b"]);
  assert.deepEqual(reported, [["b", 1], ["a", 0], ["b", 2]]);
  assert.deepEqual(Object.keys(items[0]).sort(), ["article", "status", "uploads", "urls"]);
  const [{ path, headers, json }] = requests;
  assert.equal(path, "/api/v1/ozon/download");
  assert.equal(headers["x-api-key"], "page-key");
  assert.match(headers.accept, /application\/x-ndjson/);
  assert.deepEqual(json, {
    credential: { client_id: "1", api_key: "seller-secret" },
    articles: ["a", "b", "b"], field: "offer_id", user_id: "u", download_images: false, presign: true,
  });
});

test("After a broken stream, only the articles that it hadn't returned are requested again", async (t) => {
  hurry(t);
  const { url, requests, answer } = await serve(t);
  answer(({ index, json }) =>
    index === 0 ? { ...lines([{ type: "start" }, item(1, "b")]), breaks: true } : found(json.articles));
  const items = await client(url).studio.images(["a", "b", "c"]);
  assert.deepEqual(items.map(({ article }) => article), ["a", "b", "c"]);
  assert.deepEqual(requests.map(({ json }) => json.articles), [["a", "b", "c"], ["a", "c"]]);
});

test("A stream that breaks after each article is continued as long as articles arrive", async (t) => {
  hurry(t);
  const { url, requests, answer } = await serve(t);
  const articles = Array.from({ length: 12 }, (_, index) => `a${index}`);
  answer(({ json }) => ({ ...lines([{ type: "start" }, item(0, json.articles[0])]), breaks: true }));
  const items = await client(url).studio.images(articles);
  assert.deepEqual(items.map(({ article }) => article), articles);
  assert.equal(requests.length, 12);
});

/** A list in one piece; a streamed request gets no answer. */
const heldBack = ({ headers, json: { articles } }) => {
  if (headers.accept === "application/x-ndjson") return new Promise(() => {});
  const items = articles.map((article) => ({ article, status: "success", urls: [], uploads: [] }));
  return json({ success: true, data: { total_articles: items.length, items } });
};

test("A stream of which nothing arrives in a minute is replaced by lists of 50 articles", async (t) => {
  hurry(t, 100, 100);
  const { url, requests, answer } = await serve(t);
  answer(heldBack);
  const { studio } = client(url);
  const articles = Array.from({ length: 120 }, (_, index) => `a${index}`);
  const reported = [];
  const items = await studio.images(articles, { onItem: ({ article }, index) => reported.push([article, index]) });
  assert.deepEqual(items.map(({ article }) => article), articles);
  assert.deepEqual(Object.keys(items[0]), ["article", "status", "urls", "uploads"]);
  assert.deepEqual(reported, articles.map((article, index) => [article, index]));
  assert.deepEqual(requests.map(({ json }) => json.articles.length), [120, 50, 50, 20]);
  await studio.images(["b"]);
  assert.equal(requests.length, 5, "the next call isn't streamed");
});

test("A stream of over 500 articles whose Accept header a proxy drops is replaced by lists", async (t) => {
  const { url, requests, answer } = await serve(t);
  answer(({ json: fields }) => {
    const errors = [{ field: "articles", reason: "Exceeds limit (500)" }];
    if (fields.articles.length > 500) return fault(400, "VALIDATION_FAILED", { errors });
    return heldBack({ headers: {}, json: fields });
  });
  const { studio } = client(url);
  const articles = Array.from({ length: 520 }, (_, index) => `a${index}`);
  const items = await studio.images(articles);
  assert.deepEqual(items.map(({ article }) => article), articles);
  assert.deepEqual(requests.map(({ json }) => json.articles.length), [520, ...Array(10).fill(50), 20]);
});

test("Ten minutes after a stream was held back, a stream is requested again", async (t) => {
  hurry(t, 100, 100);
  const { url, requests, answer } = await serve(t);
  answer(heldBack);
  const { studio } = client(url);
  await studio.images(["a"]);
  const { now } = Date;
  t.after(() => (Date.now = now));
  const isStreamedAfter = async (minutes) => {
    const before = requests.length;
    Date.now = () => now() + minutes * 60_000;
    await studio.images(["b"]);
    return requests[before].headers.accept === "application/x-ndjson";
  };
  assert.equal(await isStreamedAfter(9), false);
  answer(() => found(["b"]));
  assert.equal(await isStreamedAfter(11), true);
  assert.equal(await isStreamedAfter(11), true, "it isn't held back any more");
});

test("A list in response to a request for a stream is taken", async (t) => {
  const { url, requests, answer } = await serve(t);
  answer((request) => heldBack({ ...request, headers: {} }));
  const items = await client(url).studio.images(["a", "b"]);
  assert.deepEqual(items.map(({ article }) => article), ["a", "b"]);
  assert.equal(requests.length, 1);
});

for (const [what, body] of [
  ["A line that isn't JSON", "<html>\n"], ["A line that isn't an object", "null\n"],
  ["A line of 5 MB", `{"type":"item","index":0,"article":"${"a".repeat(5e6)}","status":"success","urls":[]}\n`],
  ["An article without its images", '{"type":"item","index":0,"article":"a","status":"success"}\n'],
  ["An article whose images aren't texts",
    '{"type":"item","index":0,"article":"a","status":"success","urls":[{}],"uploads":{}}\n'],
  ["A response without the articles", '{"type":"start"}\n{"type":"done"}\n'],
]) {
  test(`${what} is BAD_ANSWER`, async (t) => {
    const { url, requests, answer } = await serve(t);
    answer(() => ({ ...lines([]), body }));
    const error = await caught(client(url).studio.images(["a"]));
    assert.ok(error instanceof OzonR2Error);
    assert.deepEqual([error.code, error.status, requests.length], ["BAD_ANSWER", 200, 1]);
  });
}

test("A stream that ends without its last line is a broken stream", async (t) => {
  hurry(t);
  const { url, requests, answer } = await serve(t);
  answer(({ index }) => (index === 0 ? lines([{ type: "start" }]) : found(["a"])));
  await client(url).studio.images(["a"]);
  assert.equal(requests.length, 2);
});

test("An error in the stream is thrown, and not retried", async (t) => {
  const { url, requests, answer } = await serve(t);
  const body = { success: false, error: "API key unauthorized", code: "OZON_UNAUTHORIZED", request_id: "r-2" };
  answer(() => lines([{ type: "start" }, { type: "error", ...body }]));
  const error = await caught(client(url).studio.images(["a"]));
  assert.ok(error instanceof OzonR2Error);
  const { code, status, requestId, message } = error;
  assert.deepEqual([code, status, requestId, message], [body.code, 200, "r-2", body.error]);
  assert.equal(requests.length, 1);
});
