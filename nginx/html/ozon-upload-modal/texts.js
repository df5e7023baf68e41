// The modal's words: English, Chinese; of errors by their codes.

const images = (n) => (n === 1 ? "1 image" : `${n} images`);
const texts = {
  title: ["Push images to Ozon", "推送图片到 Ozon"],
  close: ["Close", "关闭"],
  productId: ["Product ID", "商品 ID"],
  unset: ["Not set. ", "未设置。"],
  digits: ["Digits only", "仅限数字"],
  main: ["Main", "主图"],
  order: [
    "The first is the main image. Drag, or press Shift and an arrow key.",
    "第一张是主图。可拖动或按 Shift 加方向键。",
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
  item: [(n, total, name, state) => `Image ${n} of ${total}: ${name}. ${state}`, (n, total, name, state) => `图片 ${n} / ${total}：${name}，${state}`],
  moved: [(from, to, total) => `Image ${from} moved to position ${to} of ${total}`, (from, to, total) => `图片 ${from} 已移到第 ${to} 位，共 ${total} 张`],
  steps: [["Key", "Images", "Product", "Push", "Result"], ["凭证", "图片", "商品", "推送", "结果"]],
  ready: [(n) => `${images(n)} will replace the product's pictures.`, (n) => `将用 ${n} 张图片替换商品现有图片。`],
  uploading: [(done, total) => `Uploading: ${done} of ${images(total)}`, (done, total) => `正在上传图片：${done} / ${total}`],
  pending: ["Ozon is still at it. This window waits.", "Ozon 仍在处理，请稍候。"],
  good: [(n) => `Confirmed on Ozon: ${images(n)}.`, (n) => `Ozon 已确认 ${n} 张图片。`],
  warn: [(n, total) => `On Ozon: ${n} of ${images(total)}. The others are marked.`, (n, total) => `Ozon 已接收 ${total} 张中的 ${n} 张，其余已标明。`],
  bad: [() => "Ozon refused all of them.", () => "Ozon 拒绝了全部图片。"],
  stopped: ["Stopped. Ozon may still carry it out.", "已停止，但仍可能在 Ozon 生效。"],
  notUploaded: [(n) => `Not uploaded: ${images(n)}. Nothing was sent to Ozon.`, (n) => `${n} 张图片上传失败，未向 Ozon 发送任何内容。`],
  noCredential: ["The seller's credential couldn't be had. Nothing was sent to Ozon.", "无法获取卖家凭证，未向 Ozon 发送任何内容。"],
  requestId: ["Request ID", "请求 ID"],
  push: ["Confirm push", "确认推送"],
  pushing: ["Pushing...", "推送中..."],
  retry: ["Push again", "再次推送"],
  cancel: ["Cancel", "取消"],

  UNAUTHORIZED: ["Not logged in.", "请重新登录。"],
  OZON_UNAUTHORIZED: ["Ozon doesn't accept the credential. Check Client ID and API key.", "Ozon 不接受该凭证，请检查 Client ID 和 API 密钥。"],
  PRODUCT_NOT_FOUND: ["Ozon has no product with this ID.", "Ozon 上没有此 ID 的商品。"],
  PRODUCT_CONFLICT: ["The product is archived or not yet created.", "商品已归档或尚未创建。"],
  NETWORK: ["The service can't be reached. Try again in a minute.", "暂时无法连接服务，请稍后重试。"],

  decode: ["Not a readable image", "不是可读取的图片"],
  load: ["Ozon couldn't load it", "Ozon 无法下载"],
  among: ["Left out by Ozon", "Ozon 未采用"],
  limit: ["Over the limit", "超出数量上限"],
};

/** Chinese where the element's language, or else the browser's, is Chinese; else English. */
export function textsFor(element) {
  const isChinese = /^zh\b/i.test(element.closest("[lang]:not([lang=''])")?.lang || navigator.language);
  return Object.fromEntries(Object.entries(texts).map(([name, both]) => [name, both[Number(isChinese)]]));
}
