import { describeReason } from "../ozon-upload-modal/errors.js";
import { aria, h } from "../ozon-upload-modal/dom.js";
import { aboutOf, obstacleOf } from "./about.js";
import { imageOf, safeName } from "./files.js";
import { freePreviews, imageAt, isUnsaved } from "./image.js";
import { Strip } from "./strip.js";

/** @typedef {import("./image.js").Image} Image */
/** @typedef {import("./files.js").Given} Given */

/**
 * What the page does for its cards. `removed` gets a function that undoes the removal; `changed` is called when images,
 * their states or the selection have changed; `isStored` returns whether a copy is in the bucket.
 *
 * @typedef {{push: (card: Card) => void, view: (card: Card, image: Image) => void, changed: () => void,
 *   isStored: (publicURL?: string) => boolean, removed: (images: Image[], undo: () => void) => void}} Page
 */

/**
 * The images of one article, or the person's own images if there is no article. Own files are added by drop or with a
 * button. The height of a card doesn't depend on its contents.
 */
export class Card {
  /** @type {Image[]} */
  images = [];
  /** @type {number | undefined} */
  productId;
  // The kind of identifier that `article` is.
  /** @type {import("../ozon-r2.js").Options["field"]} */
  field;
  #folder;
  #page;
  /** Why the article has no images. */
  #error = "";
  #hasRemoved = false;
  /** A message about files that were added, until the next change. */
  #message = () => "";
  /** How many results of searches have been shown. */
  #results = 0;
  /** How many calls of add() still read files. */
  #additions = 0;
  /** @type {import("./about.js").CardPushed} */
  #pushed = {};
  /** @type {Record<string, any>} */
  #texts = {};
  #language = "";

  #box = h("input", { type: "checkbox", change: () => this.select(this.#box.checked) });
  #title = h("h3");
  #about = h("p", { class: "about" });
  #input = h("input", { type: "file", accept: "image/*", multiple: "", hidden: "", change: () => this.#addChosen() });
  #addButton = h("button", { type: "button", click: () => this.#input.click() });
  #pushButton = h("button", { type: "button", class: "push", click: () => this.obstacle || this.#page.push(this) });
  #strip;
  element;

