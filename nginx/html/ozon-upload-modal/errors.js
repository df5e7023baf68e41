// The words for every error, in English and Chinese, shared by the modal and the page. Errors are looked up by their
// code (Sources/Telemetry/ErrorCode.swift, nginx/maps.conf, the client's), the reasons of fields and images by their
// text, which is the backend's or a code of Ozon's (pics_cant_decode).

/** @typedef {[english: string, chinese: string]} Both */
/** @typedef {{text: Both, hint: Both | ((wait: Both) => Both), action?: "login" | "retry"}} Entry */

/** Seconds; the pause that is advised if the error has no `retryAfter`. */
const DEFAULT_WAIT = 60;

/** @type {(wait: Both) => Both} */
const later = ([english, chinese]) => [`Try again in ${english}.`, `请在 ${chinese}后重试。`];
/** @type {Both} */
const report = ["If it happens again, send the request ID to the operator.", "如再次出现，请将请求 ID 发给管理员。"];
/** @type {Both} */
const reload = ["Reload the page and try again.", "请刷新页面后重试。"];

/** @type {Record<string, Entry>} */
const errors = {
  VALIDATION_FAILED: {
    text: ["The request isn't valid.", "请求无效。"],
    hint: ["Correct it and try again.", "请更正后重试。"],
  },
  UNAUTHORIZED: {
    text: ["You aren't logged in, or your session has ended.", "您尚未登录，或登录已过期。"],
    hint: ["Log in and try again.", "请登录后重试。"],
    action: "login",
  },
  NO_CREDENTIAL: {
    text: ["The seller's credential isn't available.", "无法获取卖家凭证。"],
    hint: ["Enter the Client ID and the API key of the seller.", "请填写卖家的 Client ID 和 API 密钥。"],
  },
  OZON_UNAUTHORIZED: {
    text: ["Ozon rejected the seller's credential.", "Ozon 拒绝了卖家凭证。"],
    hint: [
      "Check the Client ID and the API key, and that the key may edit products.",
      "请检查 Client ID 和 API 密钥，并确认该密钥有编辑商品的权限。",
    ],
  },
  PATH_NOT_ALLOWED: {
    text: ["Your login isn't allowed to use this user's folder.", "您的登录无权使用此用户的文件夹。"],
    hint: ["Check the user ID, or log in as that user.", "请检查用户 ID，或以该用户登录。"],
  },
  SCOPE_DENIED: {
    text: ["Your access doesn't include this function.", "您的权限不包括此功能。"],
    hint: ["Request access from the operator.", "请向管理员申请权限。"],
  },
  PRODUCT_NOT_FOUND: {
    text: ["Ozon has no product with this ID.", "Ozon 上没有此 ID 的商品。"],
    hint: ["Check the product ID, and that it belongs to this seller.", "请检查商品 ID，并确认它属于该卖家。"],
  },
  PRODUCT_CONFLICT: {
    text: [
      "The product is archived or not yet created, or an earlier push is still pending.",
      "商品已归档或尚未创建，或之前的推送仍在处理。",
    ],
    hint: ["Check the product on Ozon, or try again in a few minutes.", "请在 Ozon 上查看该商品，或几分钟后重试。"],
    action: "retry",
  },
  UPLOAD_NOT_FOUND: {
    text: ["The upload no longer exists.", "该上传已不存在。"],
    hint: ["Start the upload again.", "请重新上传。"],
    action: "retry",
  },
  BODY_TOO_LARGE: {
    text: ["The request is too large.", "请求过大。"],
    hint: ["Send fewer articles or images at once.", "请减少一次提交的货号或图片数量。"],
  },
  RATE_LIMITED: { text: ["There were too many requests.", "请求过多。"], hint: later, action: "retry" },
  OVERLOADED: { text: ["The service is busy.", "服务繁忙。"], hint: later, action: "retry" },
  INTERNAL: { text: ["The service has a fault.", "服务出现故障。"], hint: report },
  UNAVAILABLE: { text: ["The service is unavailable.", "服务暂时不可用。"], hint: later, action: "retry" },
  OZON_UNAVAILABLE: { text: ["Ozon is unavailable.", "Ozon 暂时不可用。"], hint: later, action: "retry" },
  OZON_BAD_ANSWER: { text: ["Ozon's response couldn't be used.", "无法使用 Ozon 的响应。"], hint: report },
  OZON_METHOD_RETIRED: {
    text: ["Ozon no longer offers this function.", "Ozon 已停用此功能。"],
    hint: ["The operator has to update the service.", "需要管理员更新服务。"],
  },
  OZON_TIMEOUT: { text: ["Ozon didn't respond in time.", "Ozon 未及时响应。"], hint: later, action: "retry" },
  STORAGE_UNAVAILABLE: { text: ["The storage is unavailable.", "存储暂时不可用。"], hint: later, action: "retry" },
  STORAGE_REFUSED: { text: ["The storage rejected the request.", "存储拒绝了请求。"], hint: report },
  NETWORK: {
    text: ["There was no response.", "没有收到响应。"],
    hint: ["Check the network connection and try again.", "请检查网络连接后重试。"],
    action: "retry",
  },
  BAD_ANSWER: {
    text: ["The response didn't come from the service.", "响应并非来自该服务。"],
    hint: ["Check the network: a proxy or a login page may have replied.", "请检查网络：可能是代理或登录页面作出了响应。"],
  },
  FILE_CHANGED: {
    text: ["The file was changed or deleted after it was chosen.", "文件在选择后已被更改或删除。"],
    hint: ["Remove it and add it again.", "请移除后重新添加。"],
  },
  BUSY: {
    text: ["Another upload to the same path is running.", "同一路径正在进行另一个上传。"],
    hint: ["Wait until it has ended, and look for another open window.", "请等待其结束，并检查是否打开了其他窗口。"],
    action: "retry",
  },
  NOT_AN_IMAGE: {
    text: ["The file isn't an image.", "该文件不是图片。"],
    hint: ["Use JPEG, PNG, WebP, GIF, AVIF or HEIC.", "请使用 JPEG、PNG、WebP、GIF、AVIF 或 HEIC。"],
  },
  UNKNOWN: { text: ["An unexpected error occurred.", "发生了意外错误。"], hint: reload },
};

