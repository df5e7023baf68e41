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
  // The last upload to each path, so that no push uploads the same file to it again.
  /** @type {Map<string, {file: WeakRef<File>, url: string, client: unknown}>} */
  #uploads = new Map();
  #modal;

  /** @param {{client?: unknown}} modal  uploads by another client than its present one don't count */
  constructor(modal) {
    this.#modal = modal;
  }

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

  /**
   * @param {ModalImage} image
   * @param {unknown} client  which has uploaded it
   */
  addUploaded({ file, path = "", url }, client) {
    if (file && url) this.#uploads.set(path, { file: new WeakRef(file), url, client });
  }

  /** @type {(image: ModalImage) => ModalImage} */
  #resolve(image) {
    const { file, path = "", url } = image;
    const upload = this.#uploads.get(path);
    const isUploaded = file && upload?.file.deref() === file && upload.client === this.#modal.client;
    return !url && isUploaded ? { ...image, url: upload.url } : image;
  }
}

/** @type {(a: ModalImage[], b: ModalImage[]) => boolean} */
function areEqual(a, b) {
  const names = /** @type {const} */ (["id", "url", "file", "path", "name"]);
  return a.length === b.length && a.every((image, index) => names.every((name) => image[name] === b[index][name]));
}
