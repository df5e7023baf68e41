// The texts of the modal in English and Chinese; those of errors are named by the backend's codes.

export const count = (n, noun) => `${n} ${noun}${n === 1 ? "" : "s"}`;
const images = (n) => count(n, "image");

/** The texts that the page shows too. */
export const common = {
  requestId: ["Request ID", "请求 ID"],
  OZON_UNAUTHORIZED: [
    "Ozon rejected the credential. Check the Client ID and the API key.",
    "Ozon 拒绝了该凭证，请检查 Client ID 和 API 密钥。",
  ],
};

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
  empty: ["No images to push", "没有可推送的图片"],
  waiting: ["Waiting", "等待中"],
  sending: ["Uploading", "上传中"],
  done: ["Ready", "已就绪"],
  onOzon: ["On Ozon", "已在 Ozon"],
  item: [
    (n, total, name, state) => `Image ${n} of ${total}: ${name}. ${state}`,
    (n, total, name, state) => `图片 ${n} / ${total}：${name}，${state}`,
  ],
  moved: [
    (from, to, total) => `Image ${from} moved to position ${to} of ${total}`,
    (from, to, total) => `图片 ${from} 已移到第 ${to} 位，共 ${total} 张`,
  ],
  steps: [
    ["API key", "Images", "Product", "Push", "Result"],
    ["凭证", "图片", "商品", "推送", "结果"],
  ],
  ready: [(n) => `${images(n)} will replace the product's pictures.`, (n) => `将用 ${n} 张图片替换商品现有图片。`],
  uploading: [(done, total) => `Uploaded ${done} of ${images(total)}`, (done, total) => `已上传 ${done} / ${total} 张图片`],
  pending: ["Ozon is still processing the push. Waiting for the result.", "Ozon 仍在处理推送，正在等待结果。"],
  good: [(n) => `Ozon confirmed ${images(n)}.`, (n) => `Ozon 已确认 ${n} 张图片。`],
  warn: [
    (n, total) => `Ozon confirmed ${n} of ${images(total)}. The others are marked with the reason.`,
    (n, total) => `Ozon 已确认 ${total} 张中的 ${n} 张图片，其余图片已标明原因。`,
  ],
  bad: [() => "Ozon rejected all images.", () => "Ozon 拒绝了全部图片。"],
  stopped: ["Stopped. Ozon may still apply the push.", "已停止，但推送仍可能在 Ozon 生效。"],
  notUploaded: [
    (n) => `${images(n)} couldn't be uploaded. Nothing was sent to Ozon.`,
    (n) => `${n} 张图片上传失败，未向 Ozon 发送任何内容。`,
  ],
  noCredential: [
    "The seller's credential isn't available. Nothing was sent to Ozon.",
    "无法获取卖家凭证，未向 Ozon 发送任何内容。",
  ],
  push: ["Confirm push", "确认推送"],
  pushing: ["Pushing...", "推送中..."],
  retry: ["Push again", "再次推送"],
  cancel: ["Cancel", "取消"],

  UNAUTHORIZED: ["You aren't logged in. Log in and try again.", "您尚未登录，请登录后重试。"],
  PRODUCT_NOT_FOUND: ["Ozon has no product with this ID.", "Ozon 上没有此 ID 的商品。"],
  PRODUCT_CONFLICT: [
    "The product is archived or not yet created, or an earlier push is still pending.",
    "商品已归档或尚未创建，或之前的推送仍在处理。",
  ],
  NETWORK: ["The service can't be reached. Try again in a minute.", "无法连接服务，请一分钟后重试。"],

  decode: ["Not a readable image", "不是可读取的图片"],
  load: ["Ozon couldn't download it", "Ozon 无法下载"],
  among: ["Not used by Ozon", "Ozon 未采用"],
  limit: ["Over the limit", "超出数量上限"],
};

/** The texts by name, from entries of [English, Chinese]. */
export function translate(entries, isChinese) {
  return Object.fromEntries(Object.entries(entries).map(([name, both]) => [name, both[Number(isChinese)]]));
}

/** In Chinese if the language of the element or its nearest ancestor, or else of the browser, is Chinese. */
export function textsFor(element) {
  const language = element.closest("[lang]:not([lang=''])")?.lang || navigator.language;
  return translate(texts, /^zh\b/i.test(language));
}
