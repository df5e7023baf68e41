// The texts of the page in English and Chinese; those of errors are named by the backend's codes.

import { common, count, translate } from "../ozon-upload-modal/texts.js";

const images = (n) => count(n, "image");

const texts = {
  ...common,
  title: ["Ozon images", "Ozon 图片"],
  otherLanguage: ["中文", "English"],
  seller: ["Seller", "卖家"],
  memory: ["Kept only in the memory of this window, until you close it.", "仅保存在此窗口的内存中，关闭即清除。"],
  client: ["Client ID", "Client ID"],
  key: ["API key", "API 密钥"],
  user: ["User ID", "用户 ID"],
  articles: ["Article numbers", "货号"],
  articlesHint: ["One per line, or separated by commas", "每行一个，或用逗号分隔"],
  missing: ["Required", "必填"],
  tooMany: ["At most 5000 articles", "最多 5000 个货号"],
  find: ["Find images", "查找图片"],
  finding: ["Finding...", "查找中..."],
  stop: ["Stop", "停止"],
  images: ["Images", "图片"],
  empty: ["No images yet", "还没有图片"],
  emptyHint: ["Enter the seller's credential and some article numbers.", "请输入卖家凭证和货号。"],
  found: [
    (total, articles) => `${images(total)} from ${count(articles, "article")}`,
    (total, articles) => `${articles} 个货号，${total} 张图片`,
  ],
  copy: ["Copy to R2", "复制到 R2"],
  copying: [
    (done, total, size) => `${done} of ${images(total)} in R2, ${size} sent`,
    (done, total, size) => `R2 中已有 ${done} / ${total} 张，已发送 ${size}`,
  ],
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
  own: ["Own images", "自有图片"],
  ownHint: ["Drop images here", "把图片拖到这里"],
  ignored: [(n) => `${count(n, "file")} ignored: only images can be added`, (n) => `已忽略 ${n} 个非图片文件`],
  add: ["Add files", "添加文件"],
  push: ["Push to Ozon", "推送到 Ozon"],
  product: [(id) => `Product ${id}`, (id) => `商品 ${id}`],
  imagesOf: [(article) => `Images of ${article}`, (article) => `${article} 的图片`],
  count: [images, (n) => `${n} 张图片`],
  none: ["The product has no images", "商品没有图片"],
  notFound: ["Product not found", "未找到商品"],
  onOzon: ["On Ozon", "在 Ozon"],
  browser: ["In R2", "已在 R2"],
  server: ["Copied by server", "服务器复制"],
  added: ["New", "新增"],
  confirmed: [(n) => `Pushed, ${images(n)} confirmed`, (n) => `已推送，确认 ${n} 张`],
  partial: [(n) => `Partly pushed, ${images(n)} confirmed`, (n) => `部分推送，确认 ${n} 张`],
  rejected: ["Ozon rejected the push", "Ozon 拒绝了推送"],

  UNAUTHORIZED: ["You aren't logged in, or the page's own API key is wrong.", "您尚未登录，或页面自身的 API 密钥错误。"],
  PATH_NOT_ALLOWED: ["This user ID doesn't belong to your login.", "此用户 ID 与登录用户不符。"],
  RATE_LIMITED: ["Too many requests. Try again in a minute.", "请求过多，请一分钟后重试。"],
  NETWORK: ["No connection. Check the network and try again.", "没有网络连接，请检查后重试。"],
  unavailable: ["The service is unavailable. Try again later.", "服务暂时不可用，请稍后重试。"],
};

export function textsIn(language) {
  return translate(texts, language.startsWith("zh"));
}