// Codes with the words of another code.
/** @type {Record<string, string>} */
const synonyms = {
  OPERATION_NOT_ALLOWED: "SCOPE_DENIED",
  METHOD_NOT_ALLOWED: "UNKNOWN",
  UNSUPPORTED_MEDIA_TYPE: "UNKNOWN",
  STORAGE_TIMEOUT: "STORAGE_UNAVAILABLE",
  BACKEND_UNAVAILABLE: "UNAVAILABLE",
  BACKEND_TIMEOUT: "UNAVAILABLE",
};

/** @type {Record<string, Both>} */
const fields = {
  client_id: ["Client ID", "Client ID"],
  api_key: ["API key", "API 密钥"],
  user_id: ["User ID", "用户 ID"],
  articles: ["Article numbers", "货号"],
  product_id: ["Product ID", "商品 ID"],
  images: ["Images", "图片"],
  images360: ["360° images", "360° 图片"],
  color_image: ["Color image", "颜色图片"],
  r2_path: ["File name", "文件名"],
  content_type: ["File type", "文件类型"],
  size: ["File size", "文件大小"],
  content_length: ["File size", "文件大小"],
};

// The first pattern that matches a reason gives the words; $1 is its group.
/** @type {[RegExp, Both][]} */
const reasons = [
  [/limit \((\d+)\)/, ["Over the limit of $1", "超出上限 $1"]],
  [/^(Field required|Must not be empty)/, ["Is required", "必填"]],
  [/^Must be (an|a positive) integer/, ["Must be digits only", "只能为数字"]],
  [/^Must be one of image|^Type not allowed|url_unsupported/, [
    "Not JPEG, PNG, WebP, GIF, AVIF or HEIC",
    "不是 JPEG、PNG、WebP、GIF、AVIF 或 HEIC",
  ]],
  [/^Must be between (\d+) and (\d+)/, ["Must be between $1 and $2", "必须在 $1 与 $2 之间"]],
  [/^Must not be repeated|duplicate/, ["Is repeated", "重复"]],
  [/^Invalid characters|^Invalid path/, ["Has characters that aren't allowed", "含有不允许的字符"]],
  [/^Invalid URL/, ["Is not a valid URL", "不是有效的网址"]],
  [/^Path not allowed/, ["Outside your folder", "不在您的文件夹内"]],
  [/^Product not found/, ["Product not found", "未找到商品"]],
  [/^NO_IMAGES/, ["No image could be copied", "没有图片复制成功"]],
  [/^Not copied/, ["Not copied", "未复制"]],
  [/^Host not allowed/, ["Not an image of Ozon's", "不是 Ozon 的图片地址"]],
  [/^Too large|EntityTooLarge/, ["The file is too large", "文件过大"]],
  [/^Expired/, ["No longer on Ozon", "Ozon 上已过期"]],
  [/HTTP 404/, ["No longer exists", "已不存在"]],
  [/dimensions/, ["The image size isn't allowed", "图片尺寸不符合要求"]],
  [/DECLINE|decline/, ["Declined by Ozon's moderation", "未通过 Ozon 审核"]],
  [/decode|^Not an image/, ["Not a readable image", "不是可读取的图片"]],
  [/among|vanish/, ["Not used by Ozon", "Ozon 未采用"]],
  [/^Skipped/, ["Not fetched again by Ozon", "Ozon 未重新获取"]],
  [/^Still pending/, ["Still pending on Ozon", "Ozon 仍在处理"]],
  [/^Not supported by Ozon/, ["No longer supported by Ozon", "Ozon 已不支持"]],
  [/takes JPG by link/, ["Ozon takes only JPEG here", "此处 Ozon 只接受 JPEG"]],
  [/takes JPG/, ["Ozon may accept only JPEG or PNG", "Ozon 可能只接受 JPEG 或 PNG"]],
  [/load|http_|reading_timeout|server_unavailable/, ["Ozon couldn't download it", "Ozon 无法下载"]],
  [/_image_failed|^Refused by Ozon/, ["Rejected by Ozon", "被 Ozon 拒绝"]],
  [/Timeout|unreachable|broken|redirects|^HTTP |^No response|trusted|^Cancelled/, ["Couldn't be downloaded", "无法下载"]],
];

