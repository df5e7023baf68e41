/** @typedef {import("../ozon-upload-modal.js").ModalImage} ModalImage */
/** @typedef {import("../ozon-upload-modal.js").OzonUploadModal["sku"]} SKU */

/** The product and the images as the page has set them, and the files of them that have been uploaded. */
export class Values {
  /** @type {SKU} */
  sku = {};
  /**
   * Those that the next show() has to apply.
   *
   * @type {Set<"images" | "sku">}
   */
  waiting = new Set();
  /** @type {ModalImage[]} */
  #images = [];
  // The URLs of uploaded files by their paths, so that no push uploads one of them to the same path again.
  /** @type {WeakMap<File, Map<string, string>>} */
  #uploads = new WeakMap();

  /** The images, with their URLs if their files have been uploaded. */
  get images() {
    return this.#images.map((image) => this.#resolve(image));
  }

  // Returns false if the value is equal.
  /** @type {(sku: SKU) => boolean} */
  setSKU(sku) {
    const isEqual = sku.name === this.sku.name && sku.productId === this.sku.productId;
    if (!isEqual) this.sku = sku;
    return !isEqual;
  }

  // Returns false if the images are equal.
  /** @type {(images: ModalImage[]) => boolean} */
  setImages(images) {
    const isEqual = areEqual(images.map((image) => this.#resolve(image)), this.images);
    if (!isEqual) this.#images = images;
    return !isEqual;
  }

  /** @param {ModalImage} image */
  addUploaded({ file, path = "", url }) {
    if (file && url) this.#uploads.set(file, (this.#uploads.get(file) ?? new Map()).set(path, url));
  }

  /** @type {(image: ModalImage) => ModalImage} */
  #resolve(image) {
    const url = image.url || (image.file && this.#uploads.get(image.file)?.get(image.path ?? ""));
    return url ? { ...image, url } : image;
  }
}

/** @type {(a: ModalImage[], b: ModalImage[]) => boolean} */
function areEqual(a, b) {
  const names = /** @type {const} */ (["id", "url", "file", "path", "name"]);
  return a.length === b.length && a.every((image, index) => names.every((name) => image[name] === b[index][name]));
}