  /**
   * `folder()` returns the folder in the bucket for own files: "users/u/ozon/2194435300/own".
   * @param {string} article
   * @param {() => string} folder
   * @param {Page} page
   */
  constructor(article, folder, page) {
    this.article = article;
    this.#folder = folder;
    this.#page = page;
    this.#strip = new Strip({
      view: (image) => page.view(this, image),
      remove: (image) => this.remove([image]),
      change: () => this.#changed(),
    });
    this.element = h(article ? "li" : "div", { class: "card" },
      h("div", { class: "head" },
        this.#box, h("div", {}, this.#title, this.#about), this.#input, this.#addButton, this.#pushButton),
      this.#strip.element);
  }

  get name() {
    return this.article || this.#texts.own;
  }

  /** Whether a search looks for the article. */
  get isWaiting() {
    return this.element.classList.contains("waiting");
  }

  set isWaiting(isWaiting) {
    this.element.classList.toggle("waiting", isWaiting);
  }

  get selected() {
    return this.images.filter((image) => image.isSelected);
  }

  /** Whether files that aren't in the bucket would be lost with the card. */
  get hasUnsaved() {
    return this.#additions > 0 || this.images.some(isUnsaved);
  }

  /** The images that can be pushed: those in the bucket and own files; only selected ones if any are selected. */
  get pushable() {
    const chosen = this.selected.length > 0 ? this.selected : this.images;
    return chosen.filter((image) => image.publicURL || image.file);
  }

  /** Why the images can't be pushed now, or "". */
  get obstacle() {
    return obstacleOf(this, this.#additions > 0, this.#texts);
  }

  /** `pushable` for ozon-upload-modal. */
  get modalImages() {
    return this.pushable.map(({ publicURL, file, name, path }) =>
      ({ url: publicURL, file, name, path: path && `${this.#folder()}/${path}` }));
  }

  // Shows an item of OzonR2.images.
  /** @type {(item: import("../ozon-r2.js").Item, field: Card["field"]) => void} */
  showFound({ product_id, error = "", urls, uploads = [], errors = [] }, field) {
    this.isWaiting = false;
    this.field = field;
    this.#results += 1;
    this.productId = product_id;
    this.#error = error;
    this.#hasRemoved = false;
    this.#pushed = {};
    const previous = new Map(this.images.map((image) => [image.url, image]));
    const publicURLs = new Map(uploads.map(({ url, public_url }) => [url, public_url]));
    const found = urls.map((url) => {
      const publicURL = publicURLs.get(url);
      return imageAt(url, publicURL, url === publicURL || this.#page.isStored(publicURL), previous.get(url));
    });
    for (const { url, reason } of errors) found.push({ ...imageAt(url), error: reason });
    this.images = [...found, ...this.images.filter((image) => image.file)];
    this.#changed();
  }

  forgetStored() {
    for (const image of this.images) image.publicURL = image.via = undefined;
    this.update();
  }

  // Shows the progress of OzonR2.copy for these images, which may have been removed in the meantime.
  /** @type {(images: Image[], state: import("../ozon-r2.js").ImageState) => void} */
  showCopy(images, { url, public_url, via, reason, error }) {
    for (const image of images.filter((each) => each.url === url)) {
      image.progress = via ? undefined : "copying";
      Object.assign(image, { publicURL: public_url, via, reason, error });
    }
    this.update();
  }

  /** Shows the error of an article whose images couldn't be copied, or which no longer has them. */
  showUncopied(error = "Expired") {
    for (const image of this.images.filter(({ progress }) => progress)) {
      Object.assign(image, { error, progress: undefined });
    }
    this.update();
  }

  /**
   * Shows the uploaded ones of the modal's images, and a result of OzonR2.push for them, if there is one.
   *
   * @param {import("../ozon-upload-modal.js").ModalImage[]} images
   * @param {import("../ozon-r2.js").Pushed} [pushed]
   */
  showPushed(images, pushed) {
    const shown = images.map(({ file, url }) =>
      this.images.find((image) => (file ? image.file === file : image.publicURL === url)));
    images.forEach(({ file, url }, index) => {
      const image = shown[index];
      if (file && url && image) Object.assign(image, { publicURL: url, via: "browser" });
      if (image && pushed) image.error = undefined;
    });
    if (pushed) this.#pushed = pushed.status === "pending" ? { status: "sent" } : pushed;
    for (const { field, index = -1, url, reason } of pushed?.errors ?? []) {
      const image = shown[index] ?? this.images.find((each) => each.publicURL === url);
      if (field === "images" && image) image.error = reason;
    }
    this.#changed();
  }

  /** Shows that a push was sent to Ozon, whose result isn't known yet; `isSent` false takes that back. */
  showSent(isSent = true) {
    if (isSent || this.#pushed.status === "sent") this.#pushed = isSent ? { status: "sent" } : {};
    this.#changed();
  }

  /** @param {boolean} isSelected */
  select(isSelected) {
    for (const image of this.images) image.isSelected = isSelected;
    this.#changed();
  }

  // Removes images; the page can undo it.
  /** @param {Image[]} images */
  remove(images) {
    if (images.length > 0) this.#page.removed(images, this.removeAll(images));
  }

  // Removes images without a message, and returns a function that undoes it. A removed image isn't copied.
  /** @param {Image[]} images */
  removeAll(images) {
    const before = this.images;
    const results = this.#results;
    const at = before.indexOf(images[0]);
    this.images = before.filter((image) => !images.includes(image));
    for (const image of images) Object.assign(image, { isRemoved: true, progress: undefined });
    this.#hasRemoved = true;
    this.#changed();
    const neighbour = this.images[Math.min(at, this.images.length - 1)];
    if (!neighbour || !this.#strip.focus(neighbour)) this.#addButton.focus();
    return () => {
      for (const image of images) image.isRemoved = false;
      // A file that has been added again since then isn't restored beside its new image.
      const repeated = images.filter(({ path }) => path && this.images.some((image) => image.path === path));
      freePreviews(repeated);
      const isRestored = (/** @type {Image} */ image) => !repeated.includes(image);
      const added = this.images.filter((image) => !before.includes(image));
      // A result that has been shown since then contains the article's images.
      if (this.#results === results) this.images = [...before.filter(isRestored), ...added];
      else this.images = [...this.images, ...images.filter((image) => image.file && isRestored(image))];
      this.#changed();
      if (!this.#strip.focus(images[0])) this.#addButton.focus();
    };
  }

  // Adds files; `unreadable` has the names of those that couldn't be read.
  /** @type {(given: Given | Promise<Given>) => Promise<void>} */
  async add(given) {
    this.#additions += 1;
    try {
      this.update();
      const { files, unreadable: failed = [] } = await given;
      /** @type {string[][]} */
      const [ignored, repeated, unreadable] = [[], [], failed.map(safeName)];
      for (const file of files) {
        const image = await imageOf(file).catch(() => undefined);
        const name = safeName(file.name);
        if (image === undefined) unreadable.push(name);
        else if (image === null) ignored.push(name);
        else if (this.images.some(({ path }) => path === image.path)) {
          repeated.push(name);
          freePreviews([image]);
        } else this.images = [...this.images, image];
      }
      const refused = Object.entries({ ignored, repeated, unreadable }).filter(([, names]) => names.length > 0);
      this.#message = () => refused.map(([reason, names]) => this.#texts[reason](names.join(", "))).join(" · ");
    } finally {
      this.#additions -= 1;
      this.update();
      this.#page.changed();
    }
  }

  /** @type {(texts: Record<string, any>, language: string) => void} */
  translate(texts, language) {
    this.#texts = texts;
    this.#language = language;
    this.update();
  }

  async #addChosen() {
    const files = [...(this.#input.files ?? [])];
    this.#input.value = "";
    await this.add({ files });
  }

  #changed() {
    this.#message = () => "";
    this.update();
    this.#page.changed();
  }

  /** Brings the element up to date, in place. */
  update() {
    const { images, name } = this;
    const texts = this.#texts;
    const selected = this.selected.length;
    this.#title.textContent = name;
    this.#addButton.textContent = texts.add;
    this.#pushButton.textContent = selected ? texts.pushSome(this.pushable.length) : texts.push;
    aria(this.#strip.element, { label: texts.imagesOf(name) });
    aria(this.#addButton, { label: `${this.#addButton.textContent}: ${name}` });
    this.#pushButton.title = this.obstacle;
    aria(this.#pushButton, { label: `${this.#pushButton.textContent}: ${name}`, disabled: this.obstacle !== "" });
    aria(this.#box, { label: texts.selectArticle(name) });
    this.#box.disabled = images.length === 0;
    this.#box.checked = selected > 0 && selected === images.length;
    this.#box.indeterminate = selected > 0 && selected < images.length;
    const message = this.#message();
    const { text, kind } = message ? { text: message, kind: "warn" } : aboutOf(this, this.#pushed, texts);
    this.#about.dataset.kind = kind;
    this.#about.textContent = this.#about.title = text;
    const none = this.#hasRemoved ? texts.allRemoved : this.article ? texts.none : texts.ownHint;
    const reason = this.#error ? describeReason(this.#error, this.#language) : none;
    this.#strip.update(images, reason, this.#error !== "", texts, this.#language);
  }
}
