import assert from "node:assert/strict";
import { test } from "node:test";
import { broken, caught, client, counted, fault, hurry, json, lines, serve } from "./harness.mjs";

const nothing = () => undefined;

/**
 * CDN, bucket and backend in one, with three images per article. `cdn(name)` may answer for an image, `refuses(name)`
 * for its PUT, `server(article, index)` for the server's copy. The first image waits until `together` are requested.
 */
async function studio(t, { cdn = nothing, server = nothing, refuses = nothing, together = 0, listed } = {}) {
  const at = await serve(t);
  const { url, answer } = at;
  const stored = new Map();
  let [begun, atOnce, most] = [0, 0, 0];
  let last = { type: "done" };
  const images = (article) => [1, 2, 3].map((number) => `${article}-${number}.jpg`);
  const item = (article, index) => {
    const line = { type: "item", index, article };
    if (article === "unknown") return { ...line, status: "failed", error: "Product not found", urls: [] };
    const uploads = images(article).map((name) => ({
      url: `${url}/cdn/${name}`, r2_path: `users/u/ozon/${article}/${name}`, upload_url: `${url}/put/${name}`,
      public_url: `https://public/${name}`, headers: { "content-type": "image/jpeg" },
    }));
    const found = { ...line, product_id: 5, status: "success", urls: uploads.map((upload) => upload.url), uploads };
    return listed?.(found) ?? found;
  };
  const copied = (article, index) => {
    const urls = images(article).map((name) => `https://public/${name}`);
    return { type: "item", index, article, status: "success", urls };
  };
  answer(async ({ method, path, body, headers, json: fields }) => {
    const name = path.split("/").at(-1);
    if (path.startsWith("/cdn/")) {
      most = Math.max(most, ++atOnce);
      for (begun += 1; begun < together; ) await new Promise((resolve) => setImmediate(resolve));
      atOnce -= 1;
      return cdn(name) ?? { headers: { "Content-Type": "image/jpeg" }, body: `bytes of ${name}` };
    }
    if (method === "PUT") {
      const refused = refuses(name);
      if (!refused) stored.set(name, [body.toString(), headers["content-type"]]);
      return refused ?? { status: 200 };
    }
    if (path.endsWith("/presigned-url")) {
      const headers = { "content-type": fields.content_type };
      const name = fields.r2_path.split("/").at(-1);
      return json({ upload_url: `${url}/put/again-${name}`, public_url: `https://public/${name}`, headers });
    }
    const reply = (article, index) =>
      fields.download_images ? (server(article, index) ?? copied(article, index)) : item(article, index);
    const items = fields.articles.map(reply);
    return items.find((one) => one.status > 399) ?? lines([{ type: "start" }, ...items, last]);
  });
  const byServer = () => at.requests.filter(({ json }) => json?.download_images).map(({ json }) => json);
  const hits = (name) => at.requests.filter(({ path }) => path === `/cdn/${name}`).length;
  const endsWith = (line) => (last = line);
  return { ...at, ...client(url, { concurrency: 4 }), stored, byServer, hits, most: () => most, endsWith };
}

const names = (count) => Array.from({ length: count }, (_, index) => `a${index}`);
const vias = ({ images }) => images.map(({ via, error }) => (error ? `${via}: ${error}` : via));

test("Each image is fetched and PUT, at most `concurrency` at the same time", async (t) => {
  const { studio: one, stored, most, byServer } = await studio(t, { together: 4 });
  const [reported, ended] = [[], []];
  const items = await one.copy([...names(20), "unknown"], {
    onProgress: (progress) => reported.push(progress),
    onItem: ({ article }, index) => ended.push([index, article]),
  });
  assert.equal(stored.size, 60);
  assert.deepEqual(stored.get("a7-2.jpg"), ["bytes of a7-2.jpg", "image/jpeg"]);
  assert.equal(most(), 4);
  assert.deepEqual(items.map(({ article }) => article), [...names(20), "unknown"]);
  assert.deepEqual(items[3], {
    article: "a3", product_id: 5, status: "success",
    images: [1, 2, 3].map((number) => ({
      url: items[3].images[number - 1].url,
      r2_path: `users/u/ozon/a3/a3-${number}.jpg`,
      public_url: `https://public/a3-${number}.jpg`,
      via: "browser",
    })),
  });
  assert.deepEqual(items[20], { article: "unknown", status: "failed", error: "Product not found", images: [] });
  assert.equal(ended.length, 21);
  assert.ok(ended.every(([index, article]) => items[index].article === article));
  const bytes = [...stored.values()].reduce((sum, [text]) => sum + text.length, 0);
  assert.deepEqual(reported.at(-1), { bytes, totalBytes: bytes, items: 60, totalItems: 60, failed: 0 });
  assert.deepEqual(byServer(), []);
});

