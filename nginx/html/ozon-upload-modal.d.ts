// The types and the manual of ozon-upload-modal.js, which defines <ozon-upload-modal> when it is imported.
//
//   import "/ozon-r2/ozon-upload-modal.js";
//   const modal = document.querySelector("ozon-upload-modal");
//   modal.client = studio; // an OzonR2
//   modal.sku = { name: "2194435300", productId: 123 };
//   modal.images = [{ url: "https://r0.image2url.com/users/u/1.jpg" }, { file, path: "users/u/2.jpg" }];
//   modal.show();
//
// Attributes: `open` opens it, and is there while it is open; `lang`: zh, zh-CN, ... Chinese, else English. Without it the
// language is that of the element around it, or of the browser.
//
// Events: `push`, `done`, `error` (below), which bubble and leave shadow trees; `close`, which doesn't.
//
// Styles: the parts dialog header sku grid item tools button primary steps status footer, and the variables --accent --surface
// --sunken --text --muted --line --border --good --warn --bad --radius --font, set on the element. Light or dark goes by
// `color-scheme`, which is `light dark` (the system's) unless the page sets another on the element.

import { OzonR2, OzonR2Error, Pushed } from "./ozon-r2";

export interface ModalImage {
  /** For the page's own use. */
  id?: unknown;
  /** Where it is public. */
  url?: string;
  /** Without `url`: what the push uploads, to `path` in the bucket. */
  file?: File;
  path?: string;
  /** For the person; else the file's, or the last part of the URL. */
  name?: string;
}

export class OzonUploadModal extends HTMLElement {
  /** Asked for the credential, to upload, and to push. */
  client?: Pick<OzonR2, "credential" | "upload" | "push">;
  /** Without a product's id the person is asked for it. */
  sku: { name?: string; productId?: number | string };
  /**
   * In order, the first is the main one. Read again, they are as the person has arranged them, with the URLs of what was
   * uploaded. Set while a push runs, they are shown by the next show().
   */
  images: ModalImage[];
  /** URL of the marketing color image, if that is to be replaced too. */
  colorImage?: string;
  /** Opens it, with `images` as they were set and nothing pushed yet. */
  show(): void;
  /** Closes it, and stops what runs. */
  close(): void;

  addEventListener<Name extends keyof OzonUploadModalEventMap>(
    type: Name,
    listener: (this: OzonUploadModal, event: OzonUploadModalEventMap[Name]) => void,
    options?: boolean | AddEventListenerOptions,
  ): void;
  addEventListener(type: string, listener: EventListenerOrEventListenerObject, options?: boolean | AddEventListenerOptions): void;
}

export interface OzonUploadModalEventMap {
  /** The images are about to be sent; preventDefault() stops that. */
  push: CustomEvent<{ productId: number; images: string[] }>;
  /** Ozon has ended; `status` says how. */
  done: CustomEvent<Pushed>;
  /** It came to no end: the credential, an upload or the push failed. Not when the person stopped it. */
  error: CustomEvent<OzonR2Error | Error>;
  close: Event;
}

declare global {
  interface HTMLElementTagNameMap {
    "ozon-upload-modal": OzonUploadModal;
  }
}
