// The types and the manual of ozon-upload-modal.js, which defines <ozon-upload-modal> when it is imported.
//
//   import "/ozon-r2/ozon-upload-modal.js";
//   const modal = document.querySelector("ozon-upload-modal");
//   modal.client = studio; // an OzonR2
//   modal.sku = { name: "2194435300", productId: 123 };
//   modal.images = [{ url: "https://r0.image2url.com/users/u/1.jpg" }, { file, path: "users/u/2.jpg" }];
//   modal.show();
//
// The module can be imported on a server: it then defines nothing.
//
// Attributes: `open` opens the modal, and is present while it is open. With `lang` zh, zh-CN and the like, the texts
// are Chinese, with any other language English. Without `lang`, the language of the nearest ancestor in the same
// document or shadow tree, or else of the browser, counts; a language is loaded when it is first needed, and show()
// takes effect once it is. `login-url` is the page for logging in: with it, the error of a person who isn't logged in
// has a link that opens it in a new tab.
//
// Events: `push` and `done`, described below, bubble and cross shadow boundaries; `error` and `close` don't.
//
// Styles: the parts dialog, header, sku, grid, item, tools, button, primary, steps, status, login, progress and footer,
// and the variables --accent --surface --sunken --text --muted --line --border --good --warn --bad --radius --font, set
// on the element. Light or dark follows `color-scheme`, which is `light dark` (the system's) unless the page sets
// another on the element.

import { OzonR2, OzonR2Error, Pushed } from "./ozon-r2.js";

export interface ModalImage {
  /** Not used by the modal, and kept for the page. */
  id?: unknown;
  /** The public URL. */
  url?: string;
  /** If there is no `url`, the push uploads this file to `path` in the bucket, unless another image has that path. */
  file?: File;
  path?: string;
  /** The name shown to the person. Default: that of the file, or the last segment of the URL. */
  name?: string;
}

export class OzonUploadModal extends HTMLElement {
  /** Provides the credential, the uploads and the push. */
  client?: Pick<OzonR2, "credential" | "upload" | "push"> & Partial<Pick<OzonR2, "addWaitListener">>;
  /**
   * Without a `productId`, the person has to enter one. Setting an equal value changes nothing; setting another one
   * discards the ID that was entered. An ID that was missing, for the same name, is shown even if the person has
   * arranged the images.
   */
  get sku(): { name?: string; productId?: number | string };
  set sku(sku: { name?: string; productId?: number | string } | null | undefined);
  /**
   * The images in order; the first is the main image. When read, they are in the order that the person has arranged,
   * and uploaded images have their URLs.
   *
   * Setting a list of equal images (`id`, `url`, `file`, `path` and `name`) changes nothing, so that a component may
   * set it at each render. Another list replaces the arrangement. While the modal is open, and the person has arranged
   * the images, or a push runs or has ended, `images` and `sku` are shown by the next show(), and so is what is set
   * after them.
   */
  get images(): ModalImage[];
  set images(images: readonly ModalImage[] | null | undefined);
  /** The URL of a new marketing color image. Without it, the present one is kept. */
  colorImage?: string;
  /** Whether Ozon fetches images again that it already has under the same URL. */
  refetch?: boolean;
  /**
   * Opens the modal, as soon as it is in the document. What the person arranged and entered before is kept, and so is
   * the result of a failed push.
   */
  show(): void;
  /** Closes the modal, and aborts a running push. The person is asked to confirm that, but not this method's caller. */
  close(): void;

  addEventListener<Name extends keyof OzonUploadModalEventMap>(
    type: Name,
    listener: (this: OzonUploadModal, event: OzonUploadModalEventMap[Name]) => void,
    options?: boolean | AddEventListenerOptions,
  ): void;
  addEventListener(
    type: string,
    listener: EventListenerOrEventListenerObject,
    options?: boolean | AddEventListenerOptions,
  ): void;
  removeEventListener<Name extends keyof OzonUploadModalEventMap>(
    type: Name,
    listener: (this: OzonUploadModal, event: OzonUploadModalEventMap[Name]) => void,
    options?: boolean | EventListenerOptions,
  ): void;
  removeEventListener(
    type: string,
    listener: EventListenerOrEventListenerObject,
    options?: boolean | EventListenerOptions,
  ): void;
}

export interface OzonUploadModalEventMap {
  /**
   * Fired before the images, without those whose upload was cancelled, are sent to Ozon; preventDefault() prevents
   * that.
   */
  push: CustomEvent<{ productId: number; images: string[] }>;
  /** Fired when Ozon has finished, with the result in `status`. */
  done: CustomEvent<Pushed>;
  /**
   * Fired when the credential, an upload or the push failed, but not when the person stopped the push; also when no
   * language can be loaded. If a client rejects with something else than an Error, it is made one: a string becomes its
   * message, and the fields of another object are copied.
   */
  error: CustomEvent<OzonR2Error | Error>;
  close: Event;
}

declare global {
  interface HTMLElementTagNameMap {
    "ozon-upload-modal": OzonUploadModal;
  }
}
