// The types and the manual of ozon-r2.js. Data have the field names of the backend's endpoints.

export interface Options {
  /** Scheme and host of the backend: "https://your-backend.com"; "" is the page's own origin. */
  baseURL: string;
  /** Sent as X-API-Key. Without it nginx adds the key for logged-in sessions. A key in a public page is public. */
  apiKey?: string;
  /** The seller's, asked for at each call to Ozon and not kept. Uploads need none. */
  credential?: () => Credential | Promise<Credential>;
  /** Images go to users/{userId}/ozon/{article}/. Uploads need none. */
  userId?: string;
  /** What `articles` are. Default: "offer_id". */
  field?: "offer_id" | "product_id" | "sku";
  /** Images that copy() has under way at once. Default: 6. */
  concurrency?: number;
}

export interface Credential {
  client_id: string;
  api_key: string;
}

/**
 * The browser's half of the backend.
 *
 * A signal ends a call at once with the signal's reason (an AbortError). All else that ends a call is an OzonR2Error; what
 * goes wrong with one article or one image stands in its result instead.
 * Network errors and 408, 429, 500, 502, 503, 504 are tried again, four times at most, after 0.5, 1, 2 and 4 s, jittered by
 * half, or after Retry-After if that is longer (over 60 s: an error at once). Offline, the network is waited for, as long
 * as it takes.
 */
export class OzonR2 {
  constructor(options: Options);

  /** The seller's, asked for anew; undefined if there is nobody to ask. */
  credential(): Promise<Credential | undefined>;

  /**
   * The images of articles, each with a presigned upload, told as they come (`onItem`, with the place in `articles`).
   * Nothing is downloaded. The items are in the order of `articles`.
   */
  images(
    articles: string[],
    options?: { signal?: AbortSignal; onItem?: (item: Item, index: number) => void },
  ): Promise<Item[]>;

  /**
   * The images of articles, each fetched from the CDN and PUT into the bucket by this browser. What the browser can't bring
   * (no CORS, a time-out, no image by its Content-Type), the server copies, article by article; `via` says so.
   * `onItem`: an article has ended.
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
   * One file into the bucket at `path`: "users/u/photo.jpg". Below 16 MB one PUT, else in parts, four at once.
   * An upload in parts that broke off, by an error or a reload, goes on when it is called again with the same file and path:
   * parts that the bucket holds and whose bytes are still the file's are not sent again. That needs IndexedDB and https
   * (or localhost). An aborted one is aborted on the server too.
   * `file.type`, if it has one, is signed, and so must be one of R2_ALLOWED_TYPES.
   */
  upload(
    file: Blob,
    path: string,
    options?: { signal?: AbortSignal; onProgress?: (progress: Progress) => void },
  ): Promise<Uploaded>;

  /**
   * Replaces a product's pictures on Ozon, and asks after them (2 s, then up to 15 s apart) until Ozon has ended.
   * A partial failure is a result: `success` is false, `errors` names each picture. `onStatus`: of each answer.
   */
  push(
    pictures: { productId: number; images?: string[]; images360?: string[]; colorImage?: string },
    options?: { signal?: AbortSignal; onStatus?: (pushed: Pushed) => void },
  ): Promise<Pushed>;
}

/** An article, as POST /api/v1/ozon/download tells it. */
export interface Item {
  article: string;
  product_id?: number;
  status: "success" | "failed";
  /** Why it failed: "Product not found", ... */
  error?: string;
  total_images: number;
  success_images: number;
  failed_images: number;
  /** Of the CDN, the primary image first. */
  urls: string[];
  uploads?: Upload[];
  /** Of the server's copy: the images that failed. */
  errors?: { url: string; reason: string }[];
}

/** Where one image may be put: PUT to `upload_url` with each of `headers`. */
export interface Upload {
  url: string;
  r2_path: string;
  /** A secret until it expires, after an hour. */
  upload_url: string;
  public_url: string;
  headers: Record<string, string>;
}

export interface CopiedItem {
  article: string;
  product_id?: number;
  /** "failed": the article, or all of its images. */
  status: "success" | "failed";
  error?: string;
  /** In the product's order. */
  images: CopiedImage[];
}

export interface CopiedImage {
  /** Of the CDN. */
  url: string;
  r2_path: string;
  /** Absent if it failed. */
  public_url?: string;
  via: "browser" | "server";
  /** Why the browser couldn't bring it. */
  reason?: string;
  /** Why the server couldn't either: it is not in the bucket. */
  error?: string;
}

export interface Uploaded {
  r2_path: string;
  public_url: string;
  /** Bytes. */
  size: number;
  /** Bytes that were already there, from an upload that had broken off. */
  resumed: number;
}

export interface Pushed {
  success: boolean;
  product_id: number;
  status: "confirmed" | "partial" | "failed" | "pending" | "unchanged";
  /** What reading back confirmed. */
  updated: { images: number; images360: number; color_image: boolean };
  current_images: string[];
  task_id?: number;
  errors: FieldFault[];
  /** Pictures that were pushed, but that Ozon may be unable to take. */
  warnings: FieldFault[];
}

/** Totals so far. Copies learn of images and their sizes as they go, so all of them may grow. */
export interface Progress {
  /** Bytes sent to the bucket by this browser, and to be sent. An upload's begin with those already there. */
  bytes: number;
  totalBytes: number;
  /** Images (an upload: the file) that have ended, of how many, and how many of them failed. */
  items: number;
  totalItems: number;
  failed: number;
}

export interface FieldFault {
  field: string;
  /** The place in the caller's list. */
  index?: number;
  url?: string;
  reason: string;
}

/** What went wrong. Never holds a presigned URL, a key or a credential. */
export class OzonR2Error extends Error {
  /**
   * The backend's (PATH_NOT_ALLOWED, ...), the bucket's (AccessDenied, ...), or HTTP_502 where the answer told none.
   * NETWORK: no answer came, which a page can't tell from an origin not allowed. BAD_ANSWER: not the backend's.
   */
  code: string;
  /** HTTP's; 0 if no answer came. */
  status: number;
  /** Of a refused validation: all that is wrong. */
  errors: FieldFault[];
  /** `request_id` in the backend's log, or "". */
  requestId: string;
  /** What Ozon or R2 said. */
  detail?: string;
  /** Seconds, if the server asked for a pause. */
  retryAfter?: number;
}