test("An image that can't be read is copied by the server, which is called for its article alone", async (t) => {
  hurry(t);
  const { studio: one, stored, byServer, hits } = await studio(t, {
    cdn: (name) => (name === "a1-2.jpg" ? broken : undefined),
  });
  const items = await one.copy(names(4));
  const all = ["browser", "browser", "browser"];
  assert.deepEqual(items.map(vias), [all, ["browser", "server", "browser"], all, all]);
  assert.match(items[1].images[1].reason, /^No response/);
  assert.equal(items[1].images[1].public_url, "https://public/a1-2.jpg");
  assert.equal(stored.size, 11);
  assert.equal(hits("a1-2.jpg"), 2);
  assert.deepEqual(byServer().map(({ articles, existing }) => [articles, existing]), [[["a1"], "skip"]]);
});

test("A file whose type isn't an image's is left to the server", async (t) => {
  const { studio: one, stored, byServer } = await studio(t, {
    cdn: (name) => (name === "a0-1.jpg" ? { headers: { "Content-Type": "text/html" }, body: "<html>" } : undefined),
    server: (article, index) => ({
      type: "item", index, article, status: "success",
      urls: ["https://public/a0-2.jpg", "https://public/a0-3.jpg"],
      errors: [{ url: `${cdnURL}/cdn/a0-1.jpg`, reason: "Not an image" }],
    }),
  });
  const cdnURL = (await one.images(["a0"]))[0].urls[0].split("/cdn/")[0];
  const [item] = await one.copy(["a0"]);
  assert.deepEqual(vias(item), ["server: Not an image", "browser", "browser"]);
  assert.equal(item.status, "success");
  assert.equal("public_url" in item.images[0], false);
  assert.equal(stored.has("a0-1.jpg"), false);
  assert.equal(byServer().length, 1);
});

test("An image whose URL can't be parsed is left to the server, and the others are copied", async (t) => {
  const listed = (item) => ((item.uploads[1].url = "https://["), item);
  const reason = "Invalid URL format";
  const { studio: one } = await studio(t, {
    listed,
    server: (article, index) => ({
      type: "item", index, article, status: "success", urls: [], errors: [{ url: "https://[", reason }],
    }),
  });
  const [item] = await one.copy(["a0"]);
  assert.deepEqual(vias(item), ["browser", `server: ${reason}`, "browser"]);
  assert.equal(item.images[1].reason, reason);
});

test("An image whose path the server has rejected is in the result, with the reason", async (t) => {
  const errors = [{ url: "https://cdn/long", reason: "Invalid path: too long" }];
  const { studio: one, byServer } = await studio(t, { listed: (item) => ({ ...item, errors }) });
  const reported = [];
  const [item] = await one.copy(["a0"], { onProgress: (progress) => reported.push(progress) });
  assert.deepEqual(vias(item), ["browser", "browser", "browser", "server: Invalid path: too long"]);
  assert.deepEqual(item.images[3], { url: "https://cdn/long", via: "server", error: "Invalid path: too long" });
  const { items, totalItems, failed } = reported.at(-1);
  assert.deepEqual([items, totalItems, failed], [4, 4, 1]);
  assert.deepEqual(byServer(), []);
});