/** @type {(both: Both, language: string) => string} */
const pick = (both, language) => both[isChinese(language) ? 1 : 0];

/** @type {(language: string) => boolean} */
export function isChinese(language) {
  return /^zh\b/i.test(language);
}

/**
 * The words for an error of OzonR2 (or any other): what happened, what to do next, and the `action` that helps: logging
 * in, or trying again.
 *
 * @param {{code?: string, status?: number, message?: string, retryAfter?: number,
 *   errors?: {field: string, reason: string}[]}} error
 * @param {string} language  such as "zh-CN" or "en"
 * @returns {{text: string, hint: string, action?: "login" | "retry"}}
 */
export function describeError(error, language) {
  const { code = "", status = 0, message = "", errors: faults = [], retryAfter = DEFAULT_WAIT } = error;
  const name = synonyms[code] ?? code;
  const { text, hint, action } = errors[name] ?? errors[codeOf(status)];
  /** @type {Both} */
  const wait = [formatDuration(retryAfter, "en"), formatDuration(retryAfter, "zh")];
  const details = faults.map(({ field, reason }) => describeFault(field, reason, language));
  if (text === errors.UNKNOWN.text && message) details.push(message);
  return {
    text: [pick(text, language), ...details].join(" "),
    hint: pick(typeof hint === "function" ? hint(wait) : hint, language),
    action,
  };
}

/** @type {(status: number) => string} */
function codeOf(status) {
  if (status === 401) return "UNAUTHORIZED";
  if (status === 403) return "STORAGE_REFUSED";
  if (status === 413) return "BODY_TOO_LARGE";
  if (status === 429) return "RATE_LIMITED";
  return status >= 500 ? "UNAVAILABLE" : "UNKNOWN";
}

/**
 * The words for the reason of an image or a field; an unknown reason, such as a sentence of Ozon's, stays as it is.
 *
 * @param {string} reason
 * @param {string} language
 */
export function describeReason(reason, language) {
  for (const [pattern, both] of reasons) {
    const match = pattern.exec(reason);
    if (match) return pick(both, language).replace(/\$(\d)/g, (_, group) => match[group]);
  }
  const known = errors[reason];
  return known ? pick(known.text, language) : reason;
}

/**
 * A sentence with the field of the backend's, such as "credential.client_id", and the reason.
 *
 * @param {string} field
 * @param {string} reason
 * @param {string} language
 */
export function describeFault(field, reason, language) {
  const name = fields[field.replace(/.*\./, "")] ?? [field, field];
  const [colon, stop] = isChinese(language) ? ["：", "。"] : [": ", "."];
  return pick(name, language) + colon + describeReason(reason, language).replace(/[.。]$/, "") + stop;
}

/**
 * A duration in words, rounded up: "45 seconds", "6 minutes", "2 hours".
 *
 * @param {number} seconds
 * @param {string} language
 */
export function formatDuration(seconds, language) {
  const [unit, scale] = seconds < 60 ? ["second", 1] : seconds < 3600 ? ["minute", 60] : ["hour", 3600];
  const options = /** @type {const} */ ({ style: "unit", unit, unitDisplay: "long" });
  return new Intl.NumberFormat(isChinese(language) ? "zh-CN" : "en", options).format(Math.ceil(seconds / scale));
}
