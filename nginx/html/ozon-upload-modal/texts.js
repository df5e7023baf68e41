// The texts of the modal in English and Chinese; those of errors are in errors.js.

import { isChinese } from "./errors.js";

export const count = (/** @type {number} */ n, /** @type {string} */ noun) => `${n} ${noun}${n === 1 ? "" : "s"}`;
const images = (/** @type {number} */ n) => count(n, "image");

/** The texts that the page shows too. */
export const common = {
  requestId: ["Request ID", "请求 ID"],
};

/** @typedef {number} N */
/** @typedef {string} S */
const texts = {
  ...common,
  title: ["Push images to Ozon", "推送图片到 Ozon"],
  close: ["Close", "关闭"],
  productId: ["Product ID", "商品 ID"],
  unset: ["Not set. ", "未设置。"],
  digits: ["Digits only", "仅限数字"],
  main: ["Main", "主图"],
  order: [
    "The first image is the main image. To move an image, drag it, or press Shift and an arrow key.",
    "第一张是主图。可拖动图片，或按 Shift 加方向键移动。",
  ],
  earlier: ["Earlier", "前移"],
  later: ["Later", "后移"],
  first: ["Make main", "设为主图"],
  remove: ["Remove", "移除"],
  undo: ["Undo", "撤销"],
  empty: ["No images to push", "没有可推送的图片"],
  states: [
    { waiting: "Waiting", verifying: "Verifying", sending: "Uploading", done: "Ready", failed: "Failed" },
    { waiting: "等待中", verifying: "校验中", sending: "上传中", done: "已就绪", failed: "失败" },
  ],
  onOzon: ["On Ozon", "已在 Ozon"],
  unsupported: ["Unsupported file type", "不支持的文件类型"],
  overLimit: [(/** @type {N} */ max) => `Over the limit of ${max}`, (/** @type {N} */ max) => `超出上限 ${max}`],
  item: [
    (/** @type {N} */ n, /** @type {N} */ total, /** @type {S} */ name, /** @type {S} */ state) =>
      `Image ${n} of ${total}: ${name}. ${state}`,
    (/** @type {N} */ n, /** @type {N} */ total, /** @type {S} */ name, /** @type {S} */ state) =>
      `图片 ${n} / ${total}：${name}，${state}`,
  ],
  moved: [
    (/** @type {N} */ from, /** @type {N} */ to, /** @type {N} */ total) =>
      `Image ${from} moved to position ${to} of ${total}`,
    (/** @type {N} */ from, /** @type {N} */ to, /** @type {N} */ total) =>
      `图片 ${from} 已移到第 ${to} 位，共 ${total} 张`,
  ],
  removed: [(/** @type {S} */ name) => `${name} removed`, (/** @type {S} */ name) => `已移除 ${name}`],
  putBack: [(/** @type {S} */ name) => `${name} put back`, (/** @type {S} */ name) => `已恢复 ${name}`],
  steps: [
    ["API key", "Images", "Product", "Push", "Result"],
    ["凭证", "图片", "商品", "推送", "结果"],
  ],

  ready: [
    (/** @type {N} */ n) => `${images(n)} will replace the product's pictures.`,
    (/** @type {N} */ n) => `将用 ${n} 张图片替换商品现有图片。`,
  ],
  tooMany: [
    (/** @type {N} */ max, /** @type {N} */ extra) => `Ozon takes ${max} images. The last ${extra} won't be used.`,
    (/** @type {N} */ max, /** @type {N} */ extra) => `Ozon 最多接受 ${max} 张图片，最后 ${extra} 张不会被采用。`,
  ],
  unsupportedFiles: [
    (/** @type {N} */ n) => `${count(n, "file")} can't be pushed. Only JPEG, PNG, WebP, GIF, AVIF and HEIC can.`,
    (/** @type {N} */ n) => `${n} 个文件无法推送，仅支持 JPEG、PNG、WebP、GIF、AVIF 和 HEIC。`,
  ],
  pushing: ["Pushing...", "推送中..."],
  uploaded: [
    (/** @type {N} */ done, /** @type {N} */ total) => `Uploaded ${done} of ${images(total)}`,
    (/** @type {N} */ done, /** @type {N} */ total) => `已上传 ${done} / ${total} 张图片`,
  ],
  amount: [
    (/** @type {S} */ sent, /** @type {S} */ total) => `${sent} of ${total}`,
    (/** @type {S} */ sent, /** @type {S} */ total) => `${sent} / ${total}`,
  ],
  timeLeft: [(/** @type {S} */ time) => `about ${time} left`, (/** @type {S} */ time) => `约剩 ${time}`],
  pending: ["Ozon is still processing the push.", "Ozon 仍在处理推送。"],
  pendingFor: [
    (/** @type {S} */ time) =>
      `Waiting for ${time}, usually less than 2 minutes. You may close this window: Ozon continues.`,
    (/** @type {S} */ time) => `已等待 ${time}，通常不到 2 分钟。可以关闭此窗口，Ozon 会继续处理。`,
  ],
  offline: [
    "You're offline. The push continues when the network is back.",
    "网络已断开，恢复后将继续推送。",
  ],
  askToStop: [
    "The push hasn't been sent to Ozon yet. Close the window and stop it?",
    "推送尚未发送到 Ozon。要停止并关闭窗口吗？",
  ],
  askToClose: [
    "Ozon is processing the push. If you close the window, Ozon continues, but the result isn't shown here.",
    "Ozon 正在处理推送。关闭窗口后 Ozon 会继续处理，但此处不再显示结果。",
  ],
  keepOpen: ["Keep open", "不关闭"],
  stopAndClose: ["Stop and close", "停止并关闭"],
  good: [
    (/** @type {N} */ n) => `Ozon confirmed ${images(n)}.`,
    (/** @type {N} */ n) => `Ozon 已确认 ${n} 张图片。`,
  ],
  warn: [
    (/** @type {N} */ n, /** @type {N} */ total) =>
      `Ozon confirmed ${n} of ${images(total)}. The others are marked with the reason.`,
    (/** @type {N} */ n, /** @type {N} */ total) => `Ozon 已确认 ${total} 张中的 ${n} 张图片，其余图片已标明原因。`,
  ],
  bad: [() => "Ozon rejected all images.", () => "Ozon 拒绝了全部图片。"],
  failedHint: ["Remove or replace the marked images, or push again.", "请移除或更换标记的图片，或再次推送。"],
  stopped: ["Stopped. Nothing was sent to Ozon.", "已停止，未向 Ozon 发送任何内容。"],
  stoppedLate: ["Stopped. Ozon may still apply the push.", "已停止，但推送仍可能在 Ozon 生效。"],
  notUploaded: [
    (/** @type {N} */ n) => `${images(n)} couldn't be uploaded. Nothing was sent to Ozon.`,
    (/** @type {N} */ n) => `${n} 张图片上传失败，未向 Ozon 发送任何内容。`,
  ],
  push: ["Confirm push", "确认推送"],
  retry: ["Push again", "再次推送"],
  retryFailed: [(/** @type {N} */ n) => `Retry the ${n} failed`, (/** @type {N} */ n) => `重试失败的 ${n} 张`],
  withoutFailed: [
    (/** @type {N} */ n) => `Push without the ${n} failed`,
    (/** @type {N} */ n) => `不含失败的 ${n} 张推送`,
  ],
  cancel: ["Cancel", "取消"],
  stop: ["Stop", "停止"],
};

/** @typedef {ReturnType<typeof textsIn>} Texts */

/**
 * The texts by name, from entries of [English, Chinese].
 *
 * @template {Record<string, any[]>} Entries
 * @param {Entries} entries
 * @param {boolean} inChinese
 * @returns {{[Name in keyof Entries]: Entries[Name][number]}}
 */
export function translate(entries, inChinese) {
  const pairs = Object.entries(entries).map(([name, both]) => [name, both[Number(inChinese)]]);
  return Object.fromEntries(pairs);
}

/** @param {string} language */
export function textsIn(language) {
  return { ...translate(texts, isChinese(language)), language };
}

/**
 * The texts in the language of the element or its nearest ancestor, or else of the browser.
 *
 * @param {Element} element
 */
export function textsFor(element) {
  const ancestor = /** @type {HTMLElement | null} */ (element.closest("[lang]:not([lang=''])"));
  return textsIn(ancestor?.lang || navigator.language);
}
