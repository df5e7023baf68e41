import { h, thumbnail } from "../ozon-upload-modal/dom.js";

/**
 * The images of one article, or the person's own images if there is no article. Own files are added by drop or with a
 * button. The height of a card doesn't depend on its contents.
 *
 *   pushable     the images that can be pushed, for ozon-upload-modal: those in the bucket, and own files
 *   element      has the card as its `card`; fires `to-ozon` (which bubbles) when the push button is pressed
 */
export class Card {
  images = [];
  productId;
  #folder;
  #error = "";
  /** The result of the last push, or null. */
  #pushed = null;
  #texts;

  #title = h("h3");
  #about = h("p", { class: "about" });
  #input = h("input", {
    type: "file",
    accept: "image/*",
    multiple: "",
    hidden: "",
    change: () => this.#add(this.#input.files),
  });
  #addButton = h("button", { type: "button", click: () => this.#input.click() });
  #pushButton = h("button", { type: "button", click: () => this.#requestPush() });
  #strip = h("ul", { class: "strip", tabindex: "0" });
  element;

  /**
   * `folder()` returns the folder in the bucket for own files: "users/u/ozon/2194435300/own". `previous` is an earlier
   * card of the same article, whose own files are kept.
   */
  constructor(article, folder, texts, previous) {
    this.article = article;
    this.#folder = folder;
    this.images = previous?.own ?? [];
    const head = h("div", { class: "head" },
      h("div", {}, this.#title, this.#about), this.#input, this.#addButton, this.#pushButton);
    this.element = h(article ? "li" : "div", {
      class: article ? "card waiting" : "card",
      dragover: () => this.element.classList.add("over"),
      dragleave: () => this.element.classList.remove("over"),
      drop: (event) => this.#drop(event),
    }, head, this.#strip);
    this.element.card = this;
    this.relabel(texts);
  }

  get pushable() {
    const images = this.images.filter((image) => image.public_url || image.file);
    return images.map(({ public_url: url, file, name }) => {
      const path = file && `${this.#folder()}/${name}`;
      return { url, file, name, path };
    });
  }

  get own() {
    return this.images.filter((image) => image.file);
  }

  get isFound() {
    return !this.element.classList.contains("waiting");
  }

  /** Shows an item of OzonR2.images. */
  showFound({ product_id, error = "", urls }) {
    this.element.classList.remove("waiting");
    this.productId = product_id;
    this.#error = error;
    this.images = [...urls.map((url) => ({ preview: url })), ...this.own];
    this.#render();
  }

  /** Shows an item of OzonR2.copy. */
  showCopied({ error = "", images }) {
    this.#error = error;
    this.images = [...images.map((image) => ({ preview: image.url, ...image })), ...this.own];
    this.#render();
  }

  /** Shows a result of OzonR2.push, if there is one, and the uploaded ones of the modal's images. */
  showPushed(images, pushed) {
    for (const { file, url } of images) {
      const own = this.own.find((image) => image.file === file);
      if (own && url) Object.assign(own, { public_url: url, via: "browser" });
    }
    if (pushed) this.#pushed = pushed;
    this.#render();
  }

  relabel(texts) {
    this.#texts = texts;
    const name = this.article || texts.own;
    this.#title.textContent = name;
    this.#addButton.textContent = texts.add;
    this.#pushButton.textContent = texts.push;
    this.#strip.setAttribute("aria-label", texts.imagesOf(name));
    for (const button of [this.#addButton, this.#pushButton]) {
      button.setAttribute("aria-label", `${button.textContent}: ${name}`);
    }
    this.#render();
  }

  #requestPush() {
    if (this.pushable.length > 0) this.element.dispatchEvent(new Event("to-ozon", { bubbles: true }));
  }

  #add(files, ignored = 0) {
    for (const file of files) {
      const name = file.name.replace(/[\\/\p{Cc}]/gu, "-");
      // A file of the same name has the same path in the bucket, and so replaces the image.
      this.images = this.images.filter((image) => image.name !== name);
      this.images.push({ file, name, preview: URL.createObjectURL(file) });
    }
    this.#input.value = "";
    this.#render();
    if (ignored) this.#about.textContent = this.#texts.ignored(ignored);
  }

  #drop(event) {
    this.element.classList.remove("over");
    const files = [...event.dataTransfer.files];
    const images = files.filter((file) => file.type.startsWith("image/"));
    this.#add(images, files.length - images.length);
  }

  #render() {
    const texts = this.#texts;
    const { status, updated } = this.#pushed ?? {};
    const error = this.#error === "Product not found" ? texts.notFound : this.#error;
    const count = this.images.length;
    const facts = [this.productId && texts.product(this.productId)];
    if (status === "confirmed" || status === "unchanged") facts.push(texts.confirmed(updated.images));
    else if (status === "partial") facts.push(texts.partial(updated.images));
    else if (status) facts.push(texts.rejected);
    else if (count > 0) facts.push(texts.count(count));
    this.#about.textContent = facts.filter(Boolean).join(" · ");
    this.#about.dataset.kind = { confirmed: "good", partial: "warn", failed: "bad" }[status] ?? "";
    this.#pushButton.setAttribute("aria-disabled", this.pushable.length === 0);
    this.#strip.replaceChildren(...this.images.map((image) => tileOf(image, texts)));
    if (count > 0) return;
    const message = error || (this.article ? texts.none : texts.ownHint);
    this.#strip.append(h("li", { class: error ? "none bad" : "none" }, h("span", {}, message)));
  }
}

function tileOf({ preview, file, via, public_url, error, reason }, texts) {
  const isFailed = error !== undefined;
  const state = isFailed ? error : public_url ? texts[via] : file ? texts.added : texts.onOzon;
  return h("li", { class: isFailed ? "bad" : public_url ? "good" : undefined },
    h("div", { class: "thumb" }, thumbnail(preview)),
    h("span", { title: reason ?? "" }, state));
}
