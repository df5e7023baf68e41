// The types and the manual of the client's modules. Browsers don't load this file. A function with a signal rejects
// with the signal's reason when it aborts; but one attempt at a request (postOnce, stream, a Put) may reject with
// NETWORK instead.

import { ImageState, Item, OzonR2Error, Progress, Wait } from "../ozon-r2.js";

export type Json = Record<string, any>;
export type Signal = AbortSignal | undefined;

// control.js

/**
 * A signal that aborts with its parent, by `abort()`, or by a timeout in milliseconds with the reason TIMED_OUT. The
 * timeout begins again at each `touch()`; `touch(0)` ends it. Call `abort()` when the work has ended: it removes the
 * timer and the parent's listener. AbortSignal.any() would need Chromium 116, Firefox 124 or Safari 17.4.
 */
export type ChildSignal = (
  parent?: Signal,
  timeout?: number,
) => { signal: AbortSignal; touch: (timeout?: number) => void; abort: () => void };

/** The promise, rejected at once when the signal aborts. The work behind the promise isn't ended by this. */
export type Abortable = <T>(promise: Promise<T>, signal?: Signal) => Promise<T>;

/** Ends after a time, or at an event of the window. */
export type Sleep = (milliseconds: number, signal?: Signal, event?: string) => Promise<void>;

/** Runs the work when it is its turn. */
export type Limit = <T>(work: () => Promise<T>, signal?: Signal) => Promise<T>;

export type ErrorFields = ConstructorParameters<typeof OzonR2Error>[1];

/** The error of a failed response, whose body is the backend's JSON, the bucket's XML, or a proxy's. */
export type ResponseError = (status: number, text: string, header?: (name: string) => string | null) => OzonR2Error;

export interface Retries {
  /**
   * Repeats `attempt` while it fails with a transient error, at most `maxAttempts` times (default: 5). `renew` lowers
   * the number of failures so far to `failures` (default: 0). Network errors while the browser is offline don't count.
   */
  run<T>(
    attempt: (renew: (failures?: number) => void) => Promise<T>,
    signal?: Signal,
    maxAttempts?: number,
  ): Promise<T>;
}

export type OnWait = ((wait: Wait | null) => void) | undefined;

// calls.js

export interface Backend {
  /** POST with retries. */
  post(path: string, body: Json, signal?: Signal): Promise<Json>;
  postOnce(path: string, body: Json, signal?: Signal): Promise<Json>;
  /**
   * The objects of an NDJSON response. If the response is a list in one piece, because `isStreamed` is false or a proxy
   * has dropped the Accept header, they are made from its items. One attempt: what to request again depends on the
   * items that the caller has received. The `cause` of an error is TIMED_OUT if the response took too long.
   */
  stream(path: string, body: Json, isStreamed: boolean, signal?: Signal): AsyncGenerator<Json, void>;
}

/** Where and how to PUT an object. */
export type Signed = { upload_url: string; headers?: Record<string, string> };

export interface Puts {
  /**
   * Stores a blob, with retries. Each retry uses a new URL: the old one may have expired, and because R2 then rejects
   * the preflight, the browser reports only a network error. Returns the ETag without quotes, if the bucket's CORS rule
   * exposes it.
   *
   * `unused` is the URL of the first attempt, if it is signed already. `sign` is called when the turn of a PUT comes,
   * so that many files aren't signed all at once, and their URLs don't expire in the queue. It makes one attempt: its
   * failure is one of the PUT.
   *
   * `read` is called for each attempt, when it begins. The type of the blob, if it has one, is the Content-Type unless
   * the headers have another. `onBytes` receives how many bytes have been sent.
   */
  send(
    read: () => Promise<Blob>,
    unused: Signed | undefined,
    sign: (used?: Signed) => Promise<Signed>,
    onBytes: (bytes: number) => void,
    signal?: Signal,
  ): Promise<string | undefined>;
}

export type Put = (
  blob: Blob,
  url: string,
  headers: Headers,
  onBytes: (bytes: number) => void,
  signal?: Signal,
) => Promise<string | null | undefined>;

export interface Services {
  backend: Backend;
  retries: Retries;
  puts: Puts;
}

// articles.js

export interface Downloads {
  /**
   * Returns the items in the order of `articles`. When a stream breaks, the articles that it hasn't returned yet are
   * requested again.
   */
  run(articles: string[], mode: Json, signal?: Signal, onItem?: (item: Item, index: number) => void): Promise<Item[]>;
}

// copies.js

export interface CopyOptions {
  concurrency: number;
  sign(path: string, type?: string): Promise<Signed>;
  /** Lets the server copy articles. */
  serverCopy(articles: string[], onItem: (item: Item) => void): Promise<unknown>;
  signal: AbortSignal;
  onProgress?(progress: Progress): void;
  onImage?(article: string, image: ImageState): void;
  only(url: string): boolean;
}

// multipart.js

export interface MultipartOptions {
  file: Blob;
  path: string;
  type?: string;
  /** Identifies the upload in the browser's store. */
  key: string;
  signal?: Signal;
  /**
   * Receives the bytes that have been sent or resumed; and while the stored parts of a resumed upload are compared with
   * the file, how many bytes of them.
   */
  onBytes(bytes: number, verified?: number): void;
}

export type Part = { part_number: number; upload_url: string };
export type StoredPart = { part_number: number; size: number; etag: string };
export type SignParts = (numbers: number[], isRetried: boolean) => Promise<Part[]>;

// files.js

export interface UploadState {
  uploadId: string;
  /** Bytes of the file, and of each part but the last. */
  size: number;
  partSize: number;
  /**
   * The SHA-256 of the bytes that were sent, and the ETag with which the bucket has stored them, by part number. A part
   * of the file that has changed since then is sent again.
   */
  parts: Record<number, { digest: string; etag?: string }>;
}

/** Undefined without IndexedDB (in a private window), without space, or if IndexedDB doesn't respond. */
export type WithStore = <T>(
  mode: IDBTransactionMode,
  work: (store: IDBObjectStore) => IDBRequest<T>,
) => Promise<T | undefined>;

/**
 * Runs the work while nothing else, in any tab of the browser, runs with this key. Throws BUSY if it has to wait for
 * longer than a cancelled upload takes to end.
 */
export type WithLock = <T>(key: string, work: () => Promise<T>, signal?: Signal) => Promise<T>;
