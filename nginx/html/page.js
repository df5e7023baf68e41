// The page: finds the images of articles, copies them into the bucket and pushes them to Ozon with <ozon-upload-modal>.

import { OzonR2 } from "./ozon-r2.js";
import "./ozon-upload-modal.js";
import { aria } from "./ozon-upload-modal/dom.js";
import { loadLanguage } from "./ozon-upload-modal/languages.js";
import { Card } from "./page/card.js";
import { copyImages } from "./page/copies.js";
import { acceptFiles } from "./page/drops.js";
import { folderName } from "./page/files.js";
import { Form } from "./page/form.js";
import { freePreviews } from "./page/image.js";
import { Memory } from "./page/memory.js";
import { Preview } from "./page/preview.js";
import { Problem } from "./page/problem.js";
import { Status } from "./page/status.js";
import { initialLanguage, saveLanguage, textsIn } from "./page/texts.js";
import { Toast } from "./page/toast.js";
import { Tools, copyable, totals } from "./page/tools.js";

// The elements of the page by their ids.
/** @type {Record<string, any>} */
const page = Object.fromEntries([...document.querySelectorAll("[id]")].map((element) => [element.id, element]));
/** @type {import("./ozon-upload-modal.js").OzonUploadModal} */
const modal = /** @type {any} */ (document.querySelector("ozon-upload-modal"));
const form = new Form(page);
const status = new Status(page);
const problem = new Problem(page);
const preview = new Preview();
const memory = new Memory();
const toast = new Toast(page);
const tools = new Tools(page, () => allCards(), toast);

/** @type {Record<string, any>} */
let texts = {};
/** The user of the last search. */
let searchedUser = "";
// By user and kind of identifier. Each remembers for a while if a proxy holds streams back.
/** @type {Map<string, OzonR2>} */
const studios = new Map();
// One card per article, in the order of the articles.
/** @type {Card[]} */
let cards = [];
// The task that runs, or null.
/** @type {{name: "find" | "copy", controller: AbortController} | null} */
let running = null;
let isRenderPending = false;
/** Whether a push waits for the session. */
let isPushWaiting = false;

const actions = {
  push,
  view: preview.show.bind(preview),
  removed: (/** @type {import("./page/image.js").Image[]} */ images, /** @type {() => void} */ undo) =>
    toast.show(() => texts.removed(images.length), undo, () => freePreviews(images)),
  changed: renderSoon,
  isStored: memory.isStored.bind(memory),
};
/** The card of the images that belong to no article. */
const own = new Card("", () => `users/${form.user}/own`, actions);
const allCards = () => [...cards, own];
/** The card whose images the modal shows. */
let cardInModal = own;

/** @param {Partial<import("./ozon-r2.js").Options>} [options]  instead of those of the form */
function newStudio(options) {
  return new OzonR2({ ...form.options, ...options, onWait: (wait) => status.showWait(wait) });
}

// For the user of the last search.
/** @param {Card["field"]} field */
function studioFor(field) {
  const key = `${field} ${searchedUser}`;
  const studio = studios.get(key) ?? newStudio({ userId: searchedUser, field });
  studios.set(key, studio);
  return studio;
}

// The tasks

/**
 * Runs one task at a time.
 *
 * @param {"find" | "copy"} name
 * @param {() => string} text
 * @param {(signal: AbortSignal) => Promise<() => string>} work  returns the text for its end
 * @param {() => void} repeat
 */
async function run(name, text, work, repeat) {
  if (running) return;
  const controller = new AbortController();
  running = { name, controller };
  problem.clear();
  status.begin(text);
  render();
  page.bar.scrollIntoView({ block: "nearest" }); // on a phone, the form is above it
  try {
    status.end(await work(controller.signal), name === "copy");
  } catch (error) {
    const { signal } = controller;
    if (!signal.aborted) showProblem(error, repeat);
    status.end(() => (signal.aborted ? texts.stopped : ""));
  }
  running = null;
  render();
}

/** @type {(error: any, repeat: () => void) => void} */
function showProblem(error, repeat) {
  problem.show(error, repeat);
  page.problem.scrollIntoView({ block: "nearest" });
  form.showErrors(error.errors ?? []);
}

// Reads the session again, which may have ended or be another user's. Without one, shows what is wrong.
/** @param {() => void} repeat */
async function isLoggedIn(repeat) {
  const code = await form.readSession();
  if (!code) return true;
  showProblem({ code }, repeat);
  render();
  return false;
}

async function find() {
  if (!form.validate(["client", "key", "user", "articles"]) || !(await isLoggedIn(find))) return;
  const { articles } = form;
  const before = cards;
  run("find", () => texts.finding, async (signal) => {
    // What one user has stored isn't in the folder of another.
    const isOther = searchedUser !== "" && searchedUser !== form.user;
    if (isOther) for (const card of allCards()) card.forgetStored();
    const { field } = form.options;
    searchedUser = form.user;
    const known = new Map(before.map((card) => [card.article, card]));
    const searched = articles.map((article) => known.get(article) ?? newCard(article));
    for (const card of searched) card.isWaiting = true;
    replaceCards([...new Set([...searched, ...before.filter((card) => card.hasUnsaved)])]);
    try {
      const onItem = (/** @type {import("./ozon-r2.js").Item} */ item, /** @type {number} */ index) =>
        searched[index].showFound(item, field);
      await studioFor(field).images(articles, { signal, onItem });
    } catch (error) {
      const kept = cards.filter((card) => !card.isWaiting || card.hasUnsaved);
      replaceCards(searched.every((card) => card.isWaiting) ? [...new Set([...before, ...kept])] : kept);
      for (const card of cards) card.isWaiting = false;
      throw error;
    } finally {
      for (const card of before) if (!cards.includes(card)) freePreviews(card.images);
    }
    const { total, stored } = totals(searched);
    return () => texts.found(total, articles.length, stored);
  }, find);
}

