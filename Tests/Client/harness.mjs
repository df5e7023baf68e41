// Loads the module as nginx serves it into node, and provides servers with scripted answers.
//
//   const { url, requests, answer } = await serve(t)       a server that ends with the test t
//   answer((request) => json({ success: true }))           request: {method, path, headers, body (Buffer), json, index}
//
// An answer is {status?, headers?, body?}, made by `json(value, status?, headers?)` or `lines(values)`. `broken` resets
// the connection instead, `{...lines(values), breaks: true}` after the body. A script may be asynchronous.
// node has no XMLHttpRequest, so the client PUTs with fetch, without progress during a PUT. node doesn't check CORS.

import { File } from "node:buffer";
import { webcrypto } from "node:crypto";
import { cpSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { setMaxListeners } from "node:events";
import { createServer } from "node:http";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";

// Browsers have these; node has them since version 20, and Debian 12 ships 18.
globalThis.File ??= File;
globalThis.crypto ??= webcrypto;
setMaxListeners(50); // of a signal, which several parts share

const folder = mkdtempSync(join(tmpdir(), "client-"));
process.on("exit", () => rmSync(folder, { recursive: true }));
cpSync(fileURLToPath(new URL("../../nginx/html", import.meta.url)), folder, { recursive: true });
writeFileSync(join(folder, "package.json"), '{"type": "module"}'); // for node; browsers don't need it
/** Loads a module of nginx/html. */
export const load = (name) => import(join(folder, name));
export const { OzonR2, OzonR2Error, contentHash, mediaType } = await load("ozon-r2.js");

export const json = (value, status = 200, headers = {}) => ({
  status,
  headers: { "Content-Type": "application/json", ...headers },
  body: JSON.stringify(value),
});
export const lines = (values) => ({
  headers: { "Content-Type": "application/x-ndjson" },
  body: values.map((value) => JSON.stringify(value) + "\n").join(""),
});
/** A line of ozon-download's stream, and a whole stream. */
export const item = (index, article) => ({
  type: "item", index, done: index + 1, article, status: "success", urls: [], uploads: [],
});
export const found = (articles) => {
  const items = articles.map((article, index) => item(index, article));
  return lines([{ type: "start" }, ...items, { type: "done", success: true }]);
};
export const fault = (status, code, more = {}, headers = {}) =>
  json({ success: false, error: `about ${code}`, code, request_id: "r-1", ...more }, status, headers);
export const broken = Symbol("broken");

export async function serve(t) {
  const requests = [];
  let script = () => json({ success: true, data: {} });
  const server = createServer(async (incoming, outgoing) => {
    const chunks = [];
    try {
      for await (const chunk of incoming) chunks.push(chunk);
    } catch {
      return; // the client has aborted the request
    }
    const body = Buffer.concat(chunks);
    const { method, url: path, headers } = incoming;
    const request = { method, path, headers, body, index: requests.length };
    if (headers["content-type"] === "application/json") request.json = JSON.parse(body);
    requests.push(request);
    const reply = await script(request);
    if (reply === broken) return incoming.socket.resetAndDestroy();
    outgoing.writeHead(reply.status ?? 200, reply.headers);
    outgoing.write(reply.body ?? "", () => (reply.breaks ? incoming.socket.resetAndDestroy() : outgoing.end()));
    if (!reply.body) outgoing.end();
  });
  await new Promise((resolve) => server.listen(0, "127.0.0.1", resolve));
  t.after(() => {
    server.closeAllConnections();
    server.close();
  });
  const url = `http://127.0.0.1:${server.address().port}`;
  return { url, requests, answer: (next) => (script = next) };
}

/** A client of that server; `credentialCalls()` counts the calls of its `credential`. */
export function client(url, options = {}) {
  let calls = 0;
  const credential = async () => {
    calls += 1;
    return { client_id: "1", api_key: "seller-secret" };
  };
  const studio = new OzonR2({ baseURL: url, apiKey: "page-key", userId: "u", credential, ...options });
  return { studio, credentialCalls: () => calls };
}

/**
 * Speeds up the client's pauses by `times` until the test ends, and its deadlines by `deadlines`, which only a test
 * that lets one pass should give. Returns a function for the pauses so far, in ms.
 */
export function hurry(t, times = 100, deadlines = 1) {
  const { setTimeout: real } = globalThis;
  const pauses = [];
  globalThis.setTimeout = (work, milliseconds = 0, ...rest) => {
    // The client gives a deadline's timer the reason of the abort.
    const isDeadline = rest.length > 0;
    if (!isDeadline && new Error().stack.includes(folder)) pauses.push(milliseconds);
    return real(work, milliseconds / (isDeadline ? deadlines : times), ...rest);
  };
  t.after(() => (globalThis.setTimeout = real));
  return () => pauses;
}

/** Sets a property of the global object until the test ends. */
export function setGlobal(t, name, value) {
  const before = Object.getOwnPropertyDescriptor(globalThis, name);
  Object.defineProperty(globalThis, name, { value, configurable: true, writable: true });
  t.after(() => {
    if (before) Object.defineProperty(globalThis, name, before);
    else delete globalThis[name];
  });
}

/** An IndexedDB with one store, whose values are returned. */
export function fakeIndexedDB(t) {
  const values = new Map();
  const answer = (result) => {
    const request = { result };
    queueMicrotask(() => request.onsuccess());
    return request;
  };
  const store = {
    get: (key) => answer(structuredClone(values.get(key))),
    put: (value, key) => answer(values.set(key, structuredClone(value)) && key),
    delete: (key) => answer(void values.delete(key)),
  };
  const database = { transaction: () => ({ objectStore: () => store }), close: () => {} };
  setGlobal(t, "indexedDB", { open: () => answer(database) });
  return values;
}

/**
 * An XMLHttpRequest that runs `script(request, blob)` for each PUT, with request.loaded(bytes, blob) for its progress
 * and request.reply(status, headers) for its response.
 */
export function fakeXHR(t, script) {
  const puts = [];
  setGlobal(t, "XMLHttpRequest", class {
    upload = {};
    status = 0;
    responseText = "";
    open(_, url) { this.url = url; }
    setRequestHeader() {}
    getAllResponseHeaders() { return this.headers ?? 'content-length: 0\r\netag: "abc"\r\n'; }
    send(blob) {
      puts.push(this);
      script(this, blob);
    }
    abort() {
      if (this.status) return;
      this.isAborted = true;
      this.onabort();
    }
    loaded(bytes, { size }) {
      if (this.isAborted) return;
      this.upload.onprogress({ loaded: bytes });
      if (bytes === size) this.upload.onload();
    }
    reply(status, headers) {
      if (this.isAborted) return;
      Object.assign(this, { status, headers });
      this.onload();
    }
  });
  return puts;
}

/** Counts the calls of fetch from now on; `rest()` counts those of the next 100 ms. */
export function counted(t) {
  const { fetch: real } = globalThis;
  let begun = 0;
  globalThis.fetch = (...given) => {
    begun += 1;
    return real(...given);
  };
  t.after(() => (globalThis.fetch = real));
  return {
    begun: () => begun,
    rest: async () => {
      const before = begun;
      await new Promise((resolve) => setTimeout(resolve, 100));
      return begun - before;
    },
  };
}

export const caught = (promise) =>
  promise.then(
    (value) => {
      throw new Error(`succeeded: ${JSON.stringify(value)}`);
    },
    (error) => error,
  );
