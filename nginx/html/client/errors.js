// The errors that the client throws.

export class OzonR2Error extends Error {
  /**
   * @param {string} message
   * @param {{code: string, status?: number, errors?: import("../ozon-r2.js").FieldFault[], requestId?: string,
   *   detail?: string, retryAfter?: number, cause?: unknown}} fields
   */
  constructor(message, { code, status = 0, errors = [], requestId = "", detail, retryAfter, cause }) {
    super(message, { cause });
    Object.assign(this, { name: "OzonR2Error", code, status, errors, requestId, detail, retryAfter });
  }
}

/** @param {unknown} [cause] */
export function networkError(cause) {
  return new OzonR2Error("No response: network error, or origin not allowed", { code: "NETWORK", cause });
}

/** @type {(cause: unknown) => never} */
export function throwNetworkError(cause) {
  throw networkError(cause);
}

/**
 * @param {Response} response
 * @param {unknown} [cause]
 */
export function badResponse({ status, headers }, cause) {
  const requestId = headers.get("X-Request-Id") ?? "";
  return new OzonR2Error("The response is not from the backend", { code: "BAD_ANSWER", status, requestId, cause });
}

/**
 * The object in a text of JSON.
 *
 * @param {string} text
 * @param {Response} response  from which the text is
 * @returns {Record<string, any>}
 */
export function parseObject(text, response) {
  let value;
  try {
    value = JSON.parse(text);
  } catch (cause) {
    throw badResponse(response, cause);
  }
  if (typeof value !== "object" || value === null) throw badResponse(response);
  return value;
}

/**
 * The error of a failed response, whose body is the backend's JSON, the bucket's XML, or that of a proxy between them.
 *
 * @param {number} status
 * @param {string} text
 * @param {(name: string) => string | null} [header]
 */
export function responseError(status, text, header = () => null) {
  let body;
  try {
    body = JSON.parse(text);
  } catch {}
  const code = body?.code ?? /<Code>(\w+)</.exec(text)?.[1] ?? `HTTP_${status}`;
  return new OzonR2Error(body?.error ?? code, {
    code,
    status,
    errors: body?.errors,
    requestId: body?.request_id ?? header("X-Request-Id") ?? "",
    detail: body?.detail,
    retryAfter: secondsUntil(header("Retry-After")),
  });
}

// Retry-After is a number of seconds or a date.
/** @type {(retryAfter: string | null) => number | undefined} */
function secondsUntil(retryAfter) {
  const seconds = Number(retryAfter ?? NaN);
  const left = Number.isNaN(seconds) ? Math.ceil((Date.parse(retryAfter ?? "") - Date.now()) / 1000) : seconds;
  return left > 0 ? left : undefined;
}
