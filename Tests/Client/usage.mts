// The types as a frontend in TypeScript uses them: compiled, never run. A line under @ts-expect-error must not compile.

import {
  CopiedImage, Item, OzonR2, OzonR2Error, Progress, Pushed, Uploaded, contentHash, mediaType,
} from "../../nginx/html/ozon-r2.js";
import { ModalImage, OzonUploadModal } from "../../nginx/html/ozon-upload-modal.js";

const studio = new OzonR2({
  baseURL: "https://your-backend.com",
  userId: "u",
  credential: async () => ({ client_id: "1", api_key: "k" }),
  field: "sku",
  concurrency: 4,
  onWait: (wait) => console.log(wait?.reason, wait?.until),
});
new OzonR2({ baseURL: "" }); // enough to upload

export async function use(file: File, signal: AbortSignal, show: (progress: Progress) => void): Promise<string[]> {
  const items: Item[] = await studio.images(["1"], { signal, onItem: (item, index) => console.log(item.urls, index) });
  const copied = await studio.copy(["1"], { signal, onProgress: show });
  const images: CopiedImage[] = copied.flatMap((item) => item.images);
  const path = `users/u/${await contentHash(file)}${mediaType(file.type, file.name) && ".jpg"}`;
  const uploaded: Uploaded = await studio.upload(file, path, { signal, onProgress: show });
  await studio.upload(file, path, { onProgress: ({ phase, loaded, total }) => console.log(phase, loaded / total) });
  const pictures = { productId: 1, images: [uploaded.public_url], refetch: true };
  const pushed: Pushed = await studio.push(pictures, { onStatus: ({ status }) => status });
  if (pushed.status === "pending") throw new Error("ended");
  return images.map(({ via, public_url }) => `${via} ${public_url ?? "-"} ${items.length}`);
}

export function describe(error: unknown): string {
  if (!(error instanceof OzonR2Error)) throw error;
  const faults = error.errors.map(({ field, reason }) => field + reason);
  return `${error.code} ${error.status} ${error.requestId} ${faults.join()}`;
}

// @ts-expect-error baseURL is required
new OzonR2({ userId: "u" });
// @ts-expect-error there is no such field
new OzonR2({ baseURL: "", field: "barcode" });
// @ts-expect-error articles are a list
studio.images("1");
// @ts-expect-error the option is named productId
studio.push({ product_id: 1 });
// @ts-expect-error public_url may be missing
studio.copy(["1"]).then(([item]) => item.images[0].public_url.length);

export function open(file: File, images: readonly ModalImage[], sku?: { name: string }): () => void {
  const modal: OzonUploadModal = document.createElement("ozon-upload-modal");
  modal.sku = sku;
  modal.images = undefined;
  modal.client = studio;
  modal.sku = { name: "2194435300" };
  modal.images = [...images, { file, path: "users/u/a.jpg" }];
  modal.addEventListener("push", (event) => event.detail.images.length || event.preventDefault());
  const done = ({ detail }: CustomEvent<Pushed>) => console.log(detail.status, detail.updated.images);
  modal.addEventListener("done", done);
  modal.addEventListener("error", ({ detail }) => console.log(detail instanceof OzonR2Error && detail.code));
  // @ts-expect-error the detail has a type
  modal.addEventListener("done", ({ detail }) => detail.state);
  modal.lang = "zh";
  modal.show();
  return () => modal.removeEventListener("done", done);
}
// @ts-expect-error productId is a number or a string
document.createElement("ozon-upload-modal").sku = { productId: null };
// @ts-expect-error images are objects, not URLs
document.createElement("ozon-upload-modal").images = ["https://your-backend.com/a.jpg"];