/** @param {string} article */
const newCard = (article) =>
  new Card(article, () => `users/${form.user}/ozon/${folderName(article)}/own`, actions);

/** Copies the images that aren't stored yet. */
function copy() {
  const wanted = copyable(allCards());
  if (wanted.size === 0 || !form.validate(["client", "key"])) return;
  run("copy", () => texts.starting, async (signal) => {
    await copyImages(wanted, studioFor, signal, (progress) => status.showProgress(progress));
    return () => {
      const { stored, failed, byServer } = totals(cards);
      return texts.copied(stored, failed, byServer);
    };
  }, copy);
}

/** @param {Card} card */
async function push(card) {
  if (isPushWaiting || !form.validate(["client", "key", "user"])) return;
  isPushWaiting = true;
  const isAllowed = await isLoggedIn(() => push(card)).finally(() => (isPushWaiting = false));
  // Meanwhile a search may have dropped the card, its images may have been removed, or a copy may have begun.
  if (!isAllowed || !allCards().includes(card) || card.obstacle) return;
  modal.client = newStudio();
  modal.sku = { name: card.article || undefined, productId: card.productId };
  modal.images = card.modalImages;
  cardInModal = card;
  modal.show();
}

// Rendering

/** @param {string} language */
function setLanguage(language) {
  texts = textsIn(language);
  document.documentElement.lang = language;
  document.title = texts.title;
  for (const element of document.querySelectorAll("[data-text]")) {
    element.textContent = texts[/** @type {HTMLElement} */ (element).dataset.text ?? ""];
  }
  page.language.textContent = texts.otherLanguage;
  page.language.lang = language === "zh" ? "en" : "zh";
  for (const part of [form, status, problem, preview, tools, ...allCards()]) part.translate(texts, language);
  render();
  toast.translate(texts);
}

/** @param {Card[]} newCards */
function replaceCards(newCards) {
  toast.hide();
  memory.addStored(cards);
  cards = newCards;
  for (const card of cards) card.translate(texts, document.documentElement.lang);
  page.cards.replaceChildren(...cards.map((card) => card.element));
  renderSoon();
}

/** Renders once after a series of changes. */
function renderSoon() {
  if (!isRenderPending) setTimeout(render, 30);
  isRenderPending = true;
}

function render() {
  isRenderPending = false;
  page.find.textContent = running?.name === "find" ? texts.stop : texts.find;
  aria(page.find, { disabled: running?.name === "copy" });
  page.cards.hidden = cards.length === 0;
  page.empty.hidden = cards.length > 0 || problem.isShown;
  page.problem.classList.toggle("alone", cards.length === 0);
  tools.render(running?.name);
  preview.update();
}

// Events

page.form.addEventListener("submit", (/** @type {Event} */ event) => {
  event.preventDefault();
  if (running?.name === "find") running.controller.abort();
  else if (!running) find();
});
page.copy.addEventListener("click", () => {
  if (running?.name === "copy") running.controller.abort();
  else copy();
});
page.language.addEventListener("click", () => {
  saveLanguage(page.language.lang);
  setLanguage(page.language.lang);
});
modal.addEventListener("push", () => cardInModal.showSent());
modal.addEventListener("error", ({ detail }) => {
  // After any other error, Ozon may still apply the push.
  const { status = 0, taskId } = /** @type {{status?: number, taskId?: number}} */ (detail);
  if (!taskId && status >= 400 && status < 500) cardInModal.showSent(false);
});
modal.addEventListener("done", ({ detail }) => cardInModal.showPushed(modal.images, detail));
modal.addEventListener("close", () => cardInModal.showPushed(modal.images));

/** Files aren't added to a card behind an open dialog. */
function isRefused(/** @type {boolean} */ isGiven) {
  const isOpen = modal.hasAttribute("open") || preview.isOpen;
  if (isOpen && isGiven) toast.show(() => texts.closeFirst);
  return isOpen;
}
acceptFiles(allCards, own, isRefused);
// A button that is off says why.
document.addEventListener("click", ({ target }) => {
  const button = target instanceof Element && target.closest("button[aria-disabled=true]");
  if (button instanceof HTMLElement && button.title) toast.show(() => button.title);
});
addEventListener("beforeunload", (event) => {
  if (!running && !allCards().some((card) => card.hasUnsaved)) return;
  event.preventDefault();
  event.returnValue = true; // for Chrome and Edge before 119
});

addEventListener("pagehide", () => {
  memory.addStored(cards);
  Object.assign(memory, { articles: page.articles.value, field: page.field.value });
  memory.save();
});

page.own.replaceWith(own.element);
page.articles.value = memory.articles;
if (memory.field) page.field.value = memory.field;
await Promise.all(["en", "zh"].map(loadLanguage));
setLanguage(initialLanguage());
await form.readSession();
page.page.hidden = false;