test("Other names of an image type are taken and stored in its normal form", async (t) => {
  const listed = (item) => (item.uploads.forEach((upload) => (upload.headers = {})), item);
  const cdn = () => ({ headers: { "Content-Type": "IMAGE/JPG; charset=binary" }, body: "bytes" });
  const { studio: one, stored } = await studio(t, { cdn, listed });
  assert.deepEqual(vias((await one.copy(["a0"]))[0]), ["browser", "browser", "browser"]);
  assert.deepEqual(stored.get("a0-1.jpg"), ["bytes", "image/jpeg"]);
});

test("The Retry-After of the CDN is waited for", async (t) => {
  const pauses = hurry(t);
  let refusals = 0;
  const refused = { status: 429, headers: { "Retry-After": "9" } };
  const { studio: one } = await studio(t, {
    cdn: (name) => (name === "a0-2.jpg" && ++refusals < 2 ? refused : undefined),
  });
  assert.deepEqual(vias((await one.copy(["a0"]))[0]), ["browser", "browser", "browser"]);
  assert.equal(pauses().filter((pause) => pause > 9000 && pause < 10_000).length, 1, `${pauses()}`);
});

test("An origin whose requests all fail is given up, and the server copies many articles per call", async (t) => {
  hurry(t);
  const { studio: one, requests, byServer, stored } = await studio(t, { cdn: () => broken });
  const items = await one.copy(names(40));
  assert.ok(items.every(({ status, images }) => status === "success" && images.every(({ via }) => via === "server")));
  assert.equal(stored.size, 0);
  assert.ok(requests.filter(({ path }) => path.startsWith("/cdn/")).length <= 2 * (6 + 4));
  assert.ok(byServer().length <= 10, `${byServer().length} calls`);
  assert.deepEqual(byServer().flatMap(({ articles }) => articles).sort(), names(40).sort());
});

test("An origin whose responses can be read isn't given up, whatever they are", async (t) => {
  const text = { headers: { "Content-Type": "text/html" }, body: "<html>" };
  const { studio: one, byServer } = await studio(t, {
    cdn: (name) => (name < "a2" ? { status: 404 } : name < "a4" ? text : undefined),
  });
  const items = await one.copy(names(8));
  const [none, all] = [Array(3).fill("server"), Array(3).fill("browser")];
  assert.deepEqual(items.map(vias), [none, none, none, none, all, all, all, all]);
  assert.deepEqual(byServer().flatMap(({ articles }) => articles).sort(), names(4));
});

test("If the server can't copy either, each image has the reason, and other articles are not affected", async (t) => {
  hurry(t);
  const { studio: one } = await studio(t, {
    cdn: (name) => (name.startsWith("a1") ? broken : undefined),
    server: () => fault(403, "SCOPE_DENIED"),
  });
  const items = await one.copy(names(2));
  assert.deepEqual(items.map(({ status }) => status), ["success", "failed"]);
  assert.deepEqual(vias(items[1]), Array(3).fill("server: about SCOPE_DENIED"));
});

test("An item with the name of another article ends the server's copy of those that it leaves out", async (t) => {
  const { studio: one } = await studio(t, {
    cdn: (name) => (name === "a0-1.jpg" ? { status: 404 } : undefined),
    server: (_, index) => ({ type: "item", index, article: "A0", status: "success", urls: [] }),
  });
  const [item] = await one.copy(["a0"]);
  assert.deepEqual(vias(item), ["server: The response is not from the backend", "browser", "browser"]);
});

test("An image that takes too long is copied by the server", async (t) => {
  hurry(t, 100, 20);
  const never = new Promise(() => {});
  const { studio: one, byServer } = await studio(t, { cdn: (name) => (name === "a0-3.jpg" ? never : undefined) });
  const [item] = await one.copy(["a0"]);
  assert.deepEqual(vias(item), ["browser", "browser", "server"]);
  assert.equal(byServer().length, 1);
});

test("An error that ends the call ends the copies that it had started", async (t) => {
  const { begun, rest } = counted(t);
  const { studio: one, endsWith } = await studio(t);
  endsWith({ type: "error", success: false, error: "API key unauthorized", code: "OZON_UNAUTHORIZED" });
  assert.equal((await caught(one.copy(names(50)))).code, "OZON_UNAUTHORIZED");
  assert.ok(begun() < 20, `${begun()} calls`);
  assert.equal(await rest(), 0);
});

