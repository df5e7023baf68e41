/** @typedef {import("../ozon-upload-modal.js").ModalImage} ModalImage */

/** The files that have been uploaded, so that no push uploads one of them to the same path again. */
export class UploadedFiles {
  // URLs by path.
  /** @type {WeakMap<File, Map<string, string>>} */
  #files = new WeakMap();

  /** @param {ModalImage} image */
  add({ file, path = "", url }) {
    if (file && url) this.#files.set(file, (this.#files.get(file) ?? new Map()).set(path, url));
  }

  // The image with its URL, if its file has been uploaded.
  /** @type {(image: ModalImage) => ModalImage} */
  resolve = (image) => {
    const url = image.url || (image.file && this.#files.get(image.file)?.get(image.path ?? ""));
    return url ? { ...image, url } : image;
  };
}

/** @type {(a: ModalImage[], b: ModalImage[]) => boolean} */
export function areSame(a, b) {
  const names = /** @type {const} */ (["id", "url", "file", "path", "name"]);
  return a.length === b.length && a.every((image, index) => names.every((name) => image[name] === b[index][name]));
}
