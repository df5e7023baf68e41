// The English words of the modal, and of errors for the modal and the page. zh.js has the same in Chinese.

export const count = (/** @type {number} */ n, /** @type {string} */ noun) => `${n} ${noun}${n === 1 ? "" : "s"}`;
const images = (/** @type {number} */ n) => count(n, "image");

/** @typedef {number} N */
/** @typedef {string} S */
export const texts = {
  lang: "en",
  requestId: "Request ID",
  title: "Push images to Ozon",
  close: "Close",
  product: "Product",
  productId: "Product ID",
  unset: "Not set. ",
  digits: "Digits only",
  main: "Main",
  order: "The first image is the main image. To move an image, drag it, or press Shift and an arrow key.",
  earlier: "Earlier",
  later: "Later",
  first: "Make main",
  remove: "Remove",
  undo: "Undo",
  empty: "No images to push",
  states: { waiting: "Waiting", verifying: "Verifying", sending: "Uploading", done: "Ready", failed: "Failed" },
  onOzon: "On Ozon",
  unsupported: "Unsupported file type",
  overLimit: (/** @type {N} */ max) => `Over the limit of ${max}`,
  item: (/** @type {N} */ n, /** @type {N} */ total, /** @type {S} */ name, /** @type {S} */ state) =>
    `Image ${n} of ${total}: ${name}. ${state}`,
  moved: (/** @type {N} */ from, /** @type {N} */ to, /** @type {N} */ total) =>
    `Image ${from} moved to position ${to} of ${total}`,
  removed: (/** @type {S} */ name) => `${name} removed`,
  putBack: (/** @type {S} */ name) => `${name} put back`,
  steps: ["API key", "Images", "Product", "Push", "Result"],
  ready: (/** @type {N} */ n) => `${images(n)} will replace the product's pictures.`,
  tooMany: (/** @type {N} */ max, /** @type {N} */ extra) =>
    `Ozon takes ${max} images. The last ${extra} won't be used.`,
  unsupportedFiles: (/** @type {N} */ n) =>
    `${count(n, "file")} can't be pushed. Only JPEG, PNG, WebP, GIF, AVIF and HEIC can.`,
  pushing: "Pushing...",
  uploaded: (/** @type {N} */ done, /** @type {N} */ total) => `Uploaded ${done} of ${images(total)}`,
  amount: (/** @type {S} */ sent, /** @type {S} */ total) => `${sent} of ${total}`,
  timeLeft: (/** @type {S} */ time) => `about ${time} left`,
  pending: "Ozon is still processing the push.",
  pendingFor: (/** @type {S} */ time) =>
    `Waiting for ${time}, usually less than 2 minutes. You may close this window: Ozon continues.`,
  offline: "You're offline. The push continues when the network is back.",
  askToStop: "The push hasn't been sent to Ozon yet. Close the window and stop it?",
  askToClose: "Ozon is processing the push. If you close the window, Ozon continues, but the result isn't shown here.",
  keepOpen: "Keep open",
  stopAndClose: "Stop and close",
  good: (/** @type {N} */ n) => `Ozon confirmed ${images(n)}.`,
  warn: (/** @type {N} */ n, /** @type {N} */ total) =>
    `Ozon confirmed ${n} of ${images(total)}. The others are marked with the reason.`,
  bad: () => "Ozon rejected all images.",
  failedHint: "Remove or replace the marked images, or push again.",
  stopped: "Stopped. Nothing was sent to Ozon.",
  stoppedLate: "Stopped. Ozon may still apply the push.",
  maybeApplied: "Ozon may still apply the push.",
  notUploaded: (/** @type {N} */ n) => `${images(n)} couldn't be uploaded. Nothing was sent to Ozon.`,
  push: "Confirm push",
  retry: "Push again",
  retryFailed: (/** @type {N} */ n) => `Retry the ${n} failed`,
  withoutFailed: (/** @type {N} */ n) => `Push without the ${n} failed`,
  cancel: "Cancel",
  stop: "Stop",
  cancelUpload: "Cancel upload",
  cancelled: (/** @type {S} */ name) => `The upload of ${name} is cancelled`,
  retrying: "The service can't be reached. Trying again.",
  waitingFor: (/** @type {S} */ time) => `Waiting for ${time}`,
  nextAttempt: (/** @type {S} */ time) => `next attempt in ${time}`,
  warned: (/** @type {N} */ n) => `Ozon may not accept ${images(n)}. The reasons are given there.`,
  logIn: "Log in",
};

const later = (/** @type {string} */ wait) => `Try again in ${wait}.`;
const REPORT = "If it happens again, send the request ID to the operator.";
const RELOAD = "Reload the page and try again.";

