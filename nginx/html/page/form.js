// The form: the seller's credential, which exists in its fields and nowhere else, the user and the articles.

import { aria } from "../ozon-upload-modal/dom.js";
import { describeReason } from "../ozon-upload-modal/errors.js";

const MAX_ARTICLES = 5000;
/** Zero-width characters, direction marks and the like, which come along when text is copied from a web page. */
const INVISIBLE = /[\u00ad\u200b-\u200f\u202a-\u202e\u2060-\u2064\ufeff]/g;
/** An entry in quotes, which may contain separators and doubled quotes, or one without. */
const ENTRY = /[^\S\n\r\t]*"((?:[^"\n\r]|"")+)"[^\S\n\r\t]*(?=[\n\r\t,，、;；]|$)|[^\n\r\t,，、;；]+/g;
/** The fields of a request, by the names of their inputs. */
const INPUTS = { "credential.client_id": "client", "credential.api_key": "key", user_id: "user", articles: "articles" };

/**
 * The entries of a list, each once, such as a column of a spreadsheet.
 *
 * @param {string} text
 */
export function entriesOf(text) {
  const matches = text.replace(INVISIBLE, "").matchAll(ENTRY);
  const entries = [...matches].map(([entry, quoted]) => (quoted?.replaceAll('""', '"') ?? entry).trim());
  return [...new Set(entries.filter(Boolean))];
}

export class Form {
  #elements;
  // The session's user. Undefined without a session: the user is then the one entered in the form.
  /** @type {string | undefined} */
  #sessionUser;
  /** Whether nginx identifies sessions. */
  #hasSessions = false;
  // The faults of the fields, by name, in the current language.
  /** @type {Record<string, () => string>} */
  #faults = {};
  /** @type {Record<string, any>} */
  #texts = {};

  /** @param {Record<string, any>} elements  the elements of the page by their ids */
  constructor(elements) {
    this.#elements = elements;
    elements.field.addEventListener("change", () => this.#render());
  }

  get user() {
    return this.#hasSessions ? (this.#sessionUser ?? "") : this.value("user");
  }

  get articles() {
    return entriesOf(this.value("articles"));
  }

  /** Options of OzonR2. */
  get options() {
    const credential = () => ({ client_id: this.value("client"), api_key: this.value("key") });
    return { baseURL: "", userId: this.user, field: this.value("field"), credential };
  }

  /** @param {string} name */
  value(name) {
    return this.#elements[name].value.trim();
  }

  /**
   * Reads the session's user (nginx/session-check.conf), and shows it instead of the field. Returns the code of the
   * error if nobody is logged in, or if the application that knows is down.
   */
  async readSession() {
    let status = 0;
    try {
      const signal = /** @type {any} */ (AbortSignal).timeout(5000);
      const response = await fetch("session", { cache: "no-store", signal });
      status = response.status;
      this.#hasSessions = status !== 404;
      if (status < 500) this.#sessionUser = response.headers.get("X-Session-User") ?? undefined;
    } catch (error) {
      // Without a response, the previous one counts; but only an application can be so slow.
      if (/** @type {Error} */ (error).name === "TimeoutError") [status, this.#hasSessions] = [504, true];
    }
    this.#render();
    if (status >= 500) return "SESSION_CHECK_FAILED";
    return this.#hasSessions && this.#sessionUser === undefined ? "UNAUTHORIZED" : undefined;
  }

  // Shows each fault beside its field, and returns whether there is none.
  /** @param {string[]} names */
  validate(names) {
    this.#faults = {};
    for (const name of names.filter((each) => each !== "user" || !this.#hasSessions)) {
      if (!this.value(name)) this.#faults[name] = () => this.#texts.missing;
    }
    if (names.includes("articles") && this.articles.length > MAX_ARTICLES) {
      this.#faults.articles = () => this.#texts.tooMany;
    }
    return this.#showFaults();
  }

  // Shows the invalid fields of a request beside their inputs.
  /** @param {import("../ozon-r2.js").FieldFault[]} errors */
  showErrors(errors) {
    for (const { field, index, reason } of errors) {
      const name = INPUTS[/** @type {"user_id"} */ (field)];
      const entry = name === "articles" && this.articles[index ?? -1];
      if (!name) continue;
      this.#faults[name] ??= () => (entry ? `${entry}: ` : "") + describeReason(reason, document.documentElement.lang);
    }
    this.#showFaults();
  }

  /** @param {Record<string, any>} texts */
  translate(texts) {
    this.#texts = texts;
    this.#render();
  }

  #showFaults() {
    this.#render();
    const name = Object.values(INPUTS).find((each) => this.#faults[each]);
    this.#elements[name ?? ""]?.focus();
    return !name;
  }

  #render() {
    const texts = this.#texts;
    const page = this.#elements;
    for (const name of Object.values(INPUTS)) {
      page[`${name}-fault`].textContent = this.#faults[name]?.() ?? "";
      aria(page[name], { invalid: name in this.#faults });
    }
    page["user-field"].hidden = this.#hasSessions;
    page.who.textContent = this.#sessionUser ? texts.who(this.#sessionUser) : "";
    const labels = { offer_id: texts.byArticle, product_id: texts.byProduct, sku: texts.bySKU };
    page["articles-label"].textContent = labels[/** @type {"sku"} */ (page.field.value)];
  }
}
