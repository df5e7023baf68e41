// The types and the manual of ozon-r2.js. Data has the field names of the backend's endpoints.

export interface Options {
  /** Scheme and host of the backend: "https://your-backend.com"; "" is the page's own origin. */
  baseURL: string;
  /** Sent as X-API-Key. Without it nginx adds the key for logged-in sessions. A key in a public page is public. */
  apiKey?: string;
  /**
   * Returns the seller's credential. Called for each request to Ozon; the result isn't kept. Uploads don't need it. If
   * it rejects, the call rejects with the same error.
   */
  credential?: () => Credential | Promise<Credential>;
  /** Images are copied to users/{userId}/ozon/{article}/. Uploads don't need it. */
  userId?: string;
  /** The kind of identifier in `articles`. Default: "offer_id". */
  field?: "offer_id" | "product_id" | "sku";
  /**
   * PUTs to the bucket at the same time, at least 1, of all calls together; copy() also reads so many images at the
   * same time. Default: 6, the number of connections that browsers open to a host without HTTP/2.
   */
  concurrency?: number;
  /**
   * Called when a call waits for the network or for its next attempt, and with null when no call waits any more. It
   * isn't called for the pauses between the polls of a push.
   */
  onWait?: (wait: Wait | null) => void;
}

export interface Wait {
  /** "offline": the browser reports that it has no network. The next attempt is made when it has one, or after 15 s. */
  reason: "offline" | "retry";
  /** When the next attempt is made, in milliseconds since 1970; null while offline. */
  until: number | null;
}

export interface Credential {
  client_id: string;
  api_key: string;
}

/**
 * The media type under which an image is signed and stored: image/jpeg, png, webp, gif, avif or heic. It is found from
 * a media type, whose case, parameters and aliases (image/jpg) don't matter, or from the extension of the name if the
 * type is "" or application/octet-stream. "" if it is none of the six.
 */
export function mediaType(type: string, name?: string): string;

/**
 * The first 8 hex digits of the SHA-256 of a file. A path that contains them gives another picture another URL: Ozon
 * and caches don't fetch the same URL twice. Null where crypto.subtle is missing: on plain http, except from localhost.
 */
export function contentHash(blob: Blob): Promise<string | null>;

/**
 * The browser client of the backend.
 *
 * A call that is aborted by its signal rejects at once with the signal's reason (an AbortError). Every other failure of
 * a call, except that of the option `credential`, rejects with an OzonR2Error. The failure of a single article or image
 * is part of the result instead.
 *
 * Network errors, the statuses 408 and 429, and all from 500 are retried at most four times, after 0.5, 1, 2 and 4
 * seconds, each jittered by up to half, and so much later than Retry-After if the response has one; a stream that has
 * returned an article has all its retries again, and a PUT that fails is retried as long as other PUTs succeed. If
 * Retry-After exceeds 60 s, the call fails without a retry, unless it is that of a poll, as explained at push().
 * Network errors while the browser is offline are retried without a limit.
 */
export class OzonR2 {
  constructor(options: Options);

  /** Calls the option `credential`; undefined if the option is missing. */
  credential(): Promise<Credential | undefined>;

  /** Calls the listener as the option `onWait` is called, until the signal aborts. */
  addWaitListener(listener: (wait: Wait | null) => void, options?: { signal?: AbortSignal }): void;

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
   * browser can't (for example no CORS, a timeout, a Content-Type that isn't an image's, or a PUT that fails), the
   * server copies the image, and its `via` is "server". `onItem` is called when all images of an article have been
   * copied or have failed.
   */
  copy(
    articles: string[],
    options?: {
      signal?: AbortSignal;
      onProgress?: (progress: Progress) => void;
      onItem?: (item: CopiedItem, index: number) => void;
      /** Called when the copy of an image begins, and when it has ended. */
      onImage?: (article: string, image: ImageState) => void;
      /**
       * Selects images by their URL on the CDN; the result contains these alone. Default: all images. It is asked again
       * when an image's turn comes and when the image has been read, so that single images can be cancelled. The server
       * copies whole articles: if the browser can't copy an image, those left out of its article are stored, too.
       */
      only?: (url: string) => boolean;
    },
  ): Promise<CopiedItem[]>;

