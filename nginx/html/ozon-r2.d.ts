// The types and the manual of ozon-r2.js. Data has the field names of the backend's endpoints.

export interface Options {
  /** Scheme and host of the backend: "https://your-backend.com"; "" is the page's own origin. */
  baseURL: string;
  /** Sent as X-API-Key. Without it nginx adds the key for logged-in sessions. A key in a public page is public. */
  apiKey?: string;
  /** Returns the seller's credential. Called for each request to Ozon; the result isn't kept. Uploads don't need it. */
  credential?: () => Credential | Promise<Credential>;
  /** Images are copied to users/{userId}/ozon/{article}/. Uploads don't need it. */
  userId?: string;
  /** The kind of identifier in `articles`. Default: "offer_id". */
  field?: "offer_id" | "product_id" | "sku";
  /** Images that copy() transfers at the same time, at least 1. Default: 6. */
  concurrency?: number;
}

export interface Credential {
  client_id: string;
  api_key: string;
}

/**
 * The browser client of the backend.
 *
 * A call that is aborted by its signal rejects with the signal's reason (an AbortError). Every other failure of a call
 * rejects with an OzonR2Error. The failure of a single article or image is part of the result instead.
 *
 * Network errors and the statuses 408, 429, 500, 502, 503 and 504 are retried at most four times, after 0.5, 1, 2 and 4
 * seconds, each jittered by up to half, or after Retry-After if that is longer. If Retry-After exceeds 60 s, the call
 * fails without a retry. While the browser is offline, calls wait for the network without a limit.
 */
export class OzonR2 {
  constructor(options: Options);

  /** Calls the option `credential`; undefined if the option is missing. */
  credential(): Promise<Credential | undefined>;

  /**
   * Lists the images of articles, each with a presigned upload; downloads nothing. `onItem` is called as soon as an
   * article is known, with its index in `articles`. The result is in the order of `articles`.
   */
  images(
    articles: string[],
    options?: { signal?: AbortSignal; onItem?: (item: Item, index: number) => void },
  ): Promise<Item[]>;

  /**
   * Copies the images of articles: this browser reads each image from the CDN and PUTs it into the bucket. If the
   * browser can't (no CORS, a timeout, or a Content-Type that isn't an image's), the server copies the image, and its
   * `via` is "server". `onItem` is called when all images of an article have been copied or have failed.
   */
  copy(
    articles: string[],
    options?: {
      signal?: AbortSignal;
      onProgress?: (progress: Progress) => void;
      onItem?: (item: CopiedItem, index: number) => void;
    },
  ): Promise<CopiedItem[]>;

  /**
   * Uploads one file into the bucket at `path`, such as "users/u/photo.jpg". Files below 16 MB are sent with one PUT,
   * larger ones in parts, four at the same time.
   *
   * After an error or a reload, a multipart upload is resumed by a call with the same file and path: a part that is in
   * the bucket and whose bytes haven't changed isn't sent again. This needs IndexedDB and https (or localhost). If the
   * signal aborts a multipart upload, it is aborted on the server too.
   *
   * `file.type`, if it isn't empty, is signed, so it must be one of R2_ALLOWED_TYPES.
   */
  upload(
    file: Blob,
    path: string,
    options?: { signal?: AbortSignal; onProgress?: (progress: Progress) => void },
  ): Promise<Uploaded>;

  /**
   * Replaces a product's pictures on Ozon. While the push is pending, its status is polled, first after 2 s, then at
   * growing intervals of at most 15 s. `onStatus` is called for each response. A partial failure doesn't reject:
   * `success` is false, and `errors` names each picture.
   */
  push(
    pictures: { productId: number; images?: string[]; images360?: string[]; colorImage?: string },
    options?: { signal?: AbortSignal; onStatus?: (pushed: Pushed) => void },
  ): Promise<Pushed>;
}

/** An item in the response of POST /api/v1/ozon/download. */
export interface Item {
  article: string;
  product_id?: number;
  status: "success" | "failed";
  /** The reason of a failure, such as "Product not found". */
  error?: string;
  total_images: number;
  success_images: number;
  failed_images: number;
  /** The images' URLs on the CDN, the primary image first. */
  urls: string[];
  uploads?: Upload[];
  /** The images that the server couldn't copy. */
  errors?: { url: string; reason: string }[];
}

/** The presigned upload of one image: a PUT to `upload_url` with all `headers`. */
export interface Upload {
  url: string;
  r2_path: string;
  /** Valid for an hour. Keep it secret: anyone who has it can upload. */
  upload_url: string;
  public_url: string;
  headers: Record<string, string>;
}

export interface CopiedItem {
  article: string;
  product_id?: number;
  /** "failed" if the article or all of its images failed. */
  status: "success" | "failed";
  error?: string;
  /** In the product's order. */
  images: CopiedImage[];
}

export interface CopiedImage {
  /** On the CDN. */
  url: string;
  r2_path: string;
  /** Missing if the image failed. */
  public_url?: string;
  via: "browser" | "server";
  /** The reason why the browser couldn't copy the image. */
  reason?: string;
  /** The reason why the server couldn't copy it either; the image isn't in the bucket. */
  error?: string;
}

export interface Uploaded {
  r2_path: string;
  public_url: string;
  /** Bytes. */
  size: number;
  /** Bytes that an interrupted upload had already stored. */
  resumed: number;
}

export interface Pushed {
  success: boolean;
  product_id: number;
  status: "confirmed" | "partial" | "failed" | "pending" | "unchanged";
  /** The pictures that were confirmed by reading them back from Ozon. */
  updated: { images: number; images360: number; color_image: boolean };
  current_images: string[];
  task_id?: number;
  errors: FieldFault[];
  /** Pictures that were pushed, but whose format or address Ozon may not accept. */
  warnings: FieldFault[];
}

/** Totals so far. copy() learns about images and their sizes as it proceeds, so every total may grow. */
export interface Progress {
  /** Bytes that this browser has sent to the bucket. upload() includes those that are resumed. */
  bytes: number;
  totalBytes: number;
  /** Images that have been copied or have failed; for upload(), the file. */
  items: number;
  totalItems: number;
  /** The items that failed. */
  failed: number;
}

export interface FieldFault {
  field: string;
  /** The index in the caller's list. */
  index?: number;
  url?: string;
  reason: string;
}

/** The error of a call. It never contains a presigned URL, a key or a credential. */
export class OzonR2Error extends Error {
  /**
   * A code of the backend (PATH_NOT_ALLOWED, ...) or of the bucket (AccessDenied, ...), or the status (HTTP_502) of a
   * response without a code. NETWORK means that there was no response, or that CORS doesn't allow the page's origin: a
   * page can't distinguish the two. BAD_ANSWER is a response that isn't from the backend.
   */
  code: string;
  /** The HTTP status; 0 without a response. */
  status: number;
  /** All invalid fields of a request that failed validation. */
  errors: FieldFault[];
  /** The `request_id` in the backend's log, or "". */
  requestId: string;
  /** The error that Ozon or R2 returned. */
  detail?: string;
  /** The seconds of the response's Retry-After. */
  retryAfter?: number;
}