test("A PUT whose signature has expired is signed again, with the same type", async (t) => {
  const refuses = (name) => (name === "a0-2.jpg" ? { status: 403 } : undefined);
  const { studio: one, stored, byServer, requests } = await studio(t, { refuses });
  const [item] = await one.copy(["a0"]);
  assert.deepEqual(vias(item), ["browser", "browser", "browser"]);
  assert.deepEqual([...stored.keys()].sort(), ["a0-1.jpg", "a0-3.jpg", "again-a0-2.jpg"]);
  assert.equal(stored.get("again-a0-2.jpg")[1], "image/jpeg");
  assert.equal(requests.find(({ path }) => path.endsWith("/presigned-url")).json.content_type, "image/jpeg");
  assert.deepEqual(byServer(), []);
});

test("A repeated article is copied once", async (t) => {
  const { studio: one, hits } = await studio(t);
  const items = await one.copy(["a0", "a0"]);
  assert.deepEqual(items[0], items[1]);
  assert.equal(hits("a0-1.jpg"), 1);
});

test("A signal ends all requests of a copy", async (t) => {
  const aborting = new AbortController();
  const { begun, rest } = counted(t);
  const { studio: one } = await studio(t, { cdn: (name) => void (name === "a2-1.jpg" && aborting.abort()) });
  assert.equal((await caught(one.copy(names(50), { signal: aborting.signal }))).name, "AbortError");
  assert.ok(begun() < 40, `${begun()} calls`);
  assert.equal(await rest(), 0);
});

test("Nothing is reported after a copy has been rejected", async (t) => {
  const aborting = new AbortController();
  const { studio: one } = await studio(t, { cdn: (name) => void (name === "a2-1.jpg" && aborting.abort()) });
  let isRejected = false;
  const late = [];
  const report = (name) => () => isRejected && late.push(name);
  await caught(one.copy(names(50), {
    signal: aborting.signal, onProgress: report("progress"), onItem: report("item"), onImage: report("image"),
  }));
  isRejected = true;
  await new Promise((resolve) => setTimeout(resolve, 100));
  assert.deepEqual(late, []);
});

test("Only the selected images are copied, and each is reported when its copy begins and ends", async (t) => {
  const { studio: one, hits } = await studio(t, { cdn: (name) => (name === "a0-3.jpg" ? { status: 404 } : undefined) });
  const states = [];
  const [item] = await one.copy(["a0"], {
    only: (url) => !url.endsWith("a0-1.jpg"),
    onImage: (article, { url, via = "begins" }) => states.push(`${article} ${url.slice(-8)} ${via}`),
  });
  assert.deepEqual(vias(item), ["browser", "server"]);
  assert.equal(hits("a0-1.jpg"), 0);
  assert.deepEqual(states.sort(), [
    "a0 a0-2.jpg begins", "a0 a0-2.jpg browser", "a0 a0-3.jpg begins", "a0 a0-3.jpg server",
  ]);
});

test("An image that is no longer selected when its turn comes, or when it has been read, is not stored", async (t) => {
  const cancelled = new Set();
  const cdn = (name) => {
    if (name === "a0-1.jpg") ["a0-1.jpg", "a1-3.jpg"].forEach((each) => cancelled.add(each));
  };
  const { studio: one, hits, stored, byServer } = await studio(t, { cdn });
  let last;
  const items = await one.copy(["a0", "a1"], {
    only: (url) => !cancelled.has(url.split("/").at(-1)),
    onProgress: (progress) => (last = progress),
  });
  assert.deepEqual(items.map(({ images }) => images.map(({ url }) => url.slice(-8))),
    [["a0-2.jpg", "a0-3.jpg"], ["a1-1.jpg", "a1-2.jpg"]]);
  assert.deepEqual([hits("a0-1.jpg"), hits("a1-3.jpg"), stored.size], [1, 0, 4]);
  assert.deepEqual([last.items, last.totalItems, byServer().length], [4, 4, 0]);
});
