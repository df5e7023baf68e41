// The page's words: English, Chinese.

const count = (n, one) => `${n} ${one}${n === 1 ? "" : "s"}`;

const texts = {
  title: ["Ozon images", "Ozon 图片"],
  other: ["中文", "English"],
  seller: ["Seller", "卖家"],
  memory: ["Kept in this window's memory only, until it is closed.", "仅保存在此窗口的内存中，关闭即清除。"],
  client: ["Client ID", "Client ID"],
  key: ["API key", "API 密钥"],
  user: ["User ID", "用户 ID"],
  articles: ["Article numbers", "货号"],
  articlesHint: ["One a line, or separated by commas", "每行一个，或用逗号分隔"],
  missing: ["Required", "必填"],
  tooMany: ["At most 5000", "最多 5000 个"],
  find: ["Find images", "查找图片"],
  finding: ["Finding...", "查找中…"],
  stop: ["Stop", "停止"],
  images: ["Images", "图片"],
  empty: ["No images yet", "还没有图片"],
  emptyHint: ["Enter the seller's credential and some article numbers.", "请输入卖家凭证和货号。"],
  found: [(images, articles) => `${count(images, "image")} of ${count(articles, "article")}`, (images, articles) => `${articles} 个货号，${images} 张图片`],
  copy: ["Copy to R2", "复制到 R2"],
  copying: [(done, total, size) => `${done} of ${count(total, "image")} in R2, ${size} sent`, (done, total, size) => `R2 中已有 ${done} / ${total} 张，已发送 ${size}`],
  copied: [
    (good, bad, server) => `${count(good, "image")} in R2${server ? `, ${server} of them by the server` : ""}${bad ? `, ${bad} failed` : ""}`,
    (good, bad, server) => `R2 中有 ${good} 张${server ? `，其中 ${server} 张由服务器复制` : ""}${bad ? `，${bad} 张失败` : ""}`,
  ],
  stopped: ["Stopped", "已停止"],
  own: ["Own images", "自有图片"],
  ownHint: ["Drop images here", "把图片拖到这里"],
  noImage: [(n) => `${count(n, "file")} left out: not an image`, (n) => `已忽略 ${n} 个非图片文件`],
  add: ["Add files", "添加文件"],
  push: ["Push to Ozon", "推送到 Ozon"],
  product: [(id) => `Product ${id}`, (id) => `商品 ${id}`],
  imagesOf: [(article) => `Images of ${article}`, (article) => `${article} 的图片`],
  count: [(n) => count(n, "image"), (n) => `${n} 张图片`],
  none: ["The product has no images", "商品没有图片"],
  notFound: ["Product not found", "未找到商品"],
  atOzon: ["At Ozon", "在 Ozon"],
  browser: ["In R2", "已在 R2"],
  server: ["By server", "服务器复制"],
  added: ["New", "新增"],
  confirmed: [(n) => `Pushed, ${count(n, "image")} confirmed`, (n) => `已推送，确认 ${n} 张`],
  partial: [(n) => `Pushed in part, ${count(n, "image")} confirmed`, (n) => `部分推送，确认 ${n} 张`],
  refused: ["Push refused by Ozon", "Ozon 拒绝了推送"],

  UNAUTHORIZED: ["Not logged in, or the API key is wrong.", "未登录，或 API 密钥错误。"],
  PATH_NOT_ALLOWED: ["The user ID isn't that of your login.", "用户 ID 与登录用户不符。"],
  OZON_UNAUTHORIZED: ["Ozon doesn't accept the credential. Check Client ID and API key.", "Ozon 不接受该凭证，请检查 Client ID 和 API 密钥。"],
  RATE_LIMITED: ["Too many requests. Try again in a minute.", "请求过多，请一分钟后重试。"],
  NETWORK: ["No connection. Check the network and try again.", "没有网络连接，请检查后重试。"],
  unavailable: ["The service can't answer at the moment. Try again later.", "服务暂时无法响应，请稍后重试。"],
  requestId: ["Request ID", "请求 ID"],
};

/** All of them by name, in Chinese or English. */
export function textsIn(language) {
  const column = language.startsWith("zh") ? 1 : 0;
  return Object.fromEntries(Object.entries(texts).map(([name, both]) => [name, both[column]]));
}
