// The page: article numbers to images, images into the bucket, and from there to Ozon by <ozon-upload-modal>. The seller's
// credential is in the form's fields and nowhere else.

import { OzonR2 } from "./ozon-r2.js";
import "./ozon-upload-modal.js";
import { Card } from "./page/card.js";
import { textsIn } from "./page/texts.js";

const MAX_ARTICLES = 5000;
const page = Object.fromEntries([...document.querySelectorAll("[id]")].map((element) => [element.id, element]));
const modal = document.querySelector("ozon-upload-modal");
const valueOf = (name) => page[name].value.trim();

let texts = textsIn(navigator.language);
/** The OzonR2 of the last search. */
let studio;
/** Of the articles, in their order; `own` is the one without. */
let cards = [];
const own = new Card("", () => `users/${valueOf("user")}/own`, texts);
/** The card whose images the modal shows. */
let inModal;
/** {task: "find" or "copy", stop: an AbortController}; null when nothing runs. */
let running = null;
/** What stands beside the heading, asked for again in another language. */
let summary = () => "";
/** What went wrong; null if nothing did. */
let problem = null;

function folderOf(article) {
  return `users/${valueOf("user")}/ozon/${encodeURIComponent(article)}/own`;
}

function newStudio() {
  const credential = () => ({ client_id: valueOf("client"), api_key: valueOf("key") });
  return new OzonR2({ baseURL: "", userId: valueOf("user"), credential });
}

// ---- the form

function articles() {
  return [...new Set(valueOf("articles").split(/[\n,，、;；]/).map((article) => article.trim()).filter(Boolean))];
}

/** Tells all that is wrong, each beside its field. */
function isComplete(names) {
  const faults = Object.fromEntries(names.map((name) => [name, valueOf(name) ? "" : texts.missing]));
  if (faults.articles === "" && articles().length > MAX_ARTICLES) faults.articles = texts.tooMany;
  for (const [name, fault] of Object.entries(faults)) {
    page[`${name}-fault`].textContent = fault;
    page[name].setAttribute("aria-invalid", fault !== "");
  }
  const wrong = names.find((name) => faults[name]);
  page[wrong]?.focus();
  return !wrong;
}

// ---- what the buttons do

/** Runs one task; the same button stops it. */
async function run(task, work) {
  if (running) {
    if (running.task === task) running.stop.abort();
    return;
  }
  running = { task, stop: new AbortController() };
  problem = null;
  show();
  try {
    await work(running.stop.signal);
  } catch (error) {
    summary = () => (problem ? "" : texts.stopped);
    if (!running.stop.signal.aborted) problem = error;
  }
  running = null;
  show();
}

function find() {
  return run("find", async (signal) => {
    const numbers = articles();
    studio = newStudio();
    const before = new Map(cards.map((card) => [card.article, card]));
    cards = numbers.map((article) => new Card(article, () => folderOf(article), texts, before.get(article)));
    page.cards.replaceChildren(...cards.map((card) => card.element));
    page.progress.value = 0;
    summary = () => texts.finding;
    show();
    const onItem = (item, index) => cards[index].found(item);
    try {
      await studio.images(numbers, { signal, onItem });
    } catch (error) {
      cards = cards.some((card) => card.isFound) ? cards.filter((card) => card.isFound) : [...before.values()];
      page.cards.replaceChildren(...cards.map((card) => card.element));
      throw error;
    }
    const images = cards.reduce((sum, card) => sum + card.images.length, 0);
    summary = () => texts.found(images, numbers.length);
  });
}

function copy() {
  const found = cards.filter((card) => card.productId);
  if (found.length === 0 || !isComplete(["client", "key"])) return;
  run("copy", async (signal) => {
    const onProgress = ({ items, totalItems, bytes }) => {
      page.progress.value = totalItems ? items / totalItems : 0;
      summary = () => texts.copying(items, totalItems, sizeOf(bytes));
      page.summary.textContent = summary();
    };
    const onItem = (item, index) => found[index].copied(item);
    const items = await studio.copy(found.map((card) => card.article), { signal, onProgress, onItem });
    const images = items.flatMap((item) => item.images);
    const stored = images.filter((image) => image.error === undefined);
    const byServer = stored.filter((image) => image.via === "server").length;
    page.progress.value = 1;
    summary = () => texts.copied(stored.length, images.length - stored.length, byServer);
  });
}

function push({ target: { card } }) {
  if (!isComplete(["client", "key", "user"])) return;
  modal.client = newStudio();
  modal.sku = { name: card.article || texts.own, productId: card.productId };
  modal.images = card.pushable;
  inModal = card;
  modal.show();
}

// ---- what is shown

function speak(language) {
  texts = textsIn(language);
  document.documentElement.lang = language;
  document.title = texts.title;
  for (const element of document.querySelectorAll("[data-text]")) element.textContent = texts[element.dataset.text];
  page.language.textContent = texts.other;
  page.language.lang = language === "zh" ? "en" : "zh";
  for (const card of [...cards, own]) card.relabel(texts);
  show();
}

function show() {
  const isBusy = (task) => running?.task === task;
  page.find.textContent = isBusy("find") ? texts.stop : texts.find;
  page.copy.textContent = isBusy("copy") ? texts.stop : texts.copy;
  page.find.setAttribute("aria-disabled", isBusy("copy"));
  page.copy.setAttribute("aria-disabled", isBusy("find") || !cards.some((card) => card.productId));
  page.cards.hidden = cards.length === 0;
  page.empty.hidden = cards.length > 0 || problem !== null;
  page.summary.textContent = summary();
  page.problem.hidden = problem === null;
  page.problem.textContent = problem ? wordsOf(problem) : "";
}

function wordsOf({ code, status, message, errors = [], requestId }) {
  const what = texts[code] ?? (status >= 429 ? texts.unavailable : message);
  const faults = errors.map(({ field, reason }) => `${field}: ${reason}`);
  return [what, ...faults, requestId && `${texts.requestId}: ${requestId}`].filter(Boolean).join(" · ");
}

function sizeOf(bytes) {
  const [unit, scale] = bytes < 1e6 ? ["kilobyte", 1e3] : ["megabyte", 1e6];
  return new Intl.NumberFormat(document.documentElement.lang, { style: "unit", unit, maximumFractionDigits: 1 }).format(bytes / scale);
}

page.form.addEventListener("submit", (event) => {
  event.preventDefault();
  if (running || isComplete(["client", "key", "user", "articles"])) find();
});
page.copy.addEventListener("click", () => (running ? run("copy") : copy()));
page.language.addEventListener("click", () => speak(page.language.lang));
document.addEventListener("to-ozon", push);
modal.addEventListener("done", ({ detail }) => inModal.pushed(modal.images, detail));
modal.addEventListener("close", () => inModal.pushed(modal.images));
// A file dropped beside a card would replace the page.
for (const name of ["dragover", "drop"]) document.addEventListener(name, (event) => event.preventDefault());

page.own.replaceWith(own.element);
speak(navigator.language.startsWith("zh") ? "zh" : "en");
document.body.hidden = false;
