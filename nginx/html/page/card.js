import { h } from "../ozon-upload-modal/dom.js";

/**
 * The images of one article, or, without one, a person's own; own files are added by drop or by the button. Of one height
 * whatever it holds.
 *
 *   pushable     what can be pushed, as ozon-upload-modal takes it: images in the bucket, and own files
 *   element      its `card` is this; fires `to-ozon` (bubbling) when they are to be pushed
 */
export class Card {
  images = [];
  productId;
  #folder;
  #error = "";
  /** Of the last push, for the person. */
  #outcome = null;
  #texts;

  #title = h("h3");
  #about = h("p", { class: "about" });
  #input = h("input", { type: "file", accept: "image/*", multiple: "", hidden: "", change: () => this.#add(this.#input.files) });
  #addButton = h("button", { type: "button", click: () => this.#input.click() });
  #pushButton = h("button", { type: "button", click: () => this.pushable.length && this.element.dispatchEvent(new Event("to-ozon", { bubbles: true })) });
  #strip = h("ul", { class: "strip", tabindex: "0" });
  element;

  /** `folder()`: where own files go in the bucket, "users/u/ozon/2194435300/own"; `before`: the article's card till now. */
  constructor(article, folder, texts, before) {
    this.article = article;
    this.#folder = folder;
    this.images = before?.own ?? [];
    this.element = h(article ? "li" : "div", {
      class: article ? "card waiting" : "card",
      dragover: (event) => (event.preventDefault(), this.element.classList.add("over")),
      dragleave: () => this.element.classList.remove("over"),
      drop: (event) => this.#drop(event),
    },
      h("div", { class: "head" }, h("div", {}, this.#title, this.#about), this.#input, this.#addButton, this.#pushButton),
      this.#strip);
    this.element.card = this;
    this.relabel(texts);
  }

  get pushable() {
    return this.images.filter((image) => image.public_url || image.file).map(({ public_url: url, file, name }) => (
      { url, file, name, path: file && `${this.#folder()}/${name}` }));
  }

  get own() {
    return this.images.filter((image) => image.file);
  }

  get isFound() {
    return !this.element.classList.contains("waiting");
  }

  /** `item`: of OzonR2.images. */
  found({ product_id, error = "", urls }) {
    this.element.classList.remove("waiting");
    this.productId = product_id;
    this.#error = error;
    this.images = [...urls.map((url) => ({ preview: url })), ...this.own];
    this.#show();
  }

  /** `item`: of OzonR2.copy. */
  copied({ error = "", images }) {
    this.#error = error;
    this.images = [...images.map((image) => ({ preview: image.url, ...image })), ...this.own];
    this.#show();
  }

  /** `uploaded`: the modal's images; `outcome`: of OzonR2.push. */
  pushed(uploaded, outcome) {
    for (const { file, url } of uploaded) {
      const own = this.own.find((image) => image.file === file);
      if (own && url) Object.assign(own, { public_url: url, via: "browser" });
    }
    if (outcome) this.#outcome = outcome;
    this.#show();
  }

  relabel(texts) {
    this.#texts = texts;
    this.#title.textContent = this.article || texts.own;
    this.#addButton.textContent = texts.add;
    this.#pushButton.textContent = texts.push;
    this.#strip.setAttribute("aria-label", texts.imagesOf(this.article || texts.own));
    for (const button of [this.#addButton, this.#pushButton]) {
      button.setAttribute("aria-label", `${button.textContent}: ${this.article || texts.own}`);
    }
    this.#show();
  }

  #add(files, rejected = 0) {
    for (const file of files) {
      const name = file.name.replace(/[\\/\p{Cc}]/gu, "-");
      // The same place in the bucket: the same image.
      this.images = this.images.filter((image) => image.name !== name);
      this.images.push({ file, name, preview: URL.createObjectURL(file) });
    }
    this.#input.value = "";
    this.#show();
    if (rejected) this.#about.textContent = this.#texts.noImage(rejected);
  }

  #drop(event) {
    event.preventDefault();
    this.element.classList.remove("over");
    const files = [...event.dataTransfer.files];
    const images = files.filter((file) => file.type.startsWith("image/"));
    this.#add(images, files.length - images.length);
  }

  #show() {
    const texts = this.#texts;
    const { confirmed, partial, refused } = texts;
    const { status, updated } = this.#outcome ?? {};
    const error = this.#error === "Product not found" ? texts.notFound : this.#error;
    const count = this.images.length;
    const facts = [this.productId && texts.product(this.productId)];
    if (!status && count > 0) facts.push(texts.count(count));
    if (status) facts.push({ confirmed, unchanged: confirmed, partial }[status]?.(updated.images) ?? refused);
    this.#about.textContent = facts.filter(Boolean).join(" · ");
    this.#about.dataset.kind = { confirmed: "good", partial: "warn", failed: "bad" }[status] ?? "";
    this.#pushButton.setAttribute("aria-disabled", this.pushable.length === 0);
    this.#strip.replaceChildren(...this.images.map((image) => tileOf(image, texts)));
    if (count > 0) return;
    const none = error || (this.article ? texts.none : texts.ownHint);
    this.#strip.append(h("li", { class: error ? "none bad" : "none" }, h("span", {}, none)));
  }
}

function tileOf({ preview, file, via, public_url, error, reason }, texts) {
  const isFailed = error !== undefined;
  const state = isFailed ? error : public_url ? texts[via] : file ? texts.added : texts.atOzon;
  return h("li", { class: isFailed ? "bad" : public_url ? "good" : undefined },
    h("div", { class: "thumb" }, h("img", { src: preview, alt: "", loading: "lazy", error: ({ target }) => (target.hidden = true) })),
    h("span", { title: reason ?? "" }, state));
}
