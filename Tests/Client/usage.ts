// The types as a frontend in TypeScript meets them. Only compiled, never run; what @ts-expect-error marks must not compile.

import { CopiedImage, Item, OzonR2, OzonR2Error, Progress, Pushed, Uploaded } from "../../nginx/html/ozon-r2.js";
import { ModalImage, OzonUploadModal } from "../../nginx/html/ozon-upload-modal.js";

const studio = new OzonR2({
  baseURL: "https://your-backend.com",
  userId: "u",
  credential: async () => ({ client_id: "1", api_key: "k" }),
  field: "sku",
  concurrency: 4,
});
new OzonR2({ baseURL: "" }); // enough to upload

export async function use(file: File, signal: AbortSignal, show: (progress: Progress) => void): Promise<string[]> {
  const items: Item[] = await studio.images(["1"], { signal, onItem: (item, index) => console.log(item.urls, index) });
  const copied = await studio.copy(["1"], { signal, onProgress: show });
  const images: CopiedImage[] = copied.flatMap((item) => item.images);
  const uploaded: Uploaded = await studio.upload(file, "users/u/a.jpg", { signal, onProgress: show });
  const pushed: Pushed = await studio.push({ productId: 1, images: [uploaded.public_url] }, { onStatus: ({ status }) => status });
  if (pushed.status === "pending") throw new Error("ended");
  return images.map(({ via, public_url }) => `${via} ${public_url ?? "-"} ${items.length}`);
}

export function told(error: unknown): string {
  if (!(error instanceof OzonR2Error)) throw error;
  return `${error.code} ${error.status} ${error.requestId} ${error.errors.map(({ field, reason }) => field + reason).join()}`;
}

// @ts-expect-error baseURL is required
new OzonR2({ userId: "u" });
// @ts-expect-error no such kind of article
new OzonR2({ baseURL: "", field: "barcode" });
// @ts-expect-error a list
studio.images("1");
// @ts-expect-error the backend's own names are not the options'
studio.push({ product_id: 1 });
// @ts-expect-error may be absent
studio.copy(["1"]).then(([item]) => item.images[0].public_url.length);

export function open(file: File, images: ModalImage[]): void {
  const modal: OzonUploadModal = document.createElement("ozon-upload-modal");
  Object.assign(modal, { client: studio, sku: { name: "2194435300" }, images: [...images, { file, path: "users/u/a.jpg" }] });
  modal.addEventListener("push", (event) => event.detail.images.length || event.preventDefault());
  modal.addEventListener("done", ({ detail }) => console.log(detail.status, detail.updated.images));
  modal.addEventListener("error", ({ detail }) => console.log(detail instanceof OzonR2Error && detail.code));
  modal.lang = "zh";
  modal.show();
}
// @ts-expect-error of a product, its id
document.createElement("ozon-upload-modal").sku = { productId: null };
// @ts-expect-error not a list of URLs
document.createElement("ozon-upload-modal").images = ["https://your-backend.com/a.jpg"];
