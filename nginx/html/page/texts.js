// The texts of the page in English and Chinese. Those of errors are in ozon-upload-modal/en.js and zh.js.

import { count } from "../ozon-upload-modal/en.js";

/** @type {(n: number) => string} */
const images = (n) => count(n, "image");
const TYPES = "JPEG, PNG, WebP, GIF, AVIF, HEIC";

/** @typedef {string | ((...values: any[]) => string)} Text */

/** @type {Record<string, [english: Text, chinese: Text]>} */
const texts = {
  title: ["Ozon images", "Ozon 图片"],
  otherLanguage: ["中文", "English"],
  who: [(user) => `Logged in as ${user}`, (user) => `当前用户：${user}`],
  seller: ["Seller", "卖家"],
  memory: ["Kept only in the memory of this window, until you close it.", "仅保存在此窗口的内存中，关闭即清除。"],
  client: ["Client ID", "Client ID"],
  key: ["Seller's API key", "卖家 API 密钥"],
  keyHelp: ["Ozon Seller shows the Client ID and makes keys at", "Client ID 和密钥可在 Ozon Seller 后台获取："],
  keyLink: ["Settings, API keys", "设置 > API 密钥"],
  user: ["User ID", "用户 ID"],
  searchBy: ["Search by", "查找方式"],
  byArticle: ["Article numbers", "货号"],
  byProduct: ["Product IDs", "商品 ID"],
  bySKU: ["SKUs", "SKU"],
  articlesHint: ["One per line, or separated by commas or tabs", "每行一个，或用逗号、制表符分隔"],
  missing: ["Required", "必填"],
  tooMany: ["At most 5000 articles", "最多 5000 个货号"],
  find: ["Find images", "查找图片"],
  finding: ["Finding...", "查找中..."],
  stop: ["Stop", "停止"],
  images: ["Images", "图片"],
  empty: ["No images yet", "还没有图片"],
  emptyHint: [
    "Enter the seller's credential and some article numbers. Images are copied from Ozon to R2, the studio's storage.",
    "请输入卖家凭证和货号。图片将从 Ozon 复制到工作室的存储（R2）。",
  ],
  found: [
    (total, articles, stored) =>
      `${images(total)} from ${count(articles, "article")}${stored ? `, ${stored} in R2 already` : ""}`,
    (total, articles, stored) =>
      `${articles} 个货号，${total} 张图片${stored ? `，其中 ${stored} 张已在 R2` : ""}`,
  ],
  copy: ["Copy to R2", "复制到 R2"],
  copySome: [(n) => `Copy ${n} to R2`, (n) => `复制 ${n} 张到 R2`],
  copyOthers: [(n) => `Copy the other ${n}`, (n) => `复制其余 ${n} 张`],
  allStored: ["All in R2", "已全部在 R2"],
  retryFailed: [(n) => `Retry ${n} failed`, (n) => `重试失败的 ${n} 张`],
  copying: [
    (done, total) => `${done} of ${images(total)} in R2`,
    (done, total) => `R2 中已有 ${done} / ${total} 张`,
  ],
  sent: [(sent, size) => `${sent} of ${size}`, (sent, size) => `${sent} / ${size}`],
  starting: ["Starting the copy...", "正在开始复制..."],
  speed: [(size) => `${size}/s`, (size) => `${size}/秒`],
  left: [(time) => `about ${time} left`, (time) => `约剩 ${time}`],
  copied: [
    (stored, failed, byServer) => [
      `${images(stored)} in R2`,
      byServer && `${byServer} of them copied by the server`,
      failed && `${failed} failed`,
    ].filter(Boolean).join(", "),
    (stored, failed, byServer) => [
      `R2 中有 ${stored} 张`,
      byServer && `其中 ${byServer} 张由服务器复制`,
      failed && `${failed} 张失败`,
    ].filter(Boolean).join("，"),
  ],
  stopped: ["Stopped", "已停止"],
  offline: ["Offline. Continues when the network is back", "网络已断开，恢复后自动继续"],
  waiting: [(time) => `The service is busy. Trying again in ${time}`, (time) => `服务繁忙，${time}后重试`],
  own: ["Own images", "自有图片"],
  ownHint: [
    `Drop or paste images or folders anywhere on this page (${TYPES})`,
    `可将图片或文件夹拖放或粘贴到页面任意位置（${TYPES}）`,
  ],
  ignored: [(names) => `Not added: ${names}. Images must be ${TYPES}`, (names) => `未添加：${names}。仅支持 ${TYPES}`],
  repeated: [(names) => `Added already: ${names}`, (names) => `已添加过：${names}`],
  unreadable: [(names) => `Can't be read: ${names}`, (names) => `无法读取：${names}`],
  add: ["Add files", "添加文件"],
  push: ["Push to Ozon", "推送到 Ozon"],
  pushSome: [(n) => `Push ${n} to Ozon`, (n) => `推送 ${n} 张`],
  copyFirst: ["Copy to R2 before the push", "推送前请先复制到 R2"],
  filesRead: ["Wait until the files have been read", "请等待文件读取完成"],
  copyRuns: ["Wait until the copy has ended", "请等待复制完成"],
  addFirst: ["Add files before the push", "推送前请先添加文件"],
  someOmitted: [(n) => `${n} not in R2 won't be pushed`, (n) => `${n} 张不在 R2，不会推送`],
  tooManyImages: ["Ozon takes 30 images at most", "Ozon 最多接受 30 张图片"],
  product: [(id) => `Product ${id}`, (id) => `商品 ${id}`],
  imagesOf: [(article) => `Images of ${article}`, (article) => `${article} 的图片`],
  count: [images, (n) => `${n} 张图片`],
  none: ["The product has no images", "商品没有图片"],
  allRemoved: ["All images were removed here", "图片已全部移除"],
  onOzon: ["On Ozon", "在 Ozon"],
  queued: ["Waiting", "等待中"],
  copyingOne: ["Copying...", "复制中..."],
  browser: ["In R2", "已在 R2"],
  server: ["Copied by server", "服务器复制"],
  added: ["New", "新增"],
  confirmed: [(n) => `Pushed, ${images(n)} confirmed`, (n) => `已推送，确认 ${n} 张`],
  partial: [(n) => `Partly pushed, ${images(n)} confirmed`, (n) => `部分推送，确认 ${n} 张`],
  rejected: ["Ozon rejected the push", "Ozon 拒绝了推送"],
  sentToOzon: ["Push sent, result unknown. Check the product on Ozon", "已发送推送，结果未知，请在 Ozon 上查看"],
  closeFirst: ["Close the window before adding files", "添加文件前请先关闭窗口"],

  selectAll: ["Select all", "全选"],
  unselect: [(n) => `Clear ${n} selected`, (n) => `取消选择 ${n} 张`],
  selectOne: [(name) => `Select ${name}`, (name) => `选择 ${name}`],
  selectArticle: [(name) => `Select all images of ${name}`, (name) => `选择 ${name} 的全部图片`],
  remove: ["Remove", "移除"],
  removeSelected: [(n) => (n ? `Remove ${n}` : "Remove"), (n) => (n ? `移除 ${n} 张` : "移除")],
  removed: [(n) => `Removed ${images(n)}`, (n) => `已移除 ${n} 张图片`],
  undo: ["Undo", "撤销"],
  copyURLs: [(n) => (n ? `Copy ${count(n, "URL")}` : "Copy URLs"), (n) => (n ? `复制 ${n} 个网址` : "复制网址")],
  csv: ["Save as CSV", "导出 CSV"],
  urlsCopied: [(n) => `${count(n, "URL")} copied`, (n) => `已复制 ${n} 个网址`],
  notCopied: ["The browser doesn't allow copying. Select the URL and copy it.", "浏览器不允许复制，请手动选中复制。"],
  tools: ["Images and URLs", "图片与网址"],
  nothingStored: ["No image is in R2 yet", "R2 中还没有图片"],
  nothingSelected: ["Select images first", "请先选择图片"],
  nothingToCopy: ["All images are in R2", "图片均已在 R2"],
  nothingFound: ["Find images first", "请先查找图片"],

  open: ["Open in a new tab", "在新标签页打开"],
  copyURL: ["Copy URL", "复制网址"],
  url: ["URL", "网址"],
  previous: ["Previous", "上一张"],
  next: ["Next", "下一张"],
  close: ["Close", "关闭"],
  view: [(name) => `View ${name}`, (name) => `查看 ${name}`],
  position: [(name, n, total) => `${name}, ${n} of ${total}`, (name, n, total) => `${name}，${n} / ${total}`],
  byServerBecause: [
    (reason) => `The server copied it, because the browser couldn't (${reason})`,
    (reason) => `浏览器无法复制（${reason}），已由服务器复制`,
  ],

  requestId: ["Request ID", "请求 ID"],
  login: ["Log in", "登录"],
  retry: ["Try again", "重试"],
};

/**
 * The texts by name.
 *
 * @param {string} language
 * @returns {Record<string, any>}
 */
export function textsIn(language) {
  const index = language.startsWith("zh") ? 1 : 0;
  return Object.fromEntries(Object.entries(texts).map(([name, both]) => [name, both[index]]));
}

/** The name of the chosen language in localStorage, which may be forbidden. */
const LANGUAGE = "ozon-r2-language";

/** The language that was chosen before, or else the browser's: "en" or "zh". */
export function initialLanguage() {
  let language = navigator.language;
  try {
    language = localStorage.getItem(LANGUAGE) ?? language;
  } catch {}
  return language.startsWith("zh") ? "zh" : "en";
}

/** @param {string} language */
export function saveLanguage(language) {
  try {
    localStorage.setItem(LANGUAGE, language);
  } catch {}
}