  /**
   * Uploads one file into the bucket at `path`, such as "users/u/photo.jpg". Files below 16 MB are sent with one PUT,
   * larger ones in parts, four at the same time.
   *
   * After an error or a reload, a multipart upload is resumed by a call with the same file and path: a part that is in
   * the bucket and whose bytes haven't changed isn't sent again. This needs IndexedDB and https (or localhost). If the
   * signal aborts a multipart upload, it is aborted on the server too, after the call has rejected.
   *
   * One upload at a time writes a path, in all tabs of the browser. Another one waits for 10 s, then fails with BUSY. A
   * file that has changed on disk after it was chosen fails with FILE_CHANGED.
   *
   * The signed type is `mediaType(file.type, file.name)`, else `file.type` unless that is empty. It must be one of
   * R2_ALLOWED_TYPES.
   */
  upload(
    file: Blob,
    path: string,
    options?: { signal?: AbortSignal; onProgress?: (progress: UploadProgress) => void },
  ): Promise<Uploaded>;

  /**
   * Replaces a product's pictures on Ozon. While the push is pending, its status is polled, first after 2 s, then at
   * growing intervals of at most 15 s. The result is "pending" only if Ozon has named no task, whose end could be
   * awaited. A poll whose retries have failed with transient errors is repeated, until ten minutes after the first such
   * failure; so is one with a Retry-After of over 60 s, after that time, unless it exceeds the ten minutes. `onStatus`
   * is called for each response. A partial failure doesn't reject: `success` is false, and `errors` names each picture.
   * With `refetch`, Ozon fetches pictures again that it already has under the same URL.
   */
  push(
    pictures: {
      productId: number;
      images?: string[];
      images360?: string[];
      colorImage?: string;
      refetch?: boolean;
    },
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
  /** The images that the server couldn't copy, or whose URL or path it has rejected. */
  errors?: { url: string; reason: string; detail?: string }[];
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
  /** In the product's order; at the end those whose URL or path the server has rejected. */
  images: CopiedImage[];
}

export interface CopiedImage {
  /** On the CDN. */
  url: string;
  /** Missing if the server has rejected the image's URL or path. */
  r2_path?: string;
  /** Missing if the image failed. */
  public_url?: string;
  via: "browser" | "server";
  /** The reason why the browser couldn't copy the image. */
  reason?: string;
  /** The reason why the server couldn't copy it either; the image isn't in the bucket. */
  error?: string;
}

/** Only the `url` while the image is being copied. */
export type ImageState = Pick<CopiedImage, "url"> & Partial<CopiedImage>;

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
  /** Missing while the push is pending. */
  current_images?: string[];
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

export interface UploadProgress extends Progress {
  /** "verifying" while a resumed upload compares the file with the parts that are stored. */
  phase: "verifying" | "uploading";
  /** Bytes of the phase: verified, or sent and resumed. */
  loaded: number;
  /** The size of the file. */
  total: number;
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
  constructor(
    message: string,
    fields: { code: string; cause?: unknown } & Partial<
      Pick<OzonR2Error, "status" | "errors" | "requestId" | "detail" | "retryAfter">
    >,
  );

  /**
   * A code of the backend (PATH_NOT_ALLOWED, ...) or of the bucket (AccessDenied, ...), or the status (HTTP_502) of a
   * response without a code. NETWORK means that there was no response, or that CORS doesn't allow the page's origin: a
   * page can't distinguish the two. BAD_ANSWER is a response that isn't from the backend. BUSY and FILE_CHANGED are
   * explained at upload().
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
  /**
   * The task of a push that Ozon may still apply: only its status could not be requested. Pass it to POST push-status;
   * the client has no call for it.
   */
  taskId?: number;
}