/**
 * What happened, and what to do next, by the error's code.
 *
 * @type {Record<string, [text: string, hint: string | ((wait: string) => string)]>}
 */
export const errors = {
  VALIDATION_FAILED: ["The request isn't valid.", "Correct it and try again."],
  UNAUTHORIZED: ["You aren't logged in, or your session has ended.", "Log in and try again."],
  NO_CREDENTIAL: ["The seller's credential isn't available.", "Enter the Client ID and the API key of the seller."],
  OZON_UNAUTHORIZED: [
    "Ozon rejected the seller's credential.",
    "Check the Client ID and the API key, and that the key may edit products.",
  ],
  PATH_NOT_ALLOWED: [
    "Your login isn't allowed to use this user's folder.",
    "Check the user ID, or log in as that user.",
  ],
  SCOPE_DENIED: ["Your access doesn't include this function.", "Request access from the operator."],
  NOT_FOUND: ["The service doesn't offer this function.", "The operator has to enable it."],
  PRODUCT_NOT_FOUND: ["Ozon has no product with this ID.", "Check the product ID, and that it belongs to this seller."],
  PRODUCT_CONFLICT: [
    "The product is archived or not yet created, or an earlier push is still pending.",
    "Check the product on Ozon, or try again in a few minutes.",
  ],
  UPLOAD_NOT_FOUND: ["The upload no longer exists.", "Start the upload again."],
  BODY_TOO_LARGE: ["The request is too large.", "Send fewer articles or images at once."],
  RATE_LIMITED: ["There were too many requests.", later],
  OVERLOADED: ["The service is busy.", later],
  INTERNAL: ["The service has a fault.", REPORT],
  UNAVAILABLE: ["The service is unavailable.", later],
  OZON_UNAVAILABLE: ["Ozon is unavailable.", later],
  OZON_BAD_ANSWER: ["Ozon's response couldn't be used.", REPORT],
  OZON_METHOD_RETIRED: ["Ozon no longer offers this function.", "The operator has to update the service."],
  OZON_TIMEOUT: ["Ozon didn't respond in time.", later],
  STORAGE_UNAVAILABLE: ["The storage is unavailable.", later],
  STORAGE_REFUSED: ["The storage rejected the request.", REPORT],
  NETWORK: ["There was no response.", "Check the network connection and try again."],
  BAD_ANSWER: [
    "The response didn't come from the service.",
    "Check the network: a proxy or a login page may have replied.",
  ],
  FILE_CHANGED: ["The file was changed or deleted after it was chosen.", "Remove it and add it again."],
  BUSY: ["Another upload to the same path is running.", "Wait until it has ended, and look for another open window."],
  NOT_AN_IMAGE: ["The file isn't an image.", "Use JPEG, PNG, WebP, GIF, AVIF or HEIC."],
  UNKNOWN: ["An unexpected error occurred.", RELOAD],
};

/** @type {Record<string, string>} */
export const fields = {
  client_id: "Client ID",
  api_key: "API key",
  user_id: "User ID",
  articles: "Article numbers",
  product_id: "Product ID",
  images: "Images",
  images360: "360° images",
  color_image: "Color image",
  r2_path: "File name",
  content_type: "File type",
  size: "File size",
  content_length: "File size",
};

/** By the names in errors.js. */
export const reasons = {
  limit: "Over the limit of $1",
  required: "Is required",
  digits: "Must be digits only",
  imageTypes: "Not JPEG, PNG, WebP, GIF, AVIF or HEIC",
  between: "Must be between $1 and $2",
  repeated: "Is repeated",
  characters: "Has characters that aren't allowed",
  invalidURL: "Is not a valid URL",
  outside: "Outside your folder",
  noProduct: "Product not found",
  noneCopied: "No image could be copied",
  notCopied: "Not copied",
  host: "Not an image of Ozon's",
  tooLarge: "The file is too large",
  expired: "No longer on Ozon",
  gone: "No longer exists",
  dimensions: "The image size isn't allowed",
  declined: "Declined by Ozon's moderation",
  unreadable: "Not a readable image",
  unused: "Not used by Ozon",
  skipped: "Not fetched again by Ozon",
  pending: "Still pending on Ozon",
  unsupported: "No longer supported by Ozon",
  onlyJPEG: "Ozon takes only JPEG here",
  maybeJPEG: "Ozon may accept only JPEG or PNG",
  temporary: "Ozon's temporary URL may have expired",
  ozonDownload: "Ozon couldn't download it",
  rejected: "Rejected by Ozon",
  download: "Couldn't be downloaded",
};
