// The page: finds the images of articles, copies them into the bucket and pushes them to Ozon with <ozon-upload-modal>.
// The seller's credential exists in the form's fields and nowhere else.

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
/** One card per article, in the order of the articles. */
let cards = [];
/** The card of the images that belong to no article. */
const own = new Card("", () => `users/${valueOf("user")}/own`, texts);
/** The card whose images the modal shows. */
let cardInModal;
/** The task that runs, {name: "find" or "copy", controller}, or null. */
let running = null;
/** Returns the text beside the heading, in the current language. */
let summary = () => "";
/** The error of the last task, or null. */
let problem = null;

function folderOf(article) {
  return `users/${valueOf("user")}/ozon/${encodeURIComponent(article)}/own`;
}

function newStudio() {
  const credential = () => ({ client_id: valueOf("client"), api_key: valueOf("key") });
  return new OzonR2({ baseURL: "", userId: valueOf("user"), credential });
}

// The form

function enteredArticles() {
  const entries = valueOf("articles").split(/[\n,，、;；]/).map((entry) => entry.trim());
  return [...new Set(entries.filter(Boolean))];
}

/** Shows each fault beside its field, and returns whether there is none. */
function validate(names) {
  const faults = Object.fromEntries(names.map((name) => [name, valueOf(name) ? "" : texts.missing]));
  if (faults.articles === "" && enteredArticles().length > MAX_ARTICLES) faults.articles = texts.tooMany;
  for (const [name, fault] of Object.entries(faults)) {
    page[`${name}-fault`].textContent = fault;
    page[name].setAttribute("aria-invalid", fault !== "");
  }
  const firstInvalid = names.find((name) => faults[name]);
  page[firstInvalid]?.focus();
  return !firstInvalid;
}

// The tasks

/** Runs one task at a time; called again for the task that runs, stops it. */
async function run(name, work) {
  if (running) {
    if (running.name === name) running.controller.abort();
    return;
  }
  const controller = new AbortController();
  running = { name, controller };
  problem = null;
  render();
  try {
    await work(controller.signal);
  } catch (error) {
    if (!controller.signal.aborted) problem = error;
    summary = () => (problem ? "" : texts.stopped);
  }
  running = null;
  render();
}

function find() {
  return run("find", async (signal) => {
    const articles = enteredArticles();
    studio = newStudio();
    const previous = new Map(cards.map((card) => [card.article, card]));
    replaceCards(articles.map((article) => new Card(article, () => folderOf(article), texts, previous.get(article))));
    page.progress.value = 0;
    summary = () => texts.finding;
    render();
    const onItem = (item, index) => cards[index].showFound(item);
    try {
      await studio.images(articles, { signal, onItem });
    } catch (error) {
      const found = cards.filter((card) => card.isFound);
      replaceCards(found.length > 0 ? found : [...previous.values()]);
      throw error;
    }
    const images = cards.reduce((sum, card) => sum + card.images.length, 0);
    summary = () => texts.found(images, articles.length);
  });
}

function copy() {
  const found = cards.filter((card) => card.productId);
  if (found.length === 0 || !validate(["client", "key"])) return;
  run("copy", async (signal) => {
    const onProgress = ({ items, totalItems, bytes }) => {
      page.progress.value = totalItems ? items / totalItems : 0;
      summary = () => texts.copying(items, totalItems, sizeOf(bytes));
      page.summary.textContent = summary();
    };
    const onItem = (item, index) => found[index].showCopied(item);
    const items = await studio.copy(found.map((card) => card.article), { signal, onProgress, onItem });
    const images = items.flatMap((item) => item.images);
    const stored = images.filter((image) => image.error === undefined);
    const byServer = stored.filter((image) => image.via === "server").length;
    page.progress.value = 1;
    summary = () => texts.copied(stored.length, images.length - stored.length, byServer);
  });
}

function push({ target: { card } }) {
  if (!validate(["client", "key", "user"])) return;
  modal.client = newStudio();
  modal.sku = { name: card.article || texts.own, productId: card.productId };
  modal.images = card.pushable;
  cardInModal = card;
  modal.show();
}

// Rendering

function setLanguage(language) {
  texts = textsIn(language);
  document.documentElement.lang = language;
  document.title = texts.title;
  for (const element of document.querySelectorAll("[data-text]")) {
    element.textContent = texts[element.dataset.text];
  }
  page.language.textContent = texts.otherLanguage;
  page.language.lang = language === "zh" ? "en" : "zh";
  for (const card of [...cards, own]) card.relabel(texts);
  render();
}

function replaceCards(newCards) {
  cards = newCards;
  page.cards.replaceChildren(...cards.map((card) => card.element));
}

function render() {
  const isRunning = (name) => running?.name === name;
  page.find.textContent = isRunning("find") ? texts.stop : texts.find;
  page.copy.textContent = isRunning("copy") ? texts.stop : texts.copy;
  page.find.setAttribute("aria-disabled", isRunning("copy"));
  page.copy.setAttribute("aria-disabled", isRunning("find") || !cards.some((card) => card.productId));
  page.cards.hidden = cards.length === 0;
  page.empty.hidden = cards.length > 0 || problem !== null;
  page.summary.textContent = summary();
  page.problem.hidden = problem === null;
  page.problem.textContent = problem ? describe(problem) : "";
}

function describe({ code, status, message, errors = [], requestId }) {
  const text = texts[code] ?? (status >= 429 ? texts.unavailable : message);
  const faults = errors.map(({ field, reason }) => `${field}: ${reason}`);
  const request = requestId && `${texts.requestId}: ${requestId}`;
  return [text, ...faults, request].filter(Boolean).join(" · ");
}

function sizeOf(bytes) {
  const [unit, scale] = bytes < 1e6 ? ["kilobyte", 1e3] : ["megabyte", 1e6];
  const options = { style: "unit", unit, maximumFractionDigits: 1 };
  return new Intl.NumberFormat(document.documentElement.lang, options).format(bytes / scale);
}

page.form.addEventListener("submit", (event) => {
  event.preventDefault();
  if (running || validate(["client", "key", "user", "articles"])) find();
});
page.copy.addEventListener("click", () => (running ? run("copy") : copy()));
page.language.addEventListener("click", () => setLanguage(page.language.lang));
document.addEventListener("to-ozon", push);
modal.addEventListener("done", ({ detail }) => cardInModal.showPushed(modal.images, detail));
modal.addEventListener("close", () => cardInModal.showPushed(modal.images));
// By default, the browser would open a file that is dropped beside a card, and so leave the page.
for (const name of ["dragover", "drop"]) document.addEventListener(name, (event) => event.preventDefault());

page.own.replaceWith(own.element);
setLanguage(navigator.language.startsWith("zh") ? "zh" : "en");
document.body.hidden = false;
