// The languages of the modal and of errors. Each is a module of its own, which is loaded when it is first needed.

/** @typedef {Pick<typeof import("./en.js"), "texts" | "errors" | "fields" | "reasons">} Words */
/** @typedef {Words["texts"] & {language: string}} Texts */

/** @type {Record<string, () => Promise<Words>>} */
const modules = { en: () => import("./en.js"), zh: () => import("./zh.js") };
/** @type {Map<string, Words>} */
const loaded = new Map();

/** @type {(language: string) => boolean} */
export function isChinese(language) {
  return /^zh(?![a-z])/i.test(language);
}

/** @type {(language: string) => "zh" | "en"} */
const nameOf = (language) => (isChinese(language) ? "zh" : "en");

/**
 * Loads Chinese for "zh", "zh-CN" and the like, and English for any other language. If one of them can't be loaded, the
 * other takes its place.
 *
 * @param {string} language
 */
export async function loadLanguage(language) {
  const name = nameOf(language);
  if (loaded.has(name)) return;
  loaded.set(name, await modules[name]().catch(modules[name === "zh" ? "en" : "zh"]));
}

/** The words in a language that is loaded. */
export function wordsIn(/** @type {string} */ language) {
  return /** @type {Words} */ (loaded.get(nameOf(language)));
}

/** The language of an element or its nearest ancestor that has one, or else of the browser. */
export class ElementLanguage {
  /**
   * Those of the last update(); undefined until a language is loaded.
   *
   * @type {Texts | undefined}
   */
  texts;
  #element;
  #handleLoaded;
  #handleError;
  #isLoading = false;

  /**
   * @param {Element} element
   * @param {() => void} handleLoaded  called when the language that update() lacked has been loaded
   * @param {(error: unknown) => void} handleError  called when it couldn't be loaded
   */
  constructor(element, handleLoaded, handleError) {
    this.#element = element;
    this.#handleLoaded = handleLoaded;
    this.#handleError = handleError;
  }

  /** The texts in the present language; undefined if that isn't loaded yet. */
  update() {
    const ancestor = /** @type {HTMLElement | null} */ (this.#element.closest("[lang]:not([lang=''])"));
    const language = ancestor?.lang || navigator.language;
    if (loaded.has(nameOf(language))) return (this.texts = { ...wordsIn(language).texts, language });
    this.#load(language);
    return undefined;
  }

  /** @param {string} language */
  #load(language) {
    if (this.#isLoading) return;
    this.#isLoading = true;
    loadLanguage(language)
      .finally(() => (this.#isLoading = false))
      .then(this.#handleLoaded, this.#handleError);
  }
}
