// Stand-ins for Uppy, whose packages Debian does not have. They make the calls of the real ones, in their order.
//
// Sources: transloadit/uppy, packages/@uppy/aws-s3. Version 6: src/S3Uploader.ts and src/s3-client/S3mini.ts, pull
// request 6567 (headers) and the release notes of 6.1.0 (key) and 6.2.0 (contentType of a PUT). Version 5:
// src/HTTPCommunicationQueue.ts and src/MultipartUploader.ts.
//
// `pauseAfter` ends an upload after so many parts, as if the user had paused it or closed the page; `resume` asks for
// the parts that are stored. Nothing is retried.

const MIB = 1 << 20;
const largest = (size, wanted) => Math.max(5 * MIB, wanted ?? Math.ceil(size / 10_000));

/** The files and the plugins of a page. */
export class Uppy {
  static instances = [];
  #files = [];
  plugins = new Map();

  constructor() {
    Uppy.instances.push(this);
  }
  use(Plugin, options) {
    this.plugins.set(Plugin.name, new Plugin(options, this));
    return this;
  }
  getFiles() {
    return this.#files;
  }
  addFile({ name, type, data }) {
    this.#files.push({ id: `uppy-${name}`, name, type, data, size: data.size });
    return this.#files.at(-1);
  }
  get uploader() {
    return this.plugins.get("AwsS3");
  }
}

export class Dashboard {}

/** Sends a request and records it. node adds no Content-Type to an ArrayBuffer, as browsers add none to a part. */
async function send(sent, url, method, headers, body) {
  const response = await fetch(url, { method, headers, body: body instanceof Blob ? await body.arrayBuffer() : body });
  sent.push({ method, url: new URL(url), headers });
  const text = await response.text();
  if (!response.ok) throw new Error(`${method}: ${response.status} ${text}`);
  return { text, etag: response.headers.get("etag") };
}

const element = (xml, name) => new RegExp(`<${name}>([^<]*)</${name}>`).exec(xml)?.[1];

/** Version 6 with `signRequest`. */
class Six {
  asked = [];
  sent = [];

  constructor(options) {
    this.options = options;
  }

  async #request(request, { body, contentType } = {}) {
    this.asked.push(request);
    const { url, key, headers = {} } = await this.options.signRequest(request);
    const ownType = contentType && !Object.keys(headers).some((name) => name.toLowerCase() === "content-type");
    const all = ownType ? { ...headers, "Content-Type": contentType } : headers;
    const answer = await send(this.sent, url, request.method, all, body);
    return { ...answer, key: (!request.uploadId && key?.trim()) || request.key };
  }

  async upload(file, { multipart = false, pauseAfter = Infinity } = {}) {
    const key = this.options.generateObjectKey(file);
    const contentType = file.type || "application/octet-stream";
    if (!multipart || file.size <= 5 * MIB) {
      const request = { method: "PUT", key, contentType };
      return { key: (await this.#request(request, { body: file.data, contentType })).key };
    }
    const created = await this.#request({ method: "POST", key }, { contentType });
    file.s3Multipart = { key: created.key, uploadId: element(created.text, "UploadId") };
    return this.#rest(file, [], pauseAfter);
  }

  async resume(file) {
    return this.#rest(file, await this.listParts(file));
  }

  async listParts(file) {
    const { text } = await this.#request({ method: "GET", ...file.s3Multipart });
    return [...text.matchAll(/<Part>.*?<\/Part>/gs)].map(([part]) => ({
      partNumber: Number(element(part, "PartNumber")),
      etag: element(part, "ETag").replaceAll(/&quot;|"/g, ""),
    }));
  }

  async #rest(file, parts, pauseAfter) {
    const partSize = largest(file.size, this.options.getChunkSize?.(file));
    for (let partNumber = 1; (partNumber - 1) * partSize < file.size; partNumber++) {
      if (parts.some((part) => part.partNumber === partNumber)) continue;
      if (parts.length === pauseAfter) return undefined;
      const body = file.data.slice((partNumber - 1) * partSize, partNumber * partSize);
      const { etag } = await this.#request({ method: "PUT", ...file.s3Multipart, partNumber }, { body });
      parts.push({ partNumber, etag: etag.replaceAll('"', "") });
    }
    const list = parts.sort((a, b) => a.partNumber - b.partNumber).map(({ partNumber, etag }) =>
      `<Part><PartNumber>${partNumber}</PartNumber><ETag>${etag}</ETag></Part>`);
    const body = `<CompleteMultipartUpload>${list.join("")}</CompleteMultipartUpload>`;
    const { text } = await this.#request(
      { method: "POST", ...file.s3Multipart }, { body, contentType: "application/xml" });
    if (!element(text, "Location") || !element(text, "Key")) throw new Error(`no Location or Key: ${text}`);
    return { key: file.s3Multipart.key, location: element(text, "Location") };
  }

  async abort(file) {
    await this.#request({ method: "DELETE", ...file.s3Multipart });
  }
  async deleteObject(key) {
    await this.#request({ method: "DELETE", key });
  }
}

/** Version 5 with the hooks of uploads in parts. */
class Five {
  asked = [];
  sent = [];

  constructor(options) {
    this.options = options;
  }

  #hook(name, ...values) {
    this.asked.push(name);
    return this.options[name](...values, new AbortController().signal);
  }

  async upload(file, { pauseAfter = Infinity } = {}) {
    file.s3Multipart = await this.#hook("createMultipartUpload", file);
    return this.#rest(file, [], pauseAfter);
  }

  async resume(file) {
    return this.#rest(file, await this.#hook("listParts", file, file.s3Multipart));
  }

  async #rest(file, stored, pauseAfter) {
    const { key, uploadId } = file.s3Multipart;
    const partSize = largest(file.size, this.options.getChunkSize(file.data));
    const parts = [];
    for (let partNumber = 1; (partNumber - 1) * partSize < file.size; partNumber++) {
      const known = stored.find(({ PartNumber }) => PartNumber === partNumber);
      if (!known && parts.length === pauseAfter) return undefined;
      const body = file.data.slice((partNumber - 1) * partSize, partNumber * partSize);
      parts.push(known ?? (await this.#part(file, { uploadId, key, partNumber, body })));
    }
    return this.#hook("completeMultipartUpload", file, { key, uploadId, parts });
  }

  async #part(file, part) {
    const { url, headers = {} } = await this.#hook("signPart", file, part);
    const { etag } = await send(this.sent, url, "PUT", headers, part.body);
    return { PartNumber: part.partNumber, ETag: etag };
  }

  async abort(file) {
    await this.#hook("abortMultipartUpload", file, file.s3Multipart);
  }
}

/** The plugin `@uppy/aws-s3`, of the version whose options it is given. */
export class AwsS3 {
  constructor(options) {
    return options.signRequest ? new Six(options) : new Five(options);
  }
}
