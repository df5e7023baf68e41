// Every code has words in both languages. The codes are read from the backend, nginx and the client.

import assert from "node:assert/strict";
import { readFileSync, readdirSync } from "node:fs";
import { test } from "node:test";
import { fileURLToPath } from "node:url";
import { load } from "./harness.mjs";

const { describeError, describeReason } = await load("ozon-upload-modal/errors.js");
const { loadLanguage } = await load("ozon-upload-modal/languages.js");
await Promise.all(["en", "zh"].map(loadLanguage));

const root = fileURLToPath(new URL("../..", import.meta.url));
const codesIn = (folder, extension, pattern) =>
  readdirSync(root + folder, { recursive: true }).filter((name) => name.endsWith(extension)).flatMap((name) =>
    [...readFileSync(`${root}${folder}/${name}`, "utf8").matchAll(pattern)].map(([, code]) => code));
const codes = new Set([
  ...codesIn("Sources/Telemetry", "ErrorCode.swift", /\(\d{3}, "([A-Z_]+)"/g),
  ...codesIn("nginx", ".conf", /"code":"([A-Z_]+)"/g),
  ...codesIn("nginx/html", ".js", /code: "([A-Z_]+)"/g),
]);
// The client's requests can't cause these, the one of 499 is only logged, and INVALID_URL is the reason of one image.
const unexpected = [
  "METHOD_NOT_ALLOWED", "UNSUPPORTED_MEDIA_TYPE", "CLIENT_WENT_AWAY", "INVALID_URL", "PRECONDITION_FAILED",
  "URI_TOO_LONG", "RANGE_NOT_SATISFIABLE", "HTTP_VERSION_NOT_SUPPORTED",
];
const CHINESE = /\p{Script=Han}/u;

test("Every code of the backend, nginx and the client has a sentence and a next step in both languages", () => {
  assert.ok(codes.size > 25, [...codes].join());
  for (const code of codes) {
    const [english, chinese] = ["en-GB", "zh-CN"].map((language) => describeError({ code }, language));
    for (const { text, hint } of [english, chinese]) assert.ok(text && hint, code);
    assert.equal(CHINESE.test(english.text + english.hint), false, code);
    assert.ok(CHINESE.test(chinese.text) && CHINESE.test(chinese.hint), code);
    const isUnknown = english.text === describeError({ code: "UNKNOWN" }, "en").text;
    assert.equal(isUnknown, unexpected.includes(code), code);
  }
});

test("Every reason that the backend gives for an image or for a field of a form has words in both languages", () => {
  const reasons = new Set([
    ...codesIn("Sources/Ozon", "PictureReason.swift", /= "(.+)"/g),
    ...codesIn("Sources/Ozon", "PictureRequest.swift", /formatWarning\("\w+", "(.+?)"/g),
    ...codesIn("Sources/Ozon", "CarriedPictures.swift", /fault\("(.+?)"/g),
    ...codesIn("Sources/Relay", ".swift", /(?:CopyFailure|self\.init)\("(.+?)"/g),
    ...codesIn("Sources/Upstreams", ".swift", /reason: "(.+?)"/g),
    "Exceeds limit (30)", "Field required", "Must not be empty", "Must be an integer", "Must not be repeated",
    "Must be between 1 and 2", "Must be one of image/jpeg, image/png", "Invalid characters", "Invalid URL format",
    "Invalid path: a/../b", "Path not allowed", "Product not found", "Not copied",
  ]);
  assert.ok(reasons.size > 20, [...reasons].join());
  for (const reason of reasons) {
    const [english, chinese] = ["en", "zh"].map((language) => describeReason(reason, language));
    assert.ok(CHINESE.test(chinese), reason);
    assert.equal(CHINESE.test(english) || english.includes("$"), false, reason);
  }
});

test("A code without words is described by its status", () => {
  const words = (status) => describeError({ code: `HTTP_${status}`, status }, "en").text;
  assert.equal(words(401), "You aren't logged in, or your session has ended.");
  assert.equal(words(413), "The request is too large.");
  assert.equal(words(429), "There were too many requests.");
  assert.equal(words(522), "The service is unavailable.");
  assert.equal(words(418), "An unexpected error occurred.");
});

test("A hostile code, field or reason is shown as it is", () => {
  for (const name of ["constructor", "__proto__", "toString", "<b>"]) {
    const { text, hint } = describeError({ code: name, errors: [{ field: name, reason: name }] }, "en");
    assert.equal(text, `An unexpected error occurred. ${name}: ${name}.`);
    assert.equal(hint, "Reload the page and try again.");
    assert.equal(describeReason(name, "zh"), name);
  }
});

test("A Retry-After is given in words of the language", () => {
  const hint = (retryAfter, language) => describeError({ code: "RATE_LIMITED", retryAfter }, language).hint;
  assert.equal(hint(45, "en"), "Try again in 45 seconds.");
  assert.equal(hint(61, "en"), "Try again in 2 minutes.");
  assert.equal(hint(7200, "zh"), "请在 2小时后重试。");
  assert.equal(hint(undefined, "en"), "Try again in 1 minute.");
});
